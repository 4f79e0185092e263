"""Surprise of a language model: by kind of token, by position, and the most surprising contexts."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs import RunningText
from seqnlp.codecs.running_text import UNKNOWN
from seqnlp.results import Surprise, SurpriseReport, SurpriseShare
from seqnlp.tasks.base import ItemRow
from seqnlp.tasks.lm.dataset import StreamDataset
from seqnlp.tasks.lm.scores import TokenPredictions

CONTEXT = 60
"""Characters before a surprising token, or after it, that are shown."""
TENTHS = 10
"""Parts of the text whose surprise is told."""
KINDS = ("unknown", "line break", "blank", "number", "sign", "capitalised word", "beginning of a word", "inside a word")
"""Kinds of tokens; a token of several characters is of the kind of its first letter or sign."""


def token_rows(examples: StreamDataset, codec: RunningText, found: TokenPredictions) -> Iterator[ItemRow]:
    """Describe each token of a text but the first that is read: itself, the likeliest one, its surprise."""
    pieces = _spelled(codec)
    read = _in_text_order(examples, found)
    for place, token, likeliest, nats in zip(
        read.places.tolist(),
        read.tokens[read.places].tolist(),
        read.found.likeliest.tolist(),
        read.found.nats.tolist(),
        strict=True,
    ):
        yield {
            "row": place + 1,
            "gold": pieces[token],
            "predicted": pieces[likeliest],
            "right": token == likeliest,
            "nats": nats,
            "bits": nats / math.log(2),
        }


def surprise_report(examples: StreamDataset, codec: RunningText, found: TokenPredictions, most: int) -> SurpriseReport:
    """Sum surprise up.

    Args:
        examples: The encoded text.
        codec: Its codec.
        found: The predictions of its tokens.
        most: Surprising contexts and tokens, at most.
    """
    read = _in_text_order(examples, found)
    tokens, places, found = read.tokens, read.places, read.found
    bits = found.nats.astype(np.float64) / math.log(2)
    targets = tokens[places]
    before = np.where(places > 0, tokens[places - 1], codec.start)
    pieces = _spelled(codec)
    kinds = _kinds(pieces, before, targets)
    steps = _since_line_break(tokens, pieces)[places]
    tenths = np.arange(len(targets)) * TENTHS // max(len(targets), 1)
    edges = _doubling(int(steps.max(initial=0)))
    total = float(bits.sum())
    return SurpriseReport(
        items=len(targets),
        bits=total / max(len(targets), 1),
        bits_per_char=total / max(examples.characters, 1),
        accuracy=float((found.likeliest == targets).mean()) if len(targets) else 0.0,
        kinds=_shares([(KINDS[n], kinds == n) for n in range(len(KINDS))], bits),
        line=_shares(
            [
                (str(low) if high == low + 1 else f"{low} to {high - 1}", (steps >= low) & (steps < high))
                for low, high in edges
            ],
            bits,
        ),
        text=_shares([(f"{10 * n} % to {10 * n + 10} %", tenths == n) for n in range(TENTHS)], bits),
        tokens=_dearest(targets, bits, pieces, most),
        contexts=[
            Surprise(
                before="" if examples.backward else _text_before(tokens, int(places[number]), pieces),
                gold=pieces[targets[number]],
                predicted=pieces[int(found.likeliest[number])],
                bits=float(bits[number]),
                row=int(places[number]) + 1,
                after=_text_after(tokens, int(places[number]), pieces) if examples.backward else "",
            )
            for number in np.argsort(-bits, kind="stable")[:most]
        ],
    )


@dataclass(frozen=True)
class _Read:
    """Text with predictions in its order, whatever the direction of reading."""

    tokens: NDArray[np.int64]
    """Tokens of the text; shape (tokens,)."""
    places: NDArray[np.int64]
    """Places of those that were predicted: all but the one that was read first; shape (items,)."""
    found: TokenPredictions


def _in_text_order(examples: StreamDataset, found: TokenPredictions) -> _Read:
    tokens, places = np.asarray(examples.tokens).astype(np.int64), np.arange(examples.items)
    if not examples.backward:
        return _Read(tokens, places + 1, found)
    return _Read(tokens[::-1], places, TokenPredictions(found.nats[::-1], found.likeliest[::-1]))


def _spelled(codec: RunningText) -> list[str]:
    return [piece.decode(errors="replace") for piece in codec.pieces]


def _kinds(pieces: list[str], before: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Kind of each token, given the one before it: letters go on with the word that they follow."""
    plain = np.array([_kind_of(piece, number) for number, piece in enumerate(pieces)])
    joins = np.array([bool(piece) and piece[0].isalpha() for piece in pieces])
    ends = np.array([bool(piece) and piece[-1].isalpha() for piece in pieces])
    kinds = plain[targets]
    word = (kinds == KINDS.index("capitalised word")) | (kinds == KINDS.index("beginning of a word"))
    kinds[word & joins[targets] & ends[before]] = KINDS.index("inside a word")
    return np.asarray(kinds)


def _kind_of(piece: str, number: int) -> int:
    bare = piece.strip()
    if number == UNKNOWN:
        kind = "unknown"
    elif "\n" in piece:
        kind = "line break"
    elif not bare:
        kind = "blank"
    elif bare[0].isdigit():
        kind = "number"
    elif bare[0].isalpha():
        kind = "capitalised word" if bare[0].isupper() else "beginning of a word"
    else:
        kind = "sign"
    return KINDS.index(kind)


def _since_line_break(tokens: NDArray[np.int64], pieces: list[str]) -> NDArray[np.int64]:
    """Number of tokens since the last line break, of each token."""
    breaks = np.array(["\n" in piece for piece in pieces])[tokens[:-1]]
    places = np.arange(len(tokens))
    last = np.maximum.accumulate(np.append(-1, np.where(breaks, places[:-1], -1)))
    steps: NDArray[np.int64] = places - last - 1
    return steps


def _doubling(longest: int) -> list[tuple[int, int]]:
    """Ranges 0, 1, 2 to 3, 4 to 7, ... up to a number."""
    edges = [0, 1]
    while edges[-1] <= longest:
        edges.append(2 * edges[-1])
    return list(pairwise(edges))


def _shares(groups: list[tuple[str, NDArray[np.bool_]]], bits: NDArray[np.float64]) -> list[SurpriseShare]:
    total = max(float(bits.sum()), 1e-12)
    return [
        SurpriseShare(name, int(mask.sum()), float(bits[mask].mean()), float(bits[mask].sum()) / total)
        for name, mask in groups
        if mask.any()
    ]


def _dearest(
    targets: NDArray[np.int64], bits: NDArray[np.float64], pieces: list[str], most: int
) -> list[SurpriseShare]:
    """Tokens that cost most in all."""
    sums, counts = np.bincount(targets, bits, len(pieces)), np.bincount(targets, minlength=len(pieces))
    chosen = [int(n) for n in np.argsort(-sums, kind="stable")[:most] if counts[n]]
    return _shares([(pieces[n], targets == n) for n in chosen], bits)


def _text_before(tokens: NDArray[np.int64], place: int, pieces: list[str]) -> str:
    """Characters before the token at a place."""
    text = "".join(pieces[number] for number in tokens[max(place - CONTEXT, 0) : place])
    return text[-CONTEXT:]


def _text_after(tokens: NDArray[np.int64], place: int, pieces: list[str]) -> str:
    """Characters after the token at a place."""
    return "".join(pieces[number] for number in tokens[place + 1 : place + 1 + CONTEXT])[:CONTEXT]
