import math
from itertools import pairwise
from typing import Any

import pytest
import torch
import torchcrf
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import seqnlp.nn.crf
from seqnlp.nn.crf import expectations, log_partition, path_score

LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=3)
LABELS = st.integers(1, 3)
FORBIDDEN = st.sampled_from([0.0, 0.3, 0.9])
SPREAD = st.sampled_from([0.0, 1.0, 20.0, 1000.0])
"""The last one is far beyond what probabilities can hold, so it goes through logarithms."""
SEED = st.integers(0, 1000)


def log_sum_exp(scores: list[float]) -> float:
    highest = max(scores)
    return highest + math.log(sum(math.exp(score - highest) for score in scores))


@given(LENGTHS, LABELS, FORBIDDEN, SPREAD, SEED)
def test_the_partition_function_and_marginals_are_those_of_all_paths(
    lattice: Any, lengths: list[int], labels: int, forbidden: float, spread: float, seed: int
) -> None:
    known = lattice.random(lengths, labels, forbidden, spread, seed)
    found = expectations(known.emissions, known.transitions, known.mask)
    for row, length in enumerate(lengths):
        paths = known.paths(row)
        total = log_sum_exp([score for score, _ in paths])
        assert found.log_partition[row].item() == pytest.approx(total, rel=1e-9, abs=1e-9)
        marginal = torch.zeros(max(lengths), labels, dtype=torch.float64)
        moved = torch.zeros(labels + 1, labels + 1, dtype=torch.float64)
        for score, path in paths:
            probability = math.exp(score - total)
            marginal[range(length), path] += probability
            for pair in pairwise((labels, *path, labels)):
                moved[pair] += probability
        torch.testing.assert_close(found.labels[row], marginal, rtol=1e-7, atol=1e-9)
        torch.testing.assert_close(found.transitions[row], moved, rtol=1e-7, atol=1e-9)


@given(LENGTHS, LABELS, FORBIDDEN, SPREAD, SEED)
def test_the_score_of_a_path(
    lattice: Any, lengths: list[int], labels: int, forbidden: float, spread: float, seed: int
) -> None:
    known = lattice.random(lengths, labels, forbidden, spread, seed)
    for rank in (0, -1):
        target = torch.full(known.mask.shape, -1)
        expected = []
        for row, length in enumerate(lengths):
            score, path = known.paths(row)[rank]
            target[row, :length] = torch.tensor(path)
            expected.append(score)
        found = path_score(known.emissions, known.transitions, known.mask, target)
        torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("widest", [100.0, -1.0], ids=["scaled", "in logs"])
@pytest.mark.parametrize("forbidden", [0.0, 0.5])
def test_gradients(lattice: Any, widest: float, forbidden: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seqnlp.nn.crf, "WIDEST", widest)
    known = lattice.random([4, 1, 3], 3, forbidden, 1.0, seed=5)
    allowed = known.transitions.isfinite()
    emissions = known.emissions.requires_grad_()
    scores = known.transitions.masked_fill(~allowed, 0).requires_grad_()

    def total(emissions: Tensor, scores: Tensor) -> Tensor:
        return log_partition(emissions, scores.masked_fill(~allowed, -torch.inf), known.mask)

    assert torch.autograd.gradcheck(total, (emissions, scores))


def test_what_stands_at_padded_steps_changes_nothing(lattice: Any) -> None:
    known = lattice.random([4, 2], 3, 0.3, 1.0, seed=1)
    other = known.emissions.masked_fill(~known.mask[..., None], torch.nan)
    before = expectations(known.emissions, known.transitions, known.mask)
    after = expectations(other, known.transitions, known.mask)
    alone = expectations(known.emissions[1:, :2], known.transitions, known.mask[1:, :2])
    assert torch.equal(before.log_partition, after.log_partition)
    assert torch.equal(before.labels, after.labels)
    assert torch.equal(before.transitions, after.transitions)
    torch.testing.assert_close(alone.log_partition, before.log_partition[1:])
    torch.testing.assert_close(alone.labels, before.labels[1:, :2])


def test_a_thousand_steps_neither_overflow_nor_underflow(lattice: Any) -> None:
    known = lattice.random([1000, 700], 5, 0.3, 10.0, seed=1)
    found = expectations(known.emissions, known.transitions, known.mask)
    assert found.log_partition.isfinite().all()
    torch.testing.assert_close(found.labels.sum(-1), known.mask.double())


def test_under_autocast_it_still_computes_in_full(lattice: Any) -> None:
    known = lattice.random([7, 5], 4, 0.3, 3.0, seed=1)
    emissions, transitions = known.emissions.float(), known.transitions.float()
    exact = log_partition(emissions, transitions, known.mask)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(log_partition(emissions, transitions, known.mask), exact)
        assert log_partition(emissions.bfloat16(), transitions, known.mask).dtype == torch.float32


def test_it_agrees_with_pytorch_crf() -> None:
    torch.manual_seed(0)
    lengths, labels = [9, 12, 1, 5], 7
    oracle = torchcrf.CRF(labels, batch_first=True)
    transitions = torch.zeros(labels + 1, labels + 1)
    transitions[:labels, :labels] = oracle.transitions.data
    transitions[labels, :labels] = oracle.start_transitions.data
    transitions[:labels, labels] = oracle.end_transitions.data
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    emissions, tags = torch.randn(*mask.shape, labels), torch.randint(labels, mask.shape)
    own, theirs = (emissions.clone().requires_grad_() for _ in range(2))
    transitions.requires_grad_()
    likelihood = path_score(own, transitions, mask, tags) - log_partition(own, transitions, mask)
    expected = oracle(theirs, tags, mask, reduction="none")
    torch.testing.assert_close(likelihood, expected, rtol=1e-5, atol=1e-5)
    likelihood.sum().backward()  # type: ignore[no-untyped-call,unused-ignore]
    expected.sum().backward()
    torch.testing.assert_close(own.grad, theirs.grad, rtol=1e-5, atol=1e-5)
    assert transitions.grad is not None
    torch.testing.assert_close(transitions.grad[:labels, :labels], oracle.transitions.grad, rtol=1e-5, atol=1e-5)
