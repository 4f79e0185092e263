"""Corpora and their statistics, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from seqnlp.cli.tables import print_table, stdout_console

if TYPE_CHECKING:
    from seqnlp.readers.describe import Description, Lengths
    from seqnlp.readers.describe_series import SeriesDescription
    from seqnlp.readers.local import Listing

BAR = 40
"""Characters of the longest bar of a histogram."""
SHOWN_LABELS = 20


def show_corpora(listings: Sequence[Listing]) -> None:
    """A table of corpora: those that ship, and those that can be fetched."""
    rows = []
    for corpus in listings:
        here = "ships" if corpus.ships else "fetched" if corpus.path else ""
        size = f"{corpus.size / 1e6:.1f} MB"
        rows.append([corpus.name, here, size, corpus.licence, corpus.description])
    print_table(stdout_console(), ["name", "here", "size", "licence", "description"], rows, left=5)


def show_descriptions(descriptions: Mapping[str, Description]) -> None:
    """What there is to say about the splits of a corpus."""
    console = stdout_console()
    print_table(console, ["", *SIZES], [[split, *sizes(found)] for split, found in descriptions.items()])
    split, first = next(iter(descriptions.items()))
    if first.lengths is not None:
        console.print(f"\nlengths in {split}, counting {first.column}")
        for line in bars(first.lengths):
            console.print(line, soft_wrap=True)
    for name in dict.fromkeys(name for found in descriptions.values() for name in found.labels):
        console.print()
        counts = [found.labels.get(name, {}) for found in descriptions.values()]
        header = [name, *(heading for split in descriptions for heading in (split, "%"))]
        print_table(console, header, label_rows(counts))
    rows = [
        [split, name, *(f"{number:.4g}" for number in (span.minimum, span.mean, span.maximum))]
        for split, found in descriptions.items()
        for name, span in found.numbers.items()
    ]
    if rows:
        console.print()
        print_table(console, ["", "column", "min", "mean", "max"], rows, left=2)


def show_series(splits: Mapping[str, Sequence[SeriesDescription]]) -> None:
    """What there is to say about the series of each split, a line for each column of numbers."""
    header = ["", "series", "column", "step", "from", "to", "rows", "missing", "min", "mean", "sd", "max"]
    rows = []
    for split, found in splits.items():
        for each in found:
            measures = (each.minimum, each.mean, each.deviation, each.maximum)
            numbers = ["" if number is None else f"{number:.4g}" for number in measures]
            counts = [f"{each.rows:,}", f"{each.missing:,}"]
            rows.append([split, each.series, each.column, each.step or "", each.first, each.last, *counts, *numbers])
    print_table(stdout_console(), header, rows, left=6)


SIZES = ("sequences", "tokens", "types", "min", "median", "mean", "p95", "max", "unseen")


def sizes(found: Description) -> list[str]:
    """How much there is in a split, how long it is, and how much of it train lacks."""
    unseen = "" if found.unseen is None else f"{found.unseen:.1%}"
    if (lengths := found.lengths) is None:
        return [f"{found.sequences:,}", *[""] * (len(SIZES) - 1)]
    counts = [f"{count:,}" for count in (found.sequences, found.tokens, found.types, lengths.minimum)]
    middle = [f"{lengths.median:,g}", f"{lengths.mean:,.1f}", f"{lengths.p95:,g}", f"{lengths.maximum:,}"]
    return [*counts, *middle, unseen]


def bars(lengths: Lengths) -> list[str]:
    """A histogram: a line for each range of lengths."""
    most, total = max(lengths.histogram.values()), sum(lengths.histogram.values())
    lines = []
    for start, count in lengths.histogram.items():
        label = f"{start}" if start < 2 else f"{start}-{2 * start - 1}"
        lines.append(f"{label:>13} {'█' * max(1, round(BAR * count / most)):<{BAR}} {count / total:6.1%}")
    return lines


def label_rows(counts: Sequence[Mapping[str, int]]) -> list[list[str]]:
    """How often each label occurs in each split, the most frequent first."""
    labels = list(dict.fromkeys(label for split in counts for label in split))
    rows = []
    for label in labels[:SHOWN_LABELS]:
        shares = [(split.get(label, 0), max(1, sum(split.values()))) for split in counts]
        rows.append([label or '""', *(cell for n, all_ in shares for cell in (f"{n:,}", f"{100 * n / all_:.1f}"))])
    if len(labels) > SHOWN_LABELS:
        rows.append([f"and {len(labels) - SHOWN_LABELS} more", *[""] * 2 * len(counts)])
    return rows
