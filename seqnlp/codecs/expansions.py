"""Multiword tokens and their words: a table of train, and rules for tokens that it lacks."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Annotated, Any, Self, final

from pydantic import Field, model_validator

from seqnlp.codecs.saved import SavedCodec
from seqnlp.codecs.text import Codec, composed

Words = tuple[str, ...]

ODD_CASE = 0.1
"""Share of tokens whose words have another case than theirs from which on capitals are taken for other letters."""
RULES = 2_000
"""Rules that are kept, at most."""


@dataclass(frozen=True)
class AffixRule:
    """Rewriting of both ends of a token; what is between stays."""

    prefix: str
    new_prefix: str
    suffix: str
    new_suffix: str

    @classmethod
    def between(cls, token: str, words: Words) -> Self | None:
        """Rule around the longest common substring; None if there is none."""
        spaced = " ".join(words)
        found = SequenceMatcher(None, token, spaced, autojunk=False).find_longest_match()
        if not found.size:
            return None
        end, new_end = found.a + found.size, found.b + found.size
        return cls(token[: found.a], spaced[: found.b], token[end:], spaced[new_end:])

    @property
    def length(self) -> int:
        """Characters that the rule asks for."""
        return len(self.prefix) + len(self.suffix)

    def apply(self, token: str) -> Words | None:
        """Words of a token; None where the ends are others, or nothing is between them."""
        if len(token) <= self.length or not token.startswith(self.prefix) or not token.endswith(self.suffix):
            return None
        middle = token[len(self.prefix) : len(token) - len(self.suffix)]
        words = tuple((self.new_prefix + middle + self.new_suffix).split(" "))
        return words if len(words) > 1 and all(words) else None


class SavedExpansions(SavedCodec):
    """JSON of the multiword tokens of train."""

    table: dict[str, Annotated[list[str], Field(min_length=1)]]
    rules: list[Annotated[list[str], Field(min_length=4, max_length=4)]]
    blanks_inside: bool

    @model_validator(mode="after")
    def _no_empty_words(self) -> Self:
        for token, words in self.table.items():
            if not token or not all(words):
                raise ValueError(f"expected words that are not empty, found {words!r} for {token!r}")
        return self


@final
class Expansions(Codec):
    """Words of multiword tokens."""

    def __init__(self, table: Mapping[str, Words], rules: Sequence[AffixRule], blanks_inside: bool) -> None:
        """Store what train tells.

        Args:
            table: Most frequent words of each token.
            rules: Rules for others, the best one first.
            blanks_inside: True if train has tokens with blanks in them.
        """
        self.table, self.rules, self.blanks_inside = dict(table), list(rules), blanks_inside
        self._lowered: dict[str, Words] = {}
        for token, words in self.table.items():  # what is in lower case already goes before what is lowered
            if token == token.lower() or token.lower() not in self._lowered:
                self._lowered[token.lower()] = tuple(word.lower() for word in words)
        odd = sum(cased(token, self._lowered[token.lower()]) != words for token, words in self.table.items())
        self.folds_case = odd <= ODD_CASE * len(self.table)
        """False where capitals are letters of their own, as in transliterations."""

    @classmethod
    def fit(cls, pairs: Iterable[tuple[str, Words]], blanks_inside: bool) -> Self:
        """Fit on the multiword tokens of train, with their words."""
        counts: defaultdict[str, Counter[Words]] = defaultdict(Counter)
        for token, words in pairs:
            counts[token][words] += 1
        table = {token: found.most_common(1)[0][0] for token, found in counts.items()}
        return cls(table, fit_rules(table), blanks_inside)

    def __len__(self) -> int:
        """Number of distinct multiword tokens in train."""
        return len(self.table)

    @property
    def examples(self) -> dict[str, Words]:
        """Multiword tokens of train and their words.

        They are in lower case if case is folded. Those of one word, or with blanks in them, are left out.
        """
        return {
            token: words
            for token, words in (self._lowered if self.folds_case else self.table).items()
            if len(words) > 1 and " " not in "".join((token, *words))
        }

    def expand(self, token: str) -> Words:
        """Words of a token: those of train, by a rule, or the token itself."""
        return self.known(token) or self.by_rule(token) or (token,)

    def known(self, token: str) -> Words | None:
        """Words of a token that train has; None for others.

        Its case and its Unicode form may be different.
        """
        for form in dict.fromkeys((token, composed(token))):
            if (words := self.table.get(form)) is not None:
                return words
            if self.folds_case and (words := self._lowered.get(form.lower())) is not None:
                return cased(form, words)
        return None

    def by_rule(self, token: str) -> Words | None:
        """Words of a token by the first rule that applies; None where none does."""
        for small in dict.fromkeys((token, token.lower())):
            for rule in self.rules:
                if words := rule.apply(small):
                    return words if small == token else cased(token, words)
        return None

    def to_json(self) -> dict[str, Any]:
        rules = [[rule.prefix, rule.new_prefix, rule.suffix, rule.new_suffix] for rule in self.rules]
        table = {token: list(words) for token, words in self.table.items()}
        return {"table": table, "rules": rules, "blanks_inside": self.blanks_inside}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedExpansions.read(data)
        table = {token: tuple(words) for token, words in saved.table.items()}
        return cls(table, [AffixRule(*rule) for rule in saved.rules], saved.blanks_inside)


def fit_rules(table: Mapping[str, Words]) -> list[AffixRule]:
    """Fit rules on a table, the most precise ones first.

    Each is tried on every token whose ends it asks for; of equally good ones that which asks for more comes first.
    """
    found = Counter(rule for token, words in table.items() if (rule := AffixRule.between(token, words)))
    by_end: defaultdict[str, list[str]] = defaultdict(list)
    for token in table:
        for end in {token[:1], "", token[-1:]}:
            by_end[end].append(token)
    scored = []
    for rule, _ in found.most_common(RULES):
        candidates = by_end[rule.suffix[-1:] or rule.prefix[:1]]
        answers = [(rule.apply(token), table[token]) for token in candidates]
        applied = sum(answer is not None for answer, _ in answers)
        right = sum(answer == words for answer, words in answers)
        if right:
            scored.append((right / (applied + 1), rule.length, rule))
    return [rule for *_, rule in sorted(scored, key=lambda each: (-each[0], -each[1]))]


def cased(token: str, words: Words) -> Words:
    """Words in lower case, written as the token is."""
    if "".join(words) == token.lower() and len(token.lower()) == len(token):
        found, place = [], 0
        for word in words:
            found.append(token[place : place + len(word)])
            place += len(word)
        return tuple(found)
    if len(token) > 1 and token.isupper():
        return tuple(word.upper() for word in words)
    return (words[0][:1].upper() + words[0][1:], *words[1:]) if token[:1].isupper() else words
