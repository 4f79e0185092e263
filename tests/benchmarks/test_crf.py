"""The CRF against pytorch-crf, in the same run."""

import time
from collections.abc import Callable
from statistics import median

import pytest
import torch
import torchcrf

from seqnlp.nn.crf import log_partition, path_score

BATCH, STEPS, LABELS, ROUNDS = 32, 40, 17, 30


def alternating(first: Callable[[], None], second: Callable[[], None]) -> tuple[float, float]:
    """Median seconds of two things that take turns, so that a busy machine is as hard on one as on the other."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for run, times in zip((first, second), taken, strict=True):
            begun = time.perf_counter()
            run()
            times.append(time.perf_counter() - begun)
    return median(taken[0]), median(taken[1])


@pytest.mark.benchmark
def test_forward_and_backward_are_no_slower_than_pytorch_crf(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    emissions = torch.randn(BATCH, STEPS, LABELS, requires_grad=True)
    tags = torch.randint(LABELS, (BATCH, STEPS))
    mask = torch.arange(STEPS) < torch.randint(STEPS // 2, STEPS + 1, (BATCH, 1))
    transitions = torch.randn(LABELS + 1, LABELS + 1, requires_grad=True)
    theirs = torchcrf.CRF(LABELS, batch_first=True)

    def own() -> None:
        score = path_score(emissions, transitions, mask, tags)
        (log_partition(emissions, transitions, mask) - score).sum().backward()  # type: ignore[no-untyped-call,unused-ignore]

    def oracle() -> None:
        (-theirs(emissions, tags, mask, reduction="sum")).backward()

    seconds, their_seconds = alternating(own, oracle)
    ratio = their_seconds / seconds
    with capsys.disabled():
        print(f"\nCRF: {seconds * 1e3:.2f} ms, pytorch-crf {their_seconds * 1e3:.2f} ms, {ratio:.1f} times as fast")
    assert ratio >= 1.0
