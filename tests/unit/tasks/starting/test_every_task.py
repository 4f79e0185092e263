"""A training with the recipe of another run starts from its very weights, in every task."""

import tomllib
from pathlib import Path

import pytest
import torch

from seqnlp.run import Run
from tests.unit.tasks.starting.conftest import ROOT, begin

RUNS = sorted(file.parent for file in (ROOT / "tests" / "data" / "run_v2").glob("*/recipe.toml"))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_all_parts_are_taken(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    recipe = tomllib.loads((path / "recipe.toml").read_text())
    recipe = {key: value for key, value in recipe.items() if key != "plugins"}
    recipe["training"] = {**recipe["training"], "epochs": 1, "threads": 1}
    found = begin({**recipe, "start": str(path)}, tmp_path / "run")
    kinds = {part.partition(".")[0] for part in found.told.parts}
    assert kinds >= {"encoder", "decoder"}  # an embedding of series may have no weights
    weights = Run(path).load_model()
    for name, account in found.told.parts.items():
        assert account.startswith("taken"), (name, account)
    same = [name for name, each in weights.items() if name in found.weights and torch.equal(found.weights[name], each)]
    assert any(name.startswith("encoder.") for name in same)
    if all(account == "taken" for account in found.told.parts.values()):
        learned = {name for name, each in weights.items() if not name.startswith("embedding.votes")}
        buffers = {name for name in learned if name.endswith((".temperature", ".class_weights"))}
        assert learned - buffers <= set(same)
