"""The floors of the house: what may import what, and what a start must not load."""

import subprocess
import sys
from pathlib import Path

import pytest

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
