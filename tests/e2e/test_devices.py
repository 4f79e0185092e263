"""A training that resumes where its device is missing, or on another kind."""

from pathlib import Path
from typing import Any

import pytest
import torch

import seqnlp
from seqnlp.errors import UsageError
from seqnlp.events import Evaluated
from seqnlp.run import Run

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = {
    "task": "classify",
    "data": {
        "reader": "csv",
        "train": f"{ROOT}/corpora/sentiment/train.tsv[:60]",
        "dev": f"{ROOT}/corpora/sentiment/dev.tsv[:20]",
    },
    "embedding": {"words": {"size": 4}},
    "encoder": {"kind": "gru", "size": 4},
    "decoder": "max",
    "optimizer": {"lr": 0.01},
    "training": {"epochs": 2, "threads": 1, "precision": "fp32"},
}


def begun_on(device: str, path: Path) -> None:
    """Stop a training after an epoch; its recipe says that it was on this device."""
    events = seqnlp.train(SETTINGS, out=path, test=False)
    for event in events:
        if isinstance(event, Evaluated):
            break
    events.close()
    run = Run(path)
    assert 'device = "cpu"' in run.recipe_text()
    run.replace_recipe(run.recipe_text().replace('device = "cpu"', f'device = "{device}"'))


def test_a_training_whose_device_is_missing_resumes_on_another_if_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", None)
    run = tmp_path / "run"
    begun_on("cuda", run)
    with pytest.raises(UsageError) as raised:
        next(seqnlp.train(SETTINGS, out=run, resume=True, test=False))
    problem = "training.device = cuda: this build of torch has no CUDA; available: auto, cpu"
    assert str(raised.value) == f"{problem}; the training began there, --device cpu goes on with it here"
    notes: list[str] = []
    for _ in seqnlp.train(SETTINGS, ["training.device=cpu"], run, resume=True, test=False, notify=notes.append):
        pass
    assert notes[0] == f"{run}: training.device was 'cuda', is 'cpu'"
    assert notes[1].startswith(f"{run}: begun on cuda, it goes on on cpu: its weights will not be those of a training")
    assert 'device = "cpu"' in Run(run).recipe_text()
    assert Run(run).meta()["device"] == "cpu"
    seqnlp.load(run)


def test_a_run_of_a_version_without_devices_resumes_on_the_cpu_without_a_note(tmp_path: Path) -> None:
    run = tmp_path / "run"
    begun_on("auto", run)
    notes: list[str] = []
    for _ in seqnlp.train(SETTINGS, out=run, resume=True, test=False, notify=notes.append):
        pass
    assert not notes
