"""Memory of the C library's allocator."""

import ctypes
import os
import sys
from functools import cache

MMAP_THRESHOLD = -3
"""Number of glibc's parameter `M_MMAP_THRESHOLD`, of malloc.h."""
ARENA_MAX = -8
"""Number of its parameter `M_ARENA_MAX`."""
LARGE = 1 << 20
"""Bytes of a block that is mapped by itself."""


@cache
def return_large_blocks() -> bool:
    """Have the allocator return large blocks to the system when they are freed.

    By default glibc keeps up to 64 MB of freed blocks for every thread: with replicas in threads, and scores in others,
    that is a third of the memory of a training. A choice of the user's in the environment stays.

    Returns:
        True if there is such an allocator, and it was told.
    """
    if sys.platform != "linux" or {"MALLOC_MMAP_THRESHOLD_", "MALLOC_ARENA_MAX"} & os.environ.keys():
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGE)) and bool(mallopt(ARENA_MAX, 1))
