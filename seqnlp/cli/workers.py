"""Predictions by several processes, restartable: `--workers` beside `--out`."""

from __future__ import annotations

import os
import pickle
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from hashlib import sha256
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from seqnlp.cli.common import number_option
from seqnlp.errors import SeqnlpError, UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import WORKERS

if TYPE_CHECKING:
    from seqnlp.records import Block, Values

Workers = Annotated[
    int | None,
    number_option(
        WORKERS,
        "With --out or --beside: processes that predict, each with one thread. What they have predicted stays beside "
        "--out FILE until it is complete: after an interruption the same command goes on from there.",
        metavar="<n>",
    ),
]

CHUNK = 1024
"""Texts that are given to a predictor at once; of a parquet file a row group may be many more."""
AHEAD = 4
"""Chunks a process that are read ahead."""
KEPT = re.compile(r"[0-9a-f]{64}\.json|\.[0-9a-f]{64}\.json\.\d+\.tmp")
"""Names of predicted chunks, and of those whose writing was interrupted."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables with the number of threads of a process."""

Predict = Callable[[list[Any]], Iterable["Values"]]
"""Gives the added values of some texts; None for one without a prediction."""


def chunks(texts: Sequence[Any]) -> list[list[Any]]:
    """Part texts; a missing one becomes empty."""
    whole = ["" if text is None else text for text in texts]
    return [whole[start : start + CHUNK] for start in range(0, len(whole), CHUNK)]


def predicted_blocks(predict: Predict, blocks: Iterable[Block]) -> Iterator[tuple[Block, list[Values]]]:
    """Predict for the texts of blocks, in this process."""
    for block in blocks:
        yield block, [values for part in chunks(block.texts) for values in predict(part)]


class WorkerPool:
    """Processes that predict chunks of texts, in order; each opens the run itself."""

    def __init__(self, predict: Predict, workers: int, kept: Path | None) -> None:
        """Start the processes.

        Args:
            predict: Predicts for a chunk; a pickle of it names the run.
            workers: Number of processes.
            kept: Folder of predicted chunks; those of an earlier call with the same settings and texts are taken. None:
                nothing is kept.

        Raises:
            seqnlp.errors.UsageError: the predictor can't be sent to another process.
        """
        try:
            self._pickle = pickle.dumps(predict)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise UsageError(f"--workers: {error}") from None
        self._kept, self._workers, self.reused = kept, workers, 0
        # spawned: a fork would copy the threads' locks of this process, not its threads
        self._pool = ProcessPoolExecutor(workers, get_context("spawn"), _start, (self._pickle,))

    def predicted_blocks(self, blocks: Iterable[Block]) -> Iterator[tuple[Block, list[Values]]]:
        """Predict for the texts of blocks; some are read ahead."""
        waiting: deque[tuple[Block, list[Future[_Answer] | list[Values]]]] = deque()
        ahead = 0
        for block in blocks:
            parts = [self._begin(part) for part in chunks(block.texts)]
            waiting.append((block, parts))
            ahead += len(parts)
            while ahead > AHEAD * self._workers and len(waiting) > 1:
                first, parts = waiting.popleft()
                ahead -= len(parts)
                yield first, self._finish(parts)
        while waiting:
            first, parts = waiting.popleft()
            yield first, self._finish(parts)

    def _begin(self, texts: list[Any]) -> Future[_Answer] | list[Values]:
        from seqnlp.run.files import decode_json

        file = None
        if self._kept is not None:
            name = sha256(self._pickle + to_json(texts).encode("utf-8", "surrogatepass")).hexdigest()
            file = str(self._kept / f"{name}.json")
            with suppress(OSError, ValueError):  # a file that is not there, or was cut off by a full disk
                values: list[Values] = decode_json(Path(file).read_bytes())
                if len(values) == len(texts):
                    self.reused += len(texts)
                    return values
        return self._pool.submit(_predict, texts, file)

    def _finish(self, parts: Sequence[Future[_Answer] | list[Values]]) -> list[Values]:
        from seqnlp.run.files import decode_json

        found: list[Values] = []
        for part in parts:
            if isinstance(part, list):
                found += part
                continue
            try:
                answer, code = part.result()
            except BrokenProcessPool:
                raise SeqnlpError("a process of --workers has ended, perhaps for want of memory") from None
            if code:
                error = SeqnlpError(answer)
                error.code = code
                raise error
            found += decode_json(answer.encode("utf-8", "surrogatepass"))
        return found

    def close(self, complete: bool) -> None:
        """End the processes.

        Args:
            complete: All is written, so that predicted chunks are no longer needed.
        """
        self._pool.shutdown(cancel_futures=True)
        if complete and self._kept is not None:
            with suppress(OSError):
                for file in self._kept.iterdir():
                    if KEPT.fullmatch(file.name):
                        file.unlink()
                self._kept.rmdir()  # unless there is something of the user's in it


_Answer = tuple[str, int]
"""JSON of the values, and 0; or a message and its exit code."""

_function: Predict
"""Function of this process that predicts."""


def _start(function: bytes) -> None:
    """Prepare a process: one thread, no answer to Ctrl-C, an end with its parent."""
    global _function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(dict.fromkeys(THREADS, "1"))
    _function = pickle.loads(function)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _predict(texts: list[Any], file: str | None) -> _Answer:
    """Predict for a chunk; keep the values in a file, if there is one."""
    from seqnlp.run.files import write_bytes

    try:
        found = to_json(list(_function(texts)))
        if file is not None:
            path = Path(file)
            path.parent.mkdir(exist_ok=True)
            write_bytes(path, found.encode("utf-8", "surrogatepass"))
    except SeqnlpError as error:  # many take other arguments than their message, and can't be unpickled
        return str(error), error.code
    except OSError as error:
        return f"{file}: {error.strerror or error}", SeqnlpError.code
    return found, 0


def note_reused(pool: WorkerPool, source: str, unit: str) -> None:
    """Tell how many predictions of an earlier call were taken."""
    if pool.reused:
        print(
            f"note: {source}: the predictions for {pool.reused:,} {unit}s were there, from an interrupted command",
            file=sys.stderr,
        )
