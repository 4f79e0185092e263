"""Lines through points as an SVG picture, written without any drawing library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from seqnlp.plots.svg import escaped, picture, text
from seqnlp.plots.terminal import Axis, Point, Points, pieces_of

WIDTH, HEIGHT = 800, 320
"""Pixels of a panel."""
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 36, 32
"""Pixels around its lines."""
LETTER, WIDEST = 8, 12
"""Pixels that a digit takes, about, and the widest letter."""
ROW, KEY, MARGIN = 20, 28, 8
"""Pixels from a row of the legend to the next, of the stroke before a name, and under the last row."""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Those of Okabe and Ito, which the colour-blind can tell apart; without yellow, which is hard to see on white."""
DASHES = ("none", "7 3", "2 2", "7 3 2 3")
"""For lines that come after as many as there are colours."""

Style = tuple[str, str]
"""The colour and the dashes of a line."""

GROUP = '<g stroke-dasharray="{dash}"><title>{name}</title>'
RULE = '<path d="M{x:.1f} {y:.1f}H{end:.1f}" stroke="#dddddd"/>'
TICK = '<path d="M{x:.1f} {y:.1f}v4" stroke="#999999"/>'
LINE = '<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
DOT = '<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>'


def draw(title: str, charts: Mapping[str, Mapping[str, Points]]) -> str:
    """One panel under the other, and over them a legend: a name has the same colour in all panels.

    Args:
        title: What the picture is of.
        charts: The points of each line by its name, by what the panel shows.
    """
    names = dict.fromkeys(name for lines in charts.values() for name in lines)
    styles = {name: _style(number) for number, name in enumerate(names)}
    parts, top = _legend(styles)
    for place, (heading, lines) in enumerate(charts.items()):
        parts += _panel(heading, lines, styles, top + HEIGHT * place)
    return picture(title, WIDTH, top + HEIGHT * len(charts), "\n".join(parts))


@dataclass(frozen=True)
class Panel:
    """Two axes and the place between them."""

    top: float
    bottom: float
    across: Axis
    up: Axis

    @property
    def left(self) -> float:
        """Pixels left of the lines, where the labels of the upward axis stand."""
        return max(LEFT, 2 * LETTER + LETTER * max(len(label) for _, label in self.up.ticks()))

    def place(self, x: float, y: float) -> Point:
        """Where a point stands, in pixels from the left and from the top."""
        right = WIDTH - RIGHT
        across, up = self.across.share(x), self.up.share(y)
        return self.left + (right - self.left) * across, self.bottom - (self.bottom - self.top) * up

    def rules(self) -> Iterator[str]:
        """A line across, with its number, at every tick of the upward axis."""
        for share, label in self.up.ticks():
            y = self.bottom - (self.bottom - self.top) * share
            yield RULE.format(x=self.left, y=y, end=WIDTH - RIGHT)
            yield text(self.left - 6, y + 4, label, "end")

    def line(self, points: Points, colour: str) -> Iterator[str]:
        """A line through points, and a dot for each that has no neighbours."""
        for piece in pieces_of(points):
            places = [self.place(x, y) for x, y in piece]
            if len(places) > 1:
                yield LINE.format(path=path_of(places), colour=colour)
            else:
                yield DOT.format(x=places[0][0], y=places[0][1], colour=colour)


def path_of(places: Sequence[Point]) -> str:
    """The path from place to place."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _panel(heading: str, lines: Mapping[str, Points], styles: Mapping[str, Style], top: float) -> Iterator[str]:
    yield text(LEFT, top + TOP - 14, heading, "start", ' font-size="14"')
    ends = [point for points in lines.values() for piece in pieces_of(points) for point in piece]
    if not ends:
        yield text(LEFT, top + TOP + 14, "nothing to draw yet", "start")
        return
    across = Axis.over([x for x, _ in ends], most=10)
    up = Axis.over([y for _, y in ends], most=8, rounded=True)
    panel = Panel(top + TOP, top + HEIGHT - BOTTOM, across, up)
    yield from panel.rules()
    used = 0.0
    for share, label in across.ticks():
        x, half = panel.left + (WIDTH - RIGHT - panel.left) * share, LETTER * len(label) / 2
        yield TICK.format(x=x, y=panel.bottom)
        middle = min(x, WIDTH - half)
        if middle - half >= used:
            yield text(middle, panel.bottom + 18, label, "middle")
            used = middle + half
    for name, points in lines.items():
        colour, dash = styles[name]
        yield "".join([GROUP.format(dash=dash, name=escaped(name)), *panel.line(points, colour), "</g>"])


def _style(number: int) -> Style:
    cycle, colour = divmod(number, len(COLOURS))
    return COLOURS[colour], DASHES[cycle % len(DASHES)]


def _legend(styles: Mapping[str, Style]) -> tuple[list[str], int]:
    """The names in columns, and the pixels down to where they end; a name that is too long goes on in the next row."""
    room = WIDTH - RIGHT - LEFT
    most = (room - KEY) // WIDEST
    columns = max(room // (KEY + WIDEST * (max(map(len, styles), default=0) + 1)), 1)
    parts: list[str] = []
    cell = 0
    for name, (colour, dash) in styles.items():
        for begin in range(0, max(len(name), 1), most):
            row, column = divmod(cell, columns)
            x, y = LEFT + room // columns * column, ROW * (row + 1)
            key = "" if begin else LINE.format(path=path_of([(x, y - 4), (x + KEY - 6, y - 4)]), colour=colour)
            words = text(x + KEY, y, name[begin : begin + most], "start")
            parts.append("".join([GROUP.format(dash=dash, name=escaped(name)), key, words, "</g>"]))
            cell += 1
    return parts, ROW * -(-cell // columns) + MARGIN
