"""Recordings: a table of files and texts, or files whose names tell the text; and their samples."""

from __future__ import annotations

import io
import json
import os
import re
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from seqnlp.errors import DataError
from seqnlp.readers.base import TextReader
from seqnlp.readers.csv import Csv
from seqnlp.readers.files import check_file
from seqnlp.readers.jsonl import objects
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset

AUDIO = "audio"
"""Column of the recordings: a path, or the bytes of a file, as the Audio feature of `datasets` stores them."""
SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif", ".au")
"""Endings of audio files, looked for in a folder."""
TABLES = (".csv", ".tsv", ".jsonl")
FIELD = re.compile(r"\{(\w+)\}")
STREAMED = 0x7FFFF000
"""Bytes from which on the size of a wav is that of a stream whose length was not known when it began."""
EXTRA = 'pip install "seqnlp[speech]"'


@final
class Audio(TextReader):
    """Recordings, a file a row: column `audio`, and those of a table or of a pattern of file names.

    A split is a table (.csv, .tsv or .jsonl) that names files beside it, a folder (`clips/`), or a pattern with
    wildcards (`clips/*_[0-4].wav`).
    """

    kind: Literal["audio"] = "audio"
    file_column: str = "file"
    """Column of a table that names the files; paths begin at the folder of the table."""
    pattern: str | None = None
    """Columns in the name of a file, without its ending: `{text}_{speaker}_{number}`."""

    @field_validator("pattern")
    @classmethod
    def _has_fields(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            names = FIELD.findall(pattern)
            if not names:
                raise ValueError("expected names of columns in braces, such as {text}_{speaker}")
            if len(set(names)) < len(names) or AUDIO in names:
                raise ValueError(f"columns must differ, and none may be {AUDIO!r}")
        return pattern

    def read(self, source: str | Path) -> Dataset:
        import datasets

        path = Path(source)
        rows = self.table(path) if is_table(path) else self.named(path)
        kinds: dict[str, Any] = {name: datasets.Value("string") for name in rows if name != AUDIO}
        # what the Audio feature of `datasets` stores; the feature itself would decode, and needs torchcodec
        recording = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
        cells = [{"bytes": None, "path": file} for file in rows[AUDIO]]
        return datasets.Dataset.from_dict({**rows, AUDIO: cells}, datasets.Features({AUDIO: recording, **kinds}))

    def named(self, path: Path) -> dict[str, list[str]]:
        """Files of a folder or pattern, with columns from their names."""
        files = find_recordings(path)
        columns: dict[str, list[str]] = {AUDIO: [str(file) for file in files]}
        if self.pattern is None:
            return columns
        parts = FIELD.split(self.pattern)  # text and names in turn
        expression = re.compile(
            "".join(f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
        )
        columns |= {name: [] for name in FIELD.findall(self.pattern)}
        for file in files:
            match = expression.fullmatch(file.stem)
            if match is None:
                raise DataError(f"its name does not fit reader.pattern = {self.pattern!r}", file)
            for name, value in match.groupdict().items():
                columns[name].append(value)
        return columns

    def table(self, path: Path) -> dict[str, list[str]]:
        """Columns of a table, its files looked up."""
        columns: dict[str, list[str]] = {}
        for number, row in table_rows(path, self.encoding):
            if not columns:
                if self.file_column not in row:
                    problem = f"no column {self.file_column!r} of files: {nearest_or_all(self.file_column, row)}"
                    raise DataError(problem, path, hint="reader.file_column names it")
                if AUDIO in row and self.file_column != AUDIO:
                    raise DataError(f"a column is called {AUDIO!r}, which the recordings are", path)
                columns = {AUDIO: [], **{name: [] for name in row if name != self.file_column}}
            file = path.parent / row.pop(self.file_column)
            try:
                check_file(file)
            except DataError as error:
                raise DataError(f"{file.name or file}: {error.problem}", path, number) from None
            columns[AUDIO].append(str(file))
            for name, value in row.items():
                if name not in columns:
                    raise DataError(f"{name!r} is not in the first line", path, number)
                columns[name].append(value)
            if len(row) < len(columns) - 1:
                missing = next(name for name in columns if name != AUDIO and name not in row)
                raise DataError(f"no {missing!r}, which the first line has", path, number)
        if not columns:
            raise DataError("no recordings in it: the table has no rows", path)
        return columns

    def locate_file(self, source: str, find: Callable[[str], Path]) -> Path:
        """Locate a table, a folder, or the folder of a pattern."""
        if is_table(Path(source)):
            return find(source)
        parts = Path(source).parts
        plain = next((number for number, part in enumerate(parts) if has_magic(part)), None)
        if plain is not None:
            folder = str(Path(*parts[:plain])) if plain else "."
            return find(f"{folder}/") / Path(*parts[plain:])
        return find(source if Path(source).suffix.lower() in SUFFIXES else f"{source.rstrip('/')}/")

    def files_of(self, source: str) -> list[Path]:
        path = Path(source)
        if is_table(path):
            return [path, *map(Path, self.table(path)[AUDIO])]
        return find_recordings(path)


def is_table(path: Path) -> bool:
    """True for the name of a table of files."""
    return path.name.removesuffix(".gz").endswith(TABLES)


def table_rows(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a table as text, with their lines."""
    if path.name.removesuffix(".gz").endswith(".jsonl"):
        for number, row in objects(path, encoding):
            yield number, {name: cell if isinstance(cell, str) else json.dumps(cell) for name, cell in row.items()}
        return
    reader = Csv(encoding=encoding)
    names = reader.header(path)
    for number, fields in list(reader.records(path))[1:]:
        if len(fields) != len(names):
            raise DataError(f"{len(fields)} columns; expected {len(names)} ({', '.join(names)})", path, number)
        yield number, dict(zip(names, fields, strict=True))


def find_recordings(path: Path) -> list[Path]:
    """Audio files of a folder or a pattern, sorted by name.

    Raises:
        seqnlp.errors.DataError: there is none.
    """
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        if not found:
            raise DataError(f"no recordings in this folder; expected {', '.join(SUFFIXES)}", path)
        return found
    if has_magic(str(path)):
        found = sorted(file for file in map(Path, glob(str(path))) if file.is_file())
        if not found:
            raise DataError("no files fit this pattern", path)
        return found
    check_file(path)
    return [path]


@dataclass(frozen=True)
class Waveform:
    """Samples of a recording, mixed to one channel."""

    samples: NDArray[np.float32]
    """From -1 to 1."""
    rate: int
    """Samples a second."""
    channels: int = 1
    """Channels of the recording, whose mean the samples are."""

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.rate


def read_waveform(source: str | Path | bytes, name: str | Path = "") -> Waveform:
    """Decode a recording: wav with the standard library, all else with soundfile.

    Args:
        source: A file, or the bytes of one.
        name: Its name in messages; that of the file if left out.

    Raises:
        seqnlp.errors.DataError: a file that is missing, damaged or no recording; soundfile is needed and missing.
    """
    name = name or (source if isinstance(source, str | Path) else "recording")
    content = source if isinstance(source, bytes) else _bytes_of(Path(source))
    if not content:
        raise DataError("an empty file; expected a recording", name)
    found = _decode_wav(content, name) if content[:4] == b"RIFF" and content[8:12] == b"WAVE" else None
    found = found or _decode_other(content, name)
    if not len(found.samples):
        raise DataError("a recording without a sample", name)
    if not np.isfinite(found.samples).all():
        raise DataError("damaged: some samples are no numbers", name)
    return found


def _bytes_of(path: Path) -> bytes:
    check_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(error.strerror or str(error), path) from None


def _decode_wav(content: bytes, name: str | Path) -> Waveform | None:
    """Decode a wav of integers; None for one of floats and the like."""
    try:
        with wave.open(io.BytesIO(content)) as file:
            channels, width, rate, frames = file.getparams()[:4]
            data = file.readframes(frames)
    except wave.Error as error:
        if "unknown format" in str(error):
            return None
        raise DataError(f"damaged: {error}", name) from None
    except (EOFError, RuntimeError):  # RuntimeError: from the chunks in it
        raise DataError("damaged: the file breaks off", name) from None
    whole = len(data) // (channels * width)
    if whole < frames and frames * channels * width < STREAMED:
        raise DataError(f"damaged: {whole:,} of its {frames:,} samples are there, the file breaks off", name)
    if rate < 1 or not 1 <= width <= 4:
        raise DataError(f"damaged: {rate} samples a second, of {width} bytes", name)
    return Waveform(mixed(pcm(data[: whole * channels * width], width), channels), rate, channels)


def pcm(data: bytes, width: int) -> NDArray[np.float32]:
    """Samples from -1 to 1 of little-endian integers; those of one byte are unsigned."""
    if width == 1:
        return np.ldexp(np.frombuffer(data, np.uint8).astype(np.float32) - 128, -7)
    if width == 3:
        parts = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
        whole: NDArray[np.int32] = (
            parts[:, 0] | parts[:, 1] << 8 | parts[:, 2] << 16
        ) << 8  # the sign is in the highest byte
        return np.ldexp(whole.astype(np.float32), -31)
    samples: NDArray[np.float32] = (np.frombuffer(data, f"<i{width}") / 2.0 ** (8 * width - 1)).astype(np.float32)
    return samples


def mixed(samples: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Mean of interleaved channels."""
    if channels == 1:
        return samples
    mean: NDArray[np.float32] = samples.reshape(-1, channels).mean(1, dtype=np.float32)
    return mean


def _decode_other(content: bytes, name: str | Path) -> Waveform:
    try:
        import soundfile
    except (ImportError, OSError):  # OSError: its library is missing
        kind = os.path.splitext(str(name))[1].lower() or "such"
        raise DataError(f"{kind} recordings need soundfile; wav of integers does not", name, hint=EXTRA) from None
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            samples = file.read(dtype="float32", always_2d=True)
            expected, rate = file.frames, file.samplerate
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        text = " ".join(str(getattr(error, "error_string", error)).split()).rstrip(".")
        raise DataError(f"damaged, or no recording: {text}", name) from None
    if len(samples) < expected:
        raise DataError(f"damaged: {len(samples):,} of its {expected:,} samples can be read", name)
    return Waveform(samples.mean(1, dtype=np.float32), rate, samples.shape[1])
