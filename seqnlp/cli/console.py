"""Consoles of rich: drawings of our own, in which the texts of others are visible."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.status import Status
from rich.style import StyleType
from rich.text import Text

from seqnlp.terminal_text import own_stream, visible


@final
class SafeConsole(Console):
    """Console that makes control characters visible, except in a pipe; text is neither markup nor emoji."""

    def __init__(self, *, stderr: bool = False, quiet: bool = False, file: IO[str] | None = None) -> None:
        super().__init__(stderr=stderr, quiet=quiet, file=file, highlight=False, markup=False, emoji=False)
        self._escapes = stderr or self.file.isatty()

    @property
    def file(self) -> IO[str]:
        """Stream behind the filter, which would make the colours visible, too."""
        return own_stream(super().file)

    @file.setter
    def file(self, new_file: IO[str]) -> None:
        self._file = new_file

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield safe_segment(segment) if self._escapes and not segment.control else segment

    def status(
        self,
        status: RenderableType,
        *,
        spinner: str = "line",
        spinner_style: StyleType = "status.spinner",
        speed: float = 1.0,
        refresh_per_second: float = 12.5,
    ) -> Status:
        """Show a status line; a string is no markup."""
        return super().status(
            Text(visible(status)) if isinstance(status, str) else status,
            spinner=spinner,
            spinner_style=spinner_style,
            speed=speed,
            refresh_per_second=refresh_per_second,
        )


def safe_segment(segment: Segment) -> Segment:
    """Make control characters visible; a link, an escape sequence too, is dropped."""
    style = segment.style
    if style is not None and style.link is not None:
        style = style.update_link(None)
    return Segment(visible(segment.text), style)
