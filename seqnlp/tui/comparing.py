"""Two answers to one question, laid beside each other so that their differences are seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from statistics import fmean
from typing import Any

from textual.content import Content

from seqnlp.errors import RunError
from seqnlp.plots.axes import is_drawable
from seqnlp.run import Run
from seqnlp.run.scores import is_number
from seqnlp.run.summary import Summary, data_section, tag_set
from seqnlp.tui.widgets.forecast_view import short
from seqnlp.tui.widgets.lines import column
from seqnlp.tui.widgets.odds import bar
from seqnlp.tui.widgets.run_list import TASKS
from seqnlp.units import file_size, score

LEFT, RIGHT = "$primary", "$accent"
"""The colours of the two runs, wherever they stand beside each other."""

DIFFERENT = "bold underline"

Pair = tuple[Any, Any]


def tags_beside(found: Pair, names: tuple[str, str], width: int, alike: bool = True) -> Content:
    """The words with both runs' tags below; where these differ they are marked, and counted above.

    Args:
        found: Two JSON objects of `seqnlp.results.Tagging`.
        names: What the two lines are called.
        width: Columns that there are.
        alike: Whether both have tags of one kind; others are neither marked nor counted.
    """
    (words, left), (others, right) = ((one["tokens"], one["tags"]) for one in found)
    if not words and not others:
        return Content("")
    if words != others:
        heading = Content.styled("They split the text differently.\n", "$muted")
        parts = [
            Content("\n").join(_interlinear(one["tokens"], [one["tags"]], [name], [colour], width))
            for one, name, colour in zip(found, names, (LEFT, RIGHT), strict=True)
        ]
        return Content("\n").join([heading, *parts])
    differing = sum(a != b for a, b in zip(left, right, strict=True))
    count = _count(differing, len(words)) if alike else Content.styled("Their tags are of different kinds.", "$muted")
    rows = _interlinear(words, [left, right], list(names), [LEFT, RIGHT], width, marked=alike)
    return Content("\n").join([count, Content(""), *rows])


def same_kind_of_tags(runs: tuple[Summary, Summary]) -> bool:
    """Whether two taggers have a tag in common; that is also taken for granted of tags that are not known."""
    left, right = (tag_set(Run(Path(run.path))) for run in runs)
    return not left or not right or not left.isdisjoint(right)


def classes_beside(found: Pair, names: tuple[str, str], width: int) -> Content:
    """A line a class with a bar for each run; the chosen classes have a sign.

    Args:
        found: Two JSON objects of `seqnlp.results.Classification`.
        names: What the two columns are called.
        width: Columns that there are.
    """
    left, right = found
    classes = list(dict.fromkeys([*left["scores"], *right["scores"]]))
    if not classes:
        return Content("")
    label = min(max(map(len, classes)) + 2, max(width // 4, 8))
    room = max((width - label - 4) // 2, 12)
    head = Content("").join(
        [column("", label), column(names[0], room + 2, f"bold {LEFT}"), column(names[1], room, f"bold {RIGHT}")]
    )
    same = left["labels"] == right["labels"]
    verdict = Content.assemble(("= ", "$success"), "the same answer") if same else _different("different answers")
    rows = [verdict, Content(""), head]
    for name in classes:
        cells = [_share(one, name, room, colour) for one, colour in ((left, LEFT), (right, RIGHT))]
        rows.append(column(name, label, "bold").append(cells[0]).append("  ").append(cells[1]))
    return Content("\n").join(rows)


def no_question(left: Summary, right: Summary) -> Content:
    """Why there is nothing that two runs can both be asked."""
    why = f"What {left.task} does can't be put side by side here yet."
    if left.task != right.task:
        one, other = (f"{run.name} ({TASKS.get(run.task, run.task)})" for run in (left, right))
        why = f"{one} and {other} do different things: there is no input for both."
    return Content.assemble((f"{why}\n\n", "bold"), ("Their scores stand below.", "$muted"))


def texts_beside(left: str, right: str) -> tuple[Content, Content]:
    """Two texts, with the words marked that the other one does not have there."""
    words, others = left.split(), right.split()
    steps = SequenceMatcher(None, words, others, autojunk=False).get_opcodes()
    return (
        _marked(words, [(begin, end) for kind, begin, end, _, _ in steps if kind != "equal"]),
        _marked(others, [(begin, end) for kind, _, _, begin, end in steps if kind != "equal"]),
    )


def forecasts_apart(left: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """How far two forecasts of one series are from each other, in words.

    Args:
        left: A JSON object of `seqnlp.results.SeriesForecast`.
        right: Another one.
    """
    if left["times"] != right["times"]:
        first, other = short(left["times"][0]), short(right["times"][0])
        return f"they do not forecast the same moments: one begins {first}, the other {other}"
    gaps = [
        (abs(a - b), moment)
        for a, b, moment in zip(left["values"], right["values"], left["times"], strict=True)
        if is_drawable(a) and is_drawable(b)
    ]
    if not gaps:
        return ""
    largest, moment = max(gaps)
    return f"{fmean(gap for gap, _ in gaps):.4g} apart on average, {largest:.4g} at most ({short(moment)})"


def scores_beside(runs: tuple[Summary, Summary], width: int, most: int) -> Content:
    """A small table: the scores that both have on one split, and the sizes; above, whether the split is not the same.

    Args:
        runs: The two.
        width: Columns that there are.
        most: Lines that there are, the heading included.
    """
    scores = [_scores_of(run) for run in runs]
    split = next((split for split in ("test", "dev") if all(table.get(split) for table in scores)), "")
    first = runs[0].metric
    tables = [table.get(split, {}) for table in scores]
    common = [name for name in tables[0] if name in tables[1]]
    common.sort(key=lambda name: name != first)
    label, cell = (22, 18) if width >= 60 else (max(width - 22, 8), 11)
    names = [column(run.name, cell - 1, f"bold {colour}", right=True).pad_left(1) for run, colour in zip(
        runs, (LEFT, RIGHT), strict=True
    )]  # fmt: skip
    rows = [column(f"scores on {split}" if split else "scores", label, "$muted").append(names[0]).append(names[1])]
    if _own_files(runs, split):
        rows.insert(0, Content.styled(f"each on its own {split} file", "$muted"))
    for name in common[: max(most - len(rows) - 1, 0)]:
        style = "bold" if name == first else ""
        cells = [column(score(table[name]), cell, style, right=True) for table in tables]
        rows.append(column(name, label, style).append(cells[0]).append(cells[1]))
    if not common:
        rows.append(Content.styled("no score that both have", "$muted"))
    sizes = [column(file_size(run.model_bytes), cell, "$muted", right=True) for run in runs]
    rows.append(column("size", label, "$muted").append(sizes[0]).append(sizes[1]))
    return Content("\n").join(rows[:most])


def _interlinear(
    words: Sequence[str],
    lines: Sequence[Sequence[str]],
    names: Sequence[str],
    colours: Sequence[str],
    width: int,
    marked: bool = True,
) -> list[Content]:
    """Words above tags, broken into blocks that fit the width; tags that differ may be marked."""
    label = min(max(map(len, names)), max(width // 4, 6)) + 2
    blocks: list[list[int]] = [[]]
    used = label
    sizes = [max(len(word), *(len(line[place]) + 2 for line in lines)) + 2 for place, word in enumerate(words)]
    for place, size in enumerate(sizes):
        if used + size > width and blocks[-1]:
            blocks.append([])
            used = label
        blocks[-1].append(place)
        used += size
    rows: list[Content] = []
    for block in blocks:
        rows.append(_row("", "", label, [(words[place], "bold", sizes[place]) for place in block]))
        for line, name, colour in zip(lines, names, colours, strict=True):
            cells = []
            for place in block:
                differs = marked and len({other[place] for other in lines}) > 1
                cells.append((("≠" if differs else "") + line[place], DIFFERENT if differs else "$muted", sizes[place]))
            rows.append(_row(name, colour, label, cells))
        rows.append(Content(""))
    return rows


def _row(name: str, colour: str, label: int, cells: list[tuple[str, str, int]]) -> Content:
    first = column(name, label - 1, colour).append(" ")
    return Content("").join([first, *(_cell(text, style, size) for text, style, size in cells)])


def _cell(text: str, style: str, size: int) -> Content:
    return Content.styled(text, style).pad_right(max(size - Content(text).cell_length, 0))


def _count(differing: int, words: int) -> Content:
    if not differing:
        return Content.assemble(("= ", "$success"), f"the same tags for all {words:,} words")
    return _different(f"{differing:,} of {words:,} words are tagged differently")


def _different(words: str) -> Content:
    return Content.assemble(("≠ ", "bold $warning"), (words, "bold"))


def _share(found: Mapping[str, Any], name: str, room: int, colour: str) -> Content:
    value = found["scores"].get(name)
    chosen = name in found["labels"]
    if value is None:
        return column("  -", room, "$muted")
    text = column(f"{'▸' if chosen else ' '}{100 * value:5.1f}% ", 8, "bold" if chosen else "$muted")
    return text.append(column(bar(value, max(room - 8, 0)), room - 8, colour))


def _marked(words: Sequence[str], spans: Sequence[tuple[int, int]]) -> Content:
    marked = {place for begin, end in spans for place in range(begin, end)}
    parts = [Content.styled(word, DIFFERENT if place in marked else "") for place, word in enumerate(words)]
    return Content(" ").join(parts)


def _scores_of(run: Summary) -> dict[str, dict[str, float]]:
    try:
        found = Run(Path(run.path)).scores()
    except RunError:
        return {}
    return {split: dict(_numbers(table)) for split, table in found.items() if split in ("dev", "test")}


def _own_files(runs: tuple[Summary, Summary], split: str) -> bool:
    left, right = (data_section(Run(Path(run.path))).get(split) for run in runs)
    return bool(left and right) and left != right


def _numbers(table: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    return ((name, value) for name, value in table.items() if is_number(value))
