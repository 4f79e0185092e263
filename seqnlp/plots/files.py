"""Image files: SVG, or PNG by resvg; the ending of the name decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from seqnlp.errors import DataError, UsageError
from seqnlp.plots.svg import picture, text

FONTS = "svg { font-family: DejaVu Sans, Noto Sans, sans-serif, FreeSans }"
"""What text is drawn with in a PNG. No other fonts are tried, but for words with letters that these don't have: so
the one with most letters goes first, among them the sign for a blank before a piece of a word."""
SHARP = 2
"""Pixels of a PNG for each one of the SVG, along a side, so that small text can be read."""
MOST = 10**8
"""Pixels of a PNG; while it is drawn each takes 4 bytes."""


def check_picture(file: Path) -> None:
    """See that a picture can be drawn into a file of this name, before anything is computed.

    Raises:
        seqnlp.errors.UsageError: another kind of file, or what draws PNGs is not installed.
        seqnlp.errors.DataError: it can't be written there.
    """
    kind = file.suffix.lower()
    if kind not in (".svg", ".png"):
        raise UsageError(f"{file}: expected a file that ends in .svg or .png")
    if file.is_dir() or not file.parent.is_dir():
        problem = "this is a folder" if file.is_dir() else f"there is no folder {file.parent}"
        raise DataError(f"{problem}; expected a file to write", file)
    if kind == ".png":
        draw, letter = _renderer(file), picture("", 20, 20, text(5, 15, "x", "start"))
        if draw(svg_string=letter, style_sheet=FONTS) == draw(svg_string=letter, skip_system_fonts=True):
            raise UsageError(f"{file}: no font to write text with is installed; an .svg needs none")


def write_pictures(files: Sequence[Path], svg: str) -> None:
    """Write a picture into all files of a `picture_option`."""
    for file in files:
        write_picture(file, svg)


def write_picture(file: Path, svg: str) -> None:
    """Write a picture into a file that `check_picture` has let pass.

    Raises:
        seqnlp.errors.DataError: if it cannot be written.
    """
    content = _png(file, svg) if file.suffix.lower() == ".png" else svg.encode()
    try:
        file.write_bytes(content)
    except OSError as error:
        raise DataError(error.strerror or str(error), file) from None


def _png(file: Path, svg: str) -> bytes:
    size = re.search(r'width="(\d+)" height="(\d+)"', svg)
    assert size is not None
    width, height = int(size[1]), int(size[2])
    if width * height > MOST:
        raise DataError(f"{width:,} x {height:,} pixels are too many for a .png; write an .svg", file)
    zoom = SHARP if width * height * SHARP**2 <= MOST else 1
    return _renderer(file)(svg_string=svg, style_sheet=FONTS, zoom=zoom)


def _renderer(file: Path) -> Callable[..., bytes]:
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise UsageError(f'{file}: a .png needs resvg-py: pip install "seqnlp[png]"') from None
    return svg_to_bytes
