"""Text in Arrow and parquet files that is not UTF-8."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqnlp.errors import DataError
from seqnlp.readers.hub import Hub


def strings(*texts: bytes) -> Any:
    """An array that is not checked."""
    return pa.array(texts, pa.binary()).view(pa.string())


def read(table: Any, file: Path) -> Any:
    pq.write_table(table, file)
    return Hub(path=str(file)).read("train")


@pytest.mark.parametrize("row", [0, 1, 37, 99])
def test_the_row_is_named(row: int, tmp_path: Path) -> None:
    texts = [b"good"] * 100
    texts[row] = b"bad \xff\xfe"
    table = pa.table({"text": strings(*texts), "label": ["a"] * 100})
    with pytest.raises(DataError, match=rf"d\.parquet: row {row + 1}: the column 'text' holds what is not UTF-8"):
        read(table, tmp_path / "d.parquet")


@pytest.mark.parametrize("row", [0, 2])
def test_strings_in_lists(row: int, tmp_path: Path) -> None:
    words = [b"one", b"two", b"three", b"four", b"five", b"six"]
    words[2 * row + 1] = b"\x80"
    lists = pa.ListArray.from_arrays(pa.array([0, 2, 4, 6], pa.int32()), strings(*words))
    with pytest.raises(DataError, match=rf"row {row + 1}: the column 'tokens'"):
        read(pa.table({"tokens": lists}), tmp_path / "d.parquet")


def test_all_other_text_is_read(tmp_path: Path) -> None:
    table = pa.table({"text": ["né", "का", "", None], "number": [1, 2, 3, None]})
    assert read(table, tmp_path / "d.parquet")["text"] == ["né", "का", "", None]
