import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset

from seqnlp.codecs import Column, EncodedText, TokenizedText, Vocabulary
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.text import IDS
from seqnlp.results import Tagging
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.tasks.tag.recipe import TagRecipe
from seqnlp.tasks.tag.task import TagTask

TRAIN = {
    "form": [["the", "cat", "sat"], ["a", "dog", "ran", "."], ["the", "the"]],
    "upos": [["D", "N", "V"], ["D", "N", "V", "P"], ["D", "D"]],
    "type": [["x", "y", "y"], ["x", "y", "y", "z"], ["x", "x"]],
}
DEV = {
    "form": [["the", "bird"], ["cat"], ["sat", "the", "fish", "flew"]],
    "upos": [["D", "N"], ["N"], ["V", "D", "N", "X"]],
    "type": [["x", "y"], ["y"], ["y", "x", "y", "y"]],
}


def nowhere(name: str) -> Path:
    pytest.fail(f"looked for {name}")


def recipe(**data: Any) -> TagRecipe:
    table = {
        "task": "tag",
        "data": {"reader": "conllu", "train": "train", "dev": "dev", **data},
        "embedding": {"words": {"size": 6}, "chars": {"size": 4}},
        "encoder": {"kind": "gru", "size": 5},
    }
    return TagRecipe.model_validate(table)


def fitted(**data: Any) -> TagTask:
    return TagTask.fit(recipe(**data), Dataset.from_dict(TRAIN), nowhere)


@pytest.fixture
def tagger() -> Tagger:
    torch.manual_seed(1)
    task = fitted(labels=["upos", "type"])
    return task.predictor(task.build())


@pytest.mark.parametrize(
    ("data", "embedding", "problems"),
    [
        ({}, {"words": {}}, []),
        ({}, {}, ["embedding: there is nothing to embed (add [embedding.words] or [embedding.chars])"]),
        (
            {"labels": []},
            {"words": {}},
            ['data.labels: there is no column to predict (for instance labels = ["upos"])'],
        ),
        ({"labels": ["a", "b", "a"]}, {"words": {}}, ["data.labels: column 'a' is named twice"]),
        ({"labels": ["form"]}, {"words": {}}, ["data.labels: the words themselves ('form') can't be the labels"]),
    ],
)
def test_recipe_refuses_contradictory_columns(data: dict[str, Any], embedding: Any, problems: list[str]) -> None:
    table = {"data": {"reader": "conllu", "train": "t", "dev": "d", **data}, "embedding": embedding}
    assert [str(fault) for fault in TagRecipe.model_validate(table).faults()] == problems


def test_saved_codecs_make_an_equal_task() -> None:
    task = fitted(labels=["upos", "type"])
    saved = {name: json.loads(json.dumps(codec.to_json())) for name, codec in task.codecs().items()}
    again = TagTask.restore(recipe(labels=["upos", "type"]), saved)
    assert {name: codec.to_json() for name, codec in again.codecs().items()} == saved
    dev = Dataset.from_dict(DEV)
    rows = np.arange(3)
    ours, expected = again.encode(dev, 100).batch(rows), task.encode(dev, 100).batch(rows)
    assert all(torch.equal(ours.targets[name], target) for name, target in expected.targets.items())
    assert torch.equal(ours.inputs.features["words"].words["ids"], expected.inputs.features["words"].words["ids"])


def test_examples_hold_the_labels_of_each_word() -> None:
    task = fitted(labels=["upos", "type"])
    examples = task.encode(Dataset.from_dict(DEV), 100)
    assert examples.items == 7
    batch = examples.batch(np.array([2, 0]))
    assert batch.items == examples.items_in(np.array([2, 0])) == 6
    assert task.labels["upos"].names == ["D", "N", "P", "V"]
    assert batch.targets["upos"].tolist() == [[3, 0, 1, UNSEEN], [0, 1, UNSEEN, UNSEEN]]
    assert batch.targets["type"].tolist() == [[1, 0, 1, 1], [0, 1, UNSEEN, UNSEEN]]
    for batches in (examples.plan(1, 0), examples.in_order()):
        assert sorted(row for rows in batches for row in rows) == [0, 1, 2]


def test_labels_that_train_lacks_are_told() -> None:
    task = fitted()
    assert task.notices(task.encode(Dataset.from_dict(TRAIN), 100)) == []
    (notice,) = task.notices(task.encode(Dataset.from_dict(DEV), 100))
    assert notice == "upos: 'X' does not occur in train, and always counts as wrong"


def test_scores_equal_those_of_a_naive_count() -> None:
    torch.manual_seed(2)
    task = fitted(labels=["upos", "type"])
    model = task.build().eval()
    scores = task.score(model, task.encode(Dataset.from_dict(DEV), 100))
    known = {word for sentence in TRAIN["form"] for word in sentence}
    tagger = task.predictor(model)
    for column in ("upos", "type"):
        triples = [
            (word, gold, given)
            for sentence, labels, tagging in zip(DEV["form"], DEV[column], tagger.tag(DEV["form"]), strict=True)
            for word, gold, given in zip(sentence, labels, tagging.columns[column], strict=True)
        ]
        right = [gold == given for _, gold, given in triples]
        new = [gold == given for word, gold, given in triples if word not in known]
        assert scores[f"{column}.accuracy"] == pytest.approx(sum(right) / len(right))
        assert scores[f"{column}.accuracy_unknown"] == pytest.approx(sum(new) / len(new))
        for label, found in scores["labels"][column].items():
            assert found["support"] == sum(gold == label for _, gold, _ in triples)
    assert scores["accuracy"] == pytest.approx((scores["upos.accuracy"] + scores["type.accuracy"]) / 2)


def test_a_single_column_needs_no_prefix() -> None:
    task = fitted()
    scores = task.score(task.build().eval(), task.encode(Dataset.from_dict(DEV), 100))
    assert sorted(scores) == ["accuracy", "accuracy_unknown", "labels"]
    assert set(scores["labels"]) <= {"D", "N", "P", "V"}
    known = task.score(task.build().eval(), task.encode(Dataset.from_dict(TRAIN), 100))
    assert "accuracy_unknown" not in known  # of no words it would be no score


def test_a_sentence_is_split_by_rule_or_at_blanks(tagger: Tagger) -> None:
    tagging = tagger.tag("The cat sat.")
    assert tagging.tokens == ["The", "cat", "sat", "."]
    assert tagger.tag("The cat sat.", pretokenized=True).tokens == ["The", "cat", "sat."]
    assert set(tagging.tags) <= {"D", "N", "P", "V"}
    assert tagging.columns["upos"] == tagging.tags
    assert set(tagging.columns["type"]) <= {"x", "y", "z"}
    assert len(tagging.scores) == 4
    assert all(0.25 <= score <= 1 for score in tagging.scores)
    assert list(tagging.column_scores) == ["upos", "type"]
    assert tagging.column_scores["upos"] == tagging.scores
    assert all(1 / 3 <= score <= 1 for score in tagging.column_scores["type"])  # of three labels the likeliest
    assert tagging.column_scores["type"] != tagging.scores
    assert tagging.to_json()["column_scores"] == tagging.column_scores


def test_a_list_and_a_stream_give_what_single_sentences_give(tagger: Tagger) -> None:
    sentences = ["the cat sat", "", "a dog", "   ", "a b c d e f g", "漢字 ok"] * 5
    singles = [tagger.tag(sentence) for sentence in sentences]
    for many in (tagger.tag(sentences), list(tagger.tag(iter(sentences)))):
        for one, other in zip(singles, many, strict=True):
            assert (one.tokens, one.tags, one.columns) == (other.tokens, other.tags, other.columns)
            assert one.scores == pytest.approx(other.scores, abs=1e-6)
    assert tagger.tag([["the", "cat"]])[0].tokens == ["the", "cat"]


def test_an_empty_sentence_has_no_tags(tagger: Tagger) -> None:
    assert tagger.tag("") == Tagging([], [], [], {"upos": [], "type": []}, {"upos": [], "type": []})
    assert tagger.tag([]) == []
    empty: list[list[str]] = [[], []]
    assert tagger.tag(empty) == [tagger.tag("")] * 2


def test_a_stream_answers_at_once_and_reads_ahead_only_so_far(tagger: Tagger) -> None:
    taken = 0

    def sentences() -> Iterator[str | list[str]]:
        nonlocal taken
        while True:
            taken += 1
            yield "the cat"

    stream = tagger.tag(sentences())
    next(stream)
    assert taken == 1
    for _ in range(20):
        next(stream)
    assert taken < 100
    assert not isinstance(stream, list)


def test_a_very_long_sentence(tagger: Tagger) -> None:
    tagging = tagger.tag(["cat"] * 3 + ["the " * 20_000])[-1]
    assert len(tagging.tags) == len(tagging.scores) == 20_000


def test_the_trivial_tagger_against_plain_python() -> None:
    task = fitted(labels=["upos", "type"])
    splits = {name: task.encode(Dataset.from_dict(table), 100) for name, table in (("train", TRAIN), ("dev", DEV))}
    found = task.baselines(splits, task.recipe.training, 1)
    assert list(found) == ["dev"]
    scores = found["dev"]["most frequent tag"]
    best = {"upos": {"the": "D", "cat": "N", "sat": "V"}, "type": {"the": "x", "cat": "y", "sat": "y"}}
    everywhere = {"upos": "D", "type": "x"}
    for column, tags in best.items():
        pairs = [
            (gold, tags.get(word, everywhere[column]))
            for words, labels in zip(DEV["form"], DEV[column], strict=True)
            for word, gold in zip(words, labels, strict=True)
        ]
        assert scores[f"{column}.accuracy"] == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))


def test_answers_say_where_and_how_sure() -> None:
    task = fitted()
    model, dev = task.build().eval(), task.encode(Dataset.from_dict(DEV), 100)
    answers = task.label_pairs(model, dev)["upos"]
    tagged = task.predictor(model).tag(DEV["form"])
    assert [answers.names[n] for n in answers.predicted] == [tag for each in tagged for tag in each.tags]
    assert answers.confidence.tolist() == pytest.approx([score for each in tagged for score in each.scores])
    assert answers.rows.tolist() == [0, 0, 1, 2, 2, 2, 2]
    assert answers.steps is not None
    assert answers.steps.tolist() == [0, 1, 0, 0, 1, 2, 3]
    assert answers.known is not None
    assert answers.known.tolist() == [True, False, True, True, True, False, False]
    assert answers.gold.tolist()[-1] == UNSEEN


def test_calibration_makes_a_tagger_less_sure_and_changes_no_tag() -> None:
    table = {**recipe().model_dump(exclude_none=True), "decoder": {"kind": "linear", "calibrate": True}}
    torch.manual_seed(1)
    task = TagTask.fit(TagRecipe.model_validate(table), Dataset.from_dict(TRAIN), nowhere)
    model = task.build().eval()
    model.heads[0].output.weight.data *= 30  # type: ignore[union-attr,operator]
    dev = task.encode(Dataset.from_dict(DEV), 100)
    before = task.label_pairs(model, dev)["upos"]
    (temperature,) = task.calibrate(model, dev).values()
    after = task.label_pairs(model, dev)["upos"]
    assert temperature > 1
    assert (after.predicted == before.predicted).all()
    assert after.confidence.mean() < before.confidence.mean()
    assert any("temperature" in name for name in model.state_dict())
    assert not any("temperature" in name for name in fitted().build().state_dict())
    assert fitted().calibrate(model, dev) == {}


def test_decomposed_text_is_tagged_as_its_composed_form() -> None:
    words = ["Größe", "café", "ạ́", "हिन्दी", "क़"]
    nfd = [unicodedata.normalize("NFD", word) for word in words]
    train = Dataset.from_dict({"form": [words, nfd], "upos": [["A", "B", "C", "D", "E"]] * 2})
    task = TagTask.fit(recipe(), train, nowhere)
    composed = [unicodedata.normalize("NFC", word) for word in words]
    assert sorted(task.train_words.words) == sorted(composed)
    assert task.train_words.counts[1:].tolist() == [2] * 5
    tagger = task.predictor(task.build())
    one, other = tagger.tag(" ".join(composed)), tagger.tag(" ".join(nfd))
    assert (one.tokens, other.tokens) == (composed, nfd), "words stay as they were given"
    assert (one.tags, one.scores) == (other.tags, other.scores)
    assert task.encode(Dataset.from_dict({"form": [nfd], "upos": [list("ABCDE")]}), 100).known.all()


def test_a_run_that_was_fitted_on_decomposed_text_is_given_it_as_it_is() -> None:
    vocabulary = Vocabulary(["cafe\u0301", "x"], [2, 1])
    text = TokenizedText(Column.from_rows([["cafe\u0301", "x"]]))
    found = EncodedText.encode(text, {"words": vocabulary}).features["words"].words[IDS]
    assert isinstance(found, np.ndarray)
    assert found.tolist() == [1, 2]
