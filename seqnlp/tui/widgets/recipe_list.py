"""The recipes in a list, with those left out that do not match what was typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from seqnlp.recipe.listed import Listed
from seqnlp.tui.widgets.lines import column, strip_of


@final
class RecipeList(ScrollView):
    """Names of recipes with their tasks, one of them chosen."""

    can_focus = False  # the line that one types into keeps the focus; the screen passes the arrow keys on

    DEFAULT_CSS = """
    RecipeList { background: $background; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    class Chosen(Message):
        """Another recipe is chosen, or none."""

        def __init__(self, recipe: Listed | None) -> None:
            super().__init__()
            self.recipe = recipe

    def __init__(self) -> None:
        super().__init__()
        self.known: Sequence[Listed] = ()
        """All of them."""
        self._filter = ""
        self.shown: list[Listed] = []
        self.index = 0

    @property
    def chosen(self) -> Listed | None:
        """The recipe under the cursor."""
        return self.shown[self.index] if self.shown else None

    def show_recipes(self, recipes: Sequence[Listed], choose: str = "") -> None:
        """Show these recipes, with the one of a certain path chosen, or else the one that was."""
        before = choose or (self.chosen.path if self.chosen else "")
        self.known = recipes
        self._update(before)

    def filter_by(self, text: str) -> None:
        """Show only recipes that have all these words in their name, task or first line."""
        before = self.chosen.path if self.chosen else ""
        self._filter = text
        self._update(before)

    def move(self, by: int) -> None:
        """Choose another recipe."""
        if self.shown:
            self.index = min(max(self.index + by, 0), len(self.shown) - 1)
            top = min(max(self.scroll_offset.y, self.index - self.size.height + 1), self.index)
            self.scroll_to(y=top, animate=False)
        self.refresh()
        self.post_message(self.Chosen(self.chosen))

    def on_resize(self) -> None:
        """The chosen one stays in sight."""
        if self.shown:
            top = min(max(self.scroll_offset.y, self.index - self.size.height + 1), self.index)
            self.scroll_to(y=top, animate=False)

    def on_click(self, event: events.Click) -> None:
        """Choose a recipe."""
        row = event.y + self.scroll_offset.y
        if row < len(self.shown):
            self.move(row - self.index)

    def _update(self, before: str) -> None:
        words = self._filter.lower().split()
        self.shown = [found for found in self.known if all(word in " ".join(found[:3]).lower() for word in words)]
        paths = [found.path for found in self.shown]
        self.index = paths.index(before) if before in paths else 0
        self.virtual_size = Size(0, len(self.shown))
        self.move(0)

    def render_line(self, y: int) -> Strip:
        """One recipe."""
        row, width = y + self.scroll_offset.y, self.size.width
        if row >= len(self.shown):
            return Strip.blank(width, self.visual_style.rich_style)
        recipe, here = self.shown[row], row == self.index
        task = min(max(width - 20, 0), 10)
        line = column("▌ " if here else "  ", 2, "$accent").append(column(recipe.name, width - task - 3))
        line = line.append(" ").append(column(recipe.task or "✕", task, "$muted" if recipe.task else "$error"))
        return strip_of(self, line.stylize("on $panel bold") if here else line, width)
