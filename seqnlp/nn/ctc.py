"""Connectionist temporal classification: greedy and prefix beam search, and forced alignment.

Graves et al. (2006): at each step a label or the blank; repeated labels are one, blanks are dropped.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log1p
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

Logs = NDArray[np.float64]
"""Log-probabilities of the labels at each step; shape (time, labels)."""

BLANK = 0
"""Index of the blank among the labels."""
NEVER = -inf


def steps_needed(labels: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Steps that each row of labels needs at least: one a label, and a blank between equal neighbours.

    Args:
        labels: Of all rows, end to end.
        offsets: First label of each row, and the end of the last; shape (rows + 1,).
    """
    repeated = np.zeros(len(labels) + 1, np.int64)
    if len(labels):
        same = labels[1:] == labels[:-1]
        starts = offsets[(offsets > 0) & (offsets < len(labels))]
        same[starts - 1] = False  # neighbours in different rows
        repeated[2:] = np.cumsum(same)
    first = np.minimum(offsets[:-1] + 1, offsets[1:])
    needed: NDArray[np.int64] = np.diff(offsets) + repeated[offsets[1:]] - repeated[first]
    return needed


def collapse(path: Sequence[int] | NDArray[np.int64]) -> list[int]:
    """Labels that a path spells: repetitions become one, blanks are dropped."""
    steps = np.asarray(path, np.int64)
    kept = steps != BLANK
    kept[1:] &= steps[1:] != steps[:-1]
    found: list[int] = steps[kept].tolist()
    return found


def greedy(logs: Logs) -> list[int]:
    """Labels of the likeliest path, which need not be the likeliest labels."""
    return collapse(logs.argmax(1)) if len(logs) else []


def log_likelihood(logs: Logs, labels: Sequence[int]) -> float:
    """Log-probability of some labels: the sum over all paths that spell them (forward algorithm)."""
    states, skips = _states(labels)
    alpha = np.full(len(states), NEVER)
    alpha[0] = 0.0  # as if a blank had stood before the first step
    for step in logs:
        jumped = np.where(skips, _shifted(alpha, 2), NEVER)
        alpha = np.logaddexp(np.logaddexp(alpha, _shifted(alpha, 1)), jumped) + step[states]
    return float(np.logaddexp(alpha[-1], alpha[-2])) if len(states) > 1 else float(alpha[-1])


def align(logs: Logs, labels: Sequence[int]) -> list[tuple[int, int]]:
    """Forced alignment: the steps of each label on the likeliest path that spells them (Viterbi).

    Returns:
        First step of each label, and the one after its last. Empty if there are too few steps for the labels.
    """
    states, skips = _states(labels)
    scores = np.full(len(states), NEVER)
    scores[0] = 0.0
    choices = np.zeros((len(logs), len(states)), np.int64)
    for number, step in enumerate(logs):
        options = np.stack([scores, _shifted(scores, 1), np.where(skips, _shifted(scores, 2), NEVER)])
        choices[number] = options.argmax(0)
        scores = np.take_along_axis(options, choices[number][None], 0)[0] + step[states]
    state = len(states) - 1
    if len(states) > 1 and scores[-2] > scores[-1]:
        state -= 1
    if not labels or scores[state] == NEVER:
        return []
    path = np.zeros(len(logs), np.int64)
    for number in range(len(logs) - 1, -1, -1):
        path[number] = state
        state -= int(choices[number, state])
    spans = []
    for place in range(len(labels)):
        steps = np.flatnonzero(path == 2 * place + 1)
        spans.append((int(steps[0]), int(steps[-1]) + 1))
    return spans


def _states(labels: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """States of the lattice, labels between blanks; a mask of those that may follow the last but one."""
    states = np.full(2 * len(labels) + 1, BLANK, np.int64)
    states[1::2] = labels
    skips = np.zeros(len(states), bool)
    skips[2:] = (states[2:] != BLANK) & (states[2:] != states[:-2])
    return states, skips


def _shifted(values: Logs, by: int) -> Logs:
    shifted = np.full(len(values), NEVER)
    shifted[by:] = values[: max(len(values) - by, 0)]
    return shifted


class Scorer(ABC):
    """Scores prefixes of labels besides the acoustic model: a language model, for shallow fusion."""

    @abstractmethod
    def begin(self) -> Any:
        """State before the first label."""

    @abstractmethod
    def extend(self, state: Any, label: int) -> tuple[Any, float]:
        """Read a label: the next state, and what the label adds to the score."""

    @abstractmethod
    def end(self, state: Any) -> float:
        """Score added by the end."""


@dataclass(frozen=True)
class Hypothesis:
    """Labels found by a search."""

    labels: list[int]
    logprob: float
    """Log-probability under the acoustic model, summed over the paths that the search kept."""
    score: float
    """The same, with what the scorer adds."""


@final
class _Prefix:
    """A beginning of the labels: log-probabilities of its paths that end in a blank, and in its last label."""

    __slots__ = ("blank", "extra", "label", "labels", "next_blank", "next_label", "state")

    def __init__(self, labels: tuple[int, ...], state: Any, extra: float) -> None:
        self.labels, self.state, self.extra = labels, state, extra
        self.blank = self.label = self.next_blank = self.next_label = NEVER


def prefix_beam_search(
    logs: Logs, beam: int, scorer: Scorer | None = None, floor: float = -7.0, best: int = 1
) -> list[Hypothesis]:
    """Prefix beam search (Graves and Jaitly, 2014; Hannun et al., 2014): sums over the paths of each prefix.

    Args:
        logs: Log-probabilities of each step.
        beam: Prefixes that are kept at each step.
        scorer: Scores prefixes besides the model.
        floor: Labels below this log-probability extend no prefix at that step; minus infinity: all do.
        best: Hypotheses wanted, at most.

    Returns:
        The best first. With a beam that keeps every prefix the log-probabilities are exact.
    """
    root = _Prefix((), scorer.begin() if scorer else None, 0.0)
    root.blank = 0.0
    kept = {root.labels: root}
    made = {root.labels: root}  # what a scorer has said of a prefix holds whenever it comes again
    for step in logs:
        numbers = np.flatnonzero(step >= floor)
        chosen = [(int(n), float(step[n])) for n in numbers if n != BLANK]
        blank = float(step[BLANK])
        reached: dict[tuple[int, ...], _Prefix] = {}
        for prefix in kept.values():
            whole = _add(prefix.blank, prefix.label)
            reached[prefix.labels] = prefix
            prefix.next_blank = _add(prefix.next_blank, whole + blank)
            last = prefix.labels[-1] if prefix.labels else BLANK
            if last != BLANK:  # the same label again belongs to the one before
                prefix.next_label = _add(prefix.next_label, prefix.label + float(step[last]))
            for label, log in chosen:
                add = (prefix.blank if label == last else whole) + log
                if add == NEVER:
                    continue
                labels = (*prefix.labels, label)
                longer = made.get(labels)
                if longer is None:
                    state, extra = scorer.extend(prefix.state, label) if scorer else (None, 0.0)
                    longer = made[labels] = _Prefix(labels, state, prefix.extra + extra)
                reached[labels] = longer
                longer.next_label = _add(longer.next_label, add)
        for prefix in reached.values():
            prefix.blank, prefix.label = prefix.next_blank, prefix.next_label
            prefix.next_blank = prefix.next_label = NEVER
        ranked = sorted(reached.values(), key=lambda each: -_add(each.blank, each.label) - each.extra)
        for prefix in ranked[beam:]:
            prefix.blank = prefix.label = NEVER
        kept = {prefix.labels: prefix for prefix in ranked[:beam]}
    found = []
    for prefix in kept.values():
        logprob = _add(prefix.blank, prefix.label)
        extra = prefix.extra + (scorer.end(prefix.state) if scorer else 0.0)
        found.append(Hypothesis(list(prefix.labels), logprob, logprob + extra))
    return sorted(found, key=lambda each: -each.score)[:best]


def _add(a: float, b: float) -> float:
    """Logarithm of a sum, of numbers given as logarithms."""
    if a < b:
        a, b = b, a
    return a if b == NEVER else a + log1p(exp(b - a))
