"""Forecasting: how series of numbers go on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal, final

from pydantic import Field

from seqnlp.codecs.series import Calendar
from seqnlp.codecs.windows import WindowScale
from seqnlp.decoders.forecast import ForecastDecoder, LinearMap, Segments
from seqnlp.embeddings import PathResolver
from seqnlp.embeddings.series import SeriesEmbedding
from seqnlp.encoders import Encoder, Gru, NoEncoder
from seqnlp.errors import Fault
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers import Reader
from seqnlp.readers.corpus import Corpus
from seqnlp.readers.files import sha256
from seqnlp.readers.series import Series
from seqnlp.recipe.data import Data
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.forecast.corpus import SeriesSplit
from seqnlp.training import Training


@final
class ForecastData(Data):
    """Series of numbers. Splits may be periods of one file: `"load.csv[:70%]"`, `"load.csv[2017-07-01:2017-11-01]"`.

    What is forecast lies in the period; the look-back before it may lie outside.
    """

    reader: Reader = Series()
    """How the files are read: series in columns, or one below the other with `unique_id`, `ds` and `y`."""
    targets: list[str] = []
    """The columns to forecast; left out: all columns of numbers that are no covariates."""
    past: list[str] = []
    """Columns that are known up to the present only, and not forecast themselves."""
    known: list[str] = []
    """Columns that are known for the time to come too: prices that are set, holidays."""
    calendar: list[Calendar] = []
    """What of the date is told, as points on circles: minute, hour, weekday, day (of the month), month, yearday."""
    channels: Literal["independent", "joint"] = "independent"
    """Whether each column is a series of its own, through one network, or all are seen and forecast together."""
    look_back: Annotated[int, Field(ge=1)] = 96
    """Steps that a forecast is made from."""
    horizon: Annotated[int, Field(ge=1)] = 24
    """Steps that are forecast."""
    season: Annotated[int, Field(ge=1)] = 24
    """Steps after which things come round again: for the seasonal-naive forecast and for MASE."""
    window: WindowScale = "none"
    """What is taken off a window and put on its forecast again: none; its last value (last); or its mean and standard
    deviation (standard), as in RevIN. The scale of the whole series is always taken off first."""
    affine: bool = False
    """Whether each column of each series has a learned map, gamma * value + beta, after the window's scale is taken
    off, which is undone on forecasts before the scale is put on (RevIN). Gamma is learned as its logarithm and so is
    over 0: quantiles stay in order, and the way back is exact."""
    missing: Literal["refuse", "mask"] = "refuse"
    """Whether values may be missing: masked, they count in no loss and no score, and the network is told of them."""


@final
class ForecastTraining(Training):
    """How long, in what portions and how carefully to train."""

    batch_tokens: Annotated[int, Field(ge=1)] = 8192
    """Steps of look-back in a batch: `batch_tokens / look_back` windows; independent channels are windows each."""
    stride: Annotated[int, Field(ge=1)] = 1
    """Train on every so many-th window, others in each epoch."""


@final
class ForecastRecipe(TaskRecipe):
    """Continues series of numbers."""

    task: Literal["forecast"] = "forecast"
    data: ForecastData
    embedding: SeriesEmbedding = SeriesEmbedding()
    encoder: Encoder = Gru(size=64, bidirectional=False)
    decoder: ForecastDecoder = Segments()
    optimizer: Optimizer = AdamW()
    training: ForecastTraining = ForecastTraining()

    def faults(self) -> Iterator[Fault]:
        """What can't go together."""
        data, segment = self.data, self.embedding.segment
        if not isinstance(data.reader, Series):
            yield Fault("data.reader", "expected a reader of series", 'reader = "series"')
        if data.look_back % segment:
            near = max(data.look_back // segment, 1) * segment
            problem = f"a look-back of {data.look_back} is no multiple of embedding.segment = {segment}"
            yield Fault("data.look_back", problem, f"{near} is one")
        if data.affine and data.window == "none":
            problem = "there is no scale of the window that a learned map could come after"
            yield Fault("data.affine", problem, 'data.window = "standard" or "last"')
        for key, problem in self.decoder.faults():
            yield Fault(f"decoder.{key}", problem)
        if isinstance(self.decoder, Segments) and self.decoder.segment > data.horizon:
            problem = f"a segment of {self.decoder.segment} is longer than the horizon, {data.horizon}"
            yield Fault("decoder.segment", problem, f"segment = {data.horizon}")
        if isinstance(self.decoder, LinearMap):
            if not isinstance(self.encoder, NoEncoder):
                yield Fault("encoder", "the linear decoder reads the look-back itself", 'encoder = "none"')
            if segment != 1 or self.embedding.size is not None:
                yield Fault("embedding", "the linear decoder reads the look-back itself", "leave this section out")
        elif isinstance(self.encoder, NoEncoder):
            yield Fault("encoder", "with no encoder only the linear decoder sees the look-back", 'kind = "linear"')
        roles = [*data.targets, *data.past, *data.known]
        for name in sorted({name for name in roles if roles.count(name) > 1}):
            key = "data.known" if name in data.known else "data.past" if name in data.past else "data.targets"
            yield Fault(key, f"the column {name!r} is named twice", "a column is a target, past or known")

    def corpus(self, find: PathResolver) -> Corpus:
        """Read the splits; a file that several of them are periods of is read once."""
        splits = {name: self.split(source, find) for name, source in self.data.splits.items()}
        return Corpus(splits, {name: sha256([split.path]) for name, split in splits.items()})

    def split(self, source: str, find: Callable[[str], Path]) -> SeriesSplit:
        """Read a period of a file."""
        assert isinstance(self.data.reader, Series)
        return SeriesSplit.read(self.locate(source, find), self.data.reader)
