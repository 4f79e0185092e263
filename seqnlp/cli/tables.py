"""Tables, scores and charts on standard output: coloured on a terminal, plain and uncut in a pipe."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqnlp.plots.axes import Points
from seqnlp.plots.terminal import TextChart, chart
from seqnlp.run.summary import score_tables
from seqnlp.terminal_text import visible
from seqnlp.units import counted, score

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")
PIPE_WIDTH = 10_000
"""Columns of standard output where it is no terminal."""
GAP = 2
"""Blanks between the columns of a table."""
MAX_ROWS = 100
"""Rows of a table of scores, at most."""
MIN_NAME = 16
"""Characters of the first column, at least, before a table becomes a list."""


def stdout_console() -> Console:
    """Console on standard output; unlimited width if it is no terminal, whatever COLUMNS says."""
    from seqnlp.cli.console import SafeConsole

    console = SafeConsole()
    if not console.is_terminal:  # a shell exports COLUMNS for its terminal, and a pipe would get broken names
        console.width = PIPE_WIDTH
    return console


def print_table(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
    """Print a table; on a terminal too narrow for it, each row as a list.

    The first `left` columns are aligned left; the others hold numbers.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    if console.is_terminal:  # cells as wide as they are drawn
        header, *rows = [list(map(visible, cells)) for cells in (header, *rows)]
    columns = list(zip(header, *rows, strict=True))
    longest_words = [max((len(word) for cell in column for word in cell.split()), default=0) for column in columns]
    if min(longest_words[0], MIN_NAME) + sum(longest_words[1:]) + GAP * (len(columns) - 1) > console.width:
        _print_lists(console, header, rows)
        return
    for number, column in enumerate(columns):
        table.add_column(
            Text(column[0]),
            justify="left" if number < left else "right",
            min_width=longest_words[number] if number else None,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_lists(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print each row as lines of `name: cell` under its first cell."""
    for first, *cells in rows:
        console.print(first, style="bold")
        for name, cell in zip(header[1:], cells, strict=True):
            console.print(f"  {name}: {cell}")


def print_score_tables(console: Console, scores: Mapping[str, Any]) -> None:
    """Print the tables among a split's scores, most frequent rows first.

    One is, for instance, of the scores by label.
    """
    for name, table in score_tables(scores):
        if name in listed_by_feature(scores):
            continue
        columns = list(dict.fromkeys(column for row in table.values() for column in row))
        ordered = sorted(table.items(), key=lambda item: -item[1].get("support", 0))
        rows = [[label, *(cell_text(row.get(column)) for column in columns)] for label, row in ordered[:MAX_ROWS]]
        console.print()
        print_table(console, [name, *columns], rows)
        if len(ordered) > MAX_ROWS:
            console.print(f"and {len(ordered) - MAX_ROWS:,} rarer ones, which --json has", soft_wrap=True)


def listed_by_feature(scores: Mapping[str, Any]) -> set[str]:
    """Find tables of whole labels that are lists of features."""
    several = [name for name, table in scores.get("labels", {}).items() if name in scores.get("features", {})]
    return {f"labels.{name}" for name in several} or ({"labels"} if "features" in scores else set())


def cell_text(value: Any) -> str:
    """Format a table cell: counts in full, scores rounded."""
    if value is None or isinstance(value, float):
        return score(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def print_chart(console: Console, drawn: TextChart) -> None:
    """Print a chart, each series in a colour of its own."""
    from rich.text import Text

    for row in drawn.rows:
        spans = [(text, "" if number is None else COLOURS[number % len(COLOURS)]) for text, number in row]
        line = Text.assemble(*spans, no_wrap=True)
        line.rstrip()
        console.print(line, soft_wrap=True)


def print_line_charts(
    console: Console, charts: Mapping[str, Mapping[str, Points]], width: int | None, height: int
) -> None:
    """Print line charts by title, each with its lines by name; the default width is the console's."""
    for number, (title, lines) in enumerate(charts.items()):
        if number:
            console.print()
        plain = not has_braille(console) or (len(lines) > 1 and not has_colours(console))
        print_chart(console, chart(lines, width or chart_width(console), height, title, plain))


def chart_width(console: Console) -> int:
    """Width of a chart: that of the terminal; in a pipe COLUMNS, or 80."""
    given = os.environ.get("COLUMNS", "")
    return console.width if console.width != PIPE_WIDTH else int(given) if given.isdecimal() and int(given) else 80


def has_colours(console: Console) -> bool:
    """Test for a console with colours."""
    return console.color_system is not None and not console.no_color


def has_braille(console: Console) -> bool:
    """Test for an encoding with braille dots."""
    return console.encoding.startswith("utf")


def show_scores(console: Console, scores: dict[str, Any]) -> None:
    """Print the plain scores of each split, and the training effort."""
    for split in ("dev", "test"):
        if split in scores:
            console.print(f"{split:<5} {one_line(scores[split])}", highlight=False, soft_wrap=True)
            show_baselines(console, scores[split].get("baselines", {}))
    training = scores.get("training", {})
    if training.keys() >= {"epochs", "steps", "seconds", "tokens_per_second"}:
        length = f"{counted(training['epochs'], 'epochs')}, {counted(training['steps'], 'steps')}"
        console.print(
            f"trained {length} in {training['seconds']:.0f} s, {training['tokens_per_second']:,.0f} a second",
            highlight=False,
            soft_wrap=True,
        )


def show_baselines(console: Console, baselines: dict[str, dict[str, float]]) -> None:
    """Print one line for each baseline."""
    for name, scores in baselines.items():
        console.print(f"      {one_line(scores)}  ({name})", highlight=False, soft_wrap=True)


def one_line(scores: dict[str, Any]) -> str:
    """Format plain scores in one line."""
    return "  ".join(f"{name} {score:.4f}" for name, score in scores.items() if isinstance(score, float))
