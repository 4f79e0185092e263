"""Parameters with a row for each name of a codec."""

from collections.abc import Mapping
from typing import ClassVar, Protocol, runtime_checkable

NamedAxes = Mapping[str, tuple[int, ...]]
"""Axes that a codec numbers, by the name of the parameter within its module. An axis that is one longer than the codec
ends with a boundary, as those of the transitions of a CRF."""


@runtime_checkable
class NamedRows(Protocol):
    """Module whose parameters have axes of names: words, labels, tokens."""

    named_axes: ClassVar[NamedAxes]
