"""Memory of the C library's allocator."""

import ctypes
import os
import sys
import time

THREADS_OF_A_HEAP = 4
"""Threads that share a heap: so few seldom wait for each other."""
SELDOM = 3.0
"""Seconds from one return of free memory to the next, where it is asked for again and again."""

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""

_returned = [0.0]


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
    Mapping large blocks by themselves (M_MMAP_THRESHOLD) needs less memory still, but steps take a quarter longer; one
    heap for all threads (M_ARENA_MAX), and a bound on the kernels that oneDNN keeps, cost a tagger's some hundredths.
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
    if time.monotonic() - _returned[0] >= SELDOM:
        return_free_memory()
    _returned[0] = time.monotonic()


def return_free_memory_at_times() -> None:
    """Return freed memory if that was some time ago: batches of other shapes leave gaps that no later block fits."""
    if time.monotonic() - _returned[0] >= SELDOM:
        return_free_memory()
