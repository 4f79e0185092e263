"""Commands of the processes that the program starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def module_command(module: str) -> list[str]:
    """Command line that runs a module of this package.

    Python would look for modules in the working directory first, which may be a run of somebody else's with a file
    `torch.py` in it; only where the package itself lies there it has to.
    """
    return [sys.executable, *([] if Path(os.getcwd()).resolve() == _ROOT else ["-P"]), "-m", module]
