"""Spans of words and the tag schemes that write them.

| scheme | a span of three words | of one word | |
|---|---|---|---|
| `bio` | B-X I-X I-X | B-X | also called IOB2 |
| `bioes` | B-X I-X E-X | S-X | also called IOBES; reads the letters of the next three, too |
| `bilou` | B-X I-X L-X | U-X | also called BILUO |
| `bmes` | B-X M-X E-X | S-X | |
| `bmewo` | B-X M-X E-X | W-X | |
| `iob1` | I-X I-X I-X | I-X | B-X only where one X follows another |
| `ioe1` | I-X I-X I-X | I-X | the last one E-X only where another X follows |
| `ioe2` | I-X I-X E-X | E-X | |

`O` stands for a word outside all spans. Within this module a prefix is always one of B, I, E and S.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import BLOCK, IntArray, Ragged, look_up, smallest
from seqnlp.codecs.text import Column
from seqnlp.errors import DataError

Scheme = Literal["bio", "bioes", "bilou", "bmes", "bmewo", "iob1", "ioe1", "ioe2"]

PREFIXES: dict[Scheme, str] = {
    "bio": "BI",
    "bioes": "BIES",
    "bilou": "BILU",
    "bmes": "BMES",
    "bmewo": "BMEW",
    "iob1": "IB",
    "ioe1": "IE",
    "ioe2": "IE",
}
"""Prefixes of the tags of a scheme, `O` apart; those of schemes that mark both ends begin, continue, end, are alone."""

WHOLE: tuple[Scheme, ...] = ("bioes", "bilou", "bmes", "bmewo")
"""Schemes that mark both ends of a span; they differ in letters alone."""

TRAINED: dict[Scheme, Literal["bio", "bioes"]] = {
    "bio": "bio",
    "bioes": "bioes",
    "bilou": "bioes",
    "bmes": "bioes",
    "bmewo": "bioes",
    "iob1": "bio",
    "ioe1": "bio",
    "ioe2": "bio",
}
"""Scheme that a corpus is trained in if its recipe names none: one from which its own can be written."""


def _letters(scheme: Scheme) -> dict[str, str]:
    """Prefix for each letter that is read in a scheme."""
    if scheme not in WHOLE:
        return {letter: letter for letter in PREFIXES[scheme]}
    read = WHOLE if scheme == "bioes" else (scheme,)
    return {letter: prefix for each in read for letter, prefix in zip(PREFIXES[each], "BIES", strict=True)}


def rewritten(tag: str, scheme: Scheme, other: Scheme) -> str:
    """Tag as another scheme writes it, as far as one word tells.

    Args:
        tag: A tag of the scheme.
        scheme: A scheme that is trained in: `bio` or `bioes`.
        other: The scheme to write; in `iob1`, `ioe1` and `ioe2` a tag depends on its neighbours, and stays.
    """
    prefix, hyphen, label = tag.partition("-")
    role = _letters(scheme).get(prefix)
    if role is None or (other not in WHOLE and other != "bio"):
        return tag
    letters = PREFIXES[other] if other in WHOLE else "BIIB"
    return f"{letters['BIES'.index(role)]}{hyphen}{label}"


def parse_tags(tags: Sequence[str], scheme: Scheme) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Split tags into prefixes of one letter and labels (empty for `O` and a bare prefix).

    Raises:
        seqnlp.errors.DataError: for a tag that is none of the scheme's; names the scheme that has all of them.
    """
    prefixes, labels, letters = [], [], _letters(scheme)
    for tag in tags:
        prefix, hyphen, label = tag.partition("-")
        if tag != "O" and (prefix not in letters or bool(hyphen) != bool(label)):
            choices = ", ".join(f"{letter}-..." for letter in PREFIXES[scheme])
            problem = f"{tag!r} is no tag of the scheme {scheme}: expected O, {choices}"
            raise DataError(problem + _suggested(tags, scheme))
        prefixes.append(letters.get(prefix, "O"))
        labels.append(label)
    return np.array(prefixes, np.str_), np.array(labels, np.str_)


def _suggested(tags: Sequence[str], scheme: Scheme) -> str:
    """Hint at the end of a message: the smallest scheme that has all tags.

    Empty if there is none, or if the given scheme has them.
    """
    used = {tag.partition("-")[0] for tag in tags if tag != "O"}
    fitting = [name for name, letters in PREFIXES.items() if used <= set(letters)]
    if not fitting or scheme in fitting:
        return ""
    return f"; all the tags are in the scheme {min(fitting, key=lambda name: len(PREFIXES[name]))}"


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
    inside = prefixes != "O"
    if scheme in ("ioe1", "ioe2"):
        unfinished = (prefixes == ("I" if scheme == "ioe2" else "E"))[:, None]  # the same label has to come next
        return np.asarray(~unfinished | (same & inside))
    continues = np.isin(prefixes, ["B"] if scheme == "iob1" else ["I", "E"])
    is_open = np.isin(prefixes, ["B", "I"])[:, None]
    allowed: NDArray[np.bool_] = is_open & same & continues
    allowed |= ~continues & ~is_open if scheme in WHOLE else ~continues
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
    names, numbers = np.unique(labels, return_inverse=True)
    codes, (first, last) = column.codes.values, _edges(column.codes)
    label = look_up(smallest(numbers), codes)  # small integers: a corpus has millions of words
    inside, starting, closed = (
        look_up(table, codes)
        for table in (prefixes != "O", np.isin(prefixes, ["B", "S"]), np.isin(prefixes, ["O", "E", "S"]))
    )
    begins = first | starting | np.roll(closed, 1)
    begins[1:] |= label[1:] != label[:-1]
    begins &= inside
    ends = inside & (last | ~np.roll(inside, -1) | np.roll(begins, -1))
    starts, finals = np.flatnonzero(begins), np.flatnonzero(ends)
    if strict and (scheme == "bio" or scheme in WHOLE):
        opening, closing, single = prefixes[codes[starts]], prefixes[codes[finals]], starts == finals
        opened, closed = opening == "B", closing == "E"
        whole = opened if scheme == "bio" else np.where(single, opening == "S", opened & closed)
        starts, finals = starts[whole], finals[whole]
    return Spans(starts, finals + 1, names[label[starts]])


def write_spans(spans: Spans, offsets: NDArray[np.int64], scheme: Scheme) -> Column:
    """Write spans as tags.

    Args:
        spans: The spans.
        offsets: First word of each sentence, and the end of the last one; shape (sentences + 1,).
        scheme: Scheme of the tags.
    """
    prefixes = np.full(int(offsets[-1]), PLACES["O"], np.int8)
    lengths = spans.ends - spans.starts
    covered = np.repeat(spans.starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    prefixes[covered] = PLACES["I"]
    follows = (spans.starts[1:] == spans.ends[:-1]) & (spans.labels[1:] == spans.labels[:-1])
    follows &= ~np.isin(spans.starts[1:], offsets)
    if scheme == "iob1":
        prefixes[spans.starts[1:][follows]] = PLACES["B"]
    elif scheme in ("ioe1", "ioe2"):
        prefixes[spans.ends[:-1][follows] - 1 if scheme == "ioe1" else spans.ends - 1] = PLACES["E"]
    else:
        prefixes[spans.starts] = PLACES["B"]
    if scheme in WHOLE:
        prefixes[spans.ends - 1] = np.where(lengths == 1, PLACES["S"], PLACES["E"])
    names, numbers = np.unique(spans.labels, return_inverse=True)
    label = np.zeros(len(prefixes), smallest(np.array([len(names)])).dtype)
    label[covered] = np.repeat(numbers, lengths)
    return _joined(prefixes, label, [str(name) for name in names] or [""], offsets, scheme)


PLACES = {prefix: place for place, prefix in enumerate("OBIES")}
"""Number of each prefix while tags are put together."""


def _joined(
    prefixes: NDArray[np.int8], label: IntArray, names: list[str], offsets: NDArray[np.int64], scheme: Scheme
) -> Column:
    """Column of tags, in alphabetical order, from prefixes and numbers of labels (any for `O`)."""
    letters = dict(zip("BIES", PREFIXES[scheme], strict=True)) if scheme in WHOLE else {}
    pairs = prefixes.astype(np.int32) * len(names) + label
    pairs[prefixes == PLACES["O"]] = 0
    occurs = np.zeros(len(PLACES) * len(names), bool)
    for start in range(0, len(pairs), BLOCK):
        occurs[pairs[start : start + BLOCK]] = True
    present = np.flatnonzero(occurs)
    tags = []
    for place, name in (divmod(pair, len(names)) for pair in present.tolist()):
        prefix, label_name = "OBIES"[place], names[name]
        tags.append("O" if prefix == "O" else letters.get(prefix, prefix) + (f"-{label_name}" if label_name else ""))
    distinct = sorted(tags)
    codes = np.zeros(len(occurs), np.int64)
    codes[present] = [distinct.index(tag) for tag in tags]
    return Column(Ragged(look_up(smallest(codes), pairs), offsets), distinct)


def check_tags(column: Column, scheme: Scheme) -> None:
    """Check that a column holds only tag sequences that the scheme allows.

    Raises:
        seqnlp.errors.DataError: with the first tag that is none of the scheme's, or must not stand where it does.
    """
    allowed = allowed_transitions(column.distinct, scheme)
    boundary = len(column.distinct)
    codes, (first, last) = column.codes.values, _edges(column.codes)
    for start in range(0, len(codes), BLOCK):
        part = slice(start, start + BLOCK)
        before = np.roll(codes[part], 1)
        before[0] = codes[start - 1]
        came_from = np.where(first[part], np.int64(boundary), before)
        wrong = ~allowed[came_from, codes[part]] | (last[part] & ~allowed[codes[part], boundary])
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise _misplaced(column, scheme, start + place, int(came_from[place]), allowed)


def _misplaced(column: Column, scheme: Scheme, word: int, before: int, allowed: NDArray[np.bool_]) -> DataError:
    """Error about a tag that must not stand where it does."""
    code = int(column.codes.values[word])
    sentence = int(np.searchsorted(column.codes.offsets, word, "right")) - 1
    names = [*column.distinct, "the beginning"]
    position = f"{names[code]} after {names[before]}" if not allowed[before, code] else f"{names[code]} at the end"
    place = f"sentence {sentence + 1}, word {word - int(column.codes.offsets[sentence]) + 1}"
    return DataError(f"{position} is not allowed in the scheme {scheme} ({place})")


def _edges(codes: Ragged) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of the first and the last element of each row."""
    first = np.zeros(len(codes.values) + 1, bool)
    first[codes.offsets] = True
    return first[:-1], first[1:]
