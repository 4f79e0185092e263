"""A language model and a text so small that a training takes no time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from seqnlp.tasks.lm.dataset import StreamDataset
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.lm.recipe import LmRecipe
from seqnlp.tasks.lm.task import LmTask
from seqnlp.training import Trainer

TEXT = "".join(f"{number} green bottle{'s' * (number != 1)} on the wall,\n" for number in range(30, 0, -1))
Make = Callable[..., Trainer]


def find(name: str) -> Path:
    return Path(name)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "bottles.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def recipe(text: Path) -> Callable[..., LmRecipe]:
    def make(**sections: Any) -> LmRecipe:
        table = {
            "task": "lm",
            "data": {"train": f"{text}[:80%]", "dev": f"{text}[80%:]", **sections.pop("data", {})},
            "embedding": {"size": 6, **sections.pop("embedding", {})},
            "encoder": {"kind": "lstm", "size": 8, "bidirectional": False, **sections.pop("encoder", {})},
            "training": {"bptt": 16, "batch_tokens": 64, "epochs": 2, "threads": 1, "precision": "fp32"}
            | sections.pop("training", {}),
            **sections,
        }
        return LmRecipe.model_validate(table)

    return make


@pytest.fixture
def task(recipe: Callable[..., LmRecipe]) -> Callable[..., LmTask]:
    def make(**sections: Any) -> LmTask:
        made = recipe(**sections)
        return LmTask.fit(made, made.split(made.data.train, find), find)

    return make


@pytest.fixture
def examples(task: Callable[..., LmTask]) -> Callable[..., StreamDataset]:
    def make(split: str = "train", **sections: Any) -> StreamDataset:
        made = task(**sections)
        source = getattr(made.recipe.data, split)
        return made.encode(made.recipe.split(source, find), made.recipe.training.batch_tokens)

    return make


@pytest.fixture
def make(task: Callable[..., LmTask]) -> Make:
    """A trainer by the sections of its recipe."""

    def build(seed: int = 1, **sections: Any) -> Trainer:
        made = task(**sections)
        recipe, size = made.recipe, made.recipe.training.batch_tokens
        train, dev = (
            made.encode(made.recipe.split(source, find), size) for source in list(recipe.data.splits.values())[:2]
        )
        torch.manual_seed(seed)
        return Trainer(
            made.build(),
            train,
            lambda model: made.score(model, dev),
            made.metric,
            recipe.optimizer,
            recipe.training,
            seed,
            made.items_name,
        )

    return build


@pytest.fixture
def generator(task: Callable[..., LmTask]) -> Callable[..., Generator]:
    def build(**sections: Any) -> Generator:
        made = task(**sections)
        torch.manual_seed(1)
        model = made.build()
        for parameter in model.parameters():
            torch.nn.init.uniform_(parameter, -0.8, 0.8)
        return made.predictor(model)

    return build
