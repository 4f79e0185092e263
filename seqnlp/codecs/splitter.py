"""A plain, rule-based word splitter for raw text in any script.

Combining marks, vowel signs, joiners, variation selectors and soft hyphens belong to the character before them, as the
characters `Extend` and `Format` of Unicode's text segmentation (UAX 29) do. Text is split in its composed form (NFC):
canonically equivalent texts have the same words. The bounds are those of the text as given.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby

_RULES = r"""
    (?=\S){seen}(?:
    [^\W\d][{word}]*+(?![-+.:@'’])                                  # a plain word: most are, so it is tried first
  | (?i:https?://|www\.)[^\s<>"≮≯]+[^\s<>".,;:!?)\]'’≮≯]{more}     # addresses; ≮ is < with a mark, which composes
  | [{word}.+-]{{1,64}}+@\w[{word}.-]*[{word}]                      # mail; bounded, or long lines take quadratic time
  | (?=[{word}]++['’])[{word}]+(?=(?i:n)['’](?i:t)(?![{word}]))     # do | n't
  | (?i:n)['’](?i:t)(?![{word}])
  | ['’](?i:s|m|d|re|ve|ll)(?![{word}])                             # 's 'm 'd 're 've 'll
  | (?:[^\W\d_]{more}\.){{2,}}{more}                                # U.S.
  | (?i:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|No)\.(?=\s)               # titles
  | {keycap}\d[{digit}]*+(?:[.,:]\d[{digit}]*+)*+                   # 1,234.5  10:30
  | [{word}]+
  | (?:\.{{2,}}|-{{2,}}|!{{2,}}|\?{{2,}}){more}                     # runs
  | {sign}                                                          # any other sign
    )
"""

_SIMPLE = re.compile(
    _RULES.format(word=r"\w", digit=r"\d", more="", keycap="", sign=r"[^\s\x00-\x1f\x7f]", seen=""), re.VERBOSE
)
"""Rules for text without marks, invisible characters and emoji; control characters are in no word."""

_BEYOND = re.compile("[\U00010000-\U0001efff]")

_PLANES = range(0x80, 0x1F000)
"""Code points with all marks and format characters, but for the tags and variation selectors of plane 14."""

_TAGS = "\U000e0001\U000e0020-\U000e007f\U000e0100-\U000e01ef"
"""Tags (of flags) and variation selectors of plane 14."""

_FILLERS = "\u115f\u1160\u3164\uffa0"
"""Letters of Hangul that are not seen."""

_SELECTORS = "\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0f"
"""Marks that are not seen."""

_PREPENDED = "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
"""Format characters that are seen, and begin a word."""

_CONTROL = r"\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_ZERO_WIDTH_SPACE = "\u200b"
_SKIN_TONES = "\U0001f3fb-\U0001f3ff"
_FLAG = "[\U0001f1e6-\U0001f1ff]"
_KEYCAP = "[0-9*#]\ufe0f?\u20e3"


@cache
def _codes(*categories: str) -> list[int]:
    """Code points of some general categories."""
    return [code for code in _PLANES if unicodedata.category(chr(code)) in categories]


def _ranges(codes: Iterable[int]) -> str:
    """Ranges of a character class."""
    runs = groupby(enumerate(sorted(codes)), key=lambda pair: pair[1] - pair[0])
    bounds = ([code for _, code in run] for _, run in runs)
    return "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in bounds)


@cache
def _special() -> re.Pattern[str]:
    """Characters that need more than the simple rules."""
    basic = _ranges(code for code in _codes("Mn", "Mc", "Me", "Cf") if code < 0x10000)
    return re.compile(f"[{_CONTROL}{basic}{_FILLERS}\U00010000-\U0010ffff]")


@cache
def _rules(last: int) -> re.Pattern[str]:
    """Rules for any script, with the marks up to a code point.

    Each range beyond 0xFFFF costs time at every character, so they are left out for texts without such marks.
    """
    marks = _ranges(code for code in _codes("Mn", "Mc", "Me") if code <= last)
    formats = _TAGS + _ranges(code for code in _codes("Cf") if code <= last and chr(code) != _ZERO_WIDTH_SPACE)
    extend = marks + formats
    joined = rf"(?:(?<=\u200d)[^\w\s\x00-\x7f][{extend}{_SKIN_TONES}]*+)*+"
    return re.compile(
        _RULES.format(
            word=rf"\w{extend}",
            digit=rf"\d{extend}",
            more=f"[{extend}]*+",
            keycap=f"{_KEYCAP}|",
            sign=rf"{_FLAG}{{2}}[{extend}]*+|\S[{extend}{_SKIN_TONES}]*+{joined}",
            seen=f"(?:(?=[{_PREPENDED}])|(?![{_CONTROL}{_ZERO_WIDTH_SPACE}{formats}{_SELECTORS}{_FILLERS}]))",
        ),
        re.VERBOSE,
    )


def _rules_for(text: str) -> re.Pattern[str]:
    """Rules that a composed text needs."""
    if text.isascii() or not _special().search(text):
        return _SIMPLE
    return _rules(_PLANES[-1] if _BEYOND.search(text) else 0xFFFF)


def split_words(text: str) -> Iterator[tuple[int, int]]:
    """Bounds of words; whitespace separates, punctuation and English clitics stand alone."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        for match in _rules_for(text).finditer(text):
            yield match.span()
        return
    composed = unicodedata.normalize("NFC", text)
    at = done = 0
    for match in _rules_for(composed).finditer(composed):
        first = _end_of(composed[done : match.start()], text, at)
        at = _end_of(match[0], text, first)
        done = match.end()
        yield first, at


def _end_of(composed: str, text: str, start: int) -> int:
    """End of the part from `start` on that has this composed form."""
    if text.startswith(composed, start):
        return start + len(composed)
    left = len(unicodedata.normalize("NFD", composed))  # canonical order may differ, the number of characters does not
    while left > 0:
        left -= len(unicodedata.normalize("NFD", text[start]))
        start += 1
    return start


def words_of(text: str) -> list[str]:
    """Words of a text."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return _rules_for(text).findall(text)
    return [text[start:end] for start, end in split_words(text)]
