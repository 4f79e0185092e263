"""Tagging files with a word a line, and something beside each word."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING

from seqnlp.errors import UsageError

if TYPE_CHECKING:
    from seqnlp.results import Tagging
    from seqnlp.tasks.tag.predictor import Tagger


def tag_columns(tagger: Tagger, file: Path | None, names: str, as_json: bool) -> None:
    """Write a file of columns back with the predicted ones at the right, or one JSON object a sentence.

    Args:
        tagger: The tagger.
        file: A word a line, columns separated by blanks or tabs, an empty line between sentences.
        names: Of its columns, with commas between; `_` for one to leave out.
        as_json: Which of the two.

    Raises:
        seqnlp.errors.UsageError: if columns that the tagger reads are missing.
    """
    from seqnlp.readers.columns import Columns

    columns = [name.strip() for name in names.split(",")]
    kept = [name for name in columns if name != "_"]
    missing = [name for name in tagger.inputs if name not in kept]
    if missing:
        raise UsageError(f"--columns {names}: the tagger reads {', '.join(tagger.inputs)}; {missing[0]} is missing")
    if len(set(kept)) < len(kept) or "" in kept:
        raise UsageError(f"--columns {names}: expected different names with commas between")
    if file is None or str(file) == "-":
        raise UsageError("--columns reads a file; name one")
    sentences, again = tee(Columns(names=columns).sentences(file))
    for sentence, tagging in zip(again, tagger.tag(sentences), strict=True):
        sys.stdout.write(json.dumps(tagging.to_json(), ensure_ascii=False) if as_json else _rows(sentence, tagging))
        sys.stdout.write("\n")


def _rows(sentence: Mapping[str, list[str]], tagging: Tagging) -> str:
    given = [values for name, values in sentence.items() if name not in tagging.columns]
    rows = zip(*given, *tagging.columns.values(), strict=True)
    return "".join("\t".join(row) + "\n" for row in rows)
