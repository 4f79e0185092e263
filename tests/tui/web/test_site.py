"""The application in a browser: the page, who may use it, and what a visitor sees."""

import asyncio
import http.client
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

aiohttp = pytest.importorskip("aiohttp", reason="the extra `web` is not installed")
pytest.importorskip("textual_serve", reason="the extra `web` is not installed")
Website = pytest.importorskip("seqnlp.tui.web").Website

ROOT = Path(__file__).parents[3]
PATIENCE = 60.0
"""Seconds to wait for anything, at most."""

pytestmark = pytest.mark.anyio


async def get(client: Any, path: str, **headers: str) -> tuple[int, str, Any]:
    """The status of an answer, its text and its headers."""
    async with client.get(path, headers=headers) as answer:
        return answer.status, await answer.text("latin-1"), answer.headers


async def test_the_page_needs_nothing_from_elsewhere(site: Any) -> None:
    async with site.client() as client:
        _, page, headers = await get(client, "")
        assert not re.search(r"""["'(=]\s*(https?:)?//""", page)
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in headers
        assert site.root.strip("/") not in page
        for file in re.findall(r'(?:src|href)="(static/[^"]+)"|url\("(static/[^"]+)"\)', page):
            assert (await get(client, "".join(file)))[0] == 200
        assert '"><b>' not in (await get(client, '?fontsize="><b>'))[1]


ROUTES = ("", "ws", "static/js/textual.js", "static/", "download/key", "nowhere")


async def test_other_pages_and_other_names_are_refused(site: Any) -> None:
    strangers = ({"Origin": "http://elsewhere.example"}, {"Host": "elsewhere.example"}, {"Origin": "null"})
    async with site.client() as client:
        for path in ROUTES:
            for headers in (*strangers, {"Host": f"localhost.elsewhere.example:{site.port}"}, {"Host": "10.0.0.1"}):
                assert (await get(client, path, **headers))[0] == 403, (path, headers)
            for headers in ({"Origin": "http://[:"}, {"Host": "[:"}):
                assert (await get(client, path, **headers))[0] == 400, (path, headers)
        another = {"Origin": f"http://127.0.0.1:{site.port + 1}"}  # what else this machine serves
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await client.ws_connect("ws", headers=another)
        assert (await get(client, "", Origin=site.origin))[0] == 200
        assert (await get(client, "ws"))[0] == 400
        assert (await get(client, "download/key"))[0] == 404
    assert not site.family()


async def test_nobody_comes_in_without_the_printed_address(site: Any) -> None:
    token = site.root.strip("/")
    wrong = ("", "x/", token[:-1] + "/", token + "x/", f"/{token}/", f"%2f{token}/", "\u00e9/", "%ff/", "%0a/")
    async with aiohttp.ClientSession() as client:
        for address in (f"{site.origin}/{start}{route}" for start in wrong for route in ROUTES):
            for headers in ({}, {"Cookie": f"seqnlp-{site.port}={token}"}, {"Referer": site.address}):
                status, text, told = await get(client, address, **headers)
                assert (status, text) == (403, "Open the address that seqnlp has printed in the terminal."), address
                assert told["Referrer-Policy"] == "no-referrer"
        for address in (site.address[:-1], f"{site.origin}/?token={token}"):
            assert (await get(client, address))[0] == 403
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await client.ws_connect(f"{site.origin}/ws")
    assert not site.family()


def test_each_start_has_an_address_of_its_own() -> None:
    assert len({Website([], "127.0.0.1", 8000).address for _ in range(3)}) == 3


@pytest.mark.parametrize(
    ("name", "status"),
    [("elsewhere.example", 403), ("10.0.0.1", 200), ("[fe80::1]:80", 200), ("localhost", 200), ("{here}:80", 200)],
)
async def test_a_name_that_somebody_elses_server_decides_on_is_refused_on_a_network_too(name: str, status: int) -> None:
    from aiohttp import web

    website = Website(["false"], "0.0.0.0", 80)
    app = website.application()
    app.on_shutdown.clear()  # which would make these tests deaf to ctrl+c
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as client:
            address = website.address.replace("0.0.0.0:80", f"127.0.0.1:{runner.addresses[0][1]}")
            assert (await get(client, address, Host=name.format(here=socket.gethostname())))[0] == status
    finally:
        await runner.cleanup()


def test_nobody_reaches_it_from_elsewhere(site: Any) -> None:
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", site.port))  # another address than the one it listens on


def test_files_of_this_machine_stay_here(site: Any) -> None:
    for path in ("../server.py", "%2e%2e/server.py", "..%2fserver.py", "/etc/passwd", "%2fetc%2fpasswd", "css/../../x"):
        for folder in ("static", "download"):
            line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
            # as it stands here, unlike what a browser would make of it
            line.request("GET", f"{site.root}{folder}/{path}")
            assert line.getresponse().status in (403, 404), path
            line.close()


async def test_nonsense_ends_the_session_quietly(site: Any) -> None:
    async with site.client() as client:
        for said in ("", "no json", "{}", "[]", '["stdin"]', '["stdin", 5]', '["resize", "big"]'):
            async with client.ws_connect("ws?width=wide") as terminal, asyncio.timeout(PATIENCE):
                await terminal.send_str(said)
                while (message := await terminal.receive()).type is not aiohttp.WSMsgType.CLOSE:
                    assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), said


async def test_a_visitor_types_and_leaves(site: Any, read_until: Any) -> None:
    async with site.client() as client, client.ws_connect("ws?width=80&height=24") as terminal:
        assert "pos_gru" in await read_until(terminal, "char_lstm")
        await terminal.send_json(["stdin", "tagger"])
        await read_until(terminal, "1 of 4")
        await terminal.send_json(["resize", {"width": 40, "height": 12}])
        await read_until(terminal, "pos_gru")
        await terminal.send_json(["stdin", "\x11"])
        async with asyncio.timeout(PATIENCE):
            while (message := await terminal.receive()).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                assert message.type is not aiohttp.WSMsgType.ERROR


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = seqnlp("--port", str(port))
    assert done.returncode == 4
    assert done.stderr == f"error: port {port} is taken: --port names another\n"


def test_a_host_that_nobody_knows() -> None:
    done = seqnlp("--host", "no.such.host.invalid")
    assert done.returncode == 4
    assert re.search(r"^error: --host no\.such\.host\.invalid: \w", done.stderr, re.MULTILINE)


def seqnlp(*options: str, before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"{before}\nimport sys; sys.argv[0] = 'seqnlp'; from seqnlp.cli.app import main; main()"
    command = [sys.executable, "-c", code, "tui", "--web", *options]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_without_the_extra() -> None:
    done = seqnlp(before="import sys; sys.modules['textual_serve'] = None")
    assert done.returncode == 2
    assert done.stderr == 'error: tui --web needs textual-serve: pip install "seqnlp[web]"\n'


def test_an_address_that_others_reach_is_warned_of() -> None:
    before = "from seqnlp.tui import web; web.Website.serve = lambda self: None"
    assert "nothing is encrypted" in seqnlp("--host", "0.0.0.0", before=before).stderr
    assert seqnlp("--host", "localhost", before=before).stderr == ""


def test_the_address_can_be_opened() -> None:
    assert Website([], "::1", 8000).public_url == "http://[::1]:8000"
    assert Website([], "::1", 8000).is_private
