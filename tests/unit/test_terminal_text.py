"""Text of others on its way to a terminal."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from seqnlp.terminal_text import GuardedStream, own_stream, visible

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x00\x07\x08\x0b\x0c\x1f\x7f", "\\x00\\x07\\x08\\x0b\\x0c\\x1f\\x7f"),
        ("\x80\x9b\x9f\xa0", "\\x80\\x9b\\x9f\xa0"),
        ("\u202aa\u202e\u2066\u2069", "\\u202aa\\u202e\\u2066\\u2069"),
        ("\ud800\udcff", "\\ud800\\udcff"),
        ("a\rb", "a\\rb".replace("\\r", "\\x0d")),
        ("a\tb\r\nc\n", "a\tb\r\nc\n"),
        ("né\u0301 का 👩‍🔬 \u200f؟", "né\u0301 का 👩‍🔬 \u200f؟"),
    ],
)
def test_what_a_terminal_obeys_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


def streams(encoding: str, *, escape: bool, lossy: bool = False) -> tuple[io.BytesIO, GuardedStream]:
    raw = io.BytesIO()
    return raw, GuardedStream("it", io.TextIOWrapper(raw, encoding), escape=escape, lossy=lossy)


def test_text_and_bytes_go_through_the_same_door() -> None:
    raw, stream = streams("utf-8", escape=True)
    print("a\x1b[1m", "é", file=stream)
    stream.buffer.write("ü\x9b".encode()[:1])  # a character in two pieces
    stream.buffer.write("ü\x9b".encode()[1:] + b"\xff\n")
    own_stream(stream).write("\x1b[0m")
    own_stream(stream).flush()
    assert raw.getvalue() == b"a\\x1b[1m \xc3\xa9\n\xc3\xbc\\x9b\\xff\n\x1b[0m"


def test_an_encoding_without_the_character() -> None:
    raw, stream = streams("latin-1", escape=True)
    print("é\x9b€\ud800", file=stream)
    assert raw.getvalue() == b"\xe9\\x9b\\u20ac\\ud800\n"


def test_a_pipe_gets_every_byte() -> None:
    raw, stream = streams("utf-8", escape=False)
    print("a\x1b[1m\r\u202e\ud800", file=stream)
    stream.buffer.write(b"\xff")
    stream.flush()
    assert raw.getvalue() == "a\x1b[1m\r\u202e\\ud800\n".encode() + b"\xff"
    assert own_stream(stream) is stream


def test_bars_return_to_the_beginning_of_their_line() -> None:
    raw, stream = streams("utf-8", escape=True)
    for piece in ("\r10%| a\rb\x1b[A", "\n\n", "\x1b[A\x1b[A", "x\x1b[A", "\n\x1b[31m", "\r\r"):
        stream.for_bars.write(piece)
    shown = b"\r10%| a\\x0db\\x1b[A\n\n\x1b[A\x1b[Ax\\x1b[A\n\\x1b[31m\\x0d\\x0d"
    assert raw.getvalue() == shown


class Full(io.BytesIO):
    def write(self, _: object, /) -> int:
        raise OSError(28, "No space left on device")


def test_messages_that_cannot_be_written_are_dropped() -> None:
    GuardedStream("it", io.TextIOWrapper(Full()), escape=True, lossy=True).write("x\n")
    with pytest.raises(OSError, match="it") as caught:
        GuardedStream("it", io.TextIOWrapper(Full()), escape=True, lossy=False).write("x\n")
    assert caught.value.filename == "it"


PAYLOAD = "\x1b]0;PWN\x07\x9b31m\u202e\x08\x7f"
WAYS = [
    (["recipes", "check", PAYLOAD], 4),
    (["recipes", "show", "{file}"], 0),
    (["recipes", "check", "{file}"], 3),
    (["runs", "ls", PAYLOAD], 4),
    ([PAYLOAD], 2),
    (["runs", "ls", f"--{PAYLOAD}"], 2),
]


@pytest.mark.parametrize(("words", "code"), WAYS)
def test_a_sample_of_ways_to_a_terminal(words: list[str], code: int, tmp_path: Path) -> None:
    """All of them are in tests/faults/test_escapes.py."""
    file = tmp_path / f"{PAYLOAD}.toml"
    file.write_text(f'task = "tag" {PAYLOAD}\n')
    command = [sys.executable, "-m", "seqnlp", *(word.format(file=file) for word in words)]
    outer, inner = pty.openpty()
    child = subprocess.Popen(command, cwd=ROOT, stdin=inner, stdout=inner, stderr=inner)
    os.close(inner)
    sent = b""
    while True:
        try:
            data = os.read(outer, 1 << 16)
        except OSError:  # the end of a terminal
            break
        sent += data
    os.close(outer)
    assert child.wait() == code
    assert b"PWN" in sent
    text = sent.decode()
    assert not set(PAYLOAD) - set("]0;PWN31m") & set(text) - {"\x1b"}
    assert "\x1b]" not in text


CLOSED = [
    ("recipes ls >&-", 0),
    ("recipes ls 2>&-", 0),
    ("recipes ls >&- 2>&-", 0),
    ("recipes ls >&- 2>&- <&-", 0),
    ("recipes ls >/dev/full", 4),
    ("recipes ls 2>/dev/full", 0),
    ("recipes show nothing >&- 2>&- <&-", 4),
    ("runs ls --nothing 2>&-", 2),
    ("tui <&-", 2),
    ("recipes ls | head -1; exit ${PIPESTATUS[0]}", 0),
    ("recipes ls 2>&1 | head -1; exit ${PIPESTATUS[0]}", 0),
]

FAILING_WRITES = [case for case in CLOSED if "full" in case[0] or "head" in case[0]]
"""Cases in which a buffer decides when a write fails."""


@pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX")
@pytest.mark.parametrize(
    ("words", "code", "buffered"),
    [(words, code, True) for words, code in CLOSED]
    + [pytest.param(*case, False, marks=() if case in FAILING_WRITES else pytest.mark.slow) for case in CLOSED],
)
def test_closed_and_full_streams_end_with_a_right_code(words: str, code: int, buffered: bool) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": "" if buffered else "1"}
    command = f"{sys.executable} -m seqnlp {words}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, env=environment, check=False)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr
