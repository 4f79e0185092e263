"""The readings are checked against the definitions of conlleval and of seqeval's strict mode, tag by tag."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Column
from seqnlp.codecs.spans import PREFIXES, Scheme, Spans, check_tags, read_spans, write_spans
from seqnlp.errors import DataError

Found = list[tuple[int, int, str]]
SCHEMES: list[Scheme] = list(PREFIXES)
CANONICAL = {"L": "E", "U": "S", "M": "I", "W": "S"}


def tag_rows(scheme: Scheme) -> st.SearchStrategy[list[list[str]]]:
    tags = ["O", *(f"{prefix}-{label}" for prefix in PREFIXES[scheme] for label in "XY")]
    return st.lists(st.lists(st.sampled_from(tags), max_size=7), min_size=1, max_size=4)


ANY_ROWS = st.sampled_from(SCHEMES).flatmap(lambda scheme: st.tuples(st.just(scheme), tag_rows(scheme)))


def split(tag: str) -> tuple[str, str]:
    return CANONICAL.get(tag[0], tag[0]), tag[2:]


def conlleval(row: list[str]) -> Found:
    """The rules of the program conlleval of CoNLL-2000, as its source has them."""
    found, start = [], 0
    before, label_before = "O", ""
    for number, tag in enumerate([*row, "O"]):
        prefix, label = split(tag)
        ends = (
            before in ("E", "S")
            or (before in ("B", "I") and prefix in ("B", "S", "O"))
            or (before != "O" and label_before != label)
        )
        begins = (
            prefix in ("B", "S")
            or (before in ("E", "S", "O") and prefix in ("E", "I"))
            or (prefix != "O" and label_before != label)
        )
        if ends:
            found.append((start, number, label_before))
        if begins:
            start = number
        before, label_before = prefix, label
    return found


def strict(row: list[str], scheme: Scheme) -> Found:
    """Every stretch of words whose tags are, as a whole, what a span of the scheme looks like."""
    found = []
    for start in range(len(row)):
        label = split(row[start])[1]
        for end in range(start + 1, len(row) + 1):
            tags = ["-".join(filter(None, split(tag))) for tag in row[start:end]]
            size = end - start
            if scheme == "bio":
                whole = tags == [f"B-{label}", *[f"I-{label}"] * (size - 1)]
                whole &= row[end : end + 1] != [f"I-{label}"]
            else:
                whole = tags == [f"S-{label}"] or (
                    size > 1 and tags == [f"B-{label}", *[f"I-{label}"] * (size - 2), f"E-{label}"]
                )
            if whole:
                found.append((start, end, label))
    return found


def by_row(spans: Spans, column: Column) -> list[Found]:
    rows: list[Found] = [[] for _ in range(len(column.codes))]
    for start, end, label in zip(spans.starts.tolist(), spans.ends.tolist(), spans.labels.tolist(), strict=True):
        row = int(np.searchsorted(column.codes.offsets, start, "right")) - 1
        begin = int(column.codes.offsets[row])
        rows[row].append((start - begin, end - begin, label))
    return rows


def rows_of(column: Column) -> list[list[str]]:
    return [[column.distinct[code] for code in column.codes[row]] for row in range(len(column.codes))]


@given(ANY_ROWS)
def test_the_lenient_reading_is_that_of_conlleval(drawn: tuple[Scheme, list[list[str]]]) -> None:
    scheme, rows = drawn
    column = Column.from_rows(rows)
    assert by_row(read_spans(column, scheme), column) == [conlleval(row) for row in rows]


@given(ANY_ROWS.filter(lambda drawn: drawn[0] not in ("iob1", "ioe1", "ioe2")))
def test_the_strict_reading_takes_whole_spans_only(drawn: tuple[Scheme, list[list[str]]]) -> None:
    scheme, rows = drawn
    column = Column.from_rows(rows)
    assert by_row(read_spans(column, scheme, strict=True), column) == [strict(row, scheme) for row in rows]


@given(ANY_ROWS, st.sampled_from(SCHEMES))
def test_written_spans_are_valid_and_read_back(drawn: tuple[Scheme, list[list[str]]], target: Scheme) -> None:
    scheme, rows = drawn
    column = Column.from_rows(rows)
    spans = read_spans(column, scheme)
    written = write_spans(spans, column.codes.offsets, target)
    check_tags(written, target)
    for reading in (False, True):
        again = read_spans(written, target, strict=reading)
        assert by_row(again, written) == by_row(spans, column)


@given(ANY_ROWS)
def test_valid_tags_stay_as_they_are_and_others_are_refused(drawn: tuple[Scheme, list[list[str]]]) -> None:
    scheme, rows = drawn
    column = Column.from_rows(rows)
    repaired = rows_of(write_spans(read_spans(column, scheme), column.codes.offsets, scheme))
    if repaired == rows:
        check_tags(column, scheme)
    else:
        with pytest.raises(DataError, match="is not allowed in the scheme"):
            check_tags(column, scheme)


@pytest.mark.parametrize(
    ("rows", "scheme", "problem"),
    [
        ([["O"], ["O", "I-X"]], "bio", "I-X after O is not allowed in the scheme bio (sentence 2, word 2)"),
        ([["I-X"]], "bio", "I-X after the beginning is not allowed in the scheme bio (sentence 1, word 1)"),
        ([[], ["S-X", "B-X"]], "bioes", "B-X at the end is not allowed in the scheme bioes (sentence 2, word 2)"),
        ([["O", "B-X"]], "iob1", "B-X after O is not allowed in the scheme iob1 (sentence 1, word 2)"),
    ],
)
def test_the_first_wrong_tag_is_named(rows: list[list[str]], scheme: Scheme, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        check_tags(Column.from_rows(rows), scheme)
    assert str(caught.value) == problem


def test_an_example_in_all_schemes() -> None:
    column = Column.from_rows([["B-X", "I-X", "B-X", "O", "B-Y", "I-Y", "I-Y"]])
    spans = read_spans(column, "bio")
    expected: dict[Scheme, list[str]] = {
        "bio": ["B-X", "I-X", "B-X", "O", "B-Y", "I-Y", "I-Y"],
        "bioes": ["B-X", "E-X", "S-X", "O", "B-Y", "I-Y", "E-Y"],
        "bilou": ["B-X", "L-X", "U-X", "O", "B-Y", "I-Y", "L-Y"],
        "bmes": ["B-X", "E-X", "S-X", "O", "B-Y", "M-Y", "E-Y"],
        "bmewo": ["B-X", "E-X", "W-X", "O", "B-Y", "M-Y", "E-Y"],
        "iob1": ["I-X", "I-X", "B-X", "O", "I-Y", "I-Y", "I-Y"],
        "ioe1": ["I-X", "E-X", "I-X", "O", "I-Y", "I-Y", "I-Y"],
        "ioe2": ["I-X", "E-X", "E-X", "O", "I-Y", "I-Y", "E-Y"],
    }
    for scheme in SCHEMES:
        assert rows_of(write_spans(spans, column.codes.offsets, scheme)) == [expected[scheme]]
