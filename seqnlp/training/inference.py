"""Inference on all processor threads: a batch each, which is faster than many threads for one batch.

In float32, also where training is not: in bfloat16 a sentence's scores would depend a little on its neighbours.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import cache
from itertools import islice
from typing import TypeVar

import torch

from seqnlp.nn.allocator import return_free_memory_at_times
from seqnlp.nn.device import CPU
from seqnlp.training.distributed import ProcessGroup, inference_group, sharing_inference
from seqnlp.training.precision import computing_in

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(work: Callable[[Item], Result], items: Sequence[Item], device: torch.device) -> Iterator[Result]:
    """Map a function that needs no gradient over batches.

    Args:
        work: The function; on a CPU it runs in several threads at a time.
        items: Its arguments, one batch each.
        device: Device of the computation.

    Returns:
        The results, in the order of the batches; values that `shared_out` takes.
    """
    if inference_group() is not None:
        return shared_out(lambda own: in_parallel(work, own, device), items)

    def run(item: Item) -> Result:
        with torch.inference_mode(), computing_in("fp32", device):
            found = work(item)
        return_free_memory_at_times()
        return found

    threads = torch.get_num_threads() if device == CPU else 1
    return map(run, items) if len(items) == 1 or threads == 1 else _pool(threads).map(run, items)


def shared_out(work: Callable[[Sequence[Item]], Iterable[Result]], items: Sequence[Item]) -> Iterator[Result]:
    """Map a function over items, shared out among processes.

    One that is alone, or does not share inference, maps it over all of them.

    Args:
        work: Gives a result for each of the items that it is given.
        items: All of them.

    Returns:
        The results of all processes, in the order of the items: values that `ProcessGroup.exchange` takes.
    """
    group = inference_group()
    if group is None:
        yield from work(items)
        return
    with sharing_inference(ProcessGroup()):  # what a batch calls is this process's own
        own = list(work(items[group.rank :: group.size]))
    if any(result is None for result in own):
        raise TypeError("a function whose batches processes share out has to return what it finds")
    parts = group.exchange(own)
    for number in range(len(items)):
        yield parts[number % group.size][number // group.size]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "inference", initializer=lambda: torch.set_num_threads(1))


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Compute on one thread of the processor in a block."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


_forks: list[int] = []
"""Processes that were forked off one with this module, the present one last."""


def in_fork() -> bool:
    """True in a process that was forked, as `datasets.map` does."""
    return bool(_forks)


def _after_fork() -> None:
    """Forget the threads of the parent, which a fork does not have."""
    _forks.append(os.getpid())
    _pool.cache_clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_after_fork)


def stream_in_windows(
    items: Iterator[Item], work: Callable[[list[Item]], Sequence[Result]], largest: int = 4096, are_there: bool = False
) -> Iterator[Result]:
    """Map a function over a stream: the first item at once, later ones in growing windows.

    Args:
        items: The stream, which is read ahead no further than a window.
        work: Gives a result for each item of a window.
        largest: Items of a window, at most.
        are_there: All items are there, and nobody waits for the first: windows are large from the beginning.
    """
    size = largest if are_there else 1
    while window := list(islice(items, size)):
        yield from work(window)
        size = min(size * 4, largest)


def stream_ahead(
    items: Iterator[Item], work: Callable[[list[Item]], Sequence[Result]], largest: int = 4096
) -> Iterator[Result]:
    """Map a function over a stream in windows, and read on meanwhile.

    It is `stream_in_windows` at first. Once windows are as large as they get, the function runs in a thread of its own,
    a window behind.
    """
    size = 1
    while size < largest:
        window = list(islice(items, size))
        yield from work(window) if window else ()
        if len(window) < size:
            return
        size = min(size * 4, largest)
    threads, context = torch.get_num_threads(), copy_context()
    with ThreadPoolExecutor(1, "ahead", initializer=lambda: torch.set_num_threads(threads)) as worker:
        before: Future[Sequence[Result]] | None = None
        problem: Exception | None = None
        while problem is None:
            try:
                window = list(islice(items, largest))
            except Exception as error:  # the results before it are not lost
                window, problem = [], error
            future = worker.submit(context.run, work, window) if window else None
            if before is not None:
                yield from before.result()
            if future is None:
                break
            before = future
        if problem is not None:
            raise problem
