"""Splits of a segmenter's corpus: running text, labels, blocks for training, drawn splits, other readers."""

from pathlib import Path

import numpy as np
import pytest

from seqnlp.errors import DataError
from seqnlp.readers import Conllu, Csv, Text
from seqnlp.readers.treebank import RawSentence
from seqnlp.tasks.segment.corpus import SegmentSplit, read_split
from seqnlp.tasks.segment.dataset import BOUNDARY, SegmentDataset
from seqnlp.tasks.segment.recipe import Augmentation, SegmentData, SegmentRecipe
from seqnlp.tasks.segment.task import SegmentTask

SENTENCES = [
    RawSentence("Hi, don't.", [(0, 2), (2, 3), (4, 9), (9, 10)], {2: ("do", "n't")}, "newdoc"),
    RawSentence("No", [(0, 2)], {}, "", space_after=False),
    RawSentence("Yes!", [(0, 3), (3, 4)], {}),
    RawSentence("can't", [(0, 5)], {0: ("ca", "n't")}, "newpar"),
]
SPLIT = SegmentSplit("x", SENTENCES)


def dataset(augmentation: Augmentation, block_size: int = 300, copies: int = 1) -> SegmentDataset:
    split = SegmentSplit("x", SENTENCES * copies)
    task = SegmentTask.fit(SegmentRecipe(data=SegmentData(train="x", min_count=1)), split, Path)
    return SegmentDataset(split, task.characters, 40, block_size, augmentation)


def rows_of(found: SegmentDataset, seed: int = 1, epoch: int = 0) -> list[tuple[str, list[int]]]:
    """Characters and labels of each row of an epoch."""
    shown = []
    for rows in found.plan(seed, epoch):
        batch = found.batch(rows)
        for index, mask, labels in zip(batch.inputs.index, batch.inputs.mask, batch.targets[BOUNDARY], strict=True):
            shown.append((found.codec.decode(index[mask].tolist()), labels[mask].tolist()))
    return shown


def test_sentences_are_joined_as_they_were() -> None:
    assert SPLIT.text == "Hi, don't. NoYes!\n\ncan't"
    assert SPLIT.labels.tolist() == [0, 1, 1, 0, 0, 0, 0, 3, 2, 0, 2, 0, 0, 1, 2, 0, 0, 0, 0, 4]
    assert [token for token, _ in SPLIT.multiword] == ["don't", "can't"]


def test_blocks_have_every_character_once() -> None:
    found = dataset(Augmentation())
    assert sorted(rows_of(found)) == [("Hi,don't.NoYes!", SPLIT.labels[:15].tolist()), ("can't", [0, 0, 0, 0, 4])]
    small = dataset(Augmentation(), block_size=10, copies=20)
    texts = [text for text, _ in rows_of(small)]
    assert sum(map(len, texts)) == small.items
    assert max(map(len, texts)) <= 12
    assert rows_of(small) == rows_of(small)
    assert rows_of(small) != rows_of(small, epoch=1)


def test_augmentation() -> None:
    lower = {text for text, _ in rows_of(dataset(Augmentation(lowercase=1)))}
    assert lower == {"\ufffdi,don't.no\ufffdes!", "can't"}, "train has neither h nor y"
    dropped = dict(rows_of(dataset(Augmentation(drop_final=1))))
    assert dropped["Hi,don'tNoYes"] == [0, 1, 1, 0, 0, 0, 0, 4, 0, 2, 0, 0, 2]
    joined = [text for text, _ in rows_of(dataset(Augmentation(join_paragraphs=1)))]
    assert joined == ["Hi,don't.NoYes!can't"]


def test_rows_for_evaluation_are_the_sentences() -> None:
    found = dataset(Augmentation(drop_final=1))
    assert [rows[0, 1] for rows in found.in_order()] == [9, 2, 4, 5]
    assert found.batch(found.in_order()[0]).targets[BOUNDARY].tolist() == [[0, 1, 1, 0, 0, 0, 0, 3, 2]]


def test_drawn_splits_keep_documents_together() -> None:
    assert SegmentSplit("x", SENTENCES * 3).groups.tolist() == [1] * 4 + [2] * 4 + [3] * 4
    assert SegmentSplit("x", SENTENCES[1:3] * 25).groups.tolist() == [0] * 20 + [1] * 20 + [2] * 10
    some = SegmentSplit("x", SENTENCES).select(np.array([0, 3]))
    assert some.text == "Hi, don't.\n\ncan't"


def test_other_readers_give_sentences(tmp_path: Path) -> None:
    table, lines = tmp_path / "a.csv", tmp_path / "a.txt"
    table.write_text('text\n"It rains, now."\nGo!\n', encoding="utf-8")
    lines.write_bytes("It rains, now.\n\nCafé!\n".encode("latin-1"))
    by_table = read_split(table, Csv(), "text", True, None)
    assert by_table.text == "It rains, now. Go!"
    assert by_table.sentences[0].tokens == ["It", "rains", ",", "now", "."]
    by_line = read_split(lines, Text(encoding="latin-1"), "text", True, None)
    assert by_line.text == "It rains, now.\n\nCafé!"
    with pytest.raises(DataError, match="no sentences in it"):
        read_split(_written(tmp_path / "b.conllu", "\n\n"), Conllu(), "text", True, None)


def test_slices_are_of_sentences(tmp_path: Path) -> None:
    rows = "".join(f"# text = w{n}\n1\tw{n}" + "\t_" * 8 + "\n\n" for n in range(10))
    path = _written(tmp_path / "c.conllu", rows)
    assert read_split(f"{path}[:3]", Conllu(), "text", True, None).text == "w0 w1 w2"
    assert len(read_split(f"{path}[50%:]", Conllu(), "text", True, None)) == 5


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
