"""Transfers between devices and to numpy, in one place: nothing else names a device."""

from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.nn.private import supports_bf16

CPU = torch.device("cpu")
"""The device whose memory numpy shares."""

Moved = TypeVar("Moved", bound="TensorBatch")
"""The type of a batch; `Self` is unknown to the run-time checks of shapes."""


@dataclass(frozen=True)
class TensorBatch:
    """Base of dataclasses of tensors that move to a device together."""

    def to(self: Moved, device: torch.device) -> Moved:
        """Move every tensor to a device; returns the batch itself where all are there already."""
        moved = {field.name: to_device(getattr(self, field.name), device) for field in fields(self)}
        changed = {name: value for name, value in moved.items() if value is not getattr(self, name)}
        return replace(self, **changed) if changed else self


def to_device(value: Any, device: torch.device) -> Any:
    """Move a tensor, a batch, or a list or dictionary of them; returns anything else as it is."""
    if isinstance(value, Tensor | TensorBatch):
        return value.to(device)
    if isinstance(value, list):
        return [to_device(part, device) for part in value]
    if isinstance(value, dict):
        moved = {name: to_device(part, device) for name, part in value.items()}
        return moved if any(moved[name] is not part for name, part in value.items()) else value
    return value


def device_of(module: nn.Module) -> torch.device:
    """Device of the parameters of a module; the CPU where it has none."""
    parameter = next(module.parameters(), None)
    return CPU if parameter is None else parameter.device


def to_numpy(tensor: Tensor) -> NDArray[Any]:
    """Numpy array of a tensor on any device, without its gradient; it shares memory where it can.

    numpy has no bfloat16, so that becomes float32.
    """
    plain = tensor.detach() if tensor.requires_grad else tensor  # each call costs as much as a small product
    if plain.dtype == torch.bfloat16:
        plain = plain.float()
    array: NDArray[Any] = (plain if plain.device == CPU else plain.to(CPU)).numpy()
    return array


class NumpyView:
    """`to_numpy` with a memory of one tensor: the same one again costs nothing."""

    def __init__(self) -> None:
        self._tensor: Tensor | None = None
        self._array: NDArray[Any]

    def __call__(self, tensor: Tensor) -> NDArray[Any]:
        """Return the array of a tensor; values that the tensor is given later are seen only on a CPU."""
        if tensor is not self._tensor or tensor.device != CPU:
            self._tensor, self._array = tensor, to_numpy(tensor)
        return self._array


def autocast_dtype(tensor: Tensor) -> torch.dtype:
    """Number format that autocast computes in on the device of a tensor; that of the tensor where it is off."""
    kind = tensor.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else tensor.dtype


def has_bf16() -> bool:
    """Hardware support for bfloat16 (AVX-512 BF16 or AMX) that oneDNN may use.

    oneDNN is asked too, since it runs the products and recurrent layers, and `ONEDNN_MAX_CPU_ISA` may keep it from
    instructions that the processor has; the processor, since with plain AVX-512 oneDNN imitates bfloat16, slowly.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return supports_bf16()
