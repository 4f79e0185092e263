"""Subwords by byte-pair encoding or a unigram model, on bytes."""

import json
import math
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Any, Literal, Self, final

import numpy as np
from pydantic import Field, model_validator
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from seqnlp.arrays import Ragged
from seqnlp.codecs.saved import SavedCodec, all_different, damaged
from seqnlp.codecs.text import Codec, WordCodec
from seqnlp.json_types import LARGEST, shown

PADDING = 0


Piece = Annotated[str, Field(min_length=1)]


class SavedBytePairs(SavedCodec, extra="allow"):
    """Byte-pair encoding, in the format of the `tokenizers` package.

    The package panics over pieces that do not fit, so they are checked here.
    """

    type: Literal["BPE"]
    dropout: None = None
    unk_token: None = None
    continuing_subword_prefix: None = None
    end_of_word_suffix: None = None
    fuse_unk: Literal[False] = False
    byte_fallback: Literal[False] = False
    ignore_merges: Literal[False] = False
    vocab: dict[Piece, Annotated[int, Field(ge=0, le=LARGEST)]]
    merges: list[Annotated[list[Piece], Field(min_length=2, max_length=2)]]

    @model_validator(mode="after")
    def _pieces_agree(self) -> Self:
        _check_pieces(list(self.vocab), self.vocab.values())
        for number, (left, right) in enumerate(self.merges):
            if missing := [piece for piece in (left, right, left + right) if piece not in self.vocab]:
                raise ValueError(f"merges.{number}: {shown(missing[0])} is none of the pieces")
        return self


class SavedUnigram(SavedCodec, extra="allow"):
    """Unigram model, in the format of the `tokenizers` package."""

    type: Literal["Unigram"]
    unk_id: None = None
    byte_fallback: Literal[False] = False
    vocab: list[Annotated[list[Any], Field(min_length=2, max_length=2)]]

    @model_validator(mode="after")
    def _pieces_agree(self) -> Self:
        for number, (piece, score) in enumerate(self.vocab):
            if not isinstance(piece, str) or not piece or not isinstance(score, float):
                raise ValueError(f"vocab.{number}: expected a piece and its score")
            if not math.isfinite(score):
                raise ValueError(f"vocab.{number}: expected a finite score")
        _check_pieces([piece for piece, _ in self.vocab], range(len(self.vocab)))
        return self


def _check_pieces(pieces: Sequence[str], numbers: Collection[int]) -> None:
    """Check the pieces of a byte-level vocabulary, and their numbers.

    Pieces are spelled in signs of bytes, and each of the 256 signs is a piece of its own.
    """
    all_different(pieces)
    signs = set(pre_tokenizers.ByteLevel.alphabet())
    if odd := next((piece for piece in pieces if not signs.issuperset(piece)), ""):
        raise ValueError(f"vocab: the piece {shown(odd)} has a sign that is no byte")
    if missing := sorted(signs.difference(pieces)):
        raise ValueError(f"vocab: the sign {missing[0]!r} of a byte is missing")
    if sorted(numbers) != list(range(len(pieces))):
        raise ValueError("vocab: expected pieces numbered from 0 without a gap")


class SavedSubwords(SavedCodec):
    """Tokenizer, in the format of the `tokenizers` package; nothing pads, cuts or changes texts."""

    version: str
    truncation: None
    padding: None
    added_tokens: Annotated[list[Any], Field(max_length=0)]
    normalizer: None
    pre_tokenizer: dict[str, Any]
    post_processor: None
    decoder: dict[str, Any]
    model: Annotated[SavedBytePairs | SavedUnigram, Field(discriminator="type")]


@final
class Subwords(WordCodec):
    """Text <-> numbers of its pieces. Works on bytes: every text can be spelled, and comes back unchanged."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Store a trained tokenizer; `fit` trains one."""
        self.tokenizer = tokenizer

    @classmethod
    def fit(
        cls, texts: Iterable[str], size: int, model: Literal["bpe", "unigram"] = "bpe", at_blanks: bool = False
    ) -> Self:
        """Train the pieces.

        Args:
            texts: Training data.
            size: Size of the vocabulary, the 256 bytes and padding included; a small corpus may give less.
            model: Byte-pair encoding (Sennrich et al., 2016): the same texts always give the same pieces; or
                unigram pieces (Kudo, 2018), whose training differs a little from process to process.
            at_blanks: No piece goes over a blank; if not, nor from letters to digits or to other signs.
        """
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
        tokenizer: Any
        trainer: Any
        if model == "bpe":
            tokenizer = Tokenizer(models.BPE())
            trainer = trainers.BpeTrainer(vocab_size=size - 1, initial_alphabet=alphabet, show_progress=False)
        else:
            tokenizer = Tokenizer(models.Unigram())
            trainer = trainers.UnigramTrainer(vocab_size=size - 1, initial_alphabet=alphabet, show_progress=False)
        by_rule = pre_tokenizers.ByteLevel(add_prefix_space=False)
        words = pre_tokenizers.Split(Regex(r" ?[^ ]+| "), "isolated")
        as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, as_bytes]) if at_blanks else by_rule
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    def __len__(self) -> int:
        """Size of the vocabulary, padding included."""
        return int(self.tokenizer.get_vocab_size()) + 1

    def encode(self, words: Sequence[str]) -> Ragged:
        """One row of numbers per word (or text)."""
        rows = self.tokenizer.encode_batch(list(words), add_special_tokens=False)
        pieces = Ragged.from_rows([row.ids for row in rows])
        return Ragged(pieces.values + np.int64(1), pieces.offsets)

    def decode(self, numbers: Iterable[int]) -> str:
        """Text that some numbers spell; padding is left out."""
        return str(self.tokenizer.decode([int(number) - 1 for number in numbers if number != PADDING]))

    @property
    def row_names(self) -> list[str | None]:
        spelled = {number: piece for piece, number in self.tokenizer.get_vocab().items()}
        return [None, *(spelled[number] for number in range(len(spelled)))]

    def extending(self, before: Codec) -> Self:
        """The other tokenizer as it is: pieces can't be added."""
        return type(self)(before.tokenizer) if isinstance(before, Subwords) else self

    def to_json(self) -> dict[str, Any]:
        """Tokenizer, in the format of the `tokenizers` package."""
        data: dict[str, Any] = json.loads(self.tokenizer.to_str())
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        SavedSubwords.read(data)
        try:
            tokenizer = Tokenizer.from_str(json.dumps(data))
        except Exception as error:  # the package has no class of its own for what it can't parse
            raise damaged(data, " ".join(str(error).split())[:120]) from None
        subwords = cls(tokenizer)
        if subwords.decode(subwords.encode([SAMPLE]).values.tolist()) != SAMPLE:
            raise damaged(data, "the pieces do not spell every text")
        return subwords


SAMPLE = "".join(map(chr, [*range(0x80), 0xA0, 0x3FF, 0x7FF, 0x800, 0xFFFD, 0x10000, 0x10FFFF])) + "a b  c\n"
"""Text to test a tokenizer by: all of ASCII, and characters of two, three and four bytes."""
