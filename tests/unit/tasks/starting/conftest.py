"""Tiny runs to start from, and recipes that start from them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from seqnlp import train
from seqnlp.events import Event, Initialized
from seqnlp.run import Run
from seqnlp.tasks.base import Task
from seqnlp.tasks.loading import recipe_of, restore

ROOT = Path(__file__).parents[4]
Settings = dict[str, Any]
FAST: Settings = {"training": {"epochs": 1, "threads": 1, "precision": "fp32"}}
SMALL: Settings = {"kind": "lstm", "size": 6, "bidirectional": False}
TAG: Settings = {
    **FAST,
    "task": "tag",
    "data": {
        "reader": "conllu",
        "train": f"{ROOT}/corpora/pos/dev.conllu[:60]",
        "dev": f"{ROOT}/corpora/pos/test.conllu[:20]",
        "labels": ["upos"],
    },
    "embedding": {"words": {"size": 5, "lowercase": True}, "chars": {"size": 4, "embedding_size": 3}},
    "encoder": {"kind": "gru", "size": 6},
    "decoder": "crf",
}
LM: Settings = {
    "task": "lm",
    "data": {
        "reader": "text",
        "train": f"{ROOT}/corpora/prose/dev.txt",
        "dev": f"{ROOT}/corpora/prose/test.txt[:20%]",
        "tokenizer": {"kind": "subwords", "vocab_size": 400},
    },
    "embedding": {"size": 7},
    "encoder": SMALL,
    "decoder": {"tied": True},
    "training": {"epochs": 1, "threads": 1, "precision": "fp32", "batch_tokens": 512, "bptt": 32},
}
CLASSIFY: Settings = {
    **FAST,
    "task": "classify",
    "data": {
        "reader": "csv",
        "train": f"{ROOT}/corpora/sentiment/train.tsv[:80]",
        "dev": f"{ROOT}/corpora/sentiment/dev.tsv[:20]",
        "tokenizer": "subwords",
    },
    "embedding": {"tokens": {"size": 7}},
    "encoder": SMALL,
    "decoder": "concat",
}
PAIRS: Settings = {
    **FAST,
    "task": "translate",
    "data": {
        "reader": "parallel",
        "train": f"{ROOT}/corpora/en_fr/train.tsv[:80]",
        "dev": f"{ROOT}/corpora/en_fr/dev.tsv[:10]",
        "tokenizer": "words",
    },
    "embedding": {"size": 6},
    "encoder": {"kind": "lstm", "size": 6},
    "decoder": {"size": 8, "embedding_size": 8},
}


def changed(recipe: Settings, **sections: Any) -> Settings:
    """Recipe with other values in its sections; a table is merged, anything else replaces."""
    merged = dict(recipe)
    for name, value in sections.items():
        own = merged.get(name)
        merged[name] = {**own, **value} if isinstance(own, dict) and isinstance(value, dict) else value
    return merged


@dataclass(frozen=True)
class Beginning:
    """Weights and codecs of a training before its first step."""

    path: Path
    told: Initialized
    weights: dict[str, Tensor]
    task: Task

    def codec(self, name: str) -> Any:
        return self.task.codecs()[name]


def begin(recipe: Settings, out: Path) -> Beginning:
    """Begin a training, and stop it before its first step."""
    events = train(recipe, [], out)
    told: Event = next(event for event in events if isinstance(event, Initialized))
    events.close()
    assert isinstance(told, Initialized)
    run = Run(out)
    state = run.load_state()
    assert state is not None
    assert state[1]["step"] == 0
    prefix = "model."
    weights = {name.removeprefix(prefix): each for name, each in state[0].items() if name.startswith(prefix)}
    return Beginning(out, told, weights, restore(run, recipe_of(run)))


def trained(recipe: Settings, out: Path) -> Path:
    for _ in train(recipe, [], out, test=False):
        pass
    return out


Trained = Callable[[str], Path]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Runs to start from by name, each trained when it is first asked for."""
    recipes = {"tag": TAG, "lm": LM, "classify": CLASSIFY, "translate": PAIRS}
    folder = tmp_path_factory.mktemp("runs")

    def run(name: str) -> Path:
        return folder / name if (folder / name).exists() else trained(recipes[name], folder / name)

    return run
