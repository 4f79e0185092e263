import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.arrays import Ragged

ROWS = st.lists(st.lists(st.integers(-(2**40), 2**40), max_size=6), max_size=8)


@st.composite
def rows_and_choice(draw: st.DrawFn) -> tuple[list[list[int]], list[int]]:
    rows = draw(ROWS)
    chosen = draw(st.lists(st.integers(0, len(rows) - 1), max_size=10)) if rows else []
    return rows, chosen


@given(ROWS)
def test_rows_come_back(rows: list[list[int]]) -> None:
    ragged = Ragged.from_rows(rows)
    assert len(ragged) == len(rows)
    assert [row.tolist() for row in ragged] == rows
    assert ragged.lengths.tolist() == [len(row) for row in rows]
    assert ragged.values.dtype == np.int64


@given(rows_and_choice())
def test_take_gathers_rows_in_the_given_order(case: tuple[list[list[int]], list[int]]) -> None:
    rows, chosen = case
    taken = Ragged.from_rows(rows).take(np.array(chosen, np.int64))
    assert [row.tolist() for row in taken] == [rows[row] for row in chosen]


@given(rows_and_choice())
def test_positions_point_into_the_values(case: tuple[list[list[int]], list[int]]) -> None:
    rows, chosen = case
    ragged = Ragged.from_rows(rows)
    positions, lengths = ragged.positions(np.array(chosen, np.int64))
    assert ragged.values[positions].tolist() == [item for row in chosen for item in rows[row]]
    assert lengths.tolist() == [len(rows[row]) for row in chosen]


@given(rows_and_choice(), st.integers(-5, 5))
def test_padding_equals_lists_filled_up(case: tuple[list[list[int]], list[int]], fill: int) -> None:
    rows, chosen = case
    padded, mask = Ragged.from_rows(rows).pad(np.array(chosen, np.int64), fill)
    longest = max((len(rows[row]) for row in chosen), default=0)
    assert padded.shape == mask.shape == (len(chosen), longest)
    assert padded.tolist() == [rows[row] + [fill] * (longest - len(rows[row])) for row in chosen]
    assert mask.tolist() == [[step < len(rows[row]) for step in range(longest)] for row in chosen]


@given(ROWS)
def test_enclosed_rows_have_an_element_on_either_side(rows: list[list[int]]) -> None:
    enclosed = Ragged.from_rows(rows).enclosed(-1, -2)
    assert [row.tolist() for row in enclosed] == [[-1, *row, -2] for row in rows]


def test_the_type_of_the_values_is_kept() -> None:
    ragged = Ragged.from_rows([[0.5], [], [1.5, 2.5]], np.float32)
    padded, _ = ragged.pad(np.array([2, 0]))
    assert padded.dtype == np.float32
    assert ragged.take(np.array([1])).values.dtype == np.float32


@pytest.mark.parametrize("row", [-1, 2, 100])
def test_a_row_that_is_not_there(row: int) -> None:
    with pytest.raises(IndexError):
        Ragged.from_rows([[1], [2]])[row]
