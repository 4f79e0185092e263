"""`tokenizer` of a language model or a translation: characters, words or subwords."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, final

from pydantic import Field

from seqnlp.codecs.running_text import CharacterText, RunningText, SubwordText, WordText
from seqnlp.spec import Family


class Tokenizer(Family, ABC):
    """Tokenizer of running text."""

    default_kind: ClassVar[str | None] = "characters"

    @property
    @abstractmethod
    def plural(self) -> str:
        """Noun for its tokens, in the plural."""

    @abstractmethod
    def fit(self, chunks: Iterable[str], at_blanks: bool = False) -> RunningText:
        """Fit the codec on the text of train.

        Args:
            chunks: Parts of the text.
            at_blanks: Words are separated by blanks already, and by nothing else.
        """

    @abstractmethod
    def restore(self, data: dict[str, Any]) -> RunningText:
        """Take the codec that a run has saved."""


@final
class CharacterTokenizer(Tokenizer):
    """Characters: a small vocabulary."""

    kind: Literal["characters"] = "characters"
    min_count: Annotated[int, Field(ge=1)] = 1
    """Occurrences in train that a character needs to be known."""

    @property
    def plural(self) -> str:
        """Characters."""
        return "characters"

    def fit(self, chunks: Iterable[str], at_blanks: bool = False) -> CharacterText:
        """Number the characters."""
        return CharacterText.fit(chunks, self.min_count)

    def restore(self, data: dict[str, Any]) -> CharacterText:
        """Take saved characters."""
        return CharacterText.from_json(data)


@final
class WordTokenizer(Tokenizer):
    """Words, signs and line breaks; a word includes the blank before it."""

    renamed = {"most": "max_words"}

    kind: Literal["words"] = "words"
    min_count: Annotated[int, Field(ge=1)] = 1
    """Occurrences in train that a word needs to be known."""
    max_words: Annotated[int, Field(ge=1)] | None = None
    """Keep this many words, the most frequent ones; left out: all."""

    @property
    def plural(self) -> str:
        """Words."""
        return "words"

    def fit(self, chunks: Iterable[str], at_blanks: bool = False) -> WordText:
        """Number the words."""
        return WordText.fit(chunks, self.min_count, self.max_words, at_blanks)

    def restore(self, data: dict[str, Any]) -> WordText:
        """Take saved words."""
        return WordText.from_json(data)


@final
class SubwordTokenizer(Tokenizer):
    """Subwords on bytes: no text has unknown tokens."""

    renamed = {"pieces": "vocab_size"}

    kind: Literal["subwords"] = "subwords"
    vocab_size: Annotated[int, Field(ge=300)] = 2000
    """Pieces to learn, the 256 bytes among them."""
    model: Literal["bpe", "unigram"] = "bpe"
    """Byte-pair encoding (Sennrich et al., 2016), or a unigram model (Kudo, 2018)."""

    @property
    def plural(self) -> str:
        """Subwords."""
        return "subwords"

    def fit(self, chunks: Iterable[str], at_blanks: bool = False) -> SubwordText:
        """Learn the pieces."""
        return SubwordText.fit(chunks, self.vocab_size, self.model, at_blanks)

    def restore(self, data: dict[str, Any]) -> SubwordText:
        """Take saved pieces."""
        return SubwordText.from_json(data)
