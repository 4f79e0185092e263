"""Windows of a stream in a thread of their own: the same results in the same order, no further ahead than a window."""

import threading
from collections.abc import Iterator

import pytest

from seqnlp.notes import note, notes_to
from seqnlp.training.inference import stream_ahead


@pytest.mark.parametrize("size", [*range(12), 21, 22, 100])
def test_results_come_in_order(size: int) -> None:
    windows: list[int] = []

    def work(window: list[int]) -> list[int]:
        windows.append(len(window))
        return [-each for each in window]

    assert list(stream_ahead(iter(range(size)), work, largest=8)) == [-each for each in range(size)]
    assert sum(windows) == size
    assert max(windows, default=0) <= 8


def test_the_first_items_come_at_once_and_later_ones_a_window_behind() -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    found = stream_ahead(items(), lambda window: window, largest=8)
    for number in range(100):
        assert next(found) == number
        if number < 5:
            assert len(read) <= 1 + 4 * (number > 0)
        assert len(read) <= number + 1 + 2 * 8


def test_work_has_a_thread_of_its_own_with_the_notes_of_the_caller() -> None:
    threads = set()

    def work(window: list[int]) -> list[int]:
        threads.add(threading.current_thread().name.partition("_")[0])
        note(f"window of {len(window)}")
        return window

    notes: list[str] = []
    with notes_to(notes.append):
        assert len(list(stream_ahead(iter(range(30)), work, largest=8))) == 30
    assert threads == {"MainThread", "ahead"}
    assert notes == ["window of 1", "window of 4", "window of 8"]


def test_errors_are_raised_where_the_results_are_read() -> None:
    def work(window: list[int]) -> list[int]:
        if 25 in window:
            raise ValueError("25")
        return window

    found: list[int] = []
    with pytest.raises(ValueError, match="25"):
        found.extend(stream_ahead(iter(range(100)), work, largest=8))
    assert found == list(range(21))


def test_an_error_of_the_items_comes_behind_the_results_before_it() -> None:
    def items() -> Iterator[int]:
        yield from range(35)
        raise ValueError("35")

    found: list[int] = []
    with pytest.raises(ValueError, match="35"):
        found.extend(stream_ahead(items(), lambda window: window, largest=8))
    assert found == list(range(29))  # whole windows


def test_a_stream_may_be_left() -> None:
    found = stream_ahead(iter(range(1000)), lambda window: window, largest=8)
    assert [next(found) for _ in range(30)] == list(range(30))
    found.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
