"""Scores of a segmenter: tokens, sentences and words, as the CoNLL shared task counts them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs.expansions import Words
from seqnlp.codecs.splitter import split_words
from seqnlp.metrics.conllu import Analysis, Span, evaluate_segmentation
from seqnlp.metrics.significance import Counts, ItemScore, ItemScores, digest
from seqnlp.readers.treebank import RawSentence
from seqnlp.tasks.base import ItemRow, Scores
from seqnlp.tasks.segment.corpus import PARAGRAPH, SegmentSplit
from seqnlp.tasks.segment.result import SegmentedSentence

Rows = list[list[str]]


def gold_analysis(sentences: Iterable[RawSentence]) -> Analysis:
    """Analysis of the sentences of a corpus; with their rows, where these were kept."""
    analysis = Analysis()
    for sentence in sentences:
        rows: Iterable[Rows] = sentence.rows or ([["", word] for word in each] for each in sentence.words)
        analysis.add(zip(sentence.tokens, rows, strict=True))
    return analysis


def system_analysis(sentences: Iterable[SegmentedSentence]) -> Analysis:
    """Analysis of predicted sentences."""
    analysis = Analysis()
    for sentence in sentences:
        analysis.add((token.text, [["", word] for word in token.words]) for token in sentence.tokens)
    return analysis


def segment_scores(gold: Analysis, system: Analysis) -> Scores:
    """F1 of tokens, sentences and words, and their mean; `labels` has precision and recall, too."""
    scores = {name.lower(): score for name, score in evaluate_segmentation(gold, system).items()}
    plain = {name: score.f1 for name, score in scores.items()}
    return {
        "f1": sum(plain.values()) / len(plain),
        **plain,
        "labels": {name: score.to_json() for name, score in scores.items()},
    }


def expansion_scores(gold: Mapping[str, Words], found: Mapping[str, Words]) -> Scores:
    """Share of multiword tokens that have the right words; no score without any."""
    right = sum(words == found[token] for token, words in gold.items())
    return {"unseen_expansions": right / len(gold)} if gold else {}


def sentence_scores(gold: Analysis, system: Analysis) -> ItemScores:
    """F1 of tokens and sentences by gold sentence: that in which a token or sentence of the system ends."""
    ends = np.array([end for _, end in gold.sentences])
    found = {}
    for name, right, given in (("tokens", gold.tokens, system.tokens), ("sentences", gold.sentences, system.sentences)):
        both = list(set(right).intersection(given))
        counts = np.stack([_by_sentence(spans, ends) for spans in (both, right, given)], 1).astype(np.float64)
        found[name] = ItemScore(counts, f1_of_counts, digest(gold.characters, right))
    return ItemScores("sentences", found)


def sentence_rows(gold: Analysis, system: Analysis) -> Iterator[ItemRow]:
    """Describe each gold sentence: its tokens, and those of the system that end in it.

    A sentence is right if its bounds and all of its tokens are.
    """
    sentences, characters = set(system.sentences), gold.characters
    ours, theirs = sorted(gold.tokens), sorted(system.tokens)
    all_ends = [[token[1] for token in tokens] for tokens in (ours, theirs)]
    for row, (start, end) in enumerate(gold.sentences, 1):
        right, found = (
            tokens[bisect_right(ends, start) : bisect_right(ends, end)]
            for tokens, ends in zip((ours, theirs), all_ends, strict=True)
        )
        texts = [" ".join(characters[a:b] for a, b in tokens) for tokens in (right, found)]
        yield {
            "row": row,
            "gold": texts[0],
            "predicted": texts[1],
            "right": right == found and (start, end) in sentences,
            "sentence_right": (start, end) in sentences,
            "tokens_right": len(set(right) & set(found)) / max(len(right), 1),
        }


def _by_sentence(spans: list[Span], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    own = np.searchsorted(ends, np.array([end for _, end in spans], np.int64))
    return np.bincount(own, minlength=len(ends))


def f1_of_counts(counts: Counts) -> Counts:
    """F1 of counts that are right, in gold and of the system; shape (..., 3)."""
    return 2 * counts[..., 0] / np.maximum(counts[..., 1] + counts[..., 2], 1)


ENDS = frozenset(".!?…。！？।؟۔")
"""Signs that end a sentence for the trivial system."""


def by_rules(split: SegmentSplit) -> Analysis:
    """Analysis by rules: those that taggers split text with; paragraphs and a few signs end sentences."""
    analysis = Analysis()
    for paragraph in split.text.split(PARAGRAPH):
        tokens: list[str] = []
        for token in _tokens(paragraph):
            tokens.append(token)
            if token[0] in ENDS:
                analysis.add((each, [["", each]]) for each in tokens)
                tokens = []
        if tokens:
            analysis.add((each, [["", each]]) for each in tokens)
    return analysis


def _tokens(text: str) -> Iterator[str]:
    """Words by rule, with what they leave out."""
    starts = [start for start, _ in split_words(text)] or [0]
    starts[0] = 0
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        token = "".join(text[start:end].split())
        if token:
            yield token
