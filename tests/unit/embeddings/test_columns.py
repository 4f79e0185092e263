import json

import numpy as np
import pytest
import torch

from seqnlp.codecs import Column, ColumnVocabulary, EncodedText, TokenizedText, Vocabulary
from seqnlp.embeddings import TextBatch, TextEmbedding, Words
from seqnlp.embeddings.base import WordEmbedder
from seqnlp.embeddings.columns import ColumnLookup

SENTENCES = Column.from_rows([["the", "cat", "sat"], ["a", "cat"]])
TAGS = [["D", "N", "V"], ["D", "N"]]
SECTION = TextEmbedding.parse({"words": Words(size=3), "columns": {"type": Words(size=2)}})
CODECS = SECTION.fit(TokenizedText(SENTENCES, {"type": Column.from_rows(TAGS)}), lambda name: pytest.fail(name))


def batch_of(tags: list[list[str]]) -> TextBatch:
    text = EncodedText.encode(TokenizedText(SENTENCES, {"type": Column.from_rows(tags)}), CODECS)
    return TextBatch.gather(text, np.array([1, 0]))


def test_each_step_gets_the_vector_of_its_word_and_that_of_its_column() -> None:
    module = SECTION.build(CODECS).eval()
    steps = module(batch_of(TAGS))
    assert steps.shape == (2, 3, module.width) == (2, 3, 5)
    words, columns = module.parts
    assert isinstance(words, WordEmbedder)
    assert isinstance(columns, ColumnLookup)
    vocabulary, column = CODECS["words"], CODECS["columns.type"]
    assert isinstance(vocabulary, Vocabulary)
    assert isinstance(column, ColumnVocabulary)
    ids = torch.from_numpy(vocabulary.encode(["a", "cat"]))
    tags = columns.table.embed_words(torch.from_numpy(column.values.encode(["D", "N"])))
    torch.testing.assert_close(steps[0, :2], torch.cat([words.embed_words(ids), tags], 1))


def test_the_same_word_may_have_different_columns() -> None:
    module = SECTION.build(CODECS).eval()
    steps, other = module(batch_of(TAGS)), module(batch_of([["D", "N", "V"], ["D", "V"]]))
    assert torch.equal(steps[1], other[1])
    assert not torch.equal(steps[0, 1], other[0, 1])


def test_the_columns_to_be_given_are_known_to_section_and_codec() -> None:
    assert SECTION.given_columns == {"type": "columns.type"}
    assert CODECS["columns.type"].columns == ("type",)
    assert CODECS["words"].columns == ()


def test_saved_columns_come_back() -> None:
    saved = {f"embedding.{name}": json.loads(json.dumps(codec.to_json())) for name, codec in CODECS.items()}
    again = SECTION.restore(saved)["columns.type"]
    assert again.to_json() == CODECS["columns.type"].to_json()
    assert isinstance(again, ColumnVocabulary)
    assert len(again.values) == 4
