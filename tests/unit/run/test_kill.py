"""A process that is killed at any instant leaves a run that can be used and resumed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 30

SAVE_UNTIL_KILLED = """
import itertools, os, random, signal, sys, time
import torch
from seqnlp.events import Saved
from seqnlp.run import Run

path, kills = sys.argv[1], int(sys.argv[2])

def tensors(step):
    return {"weight": torch.full((300_000,), float(step)), "bias": torch.full((7,), float(step))}

def save_for_ever(step):
    run = Run.resume(path)
    while True:
        step += 1
        run.save_model(tensors(step))
        run.save_state(tensors(step), {"step": step})
        run.append(Saved(step, 0.0, 0.0))

def step_of(found):
    steps = {value for tensor in found.values() for value in tensor.unique().tolist()}
    assert len(steps) == 1, f"a torn file: {steps}"
    return steps.pop()

run = Run.create(path)
run.save_recipe('task = "tag"')
run.save_model(tensors(0))
run.save_state(tensors(0), {"step": 0})
chance, caught = random.Random(1), 0
for kill in range(kills):
    state, meta = run.load_state()
    saved = (run.path / "state/last.safetensors").stat().st_mtime_ns
    child = os.fork()
    if child == 0:
        save_for_ever(meta["step"])
    while (run.path / "state/last.safetensors").stat().st_mtime_ns == saved:  # at least one step, on any machine
        time.sleep(0.001)
    time.sleep(chance.uniform(0.0, 0.09))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    caught += len(list(run.path.rglob("*.tmp")))
    model = step_of(Run.open(path).load_model())
    state, meta = Run.resume(path).load_state()
    assert step_of(state) == meta["step"]
    assert model - meta["step"] in (0, 1)
    events = [event["step"] for event in run.events()]
    assert events == sorted(set(events)), events
    assert not list(run.path.rglob("*.tmp"))
print(caught, int(meta["step"]))
"""


@pytest.mark.faults
def test_thirty_kills_while_saving(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SAVE_UNTIL_KILLED, str(tmp_path / "run"), str(KILLS)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    caught, steps = map(int, done.stdout.split())
    assert caught > 0, "no kill came in the middle of a file, so nothing was tested"
    assert steps >= KILLS
