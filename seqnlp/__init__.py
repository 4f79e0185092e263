"""seqnlp: label and transform sequences with small recurrent networks, from one recipe format."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from seqnlp.version import VERSION

if TYPE_CHECKING:
    from seqnlp.annotation import evaluate_raw, pipeline
    from seqnlp.api import evaluate, load, train
    from seqnlp.comparisons import compare_runs
    from seqnlp.hyperparameters.search import search
    from seqnlp.repeats import train_folds, train_seeds
    from seqnlp.tasks.typed_recipe import Recipe

_MODULES = {
    "Recipe": "tasks.typed_recipe",
    "compare_runs": "comparisons",
    "evaluate": "api",
    "evaluate_raw": "annotation",
    "load": "api",
    "pipeline": "annotation",
    "search": "hyperparameters.search",
    "train": "api",
    "train_folds": "repeats",
    "train_seeds": "repeats",
}
"""Module of each public name."""

__all__ = [
    "Recipe",
    "compare_runs",
    "evaluate",
    "evaluate_raw",
    "load",
    "pipeline",
    "search",
    "train",
    "train_folds",
    "train_seeds",
]
__version__ = VERSION

# Threads of torch's OpenMP that wait for work should soon sleep: spinning takes the processor from those that have
# some, and where the machine is shared it makes everything many times slower. Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "100")


def __getattr__(name: str) -> Any:
    """Import the library only when it is used: `import seqnlp` takes milliseconds, torch a second."""
    if name in _MODULES:
        return getattr(import_module(f"seqnlp.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'seqnlp' has no attribute {name!r}")
