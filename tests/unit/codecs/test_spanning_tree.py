"""Maximum spanning trees, against all trees of short sentences."""

from itertools import product

import numpy as np
import pytest

from seqnlp.codecs.spanning_tree import are_trees, best_tree


def all_trees(words: int) -> np.ndarray:
    """Heads of all trees with one word at the root."""
    heads = np.array(list(product(range(words + 1), repeat=words)), np.int64)
    offsets = np.arange(0, words * len(heads) + 1, words)
    return heads[are_trees(heads.ravel(), offsets)]


def is_tree(heads: tuple[int, ...]) -> bool:
    """Follow the heads of each word."""
    for word in range(1, len(heads) + 1):
        seen = set()
        while word:
            if word in seen:
                return False
            seen.add(word)
            word = heads[word - 1]
    return heads.count(0) == 1


@pytest.mark.parametrize("words", [1, 2, 3, 4, 5])
def test_trees_are_those_whose_words_lead_to_one_root(words: int) -> None:
    heads = list(product(range(words + 1), repeat=words))
    found = are_trees(np.array(heads).ravel(), np.arange(0, words * len(heads) + 1, words))
    assert found.tolist() == list(map(is_tree, heads))
    assert found.sum() == words ** (words - 1)  # Cayley's formula


@pytest.mark.parametrize("words", [1, 2, 3, 4, 5])
def test_no_tree_has_a_higher_score(words: int) -> None:
    candidates = all_trees(words)
    places = np.arange(1, words + 1)
    for seed in range(60):
        draw = np.random.default_rng(seed)
        scores = draw.normal(size=(words + 1, words + 1))
        if seed % 3 == 0:
            scores[:, 0] += 3  # every word would hang on the root
        if seed % 3 == 1:
            scores = np.round(scores)  # ties
        sums = scores[places, candidates].sum(1)
        found = best_tree(scores)
        assert is_tree(tuple(found.tolist()))
        assert scores[places, found].sum() == pytest.approx(sums.max())


def test_a_long_cycle_is_broken_once() -> None:
    words = 1500
    scores = np.full((words + 1, words + 1), -5.0)
    scores[np.arange(1, words + 1), [words, *range(1, words)]] = 0.0
    found = best_tree(scores)
    assert (found == 0).sum() == 1
    assert scores[np.arange(1, words + 1), found].sum() == -5
