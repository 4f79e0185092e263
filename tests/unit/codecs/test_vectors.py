import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from seqnlp.codecs import WordVectors
from seqnlp.errors import DataError

Write = Callable[[str | bytes], Path]
GLOVE = "the 0.5 -1 2e-1\ncat 1 2 3\nthe_end 4 5 6\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "vectors.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [GLOVE, "3 3\n" + GLOVE, GLOVE.replace("\n", " \n"), GLOVE.replace("\n", "\r\n"), GLOVE + "\n", GLOVE.rstrip()],
    ids=["glove", "word2vec", "fasttext", "windows", "empty line", "no last newline"],
)
def test_formats(write: Write, content: str) -> None:
    vectors = WordVectors.read(write(content), 100, {})
    assert vectors.words == ["the", "cat", "the_end"]
    assert vectors.size == 3
    assert vectors.matrix is not None
    assert vectors.matrix.dtype == np.float32
    np.testing.assert_allclose(vectors.matrix, np.array([[0, 0, 0], [0.5, -1, 0.2], [1, 2, 3], [4, 5, 6]]))


def test_words_are_looked_up_as_they_are_then_in_lower_case(write: Write) -> None:
    vectors = WordVectors.read(write("the 1\nThe 2\nus 3\n"), 100, {})
    assert vectors.encode(["the", "The", "THE", "US", "it"]).tolist() == [1, 2, 1, 3, 0]


def test_words_in_any_script_and_with_blanks(write: Write) -> None:
    vectors = WordVectors.read(write("мир 1 2\n. . . 3 4\n\u2028 5 6\nü\x85 7 8\n"), 100, {})
    assert vectors.words == ["мир", ". . .", "\u2028", "ü\x85"]


def test_of_a_large_file_the_first_words_and_those_of_train_are_kept(write: Write) -> None:
    path = write("a 1\nb 2\nc 3\nd 4\ne 5\n")
    vectors = WordVectors.read(path, 2, {"d": 1, "E": 3})
    assert vectors.words == ["a", "b", "d", "e"]
    assert vectors.encode(["E", "c"]).tolist() == [4, 0]


def test_saved_words_are_equal(write: Write) -> None:
    vectors = WordVectors.read(write(GLOVE), 100, {})
    again = WordVectors.from_json(json.loads(json.dumps(vectors.to_json())))
    assert (again.words, again.size, again.matrix) == (vectors.words, 3, None)
    assert again.encode(["Cat", "x"]).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("a 1 2\nb 1\n", 2, "expected 2 numbers after the word 'b', found 1"),
        ("a\nb\n", 1, "expected some numbers after the word 'a', found 0"),
        ("a 1 2\nb 1 x\n", 2, "not a number after the word 'b'"),
        (b"\x00\xff\xfe" * 100, 1, "expected some numbers after the word"),
        ("", None, "no vectors in it"),
        ("2 3\n", None, "no vectors in it"),
    ],
)
def test_faults_name_the_line(write: Write, content: str | bytes, line: int | None, problem: str) -> None:
    path = write(content)
    with pytest.raises(DataError) as caught:
        WordVectors.read(path, 100, {})
    assert (caught.value.path, caught.value.line) == (path, line)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 150


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        WordVectors.read(tmp_path / "none.txt", 1, {})
    with pytest.raises(DataError, match="directory"):
        WordVectors.read(tmp_path, 1, {})
