"""Lossless codecs of running text, and the tokenizer section that fits them."""

import codecs
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.arrays import Ragged
from seqnlp.codecs.saved import Distinct, SavedCodec, SingleCharacters, Utf8
from seqnlp.codecs.subwords import Subwords
from seqnlp.codecs.text import Codec
from seqnlp.codecs.vocabulary import SavedVocabulary, Vocabulary
from seqnlp.errors import UsageError
from seqnlp.spec import Family

UNKNOWN = 0
"""Index of the unknown token; no model writes it."""

_WORD = re.compile(
    r"""
    [ ]?<\w+>                  # <unk>, <eos> and the like, in corpora that were split up by others
  | [ ]?\w+(?:['’\-]\w+)*      # a word, with the blank before it
  | [ ]?[^\w\s]                # any other sign
  | \n
  | (?<![^\S\n])[^\S\n]+(?=[ ]\S|\n|\Z) # more blanks than one; from the first on, or time is quadratic
  | \s
    """,
    re.VERBOSE,
)

_BETWEEN_BLANKS = re.compile(r" ?[^ \n]+|[ \n]")


class RunningText(Codec):
    """Text <-> numbers of tokens, which put together spell the text."""

    pieces: list[bytes]
    """UTF-8 of each token; of a character outside ASCII perhaps only a part."""

    def __len__(self) -> int:
        """Size of the vocabulary, the unknown included."""
        return len(self.pieces)

    @abstractmethod
    def encode(self, text: str) -> NDArray[np.int64]:
        """Token ids of a text; shape (tokens,)."""

    def encode_rows(self, texts: Sequence[str]) -> Ragged:
        """Token ids of many texts, one row each."""
        rows = [self.encode(text) for text in texts]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        values = np.concatenate(rows) if rows else np.empty(0, np.int64)
        return Ragged(values, np.concatenate([[0], np.cumsum(lengths)]))

    @abstractmethod
    def split(self, text: str) -> list[bytes]:
        """Split a text into the UTF-8 of its tokens, unknown ones too."""

    @abstractmethod
    def unknown_in(self, text: str) -> list[str]:
        """Unknown tokens of a text, each once, in order of appearance."""

    def decode(self, numbers: Iterable[int]) -> str:
        """Text that some tokens spell."""
        return b"".join(self.pieces[number] for number in numbers).decode("utf-8", "replace")

    @property
    def row_names(self) -> list[Hashable]:
        return [None, *self.pieces[1:]]

    @property
    def start(self) -> int:
        """Token before the first one of a text: a line break, where there is one."""
        return self.pieces.index(b"\n") if b"\n" in self.pieces else 1


def text_decoder() -> codecs.IncrementalDecoder:
    """Incremental UTF-8 decoder of pieces; a character in several pieces comes with the last."""
    return codecs.getincrementaldecoder("utf-8")("replace")


class SavedCharacterText(SavedCodec):
    """JSON of a vocabulary of characters."""

    characters: Annotated[SingleCharacters, Utf8]


@final
class CharacterText(RunningText):
    """Every character is a token."""

    def __init__(self, characters: Iterable[str]) -> None:
        """Store the characters that get a number, the first one 1."""
        self.characters = list(characters)
        self.pieces = [b"\xef\xbf\xbd", *(character.encode() for character in self.characters)]
        self._points = np.array([ord(character) for character in self.characters], np.int64)
        highest = int(self._points.max(initial=0))
        self._numbers = np.full(highest + 2, UNKNOWN, np.int64)
        self._numbers[self._points] = np.arange(1, len(self.characters) + 1)

    @classmethod
    def fit(cls, chunks: Iterable[str], min_count: int = 1) -> Self:
        """Number the characters with at least `min_count` occurrences, in Unicode order."""
        counts = np.zeros(0x110000, np.int64)
        for chunk in chunks:
            found, times = np.unique(_code_points(chunk), return_counts=True)
            counts[found] += times
        return cls(map(chr, np.flatnonzero(counts >= min_count).tolist()))

    def encode(self, text: str) -> NDArray[np.int64]:
        last = len(self._numbers) - 1  # that of all characters beyond the highest known one
        return self._numbers[np.minimum(_code_points(text), last)]

    def split(self, text: str) -> list[bytes]:
        return [character.encode() for character in text]

    def unknown_in(self, text: str) -> list[str]:
        return list(dict.fromkeys(text[place] for place in np.flatnonzero(self.encode(text) == UNKNOWN)))

    def extending(self, before: Codec) -> Self:
        """Characters of the other vocabulary, then the new ones."""
        if not isinstance(before, CharacterText):
            return self
        return type(self)(dict.fromkeys([*before.characters, *self.characters]))

    def to_json(self) -> dict[str, Any]:
        return {"characters": self.characters}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(SavedCharacterText.read(data).characters)


def _code_points(text: str) -> NDArray[np.int64]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)


class SavedWordText(SavedVocabulary):
    """JSON of a vocabulary of words and signs."""

    words: Annotated[Distinct, Utf8]
    at_blanks: bool = False


@final
class WordText(RunningText):
    """Words, signs and line breaks are tokens; a word includes the blank before it."""

    def __init__(self, vocabulary: Vocabulary, at_blanks: bool = False) -> None:
        """Store the vocabulary, and whether words are whatever stands between blanks."""
        self.vocabulary, self.at_blanks = vocabulary, at_blanks
        self._word = _BETWEEN_BLANKS if at_blanks else _WORD
        self.pieces = [b" <unk>", *(word.encode() for word in vocabulary.words)]

    @classmethod
    def fit(
        cls, chunks: Iterable[str], min_count: int = 1, max_words: int | None = None, at_blanks: bool = False
    ) -> Self:
        """Number at most `max_words` words that occur at least `min_count` times."""
        counts: Counter[str] = Counter()
        for chunk in chunks:
            counts.update((_BETWEEN_BLANKS if at_blanks else _WORD).findall(chunk))
        vocabulary = Vocabulary.fit(counts, min_count)
        return cls(Vocabulary(vocabulary.words[:max_words], vocabulary.counts[1:][:max_words]), at_blanks)

    def encode(self, text: str) -> NDArray[np.int64]:
        return self.vocabulary.encode(self._word.findall(text))

    def split(self, text: str) -> list[bytes]:
        return [word.encode() for word in self._word.findall(text)]

    def unknown_in(self, text: str) -> list[str]:
        return list(dict.fromkeys(word.strip() for word in self._word.findall(text) if word not in self.vocabulary))

    def extending(self, before: Codec) -> Self:
        """Words of the other vocabulary, then the new ones."""
        if not isinstance(before, WordText) or before.at_blanks != self.at_blanks:
            return self
        return type(self)(self.vocabulary.extending(before.vocabulary), self.at_blanks)

    def to_json(self) -> dict[str, Any]:
        return {**self.vocabulary.to_json(), "at_blanks": self.at_blanks}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedWordText.read(data)
        return cls(Vocabulary(saved.words, saved.counts, saved.lowercase), saved.at_blanks)


@final
class SubwordText(RunningText):
    """Pieces of words are tokens; every text can be spelled with them."""

    def __init__(self, subwords: Subwords) -> None:
        """Store trained pieces; number 0, their padding, occurs in no text."""
        self.subwords = subwords
        spelled = {number: piece for piece, number in subwords.tokenizer.get_vocab().items()}
        byte_of = {sign: byte for byte, sign in enumerate(_signs_of_bytes())}
        self.pieces = [b"", *(bytes(map(byte_of.__getitem__, spelled[number])) for number in range(len(spelled)))]

    @classmethod
    def fit(
        cls, chunks: Iterable[str], pieces: int, model: Literal["bpe", "unigram"] = "bpe", at_blanks: bool = False
    ) -> Self:
        """Learn the pieces by `Subwords.fit`."""
        lines = (line for chunk in chunks for line in chunk.splitlines(keepends=True))
        return cls(Subwords.fit(lines, pieces, model, at_blanks))

    def encode(self, text: str) -> NDArray[np.int64]:
        """Index of each piece; no piece goes over the end of a line."""
        return np.asarray(self.subwords.encode(text.splitlines(keepends=True)).values, np.int64)

    def encode_rows(self, texts: Sequence[str]) -> Ragged:
        """Encode many texts, each of one line, on all processor threads."""
        return self.subwords.encode(texts)

    def split(self, text: str) -> list[bytes]:
        return [self.pieces[number] for number in self.encode(text)]

    def unknown_in(self, text: str) -> list[str]:
        """Nothing: the bytes are pieces."""
        return []

    def to_json(self) -> dict[str, Any]:
        """Tokenizer, in the format of the `tokenizers` package."""
        return self.subwords.to_json()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(Subwords.from_json(data))


def _signs_of_bytes() -> list[str]:
    """Sign of each byte in byte-level tokenizers (Radford et al., 2019)."""
    printable = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(256, 512))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


class Tokenizer(Family, ABC):
    """Tokenizer of running text."""

    default_kind: ClassVar[str | None] = "characters"

    codec_class: ClassVar[type[RunningText]]
    """Codec that it fits."""

    @property
    def plural(self) -> str:
        """Noun for its tokens, in the plural: its kind."""
        return str(type(self).model_fields["kind"].default)

    @abstractmethod
    def fit(self, chunks: Iterable[str], at_blanks: bool = False) -> RunningText:
        """Fit the codec on the text of train.

        Args:
            chunks: Parts of the text.
            at_blanks: Words are separated by blanks already, and by nothing else.
        """

    def fit_from(self, before: Codec | None, chunks: Iterable[str], at_blanks: bool = False) -> RunningText:
        """Extend the codec of another run by the text of train; one that can't grow stays.

        Args:
            before: The codec of the other run; None: there is none.
            chunks: Parts of the text.
            at_blanks: Words are separated by blanks already, and by nothing else.

        Raises:
            seqnlp.errors.UsageError: that is a codec of other tokens.
        """
        if before is None:
            return self.fit(chunks, at_blanks)
        if not isinstance(before, self.codec_class):
            kinds = {kind.codec_class: name for name, kind in Tokenizer.members.items()}
            theirs = kinds.get(type(before), type(before).__name__)
            raise UsageError(f"its tokens are {theirs}, those of this recipe {self.plural}")
        return before if isinstance(before, SubwordText) else self.fit(chunks, at_blanks).extending(before)

    def restore(self, data: dict[str, Any]) -> RunningText:
        """Restore the codec of a run."""
        return self.codec_class.from_json(data)


@final
class CharacterTokenizer(Tokenizer):
    """Characters: a small vocabulary."""

    codec_class = CharacterText

    kind: Literal["characters"] = "characters"
    min_count: Annotated[int, Field(ge=1)] = 1
    """Occurrences in train that a character needs to be known."""

    def fit(self, chunks: Iterable[str], at_blanks: bool = False) -> CharacterText:
        return CharacterText.fit(chunks, self.min_count)


@final
class WordTokenizer(Tokenizer):
    """Words, signs and line breaks; a word includes the blank before it."""

    renamed = {"most": "max_words"}

    codec_class = WordText

    kind: Literal["words"] = "words"
    min_count: Annotated[int, Field(ge=1)] = 1
    """Occurrences in train that a word needs to be known."""
    max_words: Annotated[int, Field(ge=1)] | None = None
    """Keep this many words, the most frequent ones; left out: all."""

    def fit(self, chunks: Iterable[str], at_blanks: bool = False) -> WordText:
        return WordText.fit(chunks, self.min_count, self.max_words, at_blanks)


@final
class SubwordTokenizer(Tokenizer):
    """Subwords on bytes: no text has unknown tokens."""

    renamed = {"pieces": "vocab_size"}

    codec_class = SubwordText

    kind: Literal["subwords"] = "subwords"
    vocab_size: Annotated[int, Field(ge=300)] = 2000
    """Pieces to learn, the 256 bytes among them."""
    model: Literal["bpe", "unigram"] = "bpe"
    """Byte-pair encoding (Sennrich et al., 2016), or a unigram model (Kudo, 2018)."""

    def fit(self, chunks: Iterable[str], at_blanks: bool = False) -> SubwordText:
        return SubwordText.fit(chunks, self.vocab_size, self.model, at_blanks)
