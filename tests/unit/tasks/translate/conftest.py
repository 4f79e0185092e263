"""A tiny translation: letters in the other order, and large."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset

from seqnlp.model import SequenceModel
from seqnlp.tasks.translate.corpus import Pairs
from seqnlp.tasks.translate.predictor import Translator
from seqnlp.tasks.translate.recipe import TranslateRecipe
from seqnlp.tasks.translate.task import TranslateTask

SOURCES = ["a b", "b c d", "d", "c a", "a b c d", "d d a"]
TARGETS = ["B A", "D C B", "D", "A C", "D C B A", "A D D"]
SMALL: dict[str, Any] = {
    "task": "translate",
    "data": {"train": "x", "dev": "x", "tokenizer": "words"},
    "embedding": {"size": 8},
    "encoder": {"size": 8},
    "decoder": {"size": 12, "embedding_size": 8, "dropout": 0.0},
    "training": {"threads": 1},
}
Recipe = Callable[..., TranslateRecipe]
MakePairs = Callable[..., Pairs]
Make = Callable[..., tuple[TranslateTask, SequenceModel]]


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    inner = {
        name: merged(base[name], change) if isinstance(change, dict) and isinstance(base.get(name), dict) else change
        for name, change in changes.items()
    }
    return {**base, **inner}


def find(name: str) -> Path:
    raise AssertionError(f"{name} was looked up")


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """Makes a recipe with other settings than the small ones above."""
    return lambda **changes: TranslateRecipe.model_validate(merged(SMALL, changes))


@pytest.fixture(scope="session")
def pairs() -> MakePairs:
    """Makes a split; by default of the pairs above."""

    def make(sources: list[str] = SOURCES, targets: list[str] = TARGETS, training: bool = False) -> Pairs:
        return Pairs(Dataset.from_dict({"source": sources, "target": targets}), "source", "target", training)

    return make


@pytest.fixture(scope="session")
def make(recipe: Recipe, pairs: MakePairs) -> Make:
    """Makes a task fitted to the pairs above, and a model with random weights."""

    def made(seed: int = 0, **changes: Any) -> tuple[TranslateTask, SequenceModel]:
        task = TranslateTask.fit(recipe(**changes), pairs(training=True), find)
        torch.manual_seed(seed)
        model = task.build().eval()
        for parameter in model.parameters():
            parameter.data.mul_(4)  # so that one translation differs from another
        return task, model

    return made


@pytest.fixture(scope="session")
def translator(make: Make) -> Translator:
    """One with random weights."""
    task, model = make()
    return task.predictor(model)
