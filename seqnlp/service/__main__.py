"""`python -m seqnlp.service [DEVICE]`: answers requests on stdin until its end."""

import os
import sys
from queue import SimpleQueue
from threading import Thread
from typing import Any

from seqnlp.devices import set_opening_device
from seqnlp.service.protocol import Request, to_line
from seqnlp.service.server import Answer, Server, read_into


def main() -> None:
    """Load the library, report readiness, and serve."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line: single steps are too small to share
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints is no answer
    inbox: SimpleQueue[dict[str, Any]] = SimpleQueue()
    Thread(target=read_into, args=(inbox, sys.stdin.buffer), daemon=True).start()
    for device in sys.argv[1:]:
        set_opening_device(device)
    from seqnlp.service.handlers import Models, answer

    models = Models()

    def begin(request: Request) -> Answer:
        return answer(request, models)

    out.write(to_line({"ready": True}))
    try:
        Server(inbox, begin, lambda message: _send(out.fileno(), to_line(message))).run()
    except KeyboardInterrupt:
        os._exit(130)


def _send(handle: int, line: bytes) -> None:
    """Write a whole line; the reader may be slow, or gone."""
    try:
        while line:
            line = line[os.write(handle, line) :]
    except BrokenPipeError:
        os._exit(0)


main()
