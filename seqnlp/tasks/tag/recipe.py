"""Recipe of a tagger."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, final

from pydantic import Field

from seqnlp.codecs import (
    Categorical,
    Column,
    DependencyEncoding,
    EditScriptEncoding,
    FeatureEncoding,
    LabelEncoding,
    TokenizedText,
)
from seqnlp.codecs.spans import TRAINED, Scheme, check_tags, read_spans, write_spans
from seqnlp.decoders import Biaffine, Linear, TagDecoder
from seqnlp.embeddings import CharCnn, TextEmbedding, Words
from seqnlp.encoders import Encoder, Lstm
from seqnlp.errors import DataError, Fault
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers.empties import FILLED, Need
from seqnlp.recipe.recipe import Data
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.kept_columns import label_column, text_column

if TYPE_CHECKING:
    from datasets import Dataset

LEMMA = "lemma"
"""Label column that holds lemmas where the recipe does not say otherwise."""


@final
class TagData(Data):
    """A corpus of sentences whose words are labelled."""

    streams = True
    measured = Data.measured | {"tokens", "labels", "scheme", "repair"}
    renamed = {"encode": "training_scheme", "weights": "loss_weights"}

    tokens: str = "form"
    """Column that holds the words."""
    labels: list[str] = ["upos"]
    """Columns to predict, trained together, one decoder each."""
    auxiliary: list[str] = []
    """Auxiliary columns of multi-task training, neither scored nor predicted."""
    by_feature: list[str] = []
    """Label columns of lists such as `Case=Nom|Number=Sing`, learned with one decoder per feature beside that of whole
    labels: combinations that train lacks can be predicted."""
    label_codecs: dict[str, LabelEncoding] = {}
    """Kind of the labels of a column; left out: `features` for one in `by_feature`, `edit_scripts` for a column `lemma`
    (unless there is a scheme), `categorical` for others."""
    loss_weights: dict[str, Annotated[float, Field(gt=0)]] = {}
    """Weight of a column in the loss; 1 by default."""
    scheme: Scheme | None = None
    """Scheme of spans in the label column: bio, bioes, bilou, bmes, bmewo, iob1, ioe1 or ioe2; left out: no spans."""
    training_scheme: Literal["bio", "bioes"] | None = None
    """Scheme to train in, bio or bioes; left out: that of its two which marks as much as the corpus."""
    repair: bool = False
    """Read tags that the scheme doesn't allow as `conlleval` does, instead of refusing them."""

    @property
    def encoding(self) -> Scheme | None:
        """Scheme to train in, if there is one."""
        return self.training_scheme or (None if self.scheme is None else TRAINED[self.scheme])

    def label_encoding(self, name: str) -> LabelEncoding:
        """Kind of the labels of a column."""
        chosen = self.label_codecs.get(name)
        if chosen is not None:
            return chosen
        if name in self.by_feature:
            return FeatureEncoding()
        return EditScriptEncoding() if name == LEMMA and self.scheme is None else Categorical()

    def words(self, split: "Dataset") -> Column:
        """Words of a split.

        Raises:
            seqnlp.errors.DataError: no such column, or one of texts.
        """
        import datasets

        column = text_column(split, self.tokens, self.keep_in_memory)
        if not isinstance(split.features[self.tokens], datasets.List | datasets.LargeList):
            raise DataError(f"column {self.tokens!r} holds a text in each row; expected lists of words")
        return column

    def beside(self, words: Column, split: "Dataset", name: str) -> Column:
        """A column with one value per word.

        Raises:
            seqnlp.errors.DataError: if it has more for a sentence, or less.
        """
        column = label_column(split, name, self.keep_in_memory)
        words.check_parallel(column, self.tokens, name)
        return column

    def tags(self, words: Column, split: "Dataset", name: str) -> Column:
        """Read a label column in canonical form, and in the training scheme.

        Raises:
            seqnlp.errors.DataError: for tags that its scheme doesn't have, or doesn't allow where they stand, and for
                labels that are not of their kind.
        """
        column, encoding = self.beside(words, split, name), self.label_encoding(name)
        partners = {other: self.beside(words, split, other) for other in encoding.partners}
        with about_column(name):
            column = encoding.canonical(encoding.merged(column, partners))
        if self.scheme is None or self.encoding is None or name not in self.labels:
            return column
        hint = ""
        try:
            spans = read_spans(column, self.scheme)
            hint = "data.repair = true reads such tags as conlleval does"
            if not self.repair:
                check_tags(column, self.scheme)
        except DataError as error:
            raise error.replace(problem=f"column {name!r}: {error.problem}", hint=hint) from None
        return write_spans(spans, column.codes.offsets, self.encoding)


@contextmanager
def about_column(name: str) -> Iterator[None]:
    """Name the column in errors."""
    try:
        yield
    except DataError as error:
        raise error.replace(problem=f"column {name!r}: {error.problem}") from None


@final
class TagRecipe(TaskRecipe):
    """Recipe of a model that labels every word of a sentence."""

    rows_name: ClassVar[str] = "sentences"

    task: Literal["tag"] = "tag"
    data: TagData
    embedding: TextEmbedding = TextEmbedding.parse({"words": Words(), "chars": CharCnn()})
    encoder: Encoder = Lstm()
    decoder: TagDecoder = Linear()
    parser: Biaffine | None = None
    optimizer: Optimizer = AdamW()

    @property
    def needs(self) -> dict[str, Need]:
        partners = [other for name in self.columns for other in self.data.label_encoding(name).partners]
        return dict.fromkeys([self.data.tokens, *self.columns, *partners, *self.embedding.given_columns], FILLED)

    @property
    def label_columns(self) -> list[str]:
        return self.columns

    @property
    def trees(self) -> list[str]:
        """Columns that hold dependency trees."""
        return [name for name in self.columns if isinstance(self.data.label_encoding(name), DependencyEncoding)]

    @property
    def columns(self) -> list[str]:
        """Columns that there are decoders for."""
        return [*self.data.labels, *self.data.auxiliary]

    def text(self, words: Column, split: "Dataset") -> TokenizedText:
        """Words of a split, with the columns that the embedding reads too."""
        columns = {name: self.data.beside(words, split, name) for name in self.embedding.given_columns}
        return TokenizedText(words, columns)

    def unused_settings(self) -> Iterator[Fault]:
        yield from super().unused_settings()
        if self.parser is not None and not self.trees:
            problem = "no effect: no label column is of the kind dependencies"
            yield Fault("parser", problem, 'label_codecs.deprel = "dependencies" in [data]')
        if self.trees and self.trees == self.columns and self.decoder != Linear():
            yield Fault("decoder", "no effect: all label columns are of the kind dependencies", "see [parser]")
        if self.data.scheme is None:
            keys = [*(f"data.{key}" for key in self.data.changed("repair"))]
            keys += [f"decoder.{key}" for key in self.decoder.changed("constrained")]
            for key in keys:
                yield Fault(key, "no effect: it is about tags of spans", 'add data.scheme, for instance "bio"')

    def faults(self) -> Iterator[Fault]:
        if not self.embedding.parts:
            yield Fault("embedding", "there is nothing to embed", "add [embedding.words] or [embedding.chars]")
        if "tokens" in self.embedding.parts:
            hint = "[embedding.words], or [embedding.subwords] for the pieces of words"
            yield Fault("embedding.tokens", "a tagger reads words, which have no tokenizer", hint)
        if not self.data.labels:
            yield Fault("data.labels", "there is no column to predict", 'for instance labels = ["upos"]')
        for name in sorted({name for name in self.columns if self.columns.count(name) > 1}):
            yield Fault("data.labels", f"column {name!r} is named twice")
        choices = ", ".join(self.columns)
        for name in self.data.loss_weights:
            if name not in self.columns:
                yield Fault(f"data.loss_weights.{name}", f"there is no such column to predict; those are {choices}")
        for name in self.data.by_feature:
            if name not in self.columns:
                yield Fault("data.by_feature", f"there is no column {name!r} to predict; those are {choices}")
            for other in (column for column in self.columns if column.startswith(f"{name}.")):
                yield Fault("data.by_feature", f"column {other!r} is named as if it were a feature of {name!r}")
            if name in self.data.label_codecs:
                yield Fault("data.by_feature", f"column {name!r} is in data.label_codecs too", "leave one of them out")
            if self.data.scheme is not None and name in self.data.labels:
                yield Fault("data.by_feature", f"column {name!r} has a scheme, so its labels are no features")
        for name in self.data.label_codecs:
            if name not in self.columns:
                yield Fault(f"data.label_codecs.{name}", f"there is no such column to predict; those are {choices}")
            for other in (column for column in self.columns if column.startswith(f"{name}.")):
                yield Fault("data.labels", f"column {other!r} is named as if it were a part of {name!r}")
            if self.data.scheme is not None and name in self.data.labels:
                yield Fault(f"data.label_codecs.{name}", "the column has a scheme, so its labels are plain classes")
        for column in self.columns:
            for other in self.data.label_encoding(column).reads_labels:
                if other not in self.data.labels or other == column:
                    among = ", ".join(name for name in self.data.labels if name != column)
                    problem = f"{other!r} is no other column to predict; those are {among or 'none'}"
                    yield Fault(f"data.label_codecs.{column}", problem)
        for column in self.trees:
            for other in self.data.label_encoding(column).partners:
                if other in (*self.columns, self.data.tokens):
                    problem = f"{other!r} is read with {column!r}, so it can't be the words, or a column to predict"
                    yield Fault(f"data.label_codecs.{column}", problem)
        if self.data.tokens in self.columns:
            yield Fault("data.labels", f"the words themselves ({self.data.tokens!r}) can't be the labels")
        for name, part in self.embedding.given_columns.items():
            if name in (*self.columns, self.data.tokens):
                role = "the words themselves" if name == self.data.tokens else "a column to predict"
                yield Fault(f"embedding.{part}", f"this is {role}, which can't be given beside the words")
        yield from self._faults_of_scheme()

    def _faults_of_scheme(self) -> Iterator[Fault]:
        if self.data.scheme is not None and len(self.data.labels) > 1:
            columns = ", ".join(self.data.labels)
            yield Fault("data.scheme", f"one label column has a scheme, but there are several: {columns}")
        if self.data.scheme is None and self.data.training_scheme is not None:
            problem = "the scheme of the corpus is not known"
            yield Fault("data.training_scheme", problem, 'add data.scheme, for instance "bio"')
