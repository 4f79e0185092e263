"""Checkpoint files: tensors and JSON in one safetensors file, so that both change in one rename."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, TypedDict

import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor

from seqnlp.errors import RunError
from seqnlp.json_types import mismatch
from seqnlp.nn.device import CPU, to_numpy
from seqnlp.run.digests import DIGEST, ZEROS, carried_digest, digest_of, seal
from seqnlp.run.files import check_seal, decode_json, replacing

HEADER = "seqnlp"
"""Only key of the header: safetensors writes several in random order, and equal runs are equal bytes."""

DTYPES = {
    torch.bool: "BOOL",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.float8_e5m2: "F8_E5M2",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.int16: "I16",
    torch.uint16: "U16",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int32: "I32",
    torch.uint32: "U32",
    torch.float32: "F32",
    torch.complex64: "C64",
    torch.float64: "F64",
    torch.int64: "I64",
    torch.uint64: "U64",
}
"""Types of numbers as safetensors names them, in its order: tensors of the last ones come first."""


class Header(TypedDict):
    """Type of the header's JSON."""

    aliases: dict[str, str]
    meta: dict[str, Any]


def write_tensors(path: Path, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
    """Write tensors of any device and layout; those that share their memory are written once.

    Args:
        path: The file.
        tensors: Tensors by name.
        meta: Whatever JSON can hold; kept in the header.

    Raises:
        seqnlp.errors.DataError: the disk is full or the folder cannot be written.
    """
    aliases = find_aliases(tensors)
    own = {name: tensor.detach().to(CPU).contiguous() for name, tensor in tensors.items() if name not in aliases}
    header, ordered = layout(own, {HEADER: json.dumps({DIGEST: ZEROS, "aliases": aliases, "meta": meta})})
    contents = [to_numpy(tensor.flatten().view(torch.uint8)).data for tensor in ordered]
    with replacing(path) as file:
        file.write(seal(header, following=contents))
        for content in contents:
            file.write(content)


def layout(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> tuple[bytes, list[Tensor]]:
    """Lay a safetensors file out, in the order of the library.

    Its own `save` copies all tensors twice, and with them the peak memory of a training rises.

    Args:
        tensors: Contiguous tensors by name.
        metadata: Texts of the header.

    Returns:
        What stands before the tensors, and these in their order.

    Raises:
        TypeError: a tensor of numbers that the format lacks.
    """
    table: dict[str, Any] = {"__metadata__": metadata}
    if strange := [name for name, tensor in tensors.items() if tensor.dtype not in DTYPES]:
        raise TypeError(f"the tensor {strange[0]} is of {tensors[strange[0]].dtype}, which safetensors lacks")
    ranks = {dtype: -rank for rank, dtype in enumerate(DTYPES)}
    ordered = sorted(tensors, key=lambda name: (ranks[tensors[name].dtype], name))
    start = 0
    for name in ordered:
        tensor = tensors[name]
        end = start + tensor.numel() * tensor.element_size()
        table[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
        start = end
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, [tensors[name] for name in ordered]


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write numpy arrays by name, as `write_tensors` does."""
    write_tensors(path, {name: torch.from_numpy(array) for name, array in arrays.items()}, {})


def read_tensors(path: Path, sealed: bool = False) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a file of `write_tensors`, on the CPU.

    Args:
        path: The file.
        sealed: It must carry a digest; those of earlier versions do not.

    Raises:
        seqnlp.errors.RunError: the file is missing, cannot be read or is damaged.
    """
    with reading(path):
        while True:
            checked = identity(path)
            check_tensors(path, sealed)
            found = _read(path)
            if identity(path) == checked:  # else a training has saved another one in between
                return found


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Convert the errors of reading a file of tensors into a `RunError`."""
    try:
        yield
    except FileNotFoundError as error:
        raise RunError("missing", path) from error
    except OSError as error:
        raise RunError(f"cannot be read: {(error.strerror or str(error)).lower()}", path) from error
    except (SafetensorError, LookupError, TypeError, ValueError, AttributeError, RecursionError, MemoryError) as error:
        raise RunError(f"damaged: not a safetensors file of seqnlp ({str(error)[:120]})", path) from error


def check_tensors(path: Path, sealed: bool) -> None:
    """Check a file against the digest in its header; it is mapped, not read into memory.

    Args:
        path: The file.
        sealed: It must carry a digest.

    Raises:
        seqnlp.errors.RunError: it is missing, cannot be read, or is not as it was written.
    """
    with (
        reading(path),
        open(path, "rb") as file,
        mmap(file.fileno(), 0, access=ACCESS_READ) as content,
        memoryview(content) as view,
    ):
        check_seal(view, path, sealed, header_end(view))


def check_digest(path: Path, digest: str) -> None:
    """Check a file against a digest that is kept elsewhere; it is mapped, not read into memory.

    Raises:
        seqnlp.errors.RunError: it is missing, cannot be read, or is another one.
    """
    with (
        reading(path),
        open(path, "rb") as file,
        mmap(file.fileno(), 0, access=ACCESS_READ) as content,
        memoryview(content) as view,
    ):
        if digest_of(view) != digest:
            raise RunError("damaged: not what the training wrote (meta.json has another digest)", path)


def carried_digest_of(path: Path) -> str | None:
    """Digest that a file carries in its header; None without one. Its tensors are neither read nor checked.

    Raises:
        seqnlp.errors.RunError: the file is missing, or cannot be read.
    """
    with reading(path), open(path, "rb") as file:
        return carried_digest(file.read(header_end(file.read(8)) - 8))


def header_end(content: bytes | memoryview) -> int:
    """Offset of the first tensor in a safetensors file."""
    return 8 + int.from_bytes(content[:8], "little")


def identity(path: Path) -> tuple[int, int, int]:
    """Inode, size and modification time of a file; they tell that it was replaced."""
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Name of the first tensor with NaN or an infinity; None if all are finite."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.numel():
            low, high = torch.aminmax(tensor.detach())  # NaN wins; fifty times as fast as `torch.isfinite`
            if not (math.isfinite(low.item()) and math.isfinite(high.item())):
                return name
    return None


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    with safe_open(path, framework="pt") as file:
        header = decode_json((file.metadata() or {})[HEADER].encode(), finite=False)  # scores may be NaN
        if problem := mismatch(header, Header):
            raise ValueError(problem)
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        tensors |= {alias: tensors[name] for alias, name in header["aliases"].items()}
        return tensors, header["meta"]


def find_aliases(tensors: dict[str, Tensor]) -> dict[str, str]:
    """Map each tensor that shares another's memory to the other's name."""
    first: dict[tuple[Any, ...], str] = {}
    aliases = {}
    for name, tensor in sorted(tensors.items()):
        place = (tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        if tensor.numel() and first.setdefault(place, name) != name:
            aliases[name] = first[place]
    return aliases
