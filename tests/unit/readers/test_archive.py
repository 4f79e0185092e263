"""Corpora that are published as an archive: whatever packed it, its files must be the right ones."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from seqnlp.errors import DataError
from seqnlp.readers.catalogue import CATALOGUE, PublicArchive, PublicCorpus
from seqnlp.readers.fetch import fetch
from seqnlp.readers.local import is_fetched

FILES = {"a.wav": b"one" * 100, "b.wav": b"two" * 50}


def packed(files: dict[str, bytes], prefix: str = "clips/", mode: str = "w:gz") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in {f"{prefix}{name}": data for name, data in files.items()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        readme = tarfile.TarInfo(f"{prefix}../README.md")
        archive.addfile(readme, io.BytesIO())
    return content.getvalue()


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lines = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(FILES.items()))
    archive = PublicArchive(
        url="https://x.example/0123.tar.gz",
        name="clips.tar.gz",
        folder="clips",
        files=2,
        size=sum(map(len, FILES.values())),
        sha256=hashlib.sha256(lines.encode()).hexdigest(),
    )
    monkeypatch.setitem(CATALOGUE, "clips", PublicCorpus("Clips", "CC0", {"kind": "audio"}, {}, (), archive))
    folder = tmp_path / "mirror"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(("prefix", "mode"), [("clips/", "w:gz"), ("project-0123/clips/", "w:bz2"), ("./clips/", "w")])
def test_the_right_files_are_unpacked_whatever_packed_them(
    mirror: Path, tmp_path: Path, prefix: str, mode: str
) -> None:
    (mirror / "clips.tar.gz").write_bytes(packed(FILES, prefix, mode))
    told: list[int] = []
    assert not is_fetched("clips", tmp_path)
    folder = fetch("clips", tmp_path, str(mirror), lambda name, done, size: told.append(done))
    assert {file.name: file.read_bytes() for file in (folder / "clips").iterdir()} == FILES
    assert [file.name for file in folder.iterdir()] == ["clips"]
    assert is_fetched("clips", tmp_path)
    assert told[-1] == CATALOGUE["clips"].size
    (mirror / "clips.tar.gz").unlink()
    assert fetch("clips", tmp_path, str(mirror)) == folder  # is there, and right


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (packed({**FILES, "a.wav": b"0ne" * 100}), "other files in clips/: sha256"),
        (packed({"a.wav": FILES["a.wav"]}), "1 files in clips/; expected 2"),
        (packed({**FILES, "c.wav": b"x"}), "more than the expected 450 bytes"),
        (packed(FILES)[:-60], "a damaged archive"),
        (b"no archive", "a damaged archive"),
    ],
)
def test_other_files_are_refused_and_nothing_is_left(
    mirror: Path, tmp_path: Path, content: bytes, problem: str
) -> None:
    (mirror / "clips.tar.gz").write_bytes(content)
    with pytest.raises(DataError, match=problem):
        fetch("clips", tmp_path, str(mirror))
    assert list((tmp_path / "clips").iterdir()) == []


def test_a_path_out_of_the_folder_writes_nothing_there(mirror: Path, tmp_path: Path) -> None:
    (mirror / "clips.tar.gz").write_bytes(packed({**FILES, "../../evil.wav": b""}))
    fetch("clips", tmp_path, str(mirror))
    assert list(tmp_path.parent.rglob("evil.wav")) == []


def test_an_unpacked_folder_with_other_files_is_told(mirror: Path, tmp_path: Path) -> None:
    (mirror / "clips.tar.gz").write_bytes(packed(FILES))
    folder = fetch("clips", tmp_path, str(mirror))
    (folder / "clips" / "a.wav").write_bytes(b"1" * 300)
    with pytest.raises(DataError, match="other files in clips/"):
        fetch("clips", tmp_path, str(mirror))
