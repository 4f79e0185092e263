import pytest

from seqnlp.spelling import did_you_mean, nearest, nearest_or_all


@pytest.mark.parametrize(
    ("word", "choices", "found"),
    [
        ("upso", ["form", "upos"], "upos"),
        ("UPOS", ["form", "upos"], "upos"),
        ("upos", ["form", "UPOS"], "UPOS"),
        ("hidden_size", ["layers", "size"], "size"),
        ("zzz", ["form", "upos"], None),
        ("form", [], None),
    ],
)
def test_the_nearest_of_some_names(word: str, choices: list[str], found: str | None) -> None:
    assert nearest(word, choices) == found


def test_hints() -> None:
    assert did_you_mean("upso", ["form", "upos"]) == "did you mean `upos`?"
    assert did_you_mean("zzz", ["form", "upos"]) == ""
    assert nearest_or_all("upso", ["form", "upos"]) == "did you mean 'upos'?"
    assert nearest_or_all("zzz", ["form", "upos"]) == "there are form, upos"
