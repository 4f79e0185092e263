"""Image files: SVG, or PNG by resvg; the ending of the name decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from seqnlp.errors import DataError, UsageError
from seqnlp.plots.svg import svg_document, text

FONTS = "svg { font-family: DejaVu Sans, Noto Sans, sans-serif, FreeSans }"
"""Fonts of a PNG. Others are tried only for words with letters that these lack: so the one with most letters is
first, among them the sign for a blank before a piece of a word."""
SCALE = 2
"""Scale of a PNG relative to the SVG, so that small text can be read."""
MAX_PIXELS = 10**8
"""Pixels of a PNG, at most; each takes 4 bytes while it is drawn."""


def check_image(file: Path) -> None:
    """Check that an image can be written to this file. Call it before anything is computed.

    Raises:
        seqnlp.errors.UsageError: another kind of file, or the PNG renderer is not installed.
        seqnlp.errors.DataError: the folder does not exist, or this is one.
    """
    kind = file.suffix.lower()
    if kind not in (".svg", ".png"):
        raise UsageError(f"{file}: expected a file that ends in .svg or .png")
    if file.is_dir() or not file.parent.is_dir():
        problem = "this is a folder" if file.is_dir() else f"there is no folder {file.parent}"
        raise DataError(f"{problem}; expected a file to write", file)
    if kind == ".png":
        draw, letter = _renderer(file), svg_document("", 20, 20, text(5, 15, "x", "start"))
        if draw(svg_string=letter, style_sheet=FONTS) == draw(svg_string=letter, skip_system_fonts=True):
            raise UsageError(f"{file}: no font to write text with is installed; an .svg needs none")


def write_images(files: Sequence[Path], svg: str) -> None:
    """Write an SVG into each of some files that have passed `check_image`: as SVG or PNG.

    Raises:
        seqnlp.errors.DataError: if one cannot be written.
    """
    for file in files:
        content = _png(file, svg) if file.suffix.lower() == ".png" else svg.encode()
        try:
            file.write_bytes(content)
        except OSError as error:
            raise DataError(error.strerror or str(error), file) from None


def _png(file: Path, svg: str) -> bytes:
    size = re.search(r'width="(\d+)" height="(\d+)"', svg)
    assert size is not None
    width, height = int(size[1]), int(size[2])
    if width * height > MAX_PIXELS:
        raise DataError(f"{width:,} x {height:,} pixels are too many for a .png; write an .svg", file)
    zoom = SCALE if width * height * SCALE**2 <= MAX_PIXELS else 1
    return _renderer(file)(svg_string=svg, style_sheet=FONTS, zoom=zoom)


def _renderer(file: Path) -> Callable[..., bytes]:
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise UsageError(f'{file}: a .png needs resvg-py: pip install "seqnlp[png]"') from None
    return svg_to_bytes
