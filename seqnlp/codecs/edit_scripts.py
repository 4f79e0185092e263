"""Lemmas as labels: edit scripts that make the lemma of its form (Straka, 2018)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from functools import cache, cached_property, lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.arrays import IntArray, Ragged, smallest
from seqnlp.codecs.labels import NOTHING, ONLY, LabelCodec, LabelEncoding, Labels
from seqnlp.codecs.saved import Distinct, SavedCodec, damaged
from seqnlp.codecs.text import Column, composed
from seqnlp.errors import DataError
from seqnlp.notes import note

MANY = 0.05
"""Share of words without a lemma that is told."""
LONGEST = 100
"""Characters of a form or a lemma that are aligned; a longer pair that differs gets its lemma whole."""

COPY, DELETE, INSERT = "=", "-", "+"
KEPT = "…"
"""The longest common substring, between the edits of prefix and suffix."""
WHOLE = "!"
"""Mark of a script that gives a lemma whole."""
LOWER, UPPER, TITLE = "L", "U", "T"
CASING = re.compile(r"(?:[LUT](?:0|-?[1-9]\d*))*")
RUN = re.compile(r"([LUT])(-?\d+)")
EDITS = re.compile(r"(?:[=-]|\+.)*", re.DOTALL)


@cache
def lowered(letter: str) -> str:
    """Lower case of a letter, if its own can be restored; of all other characters themselves."""
    lower = letter.lower()
    return lower if len(lower) == 1 and letter in (lower.upper(), lower.title()) else letter


@cache
def cases(letter: str) -> dict[str, str]:
    """Upper and title case of a lower-case letter, by `UPPER` and `TITLE`: those that lead back to it."""
    forms = {UPPER: letter.upper(), TITLE: letter.title()}
    return {case: form for case, form in forms.items() if form != letter and lowered(form) == letter}


def fold(text: str) -> str:
    """Lower case, a character for each; `İ`, `ß` and others without a way back stay as they are."""
    return text.lower() if text.isascii() else "".join(map(lowered, text))


def casing(text: str) -> str:
    """Casing script: runs of one case, each with the place of its first character.

    Places over the middle are counted from the end. Characters without case go on with the run before them; a text
    in lower case has an empty script.
    """
    runs: list[tuple[str, int]] = []
    for place, letter in enumerate(text):
        lower = lowered(letter)
        if not cases(lower):
            continue
        case = LOWER if letter == lower else UPPER if cases(lower).get(UPPER) == letter else TITLE
        if not runs or runs[-1][0] != case:
            runs.append((case, place if runs else 0))
    if [case for case, _ in runs] in ([], [LOWER]):
        return ""
    return "".join(f"{case}{place if place <= len(text) // 2 else place - len(text)}" for case, place in runs)


def cased(text: str, script: str) -> str:
    """Apply a casing script to a text in lower case."""
    if not script:
        return text
    letters = list(text)
    for case, place in RUN.findall(script):
        at = int(place)
        start = at if at >= 0 else max(len(letters) + at, 0)
        for number in range(start, len(letters)):
            lower = lowered(letters[number])
            letters[number] = cases(lower).get(case, lower) if case != LOWER else lower
    return "".join(letters)


def common_substring(form: str, lemma: str) -> tuple[int, int, int]:
    """Longest common substring: its starts in both and its length; of several the first in form, then in lemma."""
    if form == lemma:
        return 0, 0, len(form)
    found = SequenceMatcher(None, form, lemma, autojunk=False).find_longest_match()
    return found.a, found.b, found.size


@lru_cache(1 << 16)
def edits(source: str, target: str) -> str:
    """Shortest edit script of two texts: `=` copies a character, `-` deletes one, `+x` inserts `x`."""
    costs = [list(range(len(target), -1, -1))]  # of the rest of both, from the last row up
    for letter in reversed(source):
        below = costs[-1]
        row = [below[-1] + 1]
        for place in range(len(target) - 1, -1, -1):
            same = below[place + 1] if letter == target[place] else len(source) + len(target)
            row.append(min(same, below[place] + 1, row[-1] + 1))
        costs.append(row[::-1])
    costs.reverse()
    script, at, to = [], 0, 0
    while at < len(source) or to < len(target):
        here = costs[at][to]
        if at < len(source) and to < len(target) and source[at] == target[to] and costs[at + 1][to + 1] == here:
            script.append(COPY)
            at, to = at + 1, to + 1
        elif at < len(source) and costs[at + 1][to] + 1 == here:
            script.append(DELETE)
            at += 1
        else:
            script.append(INSERT + target[to])
            to += 1
    return "".join(script)


@dataclass(frozen=True)
class EditScript:
    """Parsed edit script."""

    casing: str = ""
    prefix: str = ""
    suffix: str = ""
    whole: str | None = None
    """Lemma of every form; None for a script of edits."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a script.

        Raises:
            ValueError: if it is none.
        """
        if text.startswith(WHOLE):
            return cls(whole=text[1:])
        casing, rest = _head(CASING, text)
        prefix, rest = _head(EDITS, rest)
        suffix, odd = _head(EDITS, rest[1:])
        if rest[:1] != KEPT or odd:
            raise ValueError(f"expected an edit script such as {KEPT + DELETE!r}, found {text!r}")
        return cls(casing, prefix, suffix)

    def apply(self, form: str) -> str | None:
        """Make the lemma of a form; None if the form is too short for the edits."""
        if self.whole is not None:
            return self.whole
        text = fold(form)
        before, start = self._prefix_edits
        after, read = self._suffix_edits
        end = len(text) - read
        if end <= start:
            return None
        return cased(_edited(text[:start], before) + text[start:end] + _edited(text[end:], after), self.casing)

    @cached_property
    def _prefix_edits(self) -> tuple[list[str], int]:
        """Edits before the common substring, and how many characters they read."""
        return _edits(self.prefix)

    @cached_property
    def _suffix_edits(self) -> tuple[list[str], int]:
        """Edits behind it, and how many characters they read."""
        return _edits(self.suffix)


def _head(pattern: re.Pattern[str], text: str) -> tuple[str, str]:
    """Divide a text behind what matches at its beginning."""
    match = pattern.match(text)
    end = match.end() if match else 0
    return text[:end], text[end:]


def _edits(script: str) -> tuple[list[str], int]:
    edits = re.findall(r"\+.|[=-]", script, re.DOTALL)
    return edits, sum(edit[0] != INSERT for edit in edits)


def _edited(text: str, edits: list[str]) -> str:
    letters = iter(text)
    made = []
    for edit in edits:
        if edit[0] == INSERT:
            made.append(edit[1])
        else:
            letter = next(letters)
            made.append(letter if edit == COPY else "")
    return "".join(made)


parsed = lru_cache(1 << 16)(EditScript.parse)


def edit_script(form: str, lemma: str) -> str:
    """Find the edit script that makes a lemma of its form.

    Both are compared in lower case: what stands before and behind their longest common substring is edited. A lemma
    that shares nothing with its form, or is missing, is given whole.
    """
    ours, theirs = fold(form), fold(lemma)
    if lemma == NOTHING:
        return WHOLE + lemma
    if ours == theirs and ours:
        return casing(lemma) + KEPT
    if max(len(ours), len(theirs)) > LONGEST:
        return WHOLE + lemma
    start, to, size = common_substring(ours, theirs)
    if not size:
        return WHOLE + lemma
    prefix, suffix = edits(ours[:start], theirs[:to]), edits(ours[start + size :], theirs[to + size :])
    return casing(lemma) + prefix + KEPT + suffix


@lru_cache(1 << 16)
def lemma_of(form: str, script: str) -> str:
    """Apply an edit script; a form that it does not fit is its own lemma."""
    made = parsed(script).apply(form)
    return form if made is None else made


class SavedDictionary(SavedCodec):
    """JSON of a dictionary of lemmas."""

    column: str
    lemmas: dict[str, dict[str, str]]


class SavedScripts(SavedCodec):
    """JSON of a set of edit scripts."""

    scripts: Distinct
    dictionary: SavedDictionary | None = None


@dataclass(frozen=True)
class LemmaDictionary:
    """Lemmas of train by label and form."""

    column: str
    """Label column, of parts of speech for instance."""
    lemmas: Mapping[str, Mapping[str, str]]
    """Lemma of each form that has one alone with a label, by label."""

    @classmethod
    def fit(cls, column: str, labels: Column, words: Column, lemmas: Column) -> Self:
        """Collect the pairs of form and label that have one lemma alone."""
        rows = [each.codes.values.astype(np.int64) for each in (labels, words, lemmas)]
        found: dict[str, dict[str, str]] = {}
        several: set[tuple[str, str]] = set()
        for label, word, lemma in np.unique(np.stack(rows, 1), axis=0).tolist():
            name, form, text = labels.distinct[label], composed(words.distinct[word]), lemmas.distinct[lemma]
            if found.setdefault(name, {}).setdefault(form, text) != text:
                several.add((name, form))
        for name, form in several:
            del found[name][form]
        return cls(column, found)

    def find(self, labels: Column | None, words: Column) -> tuple[NDArray[np.bool_], Column]:
        """Look words up.

        Args:
            labels: Label of each word; None where none was predicted, as train has no other than `_`.
            words: The words.

        Returns:
            True for each word that is found, and the lemmas, empty for the others.
        """
        names = [NOTHING] if labels is None else labels.distinct
        size, forms = len(names), list(map(composed, words.distinct))
        codes = words.codes.values.astype(np.int64) * size + (0 if labels is None else labels.codes.values)
        pairs, places = np.unique(codes, return_inverse=True)
        texts = [self.lemmas.get(names[pair % size], {}).get(forms[pair // size]) for pair in pairs.tolist()]
        number: dict[str, int] = {}
        numbers = np.array([number.setdefault(text or "", len(number)) for text in texts], np.int64)
        known = np.array([text is not None for text in texts], bool)
        places = places.reshape(-1)
        return known[places], Column(Ragged(numbers[places], words.codes.offsets), list(number))


@final
class EditScripts(LabelCodec):
    """Lemma <-> number of its edit script from the form. A script that train did not have is -1."""

    reads_words: ClassVar[bool] = True
    are_classes: ClassVar[bool] = False
    made_of: ClassVar[str] = "edit scripts"

    def __init__(self, scripts: Labels, dictionary: LemmaDictionary | None = None) -> None:
        """Store the scripts, and the dictionary that comes before them, if any."""
        self.scripts, self.dictionary = scripts, dictionary

    @property
    def decoders(self) -> Mapping[str, Labels]:
        return {ONLY: self.scripts}

    @property
    def is_blank(self) -> bool:
        return self.scripts.names == [WHOLE + NOTHING]

    def classes(self, labels: Column, words: Column) -> Column:
        """Edit scripts of the lemmas."""
        return script_column(labels, words)

    def trivial(self, words: Column) -> Column:
        """The words themselves."""
        return words

    def encode_column(self, labels: Column, words: Column) -> dict[str, Ragged]:
        scripts = script_column(labels, words)
        return {ONLY: scripts.numbered(smallest(self.scripts.encode(scripts.distinct)))}

    def decode_column(self, numbers: Mapping[str, NDArray[np.int64]], words: Column) -> Column:
        names = self.scripts.names
        return paired(words, numbers[ONLY], lambda word, script: lemma_of(words.distinct[word], names[script]))

    @property
    def reads_labels(self) -> tuple[str, ...]:
        return () if self.dictionary is None else (self.dictionary.column,)

    def revised(self, labels: Column, words: Column, others: Mapping[str, Column]) -> Column:
        """Lemmas of the dictionary for the words that it has."""
        if self.dictionary is None or not len(words.codes.values):
            return labels
        known, lemmas = self.dictionary.find(others.get(self.dictionary.column), words)
        return lemmas.where(known, labels)

    def to_json(self) -> dict[str, Any]:
        dictionary = {} if self.dictionary is None else {"dictionary": asdict(self.dictionary)}
        return {"scripts": self.scripts.names, **dictionary}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedScripts.read(data)
        scripts = saved.scripts
        for script in scripts:
            try:
                EditScript.parse(script)
            except ValueError as error:
                raise damaged(data, str(error), "scripts") from None
        own = saved.dictionary
        return cls(Labels(scripts), None if own is None else LemmaDictionary(own.column, own.lemmas))


def paired(words: Column, values: IntArray, text: Callable[[int, int], str]) -> Column:
    """Column of texts that follow from a word and a value; each distinct pair is computed once.

    Args:
        words: The words.
        values: A number for each word; shape (words,).
        text: From the position of a word among the distinct ones, and a number, to the text.
    """
    size = int(values.max(initial=0)) + 1
    pairs, places = np.unique(words.codes.values.astype(np.int64) * size + values, return_inverse=True)
    number: dict[str, int] = {}
    texts = (text(*divmod(pair, size)) for pair in pairs.tolist())
    numbers = np.fromiter((number.setdefault(each, len(number)) for each in texts), np.int64, len(pairs))
    return Column(Ragged(numbers[places.reshape(-1)], words.codes.offsets), list(number))


def script_column(lemmas: Column, words: Column) -> Column:
    """Edit script of each word."""
    names, forms = lemmas.distinct, words.distinct
    return paired(words, lemmas.codes.values, lambda word, lemma: edit_script(forms[word], names[lemma]))


@final
class EditScriptEncoding(LabelEncoding):
    """Lemmas, as edit scripts of their forms (Straka, 2018): casing, and edits around the longest common substring."""

    codec_class = EditScripts

    kind: Literal["edit_scripts"] = "edit_scripts"
    min_count: Annotated[int, Field(ge=1)] = 1
    """Occurrences in train that an edit script needs; words with a rarer one are not learned from."""
    dictionary: Annotated[str | None, Field(examples=["upos"])] = None
    """Label column, such as `upos`, with which forms are looked up in train first: one that has a single lemma there
    with the predicted label gets it; left out: no look-up."""

    @property
    def reads_labels(self) -> tuple[str, ...]:
        return () if self.dictionary is None else (self.dictionary,)

    def fit_beside(self, codec: LabelCodec, labels: Column, words: Column, others: Mapping[str, Column]) -> LabelCodec:
        """Fit the dictionary."""
        if self.dictionary is None or not isinstance(codec, EditScripts):
            return codec
        return EditScripts(codec.scripts, LemmaDictionary.fit(self.dictionary, others[self.dictionary], words, labels))

    def fit(self, labels: Column, words: Column) -> EditScripts:
        scripts = script_column(labels, words)
        counts = scripts.counts()
        without, total = counts.get(WHOLE + NOTHING, 0), len(scripts.codes.values)
        if MANY * total <= without < total:
            note(f"{NOTHING!r} is learned as the lemma of {without:,} of {total:,} words")
        kept = [script for script, count in counts.items() if count >= self.min_count]
        if not kept:
            first = max(counts, key=counts.__getitem__)
            least = f"no edit script occurs {self.min_count} times in train"
            raise DataError(f"{least}: the most frequent one, {first!r}, {counts[first]}")
        return EditScripts(Labels.fit(kept))

    def restore(self, data: dict[str, Any]) -> LabelCodec:
        """Restore the codec of a run; older ones took lemmas for plain classes."""
        return Labels.from_json(data) if "labels" in data else super().restore(data)
