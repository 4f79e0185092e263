"""How the program behaves towards other programs: readers that leave early, another training in the same folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

import seqnlp as library
from seqnlp.errors import RunError

Program = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
SMALL = ["training.epochs=1", "training.threads=1", "encoder.size=8", "embedding.words.size=8"]


@pytest.mark.parametrize("arguments", [["--help"], ["recipes", "ls"], ["recipes", "show", "pos_gru"]])
def test_a_reader_that_leaves_early_is_no_error(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "seqnlp", *arguments], stdout=writing, stderr=subprocess.PIPE, cwd=ROOT, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("how", [{"resume": True}, {"overwrite": True}], ids=["resume", "overwrite"])
def test_two_trainings_in_one_folder(how: Any, tmp_path: Path) -> None:
    recipe, out = ROOT / "recipes/pos_gru.toml", tmp_path / "run"
    first = library.train(recipe, SMALL, out)
    next(first)
    with pytest.raises(RunError, match=f"run: process {os.getpid()} is training here: wait, or stop it"):
        next(library.train(recipe, SMALL, out, **how))
    first.close()
    second = library.train(recipe, SMALL, out, **how)
    next(second)
    second.close()


def test_sequences_are_ranked_by_a_crf_only(seqnlp: Program, tiny_run: Path) -> None:
    done = seqnlp("tag", tiny_run, "--json", "--best", "2", stdin="Hello .")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: only a decoder of the kind crf can rank sequences")
    done = seqnlp("tag", tiny_run, "--best", "2", stdin="Hello .")
    assert (done.returncode, done.stderr) == (2, "error: --best goes with --json, and not with --columns\n")
