"""Log-mel features: settings, mel filters, and the normalisation that train fits."""

from typing import Annotated, Any, Literal, Self, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.codecs.text import Codec
from seqnlp.spec import Spec

Floats = NDArray[np.float64]
Normalization = Literal["utterance", "corpus", "none"]

BREAK, LINEAR, LOG_STEP = 1000.0, 200 / 3, np.log(6.4) / 27
"""Slaney's mel scale: linear below 1000 Hz, 3 mels for 200 Hz, then logarithmic, 27 mels for a factor of 6.4."""
SMALLEST = 1e-5
"""Lower bound of a standard deviation."""
MIDDLE = -8.0
"""About the middle of log-mel values: halves have most of their digits around 0."""


@final
class LogMel(Spec):
    """`[features]` section: log-mel spectrograms, as librosa computes them."""

    window_ms: Annotated[float, Field(gt=0, le=1000)] = 25.0
    """Length of the Hann window, in milliseconds."""
    hop_ms: Annotated[float, Field(gt=0, le=1000)] = 10.0
    """Time from one frame to the next, in milliseconds."""
    mels: Annotated[int, Field(ge=1, le=512)] = 40
    """Mel bands of a frame."""
    f_min: Annotated[float, Field(ge=0)] = 0.0
    """Lowest frequency, in Hz."""
    f_max: Annotated[float, Field(gt=0)] | None = None
    """Highest frequency, in Hz; left out: half the sample rate."""
    top_db: Annotated[float, Field(gt=0)] | None = None
    """Energies over the loudest one of an utterance, in decibels, and no lower than this below it, as librosa's
    `power_to_db(ref=max)`: rooms and microphones differ most in what is quiet. Left out: as they are."""
    normalize: Normalization = "utterance"
    """Subtract the mean of each band and divide by its standard deviation: those of the utterance, which takes off
    what a microphone or a voice adds to all of it; those of the corpus, which train fits; or none."""

    def codec(self, rate: int) -> "LogMelCodec":
        """Make the codec for a sample rate in Hz; corpus statistics are still to be fitted."""
        window, hop = (max(round(rate * each / 1000), 1) for each in (self.window_ms, self.hop_ms))
        f_max = self.f_max or rate / 2
        return LogMelCodec(rate, window, hop, self.mels, self.f_min, f_max, self.normalize, top_db=self.top_db)


@final
class LogMelCodec(Codec):
    """Frames of log-mel energies, kept as halves, and their normalisation."""

    def __init__(
        self,
        rate: int,
        window: int,
        hop: int,
        mels: int,
        f_min: float,
        f_max: float,
        normalize: Normalization = "utterance",
        mean: list[float] | None = None,
        deviation: list[float] | None = None,
        top_db: float | None = None,
    ) -> None:
        """Store the settings.

        Args:
            rate: Sample rate in Hz.
            window: Samples of the Hann window.
            hop: Samples from one frame to the next.
            mels: Mel bands.
            f_min: Lowest frequency in Hz.
            f_max: Highest frequency in Hz.
            normalize: Statistics to normalise by.
            mean: Mean of each band in train, for `corpus`.
            deviation: Standard deviation of each band in train, for `corpus`.
            top_db: Decibels kept below the loudest energy of an utterance; None: energies as they are.
        """
        self.rate, self.window, self.hop, self.mels = rate, window, hop, mels
        self.f_min, self.f_max, self.normalize = f_min, f_max, normalize
        self.mean, self.deviation, self.top_db = mean, deviation, top_db

    @property
    def n_fft(self) -> int:
        """Points of the Fourier transform: the power of two that the window fits into."""
        return 1 << (self.window - 1).bit_length()

    @property
    def seconds(self) -> float:
        """Time from one frame to the next."""
        return self.hop / self.rate

    def frames(self, samples: int) -> int:
        """Number of frames of so many samples."""
        return 1 + samples // self.hop

    def filters(self) -> Floats:
        """Triangular mel filters, each of the same area (Slaney); shape (mels, n_fft // 2 + 1)."""
        bins = np.arange(self.n_fft // 2 + 1) * self.rate / self.n_fft
        edges = hertz(np.linspace(mel(self.f_min), mel(self.f_max), self.mels + 2))
        widths = np.diff(edges)
        slopes = edges[:, None] - bins
        filters = np.maximum(0, np.minimum(-slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]))
        scaled: Floats = filters * (2 / (edges[2:] - edges[:-2]))[:, None]
        return scaled

    @property
    def empty_filters(self) -> int:
        """Number of filters that no frequency of the transform falls into."""
        return int((self.filters().max(1) == 0).sum())

    def key(self) -> list[Any]:
        """Settings that the frames before normalisation depend on."""
        return [self.rate, self.window, self.hop, self.mels, self.f_min, self.f_max, self.top_db]

    def fit(self, frames: NDArray[np.float16]) -> Self:
        """Fit corpus statistics on train, if asked for; frames have shape (frames, mels)."""
        if self.normalize != "corpus":
            return self
        total, squares, block = np.zeros(self.mels), np.zeros(self.mels), 1 << 16
        for start in range(0, len(frames), block):
            part = frames[start : start + block].astype(np.float64)
            total, squares = total + part.sum(0), squares + np.square(part).sum(0)
        mean = total / len(frames)
        deviation = np.sqrt(np.maximum(squares / len(frames) - np.square(mean), 0))
        self.mean, self.deviation = mean.tolist(), np.maximum(deviation, SMALLEST).tolist()
        return self

    def keep(self, log_mel: Floats) -> NDArray[np.float16]:
        """Round an utterance to halves, shifted to where these are finest."""
        if self.top_db is None:
            return (log_mel - MIDDLE).astype(np.float16)
        depth = self.top_db * np.log(10) / 10  # decibels are of the common logarithm
        kept: NDArray[np.float16] = (np.maximum(log_mel - log_mel.max(), -depth) + depth / 2).astype(np.float16)
        return kept

    def normalized(self, frames: NDArray[np.float16], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Normalise the kept frames of some utterances, laid end to end.

        Args:
            frames: Shape (frames, mels).
            lengths: Frames of each utterance, none of them 0; shape (utterances,).
        """
        values = frames.astype(np.float32)
        if self.normalize == "none":
            return values
        if self.normalize == "corpus":
            mean, deviation = np.array(self.mean, np.float32), np.array(self.deviation, np.float32)
            scaled: NDArray[np.float32] = (values - mean) / deviation
            return scaled
        starts = np.cumsum(lengths) - lengths
        each = lengths[:, None]
        # float64: the sums of an utterance must not depend on those before it
        means = np.add.reduceat(values, starts, 0, np.float64) / each
        values = values - np.repeat(means.astype(np.float32), lengths, 0)
        deviations: Floats = np.sqrt(np.add.reduceat(np.square(values), starts, 0, np.float64) / each)
        each_deviation: NDArray[np.float32] = np.maximum(deviations, SMALLEST).astype(np.float32)
        even: NDArray[np.float32] = np.divide(values, np.repeat(each_deviation, lengths, 0))
        return even

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            data["rate"],
            data["window"],
            data["hop"],
            data["mels"],
            data["f_min"],
            data["f_max"],
            data["normalize"],
            data["mean"],
            data["deviation"],
            data.get("top_db"),
        )


def mel(frequency: float) -> float:
    """Mels of a frequency in Hz, on Slaney's scale."""
    if frequency < BREAK:
        return frequency / LINEAR
    return float(BREAK / LINEAR + np.log(frequency / BREAK) / LOG_STEP)


def hertz(mels: Floats) -> Floats:
    """Frequencies in Hz of mels, on Slaney's scale."""
    return np.where(mels < BREAK / LINEAR, mels * LINEAR, BREAK * np.exp(LOG_STEP * (mels - BREAK / LINEAR)))
