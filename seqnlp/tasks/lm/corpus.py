"""Split of a language model's corpus: one long text, read in chunks."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.running_text import RunningText
from seqnlp.errors import DataError, error_context
from seqnlp.notes import note, progress
from seqnlp.readers import Reader, cache
from seqnlp.readers.drawn import Fold, Size, block_bounds, check_folds, counts_of, end_spans
from seqnlp.readers.empties import Need
from seqnlp.readers.text import Passage
from seqnlp.tasks.kept_arrays import MOST_BYTES, ArrayFile, map_array

LARGE = 1 << 24
"""Characters of a text whose tokens are not kept in memory but in a file of the cache."""
STEM = "tokens"
"""Beginning of the names of files."""
NEAR = 1000
"""Characters after a place in which a cut looks for the beginning of a line."""


@dataclass(frozen=True)
class TextSplit:
    """A long text that can be read again and again."""

    name: str
    """Name in messages."""
    chunks: Callable[[], Iterator[str]]

    @classmethod
    def read(cls, place: Passage | str | Path, reader: Reader, column: str) -> "TextSplit":
        """Read a passage of a file, or a column's rows as lines; lists of words are joined by blanks."""
        if isinstance(place, Passage):
            return cls(str(place), place.chunks)
        table = reader.load(place, {column: Need(blank=True)})
        if column not in table.column_names:
            raise DataError(f"no column {column!r} in it; its columns are {', '.join(table.column_names)}", place)

        def rows() -> Iterator[str]:
            for batch in table.select_columns([column]).iter(1000):
                yield "".join(f"{text if isinstance(text, str) else ' '.join(text)}\n" for text in batch[column])

        return cls(str(place), rows)

    @cached_property
    def _measured(self) -> tuple[str, int]:
        digest, characters = hashlib.sha256(), 0
        for chunk in self.chunks():
            digest.update(chunk.encode())
            characters += len(chunk)
        return digest.hexdigest(), characters

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the text in UTF-8."""
        return self._measured[0]

    @property
    def characters(self) -> int:
        """Length in characters."""
        return self._measured[1]

    def _same_chunks(self) -> Iterator[str]:
        """Chunks of the text that has the fingerprint.

        Raises:
            seqnlp.errors.DataError: it has changed since that was taken.
        """
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk.encode())
            yield chunk
        if digest.hexdigest() != self.fingerprint:
            raise DataError("it has changed while it was read: begin again", self.name)

    def tokens(self, codec: RunningText, in_memory: bool = False) -> NDArray[Any]:
        """Encode the text; tokens of a large one are memory-mapped from the cache, unless they are to be in memory."""
        kind = np.dtype(np.uint16 if len(codec) <= 1 << 16 else np.uint32)
        if self.characters < LARGE or in_memory:
            return np.concatenate([codec.encode(chunk).astype(kind) for chunk in self._same_chunks()])
        key = hashlib.sha256(f"2 {self.fingerprint} {json.dumps(codec.to_json())}".encode()).hexdigest()
        folder = cache.token_folder() / key[:32]
        with suppress(OSError):  # a cache that can only be read has no locks
            cache.hold(folder)
        try:
            tokens = self._mapped(folder)
            if tokens is None:
                folder.mkdir(parents=True, exist_ok=True)
                tokens = np.load(self._write(folder, codec, kind), mmap_mode="r")
            with suppress(OSError):
                cache.record(folder, "tokens", {self.name: self.fingerprint})
                cache.make_room(folder, MOST_BYTES)
        except OSError as error:
            problem = f"can't keep the tokens of a large text: {error.strerror or error}"
            raise DataError(f"{problem}; XDG_CACHE_HOME names another place for them", folder.parent) from None
        return tokens

    @staticmethod
    def _mapped(folder: Path) -> NDArray[Any] | None:
        """Map the tokens of an entry; None if there are none. A damaged file is removed, with a note."""
        for path in sorted(folder.glob(f"{STEM}-*.npy")):
            with suppress(FileNotFoundError, ValueError, EOFError):
                return map_array(path)
            note(f"{path}: damaged; the text is encoded anew")
            path.unlink(missing_ok=True)
        return None

    def _write(self, folder: Path, codec: RunningText, kind: np.dtype[Any]) -> Path:
        """Encode the text into a file; its path."""
        file, done = ArrayFile(folder, STEM, kind), 0
        try:
            for chunk in self._same_chunks():
                file.append(codec.encode(chunk).astype(kind))
                done += len(chunk)
                progress(f"encoding {self.name}", done / self.characters)
            return file.finish()
        finally:
            file.discard()


def cut_text(whole: TextSplit, sizes: Mapping[str, Size]) -> dict[str, TextSplit]:
    """Cut parts off at the end of a text; notes tell their sizes.

    Each begins with a line, if the beginning of one is near.

    Args:
        whole: The text.
        sizes: Share or number of characters of each part, by its name.

    Returns:
        The parts, and what is left as `train`.

    Raises:
        seqnlp.errors.DataError: a part without text; none that is left.
    """
    with error_context("train"):
        counts_of(sizes, whole.characters, "characters")
    cuts = _line_starts(whole, [start for start, _ in end_spans(sizes, whole.characters).values()][1:])
    names = ["train", *sizes]
    bounds = [0, *cuts, whole.characters]
    spans = {name: (bounds[place], bounds[place + 1]) for place, name in enumerate(names)}
    for name, size in sizes.items():
        start, end = spans[name]
        note(f"{name}: {end - start:,} of {whole.characters:,} characters of train, at its end; data.{name} = {size:g}")
    return {name: TextSplit(f"{whole.name} ({name})", partial(_between, whole, *span)) for name, span in spans.items()}


def hold_out_block(whole: TextSplit, fold: Fold) -> dict[str, TextSplit]:
    """Hold out a block of a text, as `test`; a note tells its size.

    What stands before and after the block is left as `train`, joined. Blocks begin with a line, if the beginning of
    one is near.

    Raises:
        seqnlp.errors.DataError: there are fewer characters than folds.
    """
    total = whole.characters
    with error_context("train"):
        check_folds(fold.count, total, "characters")
    bounds = [0, *_line_starts(whole, block_bounds(fold.count, total)[1:-1]), total]
    start, end = bounds[fold.number - 1 : fold.number + 1]
    note(f"test: {fold}, {end - start:,} of {total:,} characters of train, a block of it")

    def rest() -> Iterator[str]:
        yield from _between(whole, 0, start)
        yield from _between(whole, end, total)

    test = TextSplit(f"{whole.name} (test)", partial(_between, whole, start, end))
    return {"train": TextSplit(f"{whole.name} (train)", rest), "test": test}


def _line_starts(whole: TextSplit, places: list[int]) -> list[int]:
    """First beginning of a line after each of these places; the place itself if there is none near."""
    found: dict[int, int] = {}
    before = 0
    for chunk in whole.chunks():
        for number, place in enumerate(places):
            end = places[number + 1] if number + 1 < len(places) else whole.characters
            reach = min(place + NEAR, end - 1)
            if number not in found and place < before + len(chunk) and reach > before:
                at = chunk.find("\n", max(place - before, 0), max(reach - before, 0))
                if at >= 0:
                    found[number] = before + at + 1
        before += len(chunk)
    return [found.get(number, place) for number, place in enumerate(places)]


def _between(whole: TextSplit, start: int, end: int) -> Iterator[str]:
    """Chunks of a text from one character up to, and without, another."""
    before = 0
    for chunk in whole.chunks():
        if piece := chunk[max(start - before, 0) : max(end - before, 0)]:
            yield piece
        before += len(chunk)
        if before >= end:
            break
