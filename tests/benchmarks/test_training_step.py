"""A training step against the same network as it is usually written: nn.LSTM over packed sequences.

Both do the forward and the backward pass of a batch of 32 sentences of 26 to 30 words, 256 wide, in both directions,
with two processor threads. seqnlp's step is the one that it trains with: a replica a thread.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.codecs import Labels
from seqnlp.decoders import Linear
from seqnlp.encoders import Lstm
from seqnlp.model import Batch, SequenceModel
from seqnlp.training import EncodedDataset
from seqnlp.training.replicas import Replicas

pytestmark = pytest.mark.benchmark
WIDTH, SIZE, LABELS, ROUNDS = 256, 256, 17, 15


@dataclass(frozen=True)
class Vectors:
    """Sentences that are embedded already."""

    values: Tensor
    mask: Tensor


@final
class Embedded(EncodedDataset):
    """One batch of random vectors and labels."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self.lengths = torch.from_numpy(np.sort(random.integers(26, 31, 32))[::-1].copy())
        self.mask = torch.arange(30) < self.lengths[:, None]
        self.values = torch.randn(32, 30, WIDTH)
        self.target = torch.randint(LABELS, (32, 30))

    @property
    def items(self) -> int:
        return int(self.lengths.sum())

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        return [np.arange(32)]

    def in_order(self) -> list[NDArray[np.int64]]:
        return [np.arange(32)]

    def items_in(self, rows: NDArray[np.int64]) -> int:
        return int(self.lengths[torch.from_numpy(rows)].sum())

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        chosen = torch.from_numpy(rows)
        inputs = Vectors(self.values[chosen].requires_grad_(), self.mask[chosen])
        return Batch(inputs, {"tag": self.target[chosen]}, self.items_in(rows))


class Values(nn.Module):
    """An embedding that has nothing to do."""

    def forward(self, inputs: Vectors) -> Tensor:
        return inputs.values


class Packed(nn.Module):
    """What most taggers do."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(WIDTH, SIZE, bidirectional=True, batch_first=True)
        self.output = nn.Linear(2 * SIZE, LABELS)

    def step(self, examples: Embedded) -> None:
        values = examples.values.clone().requires_grad_()
        packed = nn.utils.rnn.pack_padded_sequence(values, examples.lengths, batch_first=True)
        outputs, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        logits = self.output(outputs[examples.mask])
        loss: Tensor = nn.functional.cross_entropy(logits, examples.target[examples.mask])
        loss.backward()


def milliseconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return (time.perf_counter() - begun) * 1000


def test_a_training_step_against_packed(capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(2)
    torch.manual_seed(1)
    examples, packed = Embedded(), Packed()
    encoder = Lstm(size=SIZE).build(WIDTH)
    head = Linear(dropout=0.0).build(encoder.width, Labels(map(str, range(LABELS))))
    model = SequenceModel(Values(), encoder, {"tag": head})
    single = Replicas(model, examples, 2, "fp32")
    mixed = Replicas(model, examples, 2, "bf16")
    runs: dict[str, Callable[[], object]] = {
        "nn.LSTM, packed": lambda: packed.step(examples),
        "seqnlp, float32": lambda: single.gradients([np.arange(32)], [None, None], 1),
        "seqnlp, bf16": lambda: mixed.gradients([np.arange(32)], [None, None], 1),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):  # one after the other, so that a busy machine is busy for all
        for name, run in runs.items():
            times[name].append(milliseconds(run))
    medians = {name: statistics.median(values[2:]) for name, values in times.items()}
    base = medians["nn.LSTM, packed"]
    with capsys.disabled():
        print()
        for name, median in medians.items():
            print(f"{name:<16} {median:7.1f} ms a step   ratio {base / median:.2f}")
    assert base / medians["seqnlp, float32"] >= 1.5
    assert base / medians["seqnlp, bf16"] >= 1.8
