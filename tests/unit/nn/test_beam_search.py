import math
from collections.abc import Iterator
from itertools import product
from typing import Any, final

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqnlp.errors import UsageError
from seqnlp.nn import States
from seqnlp.nn.beam_search import BEGIN, END, PADDING, Hypothesis, Search, beam_search

TOKENS = 6  # padding, BEGIN, END, and three that are written
LONGEST = 3
SETTINGS = st.fixed_dictionaries(
    {
        "normalization": st.sampled_from(["gnmt", "average", "none"]),
        "alpha": st.sampled_from([0.0, 0.6, 1.0, 2.5]),
        "no_repeat": st.sampled_from([0, 1, 2]),
        "max_ratio": st.just(0.0),
        "max_extra": st.integers(1, LONGEST),
        "banned": st.sampled_from([(PADDING, BEGIN), (PADDING, BEGIN, 3)]),
    }
)
SEEDS = st.lists(st.integers(0, 200), min_size=1, max_size=4)
PREFIXES = st.lists(st.integers(3, TOKENS - 1), max_size=2)


@final
class Reading:
    """All that was read so far, as one number a row."""

    def __init__(self, toy: "Toy", states: States) -> None:
        self.toy, self.mask = toy, states.mask
        self.seed = states.outputs[:, 0, 0].long()
        self.read = self.seed.clone()

    def step(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        self.toy.rows_read += len(tokens)
        self.read = (self.read * 31 + tokens) % 1009
        attention = torch.where(self.mask, (self.read[:, None] % 7 + 1).double(), 0)
        return self.toy.logits[self.read].log_softmax(1), attention / attention.sum(1, keepdim=True)

    def keep(self, rows: Tensor) -> None:
        assert (self.seed[rows].diff() != 0).sum() == len(set(self.seed[rows].tolist())) - 1, "sentences stay together"
        self.seed, self.read, self.mask = self.seed[rows], self.read[rows], self.mask[rows]


class Toy:
    """Predicts something else after every beginning; END is as likely as any token."""

    def __init__(self, spread: float = 2.0, model: int = 0) -> None:
        random = torch.Generator().manual_seed(model)
        self.logits = torch.randn(1009, TOKENS, generator=random, dtype=torch.float64) * spread
        self.rows_read = 0

    def logprob(self, seed: int, tokens: list[int]) -> float:
        """Of a whole sequence, END included."""
        read, total = (seed * 31 + 1) % 1009, 0.0
        for token in [*tokens, END]:
            total += self.logits[read].log_softmax(0)[token].item()
            read = (read * 31 + token) % 1009
        return total


def search(
    models: list[tuple[Toy, States]], how: Search, prefixes: list[list[int]] | None = None
) -> list[list[Hypothesis]]:
    mask = models[0][1].mask
    begin, lengths = torch.full((len(mask),), BEGIN), mask.sum(1).numpy()
    return beam_search([Reading(toy, states) for toy, states in models], how, begin, lengths, prefixes)


def encoded(seeds: list[int]) -> States:
    mask = torch.arange(len(seeds) + 1) < torch.arange(2, len(seeds) + 2)[:, None]
    return States(torch.tensor(seeds, dtype=torch.float64)[:, None, None].expand(*mask.shape, 1), mask)


def distinct(seeds: list[int]) -> list[int]:
    return list(dict.fromkeys(seeds))


def normalised(how: Search, logprob: float, length: int) -> float:
    if how.normalization == "none":
        return logprob
    return logprob / (length if how.normalization == "average" else ((5 + length) / 6) ** how.alpha)


def allowed(how: Search, prefix: list[int]) -> Iterator[list[int]]:
    """Every sequence that a search may find."""
    for length in range(max(how.max_extra, len(prefix)) + 1):
        for written in product(range(3, TOKENS), repeat=length):
            if list(written[: len(prefix)]) != prefix:
                continue
            free = range(len(prefix), length)
            runs = [written[max(0, place - how.no_repeat + 1) : place + 1] for place in range(length)]
            repeats = any(
                runs[place] in [run for run in runs[:place] if len(run) == how.no_repeat]
                for place in free
                if how.no_repeat
            )
            if not repeats and not any(written[place] in how.banned for place in free):
                yield list(written)


def as_pairs(found: list[Hypothesis]) -> list[tuple[list[int], Any]]:
    return [(each.tokens, pytest.approx(each.score, abs=1e-9)) for each in found]


@given(settings=SETTINGS, seeds=SEEDS.map(distinct), prefix=PREFIXES, n_best=st.integers(1, 4))
def test_a_beam_that_holds_everything_finds_the_best_of_all(
    settings: dict[str, Any], seeds: list[int], prefix: list[int], n_best: int
) -> None:
    how, toy = Search(beam=200, n_best=n_best, **settings), Toy()
    prefixes = [prefix, *([[]] * (len(seeds) - 1))]
    found = search([(toy, encoded(seeds))], how, prefixes)
    for seed, begun, hypotheses in zip(seeds, prefixes, found, strict=True):
        every = [(tokens, toy.logprob(seed, tokens)) for tokens in allowed(how, begun)]
        scored = sorted((normalised(how, log, len(tokens) + 1), tokens) for tokens, log in every)[::-1]
        assert [(tokens, score) for score, tokens in scored[:n_best]] == as_pairs(hypotheses)


@given(settings=SETTINGS, seeds=SEEDS.map(distinct))
def test_a_beam_of_one_is_greedy(settings: dict[str, Any], seeds: list[int]) -> None:
    how, toy = Search(**{**settings, "no_repeat": 0}), Toy()
    for seed, (found,) in zip(seeds, search([(toy, encoded(seeds))], how), strict=True):
        read = (seed * 31 + 1) % 1009
        tokens: list[int] = []
        while len(tokens) < how.max_extra:
            logits = toy.logits[read].clone()
            logits[[*how.banned]] = -math.inf
            token = int(logits.argmax())
            if token == END:
                break
            tokens.append(token)
            read = (read * 31 + token) % 1009
        assert found.tokens == tokens
        assert found.logprob == pytest.approx(toy.logprob(seed, tokens))


@given(settings=SETTINGS, seeds=SEEDS.map(distinct), beam=st.integers(1, 5), prefix=PREFIXES)
def test_alone_or_in_a_batch(settings: dict[str, Any], seeds: list[int], beam: int, prefix: list[int]) -> None:
    how, toy = Search(beam=beam, n_best=beam, **settings), Toy()
    together = search([(toy, encoded(seeds))], how, [prefix] * len(seeds))
    for seed, found in zip(seeds, together, strict=True):
        (alone,) = search([(toy, encoded([seed]))], how, [prefix])
        assert [(each.tokens, each.score) for each in alone] == as_pairs(found)


@given(settings=SETTINGS, seeds=SEEDS.map(distinct), beam=st.integers(1, 8), n_best=st.integers(1, 3), prefix=PREFIXES)
def test_what_a_hypothesis_says_of_itself(
    settings: dict[str, Any], seeds: list[int], beam: int, n_best: int, prefix: list[int]
) -> None:
    how, toy = Search(beam=max(beam, n_best), n_best=n_best, **settings), Toy()
    found = search([(toy, encoded(seeds))], how, [prefix] * len(seeds))
    for row, (seed, hypotheses) in enumerate(zip(seeds, found, strict=True)):
        assert 1 <= len(hypotheses) <= n_best
        assert [each.score for each in hypotheses] == sorted((each.score for each in hypotheses), reverse=True)
        assert len({tuple(each.tokens) for each in hypotheses}) == len(hypotheses)
        for each in hypotheses:
            assert each.tokens[: len(prefix)] == prefix
            assert each.logprob == pytest.approx(toy.logprob(seed, each.tokens))
            assert each.score == pytest.approx(normalised(how, each.logprob, len(each.tokens) + 1))
            assert len(each.token_logprobs) == len(each.tokens)
            assert each.attention.shape == (len(each.tokens), row + 2)
            np.testing.assert_allclose(each.attention.sum(1), 1, rtol=1e-6)
            last = toy.logprob(seed, each.tokens) - sum(each.token_logprobs)
            assert last <= 1e-9


@given(seeds=SEEDS.map(distinct), beam=st.integers(1, 5))
def test_an_ensemble_averages_probabilities(seeds: list[int], beam: int) -> None:
    models = [Toy(model=number) for number in range(3)]
    how = Search(beam=beam, n_best=beam, max_ratio=0.0, max_extra=4, normalization="none")
    found = search([(model, encoded(seeds)) for model in models], how)
    for seed, hypotheses in zip(seeds, found, strict=True):
        for each in hypotheses:
            total, reads = 0.0, [(seed * 31 + 1) % 1009] * 3
            for token in [*each.tokens, END]:
                odds = [model.logits[read].softmax(0)[token] for model, read in zip(models, reads, strict=True)]
                total += math.log(sum(odds) / 3)
                reads = [(read * 31 + token) % 1009 for read in reads]
            assert each.score == pytest.approx(total)


@given(seeds=SEEDS.map(distinct))
def test_the_same_model_twice_changes_nothing(seeds: list[int]) -> None:
    how, toy = Search(beam=3, n_best=2, max_extra=3), Toy()
    one = search([(toy, encoded(seeds))], how)
    two = search([(toy, encoded(seeds)), (toy, encoded(seeds))], how)
    for first, second in zip(one, two, strict=True):
        assert [(each.tokens, each.score) for each in first] == as_pairs(second)


def test_what_has_ended_leaves_the_batch() -> None:
    toy = Toy()
    toy.logits[:, END] = 20.0
    search([(toy, encoded([3, 5, 8, 9]))], Search(beam=3, max_extra=50))
    assert toy.rows_read == 4, "the empty sequence is so good that nothing else can beat it"


def test_a_longer_prefix_than_allowed_is_kept() -> None:
    (found,) = search([(Toy(), encoded([3]))], Search(max_ratio=0.0, max_extra=1), [[3, 3, 4, 4, 5]])
    assert found[0].tokens == [3, 3, 4, 4, 5]


def test_the_greatest_length_grows_with_the_source() -> None:
    toy = Toy()
    toy.logits[:, END] = -20.0
    found = search([(toy, encoded([3, 5, 8]))], Search(max_ratio=1.5, max_extra=1))
    assert [len(each[0].tokens) for each in found] == [4, 5, 7]


@given(seeds=SEEDS.map(distinct), length=st.integers(1, 4), normalization=st.sampled_from(["gnmt", "none"]))
def test_without_an_end_all_sequences_have_the_greatest_length(
    seeds: list[int], length: int, normalization: Any
) -> None:
    how = Search(200, normalization, n_best=3, max_ratio=0.0, max_extra=length, banned=(4,), end=None)
    toy = Toy()
    for seed, found in zip(seeds, search([(toy, encoded(seeds))], how), strict=True):
        every: list[tuple[float, list[int]]] = []
        for written in product([0, 1, 2, 3, 5], repeat=length):
            read, total = (seed * 31 + 1) % 1009, 0.0
            for token in written:
                total += toy.logits[read].log_softmax(0)[token].item()
                read = (read * 31 + token) % 1009
            every.append((normalised(how, total, length), list(written)))
        assert [(tokens, score) for score, tokens in sorted(every)[::-1][:3]] == as_pairs(found)
        assert [sum(each.token_logprobs) for each in found] == pytest.approx([each.logprob for each in found])
        assert all(each.attention.shape[0] == length for each in found)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beam": 0}, "beam 0: expected 1 or more"),
        ({"n_best": 0}, "n_best 0: expected 1 or more"),
        ({"beam": 2, "n_best": 3}, "n_best 3: a beam of 2 finds 2 hypotheses at most"),
        ({"no_repeat": -1}, "no_repeat -1: expected 0 or more"),
        ({"max_ratio": -1.0}, "max_ratio -1: expected 0 or more"),
        ({"max_ratio": math.inf}, "max_ratio inf: expected 0 or more"),
        ({"max_extra": -2}, "max_extra -2: expected 0 or more"),
        ({"alpha": math.nan}, "alpha nan: expected 0 or more"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Search(**settings)


def test_prefixes_are_as_many_as_sentences() -> None:
    with pytest.raises(ValueError, match="1 prefixes for 2 sentences"):
        search([(Toy(), encoded([3, 4]))], Search(), [[3]])
