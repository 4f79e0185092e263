"""Greedy and beam search for the likeliest sequences of any incremental model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, final, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.errors import UsageError
from seqnlp.limits import ALPHA, BEAM, NGRAM
from seqnlp.nn.device import to_numpy
from seqnlp.shapes import Float, Int

Ints = NDArray[np.int64]

PADDING, BEGIN, END = 0, 1, 2
"""Special tokens of sentences: padding, beginning and end of a sequence."""


@dataclass(frozen=True)
class Search:
    """Settings of a search."""

    beam: int = 1
    """Hypotheses of a sentence that are followed at once; 1 is greedy search."""
    normalization: Literal["gnmt", "average", "none"] = "gnmt"
    """Length penalty that log-probabilities are divided by: ((5 + n) / 6)^alpha (Wu et al., 2016), n, or 1. n counts
    the end."""
    alpha: float = 0.6
    """Exponent of `gnmt`."""
    n_best: int = 1
    """Hypotheses to return, at most: never more than `beam`."""
    no_repeat: int = 0
    """No run of so many tokens twice in a sequence; 0 allows all."""
    max_ratio: float = 2.0
    """Tokens of a sequence, at most: this times the steps of the source ..."""
    max_extra: int = 10
    """... plus this."""
    banned: tuple[int, ...] = (PADDING, BEGIN)
    """Tokens that are never chosen."""
    end: int | None = END
    """The token that ends a sequence; None: all sequences have the greatest length."""

    def __post_init__(self) -> None:
        for name, least in (("beam", 1), ("n_best", 1), ("no_repeat", 0), ("max_ratio", 0), ("max_extra", 0)):
            value = getattr(self, name)
            if not least <= value < math.inf:
                raise UsageError(f"{name} {value:g}: expected {least} or more")
        if not 0 <= self.alpha < math.inf:
            raise UsageError(f"alpha {self.alpha:g}: expected 0 or more")
        BEAM.check(beam=self.beam)
        ALPHA.check(alpha=self.alpha)
        NGRAM.check(no_repeat=self.no_repeat)
        if self.n_best > self.beam:
            raise UsageError(f"n_best {self.n_best}: a beam of {self.beam} finds {self.beam} hypotheses at most")

    def penalty(self, length: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute the length penalty of sequences of these lengths, the end included; it never falls."""
        if self.normalization == "none":
            return np.ones(length.shape)
        return ((5 + length) / 6) ** self.alpha if self.normalization == "gnmt" else length.astype(float)


@dataclass(frozen=True)
class Hypothesis:
    """A found sequence."""

    tokens: list[int]
    """Without the beginning and the end."""
    score: float
    """The normalised log-probability, which hypotheses are ordered by."""
    logprob: float
    """Of the sequence and the end after it."""
    attention: NDArray[np.float32]
    """Attention of each token to each step of the source; shape (tokens, source), without padding."""
    token_logprobs: list[float]
    """Of each token; what `logprob` has beside their sum is the end's."""


@dataclass(frozen=True)
class _Step:
    """Continuations that one step kept."""

    before: Ints
    """For each row that was continued, its place among those that the step before kept."""
    attention: NDArray[np.float32]
    """Of each row that was continued."""
    rows: Ints
    """For each kept continuation, the row that it continues."""
    tokens: Ints
    logs: NDArray[np.float64]


@dataclass(frozen=True, order=True)
class _Ended:
    """An ended hypothesis, found again by step and place."""

    score: float
    logprob: float
    step: int
    place: int


@final
class Beams:
    """All hypotheses of a batch of sentences; a row is one that has not ended. Those of a sentence are side by side."""

    def __init__(self, how: Search, lengths: Ints, prefixes: Sequence[Sequence[int]]) -> None:
        """Begin with an empty hypothesis for each sentence.

        Args:
            how: The settings.
            lengths: Steps of each source.
            prefixes: Tokens that each sentence's hypotheses must begin with.
        """
        if len(prefixes) != len(lengths):
            raise ValueError(f"{len(prefixes)} prefixes for {len(lengths)} sentences")
        self.how, self.lengths, self.prefixes = how, lengths, prefixes
        forced = np.array([len(prefix) for prefix in prefixes])
        longest = np.maximum((how.max_ratio * lengths).astype(np.int64) + how.max_extra, 1)
        self._steps = np.maximum(longest, forced) + (how.end is not None)
        self._forced = int(forced.max(initial=0))
        self._room = np.full(len(lengths), how.beam)
        self._to_beat = np.full(len(lengths), -np.inf)
        self._ended: list[list[_Ended]] = [[] for _ in lengths]
        self._sentences = np.arange(len(lengths))
        self._totals = np.zeros(len(lengths))
        self._before = np.arange(len(lengths))
        self._written = np.zeros((len(lengths), 0), np.int64)
        self._history: list[_Step] = []

    def advance(self, logs: Float[Tensor, "rows vocabulary"], attention: NDArray[np.float32]) -> tuple[Ints, Ints]:
        """Continue every row by one token.

        Args:
            logs: Log-probabilities of each row's next token; they are overwritten.
            attention: Attention weights with which they were predicted; shape (rows, source).

        Returns:
            For each row from now on the row that it continues, and its last token. Without rows, all have ended.
        """
        self._forbid(logs)
        values, best = (to_numpy(part) for part in logs.topk(min(self.how.beam, logs.shape[1]), 1))
        totals = (self._totals[:, None] + values).ravel()
        order = np.lexsort((-totals, np.repeat(self._sentences, values.shape[1])))
        rows = order // values.shape[1]
        sentences = self._sentences[rows]
        rank = np.arange(len(order)) - np.searchsorted(sentences, sentences)
        kept = (rank < self._room[sentences]) & (totals[order] > -np.inf)
        order, rows, sentences = order[kept], rows[kept], sentences[kept]
        step = _Step(self._before, attention, rows, best.ravel()[order], values.ravel()[order].astype(np.float64))
        self._history.append(step)
        totals, goes_on = totals[order], ~self._ends(step.tokens, sentences)
        self._store(np.flatnonzero(~goes_on), sentences, totals)
        # a log-probability only falls, and the penalty of the greatest length is the greatest
        reachable = totals / self.how.penalty(self._steps[sentences])
        places = np.flatnonzero(goes_on & (reachable > self._to_beat[sentences]))
        self._sentences, self._totals, self._before = sentences[places], totals[places], places
        rows, tokens = rows[places], step.tokens[places]
        if self.how.no_repeat:
            self._written = np.concatenate([self._written[rows], tokens[:, None]], 1)
        return rows, tokens

    def _ends(self, tokens: Ints, sentences: Ints) -> NDArray[np.bool_]:
        """Find the continuations that end their hypotheses."""
        ends: NDArray[np.bool_] = self._steps[sentences] == len(self._history)
        return ends if self.how.end is None else tokens == self.how.end

    def _forbid(self, logs: Tensor) -> None:
        """Give tokens that may not come next the log-probability of minus infinity."""
        number = len(self._history)
        if self.how.no_repeat:
            rows, tokens = _repeats(self._written, self.how.no_repeat)
        forced = np.full(len(self._sentences), -1)
        if self.how.end is not None:
            forced[self._steps[self._sentences] == number + 1] = self.how.end
        if number < self._forced:
            for row, sentence in enumerate(self._sentences.tolist()):
                if number < len(self.prefixes[sentence]):
                    forced[row] = self.prefixes[sentence][number]
        bound = np.flatnonzero(forced >= 0)
        only, token = torch.from_numpy(bound).to(logs.device), torch.from_numpy(forced[bound]).to(logs.device)
        saved = logs[only, token]
        for banned in self.how.banned:
            logs[:, banned] = -torch.inf
        if self.how.no_repeat:
            logs[torch.from_numpy(rows), torch.from_numpy(tokens)] = -torch.inf
        if len(bound):
            logs[only] = -torch.inf
            logs[only, token] = saved

    def _store(self, places: Ints, sentences: Ints, totals: NDArray[np.float64]) -> None:
        """Put ended hypotheses away."""
        number = len(self._history)
        scores = totals / self.how.penalty(np.full(len(totals), number))
        for place in places.tolist():
            sentence = int(sentences[place])
            ended = self._ended[sentence]
            ended.append(_Ended(float(scores[place]), float(totals[place]), number - 1, place))
            self._room[sentence] -= 1
            if len(ended) >= self.how.n_best:
                self._to_beat[sentence] = sorted(each.score for each in ended)[-self.how.n_best]

    def results(self) -> list[list[Hypothesis]]:
        """The best hypotheses of each sentence."""
        return [
            [self._traced(each, int(length)) for each in sorted(ended, reverse=True)[: self.how.n_best]]
            for ended, length in zip(self._ended, self.lengths, strict=True)
        ]

    def _traced(self, ended: _Ended, length: int) -> Hypothesis:
        """Follow a hypothesis back to its beginning."""
        tokens: list[int] = []
        logs: list[float] = []
        attention: list[NDArray[np.float32]] = []
        place = ended.place
        for step in reversed(self._history[: ended.step + 1]):
            row = step.rows[place]
            tokens.append(int(step.tokens[place]))
            logs.append(float(step.logs[place]))
            attention.append(step.attention[row, :length])
            place = step.before[row]
        first = 0 if self.how.end is None else 1  # the end comes first, backwards
        weights = np.array(attention[first:][::-1], np.float32).reshape(len(tokens) - first, length)
        return Hypothesis(tokens[first:][::-1], ended.score, ended.logprob, weights, logs[first:][::-1])


def _repeats(written: Ints, size: int) -> tuple[Ints, Ints]:
    """Find rows and the tokens that would repeat an n-gram of theirs."""
    if written.shape[1] < size:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    runs = np.lib.stride_tricks.sliding_window_view(written, size, 1)
    last = written[:, None, written.shape[1] - size + 1 :]
    rows, places = (runs[..., :-1] == last).all(-1).nonzero()
    return rows, runs[rows, places, -1]


@runtime_checkable
class IncrementalModel(Protocol):
    """Model that reads several sequences token by token and predicts the next."""

    def step(
        self, tokens: Int[Tensor, " rows"]
    ) -> tuple[Float[Tensor, "rows vocabulary"], Float[Tensor, "rows source"]]:
        """Read a token of each sequence.

        Returns:
            Log-probabilities of the next one (the search may overwrite them), and attention to the steps of the source.
        """
        ...

    def keep(self, rows: Int[Tensor, " chosen"]) -> None:
        """Select sequences; one may be chosen several times, those of one sentence are side by side."""
        ...


def beam_search(
    models: Sequence[IncrementalModel],
    how: Search,
    first: Int[Tensor, " sentences"],
    lengths: Ints,
    prefixes: Sequence[Sequence[int]] | None = None,
) -> list[list[Hypothesis]]:
    """Search for the best sequences of a batch of sentences.

    Each step keeps the `beam` likeliest continuations of a sentence, less those that have ended. It ends when no
    hypothesis can become better than the `n_best` found ones, however well it goes on: so a beam that holds all
    sequences finds the best of all.

    Args:
        models: Models that have read all but the token before the sequences; with several, their probabilities are
            averaged.
        how: The settings.
        first: The token before each sequence.
        lengths: Steps of each source; 0 where there is none.
        prefixes: Tokens that each sentence's sequences must begin with.

    Returns:
        For each sentence its best hypotheses, the best one first; one at least.
    """
    with torch.inference_mode():
        beams, tokens = Beams(how, lengths, prefixes or [()] * len(lengths)), first
        while True:
            stepped = [model.step(tokens) for model in models]
            logs, attention = _averaged([logs for logs, _ in stepped]), [weights for _, weights in stepped]
            rows, chosen = beams.advance(logs, to_numpy(torch.stack(attention).mean(0).float()))
            if not len(rows):
                return beams.results()
            if not np.array_equal(rows, np.arange(len(tokens))):
                kept = torch.from_numpy(rows).to(first.device)
                for model in models:
                    model.keep(kept)
            tokens = torch.from_numpy(chosen).to(first.device)


def _averaged(logs: list[Tensor]) -> Tensor:
    """The logarithm of the mean probabilities."""
    return logs[0] if len(logs) == 1 else torch.stack(logs).logsumexp(0) - math.log(len(logs))
