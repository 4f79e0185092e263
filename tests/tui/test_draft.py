"""The text of a line as it is typed: what goes, and has to be kept."""

from collections.abc import Iterable

from seqnlp.tui.panels.base import Draft


def kept(texts: Iterable[str], first: str = "") -> list[str]:
    draft = Draft()
    draft.begin(first)
    return [gone for gone in map(draft.change, texts) if gone]


def typed(text: str) -> list[str]:
    return [text[:end] for end in range(1, len(text) + 1)]


def test_what_is_replaced_is_kept() -> None:
    assert kept(["first one", "second", "the third of them", ""]) == ["first one", "second", "the third of them"]


def test_what_is_deleted_is_kept_once() -> None:
    word = typed("a sentence")
    assert kept([*word, *word[::-1], ""]) == ["a sentence"]
    assert kept([*word, *word[::-1], "", *typed("other"), "x"]) == ["a sentence", "other"]


def test_what_only_changes_is_not() -> None:
    assert kept([*typed("a sentense"), "a sentens", "a senten", "a sentenc", "a sentence", "Now a sentence"]) == []


def test_what_was_sent_or_is_too_short_is_not() -> None:
    assert kept(["new"], first="sent before") == []
    assert kept(["ab", ""]) == []
