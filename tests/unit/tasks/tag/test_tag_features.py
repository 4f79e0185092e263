"""Label columns that are learned with one decoder a feature."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset

from seqnlp.codecs import Column
from seqnlp.codecs.features import Features
from seqnlp.codecs.labels import UNSEEN
from seqnlp.errors import DataError
from seqnlp.model import SequenceModel
from seqnlp.tasks.error_analysis import report
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.tasks.tag.recipe import TagRecipe
from seqnlp.tasks.tag.scores import tag_scores
from seqnlp.tasks.tag.task import TagTask

TRAIN = {
    "form": [["she", "sees", "him"], ["dogs", "run", "."]],
    "upos": [["PRON", "VERB", "PRON"], ["NOUN", "VERB", "PUNCT"]],
    "feats": [
        ["Number=Sing|Case=Nom", "Number=Sing|VerbForm=Fin", "Case=Acc|Number=Sing"],
        ["Number=Plur", "VerbForm=Fin", "_"],
    ],
}
DEV = {
    "form": [["he", "sees", "dogs", "."], ["runs"]],
    "upos": [["PRON", "VERB", "NOUN", "PUNCT"], ["VERB"]],
    "feats": [["Case=Nom", "Number=Sing|VerbForm=Fin", "Case=Gen|Number=Plur", "_"], ["Mood=Ind|VerbForm=Fin"]],
}
PARTS = ["feats.Case", "feats.Number", "feats.VerbForm"]
DECODERS = ["upos", "feats", *PARTS]


def nowhere(name: str) -> Path:
    pytest.fail(f"looked for {name}")


def recipe(decoder: Any = "linear", **data: Any) -> TagRecipe:
    table = {
        "task": "tag",
        "data": {"reader": "conllu", "train": "t", "dev": "d", "labels": ["upos", "feats"], **data},
        "embedding": {"words": {"size": 6}},
        "encoder": {"kind": "gru", "size": 5},
        "decoder": decoder,
    }
    return TagRecipe.model_validate(table)


def fitted(train: dict[str, Any] = TRAIN, **settings: Any) -> TagTask:
    torch.manual_seed(1)
    return TagTask.fit(recipe(**{"by_feature": ["feats"], **settings}), Dataset.from_dict(train), nowhere)


def column(rows: list[list[str]]) -> Column:
    return Column.from_rows(rows)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"by_feature": ["feat"]}, "there is no column 'feat' to predict; those are upos, feats"),
        (
            {"labels": ["feats", "feats.Case"], "by_feature": ["feats"]},
            "column 'feats.Case' is named as if it were a feature of 'feats'",
        ),
        (
            {"labels": ["feats"], "by_feature": ["feats"], "scheme": "bio"},
            "column 'feats' has a scheme, so its labels are no features",
        ),
        ({"labels": ["upos"], "auxiliary": ["feats"], "by_feature": ["feats"]}, None),
    ],
)
def test_recipe_refuses_contradictory_features(data: dict[str, Any], problem: str | None) -> None:
    assert [str(fault) for fault in recipe(**data).faults()] == ([f"data.by_feature: {problem}"] if problem else [])


def test_each_feature_has_a_decoder_and_targets() -> None:
    task = fitted()
    assert list(task.build().decoders) == DECODERS
    assert {name: task.labels[name].names for name in PARTS} == {
        "feats.Case": ["Acc", "Nom", "_"],
        "feats.Number": ["Plur", "Sing", "_"],
        "feats.VerbForm": ["Fin", "_"],
    }
    targets = task.encode(Dataset.from_dict(DEV), 100).batch(np.array([0, 1])).targets
    assert [task.labels["feats"].names[label] for label in targets["feats"][0].tolist() if label != UNSEEN] == [
        "Number=Sing|VerbForm=Fin",
        "_",
    ]
    assert targets["feats.Case"].tolist() == [[1, 2, UNSEEN, 2], [2, UNSEEN, UNSEEN, UNSEEN]]
    assert targets["feats.Number"].tolist() == [[2, 1, 0, 2], [2, UNSEEN, UNSEEN, UNSEEN]]
    assert targets["feats.VerbForm"].tolist() == [[1, 0, 1, 1], [0, UNSEEN, UNSEEN, UNSEEN]]


def test_features_that_train_lacks_are_told_and_always_wrong() -> None:
    task = fitted()
    dev = task.encode(Dataset.from_dict(DEV), 100)
    (notice,) = task.notices(dev)
    assert notice == "feats: 'Case=Gen', 'Mood=Ind' do not occur in train, and always counts as wrong"
    gold = task.label_pairs(task.build().eval(), dev)["feats"].gold
    assert (gold < 0).tolist() == [False, False, True, False, True]


def test_whole_labels_are_scored() -> None:
    task = fitted()
    dev = task.encode(Dataset.from_dict(DEV), 100)
    said = [["Case=Nom", "VerbForm=Fin", "Number=Plur", "_"], ["VerbForm=Fin"]]
    scores = tag_scores({"upos": column(DEV["upos"]), "feats": column(said)}, dev, task.predicted, None)
    assert scores["feats.accuracy"] == 2 / 5
    assert scores["accuracy"] == pytest.approx((1 + 2 / 5) / 2)
    assert scores["labels"]["feats"]["Number=Sing|VerbForm=Fin"]["support"] == 1
    assert scores["labels"]["feats"]["VerbForm=Fin"] == {"precision": 0, "recall": 0, "f1": 0, "support": 0}


def test_scores_of_the_same_answers_are_those_of_whole_labels() -> None:
    rows = [["Case=Nom", "Number=Sing|VerbForm=Fin", "Number=Plur", "_"], ["VerbForm=Fin"]]
    table = {**DEV, "feats": [["Number=Plur", *rows[0][1:]], rows[1]]}
    said = {"upos": column(DEV["upos"]), "feats": column([[*rows[0][:2], "_", "_"], ["VerbForm=Fin"]])}
    train = {**TRAIN, "feats": [["Case=Nom", *TRAIN["feats"][0][1:]], TRAIN["feats"][1]]}
    split, whole = fitted(train), fitted(train, by_feature=[])
    ours, theirs = (
        tag_scores(said, task.encode(Dataset.from_dict(table), 100), task.predicted, None) for task in (split, whole)
    )
    assert ours == theirs
    assert ours["feats.accuracy"] == 3 / 5


def test_the_trivial_tagger_is_that_of_whole_labels() -> None:
    def baselines(task: TagTask) -> Any:
        splits = {
            name: task.encode(Dataset.from_dict(table), 100) for name, table in (("train", sorted_), ("dev", DEV))
        }
        return task.baselines(splits, task.recipe.training, 1)

    labels = [["Case=Nom|Number=Sing", *TRAIN["feats"][0][1:]], TRAIN["feats"][1]]
    sorted_ = {**TRAIN, "feats": labels}
    assert baselines(fitted(sorted_)) == baselines(fitted(sorted_, by_feature=[]))


def sure_of(task: TagTask, labels: dict[str, str]) -> SequenceModel:
    """A model that says the same of every word: with logit 1, all else with logit 0."""
    model = task.build()
    for name, label in labels.items():
        layer = model.decoders[name].output
        torch.nn.init.zeros_(layer.weight)  # type: ignore[union-attr,arg-type]
        layer.bias.data = torch.zeros(len(task.labels[name]))  # type: ignore[union-attr]
        layer.bias.data[task.labels[name].names.index(label)] = 1.0  # type: ignore[union-attr]
    return model


def test_a_combination_that_train_lacks_is_said_if_it_is_likelier() -> None:
    task = fitted()
    labels = task.labels["feats"].names
    assert len(labels) == 6
    assert "Case=Acc|Number=Plur" not in labels
    parts = {"feats.Case": "Acc", "feats.Number": "Plur", "feats.VerbForm": "_"}
    model = sure_of(task, {"feats": "_", **parts})
    together, whole = (np.e / (np.e + 2)) ** 2 * np.e / (np.e + 1), np.e / (np.e + 5)
    assert whole > together
    assert task.predictor(model).tag(["x"])[0].columns["feats"] == ["_"]
    model.decoders["feats"].output.bias.data.zero_()  # type: ignore[union-attr,operator]
    assert together > 1 / 6
    found = task.predictor(model).tag(["x"])[0]
    assert found.columns["feats"] == ["Case=Acc|Number=Plur"]
    assert found.column_scores["feats"] == pytest.approx([together])


def test_whole_labels_decide_among_those_of_train() -> None:
    task = fitted()
    parts = {"feats.Case": "Acc", "feats.Number": "Sing", "feats.VerbForm": "_"}
    model = sure_of(task, {"feats": "Number=Plur", **parts})
    found = task.predictor(model).tag(["x"])[0]
    assert found.columns["feats"] == ["Number=Plur"]
    assert found.column_scores["feats"] == pytest.approx([np.e / (np.e + 5)])


def test_features_that_were_learned_alone_are_joined() -> None:
    """Older runs have no decoder of whole labels."""
    task = fitted(labels=["feats", "upos"])
    saved = {name: codec.to_json() for name, codec in task.codecs().items()}
    del saved["labels.feats"]["labels"]
    task = TagTask.restore(recipe(by_feature=["feats"], labels=["feats", "upos"]), saved)
    assert list(task.build().decoders) == [*PARTS, "upos"]
    model = sure_of(task, {"feats.Case": "Acc", "feats.Number": "Sing", "feats.VerbForm": "_", "upos": "NOUN"})
    tagging, nothing = task.predictor(model).tag([["she", "sleeps"], []])
    assert tagging.tags == tagging.columns["feats"] == ["Case=Acc|Number=Sing"] * 2
    assert list(tagging.columns) == ["feats", "upos"]
    three, two = np.e / (np.e + 2), np.e / (np.e + 1)
    assert tagging.scores == pytest.approx([three * three * two] * 2)
    assert tagging.column_scores["upos"] == pytest.approx([np.e / (np.e + 3)] * 2)
    assert nothing.columns == {"feats": [], "upos": []}
    scores = task.score(model, task.encode(Dataset.from_dict(TRAIN), 100))
    assert scores["feats.accuracy"] == pytest.approx(1 / 6)
    assert scores["labels"]["feats"]["Case=Acc|Number=Sing"]["precision"] == pytest.approx(1 / 6)


@pytest.mark.parametrize("decoder", ["linear", "crf"])
def test_a_column_weighs_as_much_as_it_should(decoder: str) -> None:
    task = fitted(decoder=decoder, loss_weights={"feats": 0.5})
    model = task.build()
    assert model.weights == {"upos": 1.0, "feats": 0.5, **dict.fromkeys(PARTS, pytest.approx(0.5 / 3))}
    loss, _ = model.loss(task.encode(Dataset.from_dict(TRAIN), 100).batch(np.array([0, 1])))
    assert loss.total.isfinite()


def test_saved_codecs_make_an_equal_task() -> None:
    task = fitted()
    saved = {name: json.loads(json.dumps(codec.to_json())) for name, codec in task.codecs().items()}
    again = TagTask.restore(recipe(by_feature=["feats"]), saved)
    assert {name: codec.to_json() for name, codec in again.codecs().items()} == saved
    assert list(again.build().decoders) == list(task.build().decoders)


def test_an_auxiliary_column_is_learned_but_not_said() -> None:
    task = fitted(labels=["upos"], auxiliary=["feats"])
    assert list(task.build().decoders) == DECODERS
    dev = task.encode(Dataset.from_dict(DEV), 100)
    assert task.notices(dev) == []
    assert sorted(task.score(task.build().eval(), dev)) == ["accuracy", "accuracy_unknown", "labels"]
    assert list(task.predictor(task.build()).tag(["she"])[0].columns) == ["upos"]


def test_every_decoder_is_calibrated() -> None:
    task = fitted(decoder={"kind": "linear", "calibrate": True})
    assert list(task.calibrate(task.build().eval(), task.encode(Dataset.from_dict(DEV), 100))) == DECODERS


@pytest.mark.parametrize(
    ("feats", "problem"),
    [
        ([["_"] * 3] * 2, "column 'feats': there are no features in train, only '_'"),
        (
            [["_", "Nom", "_"]] * 2,
            "column 'feats': 'Nom' is no list of features; expected one such as 'Case=Nom|Number=Sing', or '_'",
        ),
    ],
)
def test_a_column_without_features(feats: list[list[str]], problem: str) -> None:
    with pytest.raises(DataError) as error:
        fitted({**TRAIN, "feats": feats})
    assert error.value.problem == problem


def test_each_feature_is_scored() -> None:
    task = fitted()
    dev = task.encode(Dataset.from_dict(DEV), 100)
    said = [["Case=Nom", "VerbForm=Fin", "Case=Acc|Number=Sing", "Case=Nom"], ["VerbForm=Fin"]]
    scores = tag_scores({"upos": column(DEV["upos"]), "feats": column(said)}, dev, task.predicted, None)
    found = scores["features"]["feats"]
    assert list(found) == ["Case", "Mood", "Number", "VerbForm"]
    assert found["Case"] == {"precision": 1 / 3, "recall": 1 / 2, "f1": 2 / 5, "support": 2}
    assert found["Number"] == {"precision": 0, "recall": 0, "f1": 0, "support": 2}
    assert found["VerbForm"] == {"precision": 1, "recall": 1, "f1": 1, "support": 2}
    assert found["Mood"] == {"precision": 0, "recall": 0, "f1": 0, "support": 1}
    assert scores["values"]["feats"]["Case"]["Nom"] == {"precision": 0.5, "recall": 1, "f1": 2 / 3, "support": 1}
    assert list(scores["values"]["feats"]["Case"]) == ["Acc", "Gen", "Nom"]


def test_features_are_scored_in_plain_columns_too_and_other_labels_have_none() -> None:
    whole = fitted(by_feature=[])
    scores = whole.score(whole.build().eval(), whole.encode(Dataset.from_dict(DEV), 100))
    assert list(scores["features"]) == list(scores["values"]) == ["feats"]
    upos = fitted(by_feature=[], labels=["upos"])
    assert not {"features", "values"} & {*upos.score(upos.build().eval(), upos.encode(Dataset.from_dict(DEV), 100))}


def test_errors_are_told_by_feature() -> None:
    task = fitted()
    dev = task.encode(Dataset.from_dict(DEV), 100)
    model = sure_of(task, {"feats": "Number=Plur"})
    pairs = task.label_pairs(model.eval(), dev)
    found = report(pairs["feats"], task.words(Dataset.from_dict(DEV)), 10, 1)
    assert list(found.features) == ["Case", "Mood", "Number", "VerbForm"]
    assert found.features["Number"].labels == ["Plur", "Sing", "_"]
    assert found.features["Number"].matrix == [[1, 0, 0], [1, 0, 0], [3, 0, 0]]
    assert found.features["Number"].confusions[0].gold == "_"
    assert report(pairs["upos"], task.words(Dataset.from_dict(DEV)), 10, 1).features == {}


@pytest.mark.parametrize("has_whole", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_the_likeliest_labels_of_features_are_those_that_are_predicted(has_whole: bool, seed: int) -> None:
    task = fitted()
    torch.manual_seed(seed)
    tagger = task.predictor(task.build())
    assert isinstance(tagger, Tagger)
    codec = tagger.labels["feats"]
    assert isinstance(codec, Features)
    if not has_whole:
        codec.whole = None
    words = ["she", "runs", "him", "."]
    tagging, found = tagger.tag([words])[0], tagger.alternatives(words, 6)
    for name in ("upos", "feats"):
        assert [row[0][0] for row in found[name]] == tagging.columns[name]
        np.testing.assert_allclose([row[0][1] for row in found[name]], tagging.column_scores[name], rtol=1e-5)
    for row in found["feats"]:
        shares = [share for _, share in row]
        assert len(row) == 6
        assert shares == sorted(shares, reverse=True)
        assert len({label for label, _ in row}) == 6
