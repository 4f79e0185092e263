"""Columns beside those of parquet and arrow files: types, metadata, nulls and row groups are kept."""

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqnlp.errors import DataError
from seqnlp.records import Added, ArrowRecords, JsonLinesWriter

ADDED = [
    Added("label", "text"),
    Added("score", "number"),
    Added("tags", ["text"]),
    Added("scores", {"a": "number", "b": "number"}),
    Added("spans", [{"start": "whole", "text": "text"}]),
]
VALUES = {
    "label": "x",
    "score": 0.5,
    "tags": ["A"],
    "scores": {"a": 0.25, "b": 0.75},
    "spans": [{"start": 1, "text": "t"}],
}


def table() -> Any:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)
    columns = {
        "text": pa.array(["a", None, "c"], pa.large_string()),
        "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
        "when": pa.array([moment, None, moment], pa.timestamp("ns", "Europe/Lisbon")),
        "price": pa.array([Decimal("1.10"), None, Decimal("2.00")], pa.decimal128(8, 2)),
        "small": pa.array([1, None, 3], pa.int8()),
        "nested": pa.array([{"a": [1, None]}, None, {"a": []}], pa.struct([("a", pa.list_(pa.int32()))])),
    }
    schema = pa.schema([pa.field(name, array.type, metadata={"unit": "u"}) for name, array in columns.items()])
    return pa.table(columns, schema=schema.with_metadata({"mine": "kept", "pandas": '{"columns": []}'}))


def beside(file: Path, out: Path) -> list[Any]:
    records, texts = ArrowRecords(file, "text"), []
    with out.open("wb") as opened:
        writer = records.writer(opened, ADDED)
        for block in records.blocks():
            texts += block.texts
            writer.write(block, [VALUES if text else None for text in block.texts])
        writer.close()
    return texts


@pytest.mark.parametrize("compression", ["none", "zstd", {"text": "gzip", "small": "snappy"}])
def test_parquet(tmp_path: Path, compression: Any) -> None:
    given, file, out = table(), tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(given, file, row_group_size=2, compression=compression)
    assert beside(file, out) == ["a", None, "c"]
    found, read = pq.read_table(out), pq.read_table(file)
    assert found.select(read.column_names).equals(read, check_metadata=True)
    assert found.schema.metadata[b"mine"] == b"kept"
    assert found.column("label").to_pylist() == ["x", None, "x"]
    assert found.column("scores").to_pylist() == [VALUES["scores"], None, VALUES["scores"]]
    assert found.column("spans").to_pylist() == [VALUES["spans"], None, VALUES["spans"]]
    before, after = pq.read_metadata(file), pq.read_metadata(out)
    assert [after.row_group(n).num_rows for n in range(after.num_row_groups)] == [2, 1]
    for place in range(before.num_columns):
        assert after.row_group(0).column(place).compression == before.row_group(0).column(place).compression


@pytest.mark.parametrize("open_writer", [pa.ipc.new_file, pa.ipc.new_stream])
def test_arrow(tmp_path: Path, open_writer: Any) -> None:
    given, file, out = table(), tmp_path / "in.arrow", tmp_path / "out.arrow"
    with open_writer(str(file), given.schema) as written:
        written.write_table(given, max_chunksize=2)
    assert beside(file, out) == ["a", None, "c"]
    reader = pa.ipc.open_file if open_writer is pa.ipc.new_file else pa.ipc.open_stream
    with pa.memory_map(str(out)) as mapped:
        found = reader(mapped).read_all()
    assert found.select(given.column_names).equals(given, check_metadata=True)
    assert found.column("label").to_pylist() == ["x", None, "x"]


def test_json_lines(tmp_path: Path) -> None:
    pq.write_table(table().select(["text", "when", "price", "nested"]), tmp_path / "in.parquet")
    records = ArrowRecords(tmp_path / "in.parquet", "text")
    with (tmp_path / "out.jsonl").open("wb") as out:
        writer = JsonLinesWriter(records, out, ADDED[:1])
        for block in records.blocks():
            writer.write(block, [VALUES] * 3)
    first = (tmp_path / "out.jsonl").read_text("utf8").splitlines()[0]
    assert first == (
        '{"text": "a", "when": "2026-01-02 03:04:05.678901+00:00", "price": "1.10", "nested": {"a": [1, null]}, '
        '"label": "x"}'
    )


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("texts", "no column 'texts': did you mean 'text'?; --column names another"),
        ("small", ", record 1: 'small' is 1; expected text"),
    ],
)
def test_faults(tmp_path: Path, column: str, told: str) -> None:
    pq.write_table(table(), tmp_path / "in.parquet")
    with pytest.raises(DataError) as caught:
        list(ArrowRecords(tmp_path / "in.parquet", column).blocks())
    assert told in str(caught.value)


def test_a_column_that_is_there(tmp_path: Path) -> None:
    pq.write_table(table(), tmp_path / "in.parquet")
    with (tmp_path / "out").open("wb") as out, pytest.raises(DataError, match="there is a column 'kind' already"):
        ArrowRecords(tmp_path / "in.parquet", "text").writer(out, [Added("kind", "text")])


def test_bytes_are_not_written_as_json(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"], "raw": [b"\xff"]}), tmp_path / "in.parquet")
    records = ArrowRecords(tmp_path / "in.parquet", "text")
    with (
        (tmp_path / "out").open("wb") as out,
        pytest.raises(DataError, match="record 1: bytes, which JSON cannot hold"),
    ):
        JsonLinesWriter(records, out, ADDED[:1]).write(next(records.blocks()), [None])


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(DataError, match="cannot be read"):
        ArrowRecords(tmp_path / "in.parquet", "text")
