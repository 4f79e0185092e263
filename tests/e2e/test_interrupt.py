"""Ctrl-C and SIGTERM save a checkpoint; the resumed training ends with the same bytes."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from seqnlp import train
from seqnlp.events import Stepped
from seqnlp.run import Run

Program = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
SETTINGS = [
    "data.train=corpora/pos/dev.conllu",
    "training.epochs=3",
    "training.threads=2",
    "training.batch_tokens=250",
    "encoder.size=12",
    "encoder.layers=2",
    "encoder.dropout=0.2",
    "embedding.words.size=12",
    "embedding.chars.size=12",
]


def finished(out: Path) -> bytes:
    for _ in train(ROOT / "recipes/pos_gru.toml", SETTINGS, out):
        pass
    return (out / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return finished(tmp_path_factory.mktemp("whole") / "run")


def test_two_trainings_give_the_same_bytes(uninterrupted: bytes, tmp_path: Path) -> None:
    assert finished(tmp_path / "run") == uninterrupted


@pytest.mark.parametrize(
    "stops", [[1], [9, 10, 20], [24], *(pytest.param(stops, marks=pytest.mark.slow) for stops in ([8], [3, 3, 3]))]
)
def test_closing_the_iterator_and_resuming_changes_nothing(
    uninterrupted: bytes, stops: list[int], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    for stop in stops:
        events = train(ROOT / "recipes/pos_gru.toml", SETTINGS, out, resume=True)
        for event in events:
            if isinstance(event, Stepped) and event.step >= stop:
                events.close()
    for _ in train(ROOT / "recipes/pos_gru.toml", SETTINGS, out, resume=True):
        pass
    assert (out / "model.safetensors").read_bytes() == uninterrupted
    steps = [event["step"] for event in Run.open(out).events() if event["event"] == "evaluated"]
    assert steps == sorted(set(steps))


def test_resuming_takes_the_threads_and_the_precision_that_the_training_began_with(
    uninterrupted: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, settings = tmp_path / "run", [setting for setting in SETTINGS if "threads" not in setting]
    monkeypatch.setattr("seqnlp.api.torch.get_num_threads", lambda: 2)
    events = train(ROOT / "recipes/pos_gru.toml", settings, out)
    for event in events:
        if isinstance(event, Stepped) and event.step >= 5:
            events.close()
    monkeypatch.setattr("seqnlp.api.torch.get_num_threads", lambda: 1)
    monkeypatch.setattr("seqnlp.api.resolve", lambda asked, device: "fp32")
    for _ in train(ROOT / "recipes/pos_gru.toml", settings, out, resume=True):
        pass
    assert (out / "model.safetensors").read_bytes() == uninterrupted


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_after_a_pause_saves_and_exits(
    number: signal.Signals, code: int, uninterrupted: bytes, tmp_path: Path, seqnlp: Program
) -> None:
    out = tmp_path / "run"
    settings = [part for setting in SETTINGS for part in ("-s", setting)]
    arguments = ["train", "recipes/pos_gru.toml", *settings, "--out", str(out)]
    command = [sys.executable, "-m", "seqnlp", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not (out / "events.jsonl").exists():
        time.sleep(0.002)
        assert process.poll() is None
    process.send_signal(signal.SIGSTOP)  # a pause changes nothing either
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert errors.rstrip().endswith(shlex.join(["seqnlp", *arguments, "--resume"]))
    assert "Traceback" not in errors
    again = seqnlp(*arguments, "--resume", "--quiet")
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"{out}\n"
    assert (out / "model.safetensors").read_bytes() == uninterrupted


def test_ngrams_vote_as_before_in_all_replicas(tmp_path: Path) -> None:
    settings = ["training.epochs=1", "training.threads=2", "embedding.words.size=8", "encoder.size=4"]
    for _ in train("sentiment_lstm", settings, tmp_path / "whole"):
        pass
    events = train("sentiment_lstm", settings, tmp_path / "stopped")
    for part in events:
        if isinstance(part, Stepped) and part.step == 3:
            events.close()
    for _ in train("sentiment_lstm", settings, tmp_path / "stopped", resume=True):
        pass
    whole, stopped = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "stopped"))
    assert whole == stopped
