"""The worker process as the application sees it."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import Any, final

from seqnlp.service.predictor import Predictor, PredictorDied, PredictorError, State
from seqnlp.service.protocol import LONGEST, from_line, to_line

GRACE = 0.5
"""Seconds that a worker has to end by itself when it is no longer needed."""

Message = dict[str, Any]


@final
class WorkerPredictor(Predictor):
    """Asks a process of its own, which is started when it is needed, and anew if it has died."""

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "seqnlp.service")) -> None:
        super().__init__()
        self._command = command
        self._process: Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._answers: dict[int, asyncio.Queue[Message]] = {}
        self._last_words: deque[str] = deque(maxlen=20)
        self._asked = 0
        self._closed = False

    async def start(self) -> None:
        """Start the process if there is none."""
        async with self._starting:
            if self._process is not None or self._closed:
                return
            self.become(State.LOADING)
            try:
                # a session of its own: what the terminal sends to the application is not for the worker
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=LONGEST, start_new_session=True
                )
            except OSError as error:
                self.obituary = f"It can't be started: {(error.strerror or str(error)).lower()}."
                self.become(State.DEAD)
                raise PredictorDied(self.obituary) from error
            self._listening = asyncio.create_task(self._listen(self._process))

    async def stream(self, do: str, run: str, settings: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        """Send a request, and pass on what comes back."""
        await self.start()
        if self._process is None:
            raise PredictorDied("closed" if self._closed else self.obituary)
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
                raise PredictorDied(message["died"])
            if "error" in message:
                raise PredictorError(*message["error"])
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
        done, _ = await asyncio.wait([listening], timeout=GRACE)
        if not done:
            with suppress(ProcessLookupError):
                process.kill()
            await listening

    def _send(self, message: Message) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(to_line(message))  # requests are few and short: no need to wait until they are taken

    async def _listen(self, process: Process) -> None:
        """Pass on all that a process says until it is gone; then tell those who still wait."""
        assert process.stdout is not None
        self._last_words.clear()
        errors = asyncio.create_task(self._read_errors(process))
        reason = ""
        try:
            while line := await process.stdout.readline():
                message = from_line(line)
                if "ready" in message:
                    self.become(State.READY)
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
        self.obituary = reason or self._why(code)
        self.become(State.ASLEEP if self._closed else State.DEAD)
        for queue in self._answers.values():
            queue.put_nowait({"died": self.obituary})

    async def _read_errors(self, process: Process) -> None:
        assert process.stderr is not None
        with suppress(ValueError):
            while line := await process.stderr.readline():
                self._last_words.append(line.decode("utf-8", "replace").rstrip())

    def _why(self, code: int) -> str:
        if code == -signal.SIGKILL:
            return "It was killed; perhaps there was not enough memory."
        if code < 0:
            return f"It was ended by {signal.Signals(-code).name}."
        words = next((line.strip() for line in reversed(self._last_words) if line.strip()), "")
        return f"It has ended with code {code}" + (f": {words}" if words else ".")
