"""Streams of a long text, read side by side with carried state (truncated backpropagation through time)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.embeddings.tokens import TokenBatch
from seqnlp.model import Batch
from seqnlp.training import EncodedDataset

NEXT = "next"
"""Name of the decoder of a language model, and of its targets."""

SHORTEST = 8
"""Shortest window of random length, in steps."""


@final
@dataclass(frozen=True)
class StreamBatches(Sequence[NDArray[np.int64]]):
    """Batches of an epoch, made on demand."""

    streams: NDArray[np.int64]
    """Start of each stream in the text; shape (streams,)."""
    cuts: NDArray[np.int64]
    """Starts of windows within a stream, and the end of the last; shape (windows + 1,)."""
    state_reset: float = 0.0
    """Probability that a stream's state is reset at a window: then rows have a third number, 1 where it is."""
    seeds: tuple[int, int] = (0, 0)
    """Seed of the resets, and epoch."""

    def __len__(self) -> int:
        return len(self.cuts) - 1

    @overload
    def __getitem__(self, number: int) -> NDArray[np.int64]: ...
    @overload
    def __getitem__(self, number: slice) -> "StreamBatches": ...

    def __getitem__(self, number: int | slice) -> "NDArray[np.int64] | StreamBatches":
        if isinstance(number, slice):
            first, last, _ = number.indices(len(self))
            return replace(self, cuts=self.cuts[first : max(last, first) + 1])
        if not 0 <= number < len(self):
            raise IndexError(number)
        length = self.cuts[number + 1] - self.cuts[number]
        columns = [self.streams + self.cuts[number], np.full(len(self.streams), length)]
        if self.state_reset:
            draws = np.random.default_rng([*self.seeds, int(self.cuts[number])]).random(len(self.streams))
            columns.append((draws < self.state_reset).astype(np.int64))
        return np.stack(columns, 1)


@final
class StreamDataset(EncodedDataset):
    """Tokenised text. A row is a window of it: its start, and the number of tokens to predict."""

    carries_state: ClassVar[bool] = True

    def __init__(
        self,
        tokens: NDArray[Any],
        characters: int,
        streams: int,
        window: int,
        random: bool,
        backward: bool = False,
        state_reset: float = 0.0,
    ) -> None:
        """Store a text.

        Args:
            tokens: In the order of the text, shape (tokens,); they may lie on disk.
            characters: Of the same text.
            streams: Parts that are read side by side; fewer where the text is too short.
            window: Steps that gradients go back through.
            random: Vary the windows' lengths from epoch to epoch.
            backward: Read the text from its end.
            state_reset: Probability that the state of a stream is reset to zero at a window.
        """
        self.tokens, self.characters, self.backward = tokens[::-1] if backward else tokens, characters, backward
        """`tokens` are in the order of reading."""
        self.streams = max(1, min(streams, self.items // window))
        self.window, self.random, self.state_reset = min(window, max(self.items, 1)), random, state_reset

    @property
    def items(self) -> int:
        """Tokens to predict: all but the first."""
        return max(len(self.tokens) - 1, 0)

    @property
    def least_batch(self) -> int:
        return self.window

    def plan(self, seed: int, epoch: int) -> StreamBatches:
        """Window by window of all streams; a remainder that they cannot share is dropped."""
        length = self.items // self.streams
        cuts = np.arange(0, length, self.window)
        if self.random:
            cuts = np.array(list(self._random_cuts(length, seed, epoch)))
        begins = np.arange(self.streams) * length
        return StreamBatches(begins, np.append(cuts, length), self.state_reset, (seed, epoch))

    def _random_cuts(self, length: int, seed: int, epoch: int) -> Iterator[int]:
        """Windows of random length around the set one (Merity et al., 2018)."""
        draw = np.random.default_rng([seed, epoch])
        place = 0
        while place < length:
            yield place
            mean = self.window if draw.random() < 0.95 else self.window / 2
            place += max(SHORTEST, round(draw.normal(mean, 5)))

    def in_order(self) -> StreamBatches:
        """Whole text as one stream."""
        return StreamBatches(np.zeros(1, np.int64), np.append(np.arange(0, self.items, self.window), self.items))

    def carried(self, rows: NDArray[np.int64], state: list[Tensor]) -> list[Tensor]:
        if not self.state_reset:
            return state
        reset = torch.from_numpy(rows[:, 2] == 1)
        return [part.masked_fill(reset.to(part.device).view(-1, *[1] * (part.dim() - 1)), 0) for part in state]

    def items_in(self, rows: NDArray[np.int64]) -> int:
        return int(rows[:, 1].sum())

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather windows of one length; targets are the inputs, shifted by one."""
        places = rows[:, :1] + np.arange(rows[0, 1] + 1)
        tokens = torch.from_numpy(self.tokens[places].astype(np.int64))
        return Batch(TokenBatch(tokens[:, :-1]), {NEXT: tokens[:, 1:]}, self.items_in(rows))
