"""Error reports of translators and language models: tables, and pictures of all reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from seqnlp.cli.tables import one_line, print_table
from seqnlp.plots.svg_bars import Bar, bars_svg
from seqnlp.plots.svg_matrices import confusion_svg
from seqnlp.results import ErrorReport, SurpriseReport, TranslationReport
from seqnlp.units import counted

if TYPE_CHECKING:
    from rich.console import Console

    from seqnlp.results import JudgedTranslation, Report, SurpriseShare

BAR = 30
"""Characters of a full bar."""


def show_translation(console: Console, title: str, report: TranslationReport) -> None:
    """Print the error report of a translator."""
    console.print(f"{title}  {one_line(dict(report.scores))}  ({counted(report.items, 'sentences')})", soft_wrap=True)
    console.print()
    rows = [
        [
            str(each.low) if each.low == each.high else f"{each.low} to {each.high}",
            f"{each.count:,}",
            f"{each.score:.1f}",
            f"{each.nats:.3f}",
            f"{each.ratio:.2f}",
            bar(each.score / 100),
        ]
        for each in report.lengths
    ]
    print_table(console, ["source tokens", "count", report.score_name, "nats", "length ratio", ""], rows)
    console.print()
    for flaw in report.flaws:
        share = f"{flaw.name}: {flaw.count:,} of {counted(report.items, 'sentences')}"
        console.print(share, style="bold" if flaw.count else "", highlight=False, soft_wrap=True)
        for example in flaw.examples:
            _show_pair(console, example, report.score_name)
    console.print()
    console.print("worst sentences" if report.worst else "no errors", style="bold", soft_wrap=True)
    for each in report.worst:
        _show_pair(console, each, report.score_name)


def _show_pair(console: Console, each: JudgedTranslation, score_name: str) -> None:
    from rich.text import Text

    numbers = f"  row {each.row}  {score_name} {each.score:.1f}  nats {each.nats:.2f}"
    console.print(Text(numbers, "dim"), soft_wrap=True)
    for name, text in (("source", each.source), ("reference", each.reference), ("translation", each.translation)):
        console.print(Text(f"    {name:<11}  {text}"), soft_wrap=True)


def show_surprise(console: Console, title: str, report: SurpriseReport) -> None:
    """Print where a language model is surprised."""
    from rich.text import Text

    numbers = f"{report.bits:.4f} bits a token, {report.bits_per_char:.4f} a character"
    right = f"{report.accuracy:.1%} of {counted(report.items, 'tokens')} were thought likeliest"
    console.print(f"{title}  {numbers}; {right}", highlight=False, soft_wrap=True)
    tokens = [replace(each, name=f"[{each.name}]") for each in report.tokens]  # a blank is to be seen
    for name, shares in {
        "kind of token": report.kinds,
        "tokens since the line break": report.line,
        "part of the text": report.text,
        "token with most surprise in all": tokens,
    }.items():
        console.print()
        most = max((each.bits for each in shares), default=1.0) or 1.0
        rows = [
            [shown(each.name), f"{each.count:,}", f"{each.bits:.3f}", f"{each.share:.1%}", bar(each.bits / most)]
            for each in shares
        ]
        print_table(console, [name, "count", "bits", "share", ""], rows)
    console.print()
    console.print("most surprising", style="bold", soft_wrap=True)
    for each in report.contexts:
        line = Text(f"  {each.bits:6.2f} bits  ... {shown(each.before)}")
        line.append(f"[{shown(each.gold)}]", "bold red")
        if each.after:
            line.append(f"{shown(each.after)} ...")
        line.append(f" rather than [{shown(each.predicted)}]", "dim")
        console.print(line, soft_wrap=True)


def bar(share: float) -> str:
    """Bar of a share from 0 to 1."""
    full = round(BAR * min(max(share, 0.0), 1.0))
    return "#" * full + "·" * (BAR - full)


def shown(text: str) -> str:
    """Text of tokens on one line, with line breaks to be seen."""
    return text.replace("\n", "↵").replace("\r", "↵").replace("\t", "→")


def report_svg(title: str, reports: Mapping[str, Report]) -> str:
    """Draw reports: confusion matrices, scores by length, or surprise by kind and position."""
    for report in reports.values():
        if isinstance(report, TranslationReport):
            return bars_svg(f"{title}: {one_line(dict(report.scores))}", _translation_bars(report))
        if isinstance(report, SurpriseReport):
            return bars_svg(f"{title}: {report.bits:.4f} bits a token", _surprise_bars(report))
    return confusion_svg(title, {name: each for name, each in reports.items() if isinstance(each, ErrorReport)})


def _translation_bars(report: TranslationReport) -> dict[str, Sequence[Bar]]:
    lengths = [
        Bar(f"{each.low} to {each.high}", each.score, f"{each.score:.1f}", f"{each.count:,} sentences")
        for each in report.lengths
    ]
    flaws = [Bar(each.name, each.count, f"{each.count:,}", "") for each in report.flaws]
    return {f"{report.score_name} by tokens of the source": lengths, "flawed sentences": flaws}


def _surprise_bars(report: SurpriseReport) -> dict[str, Sequence[Bar]]:
    def bars(shares: Sequence[SurpriseShare]) -> list[Bar]:
        return [
            Bar(shown(each.name), each.bits, f"{each.bits:.2f}", f"{each.count:,} tokens, {each.share:.1%} of all bits")
            for each in shares
        ]

    return {
        "bits a token by kind": bars(report.kinds),
        "bits by tokens since the line break": bars(report.line),
        "bits by part of the text": bars(report.text),
    }
