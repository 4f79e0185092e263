"""Recipe of a classifier."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, final

from pydantic import field_validator

from seqnlp.codecs import Column, RunningText, Tokenizer
from seqnlp.codecs.label_columns import label_notes, label_texts
from seqnlp.decoders import MaxPool, PoolDecoder
from seqnlp.embeddings import NGramVotes, TextEmbedding, Words
from seqnlp.encoders import Encoder, Lstm
from seqnlp.errors import Fault
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers.drawn import Strata
from seqnlp.readers.empties import FILLED, Need, is_blank
from seqnlp.recipe.recipe import Data
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.classify.dataset import checked, holds_lists, read_labels, split_texts
from seqnlp.tasks.kept_columns import text_column

if TYPE_CHECKING:
    from datasets import Dataset


@final
class ClassifyData(Data):
    """A corpus of texts with labels."""

    streams = True
    measured = Data.measured | {"text", "tokens", "tokenizer", "label", "multilabel", "separator"}
    renamed = {"several": "multilabel"}

    text: str | None = None
    """Column that holds raw text; left out, and no `tokens` either: `text`."""
    tokens: str | None = None
    """Column that holds lists of words, if the texts are tokenized."""
    tokenizer: Tokenizer | None = None
    """Tokenizer of raw text, as a language model has it; left out: text is split into words by rule."""
    label: str = "label"
    """Column to predict."""
    multilabel: bool = False
    """Predict any number of labels for a text, independently; the label column holds lists, or see `separator`."""
    separator: str | None = None
    """Separator of the labels in a text of the label column, such as `|`; left out: only lists hold several."""

    @field_validator("separator")
    @classmethod
    def _not_blank(cls, separator: str | None) -> str | None:
        if separator == "":
            raise ValueError("Input should not be empty")
        return separator


@final
class ClassifyRecipe(TaskRecipe):
    """Recipe of a model that labels texts."""

    rows_name: ClassVar[str] = "texts"

    task: Literal["classify"] = "classify"
    data: ClassifyData
    embedding: TextEmbedding = TextEmbedding.parse({"words": Words()})
    encoder: Encoder = Lstm()
    decoder: PoolDecoder = MaxPool()
    optimizer: Optimizer = AdamW()
    ngrams: NGramVotes | None = None
    """Linear n-gram model beside the network, whose logits are added; left out: none."""

    def faults(self) -> Iterator[Fault]:
        if not self.embedding.parts:
            yield Fault("embedding", "there is nothing to embed", "add [embedding.words] or [embedding.chars]")
        for column, part in self.embedding.given_columns.items():
            yield Fault(f"embedding.{part}", f"a classifier is given no columns beside the words, such as {column!r}")
        if self.data.text is not None and self.data.tokens is not None:
            yield Fault("data.tokens", "both `text` and `tokens` are named", "leave out one of them")
        if self.data.tokens is not None and self.data.tokenizer is not None:
            yield Fault("data.tokenizer", f"column {self.data.tokens!r} is tokenized already", "leave out one of them")
        for name, embedding in self.embedding.parts.items():
            if embedding.joins_words and self.data.tokenizer is not None:
                problem = "it reads words joined by blanks, which the tokens of data.tokenizer are not"
                yield Fault(f"embedding.{name}", problem, "leave out one of them")
        if "tokens" in self.embedding.parts and self.data.tokenizer is None:
            yield Fault("embedding.tokens", "there is no tokenizer", 'for instance data.tokenizer = "subwords"')
        if self.data.separator is not None and not self.data.multilabel:
            yield Fault("data.separator", "a text has one label, which is not split", "data.multilabel = true")
        if self.data.label == self.column:
            yield Fault("data.label", f"the text itself ({self.data.label!r}) can't be the label")
        if (
            self.ngrams
            and self.ngrams.chars
            and (len(self.ngrams.chars) != 2 or self.ngrams.chars != sorted(self.ngrams.chars))
        ):
            yield Fault(
                "ngrams.chars", f"expected a shortest and a longest length, found {self.ngrams.chars}", "[2, 5]"
            )

    @property
    def needs(self) -> dict[str, Need]:
        several = self.data.multilabel
        label = Need(blank=several and self.data.separator is not None, no_items=several)
        return {self.column: FILLED, self.data.label: label}

    @property
    def label_columns(self) -> list[str]:
        return [self.data.label]

    def strata(self, train: "Dataset") -> Strata | None:
        """Classes of texts that have one each."""
        if self.data.multilabel:
            return None
        labels = self.labels(train)
        return Strata(self.data.label, labels.codes.values.astype("int64"), labels.distinct)

    def words(self, split: "Dataset", tokenizer: RunningText | None = None) -> Column:
        """Words of each text; with a fitted tokenizer its tokens.

        Raises:
            seqnlp.errors.DataError: a column that is missing or holds something else; a text without words.
        """
        if self.data.tokens is not None:
            return checked(text_column(split, self.data.tokens, self.data.keep_in_memory), self.data.tokens)
        return split_texts(split, self.column, tokenizer, self.data.keep_in_memory)

    @property
    def column(self) -> str:
        """Column of the texts."""
        return self.data.tokens or self.data.text or "text"

    def labels(self, split: "Dataset") -> Column:
        """Labels of each text."""
        data = self.data
        return read_labels(split, data.label, data.multilabel, data.separator, data.keep_in_memory)

    def label_notes(self, split: "Dataset") -> Iterator[str]:
        """Warnings about the label column, one line each."""
        name, separator = self.data.label, self.data.separator
        texts = label_texts(split, name)
        splits = separator is not None and not holds_lists(split, name)
        if not splits:
            yield from label_notes(texts.distinct, joined=not holds_lists(split, name))
            return
        yield from label_notes(self.labels(split).distinct)
        counts = texts.counts()
        if empty := sum(count for text, count in counts.items() if is_blank(text)):
            yield f"{empty:,} empty {name!r}: texts without any label"
        parts = {text: text.split(separator) for text in counts if not is_blank(text)}
        if odd := [text for text, each in parts.items() if any(map(is_blank, each))]:
            yield f"{odd[0]!r} has an empty part between separators, which is left out"
