"""Digests of a damaged run made right, so that whatever parses its files is tried too."""

import json
import re
from contextlib import suppress
from pathlib import Path

from seqnlp.run.digests import ZEROS, digest_of, sealed_digest
from seqnlp.run.events_log import CHECKSUM, checksum_of
from seqnlp.run.tensors import header_end


def resealed(run: Path) -> None:
    """Compute the digests of all files of a run again."""
    with suppress(OSError, ValueError, AttributeError, TypeError, LookupError):
        meta = json.loads((run / "meta.json").read_bytes() if _is_own(run / "meta.json") else b"")
        for name in list(meta.get("digests", {})):
            if _is_own(run / name):
                meta["digests"][name] = digest_of((run / name).read_bytes())
        text = json.dumps(meta, ensure_ascii=False, indent=2) + "\n"
        (run / "meta.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    for name in ("meta.json", "scores.json", "model.safetensors", "state/last.safetensors"):
        if _is_own(run / name):
            _seal(run / name)
    if _is_own(run / "events.jsonl"):
        lines = (run / "events.jsonl").read_bytes().split(b"\n")
        (run / "events.jsonl").write_bytes(b"\n".join(map(_checked, lines)))


def _is_own(file: Path) -> bool:
    """True for a file to write to: a pipe would be waited for, and a link may lead anywhere."""
    return file.is_file() and not file.is_symlink()


def _seal(file: Path) -> None:
    content = file.read_bytes()
    end = header_end(content) if file.suffix == ".safetensors" else None
    if end is not None and end > len(content):
        return
    found = sealed_digest(content, end)
    if found is not None:
        file.write_bytes(content.replace(found[0].encode(), found[1].encode(), 1))
    elif file.suffix == ".json" and content.startswith(b"{\n"):  # its digest was damaged, too
        content = content.replace(b"{\n", b'{\n  "digest": "' + ZEROS.encode() + b'",\n', 1)
        file.write_bytes(content.replace(ZEROS.encode(), digest_of(content).encode(), 1))


def _checked(line: bytes) -> bytes:
    body = re.sub(rb', "' + CHECKSUM.encode() + rb'":.*\}$', b"}", line)
    return line if body == line else body[:-1] + checksum_of(body)
