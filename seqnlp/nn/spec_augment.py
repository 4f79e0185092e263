"""SpecAugment: bands and stretches of a spectrogram masked in training."""

from typing import final

import torch
from torch import Tensor, nn

from seqnlp.nn.dropout import generator
from seqnlp.shapes import Float, Int


@final
class SpecAugment(nn.Module):
    """Masks of frequency and time (Park et al., 2019), other ones for each utterance; the identity otherwise."""

    def __init__(
        self,
        freq_masks: int,
        freq_width: int,
        time_masks: int,
        time_width: int,
        time_share: float,
        freq_warp: float = 0.0,
    ) -> None:
        """Store the settings.

        Args:
            freq_masks: Masks of neighbouring bands.
            freq_width: Bands of one, at most.
            time_masks: Masks of neighbouring frames.
            time_width: Frames of one, at most.
            time_share: Share of an utterance's frames that one may cover, at most.
            freq_warp: Share by which the bands are stretched or squeezed, at most: vocal tract length perturbation
                (Jaitly and Hinton, 2013).
        """
        super().__init__()
        self.freq_masks, self.freq_width = freq_masks, freq_width
        self.time_masks, self.time_width, self.time_share = time_masks, time_width, time_share
        self.freq_warp = freq_warp

    def forward(
        self, frames: Float[Tensor, "batch time mels"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch time mels"]:
        """Set masked values to 0, the mean of normalised features, while training."""
        if not self.training:
            return frames
        batch, time, mels = frames.shape
        if self.freq_warp:
            frames = self._warped(frames)
        hidden = frames.new_zeros(batch, time, mels, dtype=torch.bool)
        for _ in range(self.freq_masks):
            most = torch.full_like(lengths, min(self.freq_width, mels))
            hidden |= self._stretch(most, torch.full_like(lengths, mels), mels)[:, None]
        for _ in range(self.time_masks):
            most = (lengths * self.time_share).long().clamp(max=self.time_width)
            hidden |= self._stretch(most, lengths, time)[:, :, None]
        return frames.masked_fill(hidden, 0.0)

    def _warped(self, frames: Tensor) -> Tensor:
        """Warp the bands, each interpolated linearly between two."""
        batch, time, mels = frames.shape
        draws = torch.rand(batch, 1, generator=generator(frames.device), device=frames.device)
        factors = 1 + self.freq_warp * (2 * draws - 1)
        places = (torch.arange(mels, device=frames.device) * factors).clamp(max=mels - 1)
        low = places.long().clamp(max=max(mels - 2, 0))
        share = (places - low)[:, None]
        low = low[:, None].expand(batch, time, mels)
        return torch.lerp(frames.gather(2, low), frames.gather(2, (low + 1).clamp(max=mels - 1)), share)

    def _stretch(self, most: Tensor, lengths: Tensor, size: int) -> Tensor:
        """Mask of one random stretch a row; shape (batch, size)."""
        draws = torch.rand(2, len(lengths), generator=generator(lengths.device), device=lengths.device)
        width = (draws[0] * (most + 1)).long()
        first = (draws[1] * (lengths - width + 1)).long()
        places = torch.arange(size, device=lengths.device)
        return (places >= first[:, None]) & (places < (first + width)[:, None])

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"{self.freq_masks} x {self.freq_width} bands, {self.time_masks} x {self.time_width} frames"
