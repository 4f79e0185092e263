import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset

from seqnlp.codecs import Vocabulary
from seqnlp.errors import DataError
from seqnlp.model import SequenceModel
from seqnlp.nn.dropout import seed_thread
from seqnlp.results import Classification
from seqnlp.tasks.classify.dataset import LABEL, ClassifyDataset
from seqnlp.tasks.classify.predictor import Classifier
from seqnlp.tasks.classify.recipe import ClassifyRecipe
from seqnlp.tasks.classify.scores import predict_classes
from seqnlp.tasks.classify.task import ClassifyTask

TEXTS = ["A fine film!", "so dull, so long", "fine music", "dull", "not fine at all", "A fine film!"]
TRAIN = {"text": TEXTS, "label": ["good", "bad", "good", "bad", "bad", "good"]}
SEVERAL = {
    "words": [["light", "shoes"], ["dear", "and", "heavy"], ["cheap"], ["heavy"]],
    "label": [["weight"], ["weight", "price"], ["price"], []],
}


def nowhere(name: str) -> Path:
    pytest.fail(f"looked for {name}")


def recipe(decoder: Any = "max", **data: Any) -> ClassifyRecipe:
    table = {
        "task": "classify",
        "data": {"reader": "csv", "train": "train", "dev": "dev", **data},
        "embedding": {"words": {"size": 6}, "dropout": 0.0},
        "encoder": {"kind": "lstm", "size": 5},
        "decoder": decoder,
    }
    return ClassifyRecipe.model_validate(table)


def fitted(decoder: Any = "max", table: Any = None, **data: Any) -> ClassifyTask:
    torch.manual_seed(1)
    return ClassifyTask.fit(recipe(decoder, **data), Dataset.from_dict(table or TRAIN), nowhere)


def fitted_to_several(decoder: Any = "max") -> ClassifyTask:
    return fitted(decoder, SEVERAL, tokens="words", multilabel=True)


def overfit(task: ClassifyTask, table: Any) -> tuple[SequenceModel, ClassifyDataset]:
    """A model trained on one batch until it knows it by heart."""
    seed_thread(1)  # which words are dropped
    examples, model = task.encode(Dataset.from_dict(table), 1000), task.build()
    batch = examples.batch(np.arange(examples.items))
    optimizer = torch.optim.AdamW(model.parameters(), 0.03)
    for _ in range(60):
        optimizer.zero_grad()
        model.loss(batch)[0].mean.backward()  # type: ignore[no-untyped-call,unused-ignore]
        optimizer.step()
    return model.eval(), examples


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        ({}, []),
        (
            {"text": "review", "tokens": "words"},
            ["data.tokens: both `text` and `tokens` are named (leave out one of them)"],
        ),
        ({"label": "text"}, ["data.label: the text itself ('text') can't be the label"]),
    ],
)
def test_recipe_refuses_contradictory_columns(data: dict[str, Any], problems: list[str]) -> None:
    assert [str(fault) for fault in recipe(**data).faults()] == problems


@pytest.mark.parametrize("kind", ["last", "mean", "max", "attention"])
def test_one_batch_can_be_learned_by_heart(kind: str) -> None:
    task = fitted({"kind": kind, "dropout": 0.0})
    model, examples = overfit(task, TRAIN)
    scores = task.score(model, examples)
    assert (scores["accuracy"], scores["macro_f1"]) == (1.0, 1.0)
    assert scores["log_loss"] < 0.2
    assert scores["labels"]["bad"]["support"] == 3


def test_several_labels_can_be_learned_by_heart() -> None:
    task = fitted_to_several({"kind": "max", "dropout": 0.0})
    model, examples = overfit(task, SEVERAL)
    scores = task.score(model, examples)
    assert (scores["micro_f1"], scores["macro_f1"], scores["exact_match"]) == (1.0, 1.0, 1.0)
    found = task.predictor(model).classify(SEVERAL["words"])
    assert [sorted(each.labels) for each in found] == [sorted(labels) for labels in SEVERAL["label"]]
    assert found[3].label is None
    assert set(found[3].scores) == {"price", "weight"}


def test_equal_texts_are_split_once_and_every_text_is_there() -> None:
    examples = fitted().encode(Dataset.from_dict(TRAIN), 1000)
    words = [[examples.words.distinct[code] for code in examples.words.codes[row]] for row in range(6)]
    assert words[0] == words[5] == ["A", "fine", "film", "!"]
    assert words[1] == ["so", "dull", ",", "so", "long"]
    assert examples.items == 6
    assert examples.batch(np.array([1, 0])).targets[LABEL].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("table", "data", "problem"),
    [
        ({"text": ["a", " \t", ""], "label": ["x", "y", "x"]}, {}, "column 'text': row 2 has no words (nor do 1 more)"),
        ({"text": ["a"], "label": ["x"]}, {}, "there is only one class, 'x'"),
        ({"text": ["a"], "label": [["x", "y"]]}, {}, "column 'label': row 1 has 2 labels; expected one"),
        ({"text": [["a", "b"]], "label": ["x"]}, {}, "column 'text' holds lists"),
        ({"words": [["a"], []], "label": ["x", "y"]}, {"tokens": "words"}, "column 'words': row 2 has no words"),
        ({"review": ["a"], "label": ["x"]}, {}, "no column 'text'; its columns are"),
    ],
)
def test_bad_data_is_told_in_one_line(table: Any, data: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=re.escape(problem)) as caught:
        fitted(table=table, **data)
    assert "\n" not in str(caught.value)


def test_a_class_that_train_does_not_have_is_told_and_counts_as_wrong() -> None:
    task = fitted()
    examples = task.encode(Dataset.from_dict({"text": ["odd", "fine"], "label": ["neither", "good"]}), 1000)
    assert task.notices(examples) == ["'neither' does not occur in train, and always counts as wrong"]
    assert task.score(task.build().eval(), examples)["accuracy"] <= 0.5
    model = task.build()
    assert model.loss(examples.batch(np.array([0])))[0].total.item() == 0.0
    several = fitted_to_several()
    odd = several.encode(Dataset.from_dict({"words": [["light"]], "label": [["weight", "colour"]]}), 1000)
    assert odd.missing.tolist() == [1]
    assert several.score(several.build().eval(), odd)["exact_match"] == 0.0


def test_class_weights() -> None:
    table = {"text": ["a", "b", "c", "d"], "label": ["x", "x", "x", "y"]}
    balanced = fitted({"kind": "max", "class_weights": "balanced"}, table).class_weights
    assert balanced.tolist() == pytest.approx([4 / 6, 4 / 2])
    assert fitted({"kind": "max", "class_weights": {"y": 3.0}}, table).class_weights.tolist() == [1.0, 3.0]
    assert fitted_to_several({"kind": "max", "class_weights": "balanced"}).class_weights.tolist() == [1.0, 1.0]
    with pytest.raises(DataError, match=r"no class 'z', for which .* the classes are 'x', 'y'"):
        fitted({"kind": "max", "class_weights": {"z": 3.0}}, table)


def test_saved_codecs_make_an_equal_task() -> None:
    task = fitted({"kind": "mean", "class_weights": "balanced"})
    saved = {name: json.loads(json.dumps(codec.to_json())) for name, codec in task.codecs().items()}
    again = ClassifyTask.restore(task.recipe, saved)
    assert {name: codec.to_json() for name, codec in again.codecs().items()} == saved
    model, other = task.build().eval(), again.build().eval()
    other.load_state_dict(model.state_dict())
    examples = task.encode(Dataset.from_dict(TRAIN), 1000)
    batch = examples.batch(np.arange(6))
    assert torch.equal(model.loss(batch)[0].total, other.loss(batch)[0].total)


@pytest.fixture
def classifier() -> Classifier:
    task = fitted()
    return task.predictor(task.build())


def test_one_text_a_list_and_a_stream(classifier: Classifier) -> None:
    one = classifier.classify("A fine film!")
    assert isinstance(one, Classification)
    assert one.tokens == ["A", "fine", "film", "!"]
    assert [one.label] == one.labels == list(one.scores)[:1]
    assert sum(one.scores.values()) == pytest.approx(1)
    many = classifier.classify(["dull", "A fine film!", "so dull, so long"])
    assert many[1].scores == pytest.approx(one.scores)
    stream = classifier.classify(iter(["dull", ["A", "fine", "film", "!"]]))
    assert [each.label for each in stream] == [many[0].label, one.label]


def test_a_text_without_words_has_no_class(classifier: Classifier) -> None:
    empty, full = classifier.classify(["  ", "dull"], explain=True)
    assert (empty.tokens, empty.labels, empty.scores, empty.label, empty.contributions) == ([], [], {}, None, [])
    assert full.label is not None


def test_json_says_why_only_when_asked(classifier: Classifier) -> None:
    plain, told = classifier.classify("dull").to_json(), classifier.classify("dull", explain=True).to_json()
    assert set(told) - set(plain) == {"contributions"}
    assert plain["label"] == plain["labels"][0]


def test_weights_of_attention_explain_and_sum_to_one() -> None:
    task = fitted("attention")
    for result in task.predictor(task.build()).classify(["A fine film!", "dull"], explain=True):
        assert result.contributions is not None
        assert len(result.contributions) == len(result.tokens)
        assert sum(result.contributions) == pytest.approx(1, abs=1e-5)


def test_explaining_changes_no_score(classifier: Classifier) -> None:
    for text in TEXTS:
        assert classifier.classify(text, explain=True).scores == pytest.approx(classifier.classify(text).scores)


def test_gradient_times_input_is_exact_for_a_linear_model() -> None:
    """Without an encoder, a mean of word vectors and a linear map: the contributions add up to logit minus bias."""
    from seqnlp.tasks.classify.baselines import bag_of_words

    torch.manual_seed(3)
    task = fitted()
    vocabulary = task.text_codecs["words"]
    assert isinstance(vocabulary, Vocabulary)
    model: Any = bag_of_words(len(vocabulary), 2, multilabel=False)
    torch.nn.init.normal_(model.embedding.table.weight)
    model.heads[0].output.bias.data.normal_()
    classifier = task.predictor(model)
    table, bias = model.state_dict()["embedding.table.weight"], model.state_dict()["heads.0.output.bias"]
    for result in classifier.classify(["A fine film!", "so dull, so long"], explain=True):
        numbers = vocabulary.encode(result.tokens)
        votes = table[torch.from_numpy(np.asarray(numbers))]
        logits = votes.sum(0) + bias
        chosen = int(logits.argmax())
        assert result.label == task.labels.names[chosen]
        assert result.contributions == pytest.approx(votes[:, chosen].tolist(), abs=1e-6)


def test_the_trivial_systems_against_plain_python() -> None:
    task = fitted()
    dev = {"text": ["fine film", "dull dull", "long", "fine"], "label": ["good", "bad", "bad", "bad"]}
    splits = {"train": task.encode(Dataset.from_dict(TRAIN), 1000), "dev": task.encode(Dataset.from_dict(dev), 1000)}
    found = task.baselines(splits, task.recipe.training, 1)
    assert list(found) == ["dev"]
    assert list(found["dev"]) == ["majority class", "bag of words"]
    majority = min(Counter(TRAIN["label"]).items(), key=lambda item: (-item[1], item[0]))[0]
    expected = sum(label == majority for label in dev["label"]) / 4
    assert found["dev"]["majority class"]["accuracy"] == expected
    assert found["dev"]["majority class"]["log_loss"] == pytest.approx(np.log(2))
    assert found["dev"]["bag of words"]["accuracy"] >= 0.75
    assert found == task.baselines(splits, task.recipe.training, 1)


def test_calibration_lowers_the_loss_on_dev_and_no_choice() -> None:
    task = fitted({"kind": "max", "dropout": 0.0, "calibrate": True})
    model, _ = overfit(task, TRAIN)
    dev = task.encode(Dataset.from_dict({"text": ["fine", "so fine", "dull"], "label": ["good", "bad", "bad"]}), 1000)
    with torch.inference_mode():
        before, chosen = task.score(model, dev), predict_classes(model, dev, task.labels).scores.argmax(1)
        temperatures = task.calibrate(model, dev)
        after = task.score(model, dev)
        assert (predict_classes(model, dev, task.labels).scores.argmax(1) == chosen).all()
    assert temperatures[LABEL] > 1
    assert after["log_loss"] < before["log_loss"]
    assert fitted().calibrate(model, dev) == {}


def test_answers_are_what_was_said() -> None:
    task = fitted({"kind": "max", "dropout": 0.0})
    model, examples = overfit(task, TRAIN)
    with torch.inference_mode():
        answers = task.label_pairs(model, examples)["label"]
    assert [answers.names[n] for n in answers.predicted] == [answers.names[n] for n in answers.gold] == TRAIN["label"]
    assert (answers.confidence > 0.5).all()
    several = fitted_to_several({"kind": "max", "dropout": 0.0})
    model, examples = overfit(several, SEVERAL)
    with torch.inference_mode():
        columns = several.label_pairs(model, examples)
    assert list(columns) == ["price", "weight"]
    assert columns["price"].gold.tolist() == columns["price"].predicted.tolist() == [0, 1, 1, 0]
