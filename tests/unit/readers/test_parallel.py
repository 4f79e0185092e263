from pathlib import Path

import pytest
from pydantic import ValidationError

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers import Parallel
from seqnlp.readers.empties import FILLED


def test_two_files_stand_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "train.tok.en").write_text("a b\n\nc\nd\n")
    (tmp_path / "train.tok.fr").write_text("A B\nX\nC\n \n")
    reader = Parallel(suffixes=["en", "fr"])
    assert list(reader.load(tmp_path / "train.tok")) == [
        {"source": "a b", "target": "A B"},
        {"source": "", "target": "X"},
        {"source": "c", "target": "C"},
        {"source": "d", "target": " "},
    ]


def test_there_is_no_pair_where_both_sides_are_empty(tmp_path: Path) -> None:
    (tmp_path / "x.en").write_text("a\n\nb\n")
    (tmp_path / "x.fr").write_text("A\n \nB\n")
    assert Parallel(suffixes=["en", "fr"]).load(tmp_path / "x")["source"] == ["a", "b"]


def test_the_order_of_the_suffixes_is_the_direction(tmp_path: Path) -> None:
    (tmp_path / "x.en").write_text("a\n")
    (tmp_path / "x.fr").write_text("A\n")
    assert Parallel(suffixes=["fr", "en"]).load(tmp_path / "x")[0] == {"source": "A", "target": "a"}
    assert Parallel(suffixes=["en", "fr"]).load(tmp_path / "x")[0] == {"source": "a", "target": "A"}


@pytest.mark.parametrize(("left", "right"), [("a\nb\n", "A\n"), ("a\n", "A\nB\n")])
def test_the_first_line_without_a_partner_is_named(tmp_path: Path, left: str, right: str) -> None:
    (tmp_path / "x.en").write_text(left)
    (tmp_path / "x.fr").write_text(right)
    longer, shorter = ("en", "fr") if len(left) > len(right) else ("fr", "en")
    with pytest.raises(DataError) as caught:
        Parallel(suffixes=["en", "fr"]).load(tmp_path / "x")
    assert str(caught.value) == (
        f"{tmp_path}/x.{longer}:2: no partner for this line: {tmp_path}/x.{shorter} has only 1"
    )


def test_a_missing_half_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.en").write_text("a\n")
    with pytest.raises(DataError, match=r"x\.fr: no such file"):
        Parallel(suffixes=["en", "fr"]).load(tmp_path / "x")


def test_a_change_to_either_half_is_noticed(tmp_path: Path) -> None:
    reader = Parallel(suffixes=["en", "fr"])
    (tmp_path / "x.en").write_text("a\n")
    (tmp_path / "x.fr").write_text("A\n")
    reader.load(tmp_path / "x")
    (tmp_path / "x.fr").write_text("B\n")
    assert reader.load(tmp_path / "x")["target"] == ["B"]


def test_one_file_holds_both_sides(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text('a "b\tA "B\n\nc\tC\n')
    assert list(Parallel().load(path)) == [{"source": 'a "b', "target": 'A "B'}, {"source": "c", "target": "C"}]
    path.write_text("a\tA\nb\n")
    with pytest.raises(DataError, match=r"x\.tsv:2: 1 columns; expected source and target with a tab between"):
        Parallel().load(path)


@pytest.mark.parametrize("suffixes", [["en"], ["en", "en"], ["en", "fr", "de"]])
def test_suffixes_are_two(suffixes: list[str]) -> None:
    with pytest.raises(ValidationError, match="name two suffixes"):
        Parallel(suffixes=suffixes)


def test_columns_beyond_the_first_two_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "fra.txt"
    path.write_text("go\tva\tCC-BY\nrun\tcours\tCC-BY\n")
    notes: list[str] = []
    with notes_to(notes.append):
        assert list(Parallel().load(path)) == [{"source": "go", "target": "va"}, {"source": "run", "target": "cours"}]
    told = f"{path}: 3 columns; the first two are read as source and target (reader.names names them)"
    assert notes == [told]


def test_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("1\tva\tgo\tCC-BY\n2\tcours\trun\n")
    reader, notes = Parallel(names=["_", "fr", "en"]), list[str]()
    with notes_to(notes.append):
        assert list(reader.load(path)) == [{"fr": "va", "en": "go"}, {"fr": "cours", "en": "run"}]
        assert list(reader.load(path, {"en": FILLED})) == [{"en": "go"}, {"en": "run"}]
    assert notes == []
    with pytest.raises(DataError, match="no column 'de': there are _, fr, en"):
        reader.load(path, {"de": FILLED})


@pytest.mark.parametrize(
    ("text", "names", "problem"),
    [
        ("a\tb\tc\nd\te\n", [], ":2: 2 columns; expected 3, as in the lines before"),
        ("a\tb\nd\te\tf\n", [], ":2: 3 columns; expected source and target with a tab between"),
        ("a\tb\tc\nd\te\n", ["_", "x", "y"], ":2: 2 columns; expected 3 (_, x, y)"),
    ],
)
def test_a_line_with_other_columns_is_named(tmp_path: Path, text: str, names: list[str], problem: str) -> None:
    path = tmp_path / "x.txt"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        Parallel(names=names).load(path)
    assert str(caught.value) == f"{path}{problem}"


@pytest.mark.parametrize(
    "wrong", [{"names": ["a"]}, {"names": ["a", "a"]}, {"names": ["a", "b"], "suffixes": ["c", "d"]}]
)
def test_impossible_names_are_refused(wrong: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError):
        Parallel(**wrong)  # type: ignore[arg-type]


def test_pairs_with_an_empty_side_are_left_out_where_both_are_needed(tmp_path: Path) -> None:
    (tmp_path / "x.en").write_text("a\n\n\nb\nc\n")
    (tmp_path / "x.fr").write_text("A\n\nB\n \nC\n")
    notes: list[str] = []
    with notes_to(notes.append):
        table = Parallel(suffixes=["en", "fr"]).load(tmp_path / "x", {"source": FILLED, "target": FILLED})
    assert list(table["source"]) == ["a", "c"]
    assert notes == [
        f"{tmp_path}/x:3: 'source' is empty; left out 1 of 4 rows for that",
        f"{tmp_path}/x:4: 'target' is empty; left out 1 of 3 rows for that",
    ]
