"""Records of parquet and arrow files: new columns, with types, metadata and nulls kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, final

from seqnlp.errors import DataError
from seqnlp.records.base import Block, Records, Writer, text_cell
from seqnlp.records.columns import Added, Values, arrow_type, check_free, named
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    import pyarrow as pa


@final
@dataclass(frozen=True)
class ArrowBlock(Block):
    """Rows of a row group or record batch."""

    texts: list[Any]
    size: float
    table: pa.Table

    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.table.to_pylist()
        return found


@final
class ArrowRecords(Records[ArrowBlock]):
    """Rows of a parquet or arrow file."""

    def __init__(self, file: Path, column: str) -> None:
        """Read the schema.

        Raises:
            seqnlp.errors.DataError: a file that is damaged; no such column.
        """
        import pyarrow as pa

        self.source, self.column, self.file = str(file), column, file
        self.is_parquet = first_bytes(file) == b"PAR1"
        self.format = "parquet" if self.is_parquet else "arrow"
        try:
            self.schema, self.total = self._schema()
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"cannot be read: {' '.join(str(error).split())}", file) from None
        if column not in self.schema.names:
            hint = "--column names another"
            raise DataError(f"no column {column!r}: {nearest_or_all(column, self.schema.names)}", file, hint=hint)

    def _schema(self) -> tuple[pa.Schema, float | None]:
        import pyarrow.parquet as pq

        if self.is_parquet:
            with pq.ParquetFile(self.file) as opened:
                return opened.schema_arrow, opened.metadata.num_rows
        with open_arrow(self.file) as reader:
            return reader.schema, None

    @property
    def columns(self) -> Sequence[str]:
        names: list[str] = self.schema.names
        return names

    def blocks(self) -> Iterator[ArrowBlock]:
        import pyarrow as pa

        number = 0
        try:
            for table in self._tables():
                cells = table.column(self.column).to_pylist()
                rows = enumerate(cells, number + 1)
                texts = [text_cell(cell, self.source, f", record {row:,}", self.column) for row, cell in rows]
                number += len(texts)
                yield ArrowBlock(texts, len(texts), table)
        except (pa.ArrowException, OSError) as error:
            problem = f"cannot be read behind record {number:,}: {' '.join(str(error).split())}"
            raise DataError(problem, self.file) from None

    def _tables(self) -> Iterator[pa.Table]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self.is_parquet:
            with pq.ParquetFile(self.file) as opened:
                for group in range(opened.num_row_groups):
                    yield opened.read_row_group(group)
        else:
            with open_arrow(self.file) as reader:
                for batch in reader:
                    yield pa.Table.from_batches([batch], reader.schema)

    def writer(self, out: IO[bytes], added: Sequence[Added]) -> ArrowWriter:
        return ArrowWriter(self, out, added)


def first_bytes(file: Path) -> bytes:
    """First four bytes of a file, which tell its format."""
    with file.open("rb") as opened:
        return opened.read(4)


def open_arrow(file: Path) -> pa.RecordBatchStreamReader:
    """Open an arrow file as a stream of record batches; one that can be read at any place, too."""
    import pyarrow as pa

    if first_bytes(file) != b"ARRO":
        return pa.ipc.open_stream(pa.memory_map(str(file)))
    reader = pa.ipc.open_file(pa.memory_map(str(file)))
    batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
    return pa.RecordBatchReader.from_batches(reader.schema, batches)


@final
class ArrowWriter(Writer[ArrowBlock]):
    """Writer of a parquet or arrow file; row groups or batches are those of the input."""

    def __init__(self, records: ArrowRecords, out: IO[bytes], added: Sequence[Added]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        check_free([column.name for column in added], records.columns, records.source)
        self._added, self._fields = added, [pa.field(each.name, arrow_type(each.shape)) for each in added]
        schema = records.schema
        for own in self._fields:
            schema = schema.append(own)
        self._schema = schema.with_metadata(records.schema.metadata)
        self._writer: Any
        if records.is_parquet:
            self._writer = pq.ParquetWriter(out, self._schema, compression=compressions(records.file))
        elif first_bytes(records.file) == b"ARRO":
            self._writer = pa.ipc.new_file(out, self._schema)
        else:
            self._writer = pa.ipc.new_stream(out, self._schema)

    def write(self, block: ArrowBlock, values: Sequence[Values]) -> None:
        import pyarrow as pa

        rows = [named(self._added, own) for own in values]
        table = block.table
        for own in self._fields:
            table = table.append_column(own, pa.array([row[own.name] for row in rows], own.type))
        table = table.cast(self._schema) if table.schema != self._schema else table
        self._writer.write_table(table.replace_schema_metadata(self._schema.metadata), max(len(table), 1))

    def close(self) -> None:
        self._writer.close()

    def abandon(self) -> None:
        # else it would write to the closed file when it is collected
        with suppress(OSError, ValueError):
            self._writer.close()


def compressions(file: Path) -> str | dict[str, str]:
    """Compression of the columns of a parquet file: of all, or of each by its path."""
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(file)
    if not metadata.num_row_groups or not metadata.num_columns:
        return "snappy"
    group = metadata.row_group(0)
    columns = [group.column(place) for place in range(metadata.num_columns)]
    found = {column.path_in_schema: column.compression.lower().replace("uncompressed", "none") for column in columns}
    return found if len(set(found.values())) > 1 else next(iter(found.values()))
