from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seqnlp.codecs import Column
from seqnlp.codecs.text import Text
from seqnlp.embeddings import CharCnn, CharLstm, TextBatch, TextEmbedding, Words
from seqnlp.embeddings.subwords import SubwordPieces

SENTENCES = [["the", "cat", "sat"], ["a", "cat"], ["the", "the", "mat", "sat", "."], ["Größe"]]
COUNTS = Counter(word for sentence in SENTENCES for word in sentence)
SECTION = TextEmbedding(
    words=Words(size=3), chars=CharCnn(size=4, embedding_size=5), subwords=SubwordPieces(size=2, vocab_size=300)
)
CODECS = SECTION.fit(COUNTS, lambda name: pytest.fail(name))


def batch_of(sentences: list[list[str]]) -> TextBatch:
    text = Text.encode(Column.from_rows(sentences), CODECS)
    return TextBatch.of(text.batch(np.arange(len(sentences))))


def test_views_stand_side_by_side() -> None:
    module = SECTION.build(CODECS).eval()
    steps = module(batch_of(SENTENCES))
    assert steps.shape == (4, 5, module.width) == (4, 5, 9)
    for name, (start, end) in {"words": (0, 3), "chars": (3, 7), "subwords": (7, 9)}.items():
        view = getattr(SECTION, name).build(CODECS[name])
        alone = TextEmbedding(**{name: getattr(SECTION, name)}).build({name: CODECS[name]}).eval()
        alone.views[name].load_state_dict(module.views[name].state_dict())
        assert view.width == end - start
        torch.testing.assert_close(alone(batch_of(SENTENCES)), steps[:, :, start:end])


@given(st.lists(st.sampled_from([*SENTENCES, ["the", "unknown", "word"]]), min_size=1, max_size=5))
def test_a_sentence_alone_and_in_a_batch(sentences: list[list[str]]) -> None:
    torch.manual_seed(1)
    module = SECTION.build(CODECS).eval()
    together = module(batch_of(sentences))
    for sentence, steps in zip(sentences, together, strict=True):
        torch.testing.assert_close(module(batch_of([sentence]))[0], steps[: len(sentence)])


def test_the_same_word_has_the_same_vector_everywhere() -> None:
    steps = SECTION.build(CODECS).eval()(batch_of(SENTENCES))
    assert torch.equal(steps[0, 0], steps[2, 0])
    assert torch.equal(steps[0, 0], steps[2, 1])
    assert not torch.equal(steps[0, 0], steps[0, 1])


def test_dropout_drops_the_same_features_in_all_of_a_sentence() -> None:
    module = TextEmbedding(words=Words(size=50, word_dropout=0.0), dropout=0.5).build({"words": CODECS["words"]})
    dropped = module(batch_of([["the", "cat", "sat"], ["a", "cat", "."]])) == 0
    assert (dropped == dropped[:, :1]).all()
    assert 0.2 < dropped.float().mean() < 0.8


def test_only_the_views_that_are_asked_for() -> None:
    section = TextEmbedding.model_validate({"chars": "lstm"})
    assert section.views() == {"chars": CharLstm()}
    codecs = section.fit(COUNTS, lambda name: pytest.fail(name))
    assert list(codecs) == ["chars"]
    assert section.restore({"chars": codecs["chars"].to_json()})["chars"].to_json() == codecs["chars"].to_json()
    assert TextEmbedding().views() == {}


def test_embedding_refuses_impossible_settings() -> None:
    with pytest.raises(ValidationError, match="kernel_size"):
        TextEmbedding.model_validate({"chars": {"kind": "lstm", "kernel_size": 3}})
    with pytest.raises(ValidationError, match="words"):
        TextEmbedding.model_validate({"words": "cnn"})
