"""Blocks of running text with a label for every character."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.codecs.running_text import CharacterText
from seqnlp.embeddings.raw_text import CharacterBatch
from seqnlp.model import Batch
from seqnlp.tasks.segment.characters import CATEGORIES, Characters, as_text, categories, lowered
from seqnlp.tasks.segment.corpus import INSIDE, MULTIWORD, MULTIWORD_SENTENCE, SENTENCE, TOKEN, SegmentSplit
from seqnlp.tasks.segment.expander import EXPANSION, ExpansionPairs
from seqnlp.tasks.segment.recipe import Augmentation
from seqnlp.training import EncodedDataset
from seqnlp.training.dataset import plan

BOUNDARY = "boundary"
"""Name of the decoder."""


@final
@dataclass(frozen=True)
class Encoded:
    """Characters as numbers."""

    index: NDArray[np.int64]
    category: NDArray[np.int64]

    @classmethod
    def encode(cls, codes: NDArray[np.uint32], codec: CharacterText) -> "Encoded":
        """Number code points and their categories."""
        return cls(codec.encode(as_text(codes)), categories(codes))


def character_batch(
    encoded: Encoded, blank_after: NDArray[np.bool_], places: NDArray[np.int64], lengths: NDArray[np.int64]
) -> CharacterBatch:
    """Gather rows of characters.

    Args:
        encoded: The characters of a text.
        blank_after: True where whitespace follows one.
        places: Indices of the characters of all rows, one after the other.
        lengths: Characters of each row.
    """
    mask = np.arange(int(lengths.max(initial=0))) < lengths[:, None]
    blanks = blank_after[places].astype(np.int64)
    index, category = padded(encoded.index[places], mask), padded(encoded.category[places], mask)
    return CharacterBatch(index, category, padded(blanks, mask), torch.from_numpy(mask))


def padded(values: NDArray[np.int64], mask: NDArray[np.bool_]) -> torch.Tensor:
    """Rows of a mask filled with values, the rest with zeros."""
    grid = np.zeros(mask.shape, np.int64)
    grid[mask] = values
    return torch.from_numpy(grid)


@final
class SegmentDataset(EncodedDataset):
    """Running text with labels. A row is a block of it: start, length and a number that its changes are drawn by."""

    def __init__(
        self,
        split: SegmentSplit,
        codec: CharacterText,
        batch_tokens: int,
        block_size: int,
        augmentation: Augmentation,
        expansions: ExpansionPairs | None = None,
    ) -> None:
        """Encode a split.

        Args:
            split: The sentences.
            codec: Vocabulary of characters.
            batch_tokens: Characters of a batch.
            block_size: Characters of a block, at most.
            augmentation: Changes of the training text.
            expansions: Multiword tokens of train, for a model of them.
        """
        self.split, self.batch_tokens, self.block_size = split, batch_tokens, block_size
        self.augmentation, self.codec, self.expansions = augmentation, codec, expansions
        self.characters: Characters = split.characters
        self.labels = split.labels
        self.encoded = Encoded.encode(self.characters.codes, codec)

    @cached_property
    def lowered(self) -> Encoded:
        """The characters in lower case."""
        return Encoded.encode(lowered(self.characters.codes), self.codec)

    @cached_property
    def droppable(self) -> NDArray[np.bool_]:
        """True for the final punctuation of a sentence that has more tokens."""
        punctuation = np.isin(self.encoded.category, [n for n, name in enumerate(CATEGORIES) if name == "Po"])
        before = np.concatenate([[INSIDE], self.labels[:-1]])
        found: NDArray[np.bool_] = (self.labels == SENTENCE) & punctuation & np.isin(before, (TOKEN, MULTIWORD))
        return found

    @property
    def items(self) -> int:
        return len(self.labels)

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        """Blocks of about the same length together; paragraphs are cut at random places."""
        random = np.random.default_rng([seed, epoch, 1])
        ends = np.flatnonzero(self.characters.paragraph_end) + 1
        if self.augmentation.join_paragraphs:
            kept = random.random(len(ends)) >= self.augmentation.join_paragraphs
            ends = ends[kept | (ends == len(self.labels))]
        starts = np.concatenate([[0], ends[:-1]])
        rows: list[tuple[int, int]] = []
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if end - start > self.block_size:
                first = start + int(random.integers(self.block_size // 2, self.block_size))
                cuts = [start, *range(first, end - self.block_size // 4, self.block_size), end]
            else:
                cuts = [start, end]
            rows += pairwise(cuts)
        bounds = np.array(rows, np.int64)
        lengths = bounds[:, 1] - bounds[:, 0]
        table = np.stack([bounds[:, 0], lengths, random.integers(0, 2**62, len(bounds))], 1)
        return [table[batch] for batch in plan(lengths, self.batch_tokens, seed, epoch)]

    def in_order(self) -> Sequence[NDArray[np.int64]]:
        """Sentences of the text one after the other, unchanged."""
        ends = np.flatnonzero((self.labels == SENTENCE) | (self.labels == MULTIWORD_SENTENCE)) + 1
        starts = np.concatenate([[0], ends[:-1]])
        return [np.array([[start, end - start, -1]]) for start, end in zip(starts, ends, strict=True)]

    def items_in(self, rows: NDArray[np.int64]) -> int:
        return int(rows[:, 1].sum())

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        """Gather blocks, each changed as its number tells."""
        starts, lengths = rows[:, 0], rows[:, 1]
        ends = np.cumsum(lengths)
        places = np.arange(int(ends[-1])) + np.repeat(starts - (ends - lengths), lengths)
        labels, blanks = self.labels[places], self.characters.blank_after[places]
        encoded, change = self.encoded, self.augmentation if rows[0, 2] >= 0 else Augmentation()
        index, category = encoded.index[places], encoded.category[places]
        draws = [np.random.default_rng(abs(number)) for number in rows[:, 2].tolist()]
        if change.lowercase:
            small = np.repeat([draw.random() < change.lowercase for draw in draws], lengths)
            index = np.where(small, self.lowered.index[places], index)
            category = np.where(small, self.lowered.category[places], category)
        if change.drop_final:
            shares = np.concatenate([draw.random(length) for draw, length in zip(draws, lengths.tolist(), strict=True)])
            dropped = self.droppable[places] & (shares < change.drop_final)
            dropped[np.concatenate([[0], ends[:-1]])] = False  # the token before it is in another block
            before = np.flatnonzero(dropped) - 1
            labels[before] += SENTENCE - TOKEN
            blanks[before] = blanks[before + 1]
            keep = ~dropped
            lengths = np.add.reduceat(keep, np.concatenate([[0], ends[:-1]]))
            index, category, labels, blanks = index[keep], category[keep], labels[keep], blanks[keep]
        inputs = character_batch(Encoded(index, category), blanks, np.arange(len(index)), lengths)
        mask = np.arange(int(lengths.max())) < lengths[:, None]
        targets: dict[str, Any] = {BOUNDARY: padded(labels, mask)}
        if self.expansions is not None:
            random = np.random.default_rng(np.abs(rows[:, 2]))
            targets[EXPANSION] = self.expansions.draw(random, len(index))
        return Batch(inputs, targets, self.items_in(rows))
