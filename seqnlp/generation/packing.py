"""Numbers as little-endian values of 4 bytes, in base 64: a JSON list would be slow to write."""

from __future__ import annotations

from array import array
from base64 import b64decode, b64encode
from sys import byteorder
from typing import Any, Literal


def packed(kind: Literal["I", "f"], numbers: array[Any]) -> str:
    """Pack an array of numbers."""
    if byteorder == "little":  # the low bytes come first: a strided view narrows without a loop in Python
        narrow = memoryview(numbers).cast("B").cast(kind)[:: numbers.itemsize // 4]
        return b64encode(narrow.tobytes()).decode()
    found = array(kind, numbers)
    found.byteswap()
    return b64encode(found.tobytes()).decode()


def unpacked(kind: Literal["I", "f"], text: str) -> array[Any]:
    """Unpack an array of numbers.

    Raises:
        ValueError: the text is not of `packed`.
    """
    found = array(kind)
    found.frombytes(b64decode(text, validate=True))
    if byteorder == "big":
        found.byteswap()
    return found
