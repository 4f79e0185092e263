"""Stopping a training by a signal; the command that resumes it."""

import os
import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from seqnlp.errors import Interrupted
from seqnlp.processes import Place


def resuming_command(
    recipe: str, settings: Sequence[str], out: Path | None, options: Sequence[str] = (), verb: str = "train"
) -> str:
    """Command that resumes a training, ready to be copied; `options` are other words of it."""
    words = ["seqnlp", verb, recipe, *(word for setting in settings for word in ("-s", setting)), *options]
    return shlex.join([*words, *([] if out is None else ["--out", str(out)]), "--resume"])


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collect the first SIGINT or SIGTERM; a second one exits at once."""
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if received:
            raise Interrupted("stopped at once", 128 + number)
        received.append(number)

    launched = Place.read(os.environ).size > 1  # whose launcher ends all when one has ended: let this one say why
    before = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if launched else handler)
