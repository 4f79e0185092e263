"""Encoded sentences and their translations."""

from dataclasses import dataclass
from itertools import chain
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs.sentences import BEGIN, END, PADDING, Sentences
from seqnlp.errors import DataError
from seqnlp.model import Batch
from seqnlp.tasks.lm.embedding import ContextCodec
from seqnlp.tasks.translate.context import SourceStates, gather_sources, keep_source_states, source_states
from seqnlp.tasks.translate.corpus import Pairs
from seqnlp.training.dataset import EVALUATION_TOKENS, BucketedDataset, in_order

TARGET = "target"
"""Name of the decoder."""


@dataclass(frozen=True)
class LengthFilter:
    """Filter of pairs by their lengths, for training."""

    min_length: int
    """Tokens of each side, at least."""
    max_length: int
    """Tokens of each side, at most."""
    max_ratio: float | None
    """Highest ratio of the sides' lengths; None: any."""

    def kept(self, source: NDArray[np.int64], target: NDArray[np.int64]) -> tuple[NDArray[np.bool_], list[str]]:
        """Mask of the pairs that pass, shape (pairs,), and the reasons why others do not."""
        low, high = np.minimum(source, target), np.maximum(source, target)
        failing = {
            "with an empty side": low == 0,
            f"shorter than {self.min_length} tokens": low < self.min_length,
            f"longer than {self.max_length} tokens": high > self.max_length,
        }
        if self.max_ratio is not None:
            failing[f"with more than {self.max_ratio:g} times as many tokens on one side"] = high > self.max_ratio * low
        kept, reasons = np.ones(len(source), bool), []
        for reason, marked in failing.items():
            if number := int((marked & kept).sum()):
                reasons.append(f"{number:,} {reason}")
            kept &= ~marked
        return kept, reasons


@final
class TranslateDataset(BucketedDataset):
    """Pairs of sentences as numbers."""

    def __init__(
        self,
        pairs: Pairs,
        source: Ragged,
        target: Ragged,
        rows: NDArray[np.int64],
        left_out: str,
        batch_tokens: int,
        states: SourceStates,
    ) -> None:
        """Store the encoded sides.

        Args:
            pairs: The sentences themselves.
            source: The tokens of each source.
            target: The tokens of each target, between BEGIN and END.
            rows: Indices into `pairs`.
            left_out: Reasons for the missing pairs, in words; empty without any.
            batch_tokens: Steps of a training batch, of the longer side.
            states: At the tokens of each source.
        """
        self.states = states
        self.pairs, self.source, self.target, self.rows, self.left_out = pairs, source, target, rows, left_out
        self.batch_tokens = batch_tokens
        self.too_long = 0.0
        """Share of the pairs of the split that were left out as too long."""
        self.usual_length = 0
        """Tokens of the longer side that 19 of 20 pairs of the split have at most."""
        self._steps = target.lengths - 1
        self._longer = np.maximum(source.lengths, self._steps)

    @classmethod
    def encode(
        cls,
        pairs: Pairs,
        source: Sentences,
        target: Sentences,
        lengths: LengthFilter,
        batch_tokens: int,
        context: ContextCodec | None = None,
    ) -> "TranslateDataset":
        """Encode a split; for training, without the pairs that `lengths` rejects.

        With language models, states of the sources are kept in the cache.

        Raises:
            seqnlp.errors.DataError: what `Pairs` raises; no pair is left.
        """
        sources = joined([source.encode(texts) for texts in pairs.sources()])
        targets = joined([target.encode(texts) for texts in pairs.targets()])
        longer = np.maximum(sources.lengths, targets.lengths)
        rows, left_out = np.arange(len(sources)), ""
        if pairs.training:
            kept, reasons = lengths.kept(sources.lengths, targets.lengths)
            rows = np.flatnonzero(kept)
            if reasons:
                left_out = f"{len(kept) - len(rows):,} of {len(kept):,} pairs are left out: {', '.join(reasons)}"
            if not len(rows):
                raise DataError(left_out)
            sources, targets = sources.take(rows), targets.take(rows)
        states: SourceStates = {}
        if context is not None:
            texts = list(chain.from_iterable(pairs.sources()))
            chosen = [texts[row] for row in rows.tolist()]
            states = keep_source_states(source_states(context, source, chosen, sources.offsets))
        dataset = cls(pairs, sources, targets.enclosed(BEGIN, END), rows, left_out, batch_tokens, states)
        if pairs.training:
            dataset.too_long = float((longer > lengths.max_length).mean())
            dataset.usual_length = int(np.quantile(longer, 0.95))
        return dataset

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of the longer side of each pair."""
        return self._longer

    @property
    def row_items(self) -> NDArray[np.int64]:
        """Target tokens of each pair, END among them."""
        return self._steps

    def in_order(self) -> list[NDArray[np.int64]]:
        """Large batches, every pair once, but for those whose source is empty."""
        return in_order(np.where(self.source.lengths > 0, self._longer, 0), EVALUATION_TOKENS)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        target, _ = self.target.pad(rows, PADDING)
        return Batch(
            gather_sources(self.source, rows, self.states),
            {TARGET: torch.from_numpy(target).long()},
            self.items_in(rows),
        )


def joined(parts: list[Ragged]) -> Ragged:
    """Concatenate the rows of several ragged arrays."""
    lengths = np.concatenate([part.lengths for part in parts])
    values = np.concatenate([part.values for part in parts])
    return Ragged(values, np.concatenate([[0], np.cumsum(lengths)]))
