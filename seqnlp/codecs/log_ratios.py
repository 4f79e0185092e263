"""How much more often an n-gram occurs with a class than without it."""

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs.columns import Column
from seqnlp.codecs.ngrams import NGrams
from seqnlp.codecs.vocabulary import UNKNOWN


def log_ratios(codec: NGrams, words: Column, labels: Ragged, classes: int) -> NDArray[np.float32]:
    """Naive Bayes log-count ratios (Wang and Manning, 2012, section 2.1), of each class against all others.

    log((1 + n_f) / sum_g (1 + n_g)) - log((1 + m_f) / sum_g (1 + m_g)), where n counts an n-gram in texts of the
    class and m in all the others.

    Args:
        codec: Numbers the n-grams.
        words: The texts of train.
        labels: The numbers of each text's labels.
        classes: How many there are.

    Returns:
        Shape (n-grams, classes); 0 for what has no number.
    """
    marks = np.zeros((len(labels), classes))
    marks[np.repeat(np.arange(len(labels)), labels.lengths), labels.values] = 1
    all_texts = _counts(codec, words, np.ones(len(labels)))
    ratios = np.zeros((len(codec), classes))
    for label in range(classes):
        inside = 1 + _counts(codec, words, marks[:, label])
        outside = 2 + all_texts - inside
        ratios[1:, label] = np.log(inside / inside.sum()) - np.log(outside / outside.sum())
    return ratios.astype(np.float32)


def _counts(codec: NGrams, words: Column, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often each n-gram occurs in texts of these weights; shape (n-grams - 1,), without what has no number."""
    steps = np.repeat(weights, words.codes.lengths)
    inside = codec.inside(words.distinct)
    of_words = np.bincount(words.codes.values, steps, len(words.distinct))
    counts = np.bincount(inside.values, np.repeat(of_words, inside.lengths), len(codec))
    for phrases in codec.phrases(words).values():
        counts = counts + np.bincount(phrases.values, steps, len(codec))
    return np.delete(counts, UNKNOWN)
