"""A plain, rule-based word splitter for raw text in any script."""

import re
from collections.abc import Iterator

_WORD = re.compile(
    r"""
    (?:https?://|www\.)[^\s<>"]+[^\s<>".,;:!?)\]'’]   # addresses
  | [\w.+-]{1,64}@\w[\w.-]*\w                         # mail; bounded, or long lines take squared time
  | \w+(?=n['’]t\b)                                   # do | n't
  | n['’]t\b
  | ['’](?:s|m|d|re|ve|ll)\b                          # 's 'm 'd 're 've 'll
  | (?:[^\W\d_]\.){2,}                                # U.S.
  | (?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|No)\.(?=\s)  # titles
  | \d+(?:[.,:]\d+)*                                  # 1,234.5  10:30
  | \w+
  | \.{2,}|-{2,}|!{2,}|\?{2,}                         # runs
  | \S                                                # any other sign
    """,
    re.VERBOSE | re.IGNORECASE,
)


def split_words(text: str) -> Iterator[tuple[int, int]]:
    """Bounds of words; whitespace separates, punctuation and English clitics stand alone."""
    for match in _WORD.finditer(text):
        yield match.span()


def words_of(text: str) -> list[str]:
    """Words of a text."""
    return _WORD.findall(text)
