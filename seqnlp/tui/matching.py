"""Fuzzy matching of a query with the items of a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar
from unicodedata import normalize

Item = TypeVar("Item")

EXACT, EXACT_BUT_CASE, PREFIX, WORD_START, SUBSTRING, SUBSEQUENCE, NONE = range(7)
"""Kinds of a match, the best first."""

OTHER_TEXT = 10
"""Added to a match outside of the name: all of those come after all matches of names."""


def best_matches(query: str, items: Iterable[Item], fields: Callable[[Item], tuple[str, str]]) -> list[Item]:
    """Items that match each word of a query, the best first.

    Items of equal rank stay in their order.

    A word matches a name if it is the name, begins it, begins a word of it, stands in it, or has its letters in their
    order there, in this order of preference; other texts are looked at after that. A word's letters count apart only
    where they stand together in no item.

    Args:
        query: Typed words.
        items: Of the list.
        fields: Name of an item, and other text about it.
    """
    words = query.split()
    if not words:
        return list(items)
    listed = [(item, *fields(item)) for item in items]
    ranks = [[rank(word, name, other) for word in words] for _, name, other in listed]
    together = [any(of_item[place] not in (SUBSEQUENCE, NONE) for of_item in ranks) for place in range(len(words))]
    found: list[tuple[tuple[int, ...], Item]] = []
    for (item, name, _), of_item in zip(listed, ranks, strict=True):
        if NONE not in of_item and not any(
            place == SUBSEQUENCE and elsewhere for place, elsewhere in zip(of_item, together, strict=True)
        ):
            found.append(((_rank_in(query.strip(), name), *of_item), item))
    found.sort(key=lambda pair: pair[0])
    return [item for _, item in found]


def rank(word: str, name: str, other: str = "") -> int:
    """Rank of a match. The less the better; `NONE` without a match.

    Args:
        word: Of the query.
        name: Of the item.
        other: Other text about the item; a match there ranks after all those of names.
    """
    in_name = _rank_in(word, name)
    if in_name < SUBSEQUENCE:
        return in_name
    in_other = min((_rank_in(word, part) for part in (other, *re.split(r"[\s,.;:()]+", other))), default=NONE)
    return OTHER_TEXT + in_other if in_other < SUBSEQUENCE else in_name


def _rank_in(word: str, text: str) -> int:
    if word == text:
        return EXACT
    folded, inside = _fold(word), _fold(text)
    if folded == inside:
        return EXACT_BUT_CASE
    if inside.startswith(folded):
        return PREFIX
    if re.search(rf"(?<![^\W_]){re.escape(folded)}", inside):
        return WORD_START
    if folded in inside:
        return SUBSTRING
    letters = iter(inside)
    return SUBSEQUENCE if all(letter in letters for letter in folded) else NONE


def _fold(text: str) -> str:
    """A text without differences of case, and of how accents are written."""
    return normalize("NFC", text).casefold()
