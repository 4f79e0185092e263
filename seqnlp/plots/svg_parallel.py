"""Parallel coordinates as SVG: an axis a key, a line a trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from seqnlp.plots.axes import Axis
from seqnlp.plots.svg import escaped, svg_document, text
from seqnlp.units import score

HEIGHT, TOP, BOTTOM, SIDE = 420, 64, 48, 72
"""Pixels: the picture, and the room around the axes."""
APART = 160
"""Pixels from one axis to the next."""
LONGEST = 18
"""Letters of a label, at most."""
WORST, BEST = (0xC8, 0xD4, 0xE0), (0x0B, 0x4F, 0x8A)
"""Colours of the worst and best score; those between are mixed."""
CHOSEN = "#D55E00"
"""Colour of the best line."""
UNSET = "not set"

AXIS = '<path d="M{x:.1f} {top}V{bottom}" stroke="#999999"/>'
TICK = '<path d="M{x:.1f} {y:.1f}h-4" stroke="#999999"/>'
LINE = '<g><title>{title}</title><path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/></g>'


@final
@dataclass(frozen=True)
class Coordinate:
    """Axis of a parallel-coordinates picture: numbers, linear or logarithmic, or names in their order."""

    label: str
    names: Sequence[str] | None = None
    """Names, from the bottom; None for numbers."""
    log: bool = False


@final
@dataclass(frozen=True)
class Polyline:
    """A trial: a value for each coordinate that it has, and its score."""

    name: str
    values: Mapping[str, Any]
    score: float
    ended: bool = True
    """False for one that was stopped early: its line is dashed."""


def parallel_svg(
    title: str, coordinates: Sequence[Coordinate], lines: Sequence[Polyline], metric: str, higher_is_better: bool
) -> str:
    """Draw parallel coordinates, the score at the right; the best finished line is orange and on top.

    A line without a value for a coordinate goes through its foot.
    """
    known = [line for line in lines if math.isfinite(line.score)]
    axes = [_Axis(each, [line.values.get(each.label) for line in known]) for each in coordinates]
    scores = _Axis(Coordinate(metric), [line.score for line in known])
    width = 2 * SIDE + APART * len(axes)
    places = [SIDE + APART * number for number in range(len(axes) + 1)]
    parts = [text(SIDE / 2, 24, title, "start", ' font-size="14"')]
    if not known:
        parts.append(text(SIDE, TOP, "nothing to draw yet", "start"))
        return svg_document(title, width, HEIGHT, "\n".join(parts))
    sign = 1 if higher_is_better else -1
    ranked = sorted(known, key=lambda line: (line.ended, sign * line.score))
    best = next((line for line in reversed(ranked) if line.ended), None)
    low, high = min(line.score for line in known), max(line.score for line in known)
    for line in ranked:
        share = 1.0 if high == low else (line.score - low) / (high - low)
        colour = CHOSEN if line is best else _mixed(share if higher_is_better else 1 - share)
        ys = [*(axis.place(line.values.get(axis.coordinate.label)) for axis in axes), scores.place(line.score)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(places, ys, strict=True))
        values = ", ".join(f"{key} = {value}" for key, value in line.values.items())
        told = escaped(f"{line.name}: {metric} {score(line.score)}; {values}")
        dash = "" if line.ended else ' stroke-dasharray="3 3"'
        parts.append(LINE.format(title=told, path=path, colour=colour, width=3 if line is best else 1.5, dash=dash))
    for x, axis in zip(places, [*axes, scores], strict=True):
        parts += axis.drawn(x)
    return svg_document(title, width, HEIGHT, "\n".join(parts))


@final
class _Axis:
    """A vertical axis with the range of its values."""

    def __init__(self, coordinate: Coordinate, values: Sequence[Any]) -> None:
        self.coordinate = coordinate
        self.has_unset = any(value is None for value in values)
        self.bottom = HEIGHT - BOTTOM - (24 if self.has_unset else 0)
        self.scale = Axis(0, 1, 1)
        if coordinate.names is None:
            numbers = [self._number(value) for value in values if value is not None]
            self.scale = Axis.over(numbers or [0.0], max_ticks=6)

    def _number(self, value: float) -> float:
        return math.log10(value) if self.coordinate.log else float(value)

    def place(self, value: Any) -> float:
        """Pixels from the top of a value."""
        names = self.coordinate.names
        if value is None:
            return HEIGHT - BOTTOM
        share = names.index(value) / max(len(names) - 1, 1) if names else self.scale.share(self._number(value))
        return self.bottom - (self.bottom - TOP) * share

    def drawn(self, x: float) -> Iterator[str]:
        """Axis with its ticks, over the lines."""
        yield AXIS.format(x=x, top=TOP, bottom=self.bottom)
        yield text(x, TOP - 14, _short(self.coordinate.label), "middle", ' font-weight="bold"')
        for value, label in self._ticks():
            y = self.place(value)
            yield TICK.format(x=x, y=y)
            yield text(x - 7, y + 4, _short(label), "end", HALO)
        if self.has_unset:
            yield text(x - 7, HEIGHT - BOTTOM + 4, UNSET, "end", HALO)

    def _ticks(self) -> Iterator[tuple[Any, str]]:
        if self.coordinate.names is not None:
            yield from ((name, name) for name in self.coordinate.names)
            return
        for share, label in self.scale.ticks():
            value = self.scale.low + share * (self.scale.high - self.scale.low)
            yield (10**value, f"{10**value:.2g}") if self.coordinate.log else (value, label)


HALO = ' stroke="white" stroke-width="3" paint-order="stroke"'
"""Attributes of text that stands on lines."""


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else "…" + label[1 - LONGEST :]


def _mixed(share: float) -> str:
    return "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in zip(WORST, BEST, strict=True))
