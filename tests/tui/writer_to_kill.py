"""An application that writes without end, in a process that a test kills; it prints how much it has written."""

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # as a script it finds only its own folder

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.lm import LmPanel
from tests.tui.conftest import FakeService


def endless(settings: Mapping[str, Any]) -> Iterator[Any]:
    while True:
        yield {"sample": 0, "text": "0123456789", "lengths": [1] * 10, "logprobs": [-0.5] * 10}


async def main() -> None:
    """Write, and print time and characters."""
    service = FakeService({"load": lambda _: [{}], "generate": endless})
    service.pause = 0.01
    app = SeqnlpApp(Path("runs"), service, run_at(Path("runs/char_lstm")))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Once", "enter")
        await pilot.press("p", *"never sent")
        panel = app.screen.query_one(LmPanel)
        while True:
            print(time.time(), len(panel.session.buffers[0].text), flush=True)
            await asyncio.sleep(0.05)


asyncio.run(main())
