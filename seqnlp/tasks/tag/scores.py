"""Scores of a tagger and its baseline; its calibration on dev."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.arrays import BLOCK, IntArray, occurrences_of
from seqnlp.codecs import Column, LabelCodec
from seqnlp.codecs.spans import Scheme, read_spans
from seqnlp.decoders.linear import LinearTagger
from seqnlp.metrics import accuracy, label_scores, span_scores
from seqnlp.metrics.calibration import fit_temperature
from seqnlp.metrics.features import feature_scores, feature_values
from seqnlp.metrics.labels import LabelScores
from seqnlp.metrics.significance import Counts, ItemScore, ItemScores, digest, f1, ratio
from seqnlp.metrics.spans import span_counts
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.tasks.base import Scores
from seqnlp.tasks.tag.dataset import TagDataset


def tag_scores(
    predicted: Mapping[str, Column], examples: TagDataset, codecs: Mapping[str, LabelCodec], scheme: Scheme | None
) -> Scores:
    """Accuracy, also on unknown words; precision, recall and F1 of labels or spans, and of features.

    Args:
        predicted: Labels of every word, by column.
        examples: The gold labels.
        codecs: Of each column to score.
        scheme: Scheme of the spans; None: labels mark none.
    """
    unknown = ~examples.known
    scores: Scores = {}
    labels: dict[str, Any] = {}
    features: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for name, codec in codecs.items():
        _, gold, given = compare_labels(examples.tags[name], predicted[name], examples.text.words, codec)
        right = gold == given
        own = codec.own_scores(examples.tags[name], predicted[name])
        prefix = f"{name}." if len(codecs) > 1 else ""
        if scheme is not None:
            spans, labels[name] = conll_scores(examples.tags[name], predicted[name], scheme)
            scores |= spans
        else:
            labels[name] = _listed_scores(examples.tags[name], predicted[name], examples.text.words, codec)
            if (parts := feature_values(examples.tags[name], predicted[name])) is not None:
                features[name], values[name] = feature_scores(parts)
        scores |= {f"{prefix}{score}": value for score, value in own.items()}
        scores[f"{prefix}accuracy"] = accuracy(right)
        if unknown.any():
            scores[f"{prefix}accuracy_unknown"] = accuracy(right[unknown])
    if len(codecs) > 1:
        scores["accuracy"] = float(np.mean([scores[f"{name}.accuracy"] for name in codecs]))
    scores["labels"] = labels if len(codecs) > 1 else next(iter(labels.values()))
    return {**scores, "features": features, "values": values} if features else scores


def sentence_scores(
    predicted: Mapping[str, Column], examples: TagDataset, codecs: Mapping[str, LabelCodec], scheme: Scheme | None
) -> ItemScores:
    """F1 of spans and accuracy by sentence; the arguments are those of `tag_scores`."""
    scores: dict[str, ItemScore] = {}
    accuracies: list[ItemScore] = []
    for name, codec in codecs.items():
        gold, codes = examples.tags[name], examples.tags[name].codes
        if scheme is not None:
            spans, found = read_spans(gold, scheme), read_spans(predicted[name], scheme)
            basis = digest(spans.starts, spans.ends, spans.labels.tolist())
            scores["f1"] = ItemScore(span_counts(spans, found, codes.offsets), f1, basis)
        _, right, given = compare_labels(gold, predicted[name], examples.text.words, codec)
        rows = np.repeat(np.arange(len(codes)), codes.lengths)
        correct = np.bincount(rows, right == given, len(codes))
        counts = np.stack([correct, codes.lengths], 1).astype(np.float64)
        accuracies.append(ItemScore(counts, ratio, digest(gold.distinct, codes.values.astype(np.int64))))
    if len(codecs) == 1:
        return ItemScores("sentences", {**scores, "accuracy": accuracies[0]})
    together = np.concatenate([each.counts for each in accuracies], 1)
    mean = ItemScore(together, _mean_ratio, digest(list(codecs), [each.basis for each in accuracies]))
    own = {f"{name}.accuracy": each for name, each in zip(codecs, accuracies, strict=True)}
    return ItemScores("sentences", {**scores, "accuracy": mean, **own})


def _mean_ratio(counts: Counts) -> Counts:
    """Mean of the ratios of pairs of counts."""
    pairs = counts.reshape(*counts.shape[:-1], counts.shape[-1] // 2, 2)
    return np.asarray(ratio(pairs).mean(-1))


def compare_labels(
    gold: Column, predicted: Column, words: Column, codec: LabelCodec
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Names of the classes of a column; gold and predicted numbers of every word."""
    return _numbered(codec.classes(gold, words), codec.classes(predicted, words), codec)


def _numbered(
    gold: Column, predicted: Column, codec: LabelCodec
) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    labels = codec.scored(gold, predicted)
    right, given = (each.numbered(labels.encode(each.distinct)).values for each in (gold, predicted))
    return labels.names, right, given


def _listed_scores(gold: Column, predicted: Column, words: Column, codec: LabelCodec) -> LabelScores:
    """Scores of each class that a codec lists."""
    names, right, given = _numbered(codec.listed(gold, words), codec.listed(predicted, words), codec)
    return label_scores(right, given, names)


def conll_scores(
    gold: Column, predicted: Column, scheme: Scheme
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Span scores by the rules of `conlleval` and strict ones; scores by label."""
    lenient = span_scores(read_spans(gold, scheme), read_spans(predicted, scheme))
    strict = span_scores(read_spans(gold, scheme, strict=True), read_spans(predicted, scheme, strict=True))
    scores = {
        "f1": lenient.f1,
        "precision": lenient.precision,
        "recall": lenient.recall,
        "macro_f1": lenient.macro_f1,
        "strict.f1": strict.f1,
        "strict.precision": strict.precision,
        "strict.recall": strict.recall,
    }
    return scores, lenient.labels


@torch.inference_mode()
def calibrate_linear(model: SequenceModel, dev: TagDataset, columns: Sequence[str]) -> dict[str, float]:
    """Fit the temperature of each column's decoder on dev.

    Returns:
        The temperatures by column.
    """
    batches = [dev.batch(rows).to(model.device) for rows in dev.in_order()]
    encoded = [model.encode(batch.inputs) for batch in batches]
    temperatures = {}
    for name in columns:
        decoder = model.decoders[name]
        assert isinstance(decoder, LinearTagger)
        read = [model.read_by(name, states) for states in encoded]
        logits = np.concatenate([to_numpy(decoder.logits(states)[states.mask]) for states in read])
        gold = [to_numpy(batch.targets[name][states.mask]) for batch, states in zip(batches, encoded, strict=True)]
        temperatures[name] = fit_temperature(logits, np.concatenate(gold))
        decoder.temperature.fill_(temperatures[name])
    return temperatures


def most_frequent_tags(words: IntArray, tags: IntArray, vocabulary: int) -> NDArray[np.int64]:
    """Most frequent tag of each word.

    Args:
        words: The number of every word of train, one after the other.
        tags: Their tags.
        vocabulary: Number of distinct words.

    Returns:
        A tag for each number, shape (vocabulary,): of tags that are equally frequent the first one, and for words
        that do not occur the tag that is most frequent of all.
    """
    kinds = int(tags.max()) + 1
    chosen = np.full(vocabulary, occurrences_of(tags, kinds).argmax())
    pairs, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for start in range(0, len(words), BLOCK):
        part = slice(start, start + BLOCK)
        more, times = np.unique(words[part].astype(np.int64) * kinds + tags[part], return_counts=True)
        pairs, places = np.unique(np.concatenate([pairs, more]), return_inverse=True)
        counts = np.bincount(places, np.concatenate([counts, times])).astype(np.int64)
    word, tag = np.divmod(pairs, kinds)
    order = np.lexsort((-tag, counts, word))
    chosen[word[order]] = tag[order]  # the most frequent one comes last, and stays
    return chosen
