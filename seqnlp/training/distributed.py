"""Data parallelism: the processes that train one model together, by `torch.distributed`.

Each computes the gradients of its micro-batches; the sum of all is the gradient of the whole batch in every process.
Rank 0 leads: it alone decides what is done next, prints and writes. The others follow its orders.
"""

import atexit
import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import timedelta
from enum import IntEnum
from struct import Struct
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, distributed

from seqnlp.errors import SeqnlpError, UsageError
from seqnlp.nn.device import to_numpy
from seqnlp.processes import Place

PATIENCE = timedelta(hours=2)
"""Time that a process waits for the others, say for one that still encodes its corpus."""
SIZE = Struct("<q")
"""Format of sizes in what processes exchange."""
SLACK = 256
"""Bytes that an exchange may be longer than the one before it, say for a number with more digits."""
PORTS = (20_000, 20_000)
"""First port of SLURM jobs, and number of ports: each job has its own, so that two of them may share a machine."""


class Order(IntEnum):
    """Order of rank 0 to the other processes."""

    STOP = 0
    STEP = 1
    EVALUATE = 2


class Followed(SeqnlpError):
    """An error that the process that leads tells the user."""


class PeerLost(Followed):
    """The loss of a process, without which the others can't go on."""


@final
class ProcessGroup:
    """Processes of one training; of a single one, whose every exchange is the identity."""

    def __init__(self, place: Place | None = None) -> None:
        """Take the place of this process; None: it is alone."""
        self.place = place or Place()
        self.rank, self.size = self.place.rank, self.place.size
        self._parent = os.getppid()
        self._rooms: dict[str, int] = {}

    @property
    def leads(self) -> bool:
        """True for rank 0."""
        return self.rank == 0

    @property
    def is_orphan(self) -> bool:
        """True if the launcher has died: nobody would end the other processes."""
        return self.size > 1 and os.getppid() != self._parent

    def part(self, number: int) -> range:
        """Micro-batches of this process, of so many in all: neighbours, and as many as others have, or one more."""
        return range(self.rank * number // self.size, (self.rank + 1) * number // self.size)

    def sum(self, tensor: Tensor) -> None:
        """Sum a tensor over all processes, in place.

        Raises:
            PeerLost: a process has ended.
        """
        if self.size > 1:
            with _told_of_losses():
                distributed.all_reduce(tensor)

    def order(self, order: Order, seconds: float) -> None:
        """Broadcast an order to the followers, and the seconds of the training."""
        if self.size > 1:
            with _told_of_losses():
                distributed.broadcast(torch.tensor([float(order), seconds], dtype=torch.float64), 0)

    def obey(self) -> tuple[Order, float]:
        """Wait for the next order."""
        told = torch.zeros(2, dtype=torch.float64)
        with _told_of_losses():
            distributed.broadcast(told, 0)
        return Order(int(told[0])), float(told[1])

    def exchange(self, value: Any, channel: str = "") -> list[Any]:
        """Give a value to all processes, and take theirs; by rank.

        Args:
            value: Numbers, strings, arrays, tensors, and lists, tuples and dictionaries with them.
            channel: Name of exchanges of about the same size: room is left for the size of the last one, so that sizes
                need not be told first.
        """
        if self.size == 1:
            return [value]
        content = pack(value)
        room = self._rooms.get(channel, 0)
        frames = self._gather(SIZE.pack(len(content)) + content[:room], SIZE.size + room)
        sizes = [SIZE.unpack_from(frame)[0] for frame in frames]
        parts = [frame[SIZE.size :] for frame in frames]
        if max(sizes) > room:  # in some process, and all of them know
            rest = self._gather(content[room:], max(sizes) - room)
            parts = [part + more for part, more in zip(parts, rest, strict=True)]
        self._rooms[channel] = max(sizes) + SLACK if channel else 0
        return [unpack(part[:size]) for part, size in zip(parts, sizes, strict=True)]

    def _gather(self, content: bytes, room: int) -> list[bytes]:
        """Gather bytes of all processes, padded to the same size."""
        padded = torch.frombuffer(bytearray(content.ljust(room, b"\0")), dtype=torch.uint8)
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        with _told_of_losses():
            distributed.all_gather(parts, padded)
        return [to_numpy(part).tobytes() for part in parts]

    @contextmanager
    def together(self) -> Iterator[dict[str, str]]:
        """Run a block in all processes; an error in one of them becomes an error in all.

        Yields:
            A dictionary for digests by name, which have to be the same in all processes.

        Raises:
            seqnlp.errors.UsageError: another process has failed, or has other digests.
        """
        digests: dict[str, str] = {}
        try:
            yield digests
        except SeqnlpError as error:
            if self.size > 1:
                self.exchange([str(error), {}])
            if self.leads:
                raise
            raise self._followed(error) from None
        for rank, (problem, theirs) in enumerate(self.exchange(["", digests])):
            different = [name for name, own in digests.items() if theirs.get(name) != own]
            if problem or different:
                told = problem or f"it has another {different[0]} than process {self.rank}"
                fault = UsageError(f"process {rank} of {self.size}: {told}")
                raise fault if self.leads else self._followed(fault)

    @staticmethod
    def _followed(error: SeqnlpError) -> "Followed":
        followed = Followed(str(error))
        followed.code = error.code
        return followed


def join_group(environment: Mapping[str, str] = os.environ) -> ProcessGroup:
    """Join the processes that a launcher has started together; a process without one is alone.

    They stay joined, so that they may train one model after the other.

    Raises:
        seqnlp.errors.UsageError: this build of torch lacks `torch.distributed`, or no address leads to rank 0.
    """
    place = Place.read(environment)
    if place.size == 1:
        return ProcessGroup()
    if not distributed.is_available():
        raise UsageError("this build of torch has no torch.distributed, so that one process has to do")
    if distributed.is_initialized():
        return ProcessGroup(place)
    if "RANK" not in environment:
        set_slurm_address(environment)
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and distributed.is_nccl_available() else "gloo"
    try:
        distributed.init_process_group(backend, rank=place.rank, world_size=place.size, timeout=PATIENCE)
    except (RuntimeError, ValueError) as error:
        address = f"{os.environ.get('MASTER_ADDR', '?')}:{os.environ.get('MASTER_PORT', '?')}"
        raise UsageError(f"process {place.rank} can't join the others at {address}: {_line(error)}") from None
    atexit.register(_leave)
    return ProcessGroup(place)


def _leave() -> None:
    with suppress(RuntimeError):
        distributed.destroy_process_group()


def set_slurm_address(environment: Mapping[str, str]) -> tuple[str, str]:
    """Set address and port of rank 0 by the variables of SLURM.

    Those that are set stay.

    Returns:
        Both.
    """
    hosts = re.match(r"([^\[,]+)(?:\[(\d+))?", environment.get("SLURM_STEP_NODELIST", ""))  # "node[03-05,7]"
    several = environment.get("SLURM_STEP_NUM_NODES", "1") != "1"
    first, number = PORTS
    job = environment.get("SLURM_JOB_ID", "0")
    return (
        os.environ.setdefault("MASTER_ADDR", "".join(hosts.groups("")) if hosts and several else "127.0.0.1"),
        os.environ.setdefault("MASTER_PORT", str(first + (int(job) if job.isdecimal() else 0) % number)),
    )


@contextmanager
def _told_of_losses() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise PeerLost(f"another process of this training has ended ({_line(error)})") from None


def _line(error: Exception) -> str:
    """First line of a message of torch, without its source file."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line.rpartition("] ")[2].partition(". ")[0][:200]


_sharing: ContextVar[ProcessGroup | None] = ContextVar("sharing", default=None)


@contextmanager
def sharing_inference(group: ProcessGroup) -> Iterator[None]:
    """Share out the batches of inference among processes.

    All of them have to run the block.
    """
    token = _sharing.set(group if group.size > 1 else None)
    try:
        yield
    finally:
        _sharing.reset(token)


def inference_group() -> ProcessGroup | None:
    """Processes that share inference now; None: this one does it alone."""
    return _sharing.get()


def pack(value: Any) -> bytes:
    """Pack a value for other processes: JSON, and arrays behind it. No code is in it."""
    arrays: list[np.ndarray[Any, Any]] = []
    tree = _tree(value, arrays)
    about = json.dumps([tree, [[array.dtype.str, array.shape] for array in arrays]]).encode()
    return b"".join([SIZE.pack(len(about)), about, *(array.tobytes() for array in arrays)])


def unpack(content: bytes) -> Any:
    """Unpack a value of `pack`."""
    at = SIZE.size + SIZE.unpack_from(content)[0]
    tree, kinds = json.loads(content[SIZE.size : at])
    arrays: list[np.ndarray[Any, Any]] = []
    for name, shape in kinds:
        kind, number = np.dtype(name), math.prod(shape)
        arrays.append(np.frombuffer(content, kind, number, at).reshape(shape).copy())  # that can be written to
        at += number * kind.itemsize
    return _value(tree, arrays)


def _tree(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    match value:
        case Tensor():
            arrays.append(to_numpy(value))
            return {"tensor": [len(arrays) - 1, str(value.dtype).removeprefix("torch.")]}
        case np.ndarray() | np.generic():
            arrays.append(np.asarray(value))
            if arrays[-1].dtype.hasobject:
                raise TypeError("an array of Python objects can't be given to other processes")
            return {"array": len(arrays) - 1}
        case list() | tuple():
            return {"list" if isinstance(value, list) else "tuple": [_tree(part, arrays) for part in value]}
        case dict():
            return {"dict": [[_tree(name, arrays), _tree(part, arrays)] for name, part in value.items()]}
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"{type(value).__name__} can't be given to other processes")


def _value(tree: Any, arrays: Sequence[np.ndarray[Any, Any]]) -> Any:
    if not isinstance(tree, dict):
        return tree
    ((kind, inside),) = tree.items()
    match kind:
        case "tensor":
            number, format_of_torch = inside  # numpy has no bfloat16
            return torch.from_numpy(arrays[number]).to(getattr(torch, format_of_torch))
        case "array":
            return arrays[inside]
        case "dict":
            return {_value(name, arrays): _value(part, arrays) for name, part in inside}
    parts = [_value(part, arrays) for part in inside]
    return parts if kind == "list" else tuple(parts)
