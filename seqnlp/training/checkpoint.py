"""Checks of a checkpoint before it is loaded: torch broadcasts and converts where it should refuse."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from seqnlp.json_types import shown
from seqnlp.optimizers import Optimizer


def check_shapes(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Check that tensors have the names, shapes and number types of others.

    Raises:
        ValueError: naming the first tensor that differs.
    """
    for name, tensor in expected.items():
        if name not in found:
            raise ValueError(f"the tensor {name} is missing")
        ours = found[name]
        if ours.shape != tensor.shape or ours.dtype != tensor.dtype:
            raise ValueError(f"the tensor {name} is {_kind(ours)}, expected {_kind(tensor)}")
    if more := [name for name in found if name not in expected]:
        raise ValueError(f"there is a tensor {more[0]!r:.60}, which the model lacks")


def check_optimizer(
    memory: Mapping[int, Mapping[str, Tensor]], optimizer: Optimizer, parameters: Sequence[nn.Parameter]
) -> None:
    """Check the state of an optimizer for each parameter.

    The names, shapes and number types to expect are found by a step of the same optimizer on another parameter.

    Raises:
        ValueError: naming the first parameter whose state does not fit.
    """
    probe = nn.Parameter(torch.zeros(2))
    probe.grad = torch.zeros(2)
    trial = optimizer.build([probe])
    trial.step()
    expected = {name: value for name, value in trial.state[probe].items() if value is not None}
    for number, values in memory.items():
        if not 0 <= number < len(parameters):
            raise ValueError(f"the optimizer has a parameter {number}, the model has {len(parameters)}")
        if values.keys() != expected.keys():
            raise ValueError(f"the optimizer's memory of parameter {number} holds {', '.join(values) or 'nothing'}")
        for name, value in values.items():
            shape = parameters[number].shape if expected[name].shape == probe.shape else expected[name].shape
            if value.shape != shape or value.dtype != expected[name].dtype:
                raise ValueError(f"optimizer.{number}.{name} is {_kind(value)}")


def check_progress(progress: Mapping[str, Any], metric: str) -> None:
    """Check the ranges of a checkpoint's counts, and its best scores.

    Raises:
        ValueError: naming the first that is wrong.
    """
    for name, value in progress.items():
        if name != "best" and value < 0:
            raise ValueError(f"{name} is {shown(value)}, expected 0 or more")
    best = progress["best"]
    if odd := [name for name, value in best.items() if not isinstance(value, int | float) or isinstance(value, bool)]:
        raise ValueError(f"best.{odd[0]}: expected a number, found {shown(best[odd[0]])}")
    if best and metric not in best:
        raise ValueError(f"best lacks the score {metric}")


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"
