"""The page: Markdown written from the results that are kept."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from statistics import median

from tests.benchmarks.comparisons import COMPARISONS, Comparison
from tests.benchmarks.growth import AXES, Axis
from tests.benchmarks.results import Compared, Grown, Results, Sitting

BUSY = 0.1
"""Share of the processor in use by others above which a measurement is marked."""
QUOTED = ("ewt-flair", "ewt-spacy", "ewt-packed")
"""Comparisons whose ratios the README of the repository quotes."""
OPENING = "Beside its peers, "
GROWTH = """## Cost as work grows

The tagger of `growth.toml` on generated corpora, with one size changed at a time: a few seconds of training each. Time
before the first step is that of the whole command without its training: the start of Python, reading, vocabularies."""


def render(results: Results) -> str:
    parts = [
        _introduction(),
        _missed(results),
        _ratios(results),
        *(_details(comparison, results.comparisons.get(comparison.name)) for comparison in COMPARISONS),
        GROWTH,
        *(_growth(axis, results.growth.get(axis.name)) for axis in AXES),
    ]
    return "\n\n".join(parts) + "\n"


def quotation(results: Results) -> str:
    """The paragraph of the README that quotes ratios; empty if they have not all been measured."""
    found = [(one, results.comparisons.get(one.name)) for one in COMPARISONS if one.name in QUOTED]
    claims = [
        f"{_ratio(median(kept.ratios(one.whole)))} times as fast as {one.peer}"
        for one, kept in found
        if kept is not None and not kept.problem
    ]
    if len(claims) < len(QUOTED):
        return ""
    sitting = next(kept.sitting for _, kept in found if kept is not None)
    text = (
        f"{OPENING}in turns on the same {_machine(sitting)}, the tagger `ewt_upos` trains {claims[0]}, {claims[1]}, "
        f"and {claims[2]}, in words a second. [The page of benchmarks](tests/benchmarks/README.md) has commands, "
        "versions, memory and scores, and first of all what was missed."
    )
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def with_quotation(readme: str, results: Results) -> str:
    """The README with its paragraph of ratios written anew."""
    text = quotation(results)
    return re.sub(rf"(?ms)^{OPENING}.*?(?=\n\n)", lambda _: text, readme) if text else readme


def _introduction() -> str:
    return """# Benchmarks

This project beside others, each pair in one sitting on the same cores: alone on the machine, in turns (A B A B).
Written by `python -m tests.benchmarks`, which installs the peers in virtual environments of their own; `--only ewt`
measures some rows and keeps the others, `--help` tells the rest. Ratios hold for similar machines, seconds for this one
alone.

- A training has as many seconds as its row says, unless whole trainings are compared; so scores are those of short
  trainings, not the best that either side can do.
- Speeds are those of training, without start-up, reading and scoring; seconds are those of whole commands, with
  empty caches; memory is the peak of the resident set. A ratio over 1 is in favour of this project; brackets have the
  rounds."""


def _missed(results: Results) -> str:
    lines = []
    for comparison in COMPARISONS:
        kept = results.comparisons.get(comparison.name)
        if kept is None:
            lines.append(f"`{comparison.name}`: not measured yet.")
        elif kept.problem:
            lines.append(f"`{comparison.name}`: could not be run: {kept.problem}")
        else:
            lines += [f"`{comparison.name}`: {text}" for text in _behind(comparison, kept)]
    for axis in AXES:
        grown = results.growth.get(axis.name)
        if grown is None:
            lines.append(f"`{axis.name}`: not measured yet.")
        else:
            if grown.problem:
                lines.append(f"`{axis.name}`: {grown.problem}")
            lines += [f"`{axis.name}`: {text}." for text in axis.worse(grown)]
            lines += [f"`{axis.name}`: {text}" for text in _crowded([point.others for point in grown.points])]
    found = "\n".join(f"- {line}" for line in lines)
    return f"## Missed, or not run\n\n{found or 'Nothing.'}"


def _behind(comparison: Comparison, kept: Compared) -> Iterator[str]:
    speed = median(kept.ratios(comparison.whole))
    if speed < 1:
        of = "commands take" if comparison.whole else "training takes"
        yield f"slower than {comparison.peer}: {of} {1 / speed:.1f} times as long."
    if kept.memory_ratio() < 1:
        yield f"needs {1 / kept.memory_ratio():.1f} times the memory of {comparison.peer}."
    ours, theirs = kept.score(own=True), kept.score(own=False)
    if (ours < theirs) is comparison.higher_is_better and ours != theirs:
        shown, peers = _score(comparison, ours), _score(comparison, theirs)
        yield f"{comparison.metric} {shown}, {comparison.peer} {peers}."
    yield from _crowded([run.others for run in kept.runs])


def _crowded(shares: Sequence[float]) -> Iterator[str]:
    if shares and max(shares) > BUSY:
        yield f"not alone: others used up to {max(shares):.0%} of the processor meanwhile."


def _ratios(results: Results) -> str:
    lines = [
        "## Ratios",
        "",
        "| row | peer | compared | times as fast | peer's memory in ours | score | peer's score |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    for comparison in COMPARISONS:
        kept = results.comparisons.get(comparison.name)
        start = f"| `{comparison.name}` | {comparison.peer} |"
        if kept is None or kept.problem:
            lines.append(f"{start} {'not measured' if kept is None else 'not run'} | | | | |")
            continue
        ratios = kept.ratios(comparison.whole)
        rounds = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        compared = "whole commands" if comparison.whole else f"{comparison.items}/s in training"
        scores = " | ".join(_score(comparison, kept.score(own)) for own in (True, False))
        lines.append(
            f"{start} {compared} | **{_ratio(median(ratios))}** ({rounds}) | "
            f"{_ratio(kept.memory_ratio())} | "
            f"{comparison.metric} {scores} |"
        )
    return "\n".join(lines)


def _details(comparison: Comparison, kept: Compared | None) -> str:
    heading = f"## {comparison.name}\n\n{comparison.what}"
    if kept is None:
        return f"{heading}\n\nNot measured yet."
    if kept.problem:
        return f"{heading}\n\nNot run: {kept.problem}\n\n{_sitting(kept.sitting)}"
    columns = [f"{comparison.items}/s", "training", "whole", "peak memory", comparison.metric]
    lines = [f"| | {' | '.join(columns)} | versions |", f"|---|{'--:|' * len(columns)}---|"]
    for run in kept.runs:
        lines.append(
            f"| {run.contestant} | {run.speed:,.0f} | {run.training_seconds:.1f} s | {run.seconds:.1f} s | "
            f"{run.peak_bytes / 1e9:.2f} GB | {_score(comparison, run.score)} | {run.versions} |"
        )
    commands = "\n".join(dict.fromkeys(command for run in kept.runs for command in run.commands))
    return "\n".join([heading, "", *lines, "", "```sh", commands, "```", "", _sitting(kept.sitting)])


def _growth(axis: Axis, grown: Grown | None) -> str:
    heading = f"### {axis.name}"
    if grown is None:
        return f"{heading}\n\nNot measured yet."
    lines = [
        f"| {axis.label} | words/s | before the first step | peak memory | words | parameters | operations a word |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for point in grown.points:
        lines.append(
            f"| {point.value:,} | {point.words_per_second:,.0f} | {point.seconds_to_first_step:.1f} s | "
            f"{point.peak_bytes / 1e9:.2f} GB | {point.words:,} | {point.parameters:,} | {point.flops_per_word:,.0f} |"
        )
    verdict = axis.verdict(grown) if len(grown.points) > 1 else f"Not run: {grown.problem}"
    rate = ""
    if axis.name == "growth-width" and len(grown.points) > 1:
        rates = [point.flops_per_word * point.words_per_second / 1e9 for point in grown.points]
        rate = f" Billions of operations a second: {', '.join(f'{value:.0f}' for value in rates)}."
    return "\n".join([heading, "", *lines, "", verdict + rate, "", _sitting(grown.sitting)])


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"


def _score(comparison: Comparison, score: float) -> str:
    return f"{score:.1f}" if comparison.metric == "BLEU" else f"{score:.4f}"


def _machine(sitting: Sitting) -> str:
    return (
        f"{sitting.cores} cores of an {sitting.processor} ({', '.join(sitting.instructions) or 'no vector extensions'})"
    )


def _sitting(sitting: Sitting) -> str:
    return f"{_machine(sitting)}; Python {sitting.python}; seqnlp {sitting.seqnlp}; {sitting.day}."
