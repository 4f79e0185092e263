"""SIGKILL at many moments, also during a save: the resumed training ends with the same bytes."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = [
    "training.epochs=3",
    "training.threads=2",
    "training.batch_tokens=1500",
    "training.save_every=0.001",  # a checkpoint after every step: most of the time is spent saving
    "training.average=0.9",
    "encoder.size=24",
    "embedding.words.size=64",
]
pytestmark = pytest.mark.faults


def command(out: Path, *more: str) -> list[str]:
    settings = [part for setting in SETTINGS for part in ("-s", setting)]
    return [sys.executable, "-m", "seqnlp", "train", "pos_gru", "-q", "--out", str(out), *settings, *more]


def killed_after(out: Path, wait: float) -> bool:
    """Train until a moment after the first sign of life; whether the training was still at it."""
    process = subprocess.Popen(command(out, "--resume"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    log = out / "events.jsonl"
    size = log.stat().st_size if log.exists() else 0
    while process.poll() is None and not (log.exists() and log.stat().st_size > size):
        time.sleep(0.002)
    time.sleep(wait)
    process.kill()
    _, errors = process.communicate()
    assert b"Traceback" not in errors
    assert process.returncode in (0, -9), errors
    return process.returncode == -9


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_moments(seed: int, tmp_path: Path) -> None:
    moments = random.Random(seed)
    subprocess.run(command(tmp_path / "whole"), cwd=ROOT, check=True, capture_output=True)
    kills = 0
    for _ in range(8):
        kills += killed_after(tmp_path / "killed", moments.uniform(0, 0.8))
    done = subprocess.run(
        command(tmp_path / "killed", "--resume"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert kills >= 3
    whole, killed = (tmp_path / name / "model.safetensors" for name in ("whole", "killed"))
    assert whole.read_bytes() == killed.read_bytes()
