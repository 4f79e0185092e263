"""States of frozen networks, computed once for a corpus and kept as memory-mapped half floats."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from seqnlp.arrays import LazyRows, Ragged
from seqnlp.codecs import EncodedText, TextFeatures
from seqnlp.errors import DataError
from seqnlp.nn.device import CPU
from seqnlp.notes import note
from seqnlp.readers import cache
from seqnlp.training.dataset import EVALUATION_TOKENS, in_order
from seqnlp.training.inference import in_parallel

MOST_BYTES = 20 * 10**9
"""Size of all states in the cache, at most: the least recently used go first."""
MEGABYTE = 1e6


def keep_states(text: EncodedText) -> EncodedText:
    """Replace features that are computed when they are gathered by those of the cache.

    What the cache lacks is computed now, on all threads.

    Raises:
        seqnlp.errors.DataError: the cache can't be written.
    """
    features = {
        name: TextFeatures(each.words, {key: _kept(name, rows) for key, rows in each.sentences.items()})
        for name, each in text.features.items()
    }
    return replace(text, features=features)


def _kept(name: str, rows: Ragged | LazyRows) -> Ragged:
    if isinstance(rows, Ragged) or not rows.offsets[-1]:  # an empty file can't be mapped
        return rows if isinstance(rows, Ragged) else Ragged(np.empty((0, *rows.shape), np.float16), rows.offsets)
    folder = cache.state_folder() / hashlib.sha256(f"{cache.VERSION} {rows.key}".encode()).hexdigest()[:32]
    path = folder / "states.npy"
    with suppress(OSError):  # a cache that can only be read has no locks
        cache.hold(folder)
    try:
        states = _mapped(path, rows)
        if states is None:
            folder.mkdir(parents=True, exist_ok=True)
            _write(path, name, rows)
            states = np.load(path, mmap_mode="r")
    except OSError as error:
        problem = f"can't keep the states of {name}: {error.strerror or error}"
        raise DataError(f"{problem}; XDG_CACHE_HOME names another place for them", path) from None
    with suppress(OSError):
        cache.record(folder, "states", {})
        _make_room(folder)
    return Ragged(states, rows.offsets)


def _mapped(path: Path, rows: LazyRows) -> NDArray[Any] | None:
    """Map the states of a file; None if there is none, or a damaged one."""
    try:
        states: NDArray[Any] = np.load(path, mmap_mode="r")
    except (FileNotFoundError, ValueError, EOFError):
        return None
    return states if (states.shape, states.dtype) == ((int(rows.offsets[-1]), *rows.shape), np.float16) else None


def _write(path: Path, name: str, rows: LazyRows) -> None:
    total = int(rows.offsets[-1])
    size = total * int(np.prod(rows.shape)) * np.dtype(np.float16).itemsize / MEGABYTE
    note(f"{name}: the states of {total:,} words are computed once, and kept in the cache ({size:,.0f} MB)")
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    index = Ragged(np.empty(0), rows.offsets)
    try:
        states = open_memmap(temporary, mode="w+", dtype=np.float16, shape=(total, *rows.shape))
        batches: Sequence[NDArray[np.int64]] = in_order(rows.lengths, EVALUATION_TOKENS)
        for batch, found in zip(batches, in_parallel(rows.compute, batches, CPU), strict=True):
            states[index.positions(batch)[0]] = _checked(name, found)
        states.flush()
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _checked(name: str, states: NDArray[Any]) -> NDArray[Any]:
    """Check that states are finite.

    Raises:
        seqnlp.errors.DataError: they are not, or too large for half floats.
    """
    if not np.isfinite(states).all():
        raise DataError(f"{name}: its states are not finite in half precision")
    return states


def _make_room(newest: Path) -> None:
    """Remove the least recently used states beyond the size of the cache."""
    found = sorted(cache.entries(cache.state_folder()), key=lambda entry: -entry.used)
    total = 0
    for entry in found:
        total += entry.size
        if total > MOST_BYTES and entry.path != newest:
            cache.remove(entry.path)
