"""Lanes: a long text cut into equal parts that are read side by side, with the state carried along each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final, overload

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.embeddings.tokens import TokenBatch
from seqnlp.model import Batch
from seqnlp.training import EncodedDataset

NEXT = "next"
"""Name of the decoder of a language model, and of its targets."""

SHORTEST = 8
"""Steps of a window of random length, at least."""


@final
@dataclass(frozen=True)
class Windows(Sequence[NDArray[np.int64]]):
    """The batches of an epoch, made when they are asked for: of each lane, where its part begins and how long it is."""

    lanes: NDArray[np.int64]
    """Where each lane begins in the text; shape (lanes,)."""
    cuts: NDArray[np.int64]
    """Where windows begin within a lane, and where the last one ends; shape (windows + 1,)."""

    def __len__(self) -> int:
        return len(self.cuts) - 1

    @overload
    def __getitem__(self, number: int) -> NDArray[np.int64]: ...
    @overload
    def __getitem__(self, number: slice) -> "Windows": ...

    def __getitem__(self, number: int | slice) -> "NDArray[np.int64] | Windows":
        if isinstance(number, slice):
            first, last, _ = number.indices(len(self))
            return Windows(self.lanes, self.cuts[first : max(last, first) + 1])
        if not 0 <= number < len(self):
            raise IndexError(number)
        length = self.cuts[number + 1] - self.cuts[number]
        return np.stack([self.lanes + self.cuts[number], np.full(len(self.lanes), length)], 1)


@final
class StreamDataset(EncodedDataset):
    """A text as tokens. A row is a stretch of it: where it begins and how many tokens are to be predicted."""

    carries_state: ClassVar[bool] = True

    def __init__(self, tokens: NDArray[Any], characters: int, lanes: int, window: int, random: bool) -> None:
        """Take a text.

        Args:
            tokens: Shape (tokens,); it may lie on disk.
            characters: Of the same text.
            lanes: How many parts are read side by side; fewer where the text is too short for as many.
            window: Steps that gradients go back through.
            random: Vary the windows' lengths from epoch to epoch.
        """
        self.tokens, self.characters = tokens, characters
        self.lanes = max(1, min(lanes, self.items // window))
        self.window, self.random = min(window, max(self.items, 1)), random

    @property
    def items(self) -> int:
        """Tokens to predict: all but the first."""
        return max(len(self.tokens) - 1, 0)

    def plan(self, seed: int, epoch: int) -> Windows:
        """All lanes, window by window; the last tokens are left out if the lanes can't share them evenly."""
        length = self.items // self.lanes
        cuts = np.arange(0, length, self.window)
        if self.random:
            cuts = np.array(list(self._random_cuts(length, seed, epoch)))
        return Windows(np.arange(self.lanes) * length, np.append(cuts, length))

    def _random_cuts(self, length: int, seed: int, epoch: int) -> Iterator[int]:
        """Windows of about the set length, now and then of half of it (Merity et al., 2018)."""
        draw = np.random.default_rng([seed, epoch])
        place = 0
        while place < length:
            yield place
            mean = self.window if draw.random() < 0.95 else self.window / 2
            place += max(SHORTEST, round(draw.normal(mean, 5)))

    def in_order(self) -> Windows:
        """The whole text as one lane."""
        return Windows(np.zeros(1, np.int64), np.append(np.arange(0, self.items, self.window), self.items))

    def items_in(self, rows: NDArray[np.int64]) -> int:
        """Tokens to predict in a batch."""
        return int(rows[:, 1].sum())

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather stretches of the same length; the targets are the inputs, one step later."""
        places = rows[:, :1] + np.arange(rows[0, 1] + 1)
        tokens = torch.from_numpy(self.tokens[places].astype(np.int64))
        return Batch(TokenBatch(tokens[:, :-1]), {NEXT: tokens[:, 1:]}, self.items_in(rows))
