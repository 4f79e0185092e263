"""The option `--svg FILE`, `--png FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from seqnlp.plots.images import check_image


def image_option(what: str, *names: str) -> Any:
    """An option for the files of a picture, `list[Path] | None`; they are checked as the command line is read.

    Args:
        what: What it does, for instance "Also draw it".
        names: Other names of the option.
    """
    said = f"{what} into this file; its ending decides, .svg or .png. Several may be given."
    return typer.Option("--svg", "--png", *names, metavar="<path>", callback=_checked, help=said)


def _checked(files: list[Path] | None) -> list[Path] | None:
    for file in files or []:
        check_image(file)
    return files
