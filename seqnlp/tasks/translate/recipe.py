"""Recipe of a translator."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, final

import torch
from pydantic import Field

from seqnlp.codecs import Tokenizer
from seqnlp.codecs.running_text import SubwordTokenizer
from seqnlp.codecs.sentences import Form
from seqnlp.decoders import Attention
from seqnlp.embeddings import PathResolver, TokenEmbedding
from seqnlp.encoders import Encoder, Lstm
from seqnlp.errors import Fault
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers import Parallel, Reader
from seqnlp.readers.base import Corpus, draw_corpus
from seqnlp.readers.empties import FILLED, Need
from seqnlp.recipe.recipe import Data
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.kept_states import STATES_ARE_KEPT
from seqnlp.tasks.lm.embedding import Context
from seqnlp.tasks.translate.corpus import Pairs
from seqnlp.tasks.translate.search import BeamSearch
from seqnlp.training import Training

if TYPE_CHECKING:
    from datasets import Dataset


@final
class TranslateData(Data):
    """A corpus of sentences and their translations."""

    streams = True
    measured = Data.measured | {"source", "target", "tokenizer", "pretokenized", "lowercase", "unicode_normalization"}
    renamed = {
        "joint": "joint_vocabulary",
        "longest": "max_length",
        "normalise": "unicode_normalization",
        "ratio": "max_ratio",
        "shortest": "min_length",
        "tokenised": "pretokenized",
        "unit": "tokenizer",
    }

    reader: Reader = Parallel()
    """Reader of the files: `parallel` takes two files of lines, or one with a tab between the sides."""
    source: str = "source"
    """Column to translate, or a language in the column `translation` of a hub corpus."""
    target: str = "target"
    """Column, or the language, to translate into."""
    tokenizer: Tokenizer = SubwordTokenizer()
    """Kind of the tokens: subwords, characters or words."""
    joint_vocabulary: bool = False
    """One vocabulary for both sides, so that names and numbers are the same tokens in both."""
    pretokenized: bool = False
    """Words are separated by blanks: they are not split again, and BLEU is computed on them."""
    lowercase: bool = False
    """Lowercase all text; scores then ignore case."""
    unicode_normalization: Form | None = None
    """Unicode normal form that all text is converted to; left out: none."""
    min_length: Annotated[int, Field(ge=1)] = 1
    """Leave pairs out of train that have fewer tokens on one side."""
    max_length: Annotated[int, Field(ge=1)] = 100
    """Leave pairs out of train that have more tokens on one side."""
    max_ratio: Annotated[float, Field(ge=1)] | None = None
    """Leave pairs out of train whose longer side has more than this many times the tokens of the shorter."""


@final
class TranslateTraining(Training):
    """Settings of the training loop."""

    batch_tokens: Annotated[int, Field(ge=1)] = 2000
    """Steps of the longer side in a batch, padding included."""
    metric: Literal["nats", "bleu", "exact_match"] = "nats"
    """Dev score that decides which weights are kept: nats per target token, or of greedy translations BLEU (which
    needs sacrebleu) or exact matches."""


@final
class TranslateRecipe(TaskRecipe):
    """Recipe of a model that turns a sentence into another."""

    rows_name: ClassVar[str] = "pairs"

    task: Literal["translate"] = "translate"
    data: TranslateData
    embedding: TokenEmbedding = TokenEmbedding(size=256)
    shared_embedding: bool = False
    """Share the embeddings of source and target tokens; needs `data.joint_vocabulary`."""
    source_context: Context | None = None
    """States of language models at each source token, beside its vector; left out: none."""
    encoder: Encoder = Lstm(size=256)
    decoder: Attention = Attention()
    search: BeamSearch = BeamSearch()
    optimizer: Optimizer = AdamW()
    training: TranslateTraining = TranslateTraining()

    def faults(self) -> Iterator[Fault]:
        data = self.data
        if self.source_context is not None and data.streaming:
            yield Fault("source_context", STATES_ARE_KEPT, "leave out one of them")
        if data.source == data.target:
            yield Fault("data.target", f"the source itself ({data.source!r}) can't be the target")
        if data.min_length > data.max_length:
            yield Fault(
                "data.min_length", f"no pair has {data.min_length} tokens or more and {data.max_length} or fewer"
            )
        if self.shared_embedding and not data.joint_vocabulary:
            yield Fault(
                "shared_embedding", "the tokens of the two sides are not the same", "data.joint_vocabulary = true"
            )
        shared = self.embedding.size if self.shared_embedding else None
        with torch.device("meta"):  # nothing is computed
            width = self.encoder.build(1).width
        for key, problem in self.decoder.faults(width, shared):
            yield Fault(f"decoder.{key}", problem)

    @property
    def needs(self) -> dict[str, Need]:
        return {self.data.source: FILLED, self.data.target: FILLED}

    def corpus(self, find: PathResolver) -> Corpus:
        """Read the splits; train will be filtered by length."""
        corpus = super().corpus(find)
        if self.data.streaming:
            return corpus
        train = replace(corpus.splits["train"], training=True)
        return Corpus({**corpus.splits, "train": train}, corpus.hashes)

    def part_of_train(self, table: "Dataset") -> Pairs:
        return replace(self._pairs(table), training=True)

    def read(self, sources: Mapping[str, str], find: PathResolver) -> Corpus:
        corpus = super().read(sources, find)
        splits = {name: self._pairs(table) for name, table in corpus.splits.items()}
        return replace(corpus, splits=splits)

    def draw(self, corpus: Corpus) -> Corpus:
        data = self.data
        return draw_corpus(corpus, data.drawn, self.split_seed, unit="pairs", select=Pairs.rows, fold=data.the_fold)

    def split(self, source: str, find: PathResolver) -> Pairs:
        """Read one split, and keep all of its pairs."""
        return self._pairs(super().split(source, find))

    def _pairs(self, table: Any) -> Pairs:
        return Pairs(table, self.data.source, self.data.target, in_memory=self.data.keep_in_memory)
