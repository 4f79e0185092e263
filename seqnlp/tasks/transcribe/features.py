"""Features of recordings: checked, resampled, log-mel; those of a split are memory-mapped from the cache."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.cache import cache_folder
from seqnlp.codecs.log_mel import LogMelCodec
from seqnlp.errors import DataError
from seqnlp.nn.device import CPU, to_numpy
from seqnlp.nn.log_mel import log_mel, resample
from seqnlp.readers.audio import Waveform, read_waveform
from seqnlp.tasks.transcribe.recipe import TranscribeData
from seqnlp.training.inference import in_parallel

if TYPE_CHECKING:
    from datasets import Dataset

Halves = NDArray[np.float16]

VERSION = 1
"""Part of the cache key: to be raised when the same recordings have other features."""
SILENCE = 1e-4
"""Largest distance from the mean sample in a silent recording: three steps of 16 bits."""
AT_ONCE = 64
"""Recordings in memory at once."""


@dataclass(frozen=True)
class Features:
    """Frames of a recording, and what was done to it."""

    frames: Halves
    """Log-mel energies before normalisation, as `LogMelCodec.keep` makes them; shape (frames, mels)."""
    seconds: float
    notes: tuple[str, ...] = ()


@final
class Extractor:
    """Computes features of single recordings."""

    def __init__(self, data: TranscribeData, codec: LogMelCodec) -> None:
        self.data, self.codec = data, codec

    @cached_property
    def _filters(self) -> torch.Tensor:
        return torch.from_numpy(self.codec.filters())

    def check(self, waveform: Waveform, name: str | Path, may_resample: bool) -> None:
        """Check length, loudness and sample rate.

        Raises:
            seqnlp.errors.DataError: naming the recording.
        """
        data, seconds = self.data, waveform.seconds
        if seconds > data.max_seconds:
            raise DataError(f"{seconds:.2f} s are over data.max_seconds = {data.max_seconds:g}", name)
        if seconds < data.min_seconds:
            raise DataError(f"{seconds:.3f} s are under data.min_seconds = {data.min_seconds:g}", name)
        if np.abs(waveform.samples - waveform.samples.mean()).max() < SILENCE:
            raise DataError("silent: no sound in it", name)
        if waveform.rate != data.sample_rate and not may_resample:
            problem = f"recorded at {waveform.rate:,} Hz; expected data.sample_rate = {data.sample_rate:,}"
            raise DataError(problem, name, hint="data.resample = true, or --resample, converts it")

    def extract(self, waveform: Waveform, name: str | Path, may_resample: bool | None = None) -> Features:
        """Compute the features of a recording.

        Args:
            waveform: Its samples.
            name: Its name in messages.
            may_resample: Convert another sample rate; None: as the recipe says.
        """
        self.check(waveform, name, self.data.resample if may_resample is None else may_resample)
        codec, notes = self.codec, []
        samples = torch.from_numpy(waveform.samples)
        if waveform.channels > 1:
            notes.append(f"mixed from {waveform.channels} channels")
        if waveform.rate != codec.rate:
            samples = resample(samples, waveform.rate, codec.rate)
            notes.append(f"resampled from {waveform.rate:,} Hz to {codec.rate:,} Hz")
        energies = log_mel(samples, codec.window, codec.hop, codec.n_fft, self._filters)
        return Features(codec.keep(to_numpy(energies)), waveform.seconds, tuple(notes))


@dataclass(frozen=True)
class SplitFeatures:
    """Features of a split; the frames are memory-mapped."""

    frames: Halves
    """Of all recordings, end to end; shape (frames, mels)."""
    offsets: NDArray[np.int64]
    """First frame of each recording, and the end of the last; of one that was skipped it has none."""
    seconds: float
    """Duration of all recordings."""
    notes: list[str]
    """Changes made to recordings, and the number skipped."""


@final
class Recordings:
    """Column of recordings: paths, or the bytes of files."""

    def __init__(self, split: "Dataset", column: str) -> None:
        import datasets
        import pyarrow as pa

        if column not in split.column_names:
            columns = ", ".join(split.column_names)
            raise DataError(f"the corpus has no column {column!r} of recordings; its columns are {columns}")
        feature = split.features[column]
        if isinstance(feature, datasets.Audio) and feature.decode:
            split = split.cast_column(column, datasets.Audio(decode=False))  # decoding would need torchcodec
        table: Any = split.select_columns([column]).with_format("arrow")[:]
        cells = table.column(column)
        if pa.types.is_string(cells.type):
            names = ["bytes", "path"]
            cells = pa.chunked_array([pa.StructArray.from_arrays([pa.nulls(len(c)), c], names) for c in cells.chunks])
        if not pa.types.is_struct(cells.type) or {field.name for field in cells.type} != {"bytes", "path"}:
            expected = "recordings: names of files, or what the Audio feature of datasets stores"
            raise DataError(f"column {column!r} holds {cells.type}; expected {expected}")
        self._cells, self.column = cells, column

    def __len__(self) -> int:
        return len(self._cells)

    def name(self, row: int) -> str:
        """Name of a recording in messages."""
        path = self._cells[row]["path"].as_py()
        return path or f"column {self.column!r}, row {row + 1}"

    def source(self, row: int) -> Path | bytes:
        """File of a recording, or its contents."""
        cell = self._cells[row].as_py()
        if cell is None or (cell["bytes"] is None and cell["path"] is None):
            raise DataError("no recording (null)", self.name(row) if cell else f"row {row + 1}")
        return cell["bytes"] if cell["bytes"] is not None else Path(cell["path"])

    def digest(self, row: int) -> str:
        """SHA-256 of a recording; that of its name if it can't be read."""
        try:
            source = self.source(row)
            return hashlib.sha256(source if isinstance(source, bytes) else source.read_bytes()).hexdigest()
        except (DataError, OSError):
            return f"unreadable {row}"


def split_features(recordings: Recordings, extractor: Extractor) -> SplitFeatures:
    """Features of a split, from the cache or computed into it.

    Raises:
        seqnlp.errors.DataError: the first recording that can't be used, if the recipe refuses these; the cache can't
            be written.
    """
    data = extractor.data
    limits = [data.sample_rate, data.resample, data.min_seconds, data.max_seconds, data.unusable]
    key = [VERSION, extractor.codec.key(), limits, [recordings.digest(row) for row in range(len(recordings))]]
    stem = cache_folder() / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]}"
    frames, index = stem.with_suffix(".frames"), stem.with_suffix(".json")
    try:
        if not (frames.exists() and index.exists()):
            stem.parent.mkdir(parents=True, exist_ok=True)
            _compute(recordings, extractor, frames, index)
        found = json.loads(index.read_text(encoding="utf-8"))
        shape = (found["offsets"][-1], extractor.codec.mels)
        mapped: Halves = np.memmap(frames, np.float16, "r", shape=shape) if shape[0] else np.empty(shape, np.float16)
    except OSError as error:
        problem = f"can't keep the features of recordings: {error.strerror or error}"
        raise DataError(f"{problem}; XDG_CACHE_HOME names another place for them", stem.parent) from None
    return SplitFeatures(mapped, np.array(found["offsets"], np.int64), found["seconds"], found["notes"])


def _compute(recordings: Recordings, extractor: Extractor, frames: Path, index: Path) -> None:
    offsets, seconds, notes, skipped = [0], 0.0, Counter[str](), list[str]()
    skips = extractor.data.unusable == "skip"

    def work(row: int) -> Features | DataError:
        try:
            return extractor.extract(read_waveform(recordings.source(row), recordings.name(row)), recordings.name(row))
        except DataError as error:
            return error

    def write(file: IO[bytes]) -> None:
        nonlocal seconds
        for start in range(0, len(recordings), AT_ONCE):
            rows = range(start, min(start + AT_ONCE, len(recordings)))
            for found in in_parallel(work, rows, CPU):
                if isinstance(found, DataError):
                    if not skips:
                        raise found
                    skipped.append(str(found))
                    offsets.append(offsets[-1])
                    continue
                file.write(np.ascontiguousarray(found.frames).data)
                offsets.append(offsets[-1] + len(found.frames))
                seconds += found.seconds
                notes.update(found.notes)

    _write(frames, write)
    told = [f"{count:,} recordings were {note}" for note, count in notes.items()]
    if skipped:
        told.append(f"{len(skipped):,} recordings were skipped, the first of them {skipped[0]}")
    if len(skipped) == len(recordings):
        frames.unlink()
        raise DataError(f"no recording can be used, the first of them {skipped[0]}")
    text = json.dumps({"offsets": offsets, "seconds": seconds, "notes": told})
    _write(index, lambda file: file.write(text.encode()))


def _write(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
