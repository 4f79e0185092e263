"""Checkpoint files: tensors and JSON in one safetensors file, so that both change in one rename."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypedDict

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from seqnlp.errors import RunError
from seqnlp.json_types import mismatch
from seqnlp.nn.device import CPU
from seqnlp.run.files import parse_json, write_bytes

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
    header = json.dumps({"aliases": aliases, "meta": meta})
    write_bytes(path, save(own, {HEADER: header}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a file of `write_tensors`, on the CPU.

    Raises:
        seqnlp.errors.RunError: the file is missing, cannot be read or is damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = parse_json((file.metadata() or {})[HEADER].encode(), finite=False)  # scores may be NaN
            if problem := mismatch(header, Header):
                raise ValueError(problem)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            tensors |= {alias: tensors[name] for alias, name in header["aliases"].items()}
            return tensors, header["meta"]
    except FileNotFoundError as error:
        raise RunError("missing", path) from error
    except OSError as error:
        raise RunError(f"cannot be read: {(error.strerror or str(error)).lower()}", path) from error
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise RunError(f"damaged: not a safetensors file of seqnlp ({str(error)[:120]})", path) from error


def find_aliases(tensors: dict[str, Tensor]) -> dict[str, str]:
    """Map each tensor that shares another's memory to the other's name."""
    first: dict[tuple[Any, ...], str] = {}
    aliases = {}
    for name, tensor in sorted(tensors.items()):
        place = (tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        if tensor.numel() and first.setdefault(place, name) != name:
            aliases[name] = first[place]
    return aliases
