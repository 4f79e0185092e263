"""Error rates beside jiwer, and edit distances beside their recursive definition."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.metrics.edit_distance import edit_alignment, edit_distance, error_rates

Texts = st.text("ab c", max_size=8)


def by_definition(reference: str, hypothesis: str) -> int:
    @cache
    def distance(row: int, column: int) -> int:
        if not row or not column:
            return row + column
        differs = reference[row - 1] != hypothesis[column - 1]
        options = (
            distance(row - 1, column - 1) + differs,
            distance(row - 1, column) + 1,
            distance(row, column - 1) + 1,
        )
        return min(options)

    return distance(len(reference), len(hypothesis))


@given(Texts, Texts)
def test_distances_are_those_of_the_definition(reference: str, hypothesis: str) -> None:
    assert edit_distance(reference, hypothesis) == by_definition(reference, hypothesis)


@given(Texts, Texts)
def test_alignments_cost_the_distance_and_name_all_items_in_order(reference: str, hypothesis: str) -> None:
    pairs = edit_alignment(reference, hypothesis)
    assert [row for row, _ in pairs if row is not None] == list(range(len(reference)))
    assert [column for _, column in pairs if column is not None] == list(range(len(hypothesis)))
    cost = sum(row is None or column is None or reference[row] != hypothesis[column] for row, column in pairs)
    assert cost == edit_distance(reference, hypothesis)


@given(st.lists(st.tuples(Texts.filter(str.strip), Texts), min_size=1, max_size=5))
def test_error_rates_are_jiwers(pairs: list[tuple[str, str]]) -> None:
    jiwer = pytest.importorskip("jiwer")
    references, hypotheses = ([" ".join(text.split()) for text in texts] for texts in zip(*pairs, strict=True))
    found = error_rates(references, hypotheses)
    assert found.wer == pytest.approx(jiwer.wer(references, hypotheses))
    assert found.cer == pytest.approx(jiwer.cer(references, hypotheses))


def test_the_right_transcripts_have_no_errors() -> None:
    found = error_rates(["one two", "three"], ["one  two ", "three"])
    assert (found.cer, found.wer, found.exact_match) == (0, 0, 1)


def test_error_rates_are_over_the_whole_split() -> None:
    found = error_rates(["one two three", "four"], ["one two", "five six"])
    assert found.wer == 3 / 4
    assert found.exact_match == 0
