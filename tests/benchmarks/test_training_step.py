"""A training step against the same network as it is usually written: nn.LSTM over packed sequences."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seqnlp.nn import Recurrent

pytestmark = pytest.mark.benchmark
WIDTH, SIZE, LABELS, ROUNDS = 256, 256, 17, 9


class Packed(nn.Module):
    """What most taggers do."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(WIDTH, SIZE, bidirectional=True, batch_first=True)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return outputs


def step(outputs: Callable[[], Tensor], output: nn.Linear, mask: Tensor, target: Tensor) -> Callable[[], None]:
    def run() -> None:
        logits = output(outputs()[mask])
        nn.functional.cross_entropy(logits.float(), target[mask]).backward()  # type: ignore[no-untyped-call]

    return run


def milliseconds(run: Callable[[], None]) -> float:
    begun = time.perf_counter()
    run()
    return (time.perf_counter() - begun) * 1000


def test_dense_lstm_against_packed(capsys: pytest.CaptureFixture[str]) -> None:
    torch.set_num_threads(2)
    torch.manual_seed(1)
    random = np.random.default_rng(1)
    lengths = torch.from_numpy(np.sort(random.integers(26, 31, 32))[::-1].copy())
    mask = torch.arange(30) < lengths[:, None]
    inputs = torch.randn(32, 30, WIDTH, requires_grad=True)
    target = torch.randint(LABELS, (32, 30))
    packed, dense = Packed(), Recurrent("lstm", WIDTH, SIZE, bidirectional=True)
    output = nn.Linear(2 * SIZE, LABELS)

    def ours_in_bf16() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return dense(inputs, mask).outputs.float()

    runs = {
        "packed nn.LSTM": step(lambda: packed(inputs, lengths), output, mask, target),
        "seqnlp, float32": step(lambda: dense(inputs, mask).outputs, output, mask, target),
        "seqnlp, bf16": step(ours_in_bf16, output, mask, target),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):  # one after the other, so that a busy machine is busy for all
        for name, run in runs.items():
            times[name].append(milliseconds(run))
    medians = {name: statistics.median(values[2:]) for name, values in times.items()}
    base = medians["packed nn.LSTM"]
    with capsys.disabled():
        print()
        for name, median in medians.items():
            print(f"{name:<18} {median:7.1f} ms a step   ratio {base / median:.2f}")
    assert base / medians["seqnlp, float32"] >= 1.0
