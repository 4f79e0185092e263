"""Memory of the C library's allocator."""

import ctypes
import sys
import time

MIN_INTERVAL = 3.0
"""Seconds from one return of free memory to the next, where it is asked for again and again."""

_returned = [time.monotonic()]
"""Time of the last return, or of the start: a short command frees nothing that it would have to ask for again."""


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
    """Return freed memory if that was some time ago.

    Batches of other shapes leave gaps that no later block fits.
    """
    if time.monotonic() - _returned[0] >= MIN_INTERVAL:
        return_free_memory()
