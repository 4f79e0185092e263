"""Streamed datasets: batches of encoded blocks, the next one read ahead."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, final, overload

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError
from seqnlp.model import Batch
from seqnlp.notes import note
from seqnlp.readers.shards import Shard
from seqnlp.readers.streaming import Block, Sample, Stream
from seqnlp.tasks.kept_arrays import nothing_kept
from seqnlp.training.dataset import EVALUATION_TOKENS, BucketedDataset, EncodedDataset, in_order, plan

if TYPE_CHECKING:
    from datasets import Dataset

Rows = NDArray[np.int64]

HELD = 3
"""Encoded blocks in memory: that before, in which a thread may still be, the present one, and the next."""
SHUFFLED_SHARDS = 0
"""Branch of the random numbers of an epoch that permutes the shards; others are those of blocks, from 1."""

Lacking = Mapping[str, tuple[int, int]]
"""Number of items that codecs lack, and of all, by a noun phrase for them."""


class NothingLeft(DataError):
    """Split of which filters leave nothing; a block may be so, a corpus not."""


@final
class StreamedSplit:
    """Train that is streamed, as a task sees it."""

    def __init__(
        self, stream: Stream, part: Callable[[Dataset], Any], size: int, seed: int, labels: Sequence[str], unit: str
    ) -> None:
        """Store the settings.

        Args:
            stream: Its rows.
            part: Makes a split of the task of a table of some rows.
            size: Rows of the sample.
            seed: Decides what is drawn.
            labels: Label columns; the sample has each label.
            unit: Name of the rows in messages.
        """
        self.stream, self.part, self.unit = stream, part, unit
        self._size, self._seed, self._labels = size, seed, labels
        self._sample: Sample | None = None

    @property
    def shards(self) -> Sequence[Shard]:
        """Files of the split."""
        return self.stream.shards

    def sample(self) -> Sample:
        """Draw the sample that codecs are fitted on, in one pass; the second call gives the same."""
        if self._sample is None:
            self._sample = self.stream.sample(self._size, self._seed, self._labels)
            found = self._sample
            if not found.is_whole:
                few = f"{len(found.table):,} of {found.total:,} {self.unit}"
                note(f"train: codecs are fitted on {few}, drawn by seed {self._seed}; data.sample_size = {self._size}")
        return self._sample

    def drop_sample(self) -> None:
        """Free the memory of the sample."""
        self._sample = None


@dataclass(frozen=True)
class BlockIndex:
    """Place and lengths of a block. Its rows are numbered through the whole stream."""

    shard: int
    first: int
    """Row of the shard that it begins with."""
    start: int
    """Number of its first row."""
    lengths: NDArray[np.int32]
    """Steps of each row."""
    items: NDArray[np.int32]
    """Items of each row."""


@final
class StreamedDataset(EncodedDataset):
    """Encoded split of which some blocks are in memory.

    The plan of an epoch is a pure function of seed, epoch and the lengths of all rows, as that of other datasets:
    shards in random order, the blocks of a shard one after the other, in each block random batches of rows of about the
    same length. So (seed, epoch, batch) tells block and offset.
    """

    def __init__(
        self,
        split: StreamedSplit,
        encode: Callable[[Any], EncodedDataset],
        lacking: Callable[[Any], Lacking],
        batch_tokens: int,
    ) -> None:
        """Encode the sample, and each block once, for its lengths.

        Args:
            split: The split.
            encode: Encodes a part of it.
            lacking: Counts what the codecs lack in an encoded part.
            batch_tokens: Steps of a training batch, padding included.

        Raises:
            seqnlp.errors.DataError: a row that can't be encoded; no row is left.
        """
        self._split, self._encode, self.batch_tokens = split, encode, batch_tokens
        drawn = split.sample()
        self.is_sampled = not drawn.is_whole
        self.sample = self._encoded(drawn.table)
        """The sample, for what takes a whole split: baselines, advice."""
        self.name = f"train, {len(drawn.table):,} of {drawn.total:,} {split.unit}" if self.is_sampled else "train"
        """Name of the sample in messages."""
        split.drop_sample()
        del drawn
        self.blocks: list[BlockIndex] = []
        unknown, total = Counter[str](), Counter[str]()
        for block in split.stream.all_blocks("encoding the stream"):
            examples = self._examples(block)
            start = self.blocks[-1].start + len(self.blocks[-1].lengths) if self.blocks else 0
            self.blocks.append(BlockIndex(block.shard, block.first, start, *_sizes(examples)))
            for name, (few, of) in ({} if examples is None else lacking(examples)).items():
                unknown[name] += few
                total[name] += of
        found = [f"{few:,} of {total[name]:,} {name}" for name, few in unknown.items() if few]
        if self.is_sampled and found:
            note(f"train: not in the codecs: {', '.join(found)}; a larger data.sample_size finds more")
        self._starts = [block.start for block in self.blocks]
        self._orders: dict[tuple[int, int], _Order] = {}
        self._order: _Order | None = None
        self._cursor: tuple[tuple[int, int], Iterator[Block]] | None = None
        self._held = _Held(self._load)
        self._block_plan = lru_cache(maxsize=4)(self._plan_of_block)

    def _encoded(self, table: Dataset) -> Any:
        """Encode some rows; nothing is kept in the cache."""
        with nothing_kept():
            return self._encode(self._split.part(table))

    def _examples(self, block: Block) -> BucketedDataset | None:
        """Encode a block; None if nothing is left of it."""
        if not len(block.table):
            return None
        try:
            examples = self._encoded(block.table)
        except NothingLeft:
            return None
        except DataError as error:
            rows = f"rows {block.first + 1:,} to {block.first + block.rows:,}"
            raise error.replace(path=f"{self._split.shards[block.shard].place}, {rows}") from None
        assert isinstance(examples, BucketedDataset)
        return examples

    def _load(self, number: int) -> BucketedDataset:
        """Read and encode a block; on one thread alone, which goes on where it was in the shard."""
        index = self.blocks[number]
        place = (index.shard, number)
        if self._cursor is None or self._cursor[0] != place:
            self._cursor = place, self._split.stream.blocks(index.shard, index.first)
        _, blocks = self._cursor
        self._cursor = None  # an error ends it
        block = next(blocks, None)
        examples = None if block is None else self._examples(block)
        if examples is None or not np.array_equal(examples.lengths, index.lengths):
            shard = self._split.shards[index.shard]
            raise DataError("it has changed since the training began: begin again", shard.place)
        self._cursor = (index.shard, number + 1), blocks
        return examples

    @property
    def items(self) -> int:
        return sum(int(block.items.sum()) for block in self.blocks)

    @property
    def steps(self) -> int:
        return sum(int(block.lengths.sum()) for block in self.blocks)

    @property
    def least_batch(self) -> int:
        return max(int(block.lengths.max(initial=1)) for block in self.blocks)

    def plan(self, seed: int, epoch: int) -> Sequence[Rows]:
        """Batches of an epoch; those of a block are planned when they are asked for."""
        if (seed, epoch) not in self._orders:
            self._orders[seed, epoch] = self._ordered(seed, epoch)
        self._order = self._orders[seed, epoch]
        return StreamPlan(self._order, self._block_plan, range(self._order.ends[-1]))

    def _ordered(self, seed: int, epoch: int) -> _Order:
        """Order the blocks of an epoch, and count their batches."""
        branch = np.random.SeedSequence([seed, epoch], spawn_key=(SHUFFLED_SHARDS,))
        shards = np.random.default_rng(branch).permutation(len(self._split.shards)).tolist()
        rank = {shard: place for place, shard in enumerate(shards)}
        filled = (number for number, block in enumerate(self.blocks) if block.lengths.any())
        blocks = sorted(filled, key=lambda number: (rank[self.blocks[number].shard], number))
        sizes = [len(self._plan_of_block(seed, epoch, number)) for number in blocks]
        return _Order(seed, epoch, blocks, np.cumsum(sizes).tolist())

    def _plan_of_block(self, seed: int, epoch: int, number: int) -> list[Rows]:
        """Batches of a block in an epoch."""
        block = self.blocks[number]
        batches = plan(block.lengths.astype(np.int64), self.batch_tokens, seed, epoch, number)
        return [rows + block.start for rows in batches]

    def in_order(self) -> list[Rows]:
        return [
            rows + block.start
            for block in self.blocks
            for rows in in_order(block.lengths.astype(np.int64), EVALUATION_TOKENS)
        ]

    def batch(self, rows: Rows) -> Batch:
        """Gather a batch; all rows are of one block."""
        number = self._block_of(rows)
        later = None if self._order is None else self._order.after(number)
        return self._held.take(number, later).batch(rows - self.blocks[number].start)

    def items_in(self, rows: Rows) -> int:
        if not len(rows):
            return 0
        block = self.blocks[self._block_of(rows)]
        return int(block.items[rows - block.start].sum())

    def _block_of(self, rows: Rows) -> int:
        return bisect_right(self._starts, int(rows[0])) - 1


def named_part(name: str, examples: EncodedDataset) -> tuple[str, EncodedDataset]:
    """Name and split, or those of the sample of a stream."""
    return (examples.name, examples.sample) if isinstance(examples, StreamedDataset) else (name, examples)


def whole_splits(splits: Mapping[str, EncodedDataset]) -> dict[str, EncodedDataset]:
    """Replace train that is streamed by its sample."""
    return {name: each.sample if isinstance(each, StreamedDataset) else each for name, each in splits.items()}


def _sizes(examples: BucketedDataset | None) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Steps and items of the rows of a block."""
    if examples is None:
        return np.empty(0, np.int32), np.empty(0, np.int32)
    return examples.lengths.astype(np.int32), examples.row_items.astype(np.int32)


@final
@dataclass(frozen=True)
class _Order:
    """Blocks of an epoch in their order."""

    seed: int
    epoch: int
    blocks: Sequence[int]
    ends: Sequence[int]
    """Number of batches up to the end of each."""

    def after(self, block: int) -> int | None:
        """The block after another one; None at the end."""
        place = self._places[block] + 1
        return self.blocks[place] if place < len(self.blocks) else None

    @cached_property
    def _places(self) -> dict[int, int]:
        return {block: place for place, block in enumerate(self.blocks)}


@final
class StreamPlan(Sequence[Rows]):
    """Batches of an epoch, each made when it is asked for; a slice has some of them."""

    def __init__(self, order: _Order, of_block: Callable[[int, int, int], list[Rows]], batches: range) -> None:
        """Store the order; `of_block` plans a block, `batches` are the numbers of those that are meant."""
        self._order, self._of_block, self._batches = order, of_block, batches

    def __len__(self) -> int:
        return len(self._batches)

    @overload
    def __getitem__(self, place: int) -> Rows: ...

    @overload
    def __getitem__(self, place: slice) -> StreamPlan: ...

    def __getitem__(self, place: int | slice) -> Rows | StreamPlan:
        if isinstance(place, slice):
            return StreamPlan(self._order, self._of_block, self._batches[place])
        number, order = self._batches[place], self._order
        at = bisect_right(order.ends, number)
        begins = order.ends[at - 1] if at else 0
        return self._of_block(order.seed, order.epoch, order.blocks[at])[number - begins]


@final
class _Held:
    """Encoded blocks in memory, read ahead by one thread."""

    def __init__(self, load: Callable[[int], BucketedDataset]) -> None:
        """Store the function that reads a block."""
        self._load, self._lock = load, Lock()
        self._thread = ThreadPoolExecutor(1, "stream")
        self._blocks: OrderedDict[int, Future[BucketedDataset]] = OrderedDict()

    def take(self, number: int, later: int | None) -> BucketedDataset:
        """Take a block, and have the one that will follow it read.

        Raises:
            seqnlp.errors.DataError: it can't be read any more.
        """
        with self._lock:
            wanted = self._ask(number)
            if later is not None:
                self._ask(later)
            while len(self._blocks) > HELD:
                self._blocks.popitem(last=False)
        return wanted.result()

    def _ask(self, number: int) -> Future[BucketedDataset]:
        if number not in self._blocks:
            self._blocks[number] = self._thread.submit(self._load, number)
        self._blocks.move_to_end(number)
        return self._blocks[number]
