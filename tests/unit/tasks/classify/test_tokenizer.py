"""Classifiers that read raw text by a tokenizer, as language models do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import seqnlp
from seqnlp.errors import RecipeError
from seqnlp.tasks.classify.predictor import Classifier

ROWS = [("a fine film, well made", "good"), ("a dull film", "bad"), ("fine and warm\nand fine again", "good")] * 4
LONG = " ".join(["so very fine"] * 900)
TABLE = {"text": [text for text, _ in ROWS], "label": [label for _, label in ROWS]}
RECIPE: dict[str, Any] = {
    "task": "classify",
    "data": {},
    "embedding": {"tokens": {"size": 6}},
    "encoder": {"kind": "lstm", "size": 5, "bidirectional": False},
    "decoder": "concat",
    "training": {"epochs": 2, "threads": 1, "precision": "fp32"},
}
Train = Callable[..., Path]


@pytest.fixture
def trained(tmp_path: Path) -> Train:
    def train(tokenizer: Any, **sections: Any) -> Path:
        recipe = {**RECIPE, **sections, "data": {"tokenizer": tokenizer}}
        out = tmp_path / "run"
        for _ in seqnlp.train(recipe, [], out, data={"train": TABLE, "dev": TABLE}):
            pass
        return out

    return train


@pytest.mark.parametrize("tokenizer", ["characters", "words", {"kind": "subwords", "vocab_size": 300}])
def test_a_loaded_classifier_scores_as_in_training(tokenizer: Any, trained: Train) -> None:
    run = trained(tokenizer)
    model: Classifier = seqnlp.load(run)
    texts = [*TABLE["text"], LONG, "Ωmega unseen"]
    together = model.classify(texts)
    for text, found in zip(texts, together, strict=True):
        alone = model.classify(text)
        assert alone.scores == pytest.approx(found.scores, abs=1e-5)
        assert len(alone.tokens) == len(found.tokens) > 0
    right = sum(found.label == label for found, label in zip(together, TABLE["label"], strict=False))
    scores = seqnlp.evaluate(run, "dev", data=TABLE)["scores"]
    assert scores["accuracy"] == pytest.approx(right / len(ROWS))


def test_a_long_text_is_read_to_its_end(trained: Train) -> None:
    model: Classifier = seqnlp.load(trained("words"))
    assert len(model.classify(LONG).tokens) == len(LONG.split())
    first, last = model.classify(f"dull {LONG}"), model.classify(f"{LONG} dull")
    assert first.scores != last.scores


def test_explanations_and_columns(trained: Train) -> None:
    model: Classifier = seqnlp.load(trained("words"))
    found = model.classify("a fine film", explain=True)
    assert found.tokens == ["a", "fine", "film"]
    assert found.contributions is not None
    assert len(found.contributions) == 3
    assert model.classify([["a", "fine", "film"]])[0].scores == pytest.approx(found.scores)
    assert model({"text": ["a fine film", "", " \n"]})["label"] == [found.label, None, None]


def test_other_parts_of_the_embedding_read_the_tokens(trained: Train) -> None:
    parts = {"tokens": {"size": 3}, "words": {"size": 3}, "chars": {"size": 3, "embedding_size": 2}}
    model: Classifier = seqnlp.load(trained("words", embedding=parts, ngrams={"words": 2, "chars": [], "min_count": 1}))
    assert model.classify("a fine film").label in ("good", "bad")


def test_token_dropout_drops_whole_tokens() -> None:
    from seqnlp.embeddings.tokens import TokenTable

    torch.manual_seed(1)
    table = TokenTable(200, 4, 0.5).train()
    vectors = table.embed_words(torch.arange(200))
    dropped = (vectors == 0).all(1)
    assert 60 < int(dropped.sum()) < 140
    torch.testing.assert_close(vectors[~dropped], 2 * table.table.weight[~dropped])
    assert torch.equal(table.eval().embed_words(torch.arange(200)), table.table.weight)


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ({"data": {"tokens": "words", "tokenizer": "words"}}, "data.tokenizer: column 'words' is tokenized already"),
        ({"data": {}}, "embedding.tokens: there is no tokenizer"),
        ({"task": "tag", "data": {"labels": ["upos"]}, "decoder": "linear"}, "embedding.tokens: a tagger reads words"),
    ],
)
def test_contradictions(sections: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        next(seqnlp.train({**RECIPE, **sections}, [], tmp_path / "run", data={"train": TABLE, "dev": TABLE}))
    assert told in str(caught.value)
