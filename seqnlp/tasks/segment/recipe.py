"""Recipe of a segmenter."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, final

from pydantic import Field

from seqnlp.decoders import Linear
from seqnlp.embeddings import PathResolver
from seqnlp.embeddings.raw_text import CharacterEmbedding
from seqnlp.encoders import Encoder, Lstm
from seqnlp.errors import Fault
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers import Conllu, Reader
from seqnlp.readers.base import Corpus, draw_corpus
from seqnlp.recipe.recipe import Data
from seqnlp.spec import Spec
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.segment.corpus import SegmentSplit, read_split
from seqnlp.tasks.segment.expander import Expander
from seqnlp.training import Epochs, Training


@final
class SegmentData(Data):
    """A treebank in CoNLL-U, or plain sentences."""

    keeps_columns = False
    measured = Data.measured | {"text", "tokenize", "sentence_separator"}

    reader: Reader = Conllu()
    """Reader of the files; of others than `conllu`, each row of a column is a sentence."""
    text: str = "text"
    """Column of the sentences, where the reader makes a table."""
    tokenize: Literal["rules", "blanks"] = "rules"
    """Tokens of plain sentences: by the rules that taggers split text with, or whatever stands between blanks."""
    sentence_separator: Literal[" ", ""] | None = None
    """Separator of plain sentences; left out: a blank, or nothing where the sentences have almost none."""
    min_count: Annotated[int, Field(ge=1)] = 2
    """Occurrences in train that a character needs to be known."""

    def unused(self) -> Iterator[tuple[str, str]]:
        yield from super().unused()
        if isinstance(self.reader, Conllu):
            yield from ((key, "CoNLL-U has it") for key in self.changed("text", "tokenize", "sentence_separator"))


@final
class Augmentation(Spec):
    """`[augmentation]` section: random changes of the training text."""

    lowercase: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the blocks in lower case."""
    drop_final: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the sentences whose last token is dropped, if it is one sign of punctuation."""
    join_paragraphs: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the paragraphs that are joined with the next one, so that nothing but the text tells their end."""


@final
class SegmentTraining(Training):
    """Settings of the training loop."""

    epochs: Epochs = 20
    """Passes over the training data, at most."""
    batch_tokens: Annotated[int, Field(ge=1)] = 4000
    """Characters in a batch, padding included."""
    block_size: Annotated[int, Field(ge=10, le=100_000)] = 300
    """Characters of a block that paragraphs are cut into, at random places."""


@final
class SegmentRecipe(TaskRecipe):
    """Recipe of a model that finds tokens and sentences in running text."""

    rows_name: ClassVar[str] = "sentences"

    task: Literal["segment"] = "segment"
    data: SegmentData
    augmentation: Augmentation = Augmentation()
    embedding: CharacterEmbedding = CharacterEmbedding()
    encoder: Encoder = Lstm()
    decoder: Linear = Linear()
    expander: Expander | None = None
    optimizer: Optimizer = AdamW()
    training: SegmentTraining = SegmentTraining()

    def faults(self) -> Iterator[Fault]:
        if self.data.reader.model_dump().get("kind") in ("columns", "parallel", "series", "audio"):
            problem = "its rows are no running text"
            yield Fault("data.reader", problem, 'reader = "conllu", or "text" with a sentence a line')
        if self.embedding.kernel_size % 2 == 0:
            yield Fault("embedding.kernel_size", f"{self.embedding.kernel_size} is even", "an odd number")

    def unused_settings(self) -> Iterator[Fault]:
        yield from super().unused_settings()
        if not self.embedding.filters:
            for key in self.embedding.changed("kernel_size"):
                yield Fault(f"embedding.{key}", "no effect: there are no filters", "leave it out")
        for key in self.decoder.changed("constrained"):
            yield Fault(f"decoder.{key}", "no effect: its labels have no scheme", "leave it out")

    def read(self, sources: Mapping[str, str], find: PathResolver) -> Corpus:
        """Read the splits, each with its SHA-256."""
        splits = {name: self.split(source, find) for name, source in sources.items()}
        train = splits.get("train")
        groups = train.groups if train is not None and self.data.parts else None
        return Corpus(splits, {name: split.fingerprint for name, split in splits.items()}, groups)

    def draw(self, corpus: Corpus) -> Corpus:
        """Draw whole documents, paragraphs or blocks of sentences."""
        data = self.data
        return draw_corpus(
            corpus, data.drawn, self.split_seed, unit=self.rows_name, select=SegmentSplit.select, fold=data.the_fold
        )

    def split(self, source: str, find: PathResolver) -> SegmentSplit:
        data = self.data
        place = self.locate(source, find)
        return read_split(place, data.reader, data.text, data.tokenize == "rules", data.sentence_separator)
