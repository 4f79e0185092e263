"""Encoded sentences and their translations."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs.sentences import BEGIN, END, PADDING, Sentences
from seqnlp.codecs.text import column_bytes
from seqnlp.model import Batch
from seqnlp.notes import progress
from seqnlp.tasks.kept_arrays import Arrays, KeptArrays, is_kept, keep_arrays
from seqnlp.tasks.kept_columns import codec_digest, content_digest
from seqnlp.tasks.lm.embedding import ContextCodec
from seqnlp.tasks.streaming import NothingLeft
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

    def kept(self, source: NDArray[np.int64], target: NDArray[np.int64]) -> tuple[NDArray[np.bool_], dict[str, int]]:
        """Mask of the pairs that pass, shape (pairs,), and the number that fails for each reason."""
        low, high = np.minimum(source, target), np.maximum(source, target)
        failing = {
            "with an empty side": low == 0,
            f"shorter than {self.min_length} tokens": low < self.min_length,
            f"longer than {self.max_length} tokens": high > self.max_length,
        }
        if self.max_ratio is not None:
            failing[f"with more than {self.max_ratio:g} times as many tokens on one side"] = high > self.max_ratio * low
        kept, reasons = np.ones(len(source), bool), {}
        for reason, marked in failing.items():
            reasons[reason] = int((marked & kept).sum())
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
            seqnlp.errors.DataError: what `Pairs` raises; no pair is left (`NothingLeft`).
        """
        found = _kept(pairs, source, target, lengths) or _in_memory(pairs, source, target, lengths)
        sources, targets = (Ragged(found.arrays[f"{side}.values"], found.arrays[f"{side}.offsets"]) for side in SIDES)
        rows, left_out = found.arrays["rows"], _left_out(found.data["reasons"], len(pairs))
        if not len(rows):
            raise NothingLeft(left_out)
        states: SourceStates = {}
        if context is not None:
            texts = list(chain.from_iterable(pairs.sources()))
            chosen = [texts[row] for row in rows.tolist()]
            states = keep_source_states(source_states(context, source, chosen, sources.offsets))
        dataset = cls(pairs, sources, targets, rows, left_out, batch_tokens, states)
        if pairs.training:
            dataset.too_long, dataset.usual_length = found.data["too_long"], found.data["usual_length"]
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


SIDES = ("source", "target")

Put = Callable[[str, NDArray[Any]], None]
"""Appends a part to an array by its name."""


def _kept(pairs: Pairs, source: Sentences, target: Sentences, lengths: LengthFilter) -> KeptArrays | None:
    """Take an encoded split from the cache, or encode it; None for one that is not kept."""
    columns = [pairs.source, pairs.target]
    if pairs.in_memory or any(name not in pairs.table.column_names for name in columns):
        return None  # or languages of one column
    if not is_kept(sum(column_bytes(pairs.table, name) for name in columns)):
        return None

    def make(arrays: Arrays) -> dict[str, Any]:
        parts = {f"{side}.values": arrays.array(f"{side}.values", np.int32) for side in SIDES}
        parts |= {name: arrays.array(name, np.int64) for name in (*(f"{side}.offsets" for side in SIDES), "rows")}
        return _encode(pairs, source, target, lengths, lambda name, values: parts[name].append(values))

    digests = [codec_digest(source), codec_digest(target), *(content_digest(pairs.table, name) for name in columns)]
    chosen = repr(lengths) if pairs.training else "all"
    return keep_arrays(["pairs", chosen, *digests], f"{pairs.source!r} and {pairs.target!r}", make)


def _in_memory(pairs: Pairs, source: Sentences, target: Sentences, lengths: LengthFilter) -> KeptArrays:
    """Encode a split in memory."""
    parts: defaultdict[str, list[NDArray[Any]]] = defaultdict(list)
    data = _encode(pairs, source, target, lengths, lambda name, values: parts[name].append(values))
    return KeptArrays({name: np.concatenate(each) for name, each in parts.items()}, data)


def _encode(pairs: Pairs, source: Sentences, target: Sentences, lengths: LengthFilter, put: Put) -> dict[str, Any]:
    """Encode a split block by block; filter that of training.

    Returns:
        `reasons`, the number of pairs that are left out for each; `too_long`, `usual_length`: see `TranslateDataset`.
    """
    reasons: Counter[str] = Counter()
    longer: list[NDArray[np.int64]] = []
    ends = dict.fromkeys(SIDES, 0)
    total = 0
    for side in SIDES:
        put(f"{side}.offsets", np.zeros(1, np.int64))
    for texts, translations in zip(pairs.sources(), pairs.targets(), strict=True):
        sides = source.encode(texts), target.encode(translations)
        rows = np.arange(len(texts))
        longer.append(np.maximum(sides[0].lengths, sides[1].lengths))
        if pairs.training:
            kept, found = lengths.kept(sides[0].lengths, sides[1].lengths)
            reasons.update(found)
            rows = np.flatnonzero(kept)
            sides = sides[0].take(rows), sides[1].take(rows)
        for side, encoded in zip(SIDES, (sides[0], sides[1].enclosed(BEGIN, END)), strict=True):
            put(f"{side}.values", encoded.values)
            put(f"{side}.offsets", encoded.offsets[1:] + ends[side])
            ends[side] += len(encoded.values)
        put("rows", rows + total)
        total += len(texts)
        progress("encoding the pairs", total / len(pairs))
    all_lengths = np.concatenate(longer)
    too_long, usual = float((all_lengths > lengths.max_length).mean()), int(np.quantile(all_lengths, 0.95))
    return {"reasons": dict(reasons), "too_long": too_long, "usual_length": usual}


def _left_out(reasons: Mapping[str, int], pairs: int) -> str:
    """Sentence about the pairs that are left out; empty without any."""
    told = [f"{number:,} {reason}" for reason, number in reasons.items() if number]
    return f"{sum(reasons.values()):,} of {pairs:,} pairs are left out: {', '.join(told)}" if told else ""
