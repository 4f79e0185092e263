"""What two processes exchange in a step: the same sums in both, to the last bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from seqnlp.training.exchange import touched_rows
from tests.e2e.test_processes import free_port

ROOT = Path(__file__).parents[2]
SCRIPT = """
import torch
from torch import nn
from seqnlp.training.distributed import join_group
from seqnlp.training.exchange import LEAST_ROWS, StepExchange

group = join_group()
SHAPES = {"table": (3000, 7), "busy": (LEAST_ROWS, 3), "cube": (2000, 2, 5), "matrix": (40, 30), "bias": (5,),
          "lent": (2048, 4), "frozen": (3, 3), "unused": (2, 2)}
parameters = {name: nn.Parameter(torch.zeros(shape)) for name, shape in SHAPES.items()}
parameters["frozen"].requires_grad_(False)
exchange = StepExchange(parameters.values(), group)


def gradients(rank, step):
    random = torch.Generator().manual_seed(10 * step + rank)
    whole = {name: torch.randn(shape, generator=random) for name, shape in SHAPES.items()}
    for name, few in (("table", 9), ("cube", 400), ("lent", 30)):
        kept = torch.randperm(SHAPES[name][0], generator=random)[:few]
        rest = torch.ones(SHAPES[name][0], dtype=torch.bool)
        rest[kept] = False
        whole[name][rest] = 0
    whole["table"][17] = 0
    whole["table"][17, 3] = -1e-30 if rank else 0.0  # the square of which is zero
    whole["table"][18] = float("nan") if step == 2 and rank == 0 else 0.0
    if rank == 0:
        del whole["lent"]  # a parameter that only the other process uses
    return {name: tensor for name, tensor in whole.items() if name not in ("frozen", "unused")}


for step in range(4):
    for name, tensor in gradients(group.rank, step).items():
        parameters[name].grad = tensor
    long = [[torch.full((2, step), float(group.rank)), None]] * (1 + 300 * (step == 2))
    nats, states = exchange.sum(0.1 + group.rank, long)
    assert nats == 0.1 + 1.1
    assert len(states) == 2 * len(long)
    assert torch.equal(states[-1][0], torch.ones(2, step)) and states[-1][1] is None
    first, second = gradients(0, step), gradients(1, step)
    for name, parameter in parameters.items():
        if name not in second:
            assert parameter.grad is None, name
            continue
        sum_of_both = first.get(name, torch.zeros(SHAPES[name])) + second[name]
        torch.testing.assert_close(parameter.grad, sum_of_both, rtol=0, atol=0, equal_nan=True)
        parameter.grad = None
    sent = len(exchange._buffer)
assert sent < 40 * 7 + 1000 * 10 + 3072 + 1200 + 5 + 31 * 4, sent
assert exchange._tables == {0, 2, 5}
"""


def test_two_processes_get_the_same_sums() -> None:
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            cwd=ROOT,
            env={**os.environ, **place, "RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        assert [(each.communicate(timeout=120)[1], each.returncode) for each in running] == [("", 0)] * 2
    finally:
        for process in running:
            process.kill()


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
def test_rows_are_touched_by_any_number_but_zero(kind: torch.dtype) -> None:
    gradient = torch.zeros(6, 3, 2, dtype=kind)
    gradient[1, 2, 1] = 1e-38
    gradient[2] = torch.tensor([-1.0, 0.0])
    gradient[4, 0, 0] = float("nan")
    assert touched_rows(gradient).tolist() == [False, True, True, False, True, False]
    assert touched_rows(gradient[:, 2:, :1].transpose(1, 2)).tolist() == [False, False, True, False, False, False]
