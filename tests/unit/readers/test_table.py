from collections.abc import Iterator
from pathlib import Path

import datasets
import pytest
from datasets.utils import are_progress_bars_disabled

from seqnlp.errors import DataError
from seqnlp.readers import Columns, Csv, Text
from seqnlp.readers.base import quiet_datasets, tabulate
from seqnlp.readers.rows import Kind, Row, features_of, write_table


def rows_once() -> Iterator[Row]:
    yield {"text": "once"}


def must_not_run() -> Iterator[Row]:
    yield from map(fail, [1])


def fail(_: int) -> Row:
    raise AssertionError("read again")


def test_a_file_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("once\n")
    first = tabulate(Text(), [path], {"text": "text"}, rows_once)
    again = tabulate(Text(), [path], {"text": "text"}, must_not_run)
    assert first["text"] == again["text"] == ["once"]


def test_a_file_of_another_name_with_the_same_contents_is_not_read_again(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("once\n")
    tabulate(Text(), [tmp_path / "a.txt"], {"text": "text"}, rows_once)
    assert tabulate(Text(), [tmp_path / "b.txt"], {"text": "text"}, must_not_run)["text"] == ["once"]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old\n")
    assert Text().load(path)["text"] == ["old"]
    path.write_text("new\n")
    assert Text().load(path)["text"] == ["new"]


def test_other_settings_read_the_file_again(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("x\t1\n\ny\t2\n")
    assert Columns(names=["word", "tag"]).load(path)["word"] == [["x"], ["y"]]
    assert Columns(names=["word", "_"]).load(path).column_names == ["word"]
    assert Csv(names=["word", "tag"]).load(path)["tag"] == ["1", "2"]
    assert Csv(names=["word", "tag"], numeric_columns=["tag"]).load(path)["tag"] == [1.0, 2.0]


def test_new_names_for_columns_do_not(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    Text().load(path)
    before = sorted(cache.rglob("*.arrow"))
    assert Text(columns={"line": "text"}).load(path)["line"] == ["x"]
    assert sorted(cache.rglob("*.arrow")) == before


def test_tables_are_on_disk_and_not_in_memory(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    (file,) = Text().load(path).cache_files
    assert Path(file["filename"]).is_relative_to(cache)


def test_a_fault_halfway_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("x 1\n\ny\n")
    for _ in range(2):
        with pytest.raises(DataError, match=r"a\.tsv:3: 1 columns; expected 2 \(word, tag\)"):
            Columns(names=["word", "tag"]).load(path)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(path))
    with pytest.raises(DataError, match=r"cannot write the cache: .*HF_DATASETS_CACHE names another place"):
        Text().load(path)


def test_a_fault_of_our_own_is_not_hidden(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    with pytest.raises(AssertionError, match="read again"):
        tabulate(Text(), [path], {"text": "text"}, must_not_run)


@pytest.mark.parametrize("number", [0, 1, 999, 1000, 1001, 2500])
def test_a_table_is_that_of_the_library(number: int, tmp_path: Path) -> None:
    kinds: dict[str, Kind] = {
        "a": "text", "b": "texts", "c": "whole", "d": "number", "e": "numbers", "f": "boolean"
    }  # fmt: skip
    rows: list[Row] = [
        {
            "a": None if n % 7 == 3 else f"row {n} \u1e9e",
            "b": [f"w{k}" for k in range(n % 5)],
            "c": None if n % 11 == 2 else n - 500,
            "d": None if n % 11 == 3 else n if n % 3 else float("nan"),
            "e": None if n % 11 == 4 else [0.5 * n, None, -n],
            "f": None if n % 11 == 5 else n % 2 == 0,
        }
        for n in range(number)
    ]
    write_table(tmp_path / "t.arrow", kinds, iter(rows))
    found = datasets.Dataset.from_file(str(tmp_path / "t.arrow"))
    assert found.features == features_of(kinds)
    assert [file.name for file in tmp_path.iterdir()] == ["t.arrow"]
    if number:
        expected = datasets.Dataset.from_list(rows, features_of(kinds))
        assert repr(found[:]) == repr(expected[:])


def test_bars_and_logs_come_back() -> None:
    verbosity = datasets.logging.get_verbosity()
    assert not are_progress_bars_disabled()
    with quiet_datasets():
        assert are_progress_bars_disabled()
    assert not are_progress_bars_disabled()
    with quiet_datasets(bars=True):
        assert not are_progress_bars_disabled()
    assert datasets.logging.get_verbosity() == verbosity
