"""Tables given in Python, as those of `datasets`: data frames, columns, rows and streams of rows.

Values are those of Arrow. Nothing that was given is called, and nothing is pickled; rows of an iterator are written to
a temporary file as they come, and memory-mapped.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING, Any, Protocol, final, runtime_checkable

from seqnlp.errors import DataError, UsageError
from seqnlp.notes import note
from seqnlp.readers.arrow_text import check_text
from seqnlp.readers.base import quiet_datasets
from seqnlp.readers.hub import TRANSLATION, chosen_columns, class_names, names_of, with_names
from seqnlp.spelling import did_you_mean, nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset

SPLITS = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "val": "dev", "test": "test"}
"""Splits by their usual names."""
DATA = "data"
"""Name of a single table to score on."""
AT_ONCE = 1000
"""Rows of a stream that are converted at once."""


@runtime_checkable
class ArrowStream(Protocol):
    """Table or column of any library that exports Arrow (PyCapsule interface)."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export a stream of record batches."""


Table = ArrowStream | Mapping[str, Any] | Iterable[Any]
"""Table in Python: a `Dataset`, a data frame of pandas or polars, columns by name, or rows."""


def given_splits(data: object) -> dict[str, GivenTable]:
    """Name the tables of a training by their splits; a single table is train.

    Args:
        data: Tables by split, `validation` being another name of `dev`; or train alone.

    Raises:
        seqnlp.errors.UsageError: no `train`; a split that is unknown, or there twice.
        seqnlp.errors.DataError: something that is no table.
    """
    if not isinstance(data, Mapping) or is_columns(data):
        return {"train": GivenTable("train", data)}
    found: dict[str, GivenTable] = {}
    unknown = [name for name in data if name not in SPLITS]
    for name, given in data.items():
        split = SPLITS.get(name)
        if split in found:
            raise UsageError(f"data: {name!r} is {split}, which is there already")
        if split is not None and given is not None:
            found[split] = given if isinstance(given, GivenTable) else GivenTable(split, given)
    for name in unknown:
        close = did_you_mean(str(name), SPLITS, "'")
        if close or "train" not in found:
            expected = close or 'expected splits: data={"train": ..., "dev": ..., "test": ...}'
            raise UsageError(f"data: there is no split {name!r}; {expected}")
        note(f"data: the split {name!r} is not used")
    if "train" not in found:
        raise UsageError(f"data: there is no train split; it has {', '.join(found) or 'none'}")
    return found


def given_data(data: object) -> dict[str, GivenTable]:
    """Name the tables of an evaluation: by their splits, or a single one as `data`.

    The same errors as `given_splits`.
    """
    if not isinstance(data, Mapping) or is_columns(data):
        return {DATA: GivenTable(DATA, data)}
    names = {**SPLITS, DATA: DATA}
    return {
        names[name]: given if isinstance(given, GivenTable) else GivenTable(names[name], given)
        for name, given in data.items()
        if name in names
    }


def is_columns(data: Mapping[Any, Any]) -> bool:
    """True for columns by name, false for splits: these are called like splits, or hold tables."""
    import datasets
    import pandas as pd

    tables = (Mapping, datasets.Dataset, datasets.IterableDataset, pd.DataFrame, GivenTable)
    is_split = any(name in SPLITS for name in data) or any(isinstance(given, tables) for given in data.values())
    return bool(data) and not is_split


@final
class GivenTable:
    """Table given in Python, read once."""

    def __init__(self, name: str, given: object) -> None:
        """Store a table.

        Args:
            name: Its name in messages: that of the split.
            given: Whatever was given; see `Table`.

        Raises:
            seqnlp.errors.DataError: this is no table.
        """
        self.name, self._given = name, given
        self._read: dict[frozenset[str] | None, Dataset] = {}
        self._check()

    def read(self, columns: Collection[str] | None = None) -> Dataset:
        """Convert some columns, or all, with class labels as their names.

        Raises:
            seqnlp.errors.DataError: a column that is missing; cells of several kinds; no rows.
        """
        key = None if columns is None else frozenset(columns)
        if key not in self._read:
            with quiet_datasets():
                self._read[key] = self._convert(columns)
        return self._read[key]

    def place(self, row: int) -> str:
        """Place of a row in messages; rows are counted from 1."""
        return f"{self.name} row {row + 1:,}"

    def _check(self) -> None:
        import datasets
        import pandas as pd

        given, wanted = self._given, "expected a Dataset, a DataFrame, columns by name, or rows as dicts"
        if isinstance(given, str | bytes | os.PathLike):
            hint = "a file is named in the recipe, or by an override such as data.train=FILE"
            raise DataError(f"{type(given).__name__} given; {wanted}", self.name, hint=hint)
        if isinstance(given, int | float):
            hint = f"a share or number of rows of train is drawn by an override such as data.{self.name}={given}"
            raise DataError(f"{described(given)} given; {wanted}", self.name, hint=hint)
        if callable(given) and not isinstance(given, Iterable):
            raise DataError(f"a function given; {wanted}", self.name, hint="call it, if it makes rows")
        if isinstance(given, datasets.DatasetDict | datasets.IterableDatasetDict):
            splits = ", ".join(map(repr, given))
            raise DataError(f"several splits given ({splits}); expected one of them", self.name)
        if isinstance(given, datasets.Dataset) and given.format["type"] == "custom":
            hint = "`map` makes a dataset of what the transform gives"
            raise DataError("it has a transform (set_transform), which is not applied", self.name, hint=hint)
        if not isinstance(given, ArrowStream | Iterable | pd.DataFrame):
            raise DataError(f"{type(given).__name__} given; {wanted}", self.name)

    def _convert(self, columns: Collection[str] | None) -> Dataset:
        import datasets
        import pandas as pd

        given = self._given
        if isinstance(given, datasets.Dataset):
            found = given.with_format(None)
        elif isinstance(given, pd.DataFrame):
            found = self._of_columns(self._frame_columns(given), columns)
        elif isinstance(given, Mapping):
            found = self._of_columns(self._named(given), columns)
        elif isinstance(given, ArrowStream):
            found = self._of_arrow(given, columns)
        else:
            assert isinstance(given, Iterable)
            found = self._of_rows(given, columns)
        if not len(found):
            raise DataError("no rows in it", self.name)
        if columns is not None:
            found = chosen_columns(found, columns, self.name)
        return with_plain_types(with_names(check_text(found, self.name)))

    def _named(self, columns: Mapping[Any, Any]) -> dict[str, Any]:
        """Columns by name, all of them text."""
        for name, cells in columns.items():
            if not isinstance(name, str):
                raise DataError(f"a column is called {name!r}; expected text", self.name)
            if isinstance(cells, str | bytes) or not isinstance(cells, Iterable):
                raise DataError(f"column {name!r} is {described(cells)}; expected its cells", self.name)
        return dict(columns)

    def _frame_columns(self, frame: Any) -> dict[str, Any]:
        """Columns of a data frame of pandas; the index is none."""
        names = [str(name) for name in frame.columns]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise DataError(f"two columns are called {twice!r}", self.name)
        return {name: frame.iloc[:, place] for place, name in enumerate(names)}

    def _chosen(self, known: Collection[str], columns: Collection[str] | None) -> list[str]:
        """Names to convert among those that there are."""
        if columns is None:
            return list(known)
        wanted = [name for name in columns if name in known]
        if not wanted and TRANSLATION in known:
            return [TRANSLATION]
        for name in columns:
            if name not in known:
                there = nearest_or_all(name, known) if known else "there are none"
                raise DataError(f"no column {name!r}: {there}", self.name)
        return wanted

    def _of_columns(self, given: Mapping[str, Any], columns: Collection[str] | None) -> Dataset:
        import pyarrow as pa

        found: dict[str, Any] = {}
        for name in self._chosen(given, columns):
            try:
                found[name] = self._array(given[name], name)
            except DataError as error:
                if columns is not None:
                    raise
                note(f"{error}; the column is not read")
        lengths = {name: len(cells) for name, cells in found.items()}
        for name, length in lengths.items():
            first, expected = next(iter(lengths.items()))
            if length != expected:
                raise DataError(f"{length:,} cells in {name!r}, {expected:,} in {first!r}", self.name)
        return as_dataset(pa.table(found))

    def _array(self, cells: Any, name: str) -> Any:
        """Convert the cells of a column."""
        import numpy as np
        import pandas as pd
        import pyarrow as pa

        try:
            if isinstance(cells, pd.Series):
                found = pa.Array.from_pandas(cells)
                return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])
            if isinstance(cells, ArrowStream | pa.Array):
                return pa.chunked_array([cells] if isinstance(cells, pa.Array) else cells)
            if isinstance(cells, np.ndarray) and cells.ndim == 1 and cells.dtype != object:
                return pa.chunked_array([pa.array(cells, from_pandas=True)])
        except (pa.ArrowException, OverflowError, ValueError, TypeError):
            pass  # cell by cell it is told where and why
        values = [*cells]
        return pa.chunked_array([self._infer(values, name, 0, pa.null())])

    def _infer(self, values: Sequence[Any], name: str, first: int, known: Any) -> Any:
        """Convert cells to an array that also fits those before.

        Args:
            values: The cells.
            name: Name of the column.
            first: Row of the first cell.
            known: Type of the cells before.

        Raises:
            seqnlp.errors.DataError: naming the first cell that does not fit.
        """
        import pyarrow as pa

        try:
            if any(isinstance(value, set | frozenset) for value in values):
                raise TypeError
            found = pa.array(values, from_pandas=True)
            return found.cast(wider(known, found.type))
        except (pa.ArrowException, OverflowError, ValueError, TypeError):
            pass
        for row, value in enumerate(values, first):
            where = f"{self.place(row)}, column {name!r}"
            try:
                if isinstance(value, set | frozenset):
                    raise TypeError
                kind = pa.array([value], from_pandas=True).type
            except UnicodeEncodeError:
                raise DataError("half of a surrogate pair, which is not text", where) from None
            except (pa.ArrowException, OverflowError, ValueError, TypeError):
                expected = "text, numbers, booleans, or lists of them"
                raise DataError(f"{described(value)}; expected {expected}", where) from None
            try:
                known = wider(known, kind)
            except (pa.ArrowException, TypeError):
                raise DataError(f"{described(value)}; expected {spelled(known)}, as before", where) from None
        raise DataError(f"column {name!r} holds cells of several kinds", self.name)

    def _of_arrow(self, given: ArrowStream, columns: Collection[str] | None) -> Dataset:
        import pyarrow as pa

        try:
            stream = given if isinstance(given, pa.Table) else pa.RecordBatchReader.from_stream(given).read_all()
            return as_dataset(stream.select(self._chosen(stream.column_names, columns)))
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise DataError(f"cannot be read as Arrow: {' '.join(str(error).split())[:100]}", self.name) from None

    def _of_rows(self, given: Iterable[Any], columns: Collection[str] | None) -> Dataset:
        """Convert rows; those of a stream go to a temporary file."""
        import datasets
        import pyarrow as pa

        rows = self._rows(given)
        if isinstance(given, datasets.IterableDataset):
            stored = given.decode(False) if given.features else given  # recordings are not decoded
            rows = with_class_names(self._rows(stored), stored.features)
        first = next(rows, None)
        if first is None:
            raise DataError("no rows in it", self.name)
        if columns is not None and TRANSLATION in first and not any(name in first for name in columns):
            columns = [TRANSLATION]
        tables = self._batches(chain([first], rows), columns)
        if isinstance(given, Sequence):
            return as_dataset(pa.concat_tables(list(tables), promote_options="permissive"))
        try:
            return as_dataset(spooled(tables))
        except OSError as error:
            problem = f"cannot write its rows to a temporary file: {error.strerror or error}"
            raise DataError(problem, self.name, hint="TMPDIR names another place") from None

    def _rows(self, given: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
        for number, row in enumerate(given):
            if not isinstance(row, Mapping):
                example = 'expected a dict such as {"text": ...}'
                raise DataError(f"{described(row)}; {example}", self.place(number))
            if wrong := next((name for name in row if not isinstance(name, str)), None):
                raise DataError(f"a column is called {wrong!r}; expected text", self.place(number))
            yield row

    def _batches(self, rows: Iterator[Mapping[str, Any]], columns: Collection[str] | None) -> Iterator[Any]:
        """Convert rows, some at a time, to tables whose types grow wider."""
        import pyarrow as pa

        kinds: dict[str, Any] = {} if columns is None else dict.fromkeys(columns, pa.null())
        unread: dict[str, None] = {}
        seen: set[str] = set()
        done = 0
        while batch := list(islice(rows, AT_ONCE)):
            names = list(dict.fromkeys(chain.from_iterable(batch)))
            seen.update(names)
            for name in names if columns is None else ():
                kinds.setdefault(name, pa.null())
            arrays = {}
            for name in [name for name in kinds if name not in unread]:
                try:
                    cells = [row.get(name) for row in batch]
                    arrays[name] = self._infer(cells, name, done, kinds[name])
                    kinds[name] = arrays[name].type
                except DataError as error:
                    if columns is not None:
                        raise
                    note(f"{error}; the column is not read")
                    unread[name] = None
            done += len(batch)
            yield pa.table(arrays)
        for name in () if columns is None else columns:
            if name not in seen:
                raise DataError(f"no row has the column {name!r}: {nearest_or_all(name, sorted(seen))}", self.name)


def wider(one: Any, other: Any) -> Any:
    """Arrow type that holds the values of two.

    Raises:
        pyarrow.ArrowException: there is none.
        TypeError: likewise.
    """
    import pyarrow as pa

    if one.equals(other):
        return one
    schemas = [pa.schema([pa.field("cells", kind)]) for kind in (one, other)]
    return pa.unify_schemas(schemas, promote_options="permissive").field("cells").type


def spelled(kind: Any) -> str:
    """Name of an Arrow type for people."""
    import pyarrow as pa

    tests: dict[str, Callable[[Any], bool]] = {
        "text": pa.types.is_string,
        "true or false": pa.types.is_boolean,
        "whole numbers": pa.types.is_integer,
        "numbers": pa.types.is_floating,
    }
    if pa.types.is_list(kind):
        return f"lists of {spelled(kind.value_type)}"
    return next((name for name, test in tests.items() if test(kind)), str(kind))


def described(value: Any) -> str:
    """Value in a message, cut if it is long."""
    if value is None:
        return "None"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:39] + '…'}"


def as_dataset(table: Any) -> Dataset:
    """Dataset of an Arrow table, without a copy."""
    import pyarrow as pa
    from datasets import Dataset

    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) or pa.types.is_null(field.type):  # `datasets` has no such features
            kind = pa.string() if pa.types.is_null(field.type) else field.type.value_type
            table = table.set_column(place, field.name, table.column(place).cast(kind))
    return Dataset(table, fingerprint=secrets.token_hex(8))  # else the rows would be pickled to be hashed


def with_plain_types(dataset: Dataset) -> Dataset:
    """Convert the types of other libraries: one content is then one table, and one hash."""
    import pyarrow as pa

    kinds = {field.name: plain_type(field.type) for field in dataset.data.schema}
    if not any(kinds.values()):
        return dataset
    table = dataset.with_format("arrow")[:].replace_schema_metadata(None)
    for place, name in enumerate(table.column_names):
        if kinds[name] is not None:
            with suppress(pa.ArrowInvalid):  # over 2 GB of text in one piece, or numbers over 2**63
                table = table.set_column(place, name, table.column(place).cast(kinds[name]))
    return as_dataset(table)


def plain_type(kind: Any) -> Any:
    """Plain Arrow type for another one of the same kind; None if it is plain already."""
    import pyarrow as pa

    types = pa.types
    if types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    if types.is_integer(kind) and kind != pa.int64():
        return pa.int64()
    if types.is_floating(kind) and kind != pa.float64():
        return pa.float64()
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        inner = plain_type(kind.value_type)
        return pa.list_(inner or kind.value_type) if inner is not None or not types.is_list(kind) else None
    return None


def with_class_names(
    rows: Iterator[Mapping[str, Any]], features: Mapping[str, Any] | None
) -> Iterator[Mapping[str, Any]]:
    """Decode class labels in rows of a stream."""
    classes = {name: found for name, feature in (features or {}).items() if (found := class_names(feature))}
    for row in rows:
        yield {**row, **{name: names_of(row[name], known) for name, known in classes.items() if name in row}}


def spooled(tables: Iterator[Any]) -> Any:
    """Write tables to temporary files, one for each schema, and memory-map them.

    They lose their names at once, and their bytes with the last reader.
    """
    import pyarrow as pa

    with tempfile.TemporaryDirectory(prefix="seqnlp-", ignore_cleanup_errors=True) as folder:
        parts = []
        for number, (schema, group) in enumerate(groupby(tables, key=lambda table: table.schema)):
            file = os.path.join(folder, f"{number}.arrow")
            with pa.ipc.new_stream(file, schema) as writer:
                for table in group:
                    writer.write_table(table)
            parts.append(pa.ipc.open_stream(pa.memory_map(file)).read_all())
        return pa.concat_tables(parts, promote_options="permissive")
