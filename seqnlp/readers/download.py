"""HTTP client that a server can neither hold up nor lead astray.

A deadline and a least rate hold for each byte that arrives, those of headers too. Only http and https are spoken, also
after redirects. Nothing that a server says stands in a message but its status code.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead, InvalidURL
from typing import Any, cast, final
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

from seqnlp.errors import DataError

TIMEOUT = 30.0
"""Seconds without a byte."""
WINDOW = 30.0
"""Seconds over which the rate is measured."""
LEAST_RATE = 1024
"""Bytes a second, at least."""
GRACE = 300.0
"""Seconds that a download may take, besides those that its size takes at the least rate."""
REDIRECTS = 5
REDIRECTED = (301, 302, 303, 307, 308)
SCHEMES = ("http", "https")


class TooSlow(Exception):
    """A server that keeps neither the least rate nor the deadline."""


@final
class Pace:
    """Deadline of a download in all its tries, and its least rate."""

    def __init__(self, size: int) -> None:
        self._end = time.monotonic() + GRACE + size / LEAST_RATE
        self._begun, self._bytes = time.monotonic(), 0

    def restart(self) -> None:
        """Begin a new try; the deadline stays."""
        self._begun, self._bytes = time.monotonic(), 0

    def timeout(self) -> float:
        """Seconds to wait for the next bytes.

        Raises:
            TooSlow: the deadline is over.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TooSlow("the deadline is over: the server is too slow")
        return min(TIMEOUT, left)

    def arrived(self, count: int) -> None:
        """Count bytes.

        Raises:
            TooSlow: too few in the last seconds.
        """
        self._bytes += count
        seconds = time.monotonic() - self._begun
        if seconds >= WINDOW:
            if self._bytes < LEAST_RATE * seconds:
                raise TooSlow(
                    f"the server is too slow: {self._bytes:,} bytes in {seconds:.0f} s, "
                    f"expected {LEAST_RATE:,} a second or more"
                )
            self.restart()


@final
class _PacedBytes(io.RawIOBase):
    """Raw stream of a connection. It keeps the deadline and the least rate of a `Pace`."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, pace: Pace) -> None:
        self._raw, self._connection, self._pace = raw, connection, pace

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._connection.settimeout(self._pace.timeout())
        count = self._raw.readinto(buffer)
        self._pace.arrived(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def open_url(url: str, pace: Pace) -> HTTPResponse:
    """Open a URL and follow a few redirects.

    Raises:
        urllib.error.HTTPError: the server refuses.
        DataError: the URL is none; the server redirects to another protocol, or too often.
        TooSlow: it is too slow.
        OSError: it can't be reached.
    """
    opener, place = _opener(pace), url
    pace.restart()
    for _ in range(REDIRECTS + 1):
        try:
            request = Request(place, headers={"User-Agent": "seqnlp", "Accept-Encoding": "identity"})
            return cast("HTTPResponse", opener.open(request, timeout=pace.timeout()))
        except HTTPError as error:
            if error.code not in REDIRECTED:
                raise
            target = error.headers.get("Location", "")
            error.close()
        except (ValueError, InvalidURL, OverflowError):  # OverflowError: of a port
            raise DataError("not a URL that can be fetched", url) from None
        try:
            place = urljoin(place, target)
            scheme = urlsplit(place).scheme
        except ValueError:
            scheme = ""
        if scheme not in SCHEMES:
            raise DataError("redirects to what is neither http nor https", url)
    raise DataError(f"redirects more than {REDIRECTS} times", url)


def _opener(pace: Pace) -> OpenerDirector:
    """Opener of http and https alone: that of urllib opens files and ftp as well."""

    def paced(connection: socket.socket, *args: Any, **settings: Any) -> HTTPResponse:
        response = HTTPResponse(connection, *args, **settings)
        response.fp = io.BufferedReader(_PacedBytes(response.fp.detach(), connection, pace))
        return response

    def connect(kind: Callable[..., HTTPConnection]) -> Any:
        def begin(host: str, **settings: Any) -> HTTPConnection:
            connection = kind(host, **settings)
            connection.response_class = cast("Any", paced)
            return connection

        return begin

    class Plain(HTTPHandler):
        """Plain connections at the pace."""

        def http_open(self, req: Request) -> HTTPResponse:
            return self.do_open(connect(HTTPConnection), req)

    class Secure(HTTPSHandler):
        """Encrypted connections at the pace."""

        def https_open(self, req: Request) -> HTTPResponse:
            return self.do_open(connect(HTTPSConnection), req, context=ssl.create_default_context())

    opener = OpenerDirector()
    for handler in (ProxyHandler, Plain, Secure, HTTPDefaultErrorHandler, HTTPErrorProcessor, UnknownHandler):
        opener.add_handler(handler())
    return opener


def status_text(code: int) -> str:
    """Status code with the phrase of the standard; a server's own phrase is anything."""
    try:
        return f"HTTP {code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"HTTP {code}"


def problem_of(error: OSError | HTTPException) -> str:
    """Describe a failed try without a server's words."""
    if isinstance(error, HTTPError):
        return status_text(error.code)
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, IncompleteRead | ConnectionResetError):
        return "the connection broke off"
    if isinstance(cause, HTTPException):
        return "the server does not answer as HTTP asks"
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    if isinstance(cause, OSError):
        return cause.strerror or str(cause) or type(cause).__name__
    return str(cause)
