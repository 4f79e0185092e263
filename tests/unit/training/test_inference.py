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
