"""Freed memory goes back to the system."""

import subprocess
import sys

import pytest

from seqnlp.nn.allocator import return_large_blocks

CODE = """
import sys, threading
import numpy as np
from seqnlp.nn.allocator import return_large_blocks

def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

def use():
    blocks = [np.ones(size, np.int8) for size in range(1 << 21, 1 << 24, 1 << 20)]
    kept.append(np.ones(1000, np.int8))  # a small one behind them would hold a heap at its size

kept = []
told, before = return_large_blocks(), resident()
for _ in range(3):
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    use()
print(told, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc has the setting")
def test_large_blocks_are_returned() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    told, grown = done.stdout.split()
    assert told == "False" or int(grown) < 20_000


def test_a_choice_of_the_user_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    return_large_blocks.cache_clear()
    assert not return_large_blocks()
    return_large_blocks.cache_clear()
