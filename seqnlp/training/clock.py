"""A clock of work: it leaves out the time in which the process stood still, stopped by ctrl-z or otherwise."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import final

BEAT = 0.2
"""Seconds between two looks."""

LATE = 1.0
"""Seconds without a look after which nobody has worked: however busy a process is, its threads come to look before."""


@final
class Clock:
    """Looks at the time again and again; when it could not, the process stood still."""

    def __init__(self, read: Callable[[], float] = time.perf_counter) -> None:
        """Take what tells the seconds."""
        self._read, self._lock = read, Lock()
        self._seen = read()
        self._still = 0.0
        self._running = False

    def now(self) -> float:
        """Seconds of work since some moment."""
        with self._lock:  # whoever looks first after a pause leaves it out
            seen = self._read()
            gap, self._seen = seen - self._seen, seen
            if self._running and gap > LATE:
                self._still += gap - BEAT
            return seen - self._still

    @contextmanager
    def running(self) -> Iterator[None]:
        """Inside, pauses are noticed."""
        done = Event()

        def look() -> None:
            while not done.wait(BEAT):
                self.now()

        thread = Thread(target=look, name="clock", daemon=True)
        self.now()
        self._running = True
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self._running = False
