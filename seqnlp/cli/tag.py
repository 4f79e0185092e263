"""`seqnlp tag`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from itertools import chain, tee
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli.beside import Beside, ColumnPrefix, Destination, Force, Out, write_beside
from seqnlp.cli.common import (
    Device,
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
from seqnlp.cli.inputs import AsReader, Column, first_bytes, open_inputs, open_records, peek
from seqnlp.cli.workers import Workers
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import BEST
from seqnlp.lines import MAX_LINE

if TYPE_CHECKING:
    from seqnlp.readers import Reader
    from seqnlp.readers.conll import Columns
    from seqnlp.records import Added, Shape, Values
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
    out: Out = None,
    beside: Beside = False,
    column_prefix: ColumnPrefix = "",
    force: Force = False,
    workers: Workers = None,
    max_line: MaxLine = MAX_LINE,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Tag text, one sentence a line, as it comes in: `word/TAG word/TAG`, and after a tab the spans.

    A file of columns is read with the delimiter, comments and document lines of the run's own reader. With --out or
    --beside CoNLL-U and files of columns come back with the predicted columns filled in or added at the right, and
    tables with columns `tokens` and `tags`.
    """
    from seqnlp.readers.conll import is_conllu
    from seqnlp.readers.files import raw_lines
    from seqnlp.tasks.tag.predictor import Tagger

    destination = Destination(out, beside, column_prefix, force, as_json, workers)
    wanted = destination.is_wanted(file)
    if as_json and as_conllu:
        raise UsageError("--json and --conllu contradict each other: choose one")
    if as_conllu and beside:
        raise UsageError("--conllu writes to standard output already: leave out --beside")
    if columns is not None and (as_conllu or pretokenized):
        raise UsageError("--columns goes neither with --conllu nor with --pretokenized")
    if best is not None and (not as_json or columns is not None or wanted):
        raise UsageError("--best goes with --json, and not with --columns, --out or --beside")
    tagger = open_predictor(run, Tagger, trust)
    named = _columns_reader(tagger, columns, reader)
    if named is not None:
        if wanted:
            _columns_beside(tagger, file, named, destination)
        else:
            _print_columns(tagger, file, named, as_json)
        return
    if file is not None and ".conllu" in file.suffixes[-2:]:
        _tag_conllu(
            tagger, file, raw_lines(file, True, encoding_of_input(file, tagger.data.reader)), as_conllu, destination
        )
        return
    first, whole = (
        peek(file) if reader in (None, "conllu") and column is None else ([], partial(decoded_blocks, keep_mark=True))
    )
    if reader == "conllu" or is_conllu([line.rstrip("\r\n") for line in first]):
        is_file = file is not None and file.is_file()
        rest = (
            raw_lines(Path(str(file)), True, encoding_of_input(file, tagger.data.reader))
            if is_file
            else chain.from_iterable(whole(file))
        )
        _tag_conllu(tagger, file, rest, as_conllu, destination)
        return
    own = _own_columns(tagger, first, file, pretokenized, wanted)
    if own is not None:
        is_file = file is not None and file.is_file()
        _columns_beside(tagger, file, own, destination, None if is_file else chain.from_iterable(whole(file)))
        return
    as_conllu = as_conllu or destination.extension == ".conllu"
    if wanted and not as_conllu:
        keeping = whole if reader is None and column is None else None
        records = open_records(run, file, reader, column, keeping)
        write_beside(records, destination, partial(_added, tagger), partial(_values, tagger, pretokenized), "tag")
        return
    _check_one_process(destination, "CoNLL-U")
    inputs = open_inputs(run, file, reader, column, lambda file: without_ends(whole(file)))
    draw = _json if as_json else _conllu(tagger.columns) if as_conllu else _plain
    done = 0
    with destination.opened() if wanted else nullcontext() as written:
        for lines in inputs:
            taggings = tagger.tag(lines, pretokenized=pretokenized, best=best or 0)
            text = "".join(map(draw, lines, taggings))
            if written is None:
                sys.stdout.write(text)
                sys.stdout.flush()
            else:
                written.write(text.encode())
            done += len(lines)
    inputs.note_empty(done, "tag")


def _columns_reader(tagger: Tagger, columns: str | None, reader: str | None) -> Columns | None:
    """Reader of a file of columns that --columns or --reader asks for.

    Raises:
        seqnlp.errors.UsageError: both are given; names that make no sense.
    """
    from seqnlp.readers.conll import Columns

    if reader is not None and reader.startswith("{"):
        from seqnlp.cli.corpora import parse_reader

        asked = parse_reader(reader)
        if isinstance(asked, Columns):
            if columns is not None:
                raise UsageError("--columns and the names of --reader contradict each other: leave out one")
            return asked
    own = tagger.data.reader
    if columns is None:
        return own if reader == "columns" and isinstance(own, Columns) else None
    return _named(tagger, columns)


def _named(tagger: Tagger, columns: str) -> Columns:
    """Reader of these columns; delimiter and comments are those of the run's own.

    Raises:
        seqnlp.errors.UsageError: if columns that the tagger reads are missing.
    """
    from seqnlp.readers.conll import Columns

    own, names = tagger.data.reader, [name.strip() for name in columns.split(",")]
    kept = [name for name in names if name != "_"]
    missing = [name for name in tagger.inputs if name not in kept]
    if missing:
        raise UsageError(f"--columns {columns}: the tagger reads {', '.join(tagger.inputs)}; {missing[0]} is missing")
    if len(set(kept)) < len(kept) or "" in kept:
        raise UsageError(f"--columns {columns}: expected different names with commas between")
    return own.model_copy(update={"names": names}) if isinstance(own, Columns) else Columns(names=names)


def _own_columns(
    tagger: Tagger, lines: list[str], file: Path | None, pretokenized: bool, wanted: bool
) -> Columns | None:
    """Reader of the run, for a word and its labels a line; None for other input.

    Raises:
        seqnlp.errors.UsageError: its columns have no names, or are to be named: words would be tagged as sentences.
    """
    from seqnlp.readers.conll import Columns, columns_in

    labels = {name for codec in tagger.labels.values() for own in codec.decoders.values() for name in own.names}
    width = columns_in([line.rstrip("\r\n") for line in lines], labels, tabs=not pretokenized)
    if not width:
        return None
    reader = tagger.data.reader
    if not isinstance(reader, Columns) or len(reader.names) != width:
        names = [tagger.inputs[0], *"_" * (width - 1)]
    elif wanted:
        return reader
    else:
        names = reader.names
    problem = f"{input_name(file)} has {width} columns, a word and its labels a line"
    raise UsageError(f"{problem}: tag it with --columns and their names, such as --columns {','.join(names)}")


def _added(tagger: Tagger, words: bool) -> Sequence[Added]:
    """Columns of a tagged text; its words only where these are not given."""
    from seqnlp.records import Added

    span: dict[str, Shape] = {"label": "text", "start": "whole", "end": "whole"}
    span |= {"start_char": "whole", "end_char": "whole", "score": "number", "text": "text"}
    columns = [] if words else [Added("tokens", ["text"])]
    columns.append(Added("tags", ["text"]))
    if len(tagger.columns) > 1:
        columns.append(Added("columns", {name: ["text"] for name in tagger.columns}))
    if tagger.data.scheme is not None:
        columns.append(Added("spans", [span]))
    return columns


def _values(tagger: Tagger, pretokenized: bool, texts: list[Any]) -> Iterator[Values]:
    for tagging in tagger.tag(texts, pretokenized=pretokenized):
        yield tagging.to_json() if tagging.tokens else None


def predict(run: Path, file: Path | None, as_json: bool, trust: bool) -> None:
    """Tag sentences with the default options."""
    tag(run, file, as_json, trust=trust)


def _plain(line: str, tagging: Tagging) -> str:
    """Format a sentence as words with the tags of every column; after a tab, the text of its spans."""
    tagged = " ".join(map("/".join, zip(tagging.tokens, *tagging.columns.values(), strict=True)))
    spans = "; ".join(f"{span.label}: {' '.join(span.text.split())}" for span in tagging.spans or [])
    return tagged + (f"\t{spans}" if spans else "") + "\n"


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


def _tag_conllu(
    tagger: Tagger, file: Path | None, lines: Iterable[str], as_conllu: bool, destination: Destination
) -> None:
    """Tag CoNLL-U, which keeps all but the predicted columns; or write its sentences as JSON lines."""
    from seqnlp.readers.conll import COMMENTS, parse_conllu, rewrite_conllu
    from seqnlp.readers.files import BOM
    from seqnlp.records.encoded import encoded

    _check_one_process(destination, "CoNLL-U")
    tokens, name = tagger.inputs[0], input_name(file)
    as_json = destination.is_json_lines("CoNLL-U", (".conllu",))
    if not (as_conllu or as_json or destination.beside or destination.out):
        problem = f"{name} is CoNLL-U: tag it with --conllu, which keeps all but the tagged columns"
        raise UsageError(f"{problem}; --beside --json writes JSON lines")
    if not as_json:
        _conllu(tagger.columns)  # the columns must be some of CoNLL-U's
    copied, read = tee(lines)
    stripped = (line.removeprefix(BOM).rstrip("\r\n") for line in read)
    given, again = tee(parse_conllu(stripped, name))
    taggings = tagger.tag({**sentence, tokens: sentence["form"]} for sentence in given)
    with destination.opened() as out:
        if as_json:
            for sentence, tagging in zip(again, taggings, strict=True):
                comments = {key: sentence[key] for key in COMMENTS if sentence[key]}
                out.write(to_json({**comments, **tagging.to_json()}).encode() + b"\n")
        else:
            del again  # which would keep all sentences
            kept = encoding_of_input(file, tagger.data.reader) if destination.out or destination.beside else "utf-8"
            rewrite_conllu(copied, encoded(out, kept), (tagging.columns for tagging in taggings), name)


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
    _print_columns(tagger, file, _named(tagger, names), as_json)


def _print_columns(tagger: Tagger, file: Path | None, reader: Columns, as_json: bool) -> None:
    from seqnlp.readers.files import open_text

    name = input_name(file)
    piped = name == "standard input"
    lines = chain.from_iterable(blocks(file)) if piped else open_text(Path(name), reader.encoding)
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


def encoding_of_input(file: Path | None, reader: Reader) -> str:
    """Encoding of an input: of a file that of the corpus, with its byte order; standard input is UTF-8."""
    from seqnlp.readers.base import TextReader
    from seqnlp.records.encoded import with_byte_order

    if file is None or not file.is_file() or not isinstance(reader, TextReader):
        return "utf-8"
    return with_byte_order(reader.encoding, first_bytes(file))


def _check_one_process(destination: Destination, what: str) -> None:
    """Refuse several processes for a format that one writes as it tags."""
    if destination.workers is not None:
        raise UsageError(f"--workers goes with tables and lines of text; {what} is written by one process")


def _columns_beside(
    tagger: Tagger, file: Path | None, reader: Columns, destination: Destination, lines: Iterable[str] | None = None
) -> None:
    """Tag a text of columns: all its lines as they are, with the predicted columns filled in or at the right.

    Args:
        tagger: The tagger.
        file: A word a line, an empty line between sentences; None or `-` for standard input.
        reader: Tells its columns, comments and documents.
        destination: Place of the result; JSON Lines have an object a sentence.
        lines: Its lines with their ends, if some of them were read already.
    """
    from seqnlp.readers.conll import rewrite_columns
    from seqnlp.readers.files import BOM, raw_lines
    from seqnlp.records.encoded import encoded

    _check_one_process(destination, "a file of columns")
    name = input_name(file)
    encoding = encoding_of_input(file, reader)
    if lines is None:
        is_file = file is not None and file.is_file()
        lines = raw_lines(Path(name), True, encoding) if is_file else chain.from_iterable(decoded_blocks(file, True))
    as_json = destination.is_json_lines("a word a line", (".conll", ".iob", ".bio"))
    copied, read = tee(lines)
    stripped = (line.removeprefix(BOM).rstrip("\r\n") for line in read)
    rows = ([row for row in block if isinstance(row, list)] for block in reader.blocks(stripped, name))
    taggings = tagger.tag(reader.sentence(tokens) for tokens in rows if tokens)
    replaced: set[str] = set()
    with destination.opened() as out:
        if as_json:
            del copied
            for tagging in taggings:
                out.write(to_json(tagging.to_json()).encode() + b"\n")
        else:
            own = encoded(out, encoding)
            replaced = rewrite_columns(copied, own, (tagging.columns for tagging in taggings), reader, name)
    if replaced:
        names = ",".join("_" if column in replaced else column for column in reader.names)
        what = f"{', '.join(sorted(replaced))} of {name} replaced by predictions"
        print(f"note: {what}; --columns {names} keeps it, and adds predictions at the right", file=sys.stderr)


def _rows(sentence: Mapping[str, list[str]], tagging: Tagging, delimiter: str) -> Iterator[str]:
    given = [values for name, values in sentence.items() if name not in tagging.columns]
    return map(delimiter.join, zip(*given, *tagging.columns.values(), strict=True))
