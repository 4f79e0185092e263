import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.tasks.translate.predictor import align, word_attention


def test_pieces_are_joined_to_words() -> None:
    attention = np.array([[0.6, 0.1, 0.3], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8]], np.float32)
    words = word_attention(attention, [0, 0, 1], [0, 0, 1])
    assert words == pytest.approx(np.array([[0.7, 0.3], [0.2, 0.8]]))
    assert align(words) == [(0, 0), (1, 1)]


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_each_word_has_all_of_its_attention(source: list[int], target: list[int]) -> None:
    left, right = (np.repeat(np.arange(len(sizes)), sizes).tolist() for sizes in (source, target))
    attention = np.random.default_rng(len(left)).dirichlet(np.ones(len(left)), len(right)).astype(np.float32)
    words = word_attention(attention, left, right)
    assert words.shape == (len(target), len(source))
    assert words.sum(1) == pytest.approx(1, abs=1e-5)
    pairs = align(words)
    assert sorted(target for _, target in pairs) == list(range(len(target)))
    assert all(words[target, source] == words[target].max() for source, target in pairs)


def test_nothing_is_aligned_with_nothing() -> None:
    assert align(word_attention(np.zeros((0, 2), np.float32), [0, 1], [])) == []
