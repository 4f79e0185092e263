"""Commands that are measured: wall time, peak resident memory, and how busy others kept the processor meanwhile."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from compileall import compile_dir
from dataclasses import dataclass
from pathlib import Path

import psutil

THREAD_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMP_SPINCOUNT")
ROOT = Path(__file__).parents[2]
TOLD = 400
"""Characters of an error that are told."""


class Failed(Exception):
    """A command that did not end well; its message is the last line that it wrote."""


@dataclass(frozen=True)
class Spent:
    seconds: float
    peak_bytes: int
    """Resident memory of the largest process; on Linux no less than this one has when it starts that."""
    others: float
    """Processor time of all others, as a share of what the machine has."""
    output: str


def measure(commands: Sequence[Sequence[str]], folder: Path, limit: float) -> Spent:
    """Run commands one after the other, with all cores, and caches that are empty.

    Args:
        folder: Working directory; caches and temporary files go there, too.
        limit: Seconds after which a command is killed.

    Raises:
        Failed: a command that returned anything but 0, or was killed.
    """
    compile_dir(ROOT / "seqnlp", quiet=2)  # as an installed package is
    left_out = (*THREAD_LIMITS, "PYTHONDONTWRITEBYTECODE")
    environment = {key: value for key, value in os.environ.items() if key not in left_out}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "HF_HOME": str(folder / "huggingface"),
        "HF_DATASETS_CACHE": str(folder / "datasets"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "TMPDIR": str(folder),
    }
    begun, idle, own, peak, output = time.perf_counter(), _idle(), 0.0, 0, ""
    for command in commands:
        with (folder / "output").open("w+") as out, (folder / "errors").open("w+") as errors:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=errors)
            killer = threading.Timer(limit, process.kill)
            killer.start()
            _, status, usage = os.wait4(process.pid, 0)
            killer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            errors.seek(0)
            output = out.read()
            if process.returncode == -9:
                raise Failed(f"killed after {limit:.0f} s, or for its memory")
            if process.returncode:
                lines = errors.read().strip().splitlines()
                raise Failed((lines[-1] if lines else f"exit code {process.returncode}")[:TOLD])
        own += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024))
    seconds = time.perf_counter() - begun
    cores = os.cpu_count() or 1
    others = 1 - (own + _idle() - idle) / (seconds * cores)
    return Spent(seconds, peak, max(others, 0.0), output)


def _idle() -> float:
    """Seconds that the cores had nothing to do, since the machine was started."""
    times = psutil.cpu_times()
    return float(times.idle + getattr(times, "iowait", 0.0))
