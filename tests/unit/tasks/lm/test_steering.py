"""Steered texts: banned strings, bias, patterns, and several texts with settings of their own in one batch."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqnlp.errors import UsageError
from seqnlp.nn.regular_expression import RegularExpression
from seqnlp.tasks.lm.predictor import Generator

Make = Callable[..., Generator]
TOKENIZERS: dict[str, dict[str, Any]] = {
    "characters": {},
    "words": {"data": {"tokenizer": "words"}},
    "subwords": {"data": {"tokenizer": {"kind": "subwords", "vocab_size": 300}}},
}
PATTERNS = [r"\d{1,3} green( bottles?)?", r"( \w+){3}\.?", r"[^ß]{20}", r"( on| the){2,4}$", r"^(?:é|☃|漢){2}"]
SETTINGS = st.fixed_dictionaries(
    {"seed": st.integers(0, 99), "temperature": st.sampled_from([0.0, 0.5, 1.0, 1.7])},
    optional={
        "top_k": st.sampled_from([None, 1, 3, 40]),
        "top_p": st.sampled_from([None, 0.3, 0.9]),
        "min_p": st.sampled_from([None, 0.01, 0.3]),
        "repetition_penalty": st.sampled_from([1.0, 1.3]),
        "repetition_window": st.sampled_from([None, 1, 8]),
        "stop": st.sampled_from([[], ["s"]]),
        "ban": st.sampled_from([[], ["tt", "green"]]),
        "bias": st.sampled_from([None, {"e": -5.0}]),
        "pattern": st.sampled_from([None, "[a-z ]{3,20}"]),
    },
)


@pytest.fixture(scope="module")
def models() -> dict[str, Generator]:
    return {}


@pytest.fixture
def made(models: dict[str, Generator], generator: Make) -> Callable[[str], Generator]:
    """One model for each tokenizer: `made("words")`."""

    def make(tokenizer: str) -> Generator:
        if tokenizer not in models:
            models[tokenizer] = generator(**TOKENIZERS[tokenizer])
        return models[tokenizer]

    return make


def text_of(tokens: Any, sample: int = 0) -> str:
    return "".join(token.text for token in tokens if token.sample == sample)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_matches_its_pattern(made: Callable[[str], Generator], tokenizer: str, pattern: str) -> None:
    model = made(tokenizer)
    if tokenizer != "subwords" and "☃" in pattern:
        with pytest.raises(UsageError, match="no text matches it"):
            model.generate("9", pattern=pattern)
        return
    for seed, length in enumerate((200, 21, 35)):  # also where the pattern would allow more than the length
        text = text_of(model.generate("9 ", length=length, pattern=pattern, seed=seed, temperature=1.5))
        assert RegularExpression(pattern).matches(text), text
        assert model.matches(pattern, text)
    greedy = text_of(model.generate("9 ", length=80, pattern=pattern, temperature=0))
    assert RegularExpression(pattern).matches(greedy)


def test_a_text_ends_where_its_pattern_does_and_goes_on_if_it_may(made: Callable[[str], Generator]) -> None:
    model = made("characters")
    assert len(text_of(model.generate("9", length=50, pattern=".{5}", seed=1))) == 5
    with pytest.raises(UsageError, match="no text matches it that has 4 tokens or fewer"):
        model.generate("9", length=4, pattern=".{5}")
    lengths = {len(text_of(model.generate("9", length=50, pattern=r"\d+| \w+", seed=seed))) for seed in range(20)}
    assert len(lengths) > 1  # a word ends where the model would write something else
    rest = text_of(model.generate("9 green", length=50, pattern=" green bottles", begun=" green", seed=1))
    assert rest == " bottles"
    anew = text_of(model.generate("9 red", length=50, pattern=" green", begun=" red", seed=1))
    assert anew == " green"
    assert text_of(model.generate("9 green", length=50, pattern=" green", begun=" green", seed=1)) == ""


def test_words_are_no_dead_ends(made: Callable[[str], Generator]) -> None:
    """` on the` can be spelled by two words, ` on th` by none."""
    model = made("words")
    for seed in range(5):
        assert text_of(model.generate("9", length=9, pattern=" on th| green", seed=seed)) == " green"


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_banned_strings_never_occur(made: Callable[[str], Generator], tokenizer: str) -> None:
    model = made(tokenizer)
    ban = ["green", "tt", "n w", "s\n"]
    for seed in range(3):
        text = text_of(model.generate("9 gree", length=300, ban=ban, seed=seed))
        assert not any(string in f"9 gree{text}" for string in ban)


def test_a_bias_makes_a_token_certain_or_impossible(made: Callable[[str], Generator]) -> None:
    model = made("characters")
    assert set(text_of(model.generate("9", length=30, bias={"e": 100.0}))) == {"e"}
    assert "e" not in text_of(model.generate("9", length=300, bias={"e": -100.0}, seed=1))
    with pytest.raises(UsageError, match="expected one token; it is spelled by 2: 'e', 'n'"):
        model.generate("9", bias={"en": 1.0})
    with pytest.raises(UsageError, match="unknown to the model"):
        model.generate("9", bias={"☃": 1.0})
    with pytest.raises(UsageError, match=r"bias of 'e' 101\.0: expected 100"):
        model.generate("9", bias={"e": 101.0})
    with pytest.raises(UsageError, match="did you mean ' green'"):
        made("words").generate("9", bias={"green": 1.0})


def test_a_window_forgets_what_is_far_back(made: Callable[[str], Generator]) -> None:
    """With a window of 1 only the last token is repeated no more."""
    model = made("characters")
    text = text_of(model.generate("9", length=200, repetition_penalty=100.0, repetition_window=1, temperature=0))
    assert all(left != right for left, right in pairwise(text))
    whole = text_of(model.generate("9", length=200, repetition_penalty=1.2, seed=1))
    assert whole == text_of(model.generate("9", length=200, repetition_penalty=1.2, repetition_window=300, seed=1))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(SETTINGS, min_size=2, max_size=9))
def test_each_cell_is_the_text_that_its_settings_write_alone(
    made: Callable[[str], Generator], cells: list[dict[str, Any]]
) -> None:
    model = made("characters")
    cells = [
        cell | ({"top_k": None, "top_p": None, "min_p": None} if not cell["temperature"] else {}) for cell in cells
    ]
    together = list(model.generate("9 ", length=40, cells=cells))
    for number, cell in enumerate(cells):
        assert text_of(together, number) == text_of(model.generate("9 ", length=40, **cell))


def test_the_settings_of_cells_are_checked(made: Callable[[str], Generator]) -> None:
    model = made("characters")
    with pytest.raises(UsageError, match="a cell has no temprature; did you mean 'temperature'"):
        model.generate("9", cells=[{"temprature": 1}])
    with pytest.raises(UsageError, match="temperature -1"):
        model.generate("9", cells=[{"temperature": -1}, {}])
    with pytest.raises(UsageError, match="leave out samples"):
        model.generate("9", cells=[{}, {}], samples=2)
    with pytest.raises(UsageError, match="ban: an empty string"):
        model.generate("9", ban=[""])


def test_a_setting_of_a_cell_may_be_off(made: Callable[[str], Generator]) -> None:
    model = made("characters")
    off = dict.fromkeys(("repetition_penalty", "top_k", "top_p", "min_p"))
    cells: list[dict[str, Any]] = [{**off, "seed": 1}, {"repetition_penalty": 1.0, "seed": 1}]
    found = ["".join(token.text for token in model.generate("9", length=20, cells=[cell])) for cell in cells]
    assert found[0] == found[1]


def test_strings_that_are_no_unicode_are_told_or_never_occur(made: Callable[[str], Generator]) -> None:
    model = made("characters")
    plain, banned = (text_of(model.generate("9", length=20, seed=1, ban=ban)) for ban in ((), ["\udcff"]))
    assert plain == banned
    with pytest.raises(UsageError, match="unknown to the model"):
        model.generate("9", bias={"\udcff": 1.0})
