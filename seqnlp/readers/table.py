"""Tables on disk: memory-mapped, and written once for each version of a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from seqnlp.errors import DataError, SeqnlpError
from seqnlp.readers.base import Reader
from seqnlp.readers.files import sha256

if TYPE_CHECKING:
    from datasets import Dataset

Kind = Literal["text", "texts", "whole", "number", "numbers"]
"""Kind of the cells of a column: a string, a list of strings, an int64, a float64, or a list of float64."""

Row = dict[str, Any]

VERSION = 2
"""Part of the cache key: to be raised when any reader returns something else for the same file."""


def tabulate(
    reader: Reader, files: Sequence[Path], kinds: Mapping[str, Kind], rows: Callable[[], Iterator[Row]]
) -> Dataset:
    """Write rows to the cache of `datasets`, if missing, and memory-map them.

    Args:
        reader: The reader; its settings are part of the cache key.
        files: The files of the rows; their contents are part of the cache key, their names are not.
        kinds: Kind of each column by name.
        rows: Reads the files; called only if the cache has no such table.

    Raises:
        seqnlp.errors.DataError: what `rows` raises; no rows at all; a cache that cannot be written.
    """
    import datasets
    from datasets.exceptions import DatasetGenerationError

    text, whole, number = (datasets.Value(kind) for kind in ("string", "int64", "float64"))
    lists = {"texts": datasets.List(text), "numbers": datasets.List(number)}
    cells = {"text": text, "whole": whole, "number": number} | lists
    features = datasets.Features({name: cells[kind] for name, kind in kinds.items()})
    key = [VERSION, reader.model_dump(exclude={"columns"}), dict(kinds), [sha256([file]) for file in files]]
    fingerprint = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:32]
    try:
        with quiet_datasets():
            return datasets.Dataset.from_generator(lambda: some(rows(), files), features, fingerprint=fingerprint)
    except (DatasetGenerationError, OSError) as error:
        cause = error.__cause__ or error
        if isinstance(cause, SeqnlpError):
            raise cause from None
        if isinstance(cause, OSError):
            place = datasets.config.HF_DATASETS_CACHE
            problem = f"cannot write the cache: {cause.strerror or cause}; HF_DATASETS_CACHE names another place"
            raise DataError(problem, place) from None
        raise


def some(rows: Iterator[Row], files: Sequence[Path]) -> Iterator[Row]:
    """Yield rows unchanged; raise `DataError` if there are none."""
    empty = True
    for row in rows:
        empty = False
        yield row
    if empty:
        raise DataError("no sequences in it: the file is empty", files[0])


@contextmanager
def quiet_datasets(bars: bool = False) -> Iterator[None]:
    """Silence the log of `datasets` and its progress bars: they would be drawn over ours."""
    from datasets.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars, logging

    verbosity, had_bars = logging.get_verbosity(), not are_progress_bars_disabled()
    logging.set_verbosity(logging.CRITICAL)
    if had_bars and not bars:
        disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if had_bars:
            enable_progress_bars()
