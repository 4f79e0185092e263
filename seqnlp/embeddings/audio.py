"""`[embedding]` of a transcriber: frames of a spectrogram as the encoder's steps."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.nn.device import TensorBatch
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.spec_augment import SpecAugment
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Family, Spec


@dataclass(frozen=True)
class AudioBatch(TensorBatch):
    """Padded features of some utterances."""

    frames: Float[Tensor, "batch frames mels"]
    """Normalised features; 0 where padded."""
    lengths: Int[Tensor, " batch"]
    """Frames of each utterance."""
    stride: int
    """Frames that become a step."""

    @property
    def mask(self) -> Bool[Tensor, "batch time"]:
        """True on real steps: a step is real if a frame of it is."""
        steps = torch.arange(-(-self.frames.shape[1] // self.stride), device=self.lengths.device)
        return steps < -(-self.lengths // self.stride)[:, None]


@final
class SpecAugmentation(Spec):
    """Masks on the features in training (SpecAugment; Park et al., 2019)."""

    freq_masks: Annotated[int, Field(ge=0)] = 2
    """Masks of neighbouring mel bands."""
    freq_width: Annotated[int, Field(ge=0)] = 8
    """Bands of a mask, at most."""
    time_masks: Annotated[int, Field(ge=0)] = 2
    """Masks of neighbouring frames."""
    time_width: Annotated[int, Field(ge=0)] = 40
    """Frames of a mask, at most."""
    time_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of an utterance that a mask of frames may cover, at most."""
    freq_warp: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """Stretch or squeeze the bands of an utterance by this share, at most, as if other voices had spoken (vocal tract
    length perturbation; Jaitly and Hinton, 2013)."""

    def build(self) -> SpecAugment:
        """Make the module that masks."""
        return SpecAugment(
            self.freq_masks, self.freq_width, self.time_masks, self.time_width, self.time_share, self.freq_warp
        )


class FrameEmbedder(nn.Module, ABC):
    """Network from frames to steps."""

    width: int
    """Features of a step."""

    @abstractmethod
    def forward(self, batch: AudioBatch) -> Float[Tensor, "batch time width"]:
        """Embed a batch of utterances; padding changes nothing at real steps."""


class FrameEmbedding(Family, ABC):
    """Frames as steps, several at a time: speech has fewer sounds than frames."""

    transferable = ("dropout",)

    default_kind: ClassVar[str | None] = "stack"

    stride: Annotated[int, Field(ge=1, le=16)] = 3
    """Frames from one step to the next."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of features dropped, the same ones in all of an utterance."""
    spec_augment: SpecAugmentation | None = None
    """Masks on bands and frames while training; left out: none."""

    def batch(self, frames: Tensor, lengths: Tensor) -> AudioBatch:
        """Make the inputs of the network."""
        return AudioBatch(frames, lengths, self.stride)

    @abstractmethod
    def build(self, mels: int) -> FrameEmbedder:
        """Make the network for frames of this many bands."""


@final
class StackedFrames(FrameEmbedding):
    """Frames side by side, with those around them if wanted; no weights but those of a linear layer."""

    kind: Literal["stack"] = "stack"
    context: Annotated[int, Field(ge=0)] = 0
    """Frames before and after those of a step that it sees, too."""
    size: Annotated[int, Field(ge=1)] | None = None
    """Units of a linear layer with ReLU over them; left out: no layer."""

    def build(self, mels: int) -> FrameEmbedder:
        return FrameStack(self, mels)


@final
class ConvolvedFrames(FrameEmbedding):
    """Strided convolutions over time, each with ReLU; the bands are the channels of the first."""

    kind: Literal["conv"] = "conv"
    size: Annotated[int, Field(ge=1)] = 128
    """Channels of each convolution."""
    kernel_size: Annotated[int, Field(ge=1)] = 5
    """Frames that a convolution sees at once."""
    layers: Annotated[int, Field(ge=1, le=8)] = 1
    """Convolutions; the last one has the stride."""

    def build(self, mels: int) -> FrameEmbedder:
        return FrameConvolution(self, mels)


@final
class FrameStack(FrameEmbedder):
    """Stacks frames, and maps them."""

    def __init__(self, spec: StackedFrames, mels: int) -> None:
        super().__init__()
        self.stride, self.context = spec.stride, spec.context
        stacked = (spec.stride + 2 * spec.context) * mels
        self.width = stacked if spec.size is None else spec.size
        self.projection = None if spec.size is None else nn.Linear(stacked, spec.size)
        self.augment = None if spec.spec_augment is None else spec.spec_augment.build()
        self.dropout = Dropout(spec.dropout)

    def forward(self, batch: AudioBatch) -> Float[Tensor, "batch time width"]:
        """Embed a batch of utterances."""
        frames = batch.frames if self.augment is None else self.augment(batch.frames, batch.lengths)
        missing = -frames.shape[1] % self.stride
        padded = nn.functional.pad(frames, (0, 0, self.context, missing + self.context))
        steps = padded.unfold(1, self.stride + 2 * self.context, self.stride).transpose(2, 3).flatten(2)
        if self.projection is not None:
            steps = torch.relu(self.projection(steps))
        return self.dropout(steps)  # type: ignore[no-any-return]


@final
class FrameConvolution(FrameEmbedder):
    """Convolves frames; what is padded is 0 before each convolution, alone or in a batch."""

    def __init__(self, spec: ConvolvedFrames, mels: int) -> None:
        super().__init__()
        self.width, self.stride = spec.size, spec.stride
        self.before = (spec.kernel_size - 1) // 2
        self.after = spec.kernel_size - 1 - self.before
        widths = [mels, *[spec.size] * spec.layers]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, spec.size, spec.kernel_size, self.stride if number == spec.layers - 1 else 1)
            for number, width in enumerate(widths[:-1])
        )
        self.augment = None if spec.spec_augment is None else spec.spec_augment.build()
        self.dropout = Dropout(spec.dropout)

    def forward(self, batch: AudioBatch) -> Float[Tensor, "batch time width"]:
        """Embed a batch of utterances."""
        frames = batch.frames if self.augment is None else self.augment(batch.frames, batch.lengths)
        real = torch.arange(frames.shape[1], device=frames.device) < batch.lengths[:, None]
        steps = frames.transpose(1, 2)
        last = len(self.convolutions) - 1
        for number, convolution in enumerate(self.convolutions):
            steps = torch.relu(convolution(nn.functional.pad(steps, (self.before, self.after))))
            if number < last:
                steps = steps * real[:, None]
        return self.dropout(steps.transpose(1, 2))  # type: ignore[no-any-return]
