"""CTC beside a brute force over all paths, in float64, and beside torch."""

from collections import defaultdict
from itertools import pairwise, product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.decoders.ctc import Ctc, CtcTarget
from seqnlp.nn.ctc import BLANK, Logs, Scorer, align, collapse, greedy, log_likelihood, prefix_beam_search, steps_needed
from seqnlp.nn.encoder import States

Tables = st.tuples(st.integers(1, 5), st.integers(2, 3), st.integers(0, 10_000))


def table(steps: int, labels: int, seed: int) -> Logs:
    random = np.random.default_rng(seed)
    weights = random.random((steps, labels)) ** 3 + 1e-3
    logs: Logs = np.log(weights / weights.sum(1, keepdims=True))
    return logs


def spelled(path: tuple[int, ...]) -> tuple[int, ...]:
    """Labels of a path, by the definition: repetitions become one, then blanks go."""
    once = [label for place, label in enumerate(path) if place == 0 or path[place - 1] != label]
    return tuple(label for label in once if label != BLANK)


def brute_force(logs: Logs) -> dict[tuple[int, ...], float]:
    """Log-probability of all labels, each by the sum over all of its paths."""
    totals: dict[tuple[int, ...], float] = defaultdict(float)
    for path in product(range(logs.shape[1]), repeat=len(logs)):
        totals[spelled(path)] += np.exp(sum(logs[step, label] for step, label in enumerate(path)))
    return {labels: float(np.log(total)) for labels, total in totals.items()}


@given(Tables)
def test_likelihoods_are_sums_over_all_paths(shape: tuple[int, int, int]) -> None:
    logs = table(*shape)
    for labels, expected in brute_force(logs).items():
        assert log_likelihood(logs, labels) == pytest.approx(expected, abs=1e-9)
        (found,) = torch.nn.functional.ctc_loss(
            torch.from_numpy(logs)[:, None],
            torch.tensor([labels], dtype=torch.long),
            torch.tensor([len(logs)]),
            torch.tensor([len(labels)]),
            reduction="none",
        )
        assert -found.item() == pytest.approx(expected, abs=1e-9)


@given(Tables)
def test_a_beam_that_keeps_all_finds_the_likeliest_labels(shape: tuple[int, int, int]) -> None:
    logs = table(*shape)
    expected = brute_force(logs)
    found = prefix_beam_search(logs, beam=10_000, floor=-np.inf, best=10_000)
    assert {tuple(each.labels): pytest.approx(each.logprob, abs=1e-9) for each in found} == expected
    assert found[0].logprob == pytest.approx(max(expected.values()))
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@given(Tables, st.integers(1, 4))
def test_a_narrow_beam_claims_no_more_than_the_truth(shape: tuple[int, int, int], beam: int) -> None:
    logs = table(*shape)
    expected = brute_force(logs)
    for each in prefix_beam_search(logs, beam, best=beam):
        assert each.logprob <= expected[tuple(each.labels)] + 1e-9


class Bonus(Scorer):
    """Scores each label by a table, and the end by the number of labels."""

    def begin(self) -> int:
        return 0

    def extend(self, state: int, label: int) -> tuple[int, float]:
        return state + 1, 0.7 * label - state

    def end(self, state: int) -> float:
        return -0.3 * state


@given(Tables)
def test_a_scorer_adds_to_every_prefix_and_to_the_end(shape: tuple[int, int, int]) -> None:
    logs = table(*shape)
    wanted = {
        labels: log + sum(0.7 * label - place for place, label in enumerate(labels)) - 0.3 * len(labels)
        for labels, log in brute_force(logs).items()
    }
    found = prefix_beam_search(logs, 10_000, Bonus(), floor=-np.inf, best=10_000)
    assert {tuple(each.labels): pytest.approx(each.score, abs=1e-9) for each in found} == wanted


@given(Tables)
def test_greedy_takes_the_likeliest_path(shape: tuple[int, int, int]) -> None:
    logs = table(*shape)
    best = max(product(range(shape[1]), repeat=shape[0]), key=lambda path: sum(logs[range(shape[0]), path]))
    assert greedy(logs) == list(spelled(best))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
def test_collapse_is_as_defined(path: list[int]) -> None:
    assert collapse(path) == list(spelled(tuple(path)))


@given(Tables, st.lists(st.integers(1, 3), max_size=4))
def test_alignments_are_those_of_the_likeliest_path_of_the_labels(
    shape: tuple[int, int, int], labels: list[int]
) -> None:
    logs = table(*shape)
    labels = [label for label in labels if label < shape[1]]
    paths = [p for p in product(range(shape[1]), repeat=shape[0]) if spelled(p) == tuple(labels)]
    spans = align(logs, labels)
    if not paths:
        assert spans == []
        return
    best = max(sum(logs[range(shape[0]), path]) for path in paths)
    path = np.zeros(shape[0], np.int64)
    for label, (first, last) in zip(labels, spans, strict=True):
        assert first < last
        path[first:last] = label
    assert spelled(tuple(path.tolist())) == tuple(labels)
    assert logs[range(shape[0]), path].sum() == pytest.approx(best)


@given(st.lists(st.lists(st.integers(1, 2), max_size=5), max_size=5))
def test_equal_neighbours_need_a_blank_between_them(rows: list[list[int]]) -> None:
    offsets = np.cumsum([0, *map(len, rows)])
    flat = np.array([label for row in rows for label in row], np.int64)
    expected = [len(row) + sum(a == b for a, b in pairwise(row)) for row in rows]
    assert steps_needed(flat, offsets).tolist() == expected


def test_the_loss_of_a_batch_is_the_sum_of_its_rows_whatever_the_padding() -> None:
    decoder = Ctc(dropout=0).build(5, 4)
    outputs = torch.randn(3, 7, 5)
    lengths, labels = [7, 4, 5], [[1, 1, 2], [3], [2, 1]]
    mask = torch.arange(7) < torch.tensor(lengths)[:, None]
    padded = torch.tensor([[*row, *[0] * (3 - len(row))] for row in labels])
    target = CtcTarget(padded, torch.tensor([len(row) for row in labels]))
    together = decoder.loss(States(outputs, mask), target)
    logs = decoder.predict(States(outputs, mask)).double().detach().numpy()
    alone = [log_likelihood(logs[row, : lengths[row]], labels[row]) for row in range(3)]
    assert together.total.item() == pytest.approx(-sum(alone), rel=1e-5)
    assert together.items == 6


def test_an_utterance_too_short_for_its_labels_teaches_nothing() -> None:
    decoder = Ctc(dropout=0).build(5, 4)
    states = States(torch.randn(1, 2, 5), torch.ones(1, 2, dtype=torch.bool))
    loss = decoder.loss(states, CtcTarget(torch.tensor([[1, 1]]), torch.tensor([2])))
    loss.total.backward()
    assert loss.total.item() == 0
    assert not decoder.output.weight.grad.any()  # type: ignore[union-attr]
