"""Language model of the size of char_lstm: nine texts at once against one, and the influence of earlier tokens."""

import json
import os
import string
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
import torch

from seqnlp.codecs.running_text import CharacterText
from seqnlp.decoders import NextTokenDecoder
from seqnlp.embeddings import TokenLookup
from seqnlp.encoders import Lstm
from seqnlp.model import SequenceModel
from seqnlp.tasks.lm.dataset import NEXT
from seqnlp.tasks.lm.predictor import Generator

SIZE, EMBEDDED, TOKENS, CELLS, ROUNDS = 256, 64, 300, 9, 7
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "seed": [{"seed": number} for number in range(CELLS)],
    "temperature": [{"temperature": 0.4 + number / 10} for number in range(CELLS)],
    "top_k": [{"top_k": 5 * number + 5} for number in range(CELLS)],
    "top_p": [{"top_p": 0.5 + number / 20} for number in range(CELLS)],
}
TEXT = "The ferry came in late, and nobody was waiting for it but the old man with the lantern. " * 5


def random_generator() -> Generator:
    torch.manual_seed(1)
    codec = CharacterText(string.ascii_letters + string.punctuation[:16] + " \n")
    decoders = {NEXT: NextTokenDecoder(SIZE, len(codec))}
    encoder = Lstm(size=SIZE, bidirectional=False).build(EMBEDDED)
    return Generator(SequenceModel(TokenLookup(len(codec), EMBEDDED), encoder, decoders), codec)


def seconds(work: Callable[[], object]) -> float:
    """Seconds of this thread: other processes do not count."""
    begun = time.thread_time()
    work()
    return time.thread_time() - begun


def measure() -> dict[str, float]:
    """Characters in all of nine texts, against those of one in the same time; milliseconds of an influence."""
    generator = random_generator()

    def write(**settings: Any) -> Callable[[], object]:
        return lambda: list(generator.generate(TEXT[:9], length=TOKENS, alternatives=0, **settings))

    found = {}
    for name, cells in SETTINGS.items():
        one, nine = write(**cells[CELLS // 2]), write(cells=cells)
        one(), nine()
        found[name] = median(CELLS * seconds(one) / seconds(nine) for _ in range(ROUNDS))
    found["influence"] = 1000 * median(seconds(lambda: generator.influence(TEXT, "e", 200)) for _ in range(ROUNDS))
    return found


@pytest.mark.benchmark
def test_nine_texts_and_influence(capsys: pytest.CaptureFixture[str]) -> None:
    """In a process of its own, without the tests' checks of shapes."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    with capsys.disabled():
        print(f"\ninfluence of 200 tokens: {found['influence']:.0f} ms of the processor")
        for name in SETTINGS:
            print(f"{CELLS} texts that differ in {name}: {found[name]:.2f} times the characters of one")
    assert found["influence"] <= 150
    assert min(found[name] for name in SETTINGS) > 1.2


if __name__ == "__main__":
    print(json.dumps(measure()))
