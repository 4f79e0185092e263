"""What a tagger says of words: all decoders run, and the labels that are learned by feature put together."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, Features, Labels
from seqnlp.codecs.features import by_decoder, decoder_name
from seqnlp.codecs.text import Text
from seqnlp.decoders.crf import CrfTagger
from seqnlp.embeddings import TextBatch
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.tasks.tag.dataset import EVALUATION_TOKENS
from seqnlp.training.batches import in_order
from seqnlp.training.inference import in_parallel


class Predictions(NamedTuple):
    """Labels by column."""

    tags: dict[str, Column]
    """The label of every word."""
    scores: dict[str, NDArray[np.float32]]
    """The probability that the model gives to it, shape (words,)."""


def predict_tags(model: SequenceModel, text: Text, codecs: Mapping[str, Labels | Features]) -> Predictions:
    """Label every word of some sentences.

    Args:
        model: The trained model.
        text: The encoded sentences.
        codecs: Of each column to predict. A label that is learned by feature is as likely as all its features
            together, taken as independent.
    """
    decoders = {column: list(by_decoder(column, codec)) for column, codec in codecs.items()}
    names = [name for own in decoders.values() for name in own]
    words = len(text.codes.values)
    numbers = {name: np.empty(words, np.int64) for name in names}
    scores = {name: np.empty(words, np.float32) for name in names}

    def predict(rows: NDArray[np.int64]) -> None:
        states = model.encode(TextBatch.of(text.batch(rows)))
        positions, _ = text.codes.positions(rows)
        for name in names:
            found = model.decoders[name].predict(states)
            numbers[name][positions] = to_numpy(found.labels[states.mask])
            scores[name][positions] = to_numpy(found.scores[states.mask])

    for _ in in_parallel(predict, in_order(text.codes.lengths, EVALUATION_TOKENS), model.device):
        pass
    tags = {}
    for column, codec in codecs.items():
        if isinstance(codec, Features):
            codes, labels = codec.decode({part: numbers[decoder_name(column, part)] for part in codec.parts})
        else:
            codes, labels = numbers[column], codec.names
        tags[column] = Column(Ragged(codes, text.codes.offsets), labels)
    return Predictions(
        tags, {column: np.prod([scores[name] for name in own], axis=0) for column, own in decoders.items()}
    )


def best_sequences(
    model: SequenceModel, text: Text, decoder: CrfTagger, number: int
) -> list[list[tuple[NDArray[np.int64], float]]]:
    """The likeliest sequences of labels for each sentence, fewer where there are no more, with their log-probabilities.

    Args:
        model: The trained model.
        text: The encoded sentences.
        decoder: One of the model's.
        number: How many sequences a sentence.
    """
    found: list[list[tuple[NDArray[np.int64], float]]] = [[] for _ in text.codes.lengths]

    def predict(rows: NDArray[np.int64]) -> None:
        paths = decoder.best(model.encode(TextBatch.of(text.batch(rows))), number)
        for row, labels, scores in zip(rows.tolist(), to_numpy(paths.labels), paths.scores.tolist(), strict=True):
            length = int(text.codes.lengths[row])
            ranked = zip(labels[:, :length], scores, strict=True)
            found[row] = [(own, score) for own, score in ranked if math.isfinite(score)]

    for _ in in_parallel(predict, in_order(text.codes.lengths, EVALUATION_TOKENS), model.device):
        pass
    return found
