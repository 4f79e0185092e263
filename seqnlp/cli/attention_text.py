"""What a translation looked at, in letters: source tokens across, those of the translation down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from seqnlp.plots.terminal import shade

if TYPE_CHECKING:
    from seqnlp.results import Translation

CELL = 2
"""Columns of a cell, as wide as a Chinese character."""
LONGEST = 16
"""Columns of a token that are shown."""


def matrix(result: Translation, width: int, unicode: bool = True) -> Iterator[str]:
    """Draw the attention: the darker a cell, the more its token (left) looked at that of the source (above).

    A source that is too long for the terminal is folded: its later tokens stand in a second picture below.

    Args:
        result: A translation with its attention.
        width: Columns of the terminal.
        unicode: Whether it has shaded blocks.
    """
    labels = [_cut(token) for token in result.tokens]
    gutter = max(map(_columns, labels), default=0)
    room = max((width - gutter - 1) // CELL, 1)
    for start in range(0, len(result.source_tokens), room):
        if start:
            yield ""
        yield from _heading(result.source_tokens[start : start + room], gutter)
        for label, weights in zip(labels, result.attention or [], strict=True):
            cells = "".join(shade(weight, plain=not unicode) * CELL for weight in weights[start : start + room])
            yield f"{' ' * (gutter - _columns(label))}{label} {cells}".rstrip()
    yield ""


def _heading(tokens: Sequence[str], gutter: int) -> Iterator[str]:
    """The tokens of the source, written downwards, each over its column."""
    shown = [_cut(token) for token in tokens]
    height = max(map(len, shown), default=0)
    for row in range(height):
        letters = []
        for token in shown:
            place = row - (height - len(token))
            letter = token[place] if place >= 0 else " "
            letters.append(letter + " " * (CELL - _columns(letter)))
        yield f"{' ' * gutter} {''.join(letters)}".rstrip()


def _cut(token: str) -> str:
    from rich.cells import set_cell_size

    return token if _columns(token) <= LONGEST else set_cell_size(token, LONGEST - 1).rstrip() + "…"


def _columns(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
