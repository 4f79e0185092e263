"""Texts with the tints of their tokens, as HTML and as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import exp, log
from typing import final

Piece = tuple[str, float | None]
"""Text of a token and its log-probability, in nats; None for the prompt."""

BOUNDS = tuple(log(share) for share in (0.9, 0.5, 0.2, 0.05, 0.01))
"""Log-probabilities between the tints, the highest first."""

COLUMNS = 80
"""Characters of a line in a picture."""

CELL, LINE, MARGIN = 8.4, 20, 16
"""Width of a character, height of a line, and margin, in pixels."""

BOLD = ' font-weight="bold"'


@final
@dataclass(frozen=True)
class Colours:
    """Colours of a document."""

    background: str
    prompt: str
    tints: tuple[str, ...]
    """From almost certain to very unlikely."""

    @classmethod
    def of_theme(cls, variables: Mapping[str, str]) -> Colours:
        """Colours of a theme of the terminal application."""
        tints = tuple(variables[f"heat-{level}"] for level in range(len(BOUNDS) + 1))
        return cls(variables["background"], variables["primary"], tints)

    def of(self, logprob: float | None) -> str:
        """Colour of a token."""
        return self.prompt if logprob is None else self.tints[sum(logprob < bound for bound in BOUNDS)]


def to_html(title: str, pieces: Sequence[Piece], colours: Colours) -> str:
    """Page of HTML with a text; each token tells its probability under the mouse."""
    body = "".join(_span(text, logprob, colours) for text, logprob in pieces)
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        f"<style>body {{ background: {colours.background}; margin: 2em; }} "
        "pre { font: 16px/1.5 monospace; white-space: pre-wrap; overflow-wrap: anywhere; }</style>\n"
        f"<pre>{body}</pre>\n</html>\n"
    )


def _span(text: str, logprob: float | None, colours: Colours) -> str:
    if logprob is None:
        return f'<b style="color: {colours.prompt}">{escape(text)}</b>'
    share = f"{exp(logprob):.1%}"
    return f'<span style="color: {colours.of(logprob)}" title="{share}">{escape(text)}</span>'


def to_svg(title: str, pieces: Sequence[Piece], colours: Colours) -> str:
    """Picture of a text in lines of `COLUMNS` characters."""
    lines = _lines(pieces, colours)
    width, height = round(COLUMNS * CELL + 2 * MARGIN), len(lines) * LINE + 2 * MARGIN
    rows = []
    for number, line in enumerate(lines):
        spans = "".join(
            f'<tspan x="{MARGIN + place * CELL:.1f}" fill="{colour}"{BOLD * is_prompt}>{_visible(text)}</tspan>'
            for place, text, colour, is_prompt in line
        )
        rows.append(f'<text y="{MARGIN + number * LINE + 14}">{spans}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="monospace" font-size="14" xml:space="preserve">\n<title>{_visible(title)}</title>\n'
        f'<rect width="100%" height="100%" fill="{colours.background}"/>\n' + "\n".join(rows) + "\n</svg>\n"
    )


def _lines(pieces: Sequence[Piece], colours: Colours) -> list[list[tuple[int, str, str, bool]]]:
    """Lines of spans of one colour: column, text, colour, and True in the prompt."""
    lines: list[list[tuple[int, str, str, bool]]] = [[]]
    column = 0
    for text, logprob in pieces:
        for sign in text:
            if sign == "\n" or column == COLUMNS:
                lines.append([])
                column = 0
            if sign == "\n":
                continue
            colour, is_prompt = colours.of(logprob), logprob is None
            if lines[-1] and lines[-1][-1][2:] == (colour, is_prompt):
                place, before, *_ = lines[-1].pop()
                lines[-1].append((place, before + sign, colour, is_prompt))
            else:
                lines[-1].append((column, sign, colour, is_prompt))
            column += 1
    return lines


def _visible(text: str) -> str:
    """Escape a text for XML, without control characters and lone surrogates."""
    return escape("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text))
