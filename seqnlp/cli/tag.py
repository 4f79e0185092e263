"""`seqnlp tag`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.common import (
    JsonLines,
    MaxLine,
    Pretokenized,
    RunPath,
    SentenceFile,
    Trust,
    blocks,
    decoded_blocks,
    input_name,
    number_option,
    open_predictor,
    without_ends,
)
from seqnlp.cli.inputs import AsReader, Column, open_inputs, peek
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import BEST
from seqnlp.lines import MAX_LINE

if TYPE_CHECKING:
    from seqnlp.results import Tagging
    from seqnlp.tasks.tag.predictor import Tagger

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")


def tag(
    run: RunPath,
    file: SentenceFile = None,
    as_json: JsonLines = False,
    as_conllu: Annotated[
        bool, typer.Option("--conllu", help="Write CoNLL-U. Input in CoNLL-U keeps all but the tagged columns.")
    ] = False,
    pretokenized: Pretokenized = False,
    columns: Annotated[
        str | None, typer.Option(help="Read a file with a word a line; the names of its columns, such as word,pos.")
    ] = None,
    best: Annotated[int | None, number_option(BEST, "With --json: the n best tag sequences; for a crf.")] = None,
    reader: AsReader = None,
    column: Column = None,
    max_line: MaxLine = MAX_LINE,
    trust: Trust = False,
) -> None:
    """Tag text, one sentence a line, as it comes in: `word/TAG word/TAG`.

    A file of columns is read with the delimiter, comments and document lines of the run's own reader.
    """
    from seqnlp.readers.conll import is_conllu
    from seqnlp.readers.files import raw_lines
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
        _tag_conllu(tagger, file, raw_lines(file, keep_mark=True, encoding=encoding_of(tagger)), as_conllu)
        return
    first, whole = peek(file) if reader is None and column is None else ([], decoded_blocks)
    if is_conllu([line.rstrip("\r\n") for line in first]):
        is_file = file is not None and file.is_file()
        rest = raw_lines(Path(str(file)), True, encoding_of(tagger)) if is_file else chain.from_iterable(whole(file))
        _tag_conllu(tagger, file, rest, as_conllu)
        return
    _refuse_columns(tagger, first, file, pretokenized)
    inputs = open_inputs(run, file, reader, column, lambda file: without_ends(whole(file)))
    draw = _json if as_json else _conllu(tagger.columns) if as_conllu else _plain
    for lines in inputs:
        taggings = tagger.tag(lines, pretokenized=pretokenized, best=best or 0)
        sys.stdout.write("".join(map(draw, lines, taggings)))
        sys.stdout.flush()


def _refuse_columns(tagger: Tagger, lines: list[str], file: Path | None, pretokenized: bool) -> None:
    """Refuse input with a word and its labels a line: its words would be tagged as sentences."""
    from seqnlp.readers.conll import Columns, columns_in

    labels = {name for codec in tagger.labels.values() for own in codec.decoders.values() for name in own.names}
    width = columns_in([line.rstrip("\r\n") for line in lines], labels, tabs=not pretokenized)
    if width:
        reader = tagger.data.reader
        names = reader.names if isinstance(reader, Columns) and len(reader.names) == width else []
        names = names or [tagger.inputs[0], *"_" * (width - 1)]
        problem = f"{input_name(file)} has {width} columns, a word and its labels a line"
        raise UsageError(f"{problem}: tag it with --columns and their names, such as --columns {','.join(names)}")


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


def _tag_conllu(tagger: Tagger, file: Path | None, lines: Iterable[str], as_conllu: bool) -> None:
    from seqnlp.readers.conll import parse_conllu, rewrite_conllu
    from seqnlp.readers.files import BOM

    tokens, name = tagger.inputs[0], input_name(file)
    if not as_conllu:
        raise UsageError(f"{name} is CoNLL-U: tag it with --conllu, which keeps all but the tagged columns")
    _conllu(tagger.columns)  # the columns must be some of CoNLL-U's
    copied, read = tee(lines)
    stripped = (line.removeprefix(BOM).rstrip("\r\n") for line in read)
    sentences = ({**sentence, tokens: sentence["form"]} for sentence in parse_conllu(stripped, name))
    columns = (tagging.columns for tagging in tagger.tag(sentences))
    rewrite_conllu(copied, sys.stdout.buffer, columns, name)


def tag_columns(tagger: Tagger, file: Path | None, names: str, as_json: bool) -> None:
    """Tag a text of columns: print all its lines, tokens with the predicted columns at the right; or as JSON.

    Args:
        tagger: The tagger; how columns, comments and documents are told is a setting of its reader.
        file: A word a line, an empty line between sentences; None or `-` for standard input.
        names: The names of its columns, separated by commas; `_` for one to leave out.
        as_json: Print one JSON object a sentence.

    Raises:
        seqnlp.errors.UsageError: if columns that the tagger reads are missing.
    """
    from seqnlp.readers.conll import Columns
    from seqnlp.readers.files import open_text

    columns = [name.strip() for name in names.split(",")]
    kept = [name for name in columns if name != "_"]
    missing = [name for name in tagger.inputs if name not in kept]
    if missing:
        raise UsageError(f"--columns {names}: the tagger reads {', '.join(tagger.inputs)}; {missing[0]} is missing")
    if len(set(kept)) < len(kept) or "" in kept:
        raise UsageError(f"--columns {names}: expected different names with commas between")
    own, name = tagger.data.reader, input_name(file)
    reader = own.model_copy(update={"names": columns}) if isinstance(own, Columns) else Columns(names=columns)
    lines = (
        chain.from_iterable(blocks(file)) if name == "standard input" else open_text(Path(name), encoding_of(tagger))
    )
    read, again = tee(reader.blocks(lines, name))
    rows = ([row for row in block if isinstance(row, list)] for block in read)
    taggings = tagger.tag(reader.sentence(tokens) for tokens in rows if tokens)
    for block in again:
        tokens = [row for row in block if isinstance(row, list)]
        tagging = next(taggings) if tokens else None
        if as_json:
            sys.stdout.write(f"{to_json(tagging.to_json())}\n" if tagging else "")
        else:
            tagged = _rows(reader.sentence(tokens), tagging, reader.delimiter or "\t") if tagging else iter(())
            sys.stdout.write("".join((line if isinstance(line, str) else next(tagged)) + "\n" for line in block))


def encoding_of(tagger: Tagger) -> str:
    """Encoding of files: that of the corpus."""
    from seqnlp.readers.base import TextReader

    reader = tagger.data.reader
    return reader.encoding if isinstance(reader, TextReader) else "utf-8"


def _rows(sentence: Mapping[str, list[str]], tagging: Tagging, delimiter: str) -> Iterator[str]:
    given = [values for name, values in sentence.items() if name not in tagging.columns]
    return map(delimiter.join, zip(*given, *tagging.columns.values(), strict=True))
