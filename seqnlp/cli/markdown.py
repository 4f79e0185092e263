"""Markdown in a terminal, so that its code can be copied: no margins, no blanks at the ends of lines."""

from __future__ import annotations

from typing import ClassVar, final

from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.text import Text


@final
class _Code(CodeBlock):
    """Block of code; a line that is too long is left to the terminal."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(str(self.text).rstrip(), "cyan", no_wrap=True, overflow="ignore")


@final
class _Heading(Heading):
    """Heading at the left margin."""

    LEVEL_ALIGN: ClassVar[dict[str, JustifyMethod]] = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


@final
class PageMarkdown(Markdown):
    """Markdown whose code has no margins; print it without cropping."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "fence": _Code,
        "code_block": _Code,
        "heading_open": _Heading,
    }
