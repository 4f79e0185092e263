"""The application in a real browser: what is drawn, what is asked for, and when the page asks before it closes."""

import asyncio
import os
import zlib
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from seqnlp.tui.trainings import Trainings

pytest.importorskip("aiohttp", reason="the extra `web` is not installed")
pytest.importorskip("textual_serve", reason="the extra `web` is not installed")

pytestmark = pytest.mark.anyio


async def test_in_chromium(site: Any, browser: Any) -> None:
    await browser.open(site.address)
    assert await browser.value("document.body.classList.contains('-first-byte')")
    await browser.type("tagger")
    await browser.wait(lambda: "1 of 4" in browser.drawn())
    await asyncio.sleep(1)  # until it is painted
    picture = b64decode((await browser.tell("Page.captureScreenshot", format="png"))["data"])
    if folder := os.environ.get("SEQNLP_SHOTS"):
        Path(folder, "web.png").write_bytes(picture)
    colours = colours_in(picture)
    assert (0x12, 0x15, 0x1A) in colours  # the background of the theme
    assert (0xE3, 0xB7, 0x78) in colours  # its accent
    asked = [event["request"]["url"] for event in browser.events("Network.requestWillBeSent")]
    assert site.address + "/" in asked
    assert all(url.startswith((site.address, "data:", "blob:" + site.address)) for url in asked), asked
    assert browser.complaints() == []  # of what the policy forbids, for instance
    assert not await browser.leave()


async def test_closing_asks_while_a_training_that_was_begun_there_goes_on(
    training_site: Any, browser: Any, runs: Path
) -> None:
    await browser.open(training_site.address)
    await browser.type("b")  # a page that nobody has touched may not ask
    await browser.wait_for("trains")
    assert await browser.leave()
    (training,) = Trainings(runs).alive()
    training.stop()
    await browser.wait_for("!trains")
    assert not await browser.leave()


def colours_in(png: bytes) -> set[tuple[int, ...]]:
    """The colours of a picture (PNG, 8 bits, RGB or RGBA; the specification's five filters)."""
    at, data, width, depth = 8, b"", 0, 0
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, depth = int.from_bytes(body[:4], "big"), {2: 3, 6: 4}[body[9]]
        data += body if kind == b"IDAT" else b""
        at += size + 12
    raw, stride = zlib.decompress(data), width * depth
    above, found = bytearray(stride), set[tuple[int, ...]]()
    for start in range(0, len(raw), stride + 1):
        row = bytearray(raw[start + 1 : start + 1 + stride])
        for i in range(stride):
            left, up = row[i - depth] if i >= depth else 0, above[i]
            corner = above[i - depth] if i >= depth else 0
            match raw[start]:
                case 1:
                    row[i] = (row[i] + left) % 256
                case 2:
                    row[i] = (row[i] + up) % 256
                case 3:
                    row[i] = (row[i] + (left + up) // 2) % 256
                case 4:
                    guess = left + up - corner
                    row[i] = (row[i] + min((left, up, corner), key=lambda near: abs(guess - near))) % 256
        above = row
        found.update(tuple(row[i : i + 3]) for i in range(0, stride, depth))
    return found
