"""Word alignment of a source and its translation, from attention."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def word_attention(
    attention: NDArray[np.float32], source_words: Sequence[int], target_words: Sequence[int]
) -> NDArray[np.float32]:
    """Sum attention between tokens to attention between words.

    Args:
        attention: Of each token to each token of the source; shape (tokens, source tokens).
        source_words: For each source token the number of its word, which never falls.
        target_words: The same for the target.

    Returns:
        The sums over the tokens of a source word, on average over those of a target word; shape (words, source words).
    """
    sums = np.zeros((max(target_words, default=-1) + 1, max(source_words, default=-1) + 1), np.float32)
    rows, columns = np.meshgrid(np.asarray(target_words, int), np.asarray(source_words, int), indexing="ij")
    np.add.at(sums, (rows, columns), attention)
    sizes = np.bincount(np.asarray(target_words, int), minlength=len(sums))
    sums /= np.maximum(sizes, 1)[:, None]
    return sums


def align(words: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Align each target word to its most attended source word, given `word_attention`."""
    if not words.size:
        return []
    return sorted((int(source), target) for target, source in enumerate(words.argmax(1)))
