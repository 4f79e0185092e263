"""Spans of words and the tag schemes that write them.

| scheme | a span of three words | of one word | |
|---|---|---|---|
| `bio` | B-X I-X I-X | B-X | also called IOB2 |
| `bioes` | B-X I-X E-X | S-X | also called BILOU, IOBES |
| `iob1` | I-X I-X I-X | I-X | B-X only where one X follows another |

`O` stands for a word outside all spans.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs.text import Column
from seqnlp.errors import DataError

Scheme = Literal["bio", "bioes", "iob1"]

PREFIXES: dict[Scheme, str] = {"bio": "BI", "bioes": "BIES", "iob1": "IB"}
"""Prefixes of the tags of a scheme, `O` apart."""


def parse_tags(tags: Sequence[str], scheme: Scheme) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Split tags into prefixes of one letter and labels (empty for `O` and a bare prefix).

    Raises:
        seqnlp.errors.DataError: for a tag that is none of the scheme's.
    """
    prefixes, labels = [], []
    for tag in tags:
        prefix, hyphen, label = tag.partition("-")
        if tag != "O" and (prefix not in tuple(PREFIXES[scheme]) or bool(hyphen) != bool(label)):
            choices = ", ".join(f"{letter}-..." for letter in PREFIXES[scheme])
            raise DataError(f"{tag!r} is no tag of the scheme {scheme}: expected O, {choices}")
        prefixes.append(prefix)
        labels.append(label)
    return np.array(prefixes, np.str_), np.array(labels, np.str_)


def allowed_transitions(tags: Sequence[str], scheme: Scheme) -> NDArray[np.bool_]:
    """Matrix of the allowed transitions between tags.

    Args:
        tags: The tags to number.
        scheme: Their scheme.

    Returns:
        A square matrix from row to column, shape (tags + 1, tags + 1): its last row is the beginning of a sentence,
        its last column the end.

    Raises:
        seqnlp.errors.DataError: for a tag that is none of the scheme's.
    """
    prefixes, labels = parse_tags([*tags, "O"], scheme)  # before and after a sentence it is as after and before O
    same = labels[:, None] == labels
    continues = np.isin(prefixes, ["B"] if scheme == "iob1" else ["I", "E"])
    is_open = np.isin(prefixes, ["B", "I"])[:, None]
    allowed: NDArray[np.bool_] = is_open & same & continues
    allowed |= ~continues if scheme != "bioes" else ~continues & ~is_open
    return allowed


@dataclass(frozen=True)
class Spans:
    """Spans of a column, in order and disjoint; words are numbered through all sentences."""

    starts: NDArray[np.int64]
    """First word of each span; shape (spans,)."""
    ends: NDArray[np.int64]
    """Word after its last one."""
    labels: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.starts)


def read_spans(column: Column, scheme: Scheme, strict: bool = False) -> Spans:
    """Read spans from tags.

    Args:
        column: The tags.
        scheme: Their scheme.
        strict: Read only complete spans of sequences that the scheme doesn't allow; otherwise read them as the
            program `conlleval` does: a tag that can't continue the span before it begins a new one.

    Raises:
        seqnlp.errors.DataError: for a tag that is none of the scheme's.
    """
    prefixes, labels = parse_tags(column.distinct, scheme)
    codes, (first, last) = column.codes.values, _edges(column.codes)
    prefix, label = prefixes[codes], labels[codes]
    inside = prefix != "O"
    before, label_before = np.roll(prefix, 1), np.roll(label, 1)
    begins = inside & (first | np.isin(prefix, ["B", "S"]) | np.isin(before, ["O", "E", "S"]) | (label != label_before))
    ends = inside & (last | ~np.roll(inside, -1) | np.roll(begins, -1))
    starts, finals = np.flatnonzero(begins), np.flatnonzero(ends)
    if strict and scheme != "iob1":
        opened, closed, single = prefix[starts] == "B", prefix[finals] == "E", starts == finals
        whole = opened if scheme == "bio" else np.where(single, prefix[starts] == "S", opened & closed)
        starts, finals = starts[whole], finals[whole]
    return Spans(starts, finals + 1, label[starts])


def write_spans(spans: Spans, offsets: NDArray[np.int64], scheme: Scheme) -> Column:
    """Write spans as tags.

    Args:
        spans: The spans.
        offsets: First word of each sentence, and the end of the last one; shape (sentences + 1,).
        scheme: Scheme of the tags.
    """
    total = int(offsets[-1])
    lengths = spans.ends - spans.starts
    numbers = np.full(total, -1)
    covered = np.repeat(spans.starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    numbers[covered] = np.repeat(np.arange(len(spans)), lengths)
    prefixes = np.where(numbers < 0, "O", "I")
    if scheme == "iob1":
        after = np.flatnonzero((spans.starts[1:] == spans.ends[:-1]) & (spans.labels[1:] == spans.labels[:-1])) + 1
        starts = spans.starts[after]
        prefixes[starts[~np.isin(starts, offsets)]] = "B"
    else:
        prefixes[spans.starts] = "B"
    if scheme == "bioes":
        prefixes[spans.ends - 1] = np.where(lengths == 1, "S", "E")
    labels = np.append(spans.labels, "")[numbers]
    hyphens = np.where(labels == "", "", "-")
    tags = np.char.add(np.char.add(prefixes, hyphens), labels)
    distinct, codes = np.unique(tags, return_inverse=True)
    return Column(Ragged(codes, offsets), distinct.tolist())


def check_tags(column: Column, scheme: Scheme) -> None:
    """Check that a column holds only tag sequences that the scheme allows.

    Raises:
        seqnlp.errors.DataError: with the first tag that is none of the scheme's, or must not stand where it does.
    """
    allowed = allowed_transitions(column.distinct, scheme)
    boundary = len(column.distinct)
    codes, (first, last) = column.codes.values, _edges(column.codes)
    came_from = np.where(first, boundary, np.roll(codes, 1))
    wrong = ~allowed[came_from, codes] | (last & ~allowed[codes, boundary])
    if not wrong.any():
        return
    word = int(np.flatnonzero(wrong)[0])
    sentence = int(np.searchsorted(column.codes.offsets, word, "right")) - 1
    names = [*column.distinct, "the beginning"]
    tag, before = names[codes[word]], names[came_from[word]]
    position = f"{tag} after {before}" if not allowed[came_from[word], codes[word]] else f"{tag} at the end"
    place = f"sentence {sentence + 1}, word {word - int(column.codes.offsets[sentence]) + 1}"
    raise DataError(f"{position} is not allowed in the scheme {scheme} ({place})")


def _edges(codes: Ragged) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of the first and the last element of each row."""
    first = np.zeros(len(codes.values) + 1, bool)
    first[codes.offsets] = True
    return first[:-1], first[1:]
