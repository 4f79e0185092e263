"""Freed memory goes back to the system when that is asked for."""

import platform
import subprocess
import sys

import pytest

from seqnlp.nn import allocator

CODE = """
import threading
import numpy as np
from seqnlp.nn.allocator import return_free_memory

def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))

def use():
    blocks = [np.ones(size, np.int8) for size in range(60_000, 120_000, 100)]
    kept.append(np.ones(1000, np.int8))  # it stands behind them, so that the heap is not cut by itself

kept = []
before = resident()
thread = threading.Thread(target=use)
thread.start()
thread.join()
use()
held = resident() - before
return_free_memory()
print(held, resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="it is glibc's")
def test_free_memory_is_returned() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    held, left = map(int, done.stdout.split())
    assert held < 20_000 or left < held / 2  # another C library may keep nothing in the first place


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no malloc_trim")
def test_the_time_of_a_return_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "_returned", [0.0])
    monkeypatch.setattr("seqnlp.nn.allocator.time.monotonic", lambda: 100.0)
    allocator.return_free_memory_at_times()
    assert allocator._returned == [100.0]


def test_free_memory_is_returned_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now, calls = [0.0], list[float]()
    monkeypatch.setattr(allocator, "_returned", [10.0])
    monkeypatch.setattr(allocator, "return_free_memory", lambda: calls.append(now[0]))
    monkeypatch.setattr("seqnlp.nn.allocator.time.monotonic", lambda: now[0])
    for now[0] in (10.0, 11.0, 13.5):
        allocator.return_free_memory_at_times()
    assert calls == [13.5]
