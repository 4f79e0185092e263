"""Sampling of the next token: filters on logits, and the draw. Filters take and return arrays of (texts, tokens)."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import UsageError
from seqnlp.limits import REPETITION_PENALTY, TEMPERATURE, TOP_K

Floats = NDArray[np.floating]

NOISE, NOISE_IN_ALL = 1 << 13, 1 << 22
"""Random numbers drawn at once for a text, and for all of them."""


def top_k(logits: Floats, k: int) -> Floats:
    """Keep the `k` likeliest tokens, and ties with the last of them."""
    if k >= logits.shape[1]:
        return logits
    least = np.partition(logits, -k, axis=1)[:, -k, None]
    return np.where(logits >= least, logits, -np.inf)


def top_p(logits: Floats, p: float) -> Floats:
    """Keep the likeliest tokens that together have the probability `p` (Holtzman et al., 2020)."""
    order = np.argsort(-logits, axis=1, kind="stable")
    falling = np.take_along_axis(probabilities(logits), order, 1)
    before = np.cumsum(falling, 1) - falling
    kept = np.empty(logits.shape, bool)
    np.put_along_axis(kept, order, before < p, 1)
    return np.where(kept, logits, -np.inf)


def min_p(logits: Floats, p: float) -> Floats:
    """Keep tokens at least `p` times as likely as the likeliest (Nguyen et al., 2024)."""
    return np.where(logits >= logits.max(1, keepdims=True) + np.log(p), logits, -np.inf)


def repetition_penalty(logits: Floats, seen: NDArray[np.bool_], penalty: float) -> Floats:
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
        filters = [name for name in ("top_k", "top_p", "min_p") if getattr(self, name) is not None]
        if self.temperature == 0 and filters:
            raise UsageError(f"temperature 0 always takes the likeliest token, which {filters[0]} can't change")


@final
class Sampler:
    """Sampler of tokens for several texts at once; the same seed makes the same choices.

    Each text has a stream of random numbers of its own, which depends on the seed and on its index alone: the first
    of many texts is the one that would be written alone.
    """

    def __init__(self, sampling: Sampling, seed: int | None, texts: int, tokens: int) -> None:
        """Begin.

        Args:
            sampling: The settings.
            seed: None for other choices each time.
            texts: Number of texts that are written at once.
            tokens: Number of tokens in the vocabulary.
        """
        self.sampling = sampling
        entropy = np.random.SeedSequence(seed).entropy
        sequences = [np.random.SeedSequence(entropy, spawn_key=(text,) if text else ()) for text in range(texts)]
        self._streams = [np.random.default_rng(sequence) for sequence in sequences]
        self._drawn = np.empty((max(1, min(NOISE // tokens, NOISE_IN_ALL // (texts * tokens))), texts, tokens), "f4")
        self._noise = iter(np.empty((0, texts, tokens), np.float32))
        self._seen = np.zeros((texts, tokens), bool) if sampling.repetition_penalty != 1 else None
        self._texts = np.arange(texts)

    def saw(self, tokens: NDArray[np.int64]) -> None:
        """Count the tokens of a prompt as repeated if they come again."""
        if self._seen is not None:
            self._seen[:, tokens] = True

    def choose(self, logits: Floats) -> NDArray[np.int64]:
        """The next token of each text; shape (texts,)."""
        how = self.sampling
        if self._seen is not None:
            logits = repetition_penalty(logits, self._seen, how.repetition_penalty)
        if how.temperature != 0:
            logits = logits * np.float32(min(1 / how.temperature, 1e30))
            if how.top_k is not None:
                logits = top_k(logits, how.top_k)
            if how.top_p is not None:
                logits = top_p(logits, how.top_p)
            if how.min_p is not None:
                logits = min_p(logits, how.min_p)
            logits = logits + self._gumbel()
        chosen: NDArray[np.int64] = logits.argmax(1)
        if self._seen is not None:
            self._seen[self._texts, chosen] = True
        return chosen

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
