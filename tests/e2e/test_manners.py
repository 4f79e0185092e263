"""How the program behaves towards other programs: readers that leave early, another training in the same folder."""

import os
import shlex
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
    assert (done.returncode, done.stderr) == (
        2,
        "error: --best goes with --json, and not with --columns, --out or --beside\n",
    )


FRESH = """
import os, shlex, sys
import datasets, pandas, pydantic, rich.console, rich.table, safetensors.torch, tokenizers, torch, typer
for line in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        from seqnlp.cli.app import main
        sys.argv = ["seqnlp", *shlex.split(line)]
        main()
        sys.exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        sys.exit(f"{line}: exit code {code}")
"""


COMMANDS = [
    "recipes check pos_gru",
    "corpora stats corpora/pos",
    "runs show RUN",
    "evaluate RUN",
    "predict RUN LICENSE",
]
MORE = ["recipes show pos_gru --resolved", "errors RUN"]
"""Commands that do what one of the others does first."""


@pytest.mark.skipif(os.name != "posix", reason="processes can't be forked here")
@pytest.mark.parametrize("commands", [COMMANDS, pytest.param(MORE, marks=pytest.mark.slow)], ids=["most", "others"])
def test_commands_import_all_that_they_need(tiny_run: Path, commands: list[str]) -> None:
    """Each begins in a process in which nothing of seqnlp is loaded, which those of other tests do not."""
    command = [sys.executable, "-c", FRESH, *(line.replace("RUN", shlex.quote(str(tiny_run))) for line in commands)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
