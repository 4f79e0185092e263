"""The model card, and what meta.json says."""

import json
import sys

import pytest

from seqnlp.run import FORMAT
from seqnlp.run.meta import PACKAGES, describe_training
from seqnlp.tasks.model_card import model_card
from seqnlp.tasks.registry import known_tasks, task_info

RECIPE = 'task = "tag"\n\n[data]\ntrain = "a.conllu"\ndev = "b.conllu"\n\n[encoder]\nkind = "gru"\n'
SCORES = {
    "dev": {"accuracy": 0.95, "labels": {"NOUN": {"f1": 0.5}}},
    "test": {"accuracy": 0.94, "perplexity": None},
    "training": {"seconds": 74.0},
}
META = {
    "recipe": "pos_gru",
    "created": "2026-11-21T02:45:11+00:00",
    "device": "cpu",
    "versions": {"seqnlp": "0.1.0"},
    "corpus": {"train": "abc"},
}


def test_the_whole_card() -> None:
    assert model_card(task_info("tag"), RECIPE, SCORES, META).split("## Use")[0] == (
        "---\n"
        "library_name: seqnlp\n"
        "pipeline_tag: token-classification\n"
        'tags:\n- "seqnlp"\n- "tag"\n'
        'metrics:\n- "accuracy"\n'
        "---\n\n"
        "# pos_gru\n\n"
        "A model that gives every word of a sentence a label (encoder `gru`), trained with seqnlp 0.1.0\n"
        "on 2026-11-21T02:45:11+00:00, on `cpu`.\n\n"
        "## Scores\n\n"
        "| metric | dev | test |\n|---|---:|---:|\n| accuracy | 0.9500 | 0.9400 |\n\n"
        "Training took 1 min 14 s.\n\n"
    )


def test_data_use_and_recipe() -> None:
    card = model_card(task_info("tag"), RECIPE, SCORES, META)
    assert "| train | `a.conllu` | `abc` |\n| dev | `b.conllu` | `unknown` |\n" in card
    assert 'print(model.tag("The cat sat ."))' in card
    assert "## Limitations" in card
    assert card.endswith(f"```toml\n{RECIPE.strip()}\n```\n")


def test_what_came_from_elsewhere_and_a_fold() -> None:
    known = {"embedding.vectors": {"name": "words.vec", "license": "CC0-1.0", "sha256": "ab"}}
    recipe = RECIPE.replace("[data]", '[data]\nfolds = 3\nfold = 2\ntest = "c.conllu"')
    card = model_card(task_info("tag"), recipe, SCORES, {**META, "knowledge": known})
    assert card.count("## Pretrained knowledge") == 1
    assert "| embedding.vectors | `words.vec` | CC0-1.0 | `ab` |" in card
    assert "| test | fold 2 of 3 of train | `unknown` |" in card
    assert "## Pretrained" not in model_card(task_info("tag"), RECIPE, SCORES, META)


CARDS = {
    "tag": ("token-classification", "gives every word of a sentence a label", "print(model.tag("),
    "classify": ("text-classification", "gives a text a label", "print(model.classify("),
    "lm": ("text-generation", "continues a text", "for token in model.generate("),
    "translate": ("translation", "turns a sentence into another", "print(model.translate("),
    "forecast": ("time-series-forecasting", "continues a series of numbers", "for series in model.forecast("),
    "transcribe": (
        "automatic-speech-recognition",
        "writes down what is said in a recording",
        "print(model.transcribe(",
    ),
    "segment": (
        "token-classification",
        "splits running text into sentences, tokens and words",
        "for sentence in model.segment(",
    ),
}


@pytest.mark.parametrize("task", CARDS)
def test_the_card_of_a_task_has_its_pipeline_sentence_and_call(task: str) -> None:
    pipeline, sentence, call = CARDS[task]
    card = model_card(task_info(task), f'task = "{task}"', {}, {})
    assert f"pipeline_tag: {pipeline}\n" in card
    assert f"A model that {sentence}, trained" in card
    assert call in card


def test_no_task_that_ships_is_missing_above() -> None:
    assert {info.name for info in known_tasks() if info.module} == set(CARDS)


@pytest.mark.parametrize("task", [*CARDS, "a_plugin"])
def test_every_task_has_a_card_even_without_scores(task: str) -> None:
    card = model_card(task_info(task), f'task = "{task}"\nnote = "```"', {}, {})
    assert "metrics: []" in card
    assert "None were measured." in card
    assert "\n````toml\n" in card


def test_meta_names_versions_command_and_corpus() -> None:
    before = set(sys.modules)
    meta = describe_training("pos_gru", "cpu", 2, {"train": "abc"}, ["seqnlp", "train", "pos_gru"])
    assert not {"torch", "datasets"} & (set(sys.modules) - before)
    assert meta["format"] == FORMAT
    assert meta["recipe"] == "pos_gru"
    assert meta["command"] == ["seqnlp", "train", "pos_gru"]
    assert (meta["device"], meta["threads"], meta["corpus"]) == ("cpu", 2, {"train": "abc"})
    assert set(meta["versions"]) == {"seqnlp", "python", *PACKAGES}
    assert meta["created"].endswith("+00:00")
    assert json.loads(json.dumps(meta)) == meta


def test_a_package_that_is_not_there_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.run.meta.PACKAGES", ("no-such-package-of-ours",))
    assert describe_training("r", "cpu", 1, {})["versions"]["no-such-package-of-ours"] == "not installed"
