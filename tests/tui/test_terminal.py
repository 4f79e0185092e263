"""The real program in a real terminal, tmux's: a prompt is pasted, text streams, the temperature changes, all ends."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 90
"""Seconds to wait for something on the screen, at most; loading torch takes long where the machine is busy."""

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A terminal of 80x24 with one program in it."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", os.devnull]

    def tmux(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout

    def start(self, *command: str) -> None:
        # the shell tells how the program ended: tmux itself misses that now and then, when the machine is busy
        told = ["sh", "-c", '"$@"; echo "ended with $?"; exec sleep 1000', "sh", *command]
        self.tmux("new-session", "-d", "-x", "80", "-y", "24", *told)

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def paste(self, text: str) -> None:
        self.tmux("set-buffer", text)
        self.tmux("paste-buffer", "-p")

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def wait(self, seen: Callable[[str], bool]) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            screen = self.screen()
            if seen(screen):
                return screen
            time.sleep(0.1)
        raise AssertionError(f"not seen in {PATIENCE} s:\n{self.screen()}")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path / "tmux")
    yield terminal
    terminal.tmux("kill-server")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model."""
    runs = tmp_path_factory.mktemp("here") / "runs"
    shutil.copytree(ROOT / "tests/data/run_v2/lm", runs / "tiny_writer")
    return runs


def test_a_session(trained: Path, terminal: Terminal) -> None:
    terminal.start(sys.executable, "-m", "seqnlp", "tui", "--runs", str(trained))
    terminal.wait(lambda screen: "tiny_writer" in screen and "language model" in screen)
    terminal.keys("tiny", "Enter")
    terminal.wait(lambda screen: "how shall it begin?" in screen)
    terminal.paste("The harbour\nand the s")
    terminal.wait(lambda screen: "❯ The harbour\n" in screen and "and the s" in screen)
    terminal.keys("ea", "C-j")
    terminal.wait(lambda screen: "and the sea" in screen)
    terminal.keys("Enter")
    first = terminal.wait(lambda screen: "500 tokens" in screen and "length reached" in screen)
    assert "ready" in first
    terminal.keys("d")
    terminal.keys("Right", "Right")
    terminal.wait(lambda screen: "0.90" in screen)
    terminal.keys("n")
    again = terminal.wait(
        lambda screen: "500 tokens" in screen and "length reached" in screen and text_in(screen) != text_in(first)
    )
    assert "Traceback" not in again
    terminal.keys("C-q")
    terminal.wait(lambda screen: "ended with 0" in screen)


def text_in(screen: str) -> list[str]:
    return [line[:48] for line in screen.splitlines()[4:20]]
