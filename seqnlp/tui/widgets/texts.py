"""The texts of the generate screen, from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from textual.app import ComposeResult
from textual.containers import Horizontal

from seqnlp.tui.widgets.token_view import TokenView
from seqnlp.tui.writing import Writing


@final
class Texts(Horizontal):
    """A view for each text; several have borders and numbers."""

    DEFAULT_CSS = """
    Texts { width: 1fr; height: 1fr; }
    """

    def __init__(self, first: Writing) -> None:
        super().__init__()
        self._first = first

    def compose(self) -> ComposeResult:
        """One text, in the beginning."""
        yield TokenView(self._first)

    @property
    def views(self) -> list[TokenView]:
        """The views, from left to right."""
        return list(self.query(TokenView))

    async def show(self, writings: Sequence[Writing]) -> None:
        """Have a view for each of these."""
        views = self.views
        for view in views[len(writings) :]:
            await view.remove()
        for writing in writings[len(views) :]:
            await self.mount(TokenView(writing))
        for number, (view, writing) in enumerate(zip(self.views, writings, strict=True)):
            view.set_class(len(writings) > 1, "-several")
            view.border_title = f"sample {number + 1}" if len(writings) > 1 else None
            if view.writing is not writing:
                view.show_writing(writing)
