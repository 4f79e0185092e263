"""Inference on several threads, also in a process that was forked."""

from collections.abc import Iterator

import pytest
import torch

from seqnlp.training import inference


@pytest.fixture
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(inference, "_forks", [])
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_a_fork_makes_threads_of_its_own() -> None:
    cpu = torch.device("cpu")
    assert list(inference.in_parallel(lambda item: item + 1, [1, 2, 3], cpu)) == [2, 3, 4]
    pool = inference._pool(2)
    assert not inference.in_fork()
    inference._after_fork()  # as the child of a fork does
    assert inference.in_fork()
    assert inference._pool(2) is not pool
    assert list(inference.in_parallel(lambda item: item + 1, [1, 2, 3], cpu)) == [2, 3, 4]


def test_items_that_are_there_need_no_small_windows() -> None:
    windows: list[list[int]] = []

    def work(window: list[int]) -> list[int]:
        windows.append(window)
        return window

    assert list(inference.stream_in_windows(iter(range(10)), work, largest=4, are_there=True)) == list(range(10))
    assert list(map(len, windows)) == [4, 4, 2]
