"""Automata of regular expressions, against Python's matcher and against their own definition."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqnlp.errors import UsageError
from seqnlp.nn.regular_expression import RegularExpression

ALPHABET = "ab1é \n-"
ATOMS = st.sampled_from(
    ["a", "b", "1", ".", *(rf"\{name}" for name in "dwsDWS-n"), "[ab]", "[^a]", "[a-b1]", r"[\d-]", "[]a]"]
) | st.sampled_from(["é", r"\x61", " ", "^", "$", "(?:a|)", "(b)"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda parts: f"(?:{parts[0]}|{parts[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "{0}", "*?", "{,2}"])).map(
            lambda parts: f"(?:{parts[0]}){parts[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(pattern=PATTERNS, texts=st.lists(st.text(ALPHABET, max_size=6), min_size=1, max_size=12), ignores=st.booleans())
def test_texts_match_as_in_re(pattern: str, texts: list[str], ignores: bool) -> None:
    pattern = "(?i)" * ignores + pattern
    known = re.compile(pattern.replace("$", r"\Z"))
    expected = [known.fullmatch(text) is not None for text in texts]
    try:
        expression = RegularExpression(pattern)
    except UsageError:  # no text matches it
        assert not any(expected)
        return
    assert [expression.matches(text) for text in texts] == expected


@settings(max_examples=30, deadline=None)
@given(pattern=PATTERNS, data=st.data())
def test_every_live_state_leads_to_a_match(pattern: str, data: st.DataObject) -> None:
    """Whoever always reads a character that may follow never gets lost: some way leads to the end."""
    try:
        expression = RegularExpression(pattern, ALPHABET)
    except UsageError:
        return
    state = expression.start
    for _ in range(data.draw(st.integers(0, 5))):
        following = [sign for sign in ALPHABET if not expression.is_dead(expression.step(state, sign))]
        if not following:
            break
        state = expression.step(state, data.draw(st.sampled_from(following)))
    seen, waiting = {state}, [state]
    for here in waiting:
        for sign in ALPHABET:
            after = expression.step(here, sign)
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    assert any(each.accepts for each in waiting)


def test_case_is_ignored_if_wanted() -> None:
    assert RegularExpression("(?i)[a-c]é").matches("BÉ")
    assert RegularExpression("(?P<a>a)(?P<b>[^b])").matches("ac")
    assert not RegularExpression("[a-c]é").matches("BÉ")


def test_what_can_not_be_spelled_is_no_way_out() -> None:
    expression = RegularExpression("a(z|b)|zz", "ab")
    assert expression.is_dead(expression.walk(expression.start, "az"))
    assert expression.matches("ab")
    with pytest.raises(UsageError, match="no text matches it"):
        RegularExpression("z+", "ab")
    with pytest.raises(UsageError, match="no text matches it"):
        RegularExpression("a$b")
    with pytest.raises(UsageError, match="no text matches it"):
        RegularExpression("a^b")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(a", r"character 1: expected a `\)` for this"),
        ("a)", r"character 2: expected a `\(` before this"),
        ("[ab", r"character 1: expected a `\]` for this"),
        ("*a", "character 1: expected something before `.`"),
        ("a|+", "character 3: expected something before `.`"),
        ("a{2", "character 2: expected a repetition such as"),
        ("a{3,2}", "the smaller number first"),
        ("a{100000}", "1,000 repetitions at most"),
        ("(?=a)", "character 1: only groups"),
        (r"(a)\1", r"character 4: `\\1` is not known"),
        (r"\b", r"character 1: `\\b` is not known"),
        ("[b-a]", "expected a range from a lower"),
        ("\\", "expected a character after"),
        (r"\x4", "expected 2 hexadecimal digits"),
        (r"\x+1", "expected 2 hexadecimal digits"),
        (r"\u1_23", "expected 4 hexadecimal digits"),
        ("a" + "*" * 2000, "character 2: expected 50 repetitions of repetitions"),
        ("((a{100}){900})", "too large"),
        ("(" * 2000 + ")" * 2000, "50 groups inside of each other"),
        ("a{²}", "expected a repetition"),
    ],
)
def test_faults_name_their_place(pattern: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        RegularExpression(pattern)
