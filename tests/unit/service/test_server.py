"""The worker's loop: several requests at once, stopping, errors. No model is needed for that."""

from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from seqnlp.errors import DataError, UsageError
from seqnlp.service import server as serve
from seqnlp.service.protocol import Request, from_line, to_line
from seqnlp.service.server import Answer, Server

Sent = list[dict[str, Any]]


def serving(**answers: Callable[[], Iterator[Any]]) -> tuple[Server, "SimpleQueue[dict[str, Any]]", Sent]:
    inbox: SimpleQueue[dict[str, Any]] = SimpleQueue()
    sent: Sent = []
    return Server(inbox, lambda request: Answer(answers[request.do]()), sent.append), inbox, sent


def asked(number: int, do: str) -> dict[str, Any]:
    return {"id": number, "do": do, "run": "runs/x", "settings": {}}


def test_an_answer_ends() -> None:
    server, inbox, sent = serving(count=lambda: iter(range(3)))
    inbox.put(asked(1, "count"))
    server.turn()
    assert sent == [{"id": 1, "data": [0, 1, 2]}, {"id": 1, "end": True}]


def test_requests_take_turns_and_one_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "TIME_SLICE", 0.0)
    closed: list[str] = []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.append("endless")

    server, inbox, sent = serving(endless=endless, count=lambda: iter(range(3)))
    inbox.put(asked(1, "endless"))
    inbox.put(asked(2, "count"))
    for _ in range(5):
        server.turn()
    assert {"id": 2, "end": True} in sent
    assert sum(message["id"] == 1 for message in sent) == 5
    inbox.put({"stop": 1})
    inbox.put(asked(3, "count"))
    before = len(sent)
    server.turn()
    assert all(message["id"] == 3 for message in sent[before:])
    assert closed == ["endless"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UsageError("no\nsense"), ("UsageError", "no sense")),
        (MemoryError(), ("MemoryError", "there is not enough memory")),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: x"), ("MemoryError", "there is not enough memory")),
        (
            RuntimeError("alloc_cpu.cpp: can't allocate memory: you tried to allocate 989999990100 bytes."),
            ("MemoryError", "there is not enough memory: 990.0 GB were asked for in one piece"),
        ),
        (FileNotFoundError(2, "No such file", "a.txt"), ("DataError", "a.txt: No such file")),
        (KeyError("x"), ("InternalError", "KeyError: 'x'")),
        (
            DataError("no such file", "a.csv", hint="did you mean b.csv?", tried=["/x/a.csv"]),
            ("DataError", "a.csv: no such file; did you mean b.csv?"),
        ),
    ],
)
def test_errors_are_told_in_one_line(error: Exception, told: tuple[str, str]) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise error

    def refused() -> Iterator[int]:
        raise error

    server, inbox, sent = serving(fail=failing, refuse=refused, count=lambda: iter([7]))
    inbox.put(asked(1, "fail"))
    inbox.put(asked(2, "refuse"))
    inbox.put(asked(3, "count"))
    server.turn()
    assert sent[0] == {"id": 2, "error": told}
    assert {"id": 1, "data": [1]} in sent
    assert {"id": 1, "error": told} in sent
    assert {"id": 3, "data": [7]} in sent


def test_lines() -> None:
    message = {"id": 1, "text": "ä\n\u2028\ud800"}
    assert to_line(message).count(b"\n") == 1
    assert from_line(to_line(message)) == message
    with pytest.raises(ValueError, match="JSON object"):
        from_line(b"[1]\n")


def test_requests_name_what_they_need() -> None:
    assert Request(**asked(1, "count")).run == "runs/x"
