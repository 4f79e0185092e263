"""Cost of checking the digest and the weights of a model of 50 MB on one core."""

import hashlib
import time
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch

from seqnlp.run import Run
from seqnlp.run.digests import digest_of
from seqnlp.run.directory import MODEL
from seqnlp.run.tensors import check_tensors, not_finite

CANDIDATES: dict[str, Callable[[bytes], object]] = {
    "XXH3-128": digest_of,
    "CRC-32": zlib.crc32,
    "SHA-256": lambda content: hashlib.sha256(content).digest(),
    "BLAKE2b": lambda content: hashlib.blake2b(content).digest(),
}


def best(action: Callable[[], object], rounds: int = 7) -> float:
    """Fewest milliseconds."""
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begun)
    return min(taken) * 1e3


@pytest.mark.benchmark
def test_a_model_is_checked_in_less_than_50_ms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(1)
    run = Run.create(tmp_path / "run")
    run.save_model({f"weight_{number}": torch.randn(1250, 1000) for number in range(10)})
    path = tmp_path / "run" / MODEL
    content, weights = path.read_bytes(), run.load_model()
    digest, finite = best(lambda: check_tensors(path, sealed=True)), best(lambda: not_finite(weights))
    with capsys.disabled():
        print(f"\n{len(content) / 1e6:.0f} MB: digest {digest:.1f} ms, finite weights {finite:.1f} ms;", end=" ")
        print(
            ", ".join(
                f"{name} {best(partial(digest_with, content)):.1f} ms" for name, digest_with in CANDIDATES.items()
            )
        )
    assert digest + finite < 50
