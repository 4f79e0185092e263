"""Advice about a corpus: labels and words that can't be learned."""

from collections.abc import Iterator, Mapping

import numpy as np

from seqnlp.arrays import occurrences_of
from seqnlp.codecs import EncodedText
from seqnlp.codecs.text import IDS
from seqnlp.codecs.vocabulary import UNKNOWN
from seqnlp.units import count_of

MOSTLY = 0.5
"""Share of unknown words, or of what is left out, from which on it is most of them."""
RARE_LABELS = 0.2
"""Share of labels that are seen once from which on they are told, where labels are many."""
MANY_LABELS = 20
"""Labels from which on there always are rare ones."""


def rare_labels(column: str, counts: Mapping[str, int]) -> Iterator[str]:
    """Warn of labels that train has once.

    Args:
        column: The label column.
        counts: Occurrences of each label in train.
    """
    once = sorted(label for label, count in counts.items() if count == 1)
    if once and len(once) >= (RARE_LABELS * len(counts) if len(counts) > MANY_LABELS else 1):
        found = count_of([repr(label) for label in once], "label")
        occur = "occurs" if len(once) == 1 else "occur"
        yield (
            f"{column}: {found} of {len(counts):,} {occur} once in train, which is too little to learn from: "
            "add examples of them to data.train, or merge them with others"
        )


def count_unknown(text: EncodedText) -> dict[str, int]:
    """Count the words of a split that each embedding's vocabulary lacks."""
    found = {}
    for name, features in text.features.items():
        numbers = features.words.get(IDS)
        if name in HINTS and isinstance(numbers, np.ndarray):
            found[name] = int(occurrences_of(text.codes.values, len(numbers))[numbers == UNKNOWN].sum())
    return found


def lacking_words(text: EncodedText) -> dict[str, tuple[int, int]]:
    """Count unknown words for each embedding, and all words, for `Task.lacking`."""
    total = len(text.codes.values)
    return {f"words of embedding.{name}": (count, total) for name, count in count_unknown(text).items()}


def unknown_words(text: EncodedText, where: str = "train") -> Iterator[str]:
    """Warn of vocabularies that lack most words of a split."""
    for name, count in count_unknown(text).items():
        share = count / max(len(text.codes.values), 1)
        if share > MOSTLY:
            yield f"{share:.0%} of the words of {where} are unknown to embedding.{name}, as one word: {HINTS[name]}"


HINTS = {
    "words": "try embedding.words.min_count = 1",
    "vectors": "embedding.vectors.file may be of another language; try [embedding.chars] beside it",
}
"""Ways out, by the part of the embedding."""


def unknown_tokens(share: float, tokens: str, key: str) -> Iterator[str]:
    """Warn of a tokenizer that knows less than half of train.

    Args:
        share: Share of the tokens that are unknown.
        tokens: Describes them: "the words of train".
        key: Key of the tokenizer.
    """
    if share > MOSTLY:
        found = f"{share:.0%} of {tokens} are unknown, and all the same to the model"
        yield f'{found}: try {key} = {{ kind = "subwords" }}, which knows all, or a smaller {key}.min_count'
