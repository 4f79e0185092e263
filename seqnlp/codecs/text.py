"""Contract of a codec; columns of text straight from Arrow, tokenized, and encoded for embeddings."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import IntArray, LazyRows, Ragged, look_up, occurrences_of, smallest
from seqnlp.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

BLOCK_BYTES = 1 << 20
"""Size of the blocks in which a column is looked at."""


def composed(text: str) -> str:
    """Composed form (NFC) of a text: canonically equivalent texts have the same one."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


@dataclass(frozen=True)
class Origin:
    """Provenance of pretrained knowledge."""

    name: str
    """Name of the file, or of the package and its version."""
    sha256: str
    """SHA-256 of the file, in hexadecimal."""
    license: str = ""
    """Licence where it is known, as an SPDX expression if the package states one."""

    def to_json(self) -> dict[str, str]:
        """Serialize to an object of texts."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, str]) -> Self:
        """Inverse of `to_json`; keys of later versions are ignored."""
        return cls(data.get("name", ""), data.get("sha256", ""), data.get("license", ""))


class Codec(ABC):
    """Encoder and decoder of one kind of data."""

    @property
    def origin(self) -> Origin | None:
        """Provenance of pretrained knowledge that came with the codec."""
        return None

    @property
    def row_names(self) -> Sequence[Hashable] | None:
        """Names of its numbers, which rows of weights have; None: they have none.

        Rows of the same name are taken over from another run. Numbers that stand for no text are named None, the
        unknown, or by a tuple.
        """
        return None

    def extending(self, before: Codec) -> Self:
        """Extend the codec of another run by the entries of this one.

        Args:
            before: The other codec. Its numbers stay; one of another kind, or that can't grow, is not extended.

        Returns:
            The extended codec; this one if there is nothing to extend.
        """
        return self

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Provenance of each of its pretrained parts, by name; a single one has no name."""
        return {} if self.origin is None else {"": self.origin}

    @property
    def weights(self) -> Mapping[str, NDArray[Any]]:
        """Weights of a frozen network by name, saved beside the JSON."""
        return {}

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Serialize to an object from which `from_json` makes an equal codec."""

    @classmethod
    @abstractmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Rebuild a serialized codec; its schema is a `seqnlp.codecs.saved.SavedCodec`.

        Raises:
            seqnlp.errors.RunError: naming the key that is damaged.
        """


@dataclass(frozen=True)
class Column:
    """Dictionary-encoded rows of strings."""

    codes: Ragged
    """Positions in `distinct`, one row per sequence."""
    distinct: list[str]
    """Every string that occurs, once, in order of appearance."""

    @classmethod
    def from_rows(cls, rows: list[list[str]]) -> Column:
        """Encode rows given as Python lists, for instance from standard input."""
        number: dict[str, int] = {}
        codes = [number.setdefault(word, len(number)) for row in rows for word in row]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return cls(Ragged(np.array(codes, np.int64), np.concatenate([[0], np.cumsum(lengths)])), list(number))

    @classmethod
    def from_dataset(cls, dataset: Dataset, name: str) -> Column:
        """Read a column of a corpus; its rows are lists of strings, or single strings.

        Raises:
            seqnlp.errors.DataError: if there is no such column, or it holds something else.
        """
        return cls.from_arrow(*arrow_cells(dataset, name), name)

    @classmethod
    def from_arrow(cls, flat: Any, lengths: NDArray[np.int64], name: str) -> Column:
        """Encode the strings of all rows, laid end to end.

        Args:
            flat: Arrow array of strings.
            lengths: Number of strings of each row; shape (rows,).
            name: Name of the column in messages.

        Raises:
            seqnlp.errors.DataError: the array holds something else.
        """
        import pyarrow as pa

        if not (pa.types.is_string(flat.type) or pa.types.is_large_string(flat.type)):
            raise DataError(f"column {name!r} holds {flat.type}; expected text or lists of text")
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        distinct, codes = _dictionary_encoded(flat)
        return cls(Ragged(codes, offsets), distinct)

    def rows(self) -> list[list[str]]:
        """Rows as Python lists; for a few rows, not for the training path."""
        return [[self.distinct[code] for code in self.codes[row]] for row in range(len(self.codes))]

    def numbered(self, numbers: IntArray) -> Ragged:
        """Replace the numbers of the distinct strings: for instance by those of a codec."""
        return Ragged(look_up(numbers, self.codes.values), self.codes.offsets)

    def where(self, mask: NDArray[np.bool_], other: Column) -> Column:
        """Take the strings of another column where a mask, of shape (strings,), is false."""
        shift = len(self.distinct)
        values = np.where(mask, self.codes.values, other.codes.values.astype(np.int64) + shift)
        strings = [*self.distinct, *other.distinct]
        used, numbers = np.unique(values, return_inverse=True)
        number: dict[str, int] = {}
        codes = np.array([number.setdefault(strings[each], len(number)) for each in used.tolist()], np.int64)
        return Column(Ragged(codes[numbers.reshape(-1)], self.codes.offsets), list(number))

    def composed(self) -> Column:
        """The same rows in composed form (NFC); `distinct` may then hold a string twice."""
        forms = [composed(text) for text in self.distinct]
        return self if forms == self.distinct else Column(self.codes, forms)

    def check_parallel(self, other: Column, name: str, other_name: str) -> None:
        """Check that another column has as many strings in each row.

        Raises:
            seqnlp.errors.DataError: naming the first row where it has not.
        """
        differing = np.flatnonzero(self.codes.lengths != other.codes.lengths)
        if len(differing):
            row = int(differing[0])
            ours, theirs = int(self.codes.lengths[row]), int(other.codes.lengths[row])
            raise DataError(f"sequence {row + 1} has {ours} of column {name!r}, but {theirs} of {other_name!r}")

    def counts(self) -> dict[str, int]:
        """Number of occurrences of each distinct string."""
        occurrences = occurrences_of(self.codes.values, len(self.distinct))
        counts = dict.fromkeys(self.distinct, 0)
        for text, count in zip(self.distinct, occurrences.tolist(), strict=True):
            counts[text] += count
        return counts


def _dictionary_encoded(flat: Any) -> tuple[list[str], IntArray]:
    """Distinct strings of a chunked Arrow array, and their numbers.

    The strings are in order of appearance, the numbers in the smallest integers.
    """
    import pyarrow as pa

    chunked = flat if isinstance(flat, pa.ChunkedArray) else pa.chunked_array([flat])
    chunks = chunked.dictionary_encode().chunks
    distinct = chunks[-1].dictionary.to_pylist() if chunks else []  # all chunks share it
    codes = np.empty(len(flat), smallest(np.array([len(distinct)])).dtype)
    at = 0
    for chunk in chunks:
        codes[at : at + len(chunk)] = chunk.indices.to_numpy()
        at += len(chunk)
    del chunks
    pa.default_memory_pool().release_unused()
    return distinct, codes


def arrow_cells(dataset: Dataset, name: str) -> tuple[Any, NDArray[np.int64]]:
    """Cells of a column as one array, and their number a row.

    Lists are laid end to end.

    Raises:
        seqnlp.errors.DataError: no such column; null in it.
    """
    _check_column(dataset, name)
    table: Any = dataset.select_columns([name]).with_format("arrow")[:]
    return _flattened(table.column(name), name)


def cell_blocks(dataset: Dataset, name: str) -> Iterator[tuple[Any, NDArray[np.int64]]]:
    """Cells of a column as `arrow_cells` gives them, block by block.

    Raises:
        seqnlp.errors.DataError: as `arrow_cells`.
    """
    for column in column_blocks(dataset, name):
        yield _flattened(column, name)


def column_blocks(dataset: Dataset, name: str) -> Iterator[Any]:
    """Column as Arrow arrays of about a megabyte each; one of rows that were selected is never in memory whole."""
    rows = max(1, int(len(dataset) * BLOCK_BYTES / max(column_bytes(dataset, name), 1)))
    column = dataset.select_columns([name]).with_format("arrow")
    for start in range(0, max(len(dataset), 1), rows):
        table: Any = column[start : start + rows]
        yield table.column(name)


def column_bytes(dataset: Dataset, name: str) -> int:
    """Size of a column in memory; of selected rows, their share of it."""
    table: Any = dataset.data
    return int(table.column(name).nbytes * len(dataset) / max(table.num_rows, 1))


def _check_column(dataset: Dataset, name: str) -> None:
    if name not in dataset.column_names:
        columns = ", ".join(dataset.column_names)
        raise DataError(f"the corpus has no column {name!r}; its columns are {columns}")


def _flattened(column: Any, name: str) -> tuple[Any, NDArray[np.int64]]:
    """Cells of an Arrow column, and their number a row; null is an error."""
    import pyarrow as pa
    import pyarrow.compute as pc

    flat, lengths = column, np.ones(len(column), np.int64)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        flat, lengths = pc.list_flatten(column), pc.fill_null(pc.list_value_length(column), 0).to_numpy()
    if column.null_count or flat.null_count:
        raise DataError(f"column {name!r} has empty places (null); expected text in all of them")
    return flat, lengths


IDS = "ids"
"""Name of an array where a codec makes only one."""


@dataclass(frozen=True)
class TokenizedText:
    """Sentences as words, with columns that the corpus gives beside them."""

    words: Column
    columns: Mapping[str, Column] = field(default_factory=dict)
    """By name; one string for each word."""

    def composed(self) -> TokenizedText:
        """The same text in composed form (NFC), in which words are looked up."""
        return TokenizedText(self.words.composed(), {name: column.composed() for name, column in self.columns.items()})


@dataclass(frozen=True)
class TextFeatures:
    """Arrays for one embedding, by names that its codec chooses."""

    words: dict[str, NDArray[np.int64] | Ragged] = field(default_factory=dict)
    """One number or one row for each distinct word."""
    sentences: Mapping[str, Ragged | LazyRows] = field(default_factory=dict)
    """One row of any length for each sentence: numbers of words, characters, subwords; states of a frozen network."""


class TextCodec(Codec):
    """Encodes sentences for one embedding."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read beside the words."""
        return ()

    @property
    def is_composed(self) -> bool:
        """False if fitted on text that was not in composed form (NFC), as codecs of old runs were."""
        return True

    @abstractmethod
    def features(self, text: TokenizedText) -> TextFeatures:
        """Encode sentences."""


class WordCodec(TextCodec):
    """Encodes words one by one, without their sentence: a vocabulary, characters, affixes."""

    @abstractmethod
    def encode(self, words: Sequence[str]) -> NDArray[np.int64] | Ragged:
        """One integer per word, or one row of integers per word."""

    def features(self, text: TokenizedText) -> TextFeatures:
        """Encode every distinct word once."""
        return TextFeatures(words={IDS: self.encode(text.words.distinct)})


@dataclass(frozen=True)
class EncodedText:
    """Sentences with the features of each embedding by its name."""

    words: Column
    features: dict[str, TextFeatures]

    @classmethod
    def encode(cls, text: TokenizedText, codecs: Mapping[str, TextCodec]) -> EncodedText:
        """Encode sentences in composed form (NFC) with the codec of each embedding; `words` stay as they are."""
        form = text.composed() if all(codec.is_composed for codec in codecs.values()) else text
        return cls(text.words, {name: codec.features(form) for name, codec in codecs.items()})

    @property
    def codes(self) -> Ragged:
        """Index of each word among the distinct ones, one row per sentence."""
        return self.words.codes
