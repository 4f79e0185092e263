"""Sampling of the next token: filters on logits, and the draw. Filters take and return arrays of (texts, tokens)."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import UsageError
from seqnlp.limits import REPETITION_PENALTY, TEMPERATURE, TOP_K, WINDOW

Floats = NDArray[np.floating]

NOISE, NOISE_IN_ALL = 1 << 13, 1 << 22
"""Random numbers drawn at once for a text, and for all of them."""


def top_k(logits: Floats, k: int | NDArray[np.int64]) -> Floats:
    """Keep the `k` likeliest tokens, and ties with the last of them; or another number of each text."""
    tokens = logits.shape[1]
    if isinstance(k, int):
        if k >= tokens:
            return logits
        least = np.partition(logits, -k, axis=1)[:, -k, None]
    else:
        least = np.take_along_axis(np.sort(logits, axis=1), tokens - np.minimum(k, tokens), 1)
    return np.where(logits >= least, logits, -np.inf)


def top_p(logits: Floats, p: float | Floats) -> Floats:
    """Keep the likeliest tokens that together have the probability `p` (Holtzman et al., 2020)."""
    order = np.argsort(-logits, axis=1, kind="stable")
    falling = np.take_along_axis(probabilities(logits), order, 1)
    before = np.cumsum(falling, 1) - falling
    kept = np.empty(logits.shape, bool)
    np.put_along_axis(kept, order, before < p, 1)
    return np.where(kept, logits, -np.inf)


def min_p(logits: Floats, p: float | Floats) -> Floats:
    """Keep tokens at least `p` times as likely as the likeliest (Nguyen et al., 2024)."""
    return np.where(logits >= logits.max(1, keepdims=True) + np.log(p), logits, -np.inf)


def repetition_penalty(logits: Floats, seen: NDArray[np.bool_], penalty: float | Floats) -> Floats:
    """Penalise tokens that were there already (Keskar et al., 2019); `seen` has the shape of the logits."""
    punished = np.where(logits > 0, logits / penalty, logits * penalty)
    return np.where(seen, punished, logits)


def probabilities(logits: Floats) -> Floats:
    """The softmax."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    shares: Floats = powers / powers.sum(1, keepdims=True)
    return shares


def log_probabilities(logits: Floats) -> Floats:
    """The logarithm of the softmax."""
    shifted = logits - logits.max(1, keepdims=True)
    logs: Floats = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return logs


@final
@dataclass(frozen=True)
class Sampling:
    """Settings of sampling. Filters come in the order of the fields."""

    repetition_penalty: float = 1.0
    """Divides the logits of tokens that were there already; 1: no penalty."""
    temperature: float = 1.0
    """Divides all logits; under 1 the likely becomes likelier, 0 always takes the likeliest."""
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_window: int | None = None
    """Latest tokens to which the penalty applies, those of the prompt included; None: all."""

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise UsageError(f"temperature {self.temperature:g}: expected 0 (always the likeliest) or more")
        if not self.repetition_penalty > 0:
            raise UsageError(f"repetition_penalty {self.repetition_penalty:g}: expected more than 0; 1 is none")
        if self.top_k is not None and self.top_k < 1:
            raise UsageError(f"top_k {self.top_k}: expected 1 or more")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise UsageError(f"top_p {self.top_p:g}: expected a probability over 0")
        if self.min_p is not None and not 0 < self.min_p <= 1:
            raise UsageError(f"min_p {self.min_p:g}: expected a share over 0, up to 1")
        TEMPERATURE.check(temperature=self.temperature)
        REPETITION_PENALTY.check(repetition_penalty=self.repetition_penalty)
        TOP_K.check(top_k=self.top_k or 1)
        WINDOW.check(repetition_window=1 if self.repetition_window is None else self.repetition_window)
        filters = [name for name in ("top_k", "top_p", "min_p") if getattr(self, name) is not None]
        if self.temperature == 0 and filters:
            raise UsageError(f"temperature 0 always takes the likeliest token, which {filters[0]} can't change")


class Steering(ABC):
    """Constraint on the tokens of one growing text."""

    @abstractmethod
    def apply(self, logits: Floats) -> bool:
        """Change the logits of the next token in place; false if no token can follow.

        Args:
            logits: Shape (tokens,).
        """

    @abstractmethod
    def take(self, token: int) -> bool:
        """Follow the text by a token that was drawn; false if the text ends before it."""


ENDED = -1
"""Choice for a text that has ended."""


@final
class Sampler:
    """Sampler of tokens for several texts at once; the same seed makes the same choices.

    Each text has a stream of random numbers of its own, which depends on the seed and on its index alone: the first
    of many texts is the one that would be written alone. Texts with settings of their own have seeds of their own,
    too, and each is the one that would be written alone.
    """

    def __init__(
        self,
        sampling: Sampling | Sequence[Sampling],
        seed: int | Sequence[int | None] | None,
        texts: int,
        tokens: int,
        steering: Sequence[Steering | None] = (),
    ) -> None:
        """Begin.

        Args:
            sampling: The settings of all texts, or of each.
            seed: None for other choices each time; or the seed of each text.
            texts: Number of texts that are written at once.
            tokens: Number of tokens in the vocabulary.
            steering: Constraint of each text, if any has one.
        """
        self.samplings = [sampling] * texts if isinstance(sampling, Sampling) else list(sampling)
        if isinstance(seed, Sequence):
            sequences = [np.random.SeedSequence(each) for each in seed]
        else:
            entropy = np.random.SeedSequence(seed).entropy
            sequences = [np.random.SeedSequence(entropy, spawn_key=(text,) if text else ()) for text in range(texts)]
        self._streams = [np.random.default_rng(sequence) for sequence in sequences]
        self._drawn = np.empty((max(1, min(NOISE // tokens, NOISE_IN_ALL // (texts * tokens))), texts, tokens), "f4")
        self._noise = iter(np.empty((0, texts, tokens), np.float32))
        self._texts = np.arange(texts)
        self._repetitions = _Repetitions(self.samplings, tokens)
        self._steering = [(text, steer) for text, steer in enumerate(steering) if steer is not None]
        self._ended: set[int] = set()
        temperatures = [each.temperature for each in self.samplings]
        self._is_greedy = not any(temperatures)
        self._has_noise = None if all(temperatures) else _column([bool(each) for each in temperatures], np.float32)
        # a greedy text keeps its logits: without noise their scale plays no part
        scales = [min(1 / each, 1e30) if each else 1.0 for each in temperatures]
        self._scale = _shared(scales) or _column(scales, np.float32)
        self._filters = _filters(self.samplings, tokens)

    def saw(self, tokens: NDArray[np.int64]) -> None:
        """Count the tokens of a prompt as repeated if they come again."""
        self._repetitions.saw(tokens)

    def choose(self, logits: Floats) -> NDArray[np.int64]:
        """The next token of each text, `ENDED` for one that has ended; shape (texts,)."""
        logits = self._shaped(logits)
        if not self._is_greedy:
            noise = self._gumbel()
            logits = logits + (noise if self._has_noise is None else noise * self._has_noise)
        chosen: NDArray[np.int64] = logits.argmax(1)
        self._repetitions.chose(chosen)
        for text, steer in self._steering:
            if text not in self._ended and not steer.take(int(chosen[text])):
                self._ended.add(text)
        for text in self._ended:
            chosen[text] = ENDED
        return chosen

    def shares(self, logits: Floats) -> Floats:
        """Probabilities with which the next token of each text would be drawn; 0 for all if a text has to end."""
        shaped = self._shaped(logits)
        if self._has_noise is not None:
            greedy = np.arange(shaped.shape[1]) == shaped.argmax(1)[:, None]
            shaped = np.where(self._has_noise == 0, np.where(greedy, 0.0, -np.inf), shaped)
        found = probabilities(shaped)
        found[list(self._ended)] = 0.0
        return found

    def _shaped(self, logits: Floats) -> Floats:
        """Logits as the settings make them."""
        if self._steering:
            logits = logits.copy()
            for text, steer in self._steering:
                if text not in self._ended and not steer.apply(logits[text]):
                    self._ended.add(text)
            for text in self._ended:
                logits[text] = 0.0  # anything that can be drawn from
        logits = self._repetitions.penalised(logits)
        if not self._is_greedy:
            logits = logits * self._scale
            for keep in self._filters:
                logits = keep(logits)
        return logits

    def _gumbel(self) -> Floats:
        """Draw Gumbel noise: the largest sum of it and a logit is a draw from the softmax, without computing that."""
        noise = next(self._noise, None)
        if noise is None:
            for text, stream in enumerate(self._streams):
                drawn = self._drawn[:, text]
                drawn[:] = stream.standard_exponential(drawn.shape, dtype=np.float32)
            self._noise = iter(-np.log(np.maximum(self._drawn, np.float32(1e-30))))
            noise = next(self._noise)
        return noise


@final
class _Repetitions:
    """Repeated tokens of each text, or of its window."""

    def __init__(self, samplings: Sequence[Sampling], tokens: int) -> None:
        penalties = [each.repetition_penalty for each in samplings]
        self._penalty = _shared(penalties) or _column(penalties, np.float32)
        self._seen = np.zeros((len(samplings), tokens), bool) if any(each != 1 for each in penalties) else None
        self._texts = np.arange(len(samplings))
        self._windows = [
            (text, deque[int](maxlen=each.repetition_window), np.zeros(tokens, np.int64))
            for text, each in enumerate(samplings)
            if each.repetition_window is not None and self._seen is not None
        ]

    def saw(self, tokens: NDArray[np.int64]) -> None:
        """Count the tokens of a prompt of all texts."""
        if self._seen is None:
            return
        self._seen[:, tokens] = True
        for text, latest, counts in self._windows:
            self._seen[text] = False
            for token in tokens[-(latest.maxlen or 1) :].tolist():
                self._enter(text, latest, counts, token)

    def penalised(self, logits: Floats) -> Floats:
        """Logits with the penalty."""
        return logits if self._seen is None else repetition_penalty(logits, self._seen, self._penalty)

    def chose(self, chosen: NDArray[np.int64]) -> None:
        """Count the next token of each text."""
        if self._seen is None:
            return
        if len(self._windows) < len(self._texts):
            self._seen[self._texts, chosen] = True
        for text, latest, counts in self._windows:
            self._enter(text, latest, counts, int(chosen[text]))

    def _enter(self, text: int, latest: deque[int], counts: NDArray[np.int64], token: int) -> None:
        assert self._seen is not None
        if len(latest) == latest.maxlen:
            counts[latest[0]] -= 1
            self._seen[text, latest[0]] = counts[latest[0]] > 0
        latest.append(token)
        counts[token] += 1
        self._seen[text, token] = True


def _filters(samplings: Sequence[Sampling], tokens: int) -> list[Callable[[Floats], Floats]]:
    """Filters of all texts, in the order of the settings; a text without one of them keeps all tokens there."""
    found: list[Callable[[Floats], Floats]] = []
    for keep, values, none in (
        (top_k, [each.top_k for each in samplings], tokens),
        (top_p, [each.top_p for each in samplings], np.inf),
        (min_p, [each.min_p for each in samplings], 5e-324),
    ):
        if any(value is not None for value in values):
            one = _shared(values)
            kind = np.int64 if keep is top_k else np.float32 if keep is top_p else np.float64
            setting = one if one is not None else _column([none if each is None else each for each in values], kind)
            found.append(partial(keep, **{"k" if keep is top_k else "p": setting}))
    return found


def _shared(values: Sequence[Any]) -> Any:
    """Value that all texts share; None if they differ."""
    return values[0] if all(value == values[0] for value in values) else None


def _column(values: Sequence[Any], kind: type[np.generic]) -> NDArray[Any]:
    return np.array(values, kind)[:, None]
