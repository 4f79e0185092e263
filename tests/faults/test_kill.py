"""Kills and signals at many moments, also during a save: the resumed training ends with the same bytes."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seqnlp.run import Run

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
    # transition scores, and tags of another scheme
    "ner_lstm_crf": ["training.batch_tokens=800", "embedding.words.size=16", "data.training_scheme=bioes"],
    # n-grams that vote, whose weights a finished training has calibrated
    "sentiment_lstm": ["training.batch_tokens=800", "embedding.words.size=16", "decoder.calibrate=true"],
    # recordings, with masks on their bands and frames that are drawn anew in each epoch
    "digits_ctc": ["training.batch_tokens=2000", "embedding.size=24"],
    # blocks of a text that are cut at other places in each epoch
    "pos_segment": ["training.batch_tokens=2000", "embedding.filters=16"],
}
ENDS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: -1}
"""Exit code of a training by the signal that ended it; SIGTERM and SIGINT let it save a checkpoint first."""
EACH = 7
"""Signals to each training: 56 in all."""
KILLS = 8
"""Kills of each training with a seed."""
SEEDS = range(1, 7)
"""Seeds of the moments: 48 kills to each training."""
pytestmark = pytest.mark.faults


def command(recipe: str, out: Path, *more: str) -> list[str]:
    settings = [part for setting in SETTINGS + RECIPES[recipe] for part in ("-s", setting)]
    return [sys.executable, "-m", "seqnlp", "train", recipe, "-q", "--out", str(out), *settings, *more]


def killed_after(recipe: str, out: Path, wait: float, number: signal.Signals = signal.SIGKILL) -> bool:
    """Train until a moment after the first sign of life; whether the training was still at it."""
    process = subprocess.Popen(
        command(recipe, out, "--resume"), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    log = out / "events.jsonl"
    size = log.stat().st_size if log.exists() else 0
    while process.poll() is None and not (log.exists() and log.stat().st_size > size):
        time.sleep(0.002)
    time.sleep(wait)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)
    assert b"Traceback" not in errors
    if process.returncode not in (0, ENDS[number]):  # one that is finished does not listen any more while it leaves
        assert process.returncode == -number, errors
        assert Run.open(out).is_finished
    return process.returncode != 0


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_random_moments(recipe: str, seed: int, tmp_path: Path) -> None:
    moments = random.Random(seed)
    subprocess.run(command(recipe, tmp_path / "whole"), cwd=ROOT, check=True, capture_output=True)
    kills = 0
    for _ in range(KILLS):
        kills += killed_after(recipe, tmp_path / "killed", moments.uniform(0, 0.8))
    done = subprocess.run(
        command(recipe, tmp_path / "killed", "--resume"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert kills >= 3
    whole, killed = (tmp_path / name / "model.safetensors" for name in ("whole", "killed"))
    assert whole.read_bytes() == killed.read_bytes()


@pytest.mark.parametrize("recipe", RECIPES)
def test_signals_at_random_moments(recipe: str, tmp_path: Path) -> None:
    """Some come before the first step, and most of them while a checkpoint is saved, as one is after each step."""
    moments = random.Random(recipe)
    subprocess.run(command(recipe, tmp_path / "whole"), cwd=ROOT, check=True, capture_output=True)
    stopped = []
    for turn in range(EACH):
        number = list(ENDS)[turn % len(ENDS)]
        stopped.append(killed_after(recipe, tmp_path / "stopped", moments.uniform(0, 0.5), number))
    done = subprocess.run(
        command(recipe, tmp_path / "stopped", "--resume"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    print(f"signals, {recipe}: {EACH} sent, {sum(stopped)} while it trained")
    assert done.returncode == 0, done.stderr
    whole, resumed = (tmp_path / name / "model.safetensors" for name in ("whole", "stopped"))
    assert whole.read_bytes() == resumed.read_bytes()
