from pathlib import Path
from typing import Literal

import pytest
from datasets import Dataset

from seqnlp.errors import DataError
from seqnlp.readers import Conllu, Csv, Hub, Parallel, Reader, Text


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n")
    return path


def test_the_kinds_are_known() -> None:
    assert set(Reader.members) >= {"conllu", "columns", "csv", "jsonl", "text", "parallel", "hub"}
    assert Reader.parse("conllu") == Conllu()


def test_columns_get_other_names(table: Path) -> None:
    assert Csv(columns={"x": "b"}).load(table)[0] == {"a": "1", "x": "2"}
    assert Csv(columns={"a": "b", "b": "a"}).load(table)[0] == {"b": "1", "a": "2"}
    assert Csv(columns={"a": "a"}).load(table)[0] == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"x": "bb"}, "no column 'bb' to call 'x': did you mean 'b'?"),
        ({"x": "zzz"}, "no column 'zzz' to call 'x': there are a, b"),
        ({"a": "b"}, "'b' cannot be called 'a': there is such a column already"),
        ({"x": "b", "y": "b"}, "a column cannot have two new names: columns = {'x': 'b', 'y': 'b'}"),
    ],
)
def test_impossible_names_are_refused(table: Path, columns: dict[str, str], problem: str) -> None:
    with pytest.raises(DataError) as caught:
        Csv(columns=columns).load(table)
    assert str(caught.value) == f"{table}: {problem}"


def test_a_readers_table_without_rows_is_refused() -> None:
    class Nothing(Reader):
        kind: Literal["nothing"] = "nothing"

        def read(self, source: str | Path) -> Dataset:
            return Dataset.from_dict({"text": []})

    try:
        with pytest.raises(DataError, match="train: no sequences in it"):
            Nothing().load("train")
    finally:
        del Reader.members["nothing"]


def test_files_are_found_in_the_project_and_expressions_are_not() -> None:
    assert Text().locate("a/b.txt", Path("/project").joinpath) == Path("/project/a/b.txt")
    assert Text().files("a/b.txt") == [Path("a/b.txt")]
    assert Hub(path="x").locate("train[:9%]", Path("/project").joinpath) == "train[:9%]"
    assert Hub(path="x").files("train[:9%]") == []


def test_both_files_of_a_parallel_split_are_found() -> None:
    reader = Parallel(suffixes=["en", ".fr"])
    asked: list[str] = []

    def find(name: str) -> Path:
        asked.append(name)
        return Path("/project") / name

    assert reader.locate("x/train.tok", find) == Path("/project/x/train.tok")
    assert asked == ["x/train.tok.en", "x/train.tok.fr"]
    assert reader.files("x/train.tok") == [Path("x/train.tok.en"), Path("x/train.tok.fr")]
    assert Parallel().locate("x/train.tsv", Path("/project").joinpath) == Path("/project/x/train.tsv")
    with pytest.raises(DataError, match=r"the other file of the pair is in another folder: /b/train\.fr"):
        reader.locate("train", lambda name: Path("/a" if name.endswith("en") else "/b") / name)
