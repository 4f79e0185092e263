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
