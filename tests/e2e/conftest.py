"""A tiny trained run, and the program as a user calls it."""

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess

import pytest

ROOT = Path(__file__).parents[2]
TINY = [
    "training.epochs=2",
    "training.threads=1",
    "encoder.size=16",
    "embedding.words.size=16",
    "embedding.chars.size=16",
]
Program = Callable[..., "CompletedProcess[str]"]


@contextmanager
def streams(stdin: bytes) -> Iterator[list[Path]]:
    """Point the process's three standard streams at files: a command sees no difference from a shell's redirection."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("in", "out", "err")]
        files[0].write_bytes(stdin)
        saved, wrapped = [os.dup(number) for number in range(3)], (sys.stdin, sys.stdout, sys.stderr)
        for number, file in enumerate(files):
            handle = os.open(file, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT)
            os.dup2(handle, number)
            os.close(handle)
        sys.stdin = io.TextIOWrapper(os.fdopen(0, "rb", closefd=False))
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf8")
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), encoding="utf8", line_buffering=True)
        try:
            yield files
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            sys.stdin, sys.stdout, sys.stderr = wrapped
            for number, handle in enumerate(saved):
                os.dup2(handle, number)
                os.close(handle)


@pytest.fixture(scope="session")
def seqnlp() -> Program:
    """Run `seqnlp ARGUMENTS` here, where torch is loaded already; its signals are tested in processes of their own."""
    from seqnlp.cli.app import main

    def run(*arguments: object, stdin: str | bytes = "", folder: Path = ROOT) -> "CompletedProcess[str]":
        words = ["seqnlp", *map(str, arguments)]
        argv, before = sys.argv, Path.cwd()
        with streams(stdin.encode() if isinstance(stdin, str) else stdin) as (_, out, err):
            sys.argv = words
            os.chdir(folder)
            try:
                main()
            except SystemExit as stop:
                code = stop.code if isinstance(stop.code, int) else 1
            finally:
                sys.argv = argv
                os.chdir(before)
            sys.stdout.flush()
            sys.stderr.flush()
            return CompletedProcess(words, code, out.read_text("utf8"), err.read_text("utf8"))

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
