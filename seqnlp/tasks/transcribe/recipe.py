"""Recipe of a transcriber."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, final

from pydantic import Field

from seqnlp.codecs.log_mel import LogMel
from seqnlp.codecs.running_text import CharacterTokenizer, Tokenizer
from seqnlp.decoders.ctc import Ctc
from seqnlp.embeddings.audio import FrameEmbedding, StackedFrames
from seqnlp.encoders import Encoder, Lstm
from seqnlp.errors import Fault
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers import Memory
from seqnlp.readers.audio import AUDIO, Audio
from seqnlp.recipe.recipe import Data
from seqnlp.spec import Spec
from seqnlp.tasks.base import TaskRecipe
from seqnlp.training import Epochs, Training


@final
class TranscribeData(Data):
    """Recordings and their texts: reader `audio`, or `hub` with a column of audio."""

    keeps_columns = False
    measured = Data.measured | {
        "audio",
        "text",
        "lowercase",
        "sample_rate",
        "resample",
        "min_seconds",
        "max_seconds",
        "unusable",
    }

    audio: str = AUDIO
    """Column of the recordings."""
    text: str = "text"
    """Column of the texts."""
    lowercase: bool = False
    """Lowercase the texts."""
    sample_rate: Annotated[int, Field(ge=1000, le=192_000)] = 8000
    """Samples a second that the features are computed from, in Hz."""
    resample: bool = False
    """Convert recordings of another sample rate, and say so; without it they are refused."""
    min_seconds: Annotated[float, Field(gt=0)] = 0.05
    """Shortest recording."""
    max_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Longest recording."""
    unusable: Literal["refuse", "skip"] = "refuse"
    """Recordings that are damaged, silent, too short or too long: refuse the first one, or skip them all and say how
    many."""


@final
class CtcSearch(Spec):
    """`[search]` section: search for the text, given the probabilities of all steps."""

    beam: Annotated[int, Field(ge=1, le=1000)] = 1
    """Prefixes kept at each step (prefix beam search); 1: the likeliest label of each step (greedy)."""
    language_model: str | None = None
    """Run directory of a language model, whose log-probability of the text is added (shallow fusion)."""
    lm_weight: Annotated[float, Field(ge=0)] = 0.5
    """Weight of the language model."""
    length_bonus: float = 0.0
    """Score added for each token, against a language model's preference for short texts."""


@final
class TranscribeTraining(Training):
    """Settings of the training loop."""

    epochs: Epochs = 20
    """Passes over the training data, at most."""
    batch_tokens: Annotated[int, Field(ge=1)] = 1500
    """Encoder steps in a batch, padding included."""


@final
class TranscribeRecipe(TaskRecipe):
    """Recipe of a model that writes down what is said."""

    rows_name: ClassVar[str] = "recordings"

    task: Literal["transcribe"] = "transcribe"
    data: TranscribeData
    features: LogMel = LogMel()
    tokenizer: Tokenizer = CharacterTokenizer()
    embedding: FrameEmbedding = StackedFrames()
    encoder: Encoder = Lstm()
    decoder: Ctc = Ctc()
    search: CtcSearch = CtcSearch()
    optimizer: Optimizer = AdamW()
    training: TranscribeTraining = TranscribeTraining()

    def faults(self) -> Iterator[Fault]:
        data, features = self.data, self.features
        if data.reader.reads_files and not isinstance(data.reader, Audio | Memory):
            yield Fault("data.reader", "expected a reader of recordings", 'reader = "audio", or a hub dataset')
        if data.max_seconds < data.min_seconds:
            yield Fault("data.max_seconds", f"{data.max_seconds:g} is under data.min_seconds = {data.min_seconds:g}")
        if data.audio == data.text:
            yield Fault("data.text", f"the recordings ({data.audio!r}) can't be the text")
        half = data.sample_rate / 2
        if features.f_max is not None and features.f_max > half:
            problem = f"{features.f_max:g} Hz is over half of data.sample_rate = {data.sample_rate}"
            yield Fault("features.f_max", problem, f"f_max = {half:g}, or leave it out")
        elif features.f_min >= (features.f_max or half):
            problem = f"{features.f_min:g} Hz leaves no band below {features.f_max or half:g} Hz"
            yield Fault("features.f_min", problem, "f_min = 0")
        elif empty := features.codec(data.sample_rate).empty_filters:
            problem = f"{empty} of {features.mels} bands are narrower than the resolution of the window, and empty"
            yield Fault("features.mels", problem, "fewer mels, or a longer features.window_ms")
        if features.hop_ms > features.window_ms:
            problem = f"{features.hop_ms:g} ms leave gaps between windows of {features.window_ms:g} ms"
            yield Fault("features.hop_ms", problem, f"hop_ms = {features.window_ms / 2.5:g}")
        # a resolved recipe names every setting: what counts is what differs from the default
        plain = CtcSearch()
        given = [key for key in CtcSearch.model_fields if getattr(self.search, key) != getattr(plain, key)]
        if self.search.beam == 1:
            for key in given:
                yield Fault(f"search.{key}", "greedy search (beam = 1) has no use for it", "beam = 8")
        elif self.search.language_model is None and "lm_weight" in given:
            yield Fault("search.lm_weight", "there is no language model to weigh", "search.language_model = RUN")
