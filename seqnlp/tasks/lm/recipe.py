"""Recipe of a language model."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal, final

from pydantic import Field

from seqnlp.codecs import Unit
from seqnlp.codecs.units import CharacterUnit
from seqnlp.decoders import NextToken
from seqnlp.embeddings import PathResolver, TokenEmbedding
from seqnlp.encoders import Encoder, Lstm, RecurrentEncoder
from seqnlp.errors import Fault
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers import Reader, Text
from seqnlp.readers.corpus import Corpus
from seqnlp.readers.passage import Passage
from seqnlp.recipe.data import Data
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.lm.corpus import TextSplit
from seqnlp.training import Training


@final
class LmData(Data):
    """Running text. Splits may be parts of one file: `"input.txt[:90%]"`, counted in characters."""

    reader: Reader = Text()
    """How the files are read; `text` takes them as they stand, of other readers the rows of a column are joined."""
    unit: Unit = CharacterUnit()
    """What a token is: characters, words or subwords."""
    column: str = "text"
    """The column that holds the text, where the reader makes a table."""


@final
class LmTraining(Training):
    """How long, in what portions and how carefully to train."""

    batch_tokens: Annotated[int, Field(ge=1)] = 4096
    """Tokens in a batch: `batch_tokens / window` lanes of the text are read side by side."""
    window: Annotated[int, Field(ge=1)] = 128
    """Steps that gradients go back through; the state is carried on from window to window."""
    random_windows: bool = False
    """Vary the length of windows, so that their ends are not at the same places in each epoch."""


@final
class LmRecipe(TaskRecipe):
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
            key, hint = "encoder", "an encoder that reads forward only"
            if isinstance(self.encoder, RecurrentEncoder):
                key, hint = "encoder.bidirectional", "bidirectional = false"
            yield Fault(key, "a language model must not see what comes next", hint)
        if self.training.window > self.training.batch_tokens:
            problem = f"a window of {self.training.window} does not fit into {self.training.batch_tokens} batch_tokens"
            yield Fault("training.window", problem, "batch_tokens is the number of lanes times the window")

    def corpus(self, find: PathResolver) -> Corpus:
        """Open the splits; of each text the SHA-256 is taken."""
        splits = {name: self.split(source, find) for name, source in self.data.splits.items()}
        return Corpus(splits, {name: split.fingerprint for name, split in splits.items()})

    def split(self, source: str, find: Callable[[str], Path]) -> TextSplit:
        """Open a text."""
        return TextSplit.read(self.locate(source, find), self.data.reader, self.data.column)

    def locate(self, source: str, find: PathResolver) -> Passage | str | Path:
        """Where a text is: a passage of a file, or what the reader makes a table of."""
        reader = self.data.reader
        return Passage.parse(source, find) if isinstance(reader, Text) else reader.locate(source, find)
