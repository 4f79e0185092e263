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
    "training.save_every=0.001",  # a checkpoint after every step: most of the time is spent saving
    "training.ema_decay=0.9",
    "encoder.size=24",
]
RECIPES = {
    "pos_gru": ["training.batch_tokens=1500", "embedding.words.size=64"],
    # what else a language model has to find again: the state that lanes carry, the lengths of the windows
    "char_lstm": [
        "training.batch_tokens=512",
        "training.bptt=32",
        "training.variable_bptt=true",
        "encoder.layers=2",
        "encoder.weight_drop=0.3",
        "encoder.dropout=0.2",
        "embedding.dropout=0.1",
        "data.train=corpora/prose/train.txt[:40%]",
    ],
    # windows of series: other ones in each epoch, and quantiles that are shifted after the last
    "series_gru": ["training.batch_tokens=1536", "training.stride=8", "decoder.calibrate=true"],
    # two codecs in one, sources and targets that are padded each on its own
    "reverse_words": [
        "training.batch_tokens=400",
        "decoder.size=32",
        "decoder.layers=2",
        "decoder.label_smoothing=0.1",
        "data.train=corpora/reverse/train.tsv[:40%]",
    ],
}
pytestmark = pytest.mark.faults


def command(recipe: str, out: Path, *more: str) -> list[str]:
    settings = [part for setting in SETTINGS + RECIPES[recipe] for part in ("-s", setting)]
    return [sys.executable, "-m", "seqnlp", "train", recipe, "-q", "--out", str(out), *settings, *more]


def killed_after(recipe: str, out: Path, wait: float) -> bool:
    """Train until a moment after the first sign of life; whether the training was still at it."""
    process = subprocess.Popen(
        command(recipe, out, "--resume"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
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


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_moments(recipe: str, seed: int, tmp_path: Path) -> None:
    moments = random.Random(seed)
    subprocess.run(command(recipe, tmp_path / "whole"), cwd=ROOT, check=True, capture_output=True)
    kills = 0
    for _ in range(8):
        kills += killed_after(recipe, tmp_path / "killed", moments.uniform(0, 0.8))
    done = subprocess.run(
        command(recipe, tmp_path / "killed", "--resume"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert kills >= 3
    whole, killed = (tmp_path / name / "model.safetensors" for name in ("whole", "killed"))
    assert whole.read_bytes() == killed.read_bytes()
