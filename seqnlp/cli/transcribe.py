"""`seqnlp transcribe`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.common import Device, Trust, blocks, number_option, open_predictor
from seqnlp.errors import DataError, UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import BEAM, BONUS, CHANNELS, SAMPLE_RATE, WEIGHT

if TYPE_CHECKING:
    from seqnlp.tasks.transcribe.predictor import Transcriber
    from seqnlp.tasks.transcribe.recipe import CtcSearch
    from seqnlp.tasks.transcribe.result import TimedToken, Transcription

STREAM = Path("-")
BLOCK = 1 << 12
"""Bytes of a stream read at once, at most: a quarter of a second of speech."""


def transcribe(
    run: Annotated[Path, typer.Argument(help="A run directory, for instance runs/digits_ctc.")],
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Recordings; `-` for a stream of 16-bit samples on standard input, such as a microphone's."
        ),
    ],
    beam: Annotated[
        int | None, number_option(BEAM, "Prefix beam search; 1 is greedy.  [default: recipe's]", "<n>")
    ] = None,
    language_model: Annotated[
        Path | None, typer.Option("--lm", metavar="<run>", help="A language model whose score of the text is added.")
    ] = None,
    lm_weight: Annotated[float | None, number_option(WEIGHT, "Weight of the language model.  [default: 0.5]")] = None,
    length_bonus: Annotated[float | None, number_option(BONUS, "Score added for each token.  [default: 0]")] = None,
    aligned: Annotated[
        bool, typer.Option("--align", help="After a tab each token with its seconds: from, to, probability.")
    ] = False,
    resample: Annotated[
        bool, typer.Option("--resample", help="Convert recordings of another sample rate than the model's.")
    ] = False,
    rate: Annotated[
        int | None, number_option(SAMPLE_RATE, "Sample rate of the stream.  [default: the model's]", "<Hz>")
    ] = None,
    channels: Annotated[int, number_option(CHANNELS, "Channels of the stream.", "<n>")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a recording, with times.")] = False,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Write down what is said in recordings: a line each, in their order.

    A recording that can't be read is told on standard error; the others are still transcribed. A stream is divided at
    pauses: `arecord -q -t raw -f S16_LE -r 8000 | seqnlp transcribe RUN -`.
    """
    if STREAM in files and len(files) > 1:
        raise UsageError("`-` is a stream: name it alone, without files")
    if STREAM not in files and (rate is not None or channels != 1):
        raise UsageError("--rate and --channels describe a stream (`-`); files tell their own")
    if aligned and as_json:
        raise UsageError("--align and --json contradict each other: JSON has the times already")
    from seqnlp.tasks.transcribe.predictor import Transcriber

    transcriber = open_predictor(run, Transcriber, trust)
    search = chosen_search(transcriber, beam, language_model, lm_weight, length_bonus)
    transcriber.scorer(search)  # raises for what is no language model before anything is read
    if files == [STREAM]:
        samples = transcriber.stream(
            stream_blocks(), transcriber.rate if rate is None else rate, channels, search=search
        )
        for result in samples:
            write(result, aligned, as_json)
        return
    wrong = 0
    for file in files:
        try:
            result = transcriber.transcribe(file, search=search, resample=resample or None)
        except DataError as error:
            if len(files) == 1:
                raise
            wrong += 1
            print(f"error: {error}", file=sys.stderr)
            continue
        for note in result.notes:
            print(f"note: {file}: {note}", file=sys.stderr)
        write(result, aligned, as_json)
    if wrong:
        raise DataError(f"{wrong:,} of {len(files):,} recordings could not be transcribed")


def predict(run: Path, file: Path | None, as_json: bool, trust: bool) -> None:
    """Transcribe a recording, or a file's list of them, with default options."""
    from seqnlp.readers.audio import SUFFIXES

    if file is not None and file.suffix.lower() in SUFFIXES:
        transcribe(run, [file], as_json=as_json, trust=trust)
        return
    names = [Path(line.strip()) for lines in blocks(file) for line in lines if line.strip()]
    if names:
        transcribe(run, names, as_json=as_json, trust=trust)


def chosen_search(
    transcriber: Transcriber,
    beam: int | None,
    language_model: Path | None,
    lm_weight: float | None,
    length_bonus: float | None,
) -> CtcSearch:
    """Search of the recipe, with the options in their place.

    Raises:
        seqnlp.errors.UsageError: options that are out of range or contradict each other.
    """
    from pydantic import ValidationError

    from seqnlp.tasks.transcribe.recipe import CtcSearch

    named = {
        "beam": beam,
        "language_model": None if language_model is None else str(language_model),
        "lm_weight": lm_weight,
        "length_bonus": length_bonus,
    }
    given = {name: value for name, value in named.items() if value is not None}
    settings = {**transcriber.recipe.search.model_dump(), **given}
    if beam == 1 and len(given) > 1:
        raise UsageError("--beam 1 is greedy, and has no use for --lm, --lm-weight or --length-bonus")
    if beam == 1:
        settings = {"beam": 1}
    elif settings["beam"] == 1 and given:
        settings["beam"] = 8
    if lm_weight is not None and settings["language_model"] is None:
        raise UsageError("--lm-weight: there is no language model to weigh; name one with --lm")
    try:
        return CtcSearch(**settings)
    except ValidationError as error:
        fault = error.errors()[0]
        option = "--" + str(fault["loc"][0]).replace("_", "-")
        raise UsageError(f"{option} {fault['input']}: {fault['msg']}") from None


def stream_blocks() -> Iterator[bytes]:
    """Blocks of standard input, each as soon as it has come."""
    while block := os.read(0, BLOCK):
        yield block


def write(result: Transcription, aligned: bool, as_json: bool) -> None:
    """Write a transcript as a line."""
    if as_json:
        line = to_json(result.to_json())
    else:
        line = result.text + (f"\t{alignment(result.tokens, result.start)}" if aligned else "")
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def alignment(tokens: list[TimedToken], start: float = 0.0) -> str:
    """Format the places of tokens: `t 0.12-0.18 0.99`, with semicolons between."""
    shown = [(token.text.strip() or "_", token) for token in tokens]
    return "; ".join(f"{name} {start + each.start:.2f}-{start + each.end:.2f} {each.score:.2f}" for name, each in shown)
