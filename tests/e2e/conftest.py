"""A tiny trained run, and the program as a user calls it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TINY = [
    "training.epochs=2",
    "training.threads=1",
    "encoder.size=16",
    "embedding.words.size=16",
    "embedding.chars.size=16",
]
Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def seqnlp() -> Program:
    """Run `seqnlp ARGUMENTS` in a process of its own."""

    def run(*arguments: object, stdin: str | bytes | None = "", cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [sys.executable, "-m", "seqnlp", *map(str, arguments)], input=data, capture_output=True, cwd=cwd, check=False
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")
        )

    return run


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, seqnlp: Program) -> Path:
    """A part-of-speech tagger, trained for a moment."""
    out = tmp_path_factory.mktemp("runs") / "tiny"
    settings = [part for setting in TINY for part in ("-s", setting)]
    done = seqnlp("train", "recipes/pos_gru.toml", "--out", out, *settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}\n"
    return out
