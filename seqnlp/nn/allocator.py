"""Memory of the C library's allocator, and of the kernels that oneDNN keeps."""

import ctypes
import os
import sys
import time

KERNELS = "128"
"""Kernels that oneDNN keeps, and torch around it: those of some steps of a large model."""
THREADS_OF_A_HEAP = 4
"""Threads that share a heap: so few seldom wait for each other."""
OFTEN = 2.0
"""Seconds from one return of free memory to the next, where it is asked for again and again."""

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""

_returned = [0.0]


def limit_kernel_cache() -> None:
    """Bound the kernels that oneDNN keeps, before it makes the first one.

    Batches of sentences have ever new shapes: its 1,024 kernels would take 30 MB and save little time; and as each is
    made among the blocks of a step, it keeps much of the memory around it from being returned.
    """
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(name, KERNELS)


def share_heaps(threads: int) -> None:
    """Have threads share heaps, where glibc would give each its own; a setting of the user's stays.

    The replicas of a training, and the threads that compute scores, take and free large blocks at different times: in
    heaps of their own they need the sum of their peaks.
    """
    if sys.platform != "linux" or "MALLOC_ARENA_MAX" in os.environ:
        return
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return
    set_option(_ARENA_MAX, max(1, threads // THREADS_OF_A_HEAP))


def return_free_memory() -> None:
    """Return freed memory to the system, where glibc keeps it.

    glibc keeps up to 64 MB of freed blocks a thread for the next ones. That is right from one step of a training to the
    next, but scores are computed by other threads on larger batches, and it adds up. It takes some milliseconds.
    Mapping large blocks by themselves (M_MMAP_THRESHOLD) needs less memory still, but steps take a quarter longer.
    """
    if sys.platform != "linux":
        return
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):  # another C library
        return
    trim(0)
    _returned[0] = time.monotonic()


def return_free_memory_at_times() -> None:
    """Return freed memory if that was some time ago: batches of other shapes leave gaps that no later block fits."""
    if time.monotonic() - _returned[0] >= OFTEN:
        return_free_memory()
