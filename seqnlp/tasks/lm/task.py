"""Language models: what comes next, in characters, words or pieces of words."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, final

from pydantic import Field

from seqnlp.codecs import Codec, RunningText, Unit
from seqnlp.codecs.running_text import UNKNOWN
from seqnlp.codecs.units import CharacterUnit
from seqnlp.decoders import NextToken
from seqnlp.embeddings import PathResolver, TokenEmbedding
from seqnlp.encoders import Encoder, Lstm
from seqnlp.encoders.recurrent import RecurrentEncoder
from seqnlp.errors import DataError, Fault, UsageError
from seqnlp.model import SequenceModel
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers import Reader, Text
from seqnlp.readers.corpus import Corpus
from seqnlp.readers.passage import Passage
from seqnlp.recipe.data import Data
from seqnlp.tasks import shown
from seqnlp.tasks.base import Scores, Task, TaskRecipe
from seqnlp.tasks.lm.corpus import TextSplit
from seqnlp.tasks.lm.dataset import StreamDataset
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.lm.scores import Protocol, total_nats
from seqnlp.training import Metric, Preview, Training

BLOCK = 1 << 20
"""Tokens looked at at once where a text may not fit into memory."""


@final
class LmData(Data):
    """Running text. Splits may be parts of one file: `"input.txt[:90%]"`, counted in characters."""

    renamed = {"unit": "tokenizer", "column": "text"}

    reader: Reader = Text()
    """How the files are read; `text` takes them as they stand, of other readers the rows of a column are joined."""
    tokenizer: Unit = CharacterUnit()
    """Kind of the tokens: characters, words or subwords."""
    text: str = "text"
    """The column that holds the text, where the reader makes a table."""


@final
class LmTraining(Training):
    """Length, batches and safeguards of a training by truncated backpropagation through time."""

    renamed = {"window": "bptt", "random_windows": "variable_bptt"}

    batch_tokens: Annotated[int, Field(ge=1)] = 4096
    """Tokens in a batch: `batch_tokens / bptt` streams of the text are read side by side."""
    bptt: Annotated[int, Field(ge=1)] = 128
    """Steps of truncated backpropagation through time; the state is carried from window to window."""
    variable_bptt: bool = False
    """Vary the length of windows, so that their ends are not at the same places in each epoch."""


@final
class LanguageModel(TaskRecipe):
    """Learns what comes next in a text, and can write more of it."""

    task: Literal["lm"] = "lm"
    data: LmData
    embedding: TokenEmbedding = TokenEmbedding()
    encoder: Encoder = Lstm(size=512, bidirectional=False)
    decoder: NextToken = NextToken()
    optimizer: Optimizer = AdamW()
    training: LmTraining = LmTraining()

    def faults(self) -> Iterator[Fault]:
        """What can't go together."""
        if self.encoder.reads_ahead:
            hint = "bidirectional = false"
            yield Fault("encoder.bidirectional", "a language model must not see what comes next", hint)
        if not isinstance(self.encoder, RecurrentEncoder):
            yield Fault("encoder", "a language model needs an encoder with a state to carry on", "lstm, gru or rnn")
        if self.training.bptt > self.training.batch_tokens:
            problem = f"a window of {self.training.bptt} does not fit into {self.training.batch_tokens} batch_tokens"
            yield Fault("training.bptt", problem, "batch_tokens is the number of streams times bptt")

    def corpus(self, find: PathResolver) -> Corpus:
        """Open the splits; of each text the SHA-256 is taken."""
        splits = {name: self.split(source, find) for name, source in self.data.splits.items()}
        return Corpus(splits, {name: split.fingerprint for name, split in splits.items()})

    def split(self, source: str, find: Callable[[str], Path]) -> TextSplit:
        """Open a text."""
        return TextSplit.read(self.locate(source, find), self.data.reader, self.data.text)

    def locate(self, source: str, find: PathResolver) -> Passage | str | Path:
        """Where a text is: a passage of a file, or what the reader makes a table of."""
        reader = self.data.reader
        return Passage.parse(source, find) if isinstance(reader, Text) else reader.locate(source, find)

    def fit(self, train: TextSplit, find: PathResolver) -> "LmTask":
        """Make the codec, from the text to train on."""
        length, window = train.characters - 1, self.training.bptt
        if length < window:
            problem = f"{length:,} characters to predict are fewer than one window (training.bptt = {window})"
            raise DataError(problem, train.name)
        return LmTask(self, self.data.tokenizer.fit(train.chunks()))

    def restore(self, codecs: Mapping[str, Mapping[str, Any]]) -> "LmTask":
        """Take the codec that a run has saved."""
        return LmTask(self, self.data.tokenizer.restore(dict(codecs["text"])))


@final
class LmTask(Task):
    """Language modelling with a fitted codec."""

    verb: ClassVar[str] = "generate"

    def __init__(self, recipe: LanguageModel, codec: RunningText, protocol: Protocol = Protocol()) -> None:  # noqa: B008
        """Take the codec, and how texts are to be scored."""
        self.recipe, self.codec, self.protocol = recipe, codec, protocol
        self.items_name = recipe.data.tokenizer.plural  # type: ignore[misc]
        self.metric = Metric("nats", higher_is_better=False)

    def measured(self, context: int | None, dynamic: float | None) -> "LmTask":
        """The same task, with texts scored otherwise; see `Protocol`.

        Raises:
            seqnlp.errors.UsageError: for both at once, or what is not over 0.
        """
        if context is not None and dynamic is not None:
            raise UsageError("context and dynamic contradict each other: one forgets, the other learns on")
        if context is not None and context < 1:
            raise UsageError(f"context {context}: expected 1 token or more")
        if dynamic is not None and not 0 < dynamic < 1:
            raise UsageError(f"dynamic {dynamic:g}: expected a learning rate over 0, for instance 3e-4")
        return LmTask(self.recipe, self.codec, replace(self.protocol, context=context, dynamic=dynamic))

    def codecs(self) -> dict[str, Codec]:
        """What must be saved with a model."""
        return {"text": self.codec}

    def examples(self, split: TextSplit, batch_tokens: int) -> StreamDataset:
        """Encode a text."""
        training = self.recipe.training
        tokens = split.tokens(self.codec)
        if len(tokens) < 2:
            problem = f"too short: {len(tokens)} {self.items_name}, of which the first can't be predicted"
            raise DataError(problem, split.name)
        lanes = batch_tokens // training.bptt
        return StreamDataset(tokens, split.characters, lanes, training.bptt, training.variable_bptt)

    def notices(self, examples: StreamDataset) -> list[str]:
        """How much of a text the model does not know."""
        tokens = examples.tokens
        unknown = sum(int((tokens[start : start + BLOCK] == UNKNOWN).sum()) for start in range(0, len(tokens), BLOCK))
        share = f"{unknown / len(tokens):.2%} of its {self.items_name} ({unknown:,})"
        return [f"{share} are unknown to the model, which counts them as one"] if unknown else []

    def build(self) -> SequenceModel:
        """Make the model, with fresh random weights."""
        recipe = self.recipe
        embedding = recipe.embedding.build(len(self.codec))
        encoder = recipe.encoder.build(embedding.width)
        decoder = recipe.decoder.build(encoder.width, len(self.codec), embedding.table.weight)
        return SequenceModel(embedding, encoder, {"next": decoder})

    def score(self, model: SequenceModel, examples: StreamDataset) -> Scores:
        """Nats per token, perplexity, and bits per character, which can be compared whatever a token is."""
        total = total_nats(model, examples, self.protocol)
        mean = total / examples.items
        return {
            "nats": mean,
            "perplexity": math.exp(min(mean, 700)),
            "bits_per_char": total / math.log(2) / examples.characters,
        }

    def show(self, dev: TextSplit, seed: int) -> Preview:
        """Pick a few examples."""
        return shown.continuations(self, dev, seed)

    def predictor(self, model: SequenceModel) -> Generator:
        """Wrap a trained model."""
        return Generator(model, self.codec)
