"""Sentences of a CoNLL-U treebank with their raw text: tokens as spans, multiword tokens, paragraphs and documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from seqnlp.codecs.text import composed
from seqnlp.errors import DataError
from seqnlp.notes import note
from seqnlp.readers.conll import COMMENT, words_among

FORM, MISC = 1, 9
BREAK = re.compile(r"#\s*(newdoc|newpar)\b")

Break = Literal["", "newpar", "newdoc"]
"""Boundary before a sentence: none, or that of a paragraph or document."""


@dataclass(frozen=True)
class RawSentence:
    """A sentence as running text, and the tokens in it."""

    text: str
    spans: list[tuple[int, int]]
    """Start and end of each token in the text; at least one, in order, with nothing but whitespace between."""
    multiword: dict[int, tuple[str, ...]]
    """Words of the multiword tokens, by the index of the token."""
    before: Break = ""
    space_after: bool = True
    """True if a blank follows before the next sentence."""
    rows: list[list[list[str]]] | None = None
    """Ten columns of each word of each token; None unless asked for."""

    @property
    def tokens(self) -> list[str]:
        """Text of each token."""
        return [self.text[start:end] for start, end in self.spans]

    @property
    def words(self) -> list[tuple[str, ...]]:
        """Syntactic words of each token."""
        return [self.multiword.get(number, (token,)) for number, token in enumerate(self.tokens)]


def parse_treebank(lines: Iterable[str], path: str | Path, with_rows: bool = False) -> Iterator[RawSentence]:
    """Yield the sentences of a CoNLL-U text with their raw text.

    The raw text is that of `# text`; without it the forms, joined by blanks where `SpaceAfter=No` does not forbid it.

    Args:
        lines: Lines without their ends.
        path: Name of the file, for messages.
        with_rows: Also keep the ten columns of each word.

    Raises:
        seqnlp.errors.DataError: with its line, for what is not CoNLL-U, for overlapping ranges, and where `# text` and
            the words differ.
    """
    rows: list[list[str]] = []
    text: tuple[int, str] | None = None
    before: Break = ""
    built, odd, first_odd = 0, 0, 0
    for number, line in enumerate(chain(lines, [""]), 1):
        if not line:
            if rows:
                sentence, contradicted = _sentence(rows, text, before, path, number - len(rows), with_rows)
                built += text is None
                odd, first_odd = odd + contradicted, first_odd or (number - len(rows) if contradicted else 0)
                yield sentence
                text, before = None, ""
            rows = []
        elif line[0] != "#":
            rows.append(line.split("\t"))
        elif rows:
            raise DataError("a comment inside a sentence; an empty line ends a sentence", path, number)
        elif found := BREAK.match(line):
            before = "newdoc" if "newdoc" in (before, found[1]) else "newpar"
        elif (match := COMMENT.fullmatch(line)) and match[1] == "text" and match[2].strip():
            text = number, match[2].strip()
    if built:
        note(f"{path}: {built:,} sentences without `# text`; theirs is made of their words and SpaceAfter=No")
    if odd:
        note(
            f"{path}:{first_odd}: SpaceAfter and `# text` contradict each other, {odd:,} times in all; the text counts"
        )


def _sentence(
    rows: Sequence[list[str]],
    given: tuple[int, str] | None,
    before: Break,
    path: str | Path,
    first: int,
    with_rows: bool,
) -> tuple[RawSentence, int]:
    """Join the rows of a sentence; also count blanks that `# text` and SpaceAfter tell differently."""
    words = set(words_among(rows, path, first))
    forms: list[str] = []
    blanks: list[bool] = []
    lines: list[int] = []
    multiword: dict[int, tuple[str, ...]] = {}
    columns: list[list[list[str]]] = []
    index = 0
    while index < len(rows):
        row, line = rows[index], first + index
        index += 1
        inside: list[list[str]] = []
        if "-" in row[0]:
            start, end = map(int, row[0].split("-"))
            while len(inside) <= end - start:
                if index in words:
                    inside.append(rows[index])
                index += 1
            for each in inside:
                if not each[FORM].strip():
                    raise DataError(f"word {each[0]} of the multiword token {row[FORM]!r} has no form", path, line)
            multiword[len(forms)] = tuple(each[FORM] for each in inside)
        elif index - 1 not in words:
            continue  # an empty node
        if not row[FORM].strip():
            raise DataError(f"token {row[0]} has no form", path, line)
        forms.append(row[FORM])
        lines.append(line)
        blanks.append("SpaceAfter=No" not in row[MISC].split("|"))
        if with_rows:
            columns.append(inside or [row])
    if given is None:
        text, spans, odd = *_joined(forms, blanks), 0
    else:
        text = given[1]
        spans = _aligned(text, forms, path, given[0], lines)
        odd = sum(
            blank != (end < after)
            for blank, (_, end), (after, _) in zip(blanks[:-1], spans[:-1], spans[1:], strict=True)
        )
    return RawSentence(text, spans, multiword, before, blanks[-1], columns if with_rows else None), odd


def _joined(forms: Sequence[str], blanks: Sequence[bool]) -> tuple[str, list[tuple[int, int]]]:
    text, spans = "", []
    for form, blank in zip(forms, blanks, strict=True):
        spans.append((len(text), len(text) + len(form)))
        text += form + " " * blank
    return text.rstrip(), spans


def _aligned(
    text: str, forms: Sequence[str], path: str | Path, line: int, lines: Sequence[int]
) -> list[tuple[int, int]]:
    """Find the forms in the text; blanks may differ, nothing else."""
    spans, place = [], 0
    for form, own in zip(forms, lines, strict=True):
        place = _past_blanks(text, place)
        start = place
        if text.startswith(form, place):
            place += len(form)
        else:
            for character in form:
                if character.isspace():
                    continue
                place = _past_blanks(text, place)
                if text[place : place + 1] != character:
                    found = text[start : start + max(len(form), 1)]
                    told = f"`# text` has {found!r}" if found else "`# text` has ended"
                    problem = f"{told} at character {start + 1} where the words have {form!r} (line {own})"
                    same = composed(text[start:]).startswith(composed(form))
                    hint = "they differ in their Unicode normal form: convert the file to one, such as NFC"
                    raise DataError(problem, path, line, hint=hint if same else "")
                place += 1
        spans.append((start, place))
    if text[place:].strip():
        raise DataError(f"`# text` goes on with {text[place:].strip()[:40]!r} after the last word", path, line)
    return spans


def _past_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place
