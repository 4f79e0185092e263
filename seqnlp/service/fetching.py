"""Download of a public corpus in a process of its own.

It tells its progress, one JSON object a line:

`python -m seqnlp.service.fetching NAME FOLDER` writes `{"done": bytes, "size": bytes}` as they arrive, then
`{"folder": path}` or `{"error": message}`. It ends when its standard input does: with the application.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from threading import Thread
from time import monotonic

from seqnlp.errors import SeqnlpError
from seqnlp.readers.catalogue import CATALOGUE
from seqnlp.readers.fetch import fetch
from seqnlp.service.protocol import to_line
from seqnlp.terminal_text import open_streams

PERIOD = 0.1
"""Seconds between two messages about progress."""


def main(name: str, into: str) -> int:
    """Fetch a corpus into a folder of corpora, telling the progress."""
    size = CATALOGUE[name].size if name in CATALOGUE else 0
    files: dict[str, int] = {}
    told = 0.0

    def progress(file: str, done: int, _: int) -> None:
        nonlocal told
        files[file] = done
        if monotonic() - told > PERIOD:
            told = monotonic()
            _tell({"done": sum(files.values()), "size": size})

    try:
        folder = fetch(name, Path(into), None, progress)
    except SeqnlpError as error:
        _tell({"error": str(error)})
        return error.code
    _tell({"folder": str(folder)})
    return 0


def _tell(message: dict[str, object]) -> None:
    sys.stdout.buffer.write(to_line(message))
    sys.stdout.buffer.flush()


def _end_with_input() -> None:
    """Interrupt the download once the application is gone; what is half there is then removed."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    open_streams()
    Thread(target=_end_with_input, daemon=True).start()
    try:
        sys.exit(main(sys.argv[1], sys.argv[2]))
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(130)
