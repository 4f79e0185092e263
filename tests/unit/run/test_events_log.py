"""The log of a training: broken lines, and what a resume makes undone."""

from pathlib import Path

import pytest

from seqnlp.errors import RunError
from seqnlp.events import Evaluated, Event, Saved, Started, Stepped
from seqnlp.run.events_log import append_event, drop_broken_line, read_events, read_recent_events


def started(step: int) -> Started:
    return Started(step, 0.0, 0.0, steps=10, epochs=1.0, parameters=5, items_name="words")


def stepped(step: int, loss: float = 1.0) -> Stepped:
    return Stepped(step, 0.0, 0.0, loss=loss, lr=0.1, items=step, items_per_second=1.0)


def logged(path: Path, *events: Event) -> list[tuple[str, int]]:
    for event in events:
        append_event(path, event)
    return [(event["event"], event["step"]) for event in read_events(path)]


def test_events_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert read_events(path) == []
    assert read_recent_events(path) == []
    append_event(path, Evaluated(3, 1.5, 2.0, {"accuracy": 0.5, "perplexity": float("inf")}, "accuracy", True))
    expected = {
        "event": "evaluated",
        "step": 3,
        "epoch": 1.5,
        "seconds": 2.0,
        "scores": {"accuracy": 0.5, "perplexity": None},
        "metric": "accuracy",
        "best": True,
        "examples": [],
    }
    assert read_events(path) == [expected]
    assert read_recent_events(path) == [expected]


def test_a_resume_drops_what_the_earlier_attempt_did_later(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    first = (started(0), stepped(1), stepped(2), Saved(2, 0.2, 1.0), stepped(3), stepped(4))
    assert logged(path, *first, started(2), stepped(3)) == [
        ("started", 0),
        ("stepped", 1),
        ("stepped", 2),
        ("saved", 2),
        ("started", 2),
        ("stepped", 3),
    ]
    assert logged(path, started(1), stepped(2)) == [("started", 0), ("stepped", 1), ("started", 1), ("stepped", 2)]
    assert logged(path, started(0)) == [("started", 0)]


def test_a_broken_last_line_is_passed_over_and_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    logged(path, started(0), stepped(1))
    whole = path.read_bytes()
    for broken in (b'{"event": "step', b"\0\0\0", b'{"event": "saved", "step": 1}'):
        path.write_bytes(whole + broken)
        assert [event["step"] for event in read_events(path)] == [0, 1]
        assert [event["step"] for event in read_recent_events(path)] == [0, 1]
        drop_broken_line(path)
        assert path.read_bytes() == whole
    drop_broken_line(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"event": "saved"}', '{"event": 1, "step": 1}', ""])
def test_a_broken_line_in_the_middle_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "events.jsonl"
    logged(path, started(0))
    with open(path, "a") as log:
        log.write(line + "\n")
    append_event(path, stepped(1))
    with pytest.raises(RunError, match=r"events\.jsonl:2: damaged"):
        read_events(path)


def test_the_end_of_a_long_log_is_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = '{"event": "saved", "step": %d, "epoch": 1, "seconds": 1, "more": "' + "x" * 1000 + '"}\n'
    path.write_text("".join(line % step for step in range(200)))
    recent = read_recent_events(path)
    assert recent[-1]["step"] == 199
    assert 10 < len(recent) < 100
