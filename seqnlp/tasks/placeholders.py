"""Stand-ins for a corpus: texts that codecs are fitted on where only the shapes of a model are wanted."""

from pathlib import Path

from seqnlp.codecs import Column
from seqnlp.errors import DataError

REPEATS = 1000
"""Occurrences of each word: more than any usual `min_count`."""


def placeholder_words(size: int) -> Column:
    """Rows of `size` distinct words, of as many distinct digits."""
    return Column.from_rows([[f"{number}" * 2 for number in range(size)]] * REPEATS)


def placeholder_text(size: int) -> str:
    """Lines of the same words."""
    return "".join(" ".join(row) + "\n" for row in placeholder_words(size).rows())


def unknown_file(source: str) -> Path:
    """Refuse to look a file up.

    Raises:
        seqnlp.errors.DataError: always.
    """
    raise DataError("not looked up", source)
