"""Sampling from an LSTM of 512 units: against a loop around nn.LSTM, and against what the memory allows."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from seqnlp.decoders import NextTokenDecoder
from seqnlp.embeddings import TokenLookup
from seqnlp.encoders import Lstm
from seqnlp.model import SequenceModel
from seqnlp.nn.sampling import Sampler, Sampling
from seqnlp.tasks.lm.dataset import NEXT
from seqnlp.tasks.lm.incremental import IncrementalLm

SIZE, EMBEDDED, CHARACTERS, MANY, ROUNDS = 512, 64, 66, 64, 15


def random_model() -> SequenceModel:
    torch.manual_seed(1)
    encoder = Lstm(size=SIZE, bidirectional=False).build(EMBEDDED)
    return SequenceModel(TokenLookup(CHARACTERS, EMBEDDED), encoder, {NEXT: NextTokenDecoder(SIZE, CHARACTERS)}).eval()


def own(model: SequenceModel, texts: int) -> Callable[[], None]:
    """One character of each text."""
    steps = IncrementalLm(model, None, texts)
    sampler, tokens = Sampler(Sampling(), 1, texts, CHARACTERS), np.ones(texts, np.int64)

    def step() -> None:
        tokens[:] = sampler.choose(steps.logits(tokens))

    return step


def around_torch(model: SequenceModel) -> Callable[[], None]:
    """What is usually written: `nn.LSTM` and `torch.multinomial`, character by character."""
    (layer,) = (each for each in model.modules() if isinstance(each, nn.LSTM))
    table: Any = model.embedding.table
    output = model.decoder(NEXT, NextTokenDecoder).output
    empty = torch.zeros(1, 1, SIZE)
    now: dict[str, Any] = {"token": torch.ones(1, 1, dtype=torch.int64), "state": (empty, empty)}

    @torch.inference_mode()
    def step() -> None:
        outputs, state = layer(table(now["token"]), now["state"])
        now.update(token=torch.multinomial(torch.softmax(output(outputs[0]), -1), 1), state=state)

    return step


def copying() -> Callable[[], None]:
    """Read as many bytes as the recurrent weights have, with all threads that the step has."""
    numbers = np.ones(4 * SIZE * SIZE, np.float32)

    def read() -> None:
        np.dot(numbers, numbers)

    return read


def taking_turns(*works: tuple[Callable[[], None], int]) -> list[float]:
    """Median seconds of one call of each, in turns of so many calls."""
    taken: list[list[float]] = [[] for _ in works]
    for work, _ in works:
        work()
    for _ in range(ROUNDS):
        for (work, calls), times in zip(works, taken, strict=True):
            begun = time.perf_counter()
            for _ in range(calls):
                work()
            times.append((time.perf_counter() - begun) / calls)
    return [median(times) for times in taken]


def measure() -> dict[str, float]:
    """Seconds a step of each."""
    model = random_model()
    works = (own(model, 1), 300), (own(model, MANY), 20), (around_torch(model), 40), (copying(), 300)
    return dict(zip(("one", "many", "torch", "reading"), taking_turns(*works), strict=True))


@pytest.mark.benchmark
def test_sampling(capsys: pytest.CaptureFixture[str]) -> None:
    """In a process of its own, without the tests' checks of shapes, and with threads as the program has them."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "GOMP_SPINCOUNT": "100"}
    environment.pop("OMP_NUM_THREADS", None)
    done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    one, many, torch_loop, reading = (found[name] for name in ("one", "many", "torch", "reading"))
    with capsys.disabled():
        print(f"\nbatch 1      {1 / one:9,.0f} characters/s, {torch_loop / one:.1f} times a loop around nn.LSTM")
        print(f"nn.LSTM loop {1 / torch_loop:9,.0f} characters/s")
        print(f"batch {MANY}     {MANY / many:9,.0f} characters/s, {MANY * one / many:.1f} times batch 1")
        print(f"memory       {1 / reading:9,.0f} characters/s allowed; batch 1 reaches {reading / one:.0%}")
    assert torch_loop / one >= 3
    assert reading / one >= 0.6
    assert MANY * one / many >= 2


if __name__ == "__main__":
    print(json.dumps(measure()))
