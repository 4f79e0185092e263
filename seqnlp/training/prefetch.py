"""Batches gathered ahead by a thread, while an accelerator computes."""

from collections.abc import Callable, Iterable
from contextvars import copy_context
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import final

import numpy as np
from numpy.typing import NDArray

from seqnlp.model import Batch

AHEAD = 4
"""Batches that wait, at most."""
WAIT = 0.1
"""Seconds after which a full queue is looked at again, for its end."""

Rows = NDArray[np.int64]


@final
class Prefetcher:
    """Batches of a plan, gathered by one thread into a bounded queue.

    A batch is a function of its rows alone: those that wait when a training stops are gathered again when it resumes.
    """

    def __init__(self, gather: Callable[[Rows], Batch], plan: Iterable[Rows], ahead: int = AHEAD) -> None:
        """Start the thread.

        Args:
            gather: Makes a batch of rows; an error of it is raised by `take`, in the place of the batch.
            plan: Rows of each batch that will be taken.
            ahead: Batches that wait, at most.
        """
        self._gather, self._plan = gather, plan
        self._queue: Queue[tuple[Rows, Batch | BaseException]] = Queue(ahead)
        self._stop = Event()
        self._thread = Thread(target=copy_context().run, args=(self._run,), name="prefetch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for rows in self._plan:
            made: Batch | BaseException
            try:
                made = self._gather(rows)
            except BaseException as error:  # whatever it is, the thread that takes the batch must hear of it
                made = error
            while not self._stop.is_set():
                try:
                    self._queue.put((rows, made), timeout=WAIT)
                    break
                except Full:
                    continue
            if self._stop.is_set() or isinstance(made, BaseException):
                return

    def take(self, rows: Rows) -> Batch:
        """Take the next batch, which must be that of these rows.

        Raises:
            LookupError: another one is next, or the plan has ended.
        """
        while True:
            try:
                found, made = self._queue.get(timeout=WAIT)
                break
            except Empty:
                if not self._thread.is_alive() and self._queue.empty():
                    raise LookupError("the plan of batches has ended") from None
        if isinstance(made, BaseException):
            raise made
        if not np.array_equal(found, rows):
            raise LookupError("this is not the next batch of the plan")
        return made

    def close(self) -> None:
        """End the thread; batches that wait are dropped."""
        self._stop.set()
        self._thread.join()
