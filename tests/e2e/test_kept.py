"""A training that fails says what it leaves behind, and that is there."""

from pathlib import Path
from typing import Any

import pytest

from seqnlp import train
from seqnlp.errors import DataError, Diverged
from seqnlp.run import Run

ROOT = Path(__file__).parents[2]
SMALL = [
    "training.epochs=2",
    "training.threads=1",
    "training.precision=fp32",
    "encoder.size=8",
    "embedding.words.size=8",
    "data.train=corpora/pos/dev.conllu",
]


def fails(run: Path, *settings: str) -> str:
    with pytest.raises((DataError, Diverged)) as caught:
        list(train(ROOT / "recipes/pos_gru.toml", [*SMALL, *settings], run))
    return str(caught.value)


def test_a_disk_that_is_full_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise DataError("no space left while saving", tmp_path)

    monkeypatch.setattr(Run, "save_model", full)
    told = fails(tmp_path / "run")
    assert told.endswith(
        "no space left while saving; there is no checkpoint yet, and no model, as nothing was evaluated"
    )
    assert not Run(tmp_path / "run").has_state


def test_a_disk_that_gets_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[Any] = []
    save = Run.save_state

    def once(run: Run, *state: Any) -> None:
        if saved:
            raise DataError("no space left while saving", tmp_path)
        saved.append(state)
        save(run, *state)

    monkeypatch.setattr(Run, "save_state", once)
    assert fails(tmp_path / "run").endswith("; the last good checkpoint is kept, and the best model so far")
    assert Run(tmp_path / "run").has_state
    assert Run(tmp_path / "run").has_model


def test_a_training_that_diverges_before_it_was_evaluated(tmp_path: Path) -> None:
    told = fails(tmp_path / "run", "optimizer.lr=1e30")
    assert "; the last good checkpoint is kept, and no model, as nothing was evaluated; --overwrite" in told
    assert Run(tmp_path / "run").has_state
    assert not Run(tmp_path / "run").has_model


def test_weights_that_are_not_finite_are_no_checkpoint(tmp_path: Path) -> None:
    told = fails(tmp_path / "run", "optimizer.lr=1e300")
    assert "; there is no checkpoint yet, and no model, as nothing was evaluated; --overwrite starts over" in told
    assert not Run(tmp_path / "run").has_state
