"""A clock of work: it leaves out the time in which the process stood still, stopped by ctrl-z or otherwise."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import final

BEAT = 0.2
"""Seconds between two looks."""

LATE = 1.0
"""Seconds without a look, and without work of the processor, after which the process must have stood still."""


@final
class Clock:
    """Looks at the time again and again; when it could not, the process stood still."""

    def __init__(
        self, read: Callable[[], float] = time.perf_counter, worked: Callable[[], float] = time.process_time
    ) -> None:
        """Take what tells the seconds, and those that the processor has worked for this process."""
        self._read, self._worked, self._lock = read, worked, Lock()
        self._seen, self._done = read(), worked()
        self._still = 0.0
        self._running = False

    def now(self) -> float:
        """Seconds of work since some moment."""
        with self._lock:  # whoever looks first after a pause leaves it out
            seen, done = self._read(), self._worked()
            gap, work = seen - self._seen, done - self._done
            self._seen, self._done = seen, done
            if self._running and gap > LATE and work < BEAT:  # others may keep the looker waiting, but they work
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
