import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seqnlp.codecs import Characters, Column, EncodedText, TokenizedText, Vocabulary
from seqnlp.embeddings import CharCnn, CharLstm, TextBatch, TextEmbedding, Words
from seqnlp.embeddings.subwords import SubwordPieces

SENTENCES = [["the", "cat", "sat"], ["a", "cat"], ["the", "the", "mat", "sat", "."], ["Größe"]]
TRAIN = TokenizedText(Column.from_rows(SENTENCES))
SECTION = TextEmbedding.parse(
    {
        "words": Words(size=3),
        "chars": CharCnn(size=4, embedding_size=5),
        "subwords": SubwordPieces(size=2, vocab_size=300),
    }
)
CODECS = SECTION.fit(TRAIN, lambda name: pytest.fail(name))


def batch_of(sentences: list[list[str]]) -> TextBatch:
    text = EncodedText.encode(TokenizedText(Column.from_rows(sentences)), CODECS)
    return TextBatch.gather(text, np.arange(len(sentences)))


def test_parts_stand_side_by_side() -> None:
    module = SECTION.build(CODECS).eval()
    steps = module(batch_of(SENTENCES))
    assert steps.shape == (4, 5, module.width) == (4, 5, 9)
    assert module.names == list(SECTION.parts) == ["words", "chars", "subwords"]
    for number, (name, (start, end)) in enumerate({"words": (0, 3), "chars": (3, 7), "subwords": (7, 9)}.items()):
        alone = TextEmbedding.parse({name: SECTION.parts[name]}).build({name: CODECS[name]}).eval()
        alone.parts[0].load_state_dict(module.parts[number].state_dict())
        assert alone.width == end - start
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
    module = TextEmbedding.parse({"words": Words(size=50, word_dropout=0.0), "dropout": 0.5}).build(
        {"words": CODECS["words"]}
    )
    dropped = module(batch_of([["the", "cat", "sat"], ["a", "cat", "."]])) == 0
    assert (dropped == dropped[:, :1]).all()
    assert 0.2 < dropped.float().mean() < 0.8


def test_only_the_parts_that_are_asked_for() -> None:
    section = TextEmbedding.parse({"chars": "lstm"})
    assert section.parts == {"chars": CharLstm()}
    codecs = section.fit(TRAIN, lambda name: pytest.fail(name))
    assert list(codecs) == ["chars"]
    saved = {"embedding.chars": codecs["chars"].to_json()}
    assert section.restore(saved)["chars"].to_json() == codecs["chars"].to_json()
    assert TextEmbedding.parse({}).parts == {}


def test_embedding_refuses_impossible_settings() -> None:
    with pytest.raises(ValidationError, match="kernel_size"):
        TextEmbedding.parse({"chars": {"kind": "lstm", "kernel_size": 3}})
    with pytest.raises(ValidationError, match="words"):
        TextEmbedding.parse({"words": "cnn"})
    with pytest.raises(ValidationError, match="morphemes"):
        TextEmbedding.parse({"morphemes": {}})


def test_files_are_named_by_their_keys() -> None:
    section = TextEmbedding.parse({"vectors": {"file": "glove.txt"}, "words": {}})
    assert section.named_files() == {"vectors.file": "glove.txt"}


@given(st.lists(st.lists(st.text("abcü", max_size=5), max_size=6), min_size=1, max_size=6), st.data())
def test_a_batch_equals_its_sentences_encoded_word_by_word(rows: list[list[str]], data: st.DataObject) -> None:
    train = TokenizedText(Column.from_rows(rows))
    words, chars = Vocabulary.fit(train.words.counts(), min_count=2), Characters.fit(train.words.counts(), max_length=4)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=6))
    batch = TextBatch.gather(EncodedText.encode(train, {"words": words, "chars": chars}), np.array(chosen))

    longest = max(len(rows[row]) for row in chosen)
    assert batch.index.shape == batch.mask.shape == (len(chosen), longest)
    assert batch.mask.sum(1).tolist() == [len(rows[row]) for row in chosen]
    numbers, spellings = batch.features["words"].words["ids"], batch.features["chars"].words["ids"]
    assert len(numbers) == len({word for row in chosen for word in rows[row]})
    for place, row in enumerate(chosen):
        own = rows[row]
        assert batch.mask[place].tolist() == [step < len(own) for step in range(longest)]
        index = batch.index[place, : len(own)]
        assert numbers[index].tolist() == words.encode(own).tolist()
        for spelling, expected in zip(spellings[index], chars.encode(own), strict=True):
            assert spelling[: len(expected)].tolist() == expected.tolist()
            assert not spelling[len(expected) :].any()


def test_steps_that_are_padding_point_at_some_word() -> None:
    train = TokenizedText(Column.from_rows([["x"], ["y", "z"]]))
    text = EncodedText.encode(train, {"words": Vocabulary.fit({"x": 1, "y": 1, "z": 1})})
    batch = TextBatch.gather(text, np.array([0, 1]))
    assert batch.index.tolist() == [[0, 0], [1, 2]]
    assert batch.index.max() < len(batch.features["words"].words["ids"])
