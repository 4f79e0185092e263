"""Codec files of a run, each named after its codec."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from seqnlp.errors import RunError
from seqnlp.run import files


class Codecs(dict[str, dict[str, Any]]):
    """Codecs of a run by name; a missing one raises `RunError`."""

    def __init__(self, folder: Path) -> None:
        super().__init__({codec_name(file): files.read_json(file) for file in sorted(folder.glob("*.json"))})
        self.folder = folder

    def __missing__(self, name: str) -> dict[str, Any]:
        raise RunError("missing", self.folder / codec_file(name))


def codec_file(name: str) -> str:
    """File name of a codec, percent-encoded: codec names may come from columns of a corpus."""
    return quote(name, safe=" ", errors="surrogatepass") + ".json"


def codec_name(file: Path) -> str:
    """Codec name of a file."""
    return unquote(file.name.removesuffix(".json"), errors="surrogatepass")
