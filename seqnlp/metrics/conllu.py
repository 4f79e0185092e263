"""Scores of the CoNLL 2018 shared task (Zeman et al., 2018).

Gold and system have the same characters, whitespace aside. Tokens and sentences are right if they begin and end at the
same characters. Words are aligned by these, too, but around multiword tokens by a longest common subsequence of forms.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from seqnlp.errors import DataError

LEMMA, UPOS, XPOS, FEATS, HEAD, DEPREL = 2, 3, 4, 5, 6, 7
EMPTY = "_"
UNIVERSAL_FEATURES = frozenset(
    {
        *("PronType", "NumType", "Poss", "Reflex", "Foreign", "Abbr", "Gender", "Animacy", "Number", "Case"),
        *("Definite", "Degree", "VerbForm", "Mood", "Tense", "Aspect", "Voice", "Evident", "Polarity", "Person"),
        "Polite",
    }
)
"""Features that UFeats compares."""
SEGMENTATION = ("Tokens", "Sentences", "Words")
TAGS = ("UPOS", "XPOS", "UFeats", "AllTags", "Lemmas")
TREES = ("UAS", "LAS", "CLAS", "MLAS", "BLEX")
CONTENT = frozenset(
    {
        *("nsubj", "obj", "iobj", "csubj", "ccomp", "xcomp", "obl", "vocative", "expl", "dislocated", "advcl"),
        *("advmod", "discourse", "nmod", "appos", "nummod", "acl", "amod", "conj", "fixed", "flat", "compound"),
        *("list", "parataxis", "orphan", "goeswith", "reparandum", "root", "dep"),
    }
)
"""Relations of content words, which CLAS, MLAS and BLEX count."""
FUNCTIONAL = frozenset({"aux", "cop", "mark", "det", "clf", "case", "cc"})
"""Relations of function words, which MLAS compares with the word that they depend on."""
ROOT, NOT_ALIGNED = -1, -2
"""In the place of a word's number: the root, and a word without a partner."""

Span = tuple[int, int]


class Word(NamedTuple):
    """A syntactic word at its place among the characters."""

    start: int
    end: int
    """Bounds of its token."""
    is_multiword: bool
    """True if the token has several words."""
    form: str
    lemma: str = EMPTY
    upos: str = EMPTY
    xpos: str = EMPTY
    feats: str = ""
    number: int = 0
    """Index among the words of the text."""
    head: int = ROOT
    """Number of its head."""
    deprel: str = ""
    """Universal part of the relation to it."""


@dataclass
class Analysis:
    """A text in sentences, tokens and words; spans count characters without whitespace."""

    parts: list[str] = field(default_factory=list)
    """Characters of each token."""
    tokens: list[Span] = field(default_factory=list)
    sentences: list[Span] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)

    def add(self, tokens: Iterable[tuple[str, Sequence[Sequence[str]]]]) -> None:
        """Add a sentence: the form of each token, and its words as rows of CoNLL-U or their first columns.

        A token with more than one row, or with a row of another form, is a multiword token.
        """
        begin = place = self.tokens[-1][1] if self.tokens else 0
        first = len(self.words)
        for form, rows in tokens:
            characters = without_spaces(form)
            start, place = place, place + len(characters)
            self.parts.append(characters)
            self.tokens.append((start, place))
            several = len(rows) > 1
            for row in rows:
                self.words.append(word_of(start, place, several, row, len(self.words), first))
        self.sentences.append((begin, place))

    @property
    def characters(self) -> str:
        """Characters of the text."""
        return "".join(self.parts)


def word_of(start: int, end: int, is_multiword: bool, row: Sequence[str], number: int = 0, first: int = 0) -> Word:
    """Make a word of a row, which may end after the form; `first` is the number of the first word of its sentence."""
    form = row[1] if is_multiword else without_spaces(row[1])
    if len(row) <= FEATS:
        return Word(start, end, is_multiword, form, number=number)
    tags = row[LEMMA], row[UPOS], row[XPOS], universal(row[FEATS])
    if not row[HEAD].isdecimal():
        return Word(start, end, is_multiword, form, *tags, number)
    head, relation = int(row[HEAD]), row[DEPREL].split(":")[0]
    return Word(start, end, is_multiword, form, *tags, number, first + head - 1 if head else ROOT, relation)


def without_spaces(form: str) -> str:
    """Form without blanks of any kind."""
    return form if form.isalnum() else "".join(each for each in form if unicodedata.category(each) != "Zs")


@cache
def universal(feats: str) -> str:
    """Universal features of a list, in order."""
    return "|".join(sorted(each for each in feats.split("|") if each.split("=", 1)[0] in UNIVERSAL_FEATURES))


@dataclass(frozen=True)
class Score:
    """Counts of a score, and what they make."""

    correct: int
    gold: int
    system: int

    @property
    def precision(self) -> float:
        """Share of the system's that is right."""
        return self.correct / self.system if self.system else 0.0

    @property
    def recall(self) -> float:
        """Share of gold that the system has."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.correct / (self.system + self.gold) if self.system + self.gold else 0.0

    def to_json(self) -> dict[str, float]:
        """Convert to a row of a table of scores."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1, "support": self.gold}


def evaluate_segmentation(gold: Analysis, system: Analysis) -> dict[str, Score]:
    """Score tokens, sentences and words."""
    return evaluate_analysis(gold, system, tags=False)


def evaluate_analysis(gold: Analysis, system: Analysis, tags: bool = True, trees: bool = False) -> dict[str, Score]:
    """Score an analysis of a text.

    Args:
        gold: The right one.
        system: The predicted one.
        tags: Compare tags and lemmas, too.
        trees: Compare dependency trees, too.

    Returns:
        The scores by the names of the shared task.

    Raises:
        seqnlp.errors.DataError: the two have different characters.
    """
    check_same(gold.characters, system.characters)
    pairs = align(gold.words, system.words)
    words, found = len(gold.words), len(system.words)
    scores = {
        "Tokens": _span_score(gold.tokens, system.tokens),
        "Sentences": _span_score(gold.sentences, system.sentences),
        "Words": Score(len(pairs), words, found),
    }
    if tags:
        for name, same in COMPARISONS.items():
            scores[name] = Score(sum(same(one, other) for one, other in pairs), words, found)
    return scores | (tree_scores(gold.words, system.words, pairs) if trees else {})


COMPARISONS: Mapping[str, Callable[[Word, Word], bool]] = {
    "UPOS": lambda gold, system: gold.upos == system.upos,
    "XPOS": lambda gold, system: gold.xpos == system.xpos,
    "UFeats": lambda gold, system: gold.feats == system.feats,
    "AllTags": lambda gold, system: gold[5:8] == system[5:8],
    "Lemmas": lambda gold, system: gold.lemma in (EMPTY, system.lemma),
}
"""Test of an aligned pair, by the name of the score; a gold lemma of `_` is right whatever the system says."""


def tree_scores(gold: Sequence[Word], system: Sequence[Word], pairs: Sequence[tuple[Word, Word]]) -> dict[str, Score]:
    """Scores of dependency trees.

    UAS compares heads, LAS also relations; of content words CLAS does that, MLAS also tags, features and function
    words, BLEX lemmas.

    Args:
        gold: Words of the right analysis.
        system: Words of the predicted one.
        pairs: Aligned words.
    """
    partner = {system_word.number: gold_word.number for gold_word, system_word in pairs}
    partner[ROOT] = ROOT
    sides = _functional(gold, {word.number: word.number for word in gold}), _functional(system, partner)
    counts = dict.fromkeys(TREES, 0)
    for one, other in pairs:
        if one.head != partner.get(other.head, NOT_ALIGNED):
            continue
        counts["UAS"] += 1
        if one.deprel != other.deprel:
            continue
        counts["LAS"] += 1
        if one.deprel in CONTENT:
            counts["CLAS"] += 1
            same = (one.upos, one.feats) == (other.upos, other.feats)
            counts["MLAS"] += same and sides[0].get(one.number) == sides[1].get(other.number)
            counts["BLEX"] += one.lemma in (EMPTY, other.lemma)
    content = [sum(word.deprel in CONTENT for word in words) for words in (gold, system)]
    sizes = {name: content if name in ("CLAS", "MLAS", "BLEX") else [len(gold), len(system)] for name in TREES}
    return {name: Score(correct, *sizes[name]) for name, correct in counts.items()}


def _functional(words: Sequence[Word], partner: Mapping[int, int]) -> dict[int, list[tuple[int, str, str, str]]]:
    """Function words that depend on each word: gold number, relation, part of speech and features."""
    found: dict[int, list[tuple[int, str, str, str]]] = {}
    for word in words:
        if word.deprel in FUNCTIONAL and word.head != ROOT:
            own = partner.get(word.number, NOT_ALIGNED), word.deprel, word.upos, word.feats
            found.setdefault(word.head, []).append(own)
    return found


def check_same(gold: str, system: str) -> None:
    """Check that two texts have the same characters.

    Raises:
        seqnlp.errors.DataError: with the first place at which they differ.
    """
    if gold == system:
        return
    shorter = min(len(gold), len(system))
    place = next((number for number in range(shorter) if gold[number] != system[number]), shorter)
    there = [repr(text[place : place + 20]) if text[place:] else "nothing" for text in (gold, system)]
    problem = f"gold and system have different texts: at character {place + 1:,} (without blanks)"
    raise DataError(f"{problem} gold has {there[0]}, the system {there[1]}")


def _span_score(gold: Sequence[Span], system: Sequence[Span]) -> Score:
    return Score(len(set(gold).intersection(system)), len(gold), len(system))


def align(gold: Sequence[Word], system: Sequence[Word]) -> list[tuple[Word, Word]]:
    """Align the words of two analyses of one text."""
    pairs: list[tuple[Word, Word]] = []
    one = other = 0
    while one < len(gold) and other < len(system):
        left, right = gold[one], system[other]
        if left.is_multiword or right.is_multiword:
            region = _region(gold, system, one, other)
            pairs += _common(gold[region.gold], system[region.system])
            one, other = region.gold.stop, region.system.stop
        elif left[:2] == right[:2]:
            pairs.append((left, right))
            one, other = one + 1, other + 1
        elif left.start <= right.start:
            one += 1
        else:
            other += 1
    return pairs


class _Region(NamedTuple):
    """Words of both sides that share the characters of multiword tokens."""

    gold: slice
    system: slice


def _region(gold: Sequence[Word], system: Sequence[Word], one: int, other: int) -> _Region:
    """Least region around the multiword token that comes next on either side."""
    if gold[one].is_multiword:
        end = gold[one].end
        other += not system[other].is_multiword and system[other].start < gold[one].start
    else:
        end = system[other].end
        one += gold[one].start < system[other].start
    first, second = one, other
    while not (_is_beyond(gold, one, end) and _is_beyond(system, other, end)):
        takes_gold = one < len(gold) and (other >= len(system) or gold[one].start <= system[other].start)
        word = gold[one] if takes_gold else system[other]
        if word.is_multiword:
            end = max(end, word.end)
        one, other = one + takes_gold, other + (not takes_gold)
    return _Region(slice(first, one), slice(second, other))


def _is_beyond(words: Sequence[Word], place: int, end: int) -> bool:
    if place >= len(words):
        return True
    word = words[place]
    return word.start >= end if word.is_multiword else word.end > end


def _common(gold: Sequence[Word], system: Sequence[Word]) -> list[tuple[Word, Word]]:
    """Longest common subsequence of words by their forms in lower case; of equal ones, the earliest."""
    left, right = ([word.form.lower() for word in words] for words in (gold, system))
    longest = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for row in reversed(range(len(left))):
        for column in reversed(range(len(right))):
            both = 1 + longest[row + 1][column + 1] if left[row] == right[column] else 0
            longest[row][column] = max(both, longest[row + 1][column], longest[row][column + 1])
    pairs, row, column = [], 0, 0
    while row < len(left) and column < len(right):
        if left[row] == right[column]:
            pairs.append((gold[row], system[column]))
            row, column = row + 1, column + 1
        elif longest[row][column] == longest[row + 1][column]:
            row += 1
        else:
            column += 1
    return pairs


def as_percent(scores: Mapping[str, Score]) -> dict[str, Any]:
    """F1 of each score in percent."""
    return {name: 100 * score.f1 for name, score in scores.items()}
