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
from safetensors.torch import save
from torch import Tensor

from seqnlp.errors import RunError
from seqnlp.json_types import mismatch
from seqnlp.nn.device import CPU
from seqnlp.run.digests import DIGEST, ZEROS, carried_digest, digest_of, seal
from seqnlp.run.files import check_seal, decode_json, write_bytes

HEADER = "seqnlp"
"""Only key of the header: safetensors writes several in random order, and equal runs are equal bytes."""


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
    header = json.dumps({DIGEST: ZEROS, "aliases": aliases, "meta": meta})
    content = save(own, {HEADER: header})
    write_bytes(path, seal(content, header_end(content)))


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
