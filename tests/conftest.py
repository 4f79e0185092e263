"""What every test relies on: caches of its own, one thread, checked shapes, repeatable random examples.

Nothing here imports torch or numpy, so that tests of the command line start fast.
"""

import gc
import os
import shutil
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable
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
    "XDG_STATE_HOME": str(CACHES / "state"),
    "GOMP_SPINCOUNT": "100",
}

if "benchmark" not in sys.argv:  # `pytest -m benchmark` measures what users run: all threads, no checks
    gc.disable()  # while modules are imported, which leaves no garbage; see pytest_collection_finish
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    install_import_hook(
        ["seqnlp.nn", "seqnlp.encoders", "seqnlp.embeddings", "seqnlp.decoders", "seqnlp.model"], "beartype.beartype"
    )

# `pytest --hypothesis-profile=thorough` looks at more examples, and at others each time.
settings.register_profile(
    "default",
    max_examples=20,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=200, derandomize=False)
settings.load_profile("default")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for garbage from now on, but not among the half million objects of imported modules."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)
        gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Seed what draws random numbers, so that no test depends on those before it."""
    if "torch" in sys.modules and "seqnlp.nn.dropout" in sys.modules:
        sys.modules["torch"].manual_seed(0)
        sys.modules["seqnlp.nn.dropout"].seed_thread(0)
    if item.get_closest_marker("bf16"):
        from seqnlp.nn.device import has_bf16

        if not has_bf16():
            pytest.skip("this processor can't compute in bf16")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(CACHES, ignore_errors=True)


@pytest.fixture
def colours_in() -> Callable[[bytes], Counter[tuple[int, ...]]]:
    """What pixels a PNG is made of."""
    return count_colours


def count_colours(png: bytes) -> Counter[tuple[int, ...]]:
    """How many pixels of a picture have each colour (PNG, 8 bits, RGB or RGBA; the specification's five filters)."""
    at, data, width, depth = 8, b"", 0, 0
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, depth = int.from_bytes(body[:4], "big"), {2: 3, 6: 4}[body[9]]
        data += body if kind == b"IDAT" else b""
        at += size + 12
    raw, stride = zlib.decompress(data), width * depth
    above, found = bytearray(stride), Counter[tuple[int, ...]]()
    for start in range(0, len(raw), stride + 1):
        row = bytearray(raw[start + 1 : start + 1 + stride])
        for i in range(stride):
            left, up = row[i - depth] if i >= depth else 0, above[i]
            corner = above[i - depth] if i >= depth else 0
            match raw[start]:
                case 1:
                    row[i] = (row[i] + left) % 256
                case 2:
                    row[i] = (row[i] + up) % 256
                case 3:
                    row[i] = (row[i] + (left + up) // 2) % 256
                case 4:
                    guess = left + up - corner
                    row[i] = (row[i] + min((left, up, corner), key=lambda near: abs(guess - near))) % 256
        above = row
        found.update(tuple(row[i : i + 3]) for i in range(0, stride, depth))
    return found
