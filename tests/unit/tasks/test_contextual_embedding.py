"""Embeddings that see the sentence, defined as a plugin would: they need no change of any other file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pytest
import torch
from pydantic import Field
from torch import Tensor, nn

import seqnlp
from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, EncodedText, TextCodec, TextFeatures, TokenizedText, Vocabulary
from seqnlp.codecs.text import IDS
from seqnlp.embeddings import Embedder, Embedding, Features, PathResolver, TextBatch, TextEmbedding
from seqnlp.errors import RecipeError
from seqnlp.recipe import parse_recipe


class Previous(Embedding):
    """A vector of the word before."""

    section: ClassVar[str] = "previous"

    size: Annotated[int, Field(ge=1)] = 8
    """Features of the vector."""

    def fit(self, train: TokenizedText, find: PathResolver) -> Vocabulary:
        return Vocabulary.fit(train.words.counts())

    def restore(self, data: dict[str, Any]) -> Vocabulary:
        return Vocabulary.from_json(data)

    def build(self, codec: Vocabulary) -> "PreviousWord":
        return PreviousWord(len(codec), self.size)


class PreviousWord(Embedder):
    def __init__(self, words: int, size: int) -> None:
        super().__init__()
        self.width = size
        self.table = nn.Embedding(words, size)

    def forward(self, batch: TextBatch, features: Features) -> Tensor:
        vectors = self.table(features.words[IDS])[batch.index]
        return nn.functional.pad(vectors, (0, 0, 1, 0))[:, :-1]


class Letters(TextCodec):
    """All letters of a sentence in one row, which is longer than its words are many."""

    def features(self, text: TokenizedText) -> TextFeatures:
        rows = [[ord(letter) % 97 + 1 for letter in "".join(words)] for words in text.words.rows()]
        return TextFeatures(sentences={"letters": Ragged.from_rows(rows)})

    def to_json(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls()


class SentenceLetters(Embedding):
    """The mean of the vectors of a sentence's letters, at every step of it."""

    section: ClassVar[str] = "letters"

    def fit(self, train: TokenizedText, find: PathResolver) -> Letters:
        return Letters()

    def restore(self, data: dict[str, Any]) -> Letters:
        return Letters.from_json(data)

    def build(self, codec: Letters) -> "LetterMean":
        return LetterMean()


class LetterMean(Embedder):
    width = 3

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(98, self.width, padding_idx=0)

    def forward(self, batch: TextBatch, features: Features) -> Tensor:
        letters = features.sentences["letters"]
        mean: Tensor = self.table(letters).sum(1) / (letters != 0).sum(1, keepdim=True).clamp(min=1)
        return mean[:, None].expand(-1, batch.index.shape[1], -1)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Known as long as these tests run."""
    Embedding.registry |= {"previous": Previous, "letters": SentenceLetters}
    yield
    del Embedding.registry["previous"], Embedding.registry["letters"]


for late in (Previous, SentenceLetters):
    del Embedding.registry[late.section]


def write_recipe(folder: Path, embedding: str, task: Literal["tag", "classify"]) -> Path:
    """A corpus whose labels say which word comes before, and a recipe without an encoder."""
    random = np.random.default_rng(1)
    rows = [random.choice(["a", "b", "c"], random.integers(2, 6)).tolist() for _ in range(60)]
    if task == "tag":
        examples: list[dict[str, Any]] = [{"words": row, "label": ["-", *row[:-1]]} for row in rows]
    else:  # a bag of words can't tell these
        examples = [{"words": row, "label": "".join(row)} for row in (["a", "b"], ["b", "a"])] * 20
    for split in ("train", "dev", "test"):
        lines = "\n".join(map(json.dumps, examples))
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    labels = 'labels = ["label"]' if task == "tag" else 'label = "label"'
    path = folder / "recipe.toml"
    path.write_text(
        f"""
task = "{task}"
encoder = "none"
[data]
reader = "jsonl"
train = "train.jsonl"
dev = "dev.jsonl"
test = "test.jsonl"
tokens = "words"
{labels}
[embedding]
dropout = 0.0
words = {{ size = 8 }}
{embedding}
[decoder]
kind = "{"linear" if task == "tag" else "mean"}"
dropout = 0.0
[optimizer]
lr = 3e-2
[training]
epochs = 12
batch_tokens = 60
threads = 1
""",
        encoding="utf-8",
    )
    return path


def trained(folder: Path, embedding: str, task: Literal["tag", "classify"]) -> float:
    for _ in seqnlp.train(write_recipe(folder, embedding, task), out=folder / "run"):
        pass
    return float(seqnlp.evaluate(folder / "run")["scores"]["accuracy"])


@pytest.mark.parametrize("task", ["tag", "classify"])
def test_a_model_is_trained_scored_and_loaded_with_it(tmp_path: Path, task: Literal["tag", "classify"]) -> None:
    assert trained(tmp_path, "previous = { size = 8 }", task) == 1.0
    model = seqnlp.load(tmp_path / "run")
    if task == "tag":
        assert model.tag(["a", "b"])[0].tokens == ["a"]
        assert model.tag([["c", "a", "b", "b"]])[0].tags == ["-", "c", "a", "b"]
    else:
        assert [found.label for found in model.classify([["a", "b"], ["b", "a"]])] == ["ab", "ba"]


def test_without_it_the_words_do_not_tell(tmp_path: Path) -> None:
    assert trained(tmp_path, "", "tag") < 0.8


def build(section: dict[str, Any], sentences: list[list[str]]) -> tuple[nn.Module, dict[str, TextCodec]]:
    embedding = TextEmbedding.parse(section)
    codecs = embedding.fit(TokenizedText(Column.from_rows(sentences)), lambda name: pytest.fail(name))
    torch.manual_seed(1)
    return embedding.build(codecs).eval(), codecs


def test_a_sentence_alone_and_in_a_batch() -> None:
    sentences = [["ab", "c", "abc"], ["b"], ["c", "ab", "b", "b", "abcabc"]]
    module, codecs = build({"words": {"size": 4}, "previous": {"size": 2}, "letters": {}}, sentences)

    def embed(rows: list[list[str]]) -> Tensor:
        text = EncodedText.encode(TokenizedText(Column.from_rows(rows)), codecs)
        vectors: Tensor = module(TextBatch.gather(text, np.arange(len(rows))))
        return vectors

    together = embed(sentences)
    assert together.shape == (3, 5, 4 + 2 + 3)
    for sentence, steps in zip(sentences, together, strict=True):
        torch.testing.assert_close(embed([sentence])[0], steps[: len(sentence)])
    one, other = embed([["ab", "b"]])[0, 1], embed([["c", "b"]])[0, 1]
    assert torch.equal(one[:4], other[:4]), "the word is the same"
    assert not torch.equal(one[4:6], other[4:6]), "that before is another"
    assert not torch.equal(one[6:], other[6:]), "as is the sentence"


def test_faults_in_it_are_told_with_place_and_hint(tmp_path: Path) -> None:
    for wrong, problem in {
        'previous = { size = "8" }': 'embedding.previous.size: expected a whole number, found the string "8"',
        "previous = { sise = 8 }": "embedding.previous.sise: unknown key (did you mean `size`?",
        "previus = { size = 8 }": "embedding.previus: unknown key (did you mean `previous`?",
    }.items():
        text = write_recipe(tmp_path, wrong, "tag").read_text(encoding="utf-8")
        with pytest.raises(RecipeError) as caught:
            parse_recipe(text, tmp_path / "recipe.toml")
        (fault,) = caught.value.faults
        assert problem in str(fault)
        assert ":14:" in str(fault)


@pytest.mark.parametrize("name", ["dropout", "columns", "ngrams"])
def test_a_section_that_means_something_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"Taken: the section '{name}' has another meaning already"):
        type(
            "Taken",
            (Previous,),
            {"__module__": __name__, "__annotations__": {"section": ClassVar[str]}, "section": name},
        )
    assert name not in Embedding.registry
