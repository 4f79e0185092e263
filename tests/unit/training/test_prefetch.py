from threading import Event
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from seqnlp.model import Batch
from seqnlp.training.prefetch import Prefetcher

PLAN = [np.array([number, number + 1]) for number in range(20)]


def batch_of(rows: NDArray[np.int64]) -> Batch:
    return Batch(int(rows[0]), {}, 2)


def test_batches_come_in_the_order_of_the_plan() -> None:
    ahead = Prefetcher(batch_of, PLAN)
    assert [ahead.take(rows).inputs for rows in PLAN] == list(range(20))
    with pytest.raises(LookupError, match="has ended"):
        ahead.take(PLAN[0])
    ahead.close()


def test_no_more_than_a_few_are_gathered_before_they_are_needed() -> None:
    begun = [Event() for _ in PLAN]

    def gather(rows: NDArray[np.int64]) -> Batch:
        begun[rows[0]].set()
        return batch_of(rows)

    ahead = Prefetcher(gather, PLAN, ahead=2)
    assert begun[2].wait(30), "two wait, and the third is in hand"
    ahead.close()
    assert not begun[4].is_set()
    assert not ahead._thread.is_alive()


def test_an_error_comes_in_the_place_of_its_batch() -> None:
    def gather(rows: NDArray[np.int64]) -> Batch:
        if rows[0] == 2:
            raise OSError("the file has gone")
        return batch_of(rows)

    ahead = Prefetcher(gather, PLAN)
    assert [ahead.take(rows).inputs for rows in PLAN[:2]] == [0, 1]
    with pytest.raises(OSError, match="the file has gone"):
        ahead.take(PLAN[2])
    ahead.close()


def test_a_batch_of_other_rows_is_never_taken_for_the_next() -> None:
    ahead = Prefetcher(batch_of, PLAN)
    with pytest.raises(LookupError, match="not the next batch"):
        ahead.take(cast(Any, PLAN[1]))
    ahead.close()
