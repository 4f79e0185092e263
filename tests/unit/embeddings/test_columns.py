import numpy as np
import pytest
import torch

from seqnlp.codecs import Column
from seqnlp.codecs.text import Text
from seqnlp.embeddings import ColumnsEmbedding, TextBatch, Words

SENTENCES = [["the", "cat", "sat"], ["a", "cat"]]
TAGS = [["D", "N", "V"], ["D", "N"]]
SECTION = ColumnsEmbedding(words=Words(size=3), columns={"type": Words(size=2)})
CODECS = SECTION.fit({"the": 1, "cat": 2, "sat": 1, "a": 1}, lambda name: pytest.fail(name))
COLUMNS = SECTION.fit_columns({"type": {"D": 2, "N": 2, "V": 1}})


def batch_of(tags: list[list[str]]) -> TextBatch:
    column = Column.from_rows(tags)
    given = {"type": column.numbered(COLUMNS["type"].encode(column.distinct))}
    text = Text.encode(Column.from_rows(SENTENCES), CODECS, given)
    return TextBatch.of(text.batch(np.array([1, 0])))


def test_each_step_gets_the_vector_of_its_word_and_that_of_its_column() -> None:
    module = SECTION.build_with(CODECS, COLUMNS).eval()
    steps = module(batch_of(TAGS))
    assert steps.shape == (2, 3, module.width) == (2, 3, 5)
    words = module.views["words"](torch.from_numpy(CODECS["words"].encode(["a", "cat"])))
    tags = module.tables[0](torch.from_numpy(COLUMNS["type"].encode(["D", "N"])))
    torch.testing.assert_close(steps[0, :2], torch.cat([words, tags], 1))


def test_the_same_word_may_have_different_columns() -> None:
    module = SECTION.build_with(CODECS, COLUMNS).eval()
    steps, other = module(batch_of(TAGS)), module(batch_of([["D", "N", "V"], ["D", "V"]]))
    assert torch.equal(steps[1], other[1])
    assert not torch.equal(steps[0, 1], other[0, 1])


def test_saved_columns_come_back() -> None:
    saved = {f"columns.{name}": codec.to_json() for name, codec in COLUMNS.items()}
    again = SECTION.restore_columns(saved)
    assert again["type"].to_json() == COLUMNS["type"].to_json()
    assert len(again["type"]) == 4
