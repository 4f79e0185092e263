"""Edit distance (Levenshtein), and the error rates of transcripts that it gives."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pair = tuple[int | None, int | None]
"""Indices of aligned items of reference and hypothesis; None on one side: deleted, or inserted."""


@dataclass(frozen=True)
class ErrorRates:
    """Error rates of transcripts over a whole split."""

    cer: float
    """Character error rate: edits over the characters of the references."""
    wer: float
    """Word error rate: edits over the words of the references."""
    exact_match: float
    """Share of transcripts that equal their reference."""


def edit_distance(reference: Sequence[str], hypothesis: Sequence[str]) -> int:
    """Fewest substitutions, deletions and insertions that turn one sequence into the other."""
    return int(_distances(reference, hypothesis)[-1, -1])


def edit_alignment(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Pair]:
    """Pairs of the cheapest alignment; where several are, the one with most substitutions."""
    table = _distances(reference, hypothesis)
    row, column = len(reference), len(hypothesis)
    pairs: list[Pair] = []
    while row or column:
        here = table[row, column]
        if row and column:
            differs = reference[row - 1] != hypothesis[column - 1]
            if here == table[row - 1, column - 1] + differs:
                row, column = row - 1, column - 1
                pairs.append((row, column))
                continue
        if row and here == table[row - 1, column] + 1:
            row -= 1
            pairs.append((row, None))
        else:
            column -= 1
            pairs.append((None, column))
    return pairs[::-1]


def _distances(reference: Sequence[str], hypothesis: Sequence[str]) -> NDArray[np.int64]:
    """Distances of all beginnings; shape (reference + 1, hypothesis + 1)."""
    number = {item: place for place, item in enumerate({*reference, *hypothesis})}
    one = np.array([number[item] for item in reference], np.int64)
    other = np.array([number[item] for item in hypothesis], np.int64)
    table = np.empty((len(one) + 1, len(other) + 1), np.int64)
    places = np.arange(len(other) + 1)
    table[0] = places
    for row, item in enumerate(one, 1):
        above = table[row - 1]
        table[row, 0] = row
        table[row, 1:] = np.minimum(above[1:] + 1, above[:-1] + (other != item))
        # an insertion costs 1 a place: the running minimum of what is left of it
        table[row] = np.minimum.accumulate(table[row] - places) + places
    return table


def error_rates(references: Sequence[str], hypotheses: Sequence[str]) -> ErrorRates:
    """Error rates of transcripts; words stand between blanks.

    Args:
        references: Right texts, at least one of them with a word.
        hypotheses: As many transcripts.
    """
    pairs = list(zip(references, hypotheses, strict=True))
    words = [(reference.split(), hypothesis.split()) for reference, hypothesis in pairs]
    plain = [(" ".join(reference), " ".join(hypothesis)) for reference, hypothesis in words]
    return ErrorRates(
        cer=sum(edit_distance(*pair) for pair in plain) / max(sum(len(reference) for reference, _ in plain), 1),
        wer=sum(edit_distance(*pair) for pair in words) / max(sum(len(reference) for reference, _ in words), 1),
        exact_match=sum(reference == hypothesis for reference, hypothesis in plain) / max(len(plain), 1),
    )
