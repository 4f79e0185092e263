"""The history of a run: what is kept in files, and found again by others."""

import json
import os
import subprocess
import sys
import time
from array import array
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.generation import packing
from seqnlp.run.summary import Summary
from seqnlp.tui import history
from seqnlp.tui.history import History, PromptWalk
from seqnlp.tui.session import Session

SETTINGS = {"temperature": 0.8, "length": 20, "samples": 2, "seed": None}


def session_of(prompt: str, *texts: str) -> Session:
    session = Session(prompt, len(texts), 7)
    session.begin_all(SETTINGS)
    for number, text in enumerate(texts):
        logprobs = [-0.5 * (place % 9) for place in range(len(text))]
        session.add(number, {"text": text, "lengths": [1] * len(text), "logprobs": logprobs})
    session.stop()
    return session


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "texts/a run"


@pytest.fixture
def ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def as_of(process: int, folder: Path) -> None:
    """Let the files be those of another process."""
    for file in list(folder.glob("*.json")):
        kind, begun, _, rest = file.name.split("-")
        file.rename(folder / f"{kind}-{begun}-{process}-{rest}")


def names(folder: Path, pattern: str = "*") -> list[str]:
    return sorted(file.name.partition("-")[0] for file in folder.glob(pattern))


def test_nothing_is_there_and_nothing_is_made(folder: Path) -> None:
    found = History(folder).open()
    assert (found.prompts, found.draft, found.session) == ([], "", None)
    assert not folder.exists()


def test_all_is_found_again(folder: Path) -> None:
    writer = History(folder, ["runs/a"])
    written = session_of("Once", " upon a time", " more\n")
    writer.add_prompt("first")
    writer.add_prompt("second")
    writer.add_prompt("first")
    writer.save_text(writer.name_for(), written.state())
    writer.set_draft("half a sent")
    found = History(folder).open()
    assert found.prompts == ["second", "first", "half a sent"]
    assert (found.sent, found.draft) == ("first", "half a sent")
    assert found.session is not None
    assert found.session.state() == written.state()
    assert (folder.stat().st_mode & 0o077) == 0  # nobody else's business
    entries = History(folder).entries()
    assert [(entry.kind, entry.prompt, entry.text) for entry in entries] == [("text", "Once", " upon a time")]
    reader = History(folder)
    reader.open()
    assert {entry.prompt for entry in reader.entries()} == {"Once", "first", "second", "half a sent"}


@given(
    prompt=st.text(max_size=5),
    tokens=st.lists(st.sampled_from(["a", "the ", "ä", "漢", "\n", "", "\ud800", "x\n"]), max_size=40),
    branch=st.integers(0, 40),
)
def test_the_state_of_a_text_is_all_of_it(prompt: str, tokens: list[str], branch: int) -> None:
    session = Session(prompt, 1, 7)
    session.begin_all(SETTINGS)
    logprobs = [-0.25 * len(token) for token in tokens]
    session.add(0, {"text": "".join(tokens), "lengths": [len(token) for token in tokens], "logprobs": logprobs})
    session.stop()
    (buffer,) = session.buffers
    if branch < buffer.count:
        session.branch(0, branch, "token", [("new", -1.0)])
    again = Session.from_state(json.loads(json.dumps(session.state())))
    assert again.state() == session.state()
    (restored,) = again.buffers
    assert restored.to_json() == buffer.to_json()
    assert again.undo(0) == session.undo(0)
    assert restored.text == buffer.text
    again.begin(0, 5, SETTINGS)
    again.add(0, {"text": " on", "lengths": [3], "logprobs": [-1.0]})
    assert restored.text.endswith(" on")


def packed(kind: Literal["I", "f"], *numbers: float) -> str:
    return packing.packed(kind, array({"I": "l", "f": "f"}[kind], numbers))


def test_a_text_of_the_first_version_is_read_with_what_could_be_undone(folder: Path) -> None:
    tails = [
        {"at": 5, "text": "at sat", "ends": packed("I", 2, 6), "logprobs": packed("f", -1, -2), "complete": True},
        {"at": 7, "text": "u", "ends": packed("I", 1), "logprobs": packed("f", -3), "complete": False},
    ]
    text = {
        "text": "The cow",
        "start": 4,
        "dropped": 0,
        "dropped_tokens": 0,
        "tokens": 3,
        "complete": False,
        "ends": packed("I", 5, 6, 7),
        "logprobs": packed("f", -0.5, -1, -1),
        "undo": tails,
        "turns": [{"at": 4, "temperature": 0.5, "seed": 7}],
    }
    session = {"prompt": "The ", "seed": 7, "same_seed": False, "current": 0, "texts": [text], "hidden": [text]}
    folder.mkdir(parents=True)
    file = folder / f"text-{0:012x}-1-{0:08x}.json"
    file.write_text(json.dumps({"version": 1, "runs": ["runs/a"], "at": 1.0, "session": session}))
    found = History(folder).open()
    assert found.session is not None
    assert [entry.text for entry in History(folder).entries()] == ["cow"]
    (buffer,) = found.session.buffers
    assert (buffer.text, buffer.tokens, buffer.count) == ("The cow", 3, 3)
    assert found.session.undo(0) == 7
    assert buffer.text == "The cowu"
    assert found.session.undo(0) == 5
    assert (buffer.text, buffer.complete) == ("The cat sat", True)
    assert found.session.undo(0) is None
    found.session.redo(0)
    found.session.redo(0)
    assert buffer.text == "The cow"
    found.session.resize(2)
    assert found.session.buffers[1].text == "The cow"
    assert found.session.turns[0] == text["turns"]


def test_a_run_that_is_trained_anew_has_a_history_of_its_own(tmp_path: Path) -> None:
    def at(path: str, created: str) -> Path:
        return History.of([Summary("a", path, "lm", "finished", "", "", None, 1, created)]).folder

    folders = {at("runs/a", "2025"), at("runs/a", "2026"), at("runs/b", "2025")}
    assert len(folders) == 3
    assert at(str(Path("runs/../runs/a").absolute()), "2025") in folders
    assert all(str(folder).startswith(os.environ["XDG_STATE_HOME"]) for folder in folders)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"version": 1}',
        b'{"version": "1"}',
        b'{"version": 1, "at": 1, "session": {}}',
        b'{"version": 1, "at": 1, "session": []}',
        b'{"version": 1, "at": "x", "session": {"prompt": "", "texts": [], "hidden": [], "seed": 1}}',
    ],
)
def test_a_damaged_file_is_moved_aside_and_the_others_are_read(folder: Path, damage: bytes) -> None:
    writer = History(folder)
    written = session_of("Once", " upon")
    writer.save_text(writer.name_for(), written.state())
    writer.add_prompt("first")
    writer.set_draft("draft")
    for kind in ("text", "prompts", "draft"):
        (folder / f"{kind}-{10**15 // 3:012x}"[:17]).parent.mkdir(exist_ok=True)
        (folder / f"{kind}-00000000ffff-1-0123abcd.json").write_bytes(damage)
        os.utime(folder / f"{kind}-00000000ffff-1-0123abcd.json", (time.time() + 9, time.time() + 9))
    reader = History(folder)
    found = reader.open()
    assert (found.prompts, found.draft) == (["first", "draft"], "draft")
    assert found.session is not None
    assert found.session.state() == written.state()
    assert len(reader.notes) == 3
    assert all("is kept as" in note for note in reader.notes)
    assert len(list(folder.glob("*.damaged"))) == 3
    assert [file.read_bytes() for file in folder.glob("*.damaged")] == [damage] * 3


@given(data=st.data())
def test_no_change_of_a_file_breaks_it(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    """A key that is missing, or has a value of another kind: the text is found, or its file is moved aside."""
    folder = tmp_path_factory.mktemp("texts")
    writer = History(folder)
    name = writer.name_for()
    writer.save_text(name, session_of("Once", " upon").state())
    whole = json.loads((folder / name).read_bytes())
    part: Any = whole
    branch = ("session", "tree", "branches", 1)
    path = data.draw(st.sampled_from([(), ("session",), ("session", "tree"), branch, (*branch, "turns", 0)]))
    for step in path:
        part = part[step]
    key = data.draw(st.sampled_from(sorted(part)))
    values: st.SearchStrategy[Any] = st.sampled_from(
        [None, -1, 10**400, 1.5, "", "x", [], [1], {}, True, "AAAA", "=", [None], [{}]]
    )
    part[key] = data.draw(values)
    (folder / name).write_text(json.dumps(whole))
    reader = History(folder)
    found = reader.open()
    assert found.session is not None or len(reader.notes) == 1
    History(folder).entries()


def test_files_of_a_newer_seqnlp_are_left_alone(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "draft-00000000ffff-1-0123abcd.json").write_text('{"version": 3, "draft": ["?"]}')
    reader = History(folder)
    reader.set_draft("mine")
    assert History(folder).open().draft == "mine"
    assert reader.open().draft == ""  # what one types is no earlier text
    assert any("newer seqnlp" in note for note in reader.notes)
    assert (folder / "draft-00000000ffff-1-0123abcd.json").exists()


def test_two_at_once_do_not_destroy_each_others_texts(folder: Path) -> None:
    first, second = History(folder), History(folder)
    first.open()
    second.open()
    for number, each in enumerate([first, second]):
        each.add_prompt(f"prompt {number}")
        each.set_draft(f"draft {number}")
        each.save_text(each.name_for(), session_of(f"text {number}", " on").state())
    first.add_prompt("another")
    reader = History(folder)
    assert set(reader.open().prompts) == {"prompt 0", "prompt 1", "draft 0", "draft 1", "another"}
    assert {entry.prompt for entry in reader.entries() if entry.kind == "text"} == {"text 0", "text 1"}


def test_what_one_that_ended_has_left_is_taken_over_and_nothing_gone(folder: Path, ended: int) -> None:
    for number in range(4):
        writer = History(folder)
        writer.open()
        writer.add_prompt(f"prompt {number}")
        writer.set_draft(f"draft {number}")
        as_of(ended, folder)
    reader = History(folder)
    reader.open()
    reader.set_draft("now")
    reader.add_prompt("sent")
    assert names(folder) == ["draft", "prompts"]
    kept = {f"{kind} {number}" for kind in ("prompt", "draft") for number in range(4)}
    assert kept < set(History(folder).open().prompts)


def test_a_text_that_goes_on_takes_the_place_of_the_old_one(folder: Path, ended: int) -> None:
    writer = History(folder)
    writer.save_text(writer.name_for(), session_of("Once", " upon").state())
    as_of(ended, folder)
    found = History(folder).open()
    other = History(folder)
    name = other.name_for(found.path)
    other.save_text(name, session_of("Once", " upon a time").state(), found.path)
    assert [entry.text for entry in other.entries()] == [" upon a time"]
    assert other.name_for(str(folder / name)) == name
    third = History(folder)
    third.save_text(third.name_for(str(folder / name)), session_of("Once", " more").state(), str(folder / name))
    assert len(third.entries()) == 2  # the other one may still write


def test_it_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_TEXTS", 5)
    monkeypatch.setattr(history, "MAX_PROMPTS", 4)
    writer = History(folder)
    for number in range(12):
        writer.add_prompt(f"prompt {number}")
        name = writer.name_for()
        writer.save_text(name, session_of(f"text {number}", " on").state())
        os.utime(folder / name, (1000 + number, 1000 + number))
    reader = History(folder)
    assert reader.open().prompts == [f"prompt {number}" for number in range(8, 12)]
    texts = [entry.prompt for entry in reader.entries() if entry.kind == "text"]
    assert sorted(texts) == sorted(f"text {number}" for number in range(7, 12))
    monkeypatch.setattr(history, "MAX_BYTES", 3000)
    writer.save_text(writer.name_for(), session_of("the last", "x" * 2000).state())
    assert [entry.prompt for entry in reader.entries() if entry.kind == "text"] == ["the last"]


def test_all_runs_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: int) -> None:
    monkeypatch.setattr(history, "MAX_TOTAL", 5000)
    for number in range(6):
        folder = tmp_path / f"run {number}"
        writer = History(folder)
        writer.save_text(writer.name_for(), session_of("a", "x" * 200).state())
        writer.close()
        for file in folder.iterdir():
            os.utime(file, (1000 + number, 1000 + number))
    left = sorted(folder.name for folder in tmp_path.iterdir() if any(folder.iterdir()))
    assert left[-1] == "run 5"
    assert 0 < len(left) < 6
    assert sum(file.stat().st_size for file in tmp_path.glob("*/*")) <= 5000


def test_where_nothing_can_be_written_it_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    writer = History(tmp_path / "file/texts")
    writer.add_prompt("first")
    writer.set_draft("draft")
    writer.save_text(writer.name_for(), session_of("a", "b").state())
    assert len(writer.notes) == 1
    assert "is not kept" in writer.notes[0]
    assert writer.prompts == ["first"]  # but known as long as it is open


def test_walking_keeps_the_draft_and_what_was_changed() -> None:
    walk = PromptWalk()
    walk.set_prompts(["one", "two", "three"])
    assert walk.step(1, "draft") is None
    assert walk.step(-1, "draft") == "three"
    assert walk.step(-1, "three, changed") == "two"
    assert walk.step(1, "two") == "three, changed"
    assert walk.step(1, "three, changed") == "draft"
    assert walk.step(1, "draft") is None
    assert [walk.step(-1, text) for text in ("draft", "three, changed", "two", "one")] == [
        "three, changed",
        "two",
        "one",
        None,
    ]


def test_walking_skips_what_stands_in_the_line_already() -> None:
    walk = PromptWalk()
    walk.set_prompts(["one", "two"])
    assert walk.step(-1, "two") == "one"
