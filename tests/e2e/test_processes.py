"""Several processes train one model: the same steps as one, also after a pause and in other numbers."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import torch
from safetensors.torch import load_file

from seqnlp import train
from seqnlp.events import Stepped
from seqnlp.run import Run

Program = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
STATE = "state/last.safetensors"
STEPS = 50
SMALL = ["training.precision=fp32", "training.threads=1"]
RECIPES = {
    "pos_gru": ["training.batch_tokens=150", "training.gradient_accumulation=2", "embedding.words.size=16"],
    "ner_lstm_crf": ["training.batch_tokens=400", "embedding.words.size=16", "training.ema_decay=0.9"],
    "char_lstm": ["training.batch_tokens=256", "training.bptt=16", "encoder.size=24", "encoder.weight_drop=0.2"],
    "sentiment_lstm": ["training.batch_tokens=300", "embedding.words.size=16", "training.evaluate_every=20"],
    "reverse_words": ["training.batch_tokens=200", "decoder.size=24"],
    "series_gru": ["training.batch_tokens=1536", "training.stride=8"],
}
SCRIPT = """
import sys
from seqnlp import train
from seqnlp.events import Stepped

folder, steps, *cases = sys.argv[1:]
for case in cases:
    name, *settings = case.split("|")
    events = train(name, settings, f"{folder}/{name}", resume=True)
    for event in events:
        if isinstance(event, Stepped) and event.step >= int(steps):
            events.close()
"""
"""Trains recipes up to a step, one after the other, as a program of somebody's own would."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def together(commands: list[list[str]]) -> list[tuple[int, str]]:
    """Run programs of Python as the processes of a launcher; the exit code and the errors of each."""
    place = {"WORLD_SIZE": str(len(commands)), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    running = [
        subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        for rank, command in enumerate(commands)
    ]
    try:
        errors = [process.communicate(timeout=300)[1] for process in running]
        return [(process.returncode, each) for process, each in zip(running, errors, strict=True)]
    finally:
        for process in running:
            process.kill()


def until(folder: Path, steps: int, names: list[str], processes: int, settings: list[str]) -> None:
    """Train recipes up to a step."""
    cases = ["|".join([name, *RECIPES[name], *SMALL, *settings]) for name in names]
    if processes > 1:
        ended = together([["-c", SCRIPT, str(folder), str(steps), *cases]] * processes)
        assert all(code == 0 for code, _ in ended), ended
        return
    for name in names:
        events = train(name, [*RECIPES[name], *SMALL, *settings], folder / name, resume=True)
        for event in events:
            if isinstance(event, Stepped) and event.step >= steps:
                events.close()


def assert_agree(ours: Path, theirs: Path, within: float) -> None:
    found, expected = load_file(ours / STATE), load_file(theirs / STATE)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].shape == tensor.shape, name
        assert torch.allclose(found[name], tensor, rtol=0, atol=within), name


def check_agreement(names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """One process, two, and two that go on as three and as one after a pause."""
    monkeypatch.chdir(ROOT)
    parts = ["training.micro_batches=2"]  # as many as two processes of one thread have
    until(tmp_path / "one", steps, names, 1, parts)
    until(tmp_path / "two", steps, names, 2, [])
    until(tmp_path / "paused", steps // 3, names, 2, [])
    until(tmp_path / "paused", steps * 2 // 3, names, 3, [])
    until(tmp_path / "paused", steps, names, 1, [])
    for name in names:
        assert_agree(tmp_path / "two" / name, tmp_path / "one" / name, 1e-5)
        assert_agree(tmp_path / "paused" / name, tmp_path / "one" / name, 1e-5)
        assert Run(tmp_path / "two" / name).meta()["processes"] == 2
        assert Run(tmp_path / "paused" / name).meta()["processes"] == 1


@pytest.mark.slow
def test_every_task_is_the_same_by_any_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_agreement(list(RECIPES), tmp_path, monkeypatch, STEPS)


def test_the_command_trains_one_model_in_two_processes(
    tmp_path: Path, seqnlp: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    settings = [*RECIPES["char_lstm"], *SMALL, "data.train=corpora/prose/train.txt[:10%]", "training.epochs=2"]
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    words = [word for setting in settings for word in ("-s", setting)]
    ended = seqnlp("train", "char_lstm", *words, "--nproc", "2", "--out", str(ours))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"{ours}\n"
    assert ended.stderr.count("finished after") == 1
    for _ in train("char_lstm", [*settings, "training.micro_batches=2"], theirs):
        pass
    assert_agree(ours, theirs, 1e-5)
    one, other = Run(ours).scores(), Run(theirs).scores()
    assert one["dev"]["nats"] == pytest.approx(other["dev"]["nats"], abs=1e-5)
    assert (Run(ours).meta()["processes"], Run(theirs).meta().get("processes")) == (2, None)


def commands_of(settings: list[list[str]], out: Path) -> list[list[str]]:
    """A command for each process, with settings of its own."""
    words = ["-m", "seqnlp", "train", "pos_gru", "--out", str(out), "-s", "training.epochs=1"]
    return [[*words, *(word for setting in own for word in ("-s", setting))] for own in settings]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ([["encoder.size=8"], ["encoder.size=16"]], "process 1 of 2: it has another recipe than process 0"),
        ([["training.threads=1"], ["training.threads=2"]], "process 1 of 2: it has another number of threads"),
        pytest.param(
            [["training.batch_tokens=30"]] * 2,
            "2 processes share 64 micro-batches, but the largest batch has",
            id="more micro-batches than rows",
        ),
    ],
)
def test_what_processes_must_have_alike(settings: list[list[str]], problem: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    if "batch_tokens" in settings[0][0]:
        settings = [[*own, "training.micro_batches=64"] for own in settings]
    (code, told), (other, silent) = together(commands_of(settings, out))
    assert code == other == 2
    assert told.count("\n") == 1
    assert told.startswith(f"error: {problem}")
    assert not silent
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("setting", ["encoder.size=-1", "data.folds=3"])
def test_a_fault_that_all_find_is_told_once(setting: str, tmp_path: Path) -> None:
    (code, told), (other, silent) = together(commands_of([[setting]] * 2, tmp_path / "run"))
    assert code == other
    assert code in (2, 3)
    assert told.count("error: ") == 1
    assert not silent


@pytest.mark.slow
def test_an_error_of_one_process_is_told_by_the_first(tmp_path: Path) -> None:
    out = tmp_path / "run"
    lost = f"data.train={tmp_path / 'lost.conllu'}"
    (code, told), (other, silent) = together(commands_of([["seed=1"], [lost]], out))
    assert code == other == 4
    assert told.startswith("error: process 1 of 2: ")
    assert "lost.conllu" in told
    assert not silent
    assert not out.exists()


FAILING = """
import os, sys
from seqnlp.cli.app import main
from seqnlp.errors import DataError
from seqnlp.training import loop, replicas

rank, kind, *sys.argv[1:] = sys.argv[1:]
step, gradients = loop.Trainer._step, replicas.Replicas.gradients
steps = []


def counted(self, *arguments):
    steps.append(1)
    return step(self, *arguments)


def failing(self, *arguments):
    if len(steps) == 3 and os.environ["RANK"] == rank:
        raise {"data": DataError("this shard of train is gone", "part-1.jsonl"), "memory": MemoryError()}[kind]
    return gradients(self, *arguments)


loop.Trainer._step, replicas.Replicas.gradients = counted, failing
main()
"""
"""Trains by the command; a process fails while it computes gradients, and the others wait for these."""


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_data_that_vanish_from_one_process_end_all_with_one_line(rank: int, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["train", "pos_gru", "-q", "--out", str(out), "-s", "training.batch_tokens=500"]
    (code, told), (other, silent) = together([["-c", FAILING, str(rank), "data", *words]] * 2)
    assert code == other == 4
    told = "".join(line for line in told.splitlines(True) if not line.startswith("note: "))
    who = f"process {rank} of 2: " if rank else ""
    assert told.startswith(f"error: {who}part-1.jsonl: this shard of train is gone; ")
    assert told.count("\n") == 1
    assert not silent


@pytest.mark.slow
def test_a_first_process_without_memory_leaves_none_waiting(tmp_path: Path) -> None:
    words = ["train", "pos_gru", "-q", "--out", str(tmp_path / "run"), "-s", "training.batch_tokens=500"]
    (code, told), (other, silent) = together([["-c", FAILING, "0", "memory", *words]] * 2)
    assert code == other == 1
    assert "memory" in told
    assert "Traceback" not in told
    assert not silent
