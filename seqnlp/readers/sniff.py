"""Format of a file and roles of its columns, guessed."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

from seqnlp.codecs.label_columns import SEPARATORS, joined_labels
from seqnlp.codecs.spans import PREFIXES, Scheme, check_tags, parse_tags
from seqnlp.codecs.text import Column
from seqnlp.errors import DataError
from seqnlp.readers.audio import SUFFIXES as RECORDINGS
from seqnlp.readers.conll import Columns, is_conllu
from seqnlp.readers.csv import Csv
from seqnlp.readers.delimited import HEAD, QUOTES, delimiter_of
from seqnlp.readers.describe import TOKEN_COLUMNS, kind_of, value_counts
from seqnlp.readers.encodings import UTF8
from seqnlp.readers.files import open_text
from seqnlp.readers.hub import TRANSLATION
from seqnlp.readers.numbers import number_or_nan
from seqnlp.readers.series import SERIES, TIMES
from seqnlp.readers.table_settings import looks_like_series, series_settings, table_settings
from seqnlp.readers.timestamps import TimestampError, parse_times
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset

Format = Literal["conllu", "columns", "series", "csv", "text"]
Ask = Callable[[str, Sequence[str]], str]
"""Answers a question with one of some choices, of which the first is the likeliest."""

SAMPLE = 100_000
"""Characters that the script of a text is told by."""
NAME = 40
"""Characters of the name of a column, at most."""
CLASSES = 200
"""Different values of a column of labels, at most, unless its name says that it is one."""
LONGEST = 60
"""Characters of a label, at most."""
LABELS = (
    *("label", "labels", "class", "classes", "category", "categories", "target", "tag", "tags", "sentiment", "topic"),
    *("topics", "intent", "genre", "polarity", "emotion", "rating", "stars", "queue", "kategorie", "klasse"),
)
"""Names of columns of labels, the likeliest first."""
TEXTS = (
    *("text", "sentence", "body", "message", "review", "content", "comment", "description", "utterance", "tweet"),
    *("question", "document", "abstract", "transcript", "title", "subject"),
)
"""Names of columns of texts, the likeliest first."""
TAGS = ("tags", "ner_tags", "labels", "pos_tags", "pos", "upos", "ner", "tag", "label")
"""Names of columns of tags, a list a sentence."""
PAIRS = (("source", "target"), ("src", "tgt"), ("input", "output"), ("original", "translation"))
"""Names of columns of sentences and their translations."""
LANGUAGE = re.compile(
    "(ar|bg|bn|ca|cs|da|de|el|en|es|et|fa|fi|fr|ga|he|hi|hr|hu|id|it|ja|ko|lt|lv|nl|no|pl|pt|ro|ru|sk|sl|sr|sv|sw|ta|th"
    "|tr|uk|ur|vi|zh)([-_][a-z]{2})?"
)
"""Codes of languages that columns are named by."""
SENTENCE = re.compile(r"[.?!…。！？]$")
WITHOUT_BLANKS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")
"""Scripts with no blanks between words."""


def head(path: Path, encoding: str = UTF8) -> list[str]:
    """First lines of a text file; the same errors as `open_text`."""
    return list(islice(open_text(path, encoding), HEAD))


def format_of(path: Path, lines: Sequence[str], named: str) -> Format:
    """Format of a text file.

    Args:
        path: The file.
        lines: Its first lines.
        named: What its ending says: csv, conllu, columns or text.
    """
    if named == "conllu" or is_conllu(lines):
        return "conllu"
    if named == "columns" or token_columns(lines):
        return "columns"
    if looks_like_series(path) or series_settings(path, lines) is not None:
        return "series"
    if (
        named == "csv"
        or (path.suffix not in ("", ".txt") and delimiter_of(lines))
        or "\t" in map(partial(delimiter_of, lines), QUOTES)
    ):
        return "csv"
    return "text"


def token_columns(lines: Sequence[str]) -> tuple[str | None, int] | None:
    """Delimiter and number of columns of lines of tokens.

    Empty lines part its sentences; None for other texts.
    """
    kept = [line for line in lines if not line.startswith(("-DOCSTART-", "# "))]
    blocks = [list(block) for filled, block in groupby(kept, key=lambda line: bool(line.strip())) if filled]
    if len(blocks) < 2 or sum(map(len, blocks)) < 1.5 * len(blocks):
        return None
    delimiters: tuple[str | None, ...] = ("\t", None)
    for delimiter in delimiters:
        rows = [line.split(delimiter) for line in chain(*blocks)]
        widths = {len(row) for row in rows}
        if len(widths) == 1 and widths != {1} and all(len(field.split()) <= 1 for row in rows for field in row):
            return delimiter, widths.pop()
    return None


def is_time(cells: Sequence[str]) -> bool:
    """True for timestamps that say a day."""
    try:
        return bool(cells) and parse_times(list(cells)).times.dtype.kind == "M"
    except TimestampError:
        return False


@final
@dataclass(frozen=True)
class Dialect:
    """Settings of a csv reader, and the names of its columns."""

    settings: dict[str, Any]
    """Settings that are not the default."""
    names: list[str]
    """Names of the columns; `column1`, ... without a line of names."""
    has_names: bool


def dialect(path: Path, lines: Sequence[str], ask: Ask, beside: Sequence[Path] = ()) -> Dialect:
    """Recognise the delimiter of a table and its line of names.

    Args:
        path: The file.
        lines: Its first lines.
        ask: Answers what is in doubt.
        beside: Other files of the same kind, which begin with the same names, if these have any.

    Raises:
        seqnlp.errors.DataError: what the reader of csv raises; no columns.
    """
    settings = table_settings(path, lines)
    rows = [row for _, row in islice(Csv(**settings).records(path), HEAD)]
    if not rows:
        raise DataError("the file is empty", path)
    if len(rows) == 1:
        raise DataError("only one row in it; expected a line of names and rows, or more rows", path)
    firsts = [next(iter(row for _, row in Csv(**settings).records(file)), []) for file in beside]
    has = has_names(rows)
    if firsts and has is not False:
        has = all(row == rows[0] for row in firsts)
    if has is None:
        shown = ", ".join(cell[:NAME] for cell in rows[0])
        ways = ["yes", "no"] if looks_like_names(rows) else ["no", "yes"]
        has = ask(f"Is the first line ({shown}) the names of the columns?", ways) == "yes"
    if has:
        return Dialect(settings, rows[0], True)
    names = [f"column{number}" for number in range(1, len(rows[0]) + 1)]
    return Dialect({**settings, "names": names}, names, False)


def has_names(rows: Sequence[Sequence[str]]) -> bool | None:
    """True if the first row is names of columns; None if that is in doubt."""
    first, rest = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    cells = [cell.strip() for cell in first]
    if len(set(cells)) < len(cells) or any(
        len(cell) > NAME or is_number(cell) or SENTENCE.search(cell) for cell in cells
    ):
        return False
    known = {*LABELS, *TEXTS, *TIMES, *TOKEN_COLUMNS, *chain(*PAIRS), SERIES, "id", "name", "file"}
    if any(cell.casefold() in known for cell in cells):
        return True
    columns = [[row[place].strip() for row in rest] for place in range(len(cells))]
    if any(cell in column for cell, column in zip(cells, columns, strict=True) if cell):
        return False
    if any(column and all(map(is_number, column)) for column in columns):
        return True
    return True if all(LANGUAGE.fullmatch(cell.casefold()) for cell in cells) else None


def looks_like_names(rows: Sequence[Sequence[str]]) -> bool:
    """True if cells at the top have far fewer words."""
    return any(
        2 * len(cell.split()) <= sum(len(text.split()) for text in column) / max(len(column), 1)
        for cell, *column in zip(*(row for row in rows if len(row) == len(rows[0])), strict=True)
    )


def is_number(cell: str) -> bool:
    """True for a number; `nan` is none."""
    return not math.isnan(number_or_nan(cell))


def labelled(dataset: Dataset, names: Iterable[str]) -> dict[str, Counter[str]]:
    """Columns that look like labels, with the counts of their values."""
    found: dict[str, Counter[str]] = {}
    for name in names:
        kind = kind_of(dataset.features[name])
        if kind not in ("text", "texts", "whole") and str(getattr(dataset.features[name], "dtype", "")) != "bool":
            continue
        counts = value_counts(dataset, name)
        if (
            2 <= len(counts) <= CLASSES
            and 2 * len(counts) <= counts.total()
            and not any(len(key) > LONGEST for key in counts)
        ):
            found[name] = counts
    return found


def named(names: Iterable[str], likely: Sequence[str]) -> list[str]:
    """Names among the likely ones, the likeliest first."""
    ranks = {name: rank for rank, name in enumerate(likely)}
    return sorted(
        (name for name in names if name.strip().casefold() in ranks), key=lambda n: ranks[n.strip().casefold()]
    )


def words_in(dataset: Dataset, name: str) -> float:
    """Mean number of words in the first texts of a column."""
    texts = [cell or "" for cell in dataset[: min(len(dataset), 1000)][name]]
    return sum(len(text.split()) for text in texts) / max(len(texts), 1)


def text_column(dataset: Dataset, taken: Iterable[str], ask: Ask, given: str | None = None) -> str | None:
    """Column of raw texts; None if there is none."""
    taken = {*taken}
    texts = [name for name, kind in kinds(dataset).items() if kind == "text" and name not in taken]
    if given is not None:
        return checked(given, dataset)
    if likely := named(texts, TEXTS):
        return likely[0]
    ranked = sorted(texts, key=lambda name: -words_in(dataset, name))
    if len(ranked) > 1 and words_in(dataset, ranked[1]) > words_in(dataset, ranked[0]) / 2:
        return ask("Which column holds the texts?", ranked)
    return ranked[0] if ranked else None


def label_column(dataset: Dataset, ask: Ask, given: str | None = None) -> str | None:
    """Column of labels of texts; None if no column looks like one."""
    if given is not None:
        return checked(given, dataset)
    usable = [name for name, kind in kinds(dataset).items() if kind not in ("number", "numbers", "other")]
    candidates = labelled(dataset, usable)
    likely = named([name for name in usable if is_short(dataset, name)], LABELS)
    if likely:
        return likely[0]
    ranked = sorted(candidates, key=lambda name: len(candidates[name]))
    return ask("Which column holds the labels?", ranked) if len(ranked) > 1 else next(iter(ranked), None)


def is_short(dataset: Dataset, name: str) -> bool:
    """True for a column of values that may be labels: no long texts."""
    return kinds(dataset)[name] != "text" or words_in(dataset, name) <= 4


def kinds(dataset: Dataset) -> dict[str, str]:
    """Kind of each column: text, texts, whole, number, numbers, boolean or other."""
    found = {}
    for name, feature in dataset.features.items():
        kind = "boolean" if str(getattr(feature, "dtype", "")) == "bool" else kind_of(feature)
        inner = getattr(feature, "feature", None)
        is_numbers = kind == "other" and str(getattr(inner, "dtype", "")).startswith(("int", "uint", "float"))
        found[name] = "numbers" if is_numbers else kind
    return found


def checked(name: str, dataset: Dataset) -> str:
    """Name of a column that the user has given.

    Raises:
        seqnlp.errors.DataError: there is no such column.
    """
    if name not in dataset.column_names:
        raise DataError(f"no column {name!r}: {nearest_or_all(name, dataset.column_names)}")
    return name


def separator_of(dataset: Dataset, name: str) -> str | None:
    """Sign between several labels in a text of a column; None if each text is one label."""
    texts = [text for text in value_counts(dataset, name) if text]
    several = joined_labels(texts)
    uses = Counter(sign for text in several for sign in SEPARATORS if sign in text)
    return uses.most_common(1)[0][0] if uses else None


def pair_columns(names: Sequence[str]) -> tuple[str, str] | None:
    """Columns of sentences and their translations, by their names."""
    lower = {name.strip().casefold(): name for name in names}
    for source, target in PAIRS:
        if source in lower and target in lower:
            return lower[source], lower[target]
    languages = [name for name in names if LANGUAGE.fullmatch(name.strip().casefold())]
    return (languages[0], languages[1]) if len(languages) > 1 else None


def task_of_table(dataset: Dataset) -> str:
    """Likeliest task for a table."""
    of, columns = kinds(dataset), dataset.column_names
    if TRANSLATION in columns or ((pair := pair_columns(columns)) and all(of[name] == "text" for name in pair)):
        return "translate"
    lists = [name for name in columns if of[name] in ("texts", "numbers")]
    if named(lists, TOKEN_COLUMNS) and named(lists, TAGS):
        return "tag"
    if file_column(dataset):
        return "transcribe"
    texts = [name for name in columns if of[name] == "text"]
    usable = [name for name in columns if of[name] not in ("number", "numbers", "other")]
    labels = labelled(dataset, usable) or named([name for name in usable if is_short(dataset, name)], LABELS)
    if texts and labels and (len(texts) > 1 or {*labels} - {texts[0]}):
        return "classify"
    texts = [
        name for name in texts if not all(is_number(cell or "0") for cell in dataset[: min(len(dataset), 1000)][name])
    ]
    ranked = sorted((words_in(dataset, name) for name in texts), reverse=True)
    return "translate" if len(ranked) > 1 and not named(texts, TEXTS) and ranked[0] <= 3 * ranked[1] else "lm"


def file_column(dataset: Dataset) -> str | None:
    """Column of the names of recordings."""
    for name, kind in kinds(dataset).items():
        cells = dataset[: min(len(dataset), 20)][name] if kind == "text" else []
        if cells and all((cell or "").lower().endswith(RECORDINGS) for cell in cells):
            return name
    return None


def scheme_of(column: Column) -> tuple[Scheme | None, str]:
    """Scheme of the spans in a column of tags.

    Returns:
        The scheme, None for labels that mark no spans; and the first tag that it does not allow, for a person.
    """
    used = {tag.partition("-")[0] for tag in column.distinct if tag != "O"}
    if not used or not used <= set("BIELMSUW") or not any("-" in tag or tag == "O" for tag in column.distinct):
        return None, ""
    fitting = [scheme for scheme, letters in PREFIXES.items() if used <= set(letters)]
    with suppress(DataError):
        parse_tags(column.distinct, "bioes")
        fitting = fitting or ["bioes"]  # which reads the letters of several schemes
    problem = ""
    for scheme in fitting:
        try:
            check_tags(column, scheme)
        except DataError as error:
            problem = problem or error.problem
        else:
            return scheme, ""
    return (fitting[0], problem) if fitting else (None, "")


def script_of(texts: Iterable[str]) -> str:
    """Script of most letters, as Unicode names it: LATIN, CYRILLIC, CJK, ...; empty without letters."""
    counts: Counter[str] = Counter()
    size = 0
    for text in texts:
        names = (unicodedata.name(letter, "") for letter in text if letter.isalpha())
        counts.update(re.split("[ -]", name)[0] for name in names)
        size += len(text)
        if size > SAMPLE:
            break
    return counts.most_common(1)[0][0] if counts else ""


def is_cased(texts: Iterable[str]) -> bool:
    """True if the first texts have letters in upper case."""
    return any(text != text.lower() for text in islice(texts, 1000))


def columns_reader(lines: Sequence[str], path: Path) -> tuple[Columns, dict[str, Any]]:
    """Reader of a text with a token a line, and its settings; its columns are `column1`, `column2`, ..."""
    delimiter, width = token_columns(lines) or (None, 0)
    if not width:  # some line has another number of columns, which the reader will name
        widths = Counter(len(line.split()) for line in lines if line.strip())
        width = widths.most_common(1)[0][0] if widths else 1
    settings: dict[str, Any] = {"names": [f"column{number}" for number in range(1, width + 1)]}
    if delimiter is not None:
        settings["delimiter"] = delimiter
    if any(line.startswith("# ") and len(line.split(delimiter)) != width for line in lines):
        settings["comment"] = "# "
    return Columns(**settings), settings
