"""One of several processes is killed, or its launcher: a message, a checkpoint, and the same weights in the end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from seqnlp.run import Run

ROOT = Path(__file__).parents[2]
SETTINGS = [
    "training.epochs=3",
    "training.threads=1",
    "training.micro_batches=2",  # a training without a checkpoint begins anew, maybe with other processes
    "training.precision=fp32",
    "encoder.size=24",
]
RECIPES = {
    "pos_gru": ["training.batch_tokens=500", "embedding.words.size=32"],
    "char_lstm": ["training.batch_tokens=512", "training.bptt=32", "data.train=corpora/prose/train.txt[:30%]"],
}
PROCESSES = 2
pytestmark = pytest.mark.faults


def command(recipe: str, out: Path, *more: str) -> list[str]:
    settings = [part for setting in SETTINGS + RECIPES[recipe] for part in ("-s", setting)]
    return [sys.executable, "-m", "seqnlp", "train", recipe, "-q", "--out", str(out), *settings, *more]


def started(recipe: str, out: Path, *more: str) -> "subprocess.Popen[str]":
    """Start a training of two processes, and wait for its first steps."""
    process = subprocess.Popen(
        command(recipe, out, "--nproc", str(PROCESSES), *more),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = out / "events.jsonl"
    begun = time.monotonic()
    while process.poll() is None and not (log.exists() and '"stepped"' in log.read_text()):
        assert time.monotonic() - begun < 120
        time.sleep(0.01)
    return process


def workers(launcher: int) -> dict[int, int]:
    """Process numbers of the processes that a launcher has started, by rank."""
    found = {}
    for line in subprocess.check_output(["ps", "-o", "pid=", "--ppid", str(launcher)], text=True).split():
        variables = Path(f"/proc/{line}/environ").read_bytes().split(b"\0")
        ranks = [int(each[5:]) for each in variables if each.startswith(b"RANK=")]
        found.update(dict.fromkeys(ranks, int(line)))
    return found


def ended(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    return False


def check_resumes(recipe: str, out: Path, whole: Path, processes: int) -> None:
    done = subprocess.run(
        command(recipe, out, "--resume", "--nproc", str(processes)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found, expected = (load_file(each / "model.safetensors") for each in (out, whole))
    for name, tensor in expected.items():
        assert torch.allclose(found[name], tensor, rtol=0, atol=1e-5), name


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    for recipe in RECIPES:
        words = command(recipe, folder / recipe)
        subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("rank", range(PROCESSES))
@pytest.mark.parametrize("then", [1, 3])
def test_a_process_is_killed(recipe: str, rank: int, then: int, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    launcher = started(recipe, out)
    os.kill(workers(launcher.pid)[rank], signal.SIGKILL)
    _, errors = launcher.communicate(timeout=120)
    assert launcher.returncode in ((137,) if rank == 0 else (1, 137)), errors
    assert "Traceback" not in errors
    assert f"error: process {rank} was ended by SIGKILL" in errors
    if rank:
        assert "error: another process of this training has ended" in errors
        assert "--resume goes on" in errors
        assert Run(out).has_state
    check_resumes(recipe, out, whole / recipe, then)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_launcher_saves_a_checkpoint(number: signal.Signals, whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    launcher = started("pos_gru", out)
    launcher.send_signal(number)
    _, errors = launcher.communicate(timeout=120)
    assert launcher.returncode == 128 + number, errors
    assert "Traceback" not in errors
    assert errors.count("error: ") == 1
    assert "go on with: seqnlp train pos_gru" in errors
    assert "--nproc 2" in errors
    assert Run(out).has_state
    check_resumes("pos_gru", out, whole / "pos_gru", 2)


def test_a_killed_launcher_leaves_no_process_behind(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    launcher = started("pos_gru", out)
    running = workers(launcher.pid)
    launcher.kill()
    launcher.communicate()
    begun = time.monotonic()
    while not all(map(ended, running.values())):
        assert time.monotonic() - begun < 60
        time.sleep(0.05)
    assert Run(out).has_state
    check_resumes("pos_gru", out, whole / "pos_gru", 1)
