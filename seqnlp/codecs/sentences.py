"""Codec of the sentences of one side of a translation."""

import re
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, Self, final

import numpy as np
from pydantic import ValidationError

from seqnlp.arrays import Ragged
from seqnlp.codecs.running_text import CharacterText, CharacterTokenizer, RunningText, SubwordText, Tokenizer, WordText
from seqnlp.codecs.saved import SavedCodec, damaged
from seqnlp.codecs.text import Codec
from seqnlp.json_types import JsonObject

PADDING, BEGIN, END, UNKNOWN = range(4)
SPECIAL = 3
"""Special numbers before that of the unknown token, which is the 0 of a `RunningText`."""

BLANK = "\N{LOWER ONE EIGHTH BLOCK}"
"""Sign that is shown for a blank, in subwords and among characters."""

Form = Literal["nfc", "nfd", "nfkc", "nfkd"]

_BLANKS = re.compile("[\t-\r\x1c-\x20\x85\u2028\u2029]+")


class SavedSentences(SavedCodec):
    """JSON of the sentences of one side."""

    tokenizer: dict[str, Any]
    lowercase: bool
    form: Form | None
    text: dict[str, Any]


@final
class Sentences(Codec):
    """Cleans sentences, and tokenizes them.

    Numbers: 0 padding, 1 BEGIN, 2 END, 3 the unknown token, then the tokens that train has. Cleaning makes one blank
    of all kinds of white space but those that do not break lines; a clean sentence comes back unchanged if all its
    tokens are known.
    """

    def __init__(
        self, tokenizer: Tokenizer, text: RunningText, lowercase: bool = False, form: Form | None = None
    ) -> None:
        """Store the tokenizer, its fitted codec, and the settings of `clean`."""
        self.tokenizer, self.text, self.lowercase, self.form = tokenizer, text, lowercase, form
        self.by_character = isinstance(text, CharacterText)
        self.pieces = [b""] * SPECIAL + text.pieces

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        tokenizer: Tokenizer,
        lowercase: bool = False,
        form: Form | None = None,
        at_blanks: bool = False,
        before: RunningText | None = None,
    ) -> Self:
        """Fit the tokenizer on sentences.

        Args:
            texts: The sentences.
            tokenizer: Settings.
            lowercase: See `clean`.
            form: See `clean`.
            at_blanks: Words are separated by blanks already.
            before: Codec of another run that is extended.

        Raises:
            seqnlp.errors.UsageError: that is a codec of other tokens.
        """
        blank = "" if isinstance(tokenizer, CharacterTokenizer) else " "
        cleaned = (blank + clean(text, lowercase, form) for text in texts)
        return cls(tokenizer, tokenizer.fit_from(before, cleaned, at_blanks), lowercase, form)

    def __len__(self) -> int:
        """Size of the vocabulary."""
        return len(self.pieces)

    @property
    def row_names(self) -> list[Hashable]:
        return [*((number,) for number in range(SPECIAL)), *self.text.row_names]

    @property
    def knows_all(self) -> bool:
        """True if no token of any sentence can be unknown."""
        return isinstance(self.text, SubwordText)

    def clean(self, text: str, keep_case: bool = False) -> str:
        """Clean a sentence as for encoding; `keep_case` keeps its capital letters."""
        return clean(text, self.lowercase and not keep_case, self.form)

    def encode(self, texts: Sequence[str]) -> Ragged:
        """Encode sentences, one row each, without BEGIN and END; an empty sentence has no tokens."""
        cleaned = [self.clean(text) for text in texts]
        rows = self.text.encode_rows([self._with_blank(text) for text in cleaned])
        return Ragged((rows.values + SPECIAL).astype(np.int32), rows.offsets)

    def _with_blank(self, text: str) -> str:
        """Put a blank before the first word: it then is the same token as inside a sentence."""
        return text if self.by_character or not text else " " + text

    def split(self, text: str) -> list[bytes]:
        """Split a sentence into the UTF-8 of its tokens, unknown ones too."""
        return self.text.split(self._with_blank(self.clean(text)))

    def spelled(self, text: str, numbers: Iterable[int]) -> list[bytes]:
        """Split an encoded sentence into the UTF-8 of its tokens; quicker than `split` where no token is unknown."""
        return [self.pieces[number] for number in numbers] if self.knows_all else self.split(text)

    def decode(self, numbers: Iterable[int]) -> str:
        """Decode numbers into a sentence."""
        return self.join(self.pieces[number] for number in numbers)

    def join(self, pieces: Iterable[bytes]) -> str:
        """Join tokens into a sentence of one line; invalid UTF-8 is left out."""
        return _BLANKS.sub(" ", b"".join(pieces).decode("utf-8", "ignore")).strip(" ")

    def shown(self, pieces: Iterable[bytes]) -> list[str]:
        """Display texts of tokens: words plain, in all else a sign for blanks."""
        texts = [piece.decode("utf-8", "replace") for piece in pieces]
        if isinstance(self.text, WordText):
            return [text.strip(" ") for text in texts]
        return [text.replace(" ", BLANK) for text in texts]

    def words(self, pieces: Sequence[bytes]) -> list[int]:
        """Number of the word that each token belongs to, from 0; words are separated by blanks."""
        first = 0 if pieces and pieces[0].startswith(b" ") else 1
        starts = np.cumsum([piece.startswith(b" ") for piece in pieces], dtype=np.int64)
        return (starts - 1 + first).tolist() if pieces else []

    def unknown_in(self, text: str) -> list[str]:
        """Unknown tokens of a sentence, each once."""
        return self.text.unknown_in(self._with_blank(self.clean(text)))

    def to_json(self) -> dict[str, Any]:
        return {
            "tokenizer": self.tokenizer.model_dump(exclude_none=True),
            "lowercase": self.lowercase,
            "form": self.form,
            "text": self.text.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        saved = SavedSentences.read(data)
        try:
            tokenizer = Tokenizer.parse(saved.tokenizer)
        except ValidationError as error:
            raise damaged(data, error.errors()[0]["msg"], "tokenizer") from None
        return cls(tokenizer, tokenizer.restore(JsonObject.inside(data, "text")), saved.lowercase, saved.form)


def clean(text: str, lowercase: bool = False, form: Form | None = None) -> str:
    """Normalize a sentence: Unicode form, single blanks, case."""
    if form is not None:
        text = unicodedata.normalize(form.upper(), text)  # type: ignore[arg-type]
    text = _BLANKS.sub(" ", text).strip(" ")
    return text.lower() if lowercase else text
