"""Predictor: whatever answers the questions of the screens. A process of its own, or in tests no model at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from enum import Enum
from typing import Any


class State(Enum):
    """Where the one who answers stands."""

    ASLEEP = "asleep"
    """Not started; the next question starts it."""
    LOADING = "loading"
    """Loading the library, which takes a second or two."""
    READY = "ready"
    DEAD = "dead"
    """Has died; the next question starts another one."""


class PredictorError(Exception):
    """Something went wrong with a question: `kind` is the name of an error class, the message one line."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


class PredictorDied(PredictorError):
    """The worker is gone, and with it the answer."""

    def __init__(self, message: str) -> None:
        super().__init__("Died", message)


class Predictor(ABC):
    """Answers questions about runs; see `seqnlp.service.handlers` for what can be asked."""

    def __init__(self) -> None:
        self.state = State.ASLEEP
        self.obituary = ""
        """Why it died, if it did."""
        self.listeners: list[Callable[[State], None]] = []

    def become(self, state: State) -> None:
        """Be in a state, and tell those who watch."""
        if state is not self.state:
            self.state = state
            for listener in list(self.listeners):
                listener(state)

    @abstractmethod
    async def start(self) -> None:
        """Get ready in the background; harmless if it is already."""

    @abstractmethod
    async def close(self) -> None:
        """End, for good."""

    @abstractmethod
    def stream(self, do: str, run: str, settings: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        """The items of an answer as they come; closing the generator (`aclosing`) stops the answer.

        Args:
            do: The question, for instance `generate`.
            run: The directory of the run.
            settings: What it needs besides.

        Raises:
            PredictorError: the question made no sense, or something broke.
        """

    async def ask(self, do: str, run: str, settings: Mapping[str, Any]) -> Any:
        """The answer to a question that has one item only."""
        async with aclosing(self.stream(do, run, settings)) as items:
            async for item in items:
                return item
        raise PredictorError("InternalError", f"{do}: no answer")
