"""Processes: commands that start some, the place of this one among them, and its memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import final

from seqnlp.errors import UsageError

_ROOT = Path(__file__).resolve().parents[1]


def module_command(module: str) -> list[str]:
    """Command line that runs a module of this package.

    Python would look for modules in the working directory first, which may be a run of somebody else's with a file
    `torch.py` in it; only where the package itself lies there it has to.
    """
    return [sys.executable, *([] if Path(os.getcwd()).resolve() == _ROOT else ["-P"]), "-m", module]


@final
@dataclass(frozen=True)
class Place:
    """Place of a process among those of a training."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    """Rank among the processes of this machine."""
    local_size: int = 1
    restarts: int = 0
    """Number of times that an elastic launcher has restarted the processes."""

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Place:
        """Read the variables of torchrun, or those of a SLURM step.

        Raises:
            seqnlp.errors.UsageError: a variable that is no number, or a rank outside the group.
        """
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        if "RANK" not in environment and environment.get("SLURM_STEP_NUM_TASKS", "1") != "1":
            names = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE")
        elif "RANK" not in environment or "WORLD_SIZE" not in environment:
            return cls()
        try:
            numbers = [int(environment.get(name, "0").partition("(")[0].partition(",")[0]) for name in names]
        except ValueError:
            given = ", ".join(f"{name}={environment.get(name)}" for name in names)
            raise UsageError(f"expected numbers in the variables of a launcher, found {given:.200}") from None
        rank, size, local_rank, local_size = numbers
        if not 0 <= rank < size:
            raise UsageError(f"{names[0]}={rank} is no rank of {names[1]}={size} processes")
        restarts = environment.get("TORCHELASTIC_RESTART_COUNT", "0")
        return cls(rank, size, local_rank, max(local_size, 1), int(restarts) if restarts.isdecimal() else 0)


def peak_memory() -> int | None:
    """Largest resident memory of this process so far, in bytes; None where the system does not tell it."""
    with suppress(ImportError):  # Windows has no such module
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else used * 1024
    return None
