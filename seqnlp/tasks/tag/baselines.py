"""Baseline of taggers: the most frequent tag of each word in train."""

import numpy as np
from numpy.typing import NDArray


def most_frequent_tags(words: NDArray[np.int64], tags: NDArray[np.int64], vocabulary: int) -> NDArray[np.int64]:
    """Most frequent tag of each word.

    Args:
        words: The number of every word of train, one after the other.
        tags: Their tags.
        vocabulary: Number of distinct words.

    Returns:
        A tag for each number, shape (vocabulary,): of tags that are equally frequent the first one, and for words
        that do not occur the tag that is most frequent of all.
    """
    chosen = np.full(vocabulary, np.bincount(tags).argmax())
    kinds = int(tags.max()) + 1
    pairs, counts = np.unique(words * kinds + tags, return_counts=True)
    word, tag = np.divmod(pairs, kinds)
    order = np.lexsort((-tag, counts, word))
    chosen[word[order]] = tag[order]  # the most frequent one comes last, and stays
    return chosen
