"""`seqnlp tag`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.common import JsonLines, Pretokenized, RunPath, SentenceFile, Trust, number_option, open_predictor
from seqnlp.cli.inputs import AsReader, Column, open_inputs
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import BEST

if TYPE_CHECKING:
    from seqnlp.results import Tagging
    from seqnlp.tasks.tag.predictor import Tagger

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


def tag(
    run: RunPath,
    file: SentenceFile = None,
    as_json: JsonLines = False,
    as_conllu: Annotated[
        bool, typer.Option("--conllu", help="Write CoNLL-U. A .conllu file keeps all but the tagged columns.")
    ] = False,
    pretokenized: Pretokenized = False,
    columns: Annotated[
        str | None, typer.Option(help="Read a file with a word a line; the names of its columns, such as word,pos.")
    ] = None,
    best: Annotated[int | None, number_option(BEST, "With --json: the n best tag sequences; for a crf.")] = None,
    reader: AsReader = None,
    column: Column = None,
    trust: Trust = False,
) -> None:
    """Tag text, one sentence a line, as it comes in: `word/TAG word/TAG`."""
    from seqnlp.tasks.tag.predictor import Tagger

    if as_json and as_conllu:
        raise UsageError("--json and --conllu contradict each other: choose one")
    if columns is not None and (as_conllu or pretokenized):
        raise UsageError("--columns goes neither with --conllu nor with --pretokenized")
    if best is not None and (not as_json or columns is not None):
        raise UsageError("--best goes with --json, and not with --columns")
    tagger = open_predictor(run, Tagger, trust)
    if columns is not None:
        tag_columns(tagger, file, columns, as_json)
        return
    if file is not None and ".conllu" in file.suffixes[-2:]:
        if not as_conllu:
            raise UsageError(f"{file} is CoNLL-U: tag it with --conllu, which keeps all but the tagged columns")
        _tag_conllu(tagger, file)
        return
    draw = _json if as_json else _conllu(tagger.columns) if as_conllu else _plain
    for lines in open_inputs(run, file, reader, column):
        taggings = tagger.tag(lines, pretokenized=pretokenized, best=best or 0)
        sys.stdout.write("".join(map(draw, lines, taggings)))
        sys.stdout.flush()


def predict(run: Path, file: Path | None, as_json: bool, trust: bool) -> None:
    """Tag sentences with the default options."""
    tag(run, file, as_json, trust=trust)


def _plain(line: str, tagging: Tagging) -> str:
    return " ".join(map("/".join, zip(tagging.tokens, tagging.tags, strict=True))) + "\n"


def _json(line: str, tagging: Tagging) -> str:
    return to_json(tagging.to_json()) + "\n"


def _conllu(columns: list[str]) -> Callable[[str, Tagging], str]:
    """Formatter of new sentences as CoNLL-U; `_` in all but the tagged columns."""
    places = [CONLLU.index(name) if name in CONLLU else None for name in columns]
    if None in places:
        odd = columns[places.index(None)]
        raise UsageError(f"--conllu: the run's label column {odd!r} is none of CoNLL-U ({', '.join(CONLLU)})")

    def draw(line: str, tagging: Tagging) -> str:
        text = " ".join(line.split())
        rows, place = [f"# text = {text}"], 0
        for number, token in enumerate(tagging.tokens):
            place = text.index(token, place) + len(token)
            row = [str(number + 1), token, *["_"] * 8]
            for column, name in zip(places, columns, strict=True):
                row[column or 0] = tagging.columns[name][number]
            if place < len(text) and text[place] != " ":
                row[9] = "SpaceAfter=No"
            rows.append("\t".join(row))
        return "\n".join(rows) + "\n\n" if tagging.tokens else ""

    return draw


def _tag_conllu(tagger: Tagger, file: Path) -> None:
    from seqnlp.readers.conll import parse_conllu, rewrite_conllu
    from seqnlp.readers.files import open_text

    _conllu(tagger.columns)  # the columns must be some of CoNLL-U's
    tokens = tagger.inputs[0]
    sentences = ({**sentence, tokens: sentence["form"]} for sentence in parse_conllu(open_text(file), file))
    columns = (tagging.columns for tagging in tagger.tag(sentences))
    rewrite_conllu(file, sys.stdout.buffer, columns)


def tag_columns(tagger: Tagger, file: Path | None, names: str, as_json: bool) -> None:
    """Tag a file of columns: print it with the predicted columns at the right, or as JSON.

    Args:
        tagger: The tagger.
        file: A word a line, columns separated by blanks or tabs, an empty line between sentences.
        names: The names of its columns, separated by commas; `_` for one to leave out.
        as_json: Print one JSON object a sentence.

    Raises:
        seqnlp.errors.UsageError: if columns that the tagger reads are missing.
    """
    from seqnlp.readers.conll import Columns

    columns = [name.strip() for name in names.split(",")]
    kept = [name for name in columns if name != "_"]
    missing = [name for name in tagger.inputs if name not in kept]
    if missing:
        raise UsageError(f"--columns {names}: the tagger reads {', '.join(tagger.inputs)}; {missing[0]} is missing")
    if len(set(kept)) < len(kept) or "" in kept:
        raise UsageError(f"--columns {names}: expected different names with commas between")
    if file is None or str(file) == "-":
        raise UsageError("--columns reads a file; name one")
    sentences, again = tee(Columns(names=columns).sentences(file))
    for sentence, tagging in zip(again, tagger.tag(sentences), strict=True):
        sys.stdout.write(to_json(tagging.to_json()) if as_json else _rows(sentence, tagging))
        sys.stdout.write("\n")


def _rows(sentence: Mapping[str, list[str]], tagging: Tagging) -> str:
    given = [values for name, values in sentence.items() if name not in tagging.columns]
    rows = zip(*given, *tagging.columns.values(), strict=True)
    return "".join("\t".join(row) + "\n" for row in rows)
