"""What every test relies on: caches of its own, one thread, checked shapes, repeatable random examples.

Nothing here imports torch or numpy, so that tests of the command line start fast.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import install_import_hook

CACHES = Path(tempfile.mkdtemp(prefix="seqnlp-tests-"))

# Libraries read these once, when they are imported: so they are set here rather than in a fixture.
os.environ |= {
    "HF_HOME": str(CACHES / "huggingface"),
    "HF_DATASETS_CACHE": str(CACHES / "datasets"),
    "XDG_CACHE_HOME": str(CACHES / "cache"),
    "GOMP_SPINCOUNT": "100",
}

if "benchmark" not in sys.argv:  # `pytest -m benchmark` measures what users run: all threads, no checks
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    install_import_hook(
        ["seqnlp.nn", "seqnlp.encoders", "seqnlp.embeddings", "seqnlp.decoders", "seqnlp.model"],
        "beartype.beartype",
    )

settings.register_profile(
    "seqnlp",
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("seqnlp")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("bf16"):
        from seqnlp.nn.products import has_bf16

        if not has_bf16():
            pytest.skip("this processor can't compute in bf16")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(CACHES, ignore_errors=True)
