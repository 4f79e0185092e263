"""An accelerator made of processor memory: its tensors lie elsewhere, and can't be computed with those on the CPU.

It stands under torch's name `meta`, which every build knows. As on a GPU, an operation on tensors of two devices is an
error, numbers aside; numpy can't see the tensors. Unlike torch's own meta tensors they have values, so that results can
be compared, and code may look at them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

from seqnlp.nn import dropout
from seqnlp.nn.device import Moving, move_module
from seqnlp.optimizers import AdamW

FAKE = torch.device("meta")

BETWEEN = {"aten::_to_copy", "aten::copy_"}
"""Operations on tensors of two devices."""


class FakeTensor(Tensor):
    """A tensor on the fake device; its content lies on the CPU."""

    content: Tensor
    is_meta = False
    """Unlike a tensor of torch's own on this device it has values, which may be loaded."""

    @staticmethod
    def __new__(cls, content: Tensor) -> "FakeTensor":
        made: FakeTensor
        with torch.inference_mode(False):  # what is made in that mode has no version, which a view of a wrapper needs
            made = Tensor._make_wrapper_subclass(
                cls,
                content.shape,
                strides=content.stride(),
                storage_offset=content.storage_offset(),
                dtype=content.dtype,
                device=FAKE,
            )
        made.content = content
        return made

    def tolist(self) -> Any:
        """Values as Python numbers, which torch refuses to give of subclasses."""
        return self.content.detach().tolist()

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise AssertionError(f"{func} on the fake device, outside of `fake_device`: in another thread?")


class _Dispatch(TorchDispatchMode):
    """Runs operations of the fake device on the content of its tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0
        """Operations that were run on the device."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else torch imports its compiler, which takes longer than all tests with this device

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = dict(kwargs or {}), func._schema.name
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        on_device = [each for each in tensors if isinstance(each, FakeTensor)]
        left_behind = [each for each in tensors if not isinstance(each, FakeTensor) and each.dim()]
        if on_device and left_behind and name not in BETWEEN:
            shapes = ", ".join(f"{tuple(each.shape)} on {each.device}" for each in tensors)
            raise RuntimeError(f"{name}: expected all tensors to be on the same device, found {shapes}")
        to = kwargs.get("device")
        if to is not None and torch.device(to) == FAKE:
            kwargs["device"] = torch.device("cpu")
        stays = bool(on_device) if name != "aten::copy_" else isinstance(args[0], FakeTensor)
        lies_here = stays if to is None else torch.device(to) == FAKE
        self.operations += lies_here
        found = func(*tree_map(_content, args), **tree_map(_content, kwargs))
        if not lies_here:
            return found
        made = tree_map(lambda each: FakeTensor(each) if isinstance(each, Tensor) else each, found)
        if on_device and name != "aten::_to_copy":
            return return_and_correct_aliasing(func, args, kwargs, made)
        return made


def _content(value: Any) -> Any:
    return value.content if isinstance(value, FakeTensor) else value


@contextmanager
def fake_device(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Dispatch]:
    """A block with the device; its dropout draws what that on the CPU would."""
    monkeypatch.setitem(dropout._local.by_device, FAKE, torch.Generator())
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)  # the mode is that of this thread

    def unfused(self: AdamW, parameters: Any) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            parameters, self.lr, (self.beta1, self.beta2), weight_decay=self.weight_decay, foreach=False
        )

    monkeypatch.setattr(AdamW, "build", unfused)
    # both make tensors without telling the mode
    tensor = torch.tensor

    def made(data: Any, *, device: Any = None, **settings: Any) -> Tensor:
        return tensor(data, **settings) if device is None else tensor(data, **settings).to(device)

    monkeypatch.setattr(torch, "tensor", made)
    monkeypatch.setattr(
        Tensor, "new_tensor", lambda self, data, dtype=None: tensor(data, dtype=dtype or self.dtype).to(self.device)
    )
    with _Dispatch() as dispatch:
        yield dispatch


def moved_here(module: Moving) -> Moving:
    """Move a module to the device; as elsewhere, parameters stay the same objects, so that ties hold."""
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        return move_module(module, FAKE)
    finally:
        torch.__future__.set_swap_module_params_on_conversion(False)
