"""States of frozen networks, kept for a corpus as memory-mapped half floats."""

import hashlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from seqnlp.arrays import LazyRows, Ragged, finite_states
from seqnlp.codecs import EncodedText, TextFeatures
from seqnlp.errors import DataError, Fault, RecipeError, error_context
from seqnlp.nn.device import CPU
from seqnlp.notes import note, progress
from seqnlp.readers import cache
from seqnlp.tasks.kept_arrays import digest_name, map_array, may_keep
from seqnlp.training.dataset import EVALUATION_TOKENS, in_order
from seqnlp.training.inference import in_parallel
from seqnlp.units import file_size

STEM = "states"
"""Beginning of the names of files."""

STATES_ARE_KEPT = "states of a frozen network are kept on the disk, where data.streaming writes nothing of train"
"""Problem of a recipe that asks for both."""

MOST_BYTES = 20 * 10**9
"""Size of all states in the cache, at most: the least recently used go first."""


def keep_states(text: EncodedText) -> EncodedText:
    """Replace lazy features by memory-mapped ones of the cache.

    What the cache lacks is computed now, on all threads.

    Raises:
        seqnlp.errors.DataError: the cache can't be written.
        seqnlp.errors.RecipeError: nothing may be written.
    """
    for name, each in text.features.items():
        if not may_keep() and any(isinstance(rows, LazyRows) for rows in each.sentences.values()):
            raise RecipeError([Fault(f"embedding.{name}", STATES_ARE_KEPT, "leave out one of them")])
    features = {
        name: TextFeatures(
            each.words, {key: keep_rows(_label(name, key, each), rows) for key, rows in each.sentences.items()}
        )
        for name, each in text.features.items()
    }
    return replace(text, features=features)


def _label(name: str, key: str, features: TextFeatures) -> str:
    """Name of states in messages: that of the embedding, and of one of several networks."""
    return f"{name}.{key}" if len(features.sentences) > 1 else name


def keep_rows(name: str, rows: Ragged | LazyRows) -> Ragged:
    """Replace lazy rows by memory-mapped ones of the cache; `name` is theirs in messages."""
    if isinstance(rows, Ragged) or not rows.offsets[-1]:  # an empty file can't be mapped
        return rows if isinstance(rows, Ragged) else Ragged(np.empty((0, *rows.shape), np.float16), rows.offsets)
    folder = cache.state_folder() / hashlib.sha256(f"{cache.VERSION} {rows.key}".encode()).hexdigest()[:32]
    with suppress(OSError):  # a cache that can only be read has no locks
        cache.hold(folder)
    try:
        states = _mapped(folder, rows)
        if states is None:
            folder.mkdir(parents=True, exist_ok=True)
            states = np.load(_write(folder, name, rows), mmap_mode="r")
    except OSError as error:
        problem = f"can't keep the states of {name}: {error.strerror or error}"
        raise DataError(f"{problem}; XDG_CACHE_HOME names another place for them", folder) from None
    with suppress(OSError):
        cache.record(folder, "states", {})
        cache.make_room(folder, MOST_BYTES)
    return Ragged(states, rows.offsets)


def _mapped(folder: Path, rows: LazyRows) -> NDArray[Any] | None:
    """Map the states of an entry; None if there are none. A damaged file is removed, with a note."""
    for path in sorted(folder.glob(f"{STEM}-*.npy")):
        with suppress(FileNotFoundError, ValueError, EOFError):
            states = map_array(path)
            if states.shape == (int(rows.offsets[-1]), *rows.shape) and states.dtype == np.float16:
                return states
        note(f"{path}: damaged; the states are computed anew")
        path.unlink(missing_ok=True)
    return None


def _write(folder: Path, name: str, rows: LazyRows) -> Path:
    """Compute states into a file; its path. Processes that do so at the same time do not disturb each other."""
    total = int(rows.offsets[-1])
    size = file_size(total * int(np.prod(rows.shape)) * np.dtype(np.float16).itemsize)
    note(f"{name}: the states of {total:,} words are computed once, and kept in the cache ({size})")
    temporary = folder / f"states.{os.getpid()}.tmp"
    index = Ragged(np.empty(0), rows.offsets)
    try:
        states = open_memmap(temporary, mode="w+", dtype=np.float16, shape=(total, *rows.shape))
        _allocate(temporary)
        batches: Sequence[NDArray[np.int64]] = in_order(rows.lengths, EVALUATION_TOKENS)
        done = 0
        for batch, found in zip(batches, in_parallel(rows.compute, batches, CPU), strict=True):
            with error_context(name):
                states[index.positions(batch)[0]] = finite_states(found)
            done += len(found)
            progress(f"computing the states of {name}", done / total)
        states.flush()
        path = folder / digest_name(temporary, STEM)
        temporary.replace(path)
        return path
    finally:
        temporary.unlink(missing_ok=True)


def _allocate(path: Path) -> None:
    """Allocate the blocks of a sparse file: a full disk is then an error, and no signal on writing to the mapping."""
    if sys.platform == "linux":
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
