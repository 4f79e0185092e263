"""Recipe of a language model."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, final

from pydantic import Field

from seqnlp.codecs import Tokenizer
from seqnlp.codecs.running_text import CharacterTokenizer
from seqnlp.decoders import NextToken
from seqnlp.embeddings import PathResolver, TokenEmbedding
from seqnlp.encoders import Encoder, Lstm, RecurrentEncoder
from seqnlp.errors import Fault
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers import Reader, Text
from seqnlp.readers.base import Corpus
from seqnlp.readers.text import Passage
from seqnlp.recipe.recipe import Data
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.lm.corpus import TextSplit, cut_text, hold_out_block
from seqnlp.training import Training


@final
class LmData(Data):
    """Running text. Splits may be parts of one file: `"input.txt[:90%]"`, counted in characters."""

    measured = Data.measured | {"text", "tokenizer", "direction"}
    renamed = {"unit": "tokenizer", "column": "text"}

    reader: Reader = Text()
    """Reader of the files; `text` takes them as they stand, of others the rows of a column are joined."""
    tokenizer: Tokenizer = CharacterTokenizer()
    """Kind of the tokens: characters, words or subwords."""
    text: str = "text"
    """Column that holds the text, where the reader makes a table; words in lists are joined by blanks."""
    direction: Literal["forward", "backward"] = "forward"
    """Direction of reading: a backward model reads a text from its end, and predicts each token from those after it. It
    scores texts and embeds words (`[embedding.context]`), but can't continue a text."""


@final
class LmTraining(Training):
    """Settings of truncated backpropagation through time."""

    renamed = {"window": "bptt", "random_windows": "variable_bptt"}

    batch_tokens: Annotated[int, Field(ge=1)] = 4096
    """Tokens in a batch: `batch_tokens / bptt` streams of the text are read side by side."""
    bptt: Annotated[int, Field(ge=1)] = 128
    """Steps of truncated backpropagation through time; the state is carried from window to window."""
    variable_bptt: bool = False
    """Vary the length of windows, so that their ends are not at the same places in each epoch."""
    state_reset: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Probability that the state of a stream is reset to zero at a window (Melis et al., 2018, take 0.01). A model that
    is to begin in the midst of a text, as with sentences that are embedded, has to learn it. It also mends a short
    training whose dev loss is far above that of train, since cells run away while the state is carried on."""


@final
class LmRecipe(TaskRecipe):
    """Recipe of a model that predicts the next token of a text."""

    carries_state: ClassVar[bool] = True
    task: Literal["lm"] = "lm"
    data: LmData
    embedding: TokenEmbedding = TokenEmbedding()
    encoder: Encoder = Lstm(size=512, bidirectional=False)
    decoder: NextToken = NextToken()
    optimizer: Optimizer = AdamW()
    training: LmTraining = LmTraining()

    def faults(self) -> Iterator[Fault]:
        if self.encoder.reads_ahead:
            key, hint = "encoder", "an encoder that reads forward only"
            if isinstance(self.encoder, RecurrentEncoder):
                key, hint = "encoder.bidirectional", "bidirectional = false"
            yield Fault(key, "a language model must not see what comes next", hint)
        if self.training.bptt > self.training.batch_tokens:
            problem = f"a window of {self.training.bptt} does not fit into {self.training.batch_tokens} batch_tokens"
            yield Fault("training.bptt", problem, "batch_tokens is the number of streams times bptt")

    def read(self, sources: Mapping[str, str], find: PathResolver) -> Corpus:
        """Open the splits, each with its SHA-256."""
        splits = {name: self.split(source, find) for name, source in sources.items()}
        return Corpus(splits, {name: split.fingerprint for name, split in splits.items()})

    def draw(self, corpus: Corpus) -> Corpus:
        """Cut the splits without a source off at the end of train; a fold, a block of it, before."""
        whole, fold, parts = corpus.splits["train"], self.data.the_fold, {}
        if fold is not None:
            parts = hold_out_block(whole, fold)
            whole = parts["train"]
        if self.data.drawn:
            parts |= cut_text(whole, self.data.drawn)
        hashes = {name: part.fingerprint for name, part in parts.items()}
        return Corpus({**corpus.splits, **parts}, {**corpus.hashes, **hashes})

    def split(self, source: str, find: Callable[[str], Path]) -> TextSplit:
        return TextSplit.read(self.locate(source, find), self.data.reader, self.data.text)

    def locate(self, source: str, find: PathResolver) -> Passage | str | Path:
        """Locate a text: a passage of a file, or a source of the reader."""
        reader = self.data.reader
        return Passage.parse(source, find, reader.encoding) if isinstance(reader, Text) else reader.locate(source, find)
