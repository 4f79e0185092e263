"""seqnlp: label and transform sequences with small recurrent networks, from one recipe format."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqnlp.version import VERSION

if TYPE_CHECKING:
    from seqnlp.annotation import evaluate_raw, pipeline
    from seqnlp.api import evaluate, load, train
    from seqnlp.comparisons import compare_runs
    from seqnlp.repeats import train_seeds

_MODULES = {
    "compare_runs": "comparisons",
    "evaluate": "api",
    "evaluate_raw": "annotation",
    "load": "api",
    "pipeline": "annotation",
    "train": "api",
    "train_seeds": "repeats",
}
"""Module of each public call."""

__all__ = ["compare_runs", "evaluate", "evaluate_raw", "load", "pipeline", "train", "train_seeds"]
__version__ = VERSION

# Threads of torch's OpenMP that wait for work should soon sleep: spinning takes the processor from those that have
# some, and where the machine is shared it makes everything many times slower. Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "100")


def __getattr__(name: str) -> Any:
    """Import the library only when it is used: `import seqnlp` takes milliseconds, torch a second."""
    if name in _MODULES:
        return getattr(import_module(f"seqnlp.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'seqnlp' has no attribute {name!r}")
