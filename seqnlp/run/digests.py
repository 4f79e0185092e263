"""Digests of the files of a run: XXH3 of 128 bits in hexadecimal.

They are against damage and edits, not against forgery: for that a keyed hash would be needed, and SHA-256 takes 60 ms
for 50 MB where XXH3 takes 3. Consent to plugins, which is about forgery, is by SHA-256 (`seqnlp.recipe.consent`).

A file that is written again and again carries its own digest, its seal, so that both change in one rename.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import xxhash

DIGEST = "digest"
"""Key of a seal in JSON."""

ZEROS = "0" * 32
"""Value of a seal while its file is hashed."""

_SEAL = re.compile(rb'"digest\\?": \\?"([0-9a-f]{32})\\?"')


def digest_of(content: bytes | memoryview) -> str:
    """Digest of bytes."""
    return xxhash.xxh3_128_hexdigest(content)


def seal(content: bytes, following: Iterable[memoryview] = ()) -> bytes:
    """Replace the `ZEROS` of a seal by the digest of all bytes.

    Args:
        content: A file whose `"digest"` is `ZEROS`, or its beginning.
        following: The rest of the file.
    """
    start = content.index(ZEROS.encode())
    digest = xxhash.xxh3_128(content)
    for part in following:
        digest.update(part)
    return b"".join((content[:start], digest.hexdigest().encode(), content[start + len(ZEROS) :]))


def carried_digest(header: bytes) -> str | None:
    """Digest in the seal of a file, given its beginning; None without a seal."""
    found = _SEAL.search(header)
    return None if found is None else found[1].decode()


def sealed_digest(content: bytes | memoryview, end: int | None = None) -> tuple[str, str] | None:
    """Digest in the seal of a file, and the actual one; None without a seal."""
    view = memoryview(content)
    found = _SEAL.search(view, 0, len(view) if end is None else min(end, len(view)))
    if found is None:
        return None
    actual = xxhash.xxh3_128(view[: found.start(1)])
    actual.update(ZEROS.encode())
    actual.update(view[found.end(1) :])
    return found[1].decode(), actual.hexdigest()
