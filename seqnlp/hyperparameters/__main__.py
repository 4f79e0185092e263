"""Process that trains trials of a search beside others: `python -m seqnlp.hyperparameters ORDER`."""

import json
import os
import signal
import sys
from contextlib import closing
from types import FrameType

from seqnlp.errors import SeqnlpError
from seqnlp.hyperparameters.search import open_trials


def main() -> int:
    """Train trials until there are enough; a signal saves a checkpoint first."""
    stopped: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        stopped.append(number)

    signal.signal(signal.SIGTERM, receive)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the whole group; the parent decides
    parent = os.getppid()
    try:
        with closing(open_trials(json.loads(sys.argv[1])).train()) as steps:
            for _ in steps:
                if stopped or os.getppid() != parent:  # one that was killed can't stop us
                    break
    except SeqnlpError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
