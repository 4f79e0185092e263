"""Arguments, input lines, opened runs and images: what several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from seqnlp.devices import set_opening_device
from seqnlp.errors import DataError, UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import LINE, Range
from seqnlp.lines import line_limit, long_line, set_line_limit
from seqnlp.plots.images import check_image
from seqnlp.tasks.registry import task_info

RunPath = Annotated[Path, typer.Argument(help="A run directory, for instance runs/pos_gru.")]
SentenceFile = Annotated[Path | None, typer.Argument(help="A text file, one sentence a line; `-` for standard input.")]
Split = Annotated[str, typer.Option(help="Which split of the run's corpus: train, dev or test.")]
Pretokenized = Annotated[bool, typer.Option("--pretokenized", help="Words are separated by blanks already.")]
Trust = Annotated[
    bool, typer.Option("--trust", help="Run the Python that a run brings along, its plugins. This is remembered.")
]


def _chosen_device(name: str | None) -> str | None:
    return name if name is None else set_opening_device(name)


Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="<device>",
        callback=_chosen_device,
        help="Where models compute: cpu, the default, cuda, cuda:1, mps, or auto, a CUDA GPU if there is one.",
    ),
]
"""Option that sets the device when the command line is parsed; functions of commands have no use for its value."""
TrainingDevice = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="<device>",
        help="Where to train: cpu, cuda, cuda:1, mps, or auto, a CUDA GPU if there is one: `training.device` of the "
        "recipe.",
    ),
]


def device_settings(device: str | None) -> list[str]:
    """Override of the recipe's device, if one was named."""
    return [] if device is None else [f"training.device={to_json(device)}"]


JsonLines = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

BLOCK = 1 << 17
"""Bytes read at once, at most: enough for large batches, little enough for a flat memory."""


def input_name(file: Path | None) -> str:
    """Name of an input in messages."""
    return "standard input" if file is None or str(file) == "-" else str(file)


def raw_blocks(file: Path | None) -> Iterator[list[bytes]]:
    """Yield blocks of lines with their ends.

    A block holds what has arrived, so that a slow writer gets answers at once.

    Args:
        file: None or `-` for standard input.

    Raises:
        seqnlp.errors.DataError: for a file that is missing or a directory, and for a line that is too long.
    """
    name, max_line = input_name(file), line_limit()
    try:
        handle = 0 if name == "standard input" else os.open(name, os.O_RDONLY)
        begun: list[bytes] = []
        size, number = 0, 1
        while block := os.read(handle, BLOCK):
            *whole, rest = block.split(b"\n")
            if whole:
                whole[0] = b"".join([*begun, whole[0]])
                for place, line in enumerate(whole):
                    if len(line) > max_line:
                        raise long_line(name, number + place)
                number += len(whole)
                yield [line + b"\n" for line in whole]
                begun, size = [], 0
            begun.append(rest)  # joined once, or a long line would take quadratic time
            size += len(rest)
            if size > max_line:
                raise long_line(name, number)
        if size:
            yield [b"".join(begun)]
    except OSError as error:
        raise DataError(error.strerror or str(error), name) from None


def blocks(file: Path | None) -> Iterator[list[str]]:
    """Yield blocks of lines without their ends, as `raw_blocks` does; a byte order mark is dropped.

    Raises:
        seqnlp.errors.DataError: what `raw_blocks` raises, and for a line that is not UTF-8.
    """
    return without_ends(decoded_blocks(file))


def without_ends(arriving: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield blocks of lines without their ends and a byte order mark."""
    mark = "\ufeff"
    for block in arriving:
        lines = [line.removesuffix("\n").removesuffix("\r") for line in block]
        if lines:
            lines[0], mark = lines[0].removeprefix(mark), ""
        yield lines


def decoded_blocks(file: Path | None, keep_mark: bool = False) -> Iterator[list[str]]:
    """Yield blocks of lines with their ends; the same errors as `blocks`."""
    from seqnlp.readers.files import GZIP

    number = 0
    for block in raw_blocks(file):
        if not number and block[0].startswith(GZIP):
            raise DataError("this is compressed with gzip; decompress it first, with gzip -dc", input_name(file))
        if not number and not keep_mark:
            block[0] = block[0].removeprefix(b"\xef\xbb\xbf")
        yield _decode(block, input_name(file), number)
        number += len(block)


def _decode(lines: list[bytes], name: str, before: int) -> list[str]:
    try:
        return [line.decode() for line in lines]
    except UnicodeDecodeError:
        for number, line in enumerate(lines, start=before + 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"byte {error.start + 1} of the line is {line[error.start]:#04x}, which is not UTF-8", name, number
                ) from None
        raise


P = TypeVar("P")


def open_predictor(run: Path, kind: type[P], trust: bool = False) -> P:
    """Open a run as a predictor of this class.

    Args:
        run: The run directory.
        kind: Class of the predictor.
        trust: Consent to run the plugins of the run.

    Raises:
        seqnlp.errors.UntrustedPlugin: it brings Python without consent.
        seqnlp.errors.UsageError: it is of another task; names the command for that.
    """
    from seqnlp import api

    predictor = api.load(run, trust=trust)
    if not isinstance(predictor, kind):
        info = task_info(predictor.task)
        raise UsageError(f"{run}: this run is {info.noun}; use `seqnlp {info.command} {run}`")
    return predictor


def number_option(
    allowed: Range, text: str, metavar: str | None = None, apply: Callable[[Any], Any] | None = None
) -> Any:
    """Option for a number; its help shows the range, and its fault the value found.

    Args:
        allowed: The range; of floats for an option that takes fractions.
        text: Its help text.
        metavar: Its value in the help; by default `<int>` or `<float>`.
        apply: Called with the number when the command line is parsed.
    """
    kind = type(allowed.low)

    def check(option: typer.CallbackParam, value: Any) -> int | float | None:
        if value is None:
            return None
        try:
            found = kind(value)
        except ValueError:
            found = None
        if found is None or not allowed.low <= found <= allowed.high:
            whole = "whole " if kind is int else ""
            bounds = f"a {whole}number from {allowed.low} to {allowed.high:,}"
            raise UsageError(f"{option.opts[0]} {value}: expected {bounds}")
        if apply is not None:
            apply(found)
        return found

    return typer.Option(
        min=allowed.low,
        max=allowed.high,
        parser=lambda text: text,  # typer's own check does not tell what it found
        callback=check,
        metavar=metavar or f"<{kind.__name__}>",
        help=text,
    )


MaxLine = Annotated[int, number_option(LINE, "Longest line that is read, in bytes.", "<bytes>", apply=set_line_limit)]
"""Option that sets the limit when the command line is parsed; functions of commands have no use for its value."""


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
