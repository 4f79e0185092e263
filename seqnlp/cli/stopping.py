"""Stopping a training by a signal; the command that resumes it."""

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from seqnlp.errors import Interrupted


def resuming_command(recipe: str, settings: list[str], out: Path | None, seeds: int | None = None) -> str:
    """Command that resumes a training, ready to be copied."""
    words = ["seqnlp", "train", recipe, *(word for setting in settings for word in ("-s", setting))]
    words += [] if seeds is None else ["--seeds", str(seeds)]
    return shlex.join([*words, *([] if out is None else ["--out", str(out)]), "--resume"])


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collect the first SIGINT or SIGTERM; a second one exits at once."""
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if received:
            raise Interrupted("stopped at once", 128 + number)
        received.append(number)

    before = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
