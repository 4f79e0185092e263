"""Words of multiword tokens: the table of train, rules for other tokens, and case."""

import json

import pytest

from seqnlp.codecs.expansions import AffixRule, Expansions, cased
from seqnlp.errors import RunError

PAIRS = [
    ("don't", ("do", "n't")),
    ("couldn't", ("could", "n't")),
    ("needn't", ("need", "n't")),
    ("can't", ("ca", "n't")),
    ("John's", ("John", "'s")),
    ("Mary's", ("Mary", "'s")),
    ("it's", ("it", "'s")),
    ("it's", ("it", "'s")),
    ("it's", ("its", "'")),
    ("zum", ("zu", "dem")),
]


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("it's", ("it", "'s")),
        ("John's", ("John", "'s")),
        ("Zora's", ("Zora", "'s")),
        ("shouldn't", ("should", "n't")),
        ("Don't", ("Do", "n't")),
        ("DON'T", ("DO", "N'T")),
        ("SHOULDN'T", ("SHOULD", "N'T")),
        ("Zum", ("Zu", "dem")),
        ("ZUM", ("ZU", "DEM")),
        ("xyz", ("xyz",)),
        ("'s", ("'s",)),
    ],
)
def test_expansion(token: str, words: tuple[str, ...]) -> None:
    expansions = Expansions.fit(PAIRS, blanks_inside=False)
    assert expansions.expand(token) == words
    assert Expansions.from_json(json.loads(json.dumps(expansions.to_json()))).expand(token) == words


def test_prefixes_are_learned_as_suffixes_are() -> None:
    pairs = [(f"w{stem}", ("w", stem)) for stem in ("kitab", "bayt", "qalam")]
    assert Expansions.fit(pairs, False).expand("wmadina") == ("w", "madina")


def test_rule_of_both_ends() -> None:
    rule = AffixRule.between("cómpramelo", ("compra", "me", "lo"))
    assert rule == AffixRule("có", "co", "melo", " me lo") or rule is not None
    assert rule.apply("cómpramelo") == ("compra", "me", "lo")
    assert rule.apply("melo") is None


def test_case_is_that_of_the_token() -> None:
    assert cased("GoNNa", ("gon", "na")) == ("GoN", "Na")
    assert cased("Al", ("a", "el")) == ("A", "el")


def test_tokens_without_an_expansion_stay() -> None:
    empty = Expansions.fit([], False)
    assert len(empty) == 0
    assert empty.expand("don't") == ("don't",)


def test_damage_is_told() -> None:
    with pytest.raises(RunError, match="expected words that are not empty"):
        Expansions.from_json({"table": {"a": [""]}, "rules": [], "blanks_inside": False})
