"""Devices, and transfers between them and to numpy, in one place: nothing else names a device."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.devices import kind_of_device
from seqnlp.errors import UsageError
from seqnlp.nn.private import supports_bf16

CPU = torch.device("cpu")
"""The device whose memory numpy shares."""

CUDA, MPS = "cuda", "mps"
"""Kinds of accelerators: GPUs of NVIDIA, and of AMD under the same name; those of Apple."""

Moved = TypeVar("Moved", bound="TensorBatch")
"""The type of a batch; `Self` is unknown to the run-time checks of shapes."""
Moving = TypeVar("Moving", bound=nn.Module)


@dataclass(frozen=True)
class TensorBatch:
    """Base of dataclasses of tensors that move to a device together."""

    def to(self: Moved, device: torch.device) -> Moved:
        """Move every tensor to a device; returns the batch itself where all are there already."""
        moved = {field.name: to_device(getattr(self, field.name), device) for field in fields(self)}
        changed = {name: value for name, value in moved.items() if value is not getattr(self, name)}
        return replace(self, **changed) if changed else self

    def pinned(self: Moved) -> Moved:
        """Copy every tensor to page-locked memory.

        From there it moves to a GPU while that computes.
        """
        return replace(self, **{field.name: pin(getattr(self, field.name)) for field in fields(self)})


def to_device(value: Any, device: torch.device) -> Any:
    """Move a tensor, a batch, or a list or dictionary of them; returns anything else as it is."""
    if isinstance(value, Tensor):
        # from pageable memory the driver copies twice, and only waits longer if asked not to
        return value.to(device, non_blocking=device != CPU and value.device == CPU and value.is_pinned())
    if isinstance(value, TensorBatch):
        return value.to(device)
    if isinstance(value, list):
        return [to_device(part, device) for part in value]
    if isinstance(value, dict):
        moved = {name: to_device(part, device) for name, part in value.items()}
        return moved if any(moved[name] is not part for name, part in value.items()) else value
    return value


def pin(value: Any) -> Any:
    """Pin a tensor, a batch, or a list or dictionary of them; returns anything else as it is."""
    if isinstance(value, Tensor):
        return value.pin_memory()
    if isinstance(value, TensorBatch):
        return value.pinned()
    if isinstance(value, list):
        return [pin(part) for part in value]
    if isinstance(value, dict):
        return {name: pin(part) for name, part in value.items()}
    return value


def pinned_for(batch: Moved, device: torch.device) -> Moved:
    """Pin a batch for a device that copies from page-locked memory; returns it as it is for others."""
    if device.type != CUDA:
        return batch
    with torch.cuda.device(device):  # a thread begins on the first GPU, and would take memory there
        return batch.pinned()


def available_devices() -> list[str]:
    """Names of the devices that this build of torch can use here."""
    gpus = [f"{CUDA}:{number}" for number in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    return [CPU.type, *gpus, *([MPS] if torch.backends.mps.is_available() else [])]


def find_device(name: str | None, key: str = "device") -> torch.device:
    """Find a device by its name.

    Args:
        name: `cpu`, `cuda`, `cuda:N`, `mps`, or `auto`: a CUDA GPU if there is one, else the CPU. Apple's GPUs lack
            float64, and kernels of some layers, so that they are taken by name only. None: the CPU.
        key: The setting or option, for messages.

    Raises:
        seqnlp.errors.UsageError: it is not there.
    """
    if name is None or name == CPU.type:
        return CPU
    there = available_devices()
    gpus = [each for each in there if kind_of_device(each) == CUDA]
    if name == "auto":
        return torch.device(CUDA, torch.cuda.current_device()) if gpus else CPU
    if name == CUDA and gpus:
        return torch.device(CUDA, torch.cuda.current_device())
    if name in there:
        return torch.device(name if kind_of_device(name) == CUDA else f"{name}:0")
    unsupported = kind_of_device(name) == CUDA and torch.version.cuda is None
    why = "this build of torch has no CUDA" if unsupported else "there is no such device"
    raise UsageError(f"{key} = {name}: {why}; available: auto, {', '.join(there)}")


def find_own_device(name: str, key: str, local_rank: int, processes: int) -> torch.device:
    """Find the device of one of several processes: each process of a machine has a GPU of its own.

    Args:
        name: Name of the device that the recipe gives to all.
        key: The setting or option, for messages.
        local_rank: Number of the process on this machine.
        processes: Number of processes.

    Raises:
        seqnlp.errors.UsageError: it is not there, or the processes would share it.
    """
    if processes > 1 and name == MPS:
        raise UsageError(f"{key} = {name}: there is one such device, and {processes} processes")
    if processes > 1 and kind_of_device(name) == CUDA and name != CUDA:
        raise UsageError(f"{key} = {name}: {processes} processes would share it; {CUDA} gives each its own")
    return find_device(f"{CUDA}:{local_rank}" if processes > 1 and name == CUDA else name, key)


def widest_float(device: torch.device) -> torch.dtype:
    """Widest floating-point format of a device."""
    return torch.float32 if device.type == MPS else torch.float64


def in_widest_float(tensor: Tensor) -> Tensor:
    """Convert a tensor to the widest floating-point format of its device."""
    return tensor.to(widest_float(tensor.device))


def move_module(module: Moving, device: torch.device) -> Moving:
    """Move the parameters and buffers of a module to a device."""
    if device != CPU:
        # averaged and dropped weights are copies of their own, which cuDNN lays side by side at each call
        warnings.filterwarnings("ignore", "RNN module weights are not part of single contiguous chunk of memory")
        allow_tf32(device, False)  # a training in 16 bits allows it
        module.to(device)
    return module


def describe_device(device: torch.device) -> str:
    """Name of a device, with the model of a GPU."""
    return f"{device} ({torch.cuda.get_device_name(device)})" if device.type == CUDA else str(device)


def allow_tf32(device: torch.device, allowed: bool) -> None:
    """Allow or forbid TF32 in cuDNN's kernels.

    It holds for the rest of the process; products of TF32 have 10 bits of mantissa.
    """
    if device.type == CUDA:
        torch.backends.cudnn.allow_tf32 = allowed


@contextmanager
def autocast(device: torch.device, dtype: torch.dtype | None) -> Iterator[None]:
    """Run the large products inside in a number format; None: in that of their tensors."""
    if not torch.amp.is_autocast_available(device.type):
        yield
        return
    # All threads share the cache of cast weights: its content would depend on timing.
    with torch.autocast(device.type, dtype, enabled=dtype is not None, cache_enabled=False):
        yield


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
    if kind != CPU.type and not torch.amp.is_autocast_available(kind):
        return tensor.dtype
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else tensor.dtype


def autocast_recurrent_to_fp16(tensor: Tensor) -> bool:
    """True where autocast casts recurrent kernels: those of cuDNN, always to float16, whatever it is asked for."""
    return tensor.device.type == CUDA and torch.is_autocast_enabled(CUDA)


def has_bf16(device: torch.device = CPU) -> bool:
    """Hardware support for bfloat16; on a processor AVX-512 BF16 or AMX that oneDNN may use.

    oneDNN is asked too, since it runs the products and recurrent layers, and `ONEDNN_MAX_CPU_ISA` may keep it from
    instructions that the processor has; the processor, since with plain AVX-512 oneDNN imitates bfloat16, slowly.
    """
    if device.type == CUDA:
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != CPU.type:
        return False
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return supports_bf16()
