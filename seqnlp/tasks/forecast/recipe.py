"""Recipe of a forecaster."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, final

from pydantic import Field, field_validator

from seqnlp.codecs.series import Calendar, WindowScale
from seqnlp.decoders.forecast import ForecastDecoder, LinearMap, QuantileOutput, Segments
from seqnlp.embeddings import PathResolver
from seqnlp.embeddings.series import SeriesEmbedding
from seqnlp.encoders import Encoder, Gru, NoEncoder
from seqnlp.errors import Fault
from seqnlp.optimizers import AdamW, Optimizer
from seqnlp.readers import Reader
from seqnlp.readers.base import Corpus
from seqnlp.readers.series import Series
from seqnlp.recipe.recipe import Data
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.forecast.corpus import SeriesSplit, cut_series
from seqnlp.training import Training


@final
class ForecastData(Data):
    """Series of numbers. Splits may be periods of one file: `"load.csv[:70%]"`, `"load.csv[2017-07-01:2017-11-01]"`.

    Horizons lie in the period; the look-back before them may lie outside.
    """

    keeps_columns = False
    measured = Data.measured | {"targets", "horizon", "season_length", "missing"}
    renamed = {
        "known": "future_covariates",
        "look_back": "lookback",
        "past": "past_covariates",
        "season": "season_length",
        "window": "instance_norm",
    }

    reader: Reader = Series()
    """Reader of the files: series in columns, or in long form with `unique_id`, `ds` and `y`."""
    targets: list[str] = []
    """Columns to forecast; left out: all columns of numbers that are no covariates."""
    past_covariates: list[str] = []
    """Columns that are known up to the present only, and not forecast themselves."""
    future_covariates: list[str] = []
    """Columns that are known over the horizon too: prices that are set, holidays."""
    calendar: list[Calendar] = []
    """Calendar features, as points on circles: minute, hour, weekday, day (of the month), month, yearday."""
    channels: Literal["independent", "joint"] = "independent"
    """`independent`: one network forecasts each column by itself; `joint`: it forecasts all columns together."""
    lookback: Annotated[int, Field(ge=1)] = 96
    """Steps that a forecast is made from."""
    horizon: Annotated[int, Field(ge=1)] = 24
    """Steps that are forecast."""
    season_length: Annotated[int, Field(ge=1)] = 24
    """Steps of a season, for the seasonal-naive forecast and for MASE."""
    instance_norm: WindowScale = "none"
    """Normalisation of each window, undone on its forecast: none; minus its last value (last); or by its mean and
    standard deviation (standard), as in RevIN. The scale of the whole series is always taken off first."""
    affine: bool = False
    """Learn an affine map of each column of each series, gamma * value + beta, after the window's scale is taken
    off, which is undone on forecasts before the scale is put on (RevIN). Gamma is learned as its logarithm and so is
    over 0: quantiles stay in order, and the way back is exact."""
    missing: Literal["refuse", "mask"] = "refuse"
    """`mask`: values may be missing; they count in no loss or score, and an indicator of them is an input."""

    @field_validator("reader", mode="before")
    @classmethod
    def _series_by_default(cls, value: Any) -> Any:
        """Complete settings of the default reader, as of `--set data.reader.delimiter=";"`."""
        return {"kind": "series", **value} if isinstance(value, dict) and "kind" not in value else value


@final
class ForecastTraining(Training):
    """Settings of the training loop."""

    batch_tokens: Annotated[int, Field(ge=1)] = 8192
    """Steps of look-back in a batch: `batch_tokens / lookback` windows; independent channels are windows each."""
    stride: Annotated[int, Field(ge=1)] = 1
    """Stride between the windows of an epoch, which begin at a random offset."""


@final
class ForecastRecipe(TaskRecipe):
    """Recipe of a model that continues series of numbers."""

    task: Literal["forecast"] = "forecast"
    data: ForecastData
    embedding: SeriesEmbedding = SeriesEmbedding()
    encoder: Encoder = Gru(size=64, bidirectional=False)
    decoder: ForecastDecoder = Segments()
    optimizer: Optimizer = AdamW()
    training: ForecastTraining = ForecastTraining()

    def faults(self) -> Iterator[Fault]:
        data, segment = self.data, self.embedding.segment_length
        if not isinstance(data.reader, Series):
            yield Fault("data.reader", "expected a reader of series", 'reader = "series"')
        if data.lookback % segment:
            near = max(data.lookback // segment, 1) * segment
            problem = f"a look-back of {data.lookback} is no multiple of embedding.segment_length = {segment}"
            yield Fault("data.lookback", problem, f"for instance {near}")
        if data.affine and data.instance_norm == "none":
            problem = "a learned map needs an instance normalisation before it"
            yield Fault("data.affine", problem, 'data.instance_norm = "standard" or "last"')
        for key, problem in self.decoder.faults():
            yield Fault(f"decoder.{key}", problem)
        if isinstance(self.decoder, Segments) and self.decoder.segment_length > data.horizon:
            problem = f"a segment of {self.decoder.segment_length} is longer than the horizon, {data.horizon}"
            yield Fault("decoder.segment_length", problem, f"segment_length = {data.horizon}")
        if isinstance(self.decoder, LinearMap):
            if not isinstance(self.encoder, NoEncoder):
                yield Fault("encoder", "the linear decoder reads the look-back itself", 'encoder = "none"')
            if segment != 1 or self.embedding.size is not None:
                yield Fault("embedding", "the linear decoder reads the look-back itself", "leave this section out")
        elif isinstance(self.encoder, NoEncoder):
            yield Fault("encoder", "with no encoder only the linear decoder sees the look-back", 'kind = "linear"')
        roles = [*data.targets, *data.past_covariates, *data.future_covariates]
        for name in sorted({name for name in roles if roles.count(name) > 1}):
            key = "past_covariates" if name in data.past_covariates else "targets"
            key = "future_covariates" if name in data.future_covariates else key
            problem, hint = f"the column {name!r} is named twice", "a column is a target, a past or a future covariate"
            yield Fault(f"data.{key}", problem, hint)

    def unused_settings(self) -> Iterator[Fault]:
        yield from super().unused_settings()
        if isinstance(self.decoder, LinearMap):
            for key in self.data.changed("calendar", "past_covariates", "future_covariates"):
                problem = "no effect: the linear decoder reads the values alone"
                yield Fault(f"data.{key}", problem, 'leave it out, or decoder.kind = "direct" with an encoder')
        if not isinstance(self.decoder.output, QuantileOutput):
            for key in self.decoder.changed("calibrate"):
                problem = "no effect: quantiles are calibrated, and there are none"
                yield Fault(f"decoder.{key}", problem, 'decoder.output = "quantiles"')

    def read(self, sources: Mapping[str, str], find: PathResolver) -> Corpus:
        """Read splits; periods of one file share one reading."""
        splits = {name: self.split(source, find) for name, source in sources.items()}
        return Corpus(splits, {name: split.digest for name, split in splits.items()})

    def draw(self, corpus: Corpus) -> Corpus:
        """Cut the other splits off at the end of each series; a fold, a block of it with what is before, first."""
        whole, fold = corpus.splits["train"], self.data.the_fold
        parts = cut_series(whole, self.data.drawn, fold)
        of_file = corpus.hashes["train"]
        hashes = {name: of_file if fold is None else fold.digest(name, of_file) for name in parts}
        return Corpus({**corpus.splits, **parts}, {**corpus.hashes, **hashes})

    def split(self, source: str, find: Callable[[str], Path]) -> SeriesSplit:
        assert isinstance(self.data.reader, Series)
        return SeriesSplit.read(self.locate(source, find), self.data.reader)
