"""No way to a terminal lets a control character of others through; what is written stays readable."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.terminal_ways import ways

pytestmark = [pytest.mark.faults, pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are of POSIX")]

RAW = ["\x1b]0;PWN", "\x1b[31mRED", "\x9b", "\x9d", "\u202e", "\u2066", "\rCR", "\x08", "\x7f"]
"""Pieces of the payload that a terminal would obey. Colours and cursor movements of our own are none of them."""
NAMES = [way.name for way in ways(Path())]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came out, by the name of the way."""
    script = Path(__file__).with_name("terminal_ways.py")
    folder = tmp_path_factory.mktemp("escapes")
    done = subprocess.run([sys.executable, script, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {told["way"]: told for told in map(json.loads, done.stdout.splitlines())}
    failed = [name for name, told in found.items() if raw_in(told)]
    print(f"escapes: {len(found)} ways to a terminal tried, {len(failed)} failed")
    return found


def text_of(told: dict[str, Any]) -> str:
    return base64.b64decode(told["sent"]).decode("utf-8", "replace")


def raw_in(told: dict[str, Any]) -> list[str]:
    return [piece for piece in RAW if piece in text_of(told)]


def test_there_are_many_ways() -> None:
    assert len(NAMES) == len(set(NAMES)) >= 43


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_payload_comes_out_raw(name: str, tried: dict[str, dict[str, Any]]) -> None:
    told = tried[name]
    text = text_of(told)
    assert not raw_in(told), text
    assert told["code"] is not None, f"hangs: {text}"
    if told["expected"] is not None:
        assert told["code"] == told["expected"], text
    if not told["silent"]:
        assert "PWN" in text, f"the payload was not there to be seen: {text}"
