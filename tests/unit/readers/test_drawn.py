import itertools
import os
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.readers.drawn import Drawn, Size, Strata, draw, end_spans

sizes = st.one_of(st.integers(1, 40), st.floats(0.01, 0.9))
several = st.dictionaries(st.sampled_from(["dev", "test"]), sizes, min_size=1)
seeds = st.integers(0, 2**63 - 1)


def drawn_or_none(wanted: dict[str, Size], total: int, seed: int, **more: object) -> Drawn | None:
    try:
        return draw(wanted, total, seed, **more)  # type: ignore[arg-type]
    except DataError:
        return None


def check_parts(drawn: Drawn, wanted: dict[str, Size], total: int) -> None:
    assert list(drawn.rows) == ["train", *wanted]
    together = np.concatenate(list(drawn.rows.values()))
    assert sorted(together.tolist()) == list(range(total))
    for rows in drawn.rows.values():
        assert len(rows)
        assert (np.diff(rows) > 0).all()


@given(several, st.integers(2, 200), seeds)
def test_parts_are_disjoint_all_rows_and_as_large_as_asked(wanted: dict[str, Size], total: int, seed: int) -> None:
    drawn = drawn_or_none(wanted, total, seed)
    counts = {name: size if isinstance(size, int) else size * total for name, size in wanted.items()}
    if drawn is None:
        assert min(counts.values()) <= 0.5 or sum(counts.values()) > total - 2
        return
    check_parts(drawn, wanted, total)
    for name, count in counts.items():
        assert abs(len(drawn.rows[name]) - count) <= 0.5
    again = draw(wanted, total, seed)
    assert all(np.array_equal(again.rows[name], rows) for name, rows in drawn.rows.items())


@given(several, st.lists(st.integers(0, 6), min_size=2, max_size=120), seeds)
def test_each_class_is_drawn_in_proportion(wanted: dict[str, Size], labels: list[int], seed: int) -> None:
    distinct, codes = np.unique(labels, return_inverse=True)
    drawn = drawn_or_none(wanted, len(labels), seed, strata=Strata("label", codes, [str(each) for each in distinct]))
    assume(drawn is not None)
    assert drawn is not None
    check_parts(drawn, wanted, len(labels))
    total = len(labels)
    sizes = np.bincount(codes)
    for name, size in wanted.items():
        count = size if isinstance(size, int) else int(size * total + 0.5)
        taken = np.bincount(codes[drawn.rows[name]], minlength=len(sizes))
        assert (np.abs(taken - sizes * count / total) < 1).all()
    assert (np.bincount(codes[drawn.rows["train"]], minlength=len(sizes)) >= 1).all()
    once = [name for name, number in Counter(labels).items() if number == 1]
    assert bool(once) == any("occur" in each for each in drawn.notes)


@given(several, st.lists(st.integers(1, 9), min_size=1, max_size=60), seeds)
def test_documents_stay_whole_or_a_note_says_that_they_do_not(
    wanted: dict[str, Size], lengths: list[int], seed: int
) -> None:
    documents = np.repeat(np.arange(len(lengths)), lengths)
    drawn = drawn_or_none(wanted, len(documents), seed, documents=documents)
    assume(drawn is not None)
    assert drawn is not None
    check_parts(drawn, wanted, len(documents))
    shared = Counter(document for rows in drawn.rows.values() for document in set(documents[rows].tolist()))
    if not drawn.notes and len(lengths) > 1:
        assert set(shared.values()) == {1}
        for name, size in wanted.items():
            count = size if isinstance(size, int) else int(size * len(documents) + 0.5)
            assert count / 2 <= len(drawn.rows[name]) <= count


def test_documents_that_are_too_large_are_drawn_by_rows() -> None:
    drawn = draw({"dev": 0.1}, 100, 1, documents=np.arange(100) // 50, unit="sentences")
    assert len(drawn.rows["dev"]) == 10
    assert drawn.notes == ("its 2 documents are too large to be drawn as wholes: sentences are",)


@given(several, st.integers(1, 500))
def test_ends_follow_each_other(wanted: dict[str, Size], total: int) -> None:
    spans = list(end_spans(wanted, total).values())
    assert spans[0][0] == 0
    assert spans[-1][1] == total
    assert all(first[1] == second[0] and first[0] <= first[1] for first, second in itertools.pairwise(spans))


def test_the_same_rows_are_drawn_for_ever() -> None:
    """Recipes say only seed and size: other rows in a later version would put train into dev."""
    assert draw({"dev": 0.2, "test": 2}, 20, 1).rows["dev"].tolist() == EVER["dev"]
    strata = Strata("label", np.arange(20) % 3, ["a", "b", "c"])
    assert draw({"dev": 0.3}, 20, 7, strata).rows["dev"].tolist() == EVER["strata"]


EVER = {"dev": [3, 9, 10, 16], "strata": [2, 6, 7, 11, 15, 19]}


def test_hashes_of_strings_do_not_matter() -> None:
    code = "from seqnlp.readers.drawn import draw; print(draw({'dev': 9}, 99, 3).rows['dev'].tolist())"
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    assert found != {b""}


@pytest.mark.parametrize(
    ("wanted", "total", "problem"),
    [
        ({"dev": 0.1}, 4, "data.dev = 0.1 of 4 rows is none"),
        ({"dev": 0.9}, 4, "data.dev = 0.9 leaves nothing of 4 rows for train"),
        ({"dev": 4}, 4, "data.dev = 4 leaves nothing of 4 rows for train"),
        ({"dev": 0.5, "test": 2}, 4, "data.dev = 0.5 and data.test = 2 leave nothing of 4 rows for train"),
    ],
)
def test_a_part_without_rows_is_a_fault(wanted: dict[str, Size], total: int, problem: str) -> None:
    with pytest.raises(DataError) as error:
        draw(wanted, total, 1)
    assert error.value.problem == problem


def test_classes_that_all_occur_once_can_not_be_drawn() -> None:
    with pytest.raises(DataError, match="no 'label' occurs often enough"):
        draw({"dev": 0.5}, 4, 1, Strata("label", np.arange(4), list("abcd")))
