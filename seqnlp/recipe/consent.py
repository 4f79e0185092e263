"""Consent to the plugins of runs: SHA-256 hashes, one a line, in a file of the user.

A run may come from anybody, and its plugins are Python. They are run only with the user's consent, which holds for
these bytes, wherever they lie. What a line of the file does not begin with a hash is no consent: damage asks anew.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from seqnlp.cache import state_folder

_consented: set[str] = set()
"""Hashes that were consented to in this process: on some machines nothing can be written."""
_LINE = re.compile(rb"([0-9a-f]{64})(?: .*)?")


def consent_file() -> Path:
    """File of the consents."""
    return state_folder() / "trusted_plugins"


def is_trusted(content: bytes) -> bool:
    """Test whether the user has consented to these bytes before."""
    wanted = sha256(content).hexdigest()
    if wanted in _consented:
        return True
    try:
        lines = consent_file().read_bytes().split(b"\n")
    except OSError:
        return False
    return any(match[1] == wanted.encode() for match in map(_LINE.fullmatch, lines) if match)


def remember(content: bytes, path: Path) -> None:
    """Remember the consent to these bytes; where nothing can be written, the user is asked again.

    Args:
        content: The plugin.
        path: Where it lies now, for people who read the file.
    """
    if is_trusted(content):
        return
    place = " ".join(str(path).encode("utf-8", "replace").decode().split())
    file = consent_file()
    _consented.add(sha256(content).hexdigest())
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # one write at the end of the file: several processes never lose each other's lines, and a line that
            # was cut off before is ended first
            os.write(handle, f"\n{sha256(content).hexdigest()} {place}\n".encode())
        finally:
            os.close(handle)
