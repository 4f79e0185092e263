"""The text of a recipe, with its faults below the lines that they are in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, final

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

Fault = Mapping[str, Any]
"""`key, problem, hint, place` of a `seqnlp.errors.Fault`, and its `spot`: file, line and column, or None."""

GUTTER = 5
COMMENT = re.compile(r"""^((?:[^#"']|"(?:\\.|[^"\\])*"|'[^']*')*)(#.*)$""")


@final
class RecipeText(VerticalScroll):
    """Scrolls; faults are brought into sight."""

    BINDINGS: ClassVar[list[BindingType]] = []

    DEFAULT_CSS = """
    RecipeText { height: 1fr; width: 1fr; padding: 0 1 0 0; scrollbar-size-vertical: 1; background: $background; }
    RecipeText > Static { width: 100%; height: auto; }
    """

    def __init__(self) -> None:
        super().__init__(can_focus=False)
        self.text = ""
        self._faults: Sequence[Fault] = ()

    def compose(self) -> Any:
        """All lines in one piece."""
        yield Static("", markup=False)

    def show_recipe(self, text: str) -> None:
        """Show a recipe of which no faults are known yet."""
        self.text, self._faults = text, ()
        self.scroll_home(animate=False)
        self._draw()

    def mark(self, faults: Sequence[Fault], file: str) -> None:
        """Mark the faults that are in this file, and scroll to the first of them."""
        self._faults = [fault for fault in faults if fault["spot"] and fault["spot"][0] == file]
        self._draw()
        self.call_after_refresh(self._seek)  # before it is laid out there is nothing to scroll

    def _seek(self) -> None:
        before = self._draw()
        if before is not None:
            self.scroll_to(y=max(before - self.size.height // 3, 0), animate=False)

    def on_resize(self) -> None:
        """Messages are as wide as there is room."""
        self._draw()

    def _draw(self) -> int | None:
        """Put the lines together; the row of the first fault, if there is one."""
        width = max(self.size.width - 2, 20)
        by_line: dict[int, list[Fault]] = {}
        for fault in self._faults:
            by_line.setdefault(fault["spot"][1], []).append(fault)
        rows: list[Content] = []
        first: int | None = None
        for number, line in enumerate(self.text.splitlines(), 1):
            here = by_line.get(number, ())
            sign = ("✕", "bold $error") if here else (" ", "")
            gutter = Content.assemble(sign, (f"{number:>{GUTTER - 2}} ", "bold $error" if here else "$faint"))
            rows.append(gutter.append(painted(line).truncate(width - GUTTER, ellipsis=True)))
            if here and first is None:
                first = len(rows) - 1
            for fault in here:
                rows.extend(_note(fault, width))
        self.query_one(Static).update(Content("\n").join(rows))
        return first


def painted(line: str) -> Content:
    """A line of TOML: sections stand out, comments stand back."""
    visible = "".join(sign if sign.isprintable() else " " if sign == "\t" else "�" for sign in line)
    found = COMMENT.match(visible)
    code, comment = (found[1], found[2]) if found else (visible, "")
    if code.lstrip().startswith("["):
        return Content.assemble((code, "bold $primary"), (comment, "$muted"))
    key, equals, value = code.partition("=")
    return Content.assemble((key, ""), (equals, "$muted"), (value, "$secondary"), (comment, "$muted"))


def _note(fault: Fault, width: int) -> list[Content]:
    """A fault below its line: an arrow at its column, and its message in as many lines as it needs."""
    column = max(fault["spot"][2] - 1, 0)
    indent = min(GUTTER + column, max(width - 30, GUTTER))
    words = f"{fault['problem']}" + (f" ({fault['hint']})" if fault["hint"] else "")
    lines = Content(words).wrap(max(width - indent - 3, 20))
    return [
        Content.assemble((" " * indent, ""), ("╰─ " if not number else "   ", "$error")).append(line.stylize("$error"))
        for number, line in enumerate(lines)
    ]
