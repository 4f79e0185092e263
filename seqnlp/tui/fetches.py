"""Downloads of public corpora, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from seqnlp.errors import DataError
from seqnlp.processes import module_command

COMMAND = re.compile(r"`seqnlp corpora get ([\w.-]+)`")
"""Advice in a fault of a recipe whose corpus is not there."""

CORPORA = Path("corpora")
"""Folder of corpora, in the working directory."""


@final
@dataclass(frozen=True)
class Progress:
    """Bytes that have arrived, of all."""

    done: int
    size: int

    @property
    def share(self) -> float:
        """Share that has arrived, from 0 to 1."""
        return self.done / self.size if self.size else 0.0


def corpus_to_fetch(faults: Sequence[Mapping[str, Any]]) -> str:
    """Name of the corpus that faults of a recipe advise to fetch; empty if they do not."""
    found = (COMMAND.search(str(fault["hint"])) for fault in faults)
    return next((match[1] for match in found if match), "")


async def fetch(name: str, command: Sequence[str] = ()) -> AsyncGenerator[Progress, None]:
    """Download a corpus into the folder of corpora; closed early, it ends the download.

    Args:
        name: Of the corpus.
        command: Program that is run; by default `seqnlp.service.fetching`.

    Raises:
        seqnlp.errors.DataError: it can't be fetched.
    """
    words = [*(command or module_command("seqnlp.service.fetching")), name, str(CORPORA)]
    process = await asyncio.create_subprocess_exec(
        *words, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    is_there = False
    try:
        async for line in process.stdout:
            message = json.loads(line)
            if "error" in message:
                raise DataError(message["error"])
            is_there = is_there or "folder" in message
            if "done" in message:
                yield Progress(message["done"], message["size"])
        if not is_there:
            raise DataError(f"the download of {name} has ended early")
    finally:
        process.stdin.close()  # which ends it
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 5)
        if process.returncode is None:
            process.kill()
            await process.wait()
