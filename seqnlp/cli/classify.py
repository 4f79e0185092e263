"""`seqnlp classify`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli.beside import Beside, ColumnPrefix, Destination, Force, Out, write_beside
from seqnlp.cli.common import Device, JsonLines, MaxLine, Pretokenized, Trust, open_predictor
from seqnlp.cli.inputs import AsReader, Column, data_of, open_inputs, open_records
from seqnlp.cli.tables import has_colours, stdout_console
from seqnlp.cli.workers import Workers
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.lines import MAX_LINE

if TYPE_CHECKING:
    from rich.text import Text

    from seqnlp.records import Added, Values
    from seqnlp.results import Classification
    from seqnlp.tasks.classify.predictor import Classifier

SATURATION = 0.75
"""Saturation of the word with the largest contribution, from 0 to 1."""


def classify(
    run: Annotated[Path, typer.Argument(help="A run directory, for instance runs/sentiment_lstm.")],
    file: Annotated[
        Path | None, typer.Argument(help="A text file, one text a line, or a csv, jsonl, ...; `-` for standard input.")
    ] = None,
    as_json: JsonLines = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the contribution of each word to the most probable class.")
    ] = False,
    pretokenized: Pretokenized = False,
    reader: AsReader = None,
    column: Column = None,
    out: Out = None,
    beside: Beside = False,
    scores: Annotated[
        bool, typer.Option("--scores", help="With --out or --beside: also the probability of each class.")
    ] = False,
    column_prefix: ColumnPrefix = "",
    force: Force = False,
    workers: Workers = None,
    max_line: MaxLine = MAX_LINE,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Classify texts, one a line, as they come in: the class, a tab, and the probability of each class.

    A line without words gets an empty line. With --explain a second line shows the words, green for a positive
    contribution to the most probable class and red for a negative one; in a pipe each is followed by its number.
    With --out or --beside a table comes back with columns `label` and `score`; of a multi-label run with `labels`.
    """
    from seqnlp.tasks.classify.predictor import Classifier

    destination = Destination(out, beside, column_prefix, force, as_json, workers)
    wanted = destination.is_wanted(file)
    if scores and not wanted:
        raise UsageError("--scores goes with --out or --beside; --json has the probabilities anyway")
    classifier = open_predictor(run, Classifier, trust)
    if wanted:
        separator = data_of(run).separator
        columns = partial(_columns, classifier, scores, explain, separator)
        predict = partial(_values, classifier, explain, pretokenized)
        write_beside(open_records(run, file, reader, column), destination, columns, predict, "classify")
        return
    console = stdout_console()
    draw = _numbered if explain else _plain
    done, empty, first = 0, 0, 0
    inputs = open_inputs(run, file, reader, column)
    for lines in inputs:
        results = classifier.classify(lines, explain=explain, pretokenized=pretokenized)
        for number, result in enumerate(results, start=done + 1):
            if not result.tokens:
                empty, first = empty + 1, first or number
        done += len(lines)
        if as_json:
            sys.stdout.write("".join(to_json(result.to_json()) + "\n" for result in results))
        elif explain and has_colours(console):
            for result in results:
                console.print(coloured(result), soft_wrap=True, end="")
        else:
            sys.stdout.write("".join(map(draw, results)))
        sys.stdout.flush()
    inputs.note_empty(done, "classify")
    if empty:
        unit = inputs.unit
        print(f"note: no class for {empty} {unit}s without words, the first of them {unit} {first}", file=sys.stderr)


def _columns(classifier: Classifier, scores: bool, explain: bool, separator: str, words: bool) -> Sequence[Added]:
    """Columns of a prediction; the words only where these are not given."""
    from seqnlp.records import Added

    label = Added("labels", ["text"], separator.join) if classifier.multilabel else Added("label", "text")
    columns = [label] if classifier.multilabel else [label, Added("score", "number")]
    if scores:
        columns.append(Added("scores", dict.fromkeys(classifier.labels.names, "number")))
    if explain:
        columns += [] if words else [Added("tokens", ["text"])]
        columns.append(Added("contributions", ["number"]))
    return columns


def _values(classifier: Classifier, explain: bool, pretokenized: bool, texts: list[Any]) -> Iterator[Values]:
    for result in classifier.classify(texts, explain=explain, pretokenized=pretokenized):
        score = result.scores[result.label] if result.label is not None else None
        yield {**result.to_json(), "score": score} if result.tokens else None


def predict(run: Path, file: Path | None, as_json: bool, trust: bool) -> None:
    """Classify texts with the default options."""
    classify(run, file, as_json, trust=trust)


def _plain(result: Classification) -> str:
    scores = " ".join(f"{name}={score:.4f}" for name, score in result.scores.items())
    return f"{','.join(result.labels)}\t{scores}\n" if result.tokens else "\n"


def _numbered(result: Classification) -> str:
    if not result.tokens:
        return _plain(result)
    words = zip(result.tokens, result.contributions or [], strict=True)
    return _plain(result) + "  " + " ".join(f"{word}({contribution:+.2f})" for word, contribution in words) + "\n"


def coloured(result: Classification) -> Text:
    """Format the class and the words' contributions: as green or red backgrounds."""
    from rich.text import Text

    picture = Text(_plain(result))
    contributions = result.contributions or []
    largest = max(map(abs, contributions), default=0.0) or 1.0
    for word, contribution in zip(result.tokens, contributions, strict=True):
        paleness = round(255 * (1 - SATURATION * abs(contribution) / largest))
        ground = f"#{paleness:02x}ff{paleness:02x}" if contribution >= 0 else f"#ff{paleness:02x}{paleness:02x}"
        picture.append(" ").append(word, f"black on {ground}")
    return picture.append("\n") if result.tokens else picture
