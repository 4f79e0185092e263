"""Raw text of treebanks: tokens as spans, multiword tokens, boundaries, and what is wrong with a file."""

import re

import pytest

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers.treebank import RawSentence, parse_treebank


def row(number: str, form: str, misc: str = "_") -> str:
    return "\t".join([number, form, *["_"] * 7, misc])


def parse(*lines: str, with_rows: bool = False) -> tuple[list[RawSentence], list[str]]:
    notes: list[str] = []
    with notes_to(notes.append):
        return list(parse_treebank(lines, "a.conllu", with_rows)), notes


def test_tokens_are_spans_of_the_text() -> None:
    (first, second), notes = parse(
        "# newdoc id = x",
        "# newpar",
        "# text = I  don't know.",
        row("1", "I"),
        row("2-3", "don't"),
        row("2", "do"),
        row("3", "n't"),
        row("3.1", "really"),
        row("4", "know", "SpaceAfter=No"),
        row("5", ".", "SpaceAfter=No"),
        "",
        "# text = Yes",
        row("1", "Yes"),
    )
    assert notes == []
    assert first.spans == [(0, 1), (3, 8), (9, 13), (13, 14)]
    assert first.words == [("I",), ("do", "n't"), ("know",), (".",)]
    assert (first.before, first.space_after) == ("newdoc", False)
    assert (second.before, second.space_after, second.tokens) == ("", True, ["Yes"])


def test_columns_are_kept_where_they_are_asked_for() -> None:
    (sentence,), _ = parse(
        "# text = ab c", row("1-2", "ab"), row("1", "a"), row("2", "b"), row("3", "c"), with_rows=True
    )
    assert [[word[1] for word in words] for words in sentence.rows or []] == [["a", "b"], ["c"]]


def test_text_is_made_of_words_where_it_is_missing_and_told_once() -> None:
    words = [row("1", "Go", "SpaceAfter=No"), row("2", "!"), ""]
    (first, second), notes = parse(*words, *words)
    assert first.text == second.text == "Go!"
    assert notes == ["a.conllu: 2 sentences without `# text`; theirs is made of their words and SpaceAfter=No"]


def test_blanks_that_contradict_the_text_are_told() -> None:
    (sentence,), notes = parse("# text = Go !", row("1", "Go", "SpaceAfter=No"), row("2", "!"))
    assert sentence.spans == [(0, 2), (3, 4)]
    assert len(notes) == 1
    assert notes[0].startswith("a.conllu:2: ")
    assert "1 times" in notes[0]


def test_blanks_in_tokens_are_read() -> None:
    (sentence,), notes = parse("# text = 10\u00a0000 km", row("1", "10 000"), row("2", "km"))
    assert sentence.spans == [(0, 6), (7, 9)]
    assert notes == []


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            ["# text = He goes", row("1", "He"), row("2", "went")],
            "a.conllu:1: `# text` has 'goes' at character 4 where the words have 'went' (line 3)",
        ),
        (["# text = He", row("1", "He"), row("2", "went")], "a.conllu:1: `# text` has ended"),
        (["# text = He went home", row("1", "He"), row("2", "went")], "`# text` goes on with 'home'"),
        (
            ["# text = abc", row("1-2", "ab"), row("1", "a"), row("2-3", "bc"), row("2", "b"), row("3", "c")],
            "a.conllu:4: range '2-3' overlaps the one before it, which ends at 2",
        ),
        (["# text = ab", row("1-3", "ab"), row("1", "a"), row("2", "b")], "a multiword token up to 3"),
        ([row("1", " ")], "token 1 has no form"),
        (
            ["# text = ab", row("1-2", "ab"), row("1", "ab"), row("2", "")],
            "a.conllu:2: word 2 of the multiword token 'ab' has no form",
        ),
        (["# text = caf\u00e9", row("1", "cafe\u0301")], "(line 2); they differ in their Unicode normal form"),
        ([row("1", "a"), "# text = a"], "a.conllu:2: a comment inside a sentence"),
        (["1\ta"], "2 tab-separated columns; expected 10"),
    ],
)
def test_faults_are_told_with_their_line(lines: list[str], problem: str) -> None:
    with pytest.raises(DataError, match=re.escape(problem)):
        parse(*lines)
