"""The option `--svg FILE`, `--png FILE` of the commands that draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from seqnlp.plots.images import check_image


def image_option(what: str, *names: str) -> Any:
    """Option for image files, `list[Path] | None`; they are checked when the command line is parsed.

    Args:
        what: The beginning of its help text, for instance "Also draw it".
        names: Other names of the option.
    """
    text = f"{what} into this file, .svg or .png; may be repeated."
    return typer.Option("--svg", "--png", *names, metavar="<path>", callback=_checked, help=text)


def _checked(files: list[Path] | None) -> list[Path] | None:
    for file in files or []:
        check_image(file)
    return files
