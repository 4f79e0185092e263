"""Columns of large corpora, encoded once into memory-mapped arrays of the cache."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import xxhash
from numpy.typing import NDArray

from seqnlp.arrays import Ragged, look_up
from seqnlp.codecs import Codec, Column
from seqnlp.codecs import label_columns as labels
from seqnlp.codecs.text import cell_blocks, column_bytes
from seqnlp.errors import DataError
from seqnlp.notes import progress
from seqnlp.tasks.kept_arrays import Arrays, is_kept, keep_arrays

if TYPE_CHECKING:
    from datasets import Dataset

Encode = Callable[[Any, NDArray[np.int64]], Column]
"""Encodes a block of cells, as `cell_blocks` gives them."""


def text_column(dataset: Dataset, name: str, in_memory: bool = False) -> Column:
    """Read a column of text, or of lists of it; the same errors as `Column.from_dataset`.

    Args:
        dataset: The table.
        name: The column.
        in_memory: Keep nothing in the cache, however large the column is; so in the other functions here.
    """

    def encode(flat: Any, lengths: NDArray[np.int64]) -> Column:
        return Column.from_arrow(flat, lengths, name)

    return _kept(dataset, name, "cells", encode, in_memory) or Column.from_dataset(dataset, name)


def label_column(dataset: Dataset, name: str, in_memory: bool = False) -> Column:
    """Read a column of labels; the same errors as `seqnlp.codecs.label_columns.label_column`."""
    if in_memory or not _is_large(dataset, name):
        return labels.label_column(dataset, name)
    return labels.with_whole_numbers(text_column(dataset, name))


def split_column(
    dataset: Dataset,
    name: str,
    kind: str,
    split: Callable[[Sequence[str]], Column],
    distinct: list[str] | None = None,
    in_memory: bool = False,
) -> Column | None:
    """Split a large column of texts, one a row; None for one that is not kept.

    Args:
        dataset: The table.
        name: The column.
        kind: All that the split depends on.
        split: Splits some texts into words or tokens.
        distinct: Texts of all tokens, if their numbers are those of a codec.
        in_memory: Keep nothing.

    Raises:
        seqnlp.errors.DataError: lists of texts; null.
    """

    def encode(flat: Any, lengths: NDArray[np.int64]) -> Column:
        check_single(len(flat), len(lengths), name)
        return split(flat.to_pylist())

    return _kept(dataset, name, kind, encode, in_memory, distinct)


def check_single(cells: int, rows: int, name: str) -> None:
    """Check that a column of texts holds one a row."""
    if cells != rows:
        raise DataError(f"column {name!r} holds lists of texts; expected one a row (lists of words: data.tokens)")


def distinct_texts(dataset: Dataset, name: str) -> Iterator[str] | None:
    """Yield each text of a large column once; None for one that is not large."""
    return _distinct(dataset, name) if _is_large(dataset, name) else None


def _distinct(dataset: Dataset, name: str) -> Iterator[str]:
    seen: set[bytes] = set()
    for flat, lengths in cell_blocks(dataset, name):
        check_single(len(flat), len(lengths), name)
        for text in flat.to_pylist():
            digest = xxhash.xxh3_128_digest(text.encode())
            if digest not in seen:
                seen.add(digest)
                yield text


def codec_digest(codec: Codec) -> str:
    """SHA-256 of the JSON of a codec."""
    return hashlib.sha256(json.dumps(codec.to_json()).encode()).hexdigest()


def _is_large(dataset: Dataset, name: str) -> bool:
    """True for a large column of text."""
    import datasets

    feature = dataset.features.get(name)
    while isinstance(feature, datasets.List | datasets.LargeList):
        feature = feature.feature
    is_text = isinstance(feature, datasets.Value) and feature.dtype in ("string", "large_string")
    return is_text and is_kept(column_bytes(dataset, name))


def _kept(
    dataset: Dataset, name: str, kind: str, encode: Encode, in_memory: bool, distinct: list[str] | None = None
) -> Column | None:
    """Take an encoded column from the cache, or encode it; None if it is not kept."""
    if in_memory or not _is_large(dataset, name):
        return None

    def make(arrays: Arrays) -> list[str] | None:
        codes, offsets = arrays.array("codes", np.int8), arrays.array("offsets", np.int64)
        offsets.append(np.zeros(1, np.int64))
        number: dict[str, int] = {}
        total = rows = 0
        for flat, lengths in cell_blocks(dataset, name):
            block = encode(flat, lengths)
            values = block.codes.values
            if distinct is None:
                found = (number.setdefault(text, len(number)) for text in block.distinct)
                values = look_up(np.fromiter(found, np.int64, len(block.distinct)), values)
            codes.append(values)
            offsets.append(block.codes.offsets[1:] + total)
            total, rows = total + len(values), rows + len(lengths)
            progress(f"encoding {name!r}", rows / len(dataset))
        return list(number) if distinct is None else None

    key = [kind, unicodedata.unidata_version, content_digest(dataset, name)]
    found = keep_arrays(key, f"column {name!r}", make)
    if found is None:
        return None
    codes = Ragged(found.arrays["codes"], found.arrays["offsets"])
    return Column(codes, found.data if distinct is None else distinct)


_digests: WeakKeyDictionary[Dataset, dict[str, str]] = WeakKeyDictionary()


def content_digest(dataset: Dataset, name: str) -> str:
    """Digest of the texts of a column; neither chunks of a table nor selections of rows change it."""
    known = _digests.setdefault(dataset, {})  # rows that were drawn take long to gather, and are asked for twice
    if name not in known:
        known[name] = _content_digest(dataset, name)
    return known[name]


def _content_digest(dataset: Dataset, name: str) -> str:
    texts, sizes, lengths = xxhash.xxh3_128(), xxhash.xxh3_128(), xxhash.xxh3_128()
    done = 0
    for flat, counts in cell_blocks(dataset, name):
        lengths.update(np.ascontiguousarray(counts, np.int64).data)
        for chunk in getattr(flat, "chunks", [flat]):
            _, offsets, content = chunk.buffers()
            width = np.int64 if str(chunk.type) == "large_string" else np.int32
            bounds = np.frombuffer(offsets, width)[chunk.offset : chunk.offset + len(chunk) + 1]
            sizes.update(np.diff(bounds).astype(np.int64).data)
            if content is not None and len(chunk):
                texts.update(memoryview(content)[bounds[0] : bounds[-1]])
        done += len(counts)
        progress(f"looking for {name!r} in the cache", done / len(dataset))
    return texts.hexdigest() + sizes.hexdigest() + lengths.hexdigest()
