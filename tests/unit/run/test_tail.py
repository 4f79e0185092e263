"""A log that is followed while it is written."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.events import Done, Evaluated, Event, Saved, Started, Stepped, event_from
from seqnlp.run.events_log import Tail, read_events

EVENTS: list[Event] = [
    Started(0, 0.0, 0.0, 10, 2.0, 99, "words"),
    Stepped(1, 0.1, 0.5, 2.5, 0.1, 40, 80.0),
    Evaluated(2, 0.2, 1.0, {"accuracy": 0.5}, "accuracy", True),
    Saved(2, 0.2, 1.1),
    Done(3, 0.3, 2.0, "finished", {"accuracy": 0.5}),
]


def line(event: str, step: int, **more: Any) -> bytes:
    whole = next(each for each in EVENTS if each.to_json()["event"] == event).to_json()
    return json.dumps({**whole, "step": step, **more}).encode() + b"\n"


@pytest.mark.parametrize("event", EVENTS)
def test_events_come_back_from_their_lines(event: Event) -> None:
    assert event_from(json.loads(json.dumps(event.to_json()))) == event


def test_event_from_other_json_is_none() -> None:
    assert event_from({"event": "danced", "step": 1}) is None
    assert event_from({"event": "stepped", "step": 1}) is None


@given(st.lists(st.integers(0, 400), max_size=12), st.lists(st.sampled_from("ses"), max_size=12))
def test_reading_in_pieces_ends_with_the_same_events(tmp_path_factory: Any, cuts: list[int], kinds: list[str]) -> None:
    run = tmp_path_factory.mktemp("run")
    steps = {"s": "stepped", "e": "evaluated"}
    content = line("started", 0) + b"".join(line(steps[kind], number) for number, kind in enumerate(kinds, 1))
    content += line("started", len(kinds) // 2) + line("stepped", len(kinds) // 2 + 1) + b'{"event": "st'
    tail = Tail(run)
    for cut in [*sorted(cuts), len(content)]:
        with open(run / "events.jsonl", "r+b" if (run / "events.jsonl").exists() else "w+b") as file:
            written = len(file.read())
            file.write(content[written:cut])
        tail.read()
    assert tail.events == read_events(run / "events.jsonl")
    assert tail.read() == []


def test_a_log_that_is_begun_anew_is_read_anew(tmp_path: Path) -> None:
    tail, log = Tail(tmp_path), tmp_path / "events.jsonl"
    assert tail.read() == []
    log.write_bytes(line("started", 0) + line("stepped", 1) + line("stepped", 2))
    assert len(tail.read()) == 3
    log.unlink()
    tail.read()
    assert tail.events == []
    assert tail.rewound == 1
    log.write_bytes(line("started", 0))
    assert len(tail.read()) == 1
    assert [(event["event"], event["step"]) for event in tail.events] == [("started", 0)]


def test_a_log_that_was_begun_anew_and_has_outgrown_the_one_before_is_read_anew(tmp_path: Path) -> None:
    tail, log = Tail(tmp_path), tmp_path / "events.jsonl"
    log.write_bytes(line("started", 0) + line("stepped", 1))
    tail.read()
    inode = log.stat().st_ino
    log.write_bytes(b"".join(line("started" if step == 5 else "stepped", step) for step in range(5, 20)))
    assert log.stat().st_ino == inode  # a file system may give a new log the number of the one that was deleted, too
    assert [event["step"] for event in tail.read()] == list(range(5, 20))
    assert tail.events == read_events(log)


def test_damaged_lines_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(line("started", 0) + b"\xff\n{}\n" + line("stepped", 1))
    assert [event["step"] for event in Tail(tmp_path).read()] == [0, 1]
