"""Plans and batches of a stream: pure functions of seed and epoch, and those of the whole corpus."""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers.base import Corpus
from seqnlp.readers.streaming import Stream
from seqnlp.tasks.classify.recipe import ClassifyRecipe
from seqnlp.tasks.classify.task import ClassifyTask
from seqnlp.tasks.loading import encode
from seqnlp.tasks.registry import import_tasks
from seqnlp.tasks.starting import fit_task
from seqnlp.tasks.streaming import HELD, StreamedDataset, StreamPlan, whole_splits
from seqnlp.tasks.tag.recipe import TagRecipe
from seqnlp.tasks.translate.recipe import TranslateRecipe
from seqnlp.training.dataset import plan
from seqnlp.training.prefetch import Prefetcher

SIZES = (17, 5, 23, 8)
"""Rows of the shards."""
BLOCK = 6
TOKENS = 12

Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True, scope="module")
def all_tasks() -> None:
    import_tasks()


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    """Texts of one to seven words in four shards, none of them empty."""
    random = Random(3)
    made = [
        {"text": " ".join(random.choices("abcdefgh", k=random.randint(1, 7))), "label": random.choice("xy")}
        for _ in range(sum(SIZES))
    ]
    ends = np.cumsum(SIZES).tolist()
    for shard, end in enumerate(ends):
        part = made[end - SIZES[shard] : end]
        (tmp_path / f"{shard}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in part))
    (tmp_path / "dev.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in made[:9]))
    return made


def recipe(**data: Any) -> ClassifyRecipe:
    settings = {"train": "?.jsonl", "dev": "dev.jsonl", "streaming": True, "shuffle_block_size": BLOCK, **data}
    return ClassifyRecipe.model_validate(
        {
            "data": {"reader": {"kind": "jsonl"}, **settings},
            "embedding": {"words": {"size": 4}},
            "training": {"batch_tokens": TOKENS},
        }
    )


def corpus(folder: Path, **data: Any) -> Corpus:
    return recipe(**data).corpus(folder.joinpath)


def opened(folder: Path, **data: Any) -> tuple[ClassifyTask, StreamedDataset]:
    train = corpus(folder, **data).splits["train"]
    task = fit_task(recipe(**data), train, folder.joinpath)
    examples = encode(task, recipe(**data), "train", train)
    assert isinstance(task, ClassifyTask)
    assert isinstance(examples, StreamedDataset)
    return task, examples


def listed(batches: Any) -> list[list[int]]:
    return [batch.tolist() for batch in batches]


def shard_of(row: int) -> int:
    return int(np.searchsorted(np.cumsum(SIZES), row, "right"))


def test_an_epoch_has_every_row_once(tmp_path: Path, rows: Rows) -> None:
    _, examples = opened(tmp_path)
    assert (examples.items, examples.steps) == (len(rows), sum(len(row["text"].split()) for row in rows))
    assert examples.least_batch == 7
    for epoch in range(4):
        batches = examples.plan(1, epoch)
        assert sorted(row for batch in batches for row in batch) == list(range(len(rows)))
        assert sum(examples.items_in(batch) for batch in batches) == len(rows)
        shards = [shard for shard, _ in groupby(shard_of(row) for batch in batches for row in batch)]
        assert len(shards) == len(SIZES)  # one after the other
    assert sorted(row for batch in examples.in_order() for row in batch) == list(range(len(rows)))
    assert examples.items_in(np.empty(0, np.int64)) == 0


def test_the_order_is_a_function_of_seed_and_epoch(tmp_path: Path, rows: Rows) -> None:
    _, examples = opened(tmp_path)
    _, again = opened(tmp_path)
    plans = [listed(examples.plan(seed, epoch)) for seed in (1, 2) for epoch in range(5)]
    assert [listed(again.plan(seed, epoch)) for seed in (1, 2) for epoch in range(5)] == plans
    assert len(set(map(str, plans))) == 10
    assert len({str([shard_of(batch[0]) for batch in each]) for each in plans}) > 5
    assert len({str([sorted(batch) for batch in each if 17 <= batch[0] < 22]) for each in plans}) > 1


def test_a_block_larger_than_the_corpus_has_the_plan_of_the_corpus(tmp_path: Path, rows: Rows) -> None:
    (tmp_path / "all").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    _, examples = opened(tmp_path, train="all", shuffle_block_size=1000)
    lengths = np.array([len(row["text"].split()) for row in rows])
    for epoch in range(3):
        assert listed(examples.plan(5, epoch)) == listed(plan(lengths, TOKENS, 5, epoch))


def test_a_plan_is_a_sequence(tmp_path: Path, rows: Rows) -> None:
    _, examples = opened(tmp_path)
    batches = examples.plan(1, 2)
    whole = listed(batches)
    assert len(batches) == len(whole)
    for start, end in ((0, 3), (5, 9), (len(whole) - 1, 100), (4, 4), (7, None)):
        part = batches[start:end]
        assert isinstance(part, StreamPlan)
        assert listed(part) == whole[start:end]
        assert len(part) == len(whole[start:end])
    assert batches[2:][1:][0].tolist() == whole[3]
    assert batches[-1].tolist() == whole[-1]
    with pytest.raises(IndexError):
        batches[len(whole)]


def test_batches_are_those_of_the_whole_corpus(tmp_path: Path, rows: Rows) -> None:
    task, examples = opened(tmp_path)
    whole = task.encode(Dataset.from_list(rows), TOKENS)
    for epoch in range(2):
        for batch in examples.plan(1, epoch):
            ours, theirs = examples.batch(batch), whole.batch(batch)
            assert torch.equal(ours.targets["label"], theirs.targets["label"])
            assert ours.items == theirs.items
            texts = [rows[row]["text"].split() for row in batch]
            number = examples._block_of(batch)
            block = examples._held.take(number, None)
            start = examples.blocks[number].start
            assert [block.words.rows()[row - start] for row in batch] == texts  # type: ignore[attr-defined]


def test_few_blocks_are_in_memory_and_each_is_read_once(
    tmp_path: Path, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, examples = opened(tmp_path)
    read: list[tuple[int, int]] = []
    blocks = Stream.blocks

    def counted(stream: Stream, shard: int, first: int = 0) -> Iterator[Any]:
        for block in blocks(stream, shard, first):
            read.append((shard, block.first))
            yield block

    monkeypatch.setattr(Stream, "blocks", counted)
    for batch in examples.plan(1, 0):
        examples.batch(batch)
        assert len(examples._held._blocks) <= HELD
    assert len(read) == len(set(read)) == len(examples.blocks)
    read.clear()
    batches = examples.plan(1, 1)
    examples.batch(batches[len(batches) // 2])  # in the middle of an epoch, as a resumed training does
    examples.batch(batches[len(batches) // 2 + 1])
    assert 1 <= len(read) <= HELD


def test_a_thread_gathers_batches_ahead_of_an_accelerator(tmp_path: Path, rows: Rows) -> None:
    _, examples = opened(tmp_path)
    batches = examples.plan(1, 0)
    ahead = Prefetcher(examples.batch, (rows for rows in batches[3:]))
    for batch in batches[3:]:
        assert torch.equal(ahead.take(batch).targets["label"], examples.batch(batch).targets["label"])
    ahead.close()


def test_a_sample_stands_in_for_train(tmp_path: Path, rows: Rows) -> None:
    with notes_to((notes := list[str]()).append):
        _, examples = opened(tmp_path, sample_size=10)
    assert examples.is_sampled
    assert examples.name == f"train, 10 of {len(rows)} texts"
    assert whole_splits({"train": examples})["train"].items == 10
    assert notes[0] == f"train: codecs are fitted on 10 of {len(rows)} texts, drawn by seed 1; data.sample_size = 10"
    _, examples = opened(tmp_path)
    assert not examples.is_sampled
    assert whole_splits({"train": examples})["train"].items == len(rows)


def test_rows_that_nothing_is_left_of_are_in_no_batch(tmp_path: Path) -> None:
    """Blocks without a pair, or without a row, among others."""
    pairs = [{"source": text, "target": text} for text in ("a b", "", "c d e f", "g h i j", "", "", "a", "b c d")]
    (tmp_path / "pairs.jsonl").write_text("".join(f"{json.dumps(pair)}\n" for pair in pairs))
    data = {"train": "pairs.jsonl", "dev": "pairs.jsonl", "streaming": True, "shuffle_block_size": 2, "max_length": 3}
    made = TranslateRecipe.model_validate(
        {"data": {"reader": {"kind": "jsonl"}, "tokenizer": {"kind": "words"}, **data}, "training": {"batch_tokens": 9}}
    )
    train = made.corpus(tmp_path.joinpath).splits["train"]
    task = fit_task(made, train, tmp_path.joinpath)
    examples = encode(task, made, "train", train)
    assert isinstance(examples, StreamedDataset)
    assert [len(block.lengths) for block in examples.blocks] == [1, 0, 0, 2]
    batches = examples.plan(1, 0)
    assert sorted(row for batch in batches for row in batch) == [0, 1, 2]
    assert sum(examples.batch(batch).items for batch in batches) == 3 + 2 + 4
    assert task.notices(examples.sample)[0].startswith("2 of 5 pairs are left out")


def test_a_row_that_cannot_be_encoded_is_told_by_its_shard(tmp_path: Path) -> None:
    lines = [{"form": ["a", "b"], "upos": ["X", "Y"]}] * 5 + [{"form": ["a", "b"], "upos": ["X"]}]
    (tmp_path / "t.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    data = {"train": "t.jsonl", "dev": "t.jsonl", "streaming": True, "shuffle_block_size": 4, "sample_size": 1}
    made = TagRecipe.model_validate({"data": {"reader": {"kind": "jsonl"}, **data}, "embedding": {"words": {}}})
    train = made.corpus(tmp_path.joinpath).splits["train"]
    task = fit_task(made, train, tmp_path.joinpath)
    with pytest.raises(DataError) as caught:
        encode(task, made, "train", train)
    told = "sequence 2 has 2 of column 'form', but 1 of 'upos'"
    assert str(caught.value) == f"{tmp_path}/t.jsonl, rows 5 to 6: {told}"
