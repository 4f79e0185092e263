"""The files of a run's codecs, each named after the codec."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from seqnlp.errors import RunError
from seqnlp.run import files


class Codecs(dict[str, dict[str, Any]]):
    """The codecs of a run by name; asking for one that is not there is a `RunError`."""

    def __init__(self, folder: Path) -> None:
        super().__init__({codec_name(file): files.read_json(file) for file in sorted(folder.glob("*.json"))})
        self.folder = folder

    def __missing__(self, name: str) -> dict[str, Any]:
        raise RunError("missing", self.folder / codec_file(name))


def codec_file(name: str) -> str:
    """The file of a codec, whose name may come from a column of somebody's corpus."""
    return quote(name, safe=" ", errors="surrogatepass") + ".json"


def codec_name(file: Path) -> str:
    """The name of the codec in a file."""
    return unquote(file.name.removesuffix(".json"), errors="surrogatepass")
