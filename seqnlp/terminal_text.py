"""Text of files, models and servers on its way to a terminal: control characters become visible.

A terminal obeys what is written to it: a label with an escape sequence moves the cursor, changes the title of the
window or answers for the user. `guard_streams` therefore puts a filter before the standard streams of a process, so
that a `print` needs to know nothing of it. Whoever draws with escape sequences of its own (rich, Textual) makes its
texts visible itself, and writes to `own_stream`. A pipe or a file gets every byte as it is.
"""

from __future__ import annotations

import codecs
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, BinaryIO, cast, final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BIDI = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates, which show a text in another order than it has."""
UNSAFE = re.compile(f"\r(?!\n)|[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f{BIDI}\ud800-\udfff]")
"""Control characters except tabs and ends of lines, controls of the writing direction, and lone surrogates."""
BAR = re.compile("\r(?=[^\r])|(?:\n|\x1b\\[A)+\\Z")
"""Beginning of a piece of tqdm: a bar that is drawn again, or a move to another bar, which comes alone."""


def visible(text: str) -> str:
    r"""Escape the characters that a terminal would obey, as `\x1b` or `\u202e`; tabs and newlines stay."""
    return UNSAFE.sub(_escape, text) if UNSAFE.search(text) else text


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


@final
class _Filter(io.RawIOBase):
    """Bytes on their way to a standard stream."""

    def __init__(
        self, name: str, stream: BinaryIO, encoding: str, *, escape: bool, lossy: bool, bars: bool = False
    ) -> None:
        """Set up.

        Args:
            name: The stream in messages.
            stream: Where the bytes go.
            encoding: That of the bytes.
            escape: Make control characters visible.
            lossy: Drop what cannot be written: messages without a reader do not end a training.
            bars: Let progress bars return to the beginning of their line.
        """
        self._name, self._stream, self._encoding, self._lossy, self._bars = name, stream, encoding, lossy, bars
        self._decoder = codecs.getincrementaldecoder(encoding)("backslashreplace") if escape else None

    def write(self, data: ReadableBuffer, /) -> int:
        taken = bytes(data)
        shown = taken
        if self._decoder:
            text = self._decoder.decode(taken)
            own = BAR.match(text) if self._bars else None
            start = own.end() if own else 0
            shown = (text[:start] + visible(text[start:])).encode(self._encoding, "backslashreplace")
        with self._errors():
            self._stream.write(shown)
        return len(taken)

    def flush(self) -> None:
        if not self._stream.closed:  # the interpreter closes it at its end
            with self._errors():
                self._stream.flush()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self._lossy:
                error.filename = error.filename or self._name
                raise

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


@final
class GuardedStream(io.TextIOWrapper):
    """Standard stream with visible control characters, also of its `buffer`."""

    def __init__(self, name: str, stream: io.TextIOWrapper, *, escape: bool, lossy: bool) -> None:
        bytes_out, encoding = cast("BinaryIO", stream.buffer), stream.encoding
        # a lone surrogate is no reason to end; in JSON this is how it is written
        errors = "backslashreplace" if escape or stream.errors == "strict" else stream.errors

        def door(*, escape: bool, bars: bool = False) -> BinaryIO:
            # a raw stream is enough for a text stream that keeps nothing back
            return cast("BinaryIO", _Filter(name, bytes_out, encoding, escape=escape, lossy=lossy, bars=bars))

        super().__init__(door(escape=escape), encoding, errors, newline="", line_buffering=escape, write_through=True)
        self._behind = stream  # a stream that is collected closes its buffer
        self.unguarded: IO[str] = self
        self.for_bars: IO[str] = self
        if escape:
            self.for_bars = io.TextIOWrapper(
                door(escape=True, bars=True), encoding, errors, newline="", write_through=True
            )
            self.unguarded = io.TextIOWrapper(door(escape=False), encoding, errors, newline="", write_through=True)


def guard_streams() -> None:
    """Put a filter before standard output and standard error.

    Control characters become visible on a terminal, and in standard error wherever it goes: it is for people, who look
    at logs with a terminal, too.
    """
    out, err = sys.stdout, sys.stderr
    if isinstance(out, io.TextIOWrapper) and not isinstance(out, GuardedStream):
        sys.stdout = GuardedStream("standard output", out, escape=out.isatty(), lossy=False)
    if isinstance(err, io.TextIOWrapper) and not isinstance(err, GuardedStream):
        sys.stderr = GuardedStream("standard error", err, escape=True, lossy=True)


def own_stream(stream: IO[str]) -> IO[str]:
    """Stream behind the filter, for those whose texts are visible already."""
    return stream.unguarded if isinstance(stream, GuardedStream) else stream


def bar_stream() -> IO[str]:
    """Standard error for progress bars of libraries, which carry others' names."""
    return sys.stderr.for_bars if isinstance(sys.stderr, GuardedStream) else sys.stderr


def open_streams() -> None:
    """Open closed standard streams, so that no file gets their numbers.

    Output is discarded then; reading standard input is an error, as it is no empty text.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY)  # takes the lowest number that is free: this one
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def flush_output() -> OSError | None:
    """Flush standard output; if that fails, discard what is left and return the error."""
    try:
        sys.stdout.flush()
    except OSError as error:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
        return error
    return None


def print_path(path: str | os.PathLike[str]) -> None:
    """Print a path with the bytes that it has on the disk."""
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(path) + b"\n")
    sys.stdout.buffer.flush()
