"""Optimizers of torch without its compiler."""

from inspect import unwrap
from typing import Any, TypeVar

import torch

Kind = TypeVar("Kind", bound=torch.optim.Optimizer)

WRAPPED = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
"""Methods that torch hides from its compiler."""


def eager(kind: type[Kind]) -> type[Kind]:
    """Subclass of an optimizer that leaves `torch.compile` out; it takes the same steps.

    Torch's own methods import `torch._dynamo` to tell it that they can't be compiled, and with it sympy, inductor and
    ONNX: 100 MB of memory and a second or two, and nothing here is compiled.
    """
    take_step = unwrap(kind.step)

    def step(self: torch.optim.Optimizer, closure: Any = None) -> Any:
        with torch.no_grad():  # as the wrapper of torch does
            return take_step(self, closure)

    methods = {name: unwrap(getattr(kind, name)) for name in WRAPPED}
    return type(kind.__name__, (kind,), {**methods, "step": step})
