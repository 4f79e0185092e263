"""Memory of the C library's allocator."""

import ctypes
import sys


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
