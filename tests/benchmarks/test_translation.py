"""Training and search of a translation model with attention, on random sentences of 8 to 19 words.

8.7 million parameters: 8,000 types on each side, 256 wide; LSTMs of 2 x 256 units for the source, 512 for the target.
Training is a step of seqnlp's own, a replica a thread, against the same network with input feeding, whose steps go one
by one. Sentences end where the source does, so that what is searched does not depend on random weights.
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

from seqnlp.decoders import Attention, AttentionDecoder
from seqnlp.encoders import Lstm
from seqnlp.model import Batch, SequenceModel
from seqnlp.nn.beam_search import BEGIN, END, Search
from seqnlp.nn.device import TensorBatch
from seqnlp.training import EncodedDataset
from seqnlp.training.inference import in_parallel
from seqnlp.training.precision import resolve
from seqnlp.training.replicas import Replicas

pytestmark = pytest.mark.benchmark
TYPES, SENTENCES, BATCH, ROUNDS = 8000, 1000, 160, 7


@dataclass(frozen=True)
class Sources(TensorBatch):
    """Padded sources."""

    index: Tensor
    mask: Tensor


@final
class Pairs(EncodedDataset):
    """Random sentences in the order of their lengths, and targets as long as they."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self.lengths = np.sort(random.integers(8, 20, SENTENCES))
        self.index = torch.from_numpy(random.integers(4, TYPES, (SENTENCES, 20)))

    @property
    def items(self) -> int:
        return int((self.lengths + 1).sum())

    def plan(self, seed: int, epoch: int) -> list[NDArray[np.int64]]:
        return self.in_order()

    def in_order(self) -> list[NDArray[np.int64]]:
        return np.array_split(np.arange(SENTENCES), SENTENCES // BATCH)

    def items_in(self, rows: NDArray[np.int64]) -> int:
        return int((self.lengths[rows] + 1).sum())

    def sources(self, rows: NDArray[np.int64]) -> Sources:
        lengths = torch.from_numpy(self.lengths[rows])
        longest = int(lengths.max())
        return Sources(self.index[torch.from_numpy(rows), :longest], torch.arange(longest) < lengths[:, None])

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        sources = self.sources(rows)
        target = torch.zeros(len(rows), sources.index.shape[1] + 2, dtype=torch.int64)
        target[:, 0] = BEGIN
        target[:, 1:-1] = sources.index * sources.mask
        target[torch.arange(len(rows)), sources.mask.sum(1) + 1] = END
        return Batch(sources, {"target": target}, self.items_in(rows))


class Vectors(nn.Module):
    """The embedding of the source."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(TYPES, 256)

    def forward(self, sources: Sources) -> Tensor:
        return self.table(sources.index)  # type: ignore[no-any-return]


def build(feeding: bool) -> SequenceModel:
    torch.manual_seed(1)
    encoder = Lstm(size=256).build(256)
    spec = Attention(size=512, embedding_size=256, label_smoothing=0.1, input_feeding=feeding)
    return SequenceModel(Vectors(), encoder, {"target": spec.build(encoder.width, TYPES)})


def seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def test_training_against_input_feeding(capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(2)
    pairs, precision = Pairs(), resolve("auto")
    rows = pairs.in_order()[3]
    models = {"at once": build(feeding=False), "input feeding": build(feeding=True)}
    replicas = {name: Replicas(model.train(), pairs, 2, precision) for name, model in models.items()}
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(ROUNDS):  # one after the other, so that a busy machine is busy for both
        for name, pair in replicas.items():
            times[name].append(seconds(lambda pair=pair: pair.gradients([rows], [None, None], 1)))  # type: ignore[misc]
    speeds = {name: pairs.items_in(rows) / statistics.median(each[1:]) for name, each in times.items()}
    with capsys.disabled():
        print()
        for name, speed in speeds.items():
            size = sum(parameter.numel() for parameter in models[name].parameters()) / 1e6
            print(f"{name:<14} {size:.1f} M parameters, {precision}: {speed:7,.0f} target tokens/s")
        print(f"ratio {speeds['at once'] / speeds['input feeding']:.2f}")
    assert speeds["at once"] / speeds["input feeding"] >= 1.2


def test_search(capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(2)
    pairs, model = Pairs(), build(feeding=False).eval()
    decoder = model.decoders["target"]
    assert isinstance(decoder, AttentionDecoder)
    nn.init.normal_(decoder.embedding.weight)  # decided enough for a beam to be of some use
    taken = {}
    for beam in 1, 5:
        how = Search(beam=beam, max_ratio=1.0, max_extra=0)

        def translate(rows: NDArray[np.int64], how: Search = how) -> int:
            return len(AttentionDecoder.search([(decoder, model.encode(pairs.sources(rows)))], how))

        taken[beam] = seconds(lambda work=translate: sum(in_parallel(work, pairs.in_order(), model.device)))  # type: ignore[misc]
    with capsys.disabled():
        print()
        for beam, each in taken.items():
            print(f"beam {beam}: {SENTENCES:,} sentences in {each:.1f} s")
    assert taken[5] < 10 * taken[1]
