"""Pieces of sentences for a pretrained transformer, by its own tokenizer."""

import json
from collections.abc import Sequence
from typing import Any, final

import numpy as np
from tokenizers import Tokenizer

from seqnlp.arrays import IntArray, Ragged, smallest
from seqnlp.codecs.saved import damaged
from seqnlp.codecs.text import Column

IDS, FIRST, LAST = "ids", "first", "last"
"""Names of the arrays of `PieceTokenizer.encode`."""

BATCH = 10_000
"""Sentences that are tokenized at once."""


@final
class PieceTokenizer:
    """Fast tokenizer of a transformer; it tells which pieces stand for which words."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Store a tokenizer; it neither pads nor cuts any more."""
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        probe = tokenizer.encode("a", add_special_tokens=True)
        plain = tokenizer.encode("a", add_special_tokens=False).ids
        special = probe.special_tokens_mask
        start = special.index(0) if 0 in special else len(special)
        self.prefix: list[int] = probe.ids[:start]
        """Special pieces before a sentence."""
        self.suffix: list[int] = probe.ids[start + len(plain) :]
        """Special pieces behind it."""

    def __len__(self) -> int:
        """Size of the vocabulary, added pieces included."""
        return int(self.tokenizer.get_vocab_size(with_added_tokens=True))

    def encode(self, words: Column) -> dict[str, Ragged]:
        """Split sentences, whose words are joined by blanks, into pieces.

        A word has the pieces that overlap it: of several words in one piece, each has that.

        Returns:
            `ids`: the number of each piece plus 1, without special pieces, a row a sentence. `first` and `last`: for
            each word its first and last piece in the row, from 1; 0 for a word without any, such as a control
            character.
        """
        ids: list[list[int]] = []
        firsts: list[IntArray] = []
        lasts: list[IntArray] = []
        codes = words.codes
        lengths = np.array([len(word) for word in words.distinct], np.int64)
        for start in range(0, len(codes), BATCH):
            rows = [codes[row] for row in range(start, min(start + BATCH, len(codes)))]
            texts = [" ".join([words.distinct[code] for code in row.tolist()]) for row in rows]
            found = self.tokenizer.encode_batch(texts, add_special_tokens=False)
            for row, encoding in zip(rows, found, strict=True):
                ids.append(encoding.ids)
                first, last = _aligned(lengths[row], encoding.offsets)
                firsts.append(first)
                lasts.append(last)
        pieces = Ragged.from_rows(ids)
        return {
            IDS: Ragged(smallest(pieces.values + np.int64(1)), pieces.offsets),
            FIRST: Ragged(_joined(firsts), codes.offsets),
            LAST: Ragged(_joined(lasts), codes.offsets),
        }

    def to_json(self) -> dict[str, Any]:
        """Content of a `tokenizer.json`."""
        data: dict[str, Any] = json.loads(self.tokenizer.to_str())
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any], outer: dict[str, Any]) -> "PieceTokenizer":
        """Inverse of `to_json`; `outer` is the codec that holds it.

        Raises:
            seqnlp.errors.RunError: the `tokenizers` package can't read it.
        """
        try:
            return cls(Tokenizer.from_str(json.dumps(data)))
        except Exception as error:  # the package has no class of its own for what it can't parse
            raise damaged(outer, " ".join(str(error).split())[:120], "tokenizer") from None


def _aligned(lengths: IntArray, offsets: Sequence[tuple[int, int]]) -> tuple[IntArray, IntArray]:
    """First and last piece of each word, from 1; 0 for a word without pieces.

    Args:
        lengths: Characters of each word; a blank stands between two.
        offsets: Bounds of each piece in the text.
    """
    ends = np.cumsum(lengths + 1) - 1
    starts = ends - lengths
    bounds = np.array(offsets, np.int64).reshape(-1, 2)
    first = np.searchsorted(np.maximum.accumulate(bounds[:, 1]), starts, side="right")
    last = np.searchsorted(bounds[:, 0], ends, side="left") - 1
    has = last >= first
    return np.where(has, first + 1, 0), np.where(has, last + 1, 0)


def _joined(parts: Sequence[IntArray]) -> IntArray:
    return smallest(np.concatenate(parts)) if parts else np.empty(0, np.int8)
