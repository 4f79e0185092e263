"""Commands of the processes that the program starts; peak of the memory of this one."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def module_command(module: str) -> list[str]:
    """Command line that runs a module of this package.

    Python would look for modules in the working directory first, which may be a run of somebody else's with a file
    `torch.py` in it; only where the package itself lies there it has to.
    """
    return [sys.executable, *([] if Path(os.getcwd()).resolve() == _ROOT else ["-P"]), "-m", module]


def peak_memory() -> int | None:
    """Largest resident memory of this process so far, in bytes; None where the system does not tell it."""
    with suppress(ImportError):  # Windows has no such module
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return used if sys.platform == "darwin" else used * 1024
    return None
