import json
from collections.abc import Callable
from functools import cache
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Subwords
from seqnlp.codecs.subwords import PADDING

Model = Literal["bpe", "unigram"]
TEXTS = ["the cat sat on the mat", "the dog sat", "a cat and a dog", "Größe überall", "dass das so ist"] * 5
MODELS = pytest.mark.parametrize("model", ["bpe", "unigram"])


@cache
def trained(model: Model) -> Subwords:
    return Subwords.fit(TEXTS, 300, model)


@MODELS
@given(texts=st.lists(st.text(max_size=15), max_size=5))
def test_every_text_comes_back(model: Model, texts: list[str]) -> None:
    subwords = trained(model)
    rows = subwords.encode(texts)
    assert [subwords.decode(row) for row in rows] == texts
    padded, _ = rows.pad(np.arange(len(texts)), PADDING)
    assert [subwords.decode(row) for row in padded] == texts
    assert PADDING not in rows.values
    assert (rows.values < len(subwords)).all()


@MODELS
@given(text=st.text(max_size=15))
def test_saved_pieces_are_equal(model: Model, text: str) -> None:
    again = restored(model)
    assert again.encode([text]).values.tolist() == trained(model).encode([text]).values.tolist()
    assert len(again) == len(trained(model))


@cache
def restored(model: Model) -> Subwords:
    return Subwords.from_json(json.loads(json.dumps(trained(model).to_json())))


def test_training_twice_gives_the_same_pieces() -> None:
    assert Subwords.fit(TEXTS, 300).to_json() == Subwords.fit(TEXTS, 300).to_json()


def test_there_are_as_many_numbers_as_asked_for() -> None:
    assert len(Subwords.fit(TEXTS, 290)) == 290
    assert len(Subwords.fit(["ab"] * 3, 2000)) == 256 + 1 + 1  # the bytes, `ab`, padding


def test_frequent_words_are_one_piece() -> None:
    lengths: Callable[[str], int] = lambda word: len(trained("bpe").encode([word]).values)  # noqa: E731
    assert lengths("the") == 1
    assert lengths("xylophone") > 3
