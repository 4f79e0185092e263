import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from seqnlp.optimizers import AdamW, Optimizer, Sgd
from seqnlp.optimizers.eager import eager

GRADIENTS = [np.array([1.0, -2.0, 0.5]), np.array([0.5, 1.0, -1.0]), np.array([-1.0, 0.25, 2.0])]
START = np.array([0.3, -0.2, 1.0])
LR = 0.1


def steps(section: Optimizer) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Where three given gradients lead from a given start."""
    parameter = nn.Parameter(torch.from_numpy(START.copy()))
    optimizer = section.build([parameter])
    for gradient in GRADIENTS:
        parameter.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
    return parameter.detach().numpy()


def test_the_kinds() -> None:
    assert Optimizer.parse({}) == Optimizer.parse("adamw") == AdamW()
    assert Optimizer.parse("sgd") == Sgd()


def test_adamw_is_adam_with_decay_beside_it() -> None:
    x, m, v = START.copy(), np.zeros(3), np.zeros(3)
    for t, gradient in enumerate(GRADIENTS, 1):
        x -= LR * 0.01 * x
        m = 0.8 * m + 0.2 * gradient
        v = 0.95 * v + 0.05 * gradient**2
        x -= LR * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.95**t)) + 1e-8)
    np.testing.assert_allclose(steps(AdamW(lr=LR, beta1=0.8, beta2=0.95, weight_decay=0.01)), x, rtol=1e-7)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_with_nesterovs_momentum(momentum: float) -> None:
    x, velocity = START.copy(), np.zeros(3)
    for gradient in GRADIENTS:
        gradient = gradient + 0.01 * x
        velocity = momentum * velocity + gradient
        x -= LR * (gradient + momentum * velocity)
    np.testing.assert_allclose(steps(Sgd(lr=LR, momentum=momentum, weight_decay=0.01)), x, rtol=1e-7)


def test_the_rate_is_the_schedule_times_lr() -> None:
    section = AdamW(lr=0.5, schedule="linear", warmup_ratio=0.5)
    assert [section.rate(progress) for progress in (0, 0.25, 0.5, 0.75, 1)] == [0, 0.25, 0.5, 0.25, 0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"lr": 0.0},
        {"lr": -1.0},
        {"schedule": "step"},
        {"warmup_ratio": 1.0},
        {"beta1": 1.0},
        {"kind": "sgd", "beta1": 0.5},
        {"kind": "sgd", "momentum": -0.1},
    ],
)
def test_optimizers_refuse_impossible_settings(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Optimizer.parse(wrong)


def test_no_compiler_is_imported() -> None:
    """It would take 100 MB, and a second or two at the beginning of every training."""
    code = """
import sys, torch
from seqnlp.optimizers import AdamW, Sgd
for section in (AdamW(), Sgd()):
    parameter = torch.nn.Parameter(torch.ones(3))
    optimizer = section.build([parameter])
    parameter.grad = torch.ones(3)
    optimizer.step()
    optimizer.zero_grad()
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))]})
    optimizer.load_state_dict(optimizer.state_dict())
    assert not parameter.requires_grad or parameter.grad_fn is None
print(*sorted(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"torch._dynamo", "torch._inductor", "sympy"} == set()


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD, torch.optim.Adam])
def test_the_steps_are_those_of_torch(kind: Any) -> None:
    ends = []
    for build in (kind, eager(kind)):
        parameter = nn.Parameter(torch.from_numpy(START.copy()))
        optimizer = build([parameter], 0.1, weight_decay=0.01)
        for gradient in GRADIENTS:
            parameter.grad = torch.from_numpy(gradient.copy())
            optimizer.step()
        ends.append(parameter.detach())
        assert torch.is_grad_enabled()
        assert type(optimizer).__name__ == kind.__name__
    assert torch.equal(*ends)
