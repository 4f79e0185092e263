"""Client of the model service, as the application sees it."""

from __future__ import annotations

import asyncio
import signal
from abc import ABC, abstractmethod
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from enum import Enum
from typing import Any, final

from seqnlp.devices import opening_device
from seqnlp.processes import module_command
from seqnlp.service.protocol import MAX_LINE_BYTES, from_line, to_line

EXIT_TIMEOUT = 0.5
"""Seconds that the process has to end by itself when it is no longer needed."""

Message = dict[str, Any]


class ServiceState(Enum):
    """State of the service's process."""

    ASLEEP = "asleep"
    """Not started; the next request starts it."""
    LOADING = "loading"
    """Loading the library, which takes a second or two."""
    READY = "ready"
    DEAD = "dead"
    """Has died; the next request starts another one."""


class ServiceError(Exception):
    """A failed request: `kind` is the name of an error class, the message one line."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


class ServiceDied(ServiceError):
    """The process is gone, and with it the answer."""

    def __init__(self, message: str) -> None:
        super().__init__("Died", message)


class ModelService(ABC):
    """Answers requests about runs, of the kinds in `seqnlp.service.requests`; tests have one without models."""

    def __init__(self) -> None:
        self.state = ServiceState.ASLEEP
        self.exit_reason = ""
        """Why it died, if it did."""
        self.listeners: list[Callable[[ServiceState], None]] = []

    def set_state(self, state: ServiceState) -> None:
        """Change the state, and call the listeners."""
        if state is not self.state:
            self.state = state
            for listener in list(self.listeners):
                listener(state)

    @abstractmethod
    async def start(self) -> None:
        """Start in the background; harmless if it is already started."""

    @abstractmethod
    async def close(self) -> None:
        """Stop for good."""

    @abstractmethod
    def stream(self, do: str, run: str, settings: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        """Items of an answer as they come; closing the generator (`aclosing`) stops the answer.

        Args:
            do: The kind of request, for instance `generate`.
            run: The directory of the run.
            settings: Keyword arguments of the library's call.

        Raises:
            ServiceError: the request made no sense, or something broke.
        """

    async def ask(self, do: str, run: str, settings: Mapping[str, Any]) -> Any:
        """The answer to a request that has one item only."""
        async with aclosing(self.stream(do, run, settings)) as items:
            async for item in items:
                return item
        raise ServiceError("InternalError", f"{do}: no answer")


def service_command() -> list[str]:
    """Command of the process that serves: it opens models on the device that is chosen for this one."""
    device = opening_device()
    return [*module_command("seqnlp.service"), *([] if device is None else [device])]


@final
class ServiceClient(ModelService):
    """Service in a child process, started on demand, also after a crash."""

    def __init__(self, command: Sequence[str] | None = None) -> None:
        super().__init__()
        self._command = command or service_command()
        self._process: Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._answers: dict[int, asyncio.Queue[Message]] = {}
        self._stderr: deque[str] = deque(maxlen=20)
        self._asked = 0
        self._closed = False

    @property
    def process(self) -> Process | None:
        """The process, while there is one."""
        return self._process

    async def start(self) -> None:
        async with self._starting:
            if self._process is not None or self._closed:
                return
            self.set_state(ServiceState.LOADING)
            try:
                # a session of its own: what the terminal sends to the application is not for the service
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=MAX_LINE_BYTES, start_new_session=True
                )
            except OSError as error:
                self.exit_reason = f"It can't be started: {(error.strerror or str(error)).lower()}."
                self.set_state(ServiceState.DEAD)
                raise ServiceDied(self.exit_reason) from error
            self._listening = asyncio.create_task(self._listen(self._process))

    async def stream(self, do: str, run: str, settings: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        await self.start()
        if self._process is None:
            raise ServiceDied("closed" if self._closed else self.exit_reason)
        self._asked += 1
        number = self._asked
        queue = self._answers[number] = asyncio.Queue()
        ended = False
        try:
            self._send({"id": number, "do": do, "run": run, "settings": dict(settings)})
            while True:
                message = await queue.get()
                if "data" not in message:
                    break
                for item in message["data"]:
                    yield item
            ended = True
            if "died" in message:
                raise ServiceDied(message["died"])
            if "error" in message:
                raise ServiceError(*message["error"])
        finally:
            self._answers.pop(number, None)
            if not ended:
                self._send({"stop": number})

    async def close(self) -> None:
        """End the process: the end of its input tells it to."""
        self._closed = True
        process, listening = self._process, self._listening
        if process is None or listening is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        done, _ = await asyncio.wait([listening], timeout=EXIT_TIMEOUT)
        if not done:
            with suppress(ProcessLookupError):
                process.kill()
            await listening

    def _send(self, message: Message) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(to_line(message))  # requests are few and short: no need to wait until they are taken

    async def _listen(self, process: Process) -> None:
        """Pass on all messages until the process is gone; then tell the requests that still wait."""
        assert process.stdout is not None
        self._stderr.clear()
        errors = asyncio.create_task(self._read_errors(process))
        reason = ""
        try:
            while line := await process.stdout.readline():
                message = from_line(line)
                if "ready" in message:
                    self.set_state(ServiceState.READY)
                elif (queue := self._answers.get(message.get("id", 0))) is not None:
                    queue.put_nowait(message)
        except ValueError:  # a line that is none of ours, or far too long
            reason = "It said something that makes no sense."
            with suppress(ProcessLookupError):
                process.kill()
        await errors
        code = await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        self._process = None
        self.exit_reason = reason or self._reason_for(code)
        self.set_state(ServiceState.ASLEEP if self._closed else ServiceState.DEAD)
        for queue in self._answers.values():
            queue.put_nowait({"died": self.exit_reason})

    async def _read_errors(self, process: Process) -> None:
        assert process.stderr is not None
        with suppress(ValueError):
            while line := await process.stderr.readline():
                self._stderr.append(line.decode("utf-8", "replace").rstrip())

    def _reason_for(self, code: int) -> str:
        if code == -signal.SIGKILL:
            return "It was killed; perhaps there was not enough memory."
        if code < 0:
            return f"It was ended by {signal.Signals(-code).name}."
        words = next((line.strip() for line in reversed(self._stderr) if line.strip()), "")
        return f"It has ended with code {code}" + (f": {words}" if words else ".")
