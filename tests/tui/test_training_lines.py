"""Examples as lines."""

from textual.content import Content

from seqnlp.events import Example
from seqnlp.tui.training_lines import examples

TAGGED = Example(["the", "gardener"], ["DET", "NOUN"], ["DET", "VERB"], labels=True)
TRANSLATED = Example(["Guten Tag"], ["Good day"], ["Good evening"])


def underlined(content: Content) -> list[str]:
    return [content.plain[span.start : span.end].strip() for span in content.spans if "underline" in str(span.style)]


def test_words_stand_above_their_labels() -> None:
    assert examples([TAGGED], 0, 1, 60).plain.splitlines() == [
        "given     the  gardener  ",
        "expected  DET  NOUN      ",
        "model     DET  VERB      ",
    ]


def test_only_labels_can_be_wrong() -> None:
    assert underlined(examples([TAGGED], 0, 1, 60)) == ["VERB"]
    assert underlined(examples([TRANSLATED], 0, 1, 60)) == []


def test_the_first_follows_the_last() -> None:
    both = examples([TAGGED, TRANSLATED], 1, 5, 60).plain.splitlines()
    assert [line.split()[1] for line in both if line.startswith("given")] == ["Guten", "the"]
    assert examples([], 0, 3, 60).plain == ""


def test_nothing_is_wider_than_there_is_room() -> None:
    many = Example(["word"] * 50, ["NOUN"] * 50, ["VERB"] * 50, labels=True)
    long = Example(["so long a sentence that it can't be seen whole"] * 1, ["a\nb\tc"], ["x" * 99])
    for width in (14, 31, 80):
        lines = examples([many, long], 0, 2, width).plain.splitlines()
        assert len(lines) == 7
        assert max(map(len, lines)) <= width
    assert "a⏎b c" in lines[-2]
