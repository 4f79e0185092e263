"""`seqnlp translate`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seqnlp.cli.beside import Beside, ColumnPrefix, Destination, Force, Out, write_beside
from seqnlp.cli.common import Device, MaxLine, Trust, image_option, number_option, open_predictor
from seqnlp.cli.inputs import AsReader, Column, Inputs, open_inputs, open_records
from seqnlp.cli.progress import track
from seqnlp.cli.tables import has_braille, stdout_console
from seqnlp.cli.workers import Workers
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import ALPHA, BEAM, BEST, NGRAM
from seqnlp.lines import MAX_LINE
from seqnlp.plots.images import write_images
from seqnlp.plots.terminal import shade

if TYPE_CHECKING:
    from seqnlp.records import Added, Values
    from seqnlp.results import Translation
    from seqnlp.tasks.translate.predictor import Translator

MAX_DRAWN = 50
"""Sentences in an image, at most."""

Penalty = Literal["gnmt", "average", "none"]
Unknown = Literal["copy", "keep", "avoid"]

CELL = 2
"""Columns of a cell, as wide as a Chinese character."""
MAX_TOKEN = 16
"""Columns of a token, at most."""


def translate(
    run: Annotated[Path, typer.Argument(help="A run directory, for instance runs/reverse_words.")],
    file: Annotated[Path | None, typer.Argument(help="A text file, a sentence a line; `-` for standard input.")] = None,
    beam: Annotated[
        int | None,
        number_option(
            BEAM, "Follow the n likeliest beginnings at once; 1 is quickest.  [default: recipe's]", metavar="<n>"
        ),
    ] = None,
    best: Annotated[
        int,
        number_option(BEST, "Give the n best translations: line number, score and text, tabs between.", metavar="<n>"),
    ] = 1,
    length_penalty: Annotated[Penalty | None, typer.Option(help="Length normalisation of the scores.")] = None,
    alpha: Annotated[
        float | None, number_option(ALPHA, "Exponent of `gnmt`; larger favours longer translations.")
    ] = None,
    no_repeat: Annotated[
        int | None, number_option(NGRAM, "Write no n-gram of this many tokens twice; 0 allows it.", metavar="<n>")
    ] = None,
    unknown: Annotated[
        Unknown | None, typer.Option(help="Unknown target words: copy from the source, keep <unk>, or avoid them.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Forced beginning of every translation.")] = "",
    others: Annotated[
        list[Path] | None, typer.Option("--with", metavar="<run>", help="Ensemble with this run; may be repeated.")
    ] = None,
    aligned: Annotated[bool, typer.Option("--align", help="After a tab the word alignment, as 0-0 1-2.")] = False,
    attention: Annotated[
        bool, typer.Option("--attention", help="Draw the attention matrix: source across, translation down.")
    ] = False,
    pictures: Annotated[list[Path] | None, image_option("Also draw that", "--plot")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with tokens and scores.")] = False,
    reader: AsReader = None,
    column: Column = None,
    out: Out = None,
    beside: Beside = False,
    column_prefix: ColumnPrefix = "",
    force: Force = False,
    workers: Workers = None,
    max_line: MaxLine = MAX_LINE,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Translate text, one sentence a line, as it comes in. An empty line stays empty.

    With --out or --beside a table comes back with columns `translation` and `score`; with --align `alignment`, with
    --best `alternatives` too.
    """
    destination = Destination(out, beside, column_prefix, force, as_json, workers)
    wanted = destination.is_wanted(file)
    if wanted and (attention or pictures):
        odd = "--attention" if attention else "--svg"
        raise UsageError(f"{odd} draws, and goes neither with --out nor with --beside")
    if best > 1 and attention and not as_json:
        raise UsageError("--attention draws one translation of each line: leave out --best, or add --json")
    translator = open_ensemble(run, others or [], trust)
    draw = _json if as_json else _numbered(aligned) if best > 1 else _plain(aligned)
    looked = aligned or attention or bool(pictures)
    settings: dict[str, Any] = {
        "beam": beam,
        "best": best,
        "length_penalty": length_penalty,
        "alpha": alpha,
        "no_repeat_ngram_size": no_repeat,
        "unknown": unknown,
        "prefix": prefix,
        "attention": looked,
    }
    kept: list[Translation] = []
    number = 0
    translator.translate("", **settings)  # raises for contradictory settings before anything is read
    if wanted:
        columns = partial(_added, best > 1, aligned)
        predict = partial(_values, translator, settings)
        write_beside(open_records(run, file, reader, column), destination, columns, predict, "translate")
        return
    inputs = open_inputs(run, file, reader, column)
    for number, result in enumerate(_results(translator, inputs, settings), start=1):
        sys.stdout.write(draw(number, result))
        if attention and not as_json:
            _show(result)
        sys.stdout.flush()
        if result.unread:
            print(
                f"note: {inputs.unit} {number} is too long: its last {result.unread:,} tokens were not read",
                file=sys.stderr,
            )
        if pictures and len(kept) < MAX_DRAWN:
            kept.append(result)
    inputs.note_empty(number, "translate")
    if pictures:
        _draw(pictures, kept, number)


def _added(several: bool, aligned: bool, words: bool) -> Sequence[Added]:
    """Columns of a translation."""
    from seqnlp.records import Added

    columns = [Added("translation", "text"), Added("score", "number")]
    if aligned:
        columns.append(Added("alignment", [["whole"]], pharaoh_text))
    if several:
        columns.append(Added("alternatives", [{"translation": "text", "score": "number"}]))
    return columns


def _values(translator: Translator, settings: dict[str, Any], texts: list[Any]) -> Iterator[Values]:
    sentences = [" ".join(text) if isinstance(text, list) else text for text in texts]
    for sentence, result in zip(sentences, translator.translate(sentences, **settings), strict=True):
        if result.unread:
            note = f"a text is too long, so that its last {result.unread:,} tokens were not read"
            print(f"note: {note}: {sentence[:40]} ...", file=sys.stderr)
        found = {"translation": result.text, "score": result.score, "alignment": result.alignment}
        others = [{"translation": each.text, "score": each.score} for each in result.alternatives]
        yield {**found, "alternatives": others} if result.source_tokens else None


def predict(run: Path, file: Path | None, as_json: bool, trust: bool) -> None:
    """Translate sentences with the default options."""
    translate(run, file, as_json=as_json, trust=trust)


def open_ensemble(run: Path, others: list[Path], trust: bool = False) -> Translator:
    """Open a run as a translator, or several as an ensemble."""
    from seqnlp.tasks.translate.predictor import Translator

    together: Translator | None = None
    for path in (run, *others):
        predictor = open_predictor(path, Translator, trust)
        try:
            together = predictor if together is None else together.joined(predictor)
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None
    assert together is not None
    return together


def _results(translator: Translator, inputs: Inputs, settings: dict[str, Any]) -> Iterator[Translation]:
    """Translate lines as they arrive; with a progress bar unless the text goes to a terminal."""
    from seqnlp.tasks.translate.predictor import AT_ONCE

    with track("translating", quiet=sys.stdout.isatty()) as advance:
        for lines in inputs:
            for start in range(0, len(lines), AT_ONCE):
                for result in translator.translate(lines[start : start + AT_ONCE], **settings):
                    advance(1)
                    yield result


def _plain(aligned: bool) -> Callable[[int, Translation], str]:
    return lambda number, result: result.text + (f"\t{pharaoh(result)}" if aligned else "") + "\n"


def _numbered(aligned: bool) -> Callable[[int, Translation], str]:
    """Formatter of the n-best list of a line: its number and the score before each hypothesis."""

    def draw(number: int, result: Translation) -> str:
        each = (result, *result.alternatives)
        rows = ([str(number), f"{one.score:.4f}", one.text, *([pharaoh(one)] if aligned else [])] for one in each)
        return "".join("\t".join(row) + "\n" for row in rows)

    return draw


def _json(number: int, result: Translation) -> str:
    return to_json(result.to_json()) + "\n"


def pharaoh(result: Translation) -> str:
    """Format a word alignment in Pharaoh format: `0-0 1-2`, source first."""
    return pharaoh_text(result.alignment or [])


def pharaoh_text(pairs: Sequence[Sequence[int]]) -> str:
    """Format pairs of word indices in Pharaoh format."""
    return " ".join(f"{source}-{target}" for source, target in pairs)


def _show(result: Translation) -> None:
    console = stdout_console()
    sys.stdout.write("".join(line + "\n" for line in attention_text(result, console.width, has_braille(console))))


def _draw(pictures: list[Path], results: list[Translation], number: int) -> None:
    from seqnlp.plots.svg_matrices import attention_svg

    drawn = [result for result in results if result.tokens]
    if not drawn:
        print("note: no image, as there is nothing to draw", file=sys.stderr)
        return
    write_images(pictures, attention_svg(drawn))
    if number > len(results):
        print(f"note: the image shows the first {len(results)} of {number:,} sentences", file=sys.stderr)


def attention_text(result: Translation, width: int, unicode: bool = True) -> Iterator[str]:
    """Draw the attention matrix: source tokens across, target tokens down; darker is more.

    A source that is too long for the terminal is folded: its later tokens are in a second matrix below.

    Args:
        result: A translation with its attention.
        width: Columns of the terminal.
        unicode: Draw with shaded blocks rather than with ASCII.
    """
    labels = [_cut(token) for token in result.tokens]
    gutter = max(map(_columns, labels), default=0)
    room = max((width - gutter - 1) // CELL, 1)
    for start in range(0, len(result.source_tokens), room):
        if start:
            yield ""
        yield from _heading(result.source_tokens[start : start + room], gutter)
        for label, weights in zip(labels, result.attention or [], strict=True):
            cells = "".join(shade(weight, plain=not unicode) * CELL for weight in weights[start : start + room])
            yield f"{' ' * (gutter - _columns(label))}{label} {cells}".rstrip()
    yield ""


def _heading(tokens: Sequence[str], gutter: int) -> Iterator[str]:
    """Source tokens, written downwards, each over its column."""
    shown = [_cut(token) for token in tokens]
    height = max(map(len, shown), default=0)
    for row in range(height):
        letters = []
        for token in shown:
            place = row - (height - len(token))
            letter = token[place] if place >= 0 else " "
            letters.append(letter + " " * (CELL - _columns(letter)))
        yield f"{' ' * gutter} {''.join(letters)}".rstrip()


def _cut(token: str) -> str:
    from rich.cells import set_cell_size

    return token if _columns(token) <= MAX_TOKEN else set_cell_size(token, MAX_TOKEN - 1).rstrip() + "…"


def _columns(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
