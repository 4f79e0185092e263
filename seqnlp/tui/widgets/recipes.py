"""Recipes: a filtered list, and the text of one with its faults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, final

from textual.content import Content

from seqnlp.recipe.shipped import RecipeSummary
from seqnlp.tui.widgets.choice_list import ChoiceList
from seqnlp.tui.widgets.lines import LinesView, column

Fault = Mapping[str, Any]
"""`key, problem, hint, place` of a `seqnlp.errors.Fault`, and its `spot`: file, line and column, or None."""

GUTTER = 5

NAME, MIN_ABOUT = 18, 16
"""Columns of a name beside a description, and those that a description needs."""

COMMENT = re.compile(r"""^((?:[^#"']|"(?:\\.|[^"\\])*"|'[^']*')*)(#.*)$""")


@final
class RecipeList(ChoiceList[RecipeSummary]):
    """Names of recipes with their tasks and descriptions, as there is room."""

    def search_fields(self, item: RecipeSummary) -> tuple[str, str]:
        return item.name, f"{item.task} {item.about}"

    def describe(self, item: RecipeSummary, width: int) -> Content:
        """Name, task and description, as far as there is room."""
        task = min(max(width - 18, 0), 10)
        about = width - task - NAME - 3
        room = NAME if about >= MIN_ABOUT else width - task - 1
        line = column(item.name, room).append(" ")
        line = line.append(column(item.task or "✕", task, "$muted" if item.task else "$error"))
        return line.append("  ").append(column(item.about, about)) if about >= MIN_ABOUT else line


@final
class RecipeText(LinesView, can_focus=False):
    """Numbered lines of a recipe, with its faults below them."""

    DEFAULT_CSS = """
    RecipeText { padding: 0 1 0 0; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._faults: Sequence[Fault] = ()
        self._first = 0
        """Row of the first fault."""

    def show_recipe(self, text: str) -> None:
        """Show a recipe without faults."""
        self.text, self._faults = text, ()
        self.changed()
        self.scroll_home(animate=False)

    def mark(self, faults: Sequence[Fault], file: str) -> None:
        """Mark the faults in this file and scroll to the first."""
        self._faults = [fault for fault in faults if fault["spot"] and fault["spot"][0] == file]
        self.changed()
        self._seek()

    def on_resize(self) -> None:
        super().on_resize()
        self._seek()

    def lines(self, width: int) -> list[Content]:
        by_line: dict[int, list[Fault]] = {}
        for fault in self._faults:
            by_line.setdefault(fault["spot"][1], []).append(fault)
        rows: list[Content] = []
        for number, line in enumerate(self.text.splitlines(), 1):
            here = by_line.get(number, ())
            if number == min(by_line, default=0):
                self._first = len(rows)
            sign = ("✕", "bold $error") if here else (" ", "")
            gutter = Content.assemble(sign, (f"{number:>{GUTTER - 2}} ", "bold $error" if here else "$muted"))
            rows.append(gutter.append(painted(line).truncate(width - GUTTER, ellipsis=True)))
            for fault in here:
                rows.extend(_note(fault, width))
        return rows

    def _seek(self) -> None:
        if self._faults:
            # by force: the scrollbar of a recipe that was just shown may not be laid out yet
            self.scroll_to(y=max(self._first - self.size.height // 3, 0), animate=False, force=True)


def painted(line: str) -> Content:
    """A line of TOML with syntax colours."""
    visible = "".join(sign if sign.isprintable() else " " if sign == "\t" else "�" for sign in line)
    found = COMMENT.match(visible)
    code, comment = (found[1], found[2]) if found else (visible, "")
    if code.lstrip().startswith("["):
        return Content.assemble((code, "bold $primary"), (comment, "$muted"))
    key, equals, value = code.partition("=")
    return Content.assemble((key, ""), (equals, "$muted"), (value, "$secondary"), (comment, "$muted"))


def _note(fault: Fault, width: int) -> list[Content]:
    """A fault below its line: an arrow at its column, and the wrapped message."""
    indent = min(GUTTER + max(fault["spot"][2] - 1, 0), max(width - 30, GUTTER))
    words = f"{fault['problem']}" + (f" ({fault['hint']})" if fault["hint"] else "")
    lines = Content(words).wrap(max(width - indent - 3, 20))
    return [
        Content.assemble((" " * indent, ""), ("╰─ " if not number else "   ", "$error")).append(line.stylize("$error"))
        for number, line in enumerate(lines)
    ]
