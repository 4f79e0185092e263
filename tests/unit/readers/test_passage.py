from pathlib import Path

import pytest

from seqnlp.errors import DataError
from seqnlp.readers import text
from seqnlp.readers.text import Passage, Text
from seqnlp.recipe import find_file
from seqnlp.recipe.load import missing_files
from seqnlp.tasks.lm.recipe import LmRecipe

TEXT = "".join(f"Zeile {number} – süß\n" for number in range(40))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "CHUNK", 7)


def read(source: object) -> str:
    return "".join(Passage.parse(str(source), Path).chunks())


def test_slices_are_counted_in_characters(file: Path) -> None:
    assert read(file) == TEXT
    assert read(f"{file}[:90%]") == TEXT[: len(TEXT) * 9 // 10]
    assert read(f"{file}[:90%]") + read(f"{file}[90%:]") == TEXT
    assert read(f"{file}[5:-100]") == TEXT[5:-100]
    assert read(f"{file}[12.5%:50%]") == TEXT[int(len(TEXT) * 0.125) : len(TEXT) // 2]


def test_chunks_end_with_lines_and_are_small(file: Path) -> None:
    chunks = list(Passage(file).chunks())
    assert len(chunks) > 10
    assert all(chunk.endswith("\n") or not chunk.endswith(" ") for chunk in chunks)


def test_line_ends_and_byte_order_marks_are_not_text(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbfone two\r\nthree\r\n\r\nfour")
    assert read(path) == "one two\nthree\n\nfour"


def test_a_single_long_word_is_read(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(b"x" * 1000)
    assert read(path) == "x" * 1000


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[:ninety]", "'ninety' is not an offset in a text"),
        ("[:0.9]", "a percentage is written 0.9%"),
        ("[500%:]", "no text in it"),
    ],
)
def test_wrong_slices(file: Path, source: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(f"{file}{source}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no text in it"),
        (b"good\nb\xe4d\n", r"txt:2: byte 0xe4 in column 2 is not UTF-8; data\.reader\.encoding = \"cp1252\" reads it"),
        (b"good \xc3", "ends in the middle of a character"),
        (b"bin\0ary", "NUL byte"),
        (b"\xff\xfea\0", "UTF-16"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(path)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    folder = tmp_path / "books"
    folder.mkdir()
    for name, content in {
        "b.txt": "zwei\r\n",
        "a.txt": "eins",
        "c.txt": "drei",
        "c.md": "none",
        "[x].txt": "vier",
    }.items():
        (folder / name).write_bytes(content.encode())
    (folder / "d.txt").mkdir()
    return folder


def test_files_that_a_pattern_names_are_one_text(books: Path) -> None:
    assert read(books / "?.txt") == "eins\nzwei\ndrei"
    assert read(f"{books}/*.txt") == "vier\neins\nzwei\ndrei"
    assert read(f"{books}/[x].*") == "vier"
    assert read(f"{books}/?.txt[50%:]") == "ei\ndrei"
    assert Text().load(books / "?.txt")["text"] == ["eins", "zwei", "drei"]
    with pytest.raises(DataError, match=r"z\*\.txt: no file matches this pattern"):
        read(books / "z*.txt")


def test_a_pattern_is_looked_up_where_its_folder_is(books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(books.parent)
    recipe = LmRecipe.model_validate({"task": "lm", "data": {"train": "books/?.txt[:90%]", "dev": "books/b.txt"}})
    assert list(recipe.split("books/?.txt", find_file).chunks())[-1] == "drei"
    assert missing_files(recipe, Path("recipe.toml")) == []
    with pytest.raises(DataError, match=r"book/: no such folder"):
        recipe.split("book/?.txt", find_file)
    (books / "e*.txt").write_text("fünf", encoding="utf-8")  # a file of this very name
    (books / "e1.txt").write_text("sechs", encoding="utf-8")
    assert "".join(recipe.split("books/e*.txt", find_file).chunks()) == "fünf"
