"""The application in a real browser: what is drawn, what is asked for, and when the page asks before it closes."""

import asyncio
import os
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from seqnlp.tui.trainings import Trainings

pytest.importorskip("aiohttp", reason="the extra `web` is not installed")
pytest.importorskip("textual_serve", reason="the extra `web` is not installed")

pytestmark = pytest.mark.anyio

BROKEN = "terminal.dispatchEvent(new CloseEvent('close', { code: 1006 }))"
"""What a page hears when its connection breaks off."""


async def test_in_chromium(real_site: Any, browser: Any, colours_in: Any) -> None:
    site = real_site
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
    assert site.address in asked
    assert all(url.startswith((site.address, "data:", "blob:" + site.origin)) for url in asked), asked
    assert browser.complaints() == []  # of what the policy forbids, for instance
    assert await browser.value("document.cookie") == ""
    assert not await browser.leave()


async def test_another_page_leads_there_at_once_and_learns_nothing_later(site: Any, browser: Any) -> None:
    from aiohttp import web
    from aiohttp.test_utils import TestServer

    heard = list[str]()

    async def answer(request: web.Request) -> web.Response:
        heard.append(f"{request.rel_url} {request.raw_headers}")
        link = f"<a href={site.address}>seqnlp</a><script>document.querySelector('a').click()</script>"
        return web.Response(text=link if len(heard) == 1 else "", content_type="text/html")

    app = web.Application()
    app.router.add_get("/notebook", answer)
    async with TestServer(app) as elsewhere:  # of another user, maybe
        address = str(elsewhere.make_url("/notebook"))
        await browser.open(address)
        assert await browser.value("location.href") == site.address
        await browser.tell("Runtime.evaluate", expression=f"setTimeout(() => location.href = '{address}')")
        await browser.wait(lambda: len(heard) == 2)
    assert site.root.strip("/") not in " ".join(heard)


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


async def test_ctrl_v_pastes_what_was_copied_elsewhere(site: Any, browser: Any) -> None:
    await browser.open(site.address)
    grant = {"origin": site.origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    await browser.tell("Browser.grantPermissions", **grant)
    await browser.tell(
        "Runtime.evaluate", expression="navigator.clipboard.writeText('body')", awaitPromise=True, userGesture=True
    )
    await browser.type("no ")  # it has the focus then
    await browser.wait(lambda: "❯ no" in browser.drawn())
    key = {"key": "v", "code": "KeyV", "windowsVirtualKeyCode": 86, "modifiers": 2}
    # what a browser does with that key, unless the page prevents it
    await browser.tell("Input.dispatchKeyEvent", type="rawKeyDown", commands=["paste"], **key)
    await browser.tell("Input.dispatchKeyEvent", type="keyUp", **key)
    await browser.wait(lambda: "❯ no body" in browser.drawn())
    paste = (  # as the menu of the right button does, and the middle button
        "const data = new DataTransfer(); data.setData('text/plain', '_lstm');"
        "document.querySelector('.xterm-helper-textarea').dispatchEvent("
        "new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))"
    )
    await browser.tell("Runtime.evaluate", expression=paste)
    await browser.wait(lambda: "❯ no body_lstm" in browser.drawn())
    assert browser.complaints() == []


async def test_a_reload_and_a_connection_that_breaks_off_lose_nothing(site: Any, browser: Any) -> None:
    await browser.open(site.address)
    await browser.type("tagger")
    await browser.wait(lambda: "1 of 4" in browser.drawn())
    family = site.family()
    for way in ("location.reload()", BROKEN):
        browser.forget()
        await browser.tell("Runtime.evaluate", expression=f"setTimeout(() => {way})")
        await browser.wait(lambda: "❯ tagger" in browser.drawn())
        assert family.items() <= site.family().items(), way
    await browser.type("s")
    await browser.wait(lambda: "No run has these words" in browser.drawn())
    assert browser.complaints() == []


async def test_on_a_phone(site: Any, browser: Any) -> None:
    screen = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    await browser.tell("Emulation.setDeviceMetricsOverride", **screen)
    await browser.tell("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=5)
    await browser.open(site.address)
    assert await browser.value("innerWidth") == 390  # without a viewport it were 980, drawn in miniature
    assert await browser.value("document.documentElement.scrollWidth") == 390
    lines = browser.drawn().splitlines()
    assert 36 <= max(map(len, lines)) <= 42
    assert 30 <= len("\n".join(lines).rstrip().splitlines()) <= 45
    assert await browser.value("matchMedia('(pointer: coarse)').matches")
    keys = await browser.value("document.getElementById('keys').getBoundingClientRect().top")
    assert await browser.value("document.getElementById('terminal').getBoundingClientRect().bottom") <= keys
    await browser.tap("help")
    await browser.wait(lambda: "esc closes" in browser.drawn())
    await browser.tap("esc")
    await browser.wait(lambda: "esc closes" not in browser.drawn())
    await browser.type("pos")
    await browser.wait(lambda: "1 of 4" in browser.drawn())
    if folder := os.environ.get("SEQNLP_SHOTS"):
        await asyncio.sleep(1)
        picture = b64decode((await browser.tell("Page.captureScreenshot", format="png"))["data"])
        Path(folder, "phone.png").write_bytes(picture)
    assert browser.complaints() == []
