"""Round-robin server: each request advances for a moment in turn, so that none waits for another's end."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from time import monotonic
from typing import IO, Any, final

from seqnlp.errors import DataError, OutOfMemory, SeqnlpError
from seqnlp.service.protocol import Request, from_line

TIME_SLICE = 0.015
"""Seconds of a request's turn, after which its items are sent."""

Message = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """Lazy answer to a request."""

    items: Iterator[Any]
    pack: Callable[[list[Any]], list[Any]] = list
    """Turns the items of a time slice into JSON values, which are sent together."""


@final
class Server:
    """Event loop over the requests in a queue."""

    def __init__(
        self, inbox: SimpleQueue[Message], answer: Callable[[Request], Answer], send: Callable[[Message], None]
    ) -> None:
        """Set up.

        Args:
            inbox: Messages of the application.
            answer: Begins to answer a request.
            send: Sends a message to the application.
        """
        self._inbox, self._answer, self._send = inbox, answer, send
        self._open: dict[int, Answer] = {}

    def run(self) -> None:
        """Serve for ever; the end of the input ends the process."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Accept new messages and advance each open request once; wait if none is open."""
        while not self._open or not self._inbox.empty():
            self._accept(self._inbox.get())
        for number in list(self._open):
            self._advance(number)

    def _accept(self, message: Message) -> None:
        if "stop" in message:
            self._open.pop(message["stop"], None)
            return
        request = Request(message["id"], message["do"], message["run"], message["settings"])
        try:
            self._open[request.id] = self._answer(request)
        except Exception as error:
            self._send({"id": request.id, "error": describe(error)})

    def _advance(self, number: int) -> None:
        answer = self._open[number]
        ready: list[Any] = []
        end: Message | None = {"id": number, "end": True}
        until = monotonic() + TIME_SLICE
        try:
            for item in answer.items:
                ready.append(item)
                if monotonic() > until or not self._inbox.empty():
                    end = None
                    break
        except Exception as error:
            end = {"id": number, "error": describe(error)}
        if ready:
            self._send({"id": number, "data": answer.pack(ready)})
        if end is not None:
            del self._open[number]
            self._send(end)


def describe(error: Exception) -> tuple[str, str]:
    """Kind and one-line message of an error; internal errors go to stderr with their traceback."""
    message = " ".join((error.brief if isinstance(error, DataError) else str(error)).split())
    if isinstance(error, SeqnlpError):
        return type(error).__name__, message
    if out_of_memory := OutOfMemory.from_exception(error):
        return "MemoryError", str(out_of_memory)
    if isinstance(error, OSError):
        return "DataError", f"{error.filename}: {error.strerror}" if error.filename else message
    traceback.print_exception(error, file=sys.stderr)
    return "InternalError", f"{type(error).__name__}: {message}" if message else type(error).__name__


def read_into(inbox: SimpleQueue[Message], lines: IO[bytes]) -> None:
    """Put all messages into a queue; the end of the input ends the process."""
    for line in lines:
        inbox.put(from_line(line))
    os._exit(0)
