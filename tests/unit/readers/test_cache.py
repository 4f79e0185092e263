"""The cache: what an entry says about itself, and when it is removed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from seqnlp.notes import notes_to
from seqnlp.readers import Csv, Text
from seqnlp.readers import cache as cached
from seqnlp.readers.cache import CacheEntry, clear, entries, read_entry, remove, table_folder, try_lock
from seqnlp.readers.rows import write_table

OPEN = """
import sys
from pathlib import Path
from seqnlp.readers import Text
table = Text().load(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.readline()
print(table["text"][0])
"""


@pytest.fixture(autouse=True)
def no_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))


def tables() -> list[CacheEntry]:
    return list(entries(table_folder()))


def test_an_entry_tells_its_file_its_size_and_its_use(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    Text().load(path)
    (entry,) = tables()
    assert (entry.kind, list(entry.files)) == ("table", [str(path)])
    assert entry.size >= sum(file.stat().st_size for file in entry.path.rglob("*.arrow")) > 0
    Text().load(path)
    assert tables()[0].used > entry.used


def test_the_entry_of_what_a_file_held_before_is_dropped(tmp_path: Path) -> None:
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    other.write_text("a\nother\n")
    Csv().load(other)
    for text in ("one", "two", "three"):
        path.write_text(f"a\n{text}\n")
        assert list(Csv().load(path)["a"]) == [text]
    assert sorted(next(iter(entry.files)) for entry in tables()) == [str(path), str(other)]


def test_other_settings_keep_theirs(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    Csv().load(path)
    Csv(numeric_columns=["b"]).load(path)
    Csv().read_columns(path, ["a"])
    assert len(tables()) == 3


def test_an_entry_of_several_equal_files_stays_for_those_that_did_not_change(tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    for path in (first, second):
        path.write_text("same\n")
        Text().load(path)
    (entry,) = tables()
    assert set(entry.files) == {str(first), str(second)}
    first.write_text("new\n")
    Text().load(first)
    assert {frozenset(entry.files) for entry in tables()} == {frozenset([str(first)]), frozenset([str(second)])}
    second.write_text("newer\n")
    Text().load(second)
    assert len(tables()) == 2


def test_an_earlier_version_of_the_same_file_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    Text().load(path)
    monkeypatch.setattr(cached, "VERSION", cached.VERSION + 1)
    Text().load(path)
    assert [entry.version for entry in tables()] == [cached.VERSION]


@pytest.mark.skipif(not cached.LOCKS, reason="an open file can't be removed there anyway")
def test_what_another_process_has_open_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before\n")
    command = [sys.executable, "-c", OPEN, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "open\n"
        path.write_text("after\n")
        Text().load(path)
        assert len(tables()) == 2
        removed, kept = clear()
        assert (len(removed), len(kept)) == (1, 1)
        assert not remove(kept[0].path)
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.read() == "before\n"
    assert remove(kept[0].path)
    assert tables() == []


def test_a_fault_halfway_leaves_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(Exception, match="1 columns"):
        Csv().load(path)
    assert tables() == []


@pytest.mark.parametrize("name", ["*.arrow", "digests.json"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: content.replace(b"one", b"two") if b"one" in content else b"[1]",
    ],
)
def test_a_damaged_table_is_read_anew(damage: Callable[[bytes], bytes], name: str, tmp_path: Path) -> None:
    path, notes = tmp_path / "a.csv", list[str]()
    path.write_text("a\none\n")
    Csv().load(path)
    (file,) = tables()[0].path.rglob(name)
    content = damage(file.read_bytes())
    file.unlink()
    file.write_bytes(content)
    with notes_to(notes.append):
        for _ in range(2):
            assert list(Csv().load(path)["a"]) == ["one"]
    (note,) = notes
    assert note.endswith(f": damaged; {path} is read anew")


@pytest.mark.parametrize("kept", [0, 10, 200])
def test_a_table_that_a_crash_cut_is_read_anew(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\none\n")
    Csv().load(path)
    entry = tables()[0].path
    (entry / "digests.json").unlink()
    content = (entry / "table.arrow").read_bytes()
    (entry / "table.arrow").unlink()
    (entry / "table.arrow").write_bytes(content[:kept])
    assert list(Csv().load(path)["a"]) == ["one"]
    assert (entry / "digests.json").exists()


def test_the_file_of_a_killed_writer_goes_with_the_next_table(tmp_path: Path) -> None:
    killed, at_work, fresh = (tmp_path / f".t.arrow.{pid}.1" for pid in (1, 2, 3))
    for file in (killed, at_work, fresh):
        file.write_bytes(b"x")
        if file != fresh:
            os.utime(file, (1, 1))
    with at_work.open("rb") as held:
        assert try_lock(held.fileno())
        write_table(tmp_path / "t.arrow", {"a": "text"}, iter([{"a": "b"}]))
    assert sorted(file.name for file in tmp_path.iterdir()) == [at_work.name, fresh.name, "t.arrow"]


def test_clear_removes_nothing_but_entries(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x\n")
    Text().load(path)
    foreign = [cache / "generator" / "default-0" / "x.arrow", tmp_path / "user" / "seqnlp" / "tui.log"]
    for file in foreign:
        file.parent.mkdir(parents=True)
        file.write_text("of another program")
    outside = tmp_path / "outside"
    outside.mkdir()
    (table_folder() / "link").symlink_to(outside)
    assert len(clear()[0]) == 1
    assert all(file.exists() for file in [*foreign, outside, path])


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"files": 1, "kind": 2, "version": 3}', b"\xff"])
def test_a_damaged_entry_is_an_unfinished_one(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "entry.json").write_bytes(text)
    assert (read_entry(tmp_path).kind, read_entry(tmp_path).files) == ("unfinished", {})
