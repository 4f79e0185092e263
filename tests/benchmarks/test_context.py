"""A tagger with states of two language models that are kept, against the same tagger without them.

The tagger is that of recipes/ewt_upos.toml, on the corpus that ships; the language models have 512 units each, and have
learned nothing: their states cost as much as any.
"""

import statistics
import time
from pathlib import Path
from typing import Any

import pytest
import torch

import seqnlp
from seqnlp.recipe import RecipeSource
from seqnlp.recipe.load import path_resolver
from seqnlp.tasks.base import TaskRecipe, task_class
from seqnlp.tasks.loading import encode
from seqnlp.tasks.registry import import_tasks
from seqnlp.training import EncodedDataset, Trainer

pytestmark = pytest.mark.benchmark
ROOT = Path(__file__).parents[2]
ROUNDS = 25
DATA = [f"data.{split}=corpora/pos/{split}.conllu" for split in ("train", "dev", "test")]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lm")
    for direction in ("forward", "backward"):
        recipe: dict[str, Any] = {
            "task": "lm",
            "data": {
                "train": str(ROOT / "corpora/prose/dev.txt"),
                "dev": str(ROOT / "corpora/prose/test.txt"),
                "direction": direction,
            },
            "encoder": {"kind": "lstm", "size": 512, "bidirectional": False},
            "training": {"epochs": 1},
        }
        list(seqnlp.train(recipe, out=folder / direction))
    return folder


def trainer(settings: list[str]) -> tuple[Trainer, EncodedDataset]:
    import_tasks()
    source = RecipeSource.of(str(ROOT / "recipes/ewt_upos.toml"))
    recipe = source.load([*DATA, "training.threads=2", "training.precision=fp32", *settings])
    assert isinstance(recipe, TaskRecipe)
    find = path_resolver(source.file)
    corpus = recipe.corpus(find)
    task = task_class(recipe).fit(recipe, corpus.splits["train"], find)
    train = encode(task, recipe, "train", corpus.splits["train"])
    torch.manual_seed(1)
    made = Trainer(
        task.build(), train, lambda model: {}, task.metric, recipe.optimizer, recipe.training, 1, task.items_name
    )
    return made, train


def test_a_tagger_keeps_four_fifths_of_its_speed(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    runs = [f"embedding.context.{direction}={models / direction}" for direction in ("forward", "backward")]
    trainers = [trainer([]), trainer(runs)]
    ratios = []
    for number in range(ROUNDS):
        took = []
        for made, train in trainers:
            batches = train.plan(1, 0)
            start = time.perf_counter()
            made.replicas.gradients([batches[number % len(batches)]], made.states, number)
            made.optimizer.step()
            made.optimizer.zero_grad()
            took.append(time.perf_counter() - start)
        ratios.append(took[0] / took[1])
    ratio = statistics.median(ratios[3:])
    print(f"\nspeed of a tagger with kept states: {ratio:.2f} of that without")
    for made, _ in trainers:
        made.close()
    assert ratio > 0.8
