"""Encoded recordings and their texts."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs.log_mel import LogMelCodec
from seqnlp.decoders.ctc import CtcTarget
from seqnlp.embeddings.audio import AudioBatch, FrameEmbedding
from seqnlp.model import Batch
from seqnlp.nn.ctc import steps_needed
from seqnlp.tasks.transcribe.features import Halves
from seqnlp.training.dataset import BucketedDataset

TEXT = "text"
"""Name of the decoder."""


@final
@dataclass(frozen=True)
class TranscribeDataset(BucketedDataset):
    """Features of recordings, and the labels of their texts."""

    frames: Halves
    """Of all recordings, end to end; shape (frames, mels)."""
    offsets: NDArray[np.int64]
    rows: NDArray[np.int64]
    """Row of each recording in the table; some may have been skipped."""
    labels: Ragged
    """Known tokens of each text."""
    texts: list[str]
    codec: LogMelCodec
    embedding: FrameEmbedding
    batch_tokens: int
    seconds: float
    """Duration of all recordings."""
    notes: list[str]
    unknown: list[str]
    """Tokens that train did not have."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Encoder steps of each recording."""
        steps: NDArray[np.int64] = -(-np.diff(self.offsets) // self.embedding.stride)
        return steps

    @property
    def row_items(self) -> NDArray[np.int64]:
        return self.labels.lengths

    @property
    def too_short(self) -> NDArray[np.int64]:
        """Rows with fewer steps than their text needs."""
        steps = self.lengths
        return np.flatnonzero((steps > 0) & (steps < steps_needed(self.labels.values, self.labels.offsets)))

    def inputs(self, rows: NDArray[np.int64]) -> AudioBatch:
        """Gather the normalised frames of some recordings."""
        positions, lengths = Ragged(self.frames, self.offsets).positions(rows)
        return make_batch(self.codec, self.embedding, self.frames[positions], lengths)

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        labels, _ = self.labels.pad(rows)
        target = CtcTarget(torch.from_numpy(labels), torch.from_numpy(self.labels.lengths[rows]))
        return Batch(self.inputs(rows), {TEXT: target}, self.items_in(rows))


def make_batch(codec: LogMelCodec, embedding: FrameEmbedding, frames: Halves, lengths: NDArray[np.int64]) -> AudioBatch:
    """Normalise and pad the frames of some recordings, laid end to end."""
    padded = np.zeros((len(lengths), int(lengths.max(initial=0)), codec.mels), np.float32)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = codec.normalized(frames, lengths)
    return embedding.batch(torch.from_numpy(padded), torch.from_numpy(lengths))
