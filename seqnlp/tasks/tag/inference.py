"""Inference of a tagger: all decoders, joined by the label codecs."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs import Column, EncodedText, LabelCodec
from seqnlp.codecs.labels import by_decoder, decoder_name
from seqnlp.decoders.crf import CrfTagger
from seqnlp.embeddings import TextBatch
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.training.dataset import EVALUATION_TOKENS, in_order
from seqnlp.training.inference import in_parallel


class TagPredictions(NamedTuple):
    """Labels by column."""

    tags: dict[str, Column]
    """Label of every word."""
    scores: dict[str, NDArray[np.float32]]
    """Probability that the model gives to it, shape (words,)."""


def predict_tags(model: SequenceModel, text: EncodedText, codecs: Mapping[str, LabelCodec]) -> TagPredictions:
    """Label every word of some sentences.

    Args:
        model: The trained model.
        text: The encoded sentences.
        codecs: Of each column to predict. The probability of a label with several decoders is the product of those of
            their choices, taken as independent.
    """
    decoders = {column: list(by_decoder(column, codec)) for column, codec in codecs.items()}
    names = [name for own in decoders.values() for name in own]
    words = len(text.codes.values)
    numbers = {name: np.empty(words, np.int64) for name in names}
    scores = {name: np.empty(words, np.float32) for name in names}

    def predict(rows: NDArray[np.int64]) -> None:
        states = model.encode(TextBatch.gather(text, rows))
        positions, _ = text.codes.positions(rows)
        for name in names:
            found = model.decoders[name].predict(states)
            numbers[name][positions] = to_numpy(found.labels[states.mask])
            scores[name][positions] = to_numpy(found.scores[states.mask])

    for _ in in_parallel(predict, in_order(text.codes.lengths, EVALUATION_TOKENS), model.device):
        pass
    tags = {
        column: codec.decode_column({part: numbers[decoder_name(column, part)] for part in codec.decoders}, text.words)
        for column, codec in codecs.items()
    }
    return TagPredictions(
        tags, {column: np.prod([scores[name] for name in own], axis=0) for column, own in decoders.items()}
    )


def best_sequences(
    model: SequenceModel, text: EncodedText, decoder: CrfTagger, number: int
) -> list[list[tuple[NDArray[np.int64], float]]]:
    """Find the likeliest label sequences of each sentence (n-best), with their log-probabilities.

    Args:
        model: The trained model.
        text: The encoded sentences.
        decoder: One of the model's.
        number: Sequences to find for each sentence.
    """
    found: list[list[tuple[NDArray[np.int64], float]]] = [[] for _ in text.codes.lengths]

    def predict(rows: NDArray[np.int64]) -> None:
        paths = decoder.best(model.encode(TextBatch.gather(text, rows)), number)
        for row, labels, scores in zip(rows.tolist(), to_numpy(paths.labels), paths.scores.tolist(), strict=True):
            length = int(text.codes.lengths[row])
            ranked = zip(labels[:, :length], scores, strict=True)
            found[row] = [(own, score) for own, score in ranked if math.isfinite(score)]

    for _ in in_parallel(predict, in_order(text.codes.lengths, EVALUATION_TOKENS), model.device):
        pass
    return found
