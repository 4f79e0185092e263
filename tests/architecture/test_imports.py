"""The floors of the house: what may import what, and what a start must not load."""

import subprocess
import sys
from pathlib import Path

import pytest

from seqnlp.cli.program import COMMANDS
from seqnlp.tasks.registry import known_tasks

ROOT = Path(__file__).parents[2]
SLOW = {"torch", "numpy", "datasets", "tokenizers", "textual", "pydantic"}


@pytest.mark.slow  # `lint-imports` is a check of its own
def test_imports_go_down_the_floors() -> None:
    """The contracts stand in pyproject.toml."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_terminal_application_starts_without_what_is_slow() -> None:
    code = """
import asyncio, sys
from pathlib import Path
from seqnlp.tui.app import SeqnlpApp
from seqnlp.service.client import ServiceClient

async def start() -> None:
    app = SeqnlpApp(Path("runs"), ServiceClient((sys.executable, "-c", "input()")))
    async with app.run_test() as pilot:
        await pilot.app.workers.wait_for_complete()

asyncio.run(start())
print(*sorted(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) & SLOW == {"textual"}


@pytest.mark.parametrize(
    "start", ["import seqnlp", "from seqnlp.cli.app import main; sys.argv = ['seqnlp', '--help']; main()"]
)
def test_a_start_loads_nothing_slow(start: str) -> None:
    code = f"import atexit, sys; atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr)); {start}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.split())
    assert "seqnlp" in loaded
    assert loaded & SLOW == set()


def test_a_command_loads_neither_the_others_nor_other_tasks() -> None:
    """Each task is 25 ms, each command 5, torch's compiler and `datasets` a second."""
    code = """
import atexit, sys
atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))
sys.argv = ["seqnlp", "tag", "tests/data/run_v2/tag"]
from seqnlp.cli.app import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input="It rains .\n", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("It/")
    loaded = set(done.stderr.split())
    others = {f"seqnlp.cli.{place.partition(':')[0]}" for place in COMMANDS.values()} - {"seqnlp.cli.tag"}
    others |= {info.module for info in known_tasks()} - {"seqnlp.tasks.tag.task"}
    others |= {"datasets", "pandas", "pyarrow", "textual", "rich", "torch._dynamo", "sympy"}
    assert loaded & others == set()
    assert "seqnlp.tasks.tag.task" in loaded


def test_a_run_may_use_a_part_of_another_task() -> None:
    code = """
from pathlib import Path
from types import SimpleNamespace
from seqnlp.errors import RunError
from seqnlp.tasks.loading import recipe_of

def of(text):
    return recipe_of(SimpleNamespace(path=Path("run"), recipe_text=lambda: text))

tagger = 'task = "tag"\\ndata = { reader = "conllu", train = "a", dev = "b", tokens = "form", labels = ["upos"] }\\n'
print(of(tagger + '[embedding.context]\\nforward = "runs/lm"\\n').embedding.context.runs)
for wrong in (tagger + "[embedding.contxt]", "task = ", 'task = "tagg"'):
    try:
        of(wrong)
    except RunError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, *faults = done.stdout.splitlines()
    assert found == "{'forward': 'runs/lm'}"
    assert "embedding.contxt" in faults[0]
    assert "did you mean `context`" in faults[0]
    assert "expected a value" in faults[1]
    assert "tagg" in faults[2]


def test_the_first_paint_needs_no_pydantic() -> None:
    code = """
import atexit, sys
atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))
sys.argv = ["seqnlp", "tui"]
import os
sys.stdin = sys.stdout = open(os.openpty()[1], "r+b", buffering=0)
from seqnlp.tui.app import SeqnlpApp
SeqnlpApp.run = lambda self: None
from seqnlp.cli.app import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.split())
    assert "seqnlp.tui.screens.home" in loaded
    assert (
        loaded & (SLOW - {"textual"} | {"http.client", "seqnlp.tui.history", "seqnlp.cli.train", "typer", "psutil"})
        == set()
    )
