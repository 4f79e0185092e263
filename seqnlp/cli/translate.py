"""`seqnlp translate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seqnlp.cli.lines import blocks
from seqnlp.cli.opening import open_predictor
from seqnlp.cli.pictures import picture_option
from seqnlp.errors import UsageError
from seqnlp.plots.files import write_pictures

if TYPE_CHECKING:
    from seqnlp.results import Translation
    from seqnlp.tasks.translate.predictor import Translator

DRAWN = 50
"""Sentences in a picture, at most."""

Penalty = Literal["gnmt", "average", "none"]
Unknown = Literal["copy", "keep", "avoid"]


def translate(
    run: Annotated[Path, typer.Argument(help="A run directory, for instance runs/reverse_words.")],
    file: Annotated[Path | None, typer.Argument(help="A text file, a sentence a line; `-` for standard input.")] = None,
    beam: Annotated[
        int | None,
        typer.Option(
            metavar="<n>", help="Follow the n likeliest beginnings at once; 1 is quickest.  [default: recipe's]"
        ),
    ] = None,
    best: Annotated[
        int,
        typer.Option(metavar="<n>", help="Give the n best translations: line number, score and text, tabs between."),
    ] = 1,
    length_penalty: Annotated[
        Penalty | None, typer.Option(help="What scores are divided by, so that long ones stand a chance.")
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="Exponent of `gnmt`; larger favours longer ones.")] = None,
    no_repeat: Annotated[
        int | None, typer.Option(metavar="<n>", help="Never write the same n tokens twice; 0 allows it.")
    ] = None,
    unknown: Annotated[
        Unknown | None, typer.Option(help="Unknown target words: copy the source's, keep a sign, or avoid them.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="What every translation must begin with.")] = "",
    others: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="<run>", help="Decide together with this run; several may be given."),
    ] = None,
    aligned: Annotated[
        bool, typer.Option("--align", help="After a tab: which source word became which word, as 0-0 1-2.")
    ] = False,
    attention: Annotated[
        bool, typer.Option("--attention", help="Draw what each token looked at: source across, translation down.")
    ] = False,
    pictures: Annotated[list[Path] | None, picture_option("Also draw that", "--plot")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with tokens and scores.")] = False,
) -> None:
    """Translate text, one sentence a line, as it comes in. An empty line stays empty."""
    if best > 1 and attention and not as_json:
        raise UsageError("--attention draws one translation of each line: leave out --best, or add --json")
    translator = opened(run, others or [])
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
    for number, result in enumerate(_results(translator, file, settings), start=1):
        sys.stdout.write(draw(number, result))
        if attention and not as_json:
            _show(result)
        sys.stdout.flush()
        if result.unread:
            print(f"note: line {number} is too long: its last {result.unread:,} tokens were not read", file=sys.stderr)
        if pictures and len(kept) < DRAWN:
            kept.append(result)
    if pictures:
        _draw(pictures, kept, number)


def predict(run: Path, file: Path | None, as_json: bool) -> None:
    """Translate sentences with the defaults of the command."""
    translate(run, file, as_json=as_json)


def opened(run: Path, others: list[Path]) -> Translator:
    """Open a run of a translator, and those that are to decide with it."""
    from seqnlp.tasks.translate.predictor import Translator

    together: Translator | None = None
    for path in (run, *others):
        predictor = open_predictor(path, Translator)
        try:
            together = predictor if together is None else together.joined(predictor)
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None
    assert together is not None
    return together


def _results(translator: Translator, file: Path | None, settings: dict[str, Any]) -> Iterator[Translation]:
    """Translations as soon as they are found, with a bar meanwhile where the text goes elsewhere than to a terminal."""
    from seqnlp.cli.progress import track

    translator.translate("", **settings)  # settings that make no sense are told before anything is read
    with track("translating", quiet=sys.stdout.isatty()) as advance:
        for lines in blocks(file):
            for result in translator.translate(iter(lines), **settings):
                advance(1)
                yield result


def _plain(aligned: bool) -> Callable[[int, Translation], str]:
    return lambda number, result: result.text + (f"\t{pharaoh(result)}" if aligned else "") + "\n"


def _numbered(aligned: bool) -> Callable[[int, Translation], str]:
    """All the translations of a line, each with the number of the line and its score."""

    def draw(number: int, result: Translation) -> str:
        each = (result, *result.alternatives)
        rows = ([str(number), f"{one.score:.4f}", one.text, *([pharaoh(one)] if aligned else [])] for one in each)
        return "".join("\t".join(row) + "\n" for row in rows)

    return draw


def _json(number: int, result: Translation) -> str:
    return json.dumps(result.to_json(), ensure_ascii=False) + "\n"


def pharaoh(result: Translation) -> str:
    """Which words belong together: `0-0 1-2`, source first, counted from 0."""
    return " ".join(f"{source}-{target}" for source, target in result.alignment or [])


def _show(result: Translation) -> None:
    from seqnlp.cli.attention_text import matrix
    from seqnlp.cli.tables import has_braille, stdout_console

    console = stdout_console()
    sys.stdout.write("".join(line + "\n" for line in matrix(result, console.width, has_braille(console))))


def _draw(pictures: list[Path], results: list[Translation], number: int) -> None:
    from seqnlp.plots.attention_svg import draw

    drawn = [result for result in results if result.tokens]
    if not drawn:
        print("note: no picture, for there is nothing to draw", file=sys.stderr)
        return
    write_pictures(pictures, draw(drawn))
    if number > len(results):
        print(f"note: the picture shows the first {len(results)} of {number:,} sentences", file=sys.stderr)
