import gzip
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers.files import matching_files, open_text, raw_lines, read_text, sha256, sha256_once

LINES = st.lists(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=9))


@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans(), st.booleans())
def test_lines_come_back_whatever_their_ends(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], end: str, last: bool, mark: bool, packed: bool
) -> None:
    lines = [line.removeprefix("\ufeff") for line in lines]
    if lines and not last and not lines[-1]:
        lines[-1] = "x"
    text = end.join(lines) + (end if last and lines else "")
    data = ("\ufeff" if mark and text else "").encode() + text.encode()
    path = tmp_path_factory.getbasetemp() / "lines"
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    assert list(open_text(path)) == lines
    assert "".join(raw_lines(path)) == text
    assert read_text(path) == text.replace("\r\n", "\n")
    assert "".join(raw_lines(path, keep_mark=True)).encode() == data


def test_only_line_feeds_end_lines(tmp_path: Path) -> None:
    path = tmp_path / "odd.txt"
    path.write_text("a\u2028b\x0bc\x85d\n")
    assert list(open_text(path)) == ["a\u2028b\x0bc\x85d"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"fine\nna\xefve\n", ":2: byte 0xef in column 3 is not UTF-8; convert the file to UTF-8"),
        (b"fine\nfine\n\x00\x01\n", ":3: a NUL byte: this is a binary file; expected UTF-8 text"),
        ("text\n".encode("utf-16"), ": this is UTF-16 text; expected UTF-8"),
        (gzip.compress(b"text\n" * 99, mtime=0)[:-9], ": a broken gzip file: "),
        (b"\x1f\x8b\x08 no more", ": a broken gzip file: "),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        list(open_text(path))
    assert str(caught.value).startswith(f"{path}{problem}")


def test_a_missing_file_has_its_nearest_neighbour_named(tmp_path: Path) -> None:
    (tmp_path / "train.conllu").touch()
    with pytest.raises(DataError) as caught:
        list(open_text(tmp_path / "trian.conllu"))
    assert str(caught.value) == (
        f"{tmp_path / 'trian.conllu'}: no such file; did you mean {tmp_path / 'train.conllu'}?"
    )
    with pytest.raises(DataError, match=r"nowhere/at/all: no such file$"):
        sha256([tmp_path / "nowhere" / "at" / "all"])


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="this is a folder; expected a file"):
        list(open_text(tmp_path))


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("x\n")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"secret\.txt: Permission denied"):
        list(open_text(path))
    with pytest.raises(DataError, match=r"secret\.txt: Permission denied"):
        sha256([path])


def test_the_hash_of_two_files_is_that_of_their_contents_in_order(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    assert sha256([first]) == hashlib.sha256(b"one").hexdigest()
    assert sha256([first, second]) == hashlib.sha256(b"onetwo").hexdigest()


def test_a_digest_is_that_of_the_file_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    for content in (b"one", b"two", b"three"):
        file.write_bytes(content)
        os.utime(file, ns=(1, len(content) * 10**9))
        expected = hashlib.sha256(content).hexdigest()
        assert sha256_once(file) == sha256_once(file) == expected
    with pytest.raises(DataError, match="no such file"):
        sha256_once(tmp_path / "b.txt")


def test_a_pattern_names_files_and_no_link_that_leads_nowhere(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.csv"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder.txt").mkdir()
    heard: list[str] = []
    with notes_to(heard.append):
        assert [file.name for file in matching_files(tmp_path / "*.txt")] == ["a.txt", "b.txt"]
        assert [file.name for file in matching_files(tmp_path / "*.csv")] == ["c.csv"]
    assert heard == [f"{tmp_path}/*.txt: this pattern matches 1 folder (folder.txt), too, whose files are left out"]
    with pytest.raises(DataError, match=r"but the folder folder\.txt does: name the files in it"):
        matching_files(tmp_path / "fol*")
    (tmp_path / "d.txt").symlink_to(tmp_path / "c.csv")
    assert [file.name for file in matching_files(tmp_path / "*.txt")] == ["a.txt", "b.txt", "d.txt"]
    (tmp_path / "c.csv").unlink()
    with pytest.raises(DataError, match=r"d\.txt: this link leads to no file"):
        matching_files(tmp_path / "*.txt")
