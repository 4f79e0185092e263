"""Control characters drawn as symbols, since a terminal would obey them."""

from __future__ import annotations

import re
from typing import final

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from seqnlp.terminal_text import UNSAFE

CONTROLS = re.compile(f"{UNSAFE.pattern}|[\t\n\r\x0b\x0c]")
"""Unsafe characters, and those that move the cursor: a line of the screen has neither tabs nor ends."""
KEPT = 2
"""Blanks of a gap that stay, so that columns stay apart."""


@final
class VisibleControls(LineFilter):
    """Filter of every line drawn, whichever widget it is from.

    Layouts count a control character as nothing, and the line must stay as wide as it is: the symbol takes a blank
    of the next gap, and where there is none, the character is left out.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if not any(CONTROLS.search(segment.text) for segment in segments):
            return segments
        spare: list[tuple[int, int]] = []
        texts = [list(segment.text) for segment in segments]
        gap = 0
        for number, text in reversed(list(enumerate(texts))):
            for place in reversed(range(len(text))):
                character = text[place]
                gap = gap + 1 if character == " " else 0
                if gap > KEPT:
                    spare.append((number, place))
                elif CONTROLS.match(character):
                    needs_cell = cell_len(character) == 0
                    text[place] = _symbol(character) if spare or not needs_cell else ""
                    if spare and needs_cell:
                        blank, there = spare.pop()
                        texts[blank][there] = ""
        return [
            Segment("".join(text), style, control) for text, (_, style, control) in zip(texts, segments, strict=True)
        ]


def _symbol(character: str) -> str:
    """Control picture of Unicode where there is one."""
    code = ord(character)
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "�"
