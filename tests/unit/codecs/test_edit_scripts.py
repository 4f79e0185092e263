"""Edit scripts: whatever form and lemma are, the script of the pair makes the lemma of the form."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Column, EditScriptEncoding, EditScripts, Labels
from seqnlp.codecs.edit_scripts import LONGEST, EditScript, common_substring, edit_script, edits, fold, lemma_of
from seqnlp.codecs.labels import ONLY, UNSEEN
from seqnlp.errors import DataError, RunError

ODD = "aAbBiIıİßẞσςΣΟοǆǅǄ" + "fiKµſŉ1-+=…!_LUT0 \t\n\u0301é字ა"
WORDS = st.one_of(st.text(ODD, max_size=8), st.text(max_size=12), st.sampled_from(["_", "", "I", "LaToya"]))


@given(WORDS, WORDS)
def test_a_script_makes_the_lemma_of_its_form(form: str, lemma: str) -> None:
    script = edit_script(form, lemma)
    assert EditScript.parse(script).apply(form) == lemma
    assert lemma_of(form, script) == lemma


@given(WORDS, WORDS)
def test_a_script_is_the_same_for_equal_lemmas_only(form: str, lemma: str) -> None:
    made = lemma_of(form, edit_script("walking", "walk"))
    assert (edit_script(form, made) == edit_script(form, lemma)) == (made == lemma)


@given(WORDS, WORDS, WORDS)
def test_any_script_applies_to_any_form_or_leaves_it(form: str, lemma: str, other: str) -> None:
    script = edit_script(form, lemma)
    assert lemma_of(other, script) == (EditScript.parse(script).apply(other) or (lemma if script[0] == "!" else other))


def substrings(text: str) -> list[tuple[int, int]]:
    return [(start, end) for start in range(len(text)) for end in range(start + 1, len(text) + 1)]


@given(st.text("abc", max_size=9), st.text("abc", max_size=9))
def test_the_common_substring_is_that_of_brute_force(form: str, lemma: str) -> None:
    shared = [(start, end) for start, end in substrings(form) if form[start:end] in lemma]
    longest = max((end - start for start, end in shared), default=0)
    a, b, size = common_substring(form, lemma)
    assert size == longest
    assert form[a : a + size] == lemma[b : b + size]
    if size:
        assert a == min(start for start, end in shared if end - start == longest)
        assert b == lemma.index(form[a : a + size])


def distance(source: str, target: str) -> int:
    """Insertions and deletions between two texts, by recursion."""
    if not source or not target:
        return len(source) + len(target)
    if source[0] == target[0]:
        return distance(source[1:], target[1:])
    return 1 + min(distance(source[1:], target), distance(source, target[1:]))


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_edits_are_as_few_as_can_be(source: str, target: str) -> None:
    script = edits(source, target)
    assert script.count("-") + script.count("+") == distance(source, target)


@pytest.mark.parametrize(
    ("form", "lemma", "script"),
    [
        ("dog", "dog", "…"),
        ("Dogs", "dog", "…-"),
        ("flies", "fly", "…---+y"),
        ("went", "go", "!go"),
        ("was", "be", "!be"),
        ("LONDON", "London", "U0L1…"),
        ("Google", "Google", "U0L1…"),
        ("USA", "USA", "U0…"),
        ("U.S.A.", "U.S.A.", "U0…"),
        ("McDonalds", "McDonald", "U0L1U2L3…-"),
        ("iPhones", "iPhone", "L0U1L2…-"),
        ("Häuser", "Haus", "U0L1=-+a…--"),
        ("gegangen", "gehen", "…----+h=="),
        ("1,000", "1,000", "…"),
        ("New York", "New York", "U0L1U4L-3…"),
        ("STRASSE", "Straße", "U0L1…--+ß="),
        ("ΛΟΓΟΣ", "λόγος", "=-+ό…-+ς"),
        ("IŞIK", "ışık", "-+ı…-+ı="),
        ("ǅepovi", "ǅep", "T0L1…---"),
        ("ǅepovi", "ǆep", "…---"),
        ("İzmir'e", "İzmir", "…--"),
        ("way", "_", "!_"),
        ("_", "_", "!_"),
        ("字", "字", "…"),
    ],
)
def test_known_pairs(form: str, lemma: str, script: str) -> None:
    assert edit_script(form, lemma) == script


def test_a_script_carries_over_to_new_forms() -> None:
    assert lemma_of("Zyzzyvas", edit_script("dogs", "dog")) == "zyzzyva"
    assert lemma_of("McEnroes", edit_script("McDonalds", "McDonald")) == "McEnroe"
    assert lemma_of("KÄUZE", edit_script("läuse", "laus")) == "KÄUZE".lower()[0] + "auz"


def test_a_form_that_is_too_short_is_its_own_lemma() -> None:
    assert lemma_of("As", edit_script("flies", "fly")) == "As"
    assert lemma_of("s", edit_script("dogs", "dog")) == "s"


def test_long_texts_take_no_time() -> None:
    long = "ab" * 20_000
    assert edit_script(long, long) == "…"
    assert edit_script(long, long[:-1]) == f"!{long[:-1]}"
    edge = "x" * (LONGEST - 1)
    assert edit_script(f"{edge}s", edge) == "…-"


@pytest.mark.parametrize("text", ["", "-", "=a…", "…=a", "…+", "U…", "Ux…", "X0…", "…-…"])
def test_what_is_no_script(text: str) -> None:
    with pytest.raises(ValueError, match="expected an edit script"):
        EditScript.parse(text)


WORD_ROWS = [["The", "dogs", "barked"], ["cats", "dogs"]]
LEMMA_ROWS = [["the", "dog", "bark"], ["cat", "dog"]]


def fitted(min_count: int = 1) -> EditScripts:
    encoding = EditScriptEncoding(min_count=min_count)
    return encoding.fit(Column.from_rows(LEMMA_ROWS), Column.from_rows(WORD_ROWS))


def test_a_column_is_encoded_and_decoded() -> None:
    codec, words = fitted(), Column.from_rows([["Cats", "meowed"], [], ["mice"]])
    assert codec.scripts.names == ["…", "…-", "…--"]
    encoded = codec.encode_column(Column.from_rows([["cat", "meow"], [], ["mouse"]]), words)[ONLY]
    assert encoded.values.tolist() == [1, 2, UNSEEN]
    assert encoded.offsets.tolist() == words.codes.offsets.tolist()
    decoded = codec.decode_column({ONLY: np.array([1, 2, 0])}, words)
    assert decoded.rows() == [["cat", "meow"], [], ["mice"]]
    assert codec.decode_column({ONLY: np.zeros(0, np.int64)}, Column.from_rows([[]])).rows() == [[]]


def test_rare_scripts_are_left_out() -> None:
    assert fitted(2).scripts.names == ["…-"]
    with pytest.raises(DataError, match="no edit script occurs 4 times in train: the most frequent one, '…-', 3"):
        fitted(4)


def test_lemmas_are_compared_by_their_scripts() -> None:
    codec, words = fitted(), Column.from_rows(WORD_ROWS)
    classes = codec.classes(Column.from_rows([["the", "dog", "barked"], ["cat", "dogs"]]), words)
    assert classes.rows() == [["…", "…-", "…"], ["…-", "…"]]


def test_a_column_without_lemmas_is_blank() -> None:
    words = Column.from_rows([["a", "_", "b"]])
    assert EditScriptEncoding().fit(Column.from_rows([["_", "_", "_"]]), words).is_blank
    assert not EditScriptEncoding().fit(Column.from_rows([["a", "_", "_"]]), words).is_blank


def test_it_is_saved_and_restored() -> None:
    codec = fitted()
    saved = json.loads(json.dumps(codec.to_json()))
    assert EditScripts.from_json(saved).to_json() == saved
    with pytest.raises(RunError, match="damaged: scripts: expected an edit script"):
        EditScripts.from_json({"scripts": ["…", "nonsense"]})


def test_runs_that_took_lemmas_for_classes_still_open() -> None:
    assert isinstance(EditScriptEncoding().restore({"labels": ["dog", "cat"]}), Labels)
    assert isinstance(EditScriptEncoding().restore({"scripts": ["…"]}), EditScripts)


def test_case_that_cannot_be_restored_is_left_alone() -> None:
    kelvin, dotted = "\u212a", "\u0130"
    assert fold(f"{dotted}{kelvin}K\u00df \u03a3\u03c2 Ab") == f"{dotted}{kelvin}k\u00df \u03c3\u03c2 ab"


def test_a_dictionary_comes_first_where_a_form_has_one_lemma() -> None:
    words = Column.from_rows([["saw", "saw", "saws", "caf\u00e9s"], ["saw", "left"]])
    lemmas = Column.from_rows([["see", "saw", "saw", "caf\u00e9"], ["see", "leave"]])
    tags = Column.from_rows([["VERB", "NOUN", "NOUN", "NOUN"], ["VERB", "X"]])
    encoding = EditScriptEncoding(dictionary="upos")
    codec = encoding.fit_beside(encoding.fit(lemmas, words), lemmas, words, {"upos": tags})
    again = encoding.restore(json.loads(json.dumps(codec.to_json())))
    assert again.reads_labels == ("upos",)
    given = Column.from_rows([["saw", "saw", "cafe\u0301s", "left", "left"]])
    wrong = Column.from_rows([["?", "?", "?", "?", "?"]])
    found = {"upos": Column.from_rows([["VERB", "NOUN", "NOUN", "X", "NOUN"]])}
    assert again.revised(wrong, given, found).rows() == [["see", "saw", "caf\u00e9", "leave", "?"]]
    assert again.revised(wrong, given, {}).rows() == wrong.rows()
    empty = Column.from_rows([[]])
    assert again.revised(empty, empty, {}).rows() == [[]]


def test_a_dictionary_leaves_out_what_has_two_lemmas_and_needs_no_labels() -> None:
    words, lemmas = Column.from_rows([["a", "a", "b"]]), Column.from_rows([["x", "y", "z"]])
    encoding = EditScriptEncoding(dictionary="upos")
    blank = Column.from_rows([["_", "_", "_"]])
    codec = encoding.fit_beside(encoding.fit(lemmas, words), lemmas, words, {"upos": blank})
    assert codec.revised(words, words, {}).rows() == [["a", "a", "z"]]
    with pytest.raises(RunError, match="dictionary"):
        encoding.restore({**codec.to_json(), "dictionary": {"column": "upos", "lemmas": {"_": {"b": 1}}}})
