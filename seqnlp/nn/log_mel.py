"""Log-mel spectrogram by the short-time Fourier transform, and resampling."""

from functools import cache
from math import ceil, gcd

import torch
from torch import Tensor, nn

from seqnlp.shapes import Float

FLOOR = 1e-10
"""Lower bound of an energy, before its logarithm."""
ZERO_CROSSINGS = 24
"""Zero crossings of the interpolating sinc on each side."""
PASSED = 0.95
"""Share of the band that resampling keeps whole."""


def log_mel(
    samples: Float[Tensor, " samples"], window: int, hop: int, n_fft: int, filters: Float[Tensor, "mels bins"]
) -> Float[Tensor, "frames mels"]:
    """Natural logarithm of mel energies; frames are centred, zeros stand before and after the samples.

    In float64: the quiet bands of a loud frame would be rounding errors of the others.

    Args:
        samples: One channel, from -1 to 1.
        window: Samples of the Hann window.
        hop: Samples from one frame to the next.
        n_fft: Points of the transform, at least the window.
        filters: Weight of each frequency in each band.
    """
    hann = torch.hann_window(window, dtype=torch.float64)
    spectrum = torch.stft(
        samples.double(), n_fft, hop, window, hann, center=True, pad_mode="constant", return_complex=True
    )
    return (filters.double() @ spectrum.abs().square()).clamp(min=FLOOR).log().T


def resample(samples: Float[Tensor, " samples"], before: int, after: int) -> Float[Tensor, " resampled"]:
    """Change the sample rate by band-limited interpolation (Smith, 2002): a sinc under a Hann window.

    Args:
        samples: One channel.
        before: Its sample rate in Hz.
        after: The one wanted.
    """
    common = gcd(before, after)
    old, new = before // common, after // common
    kernels = _kernels(old, new)
    margin = (kernels.shape[2] - old) // 2
    wanted = ceil(len(samples) * new / old)
    padded = nn.functional.pad(samples.double(), (margin, margin + old))
    found = nn.functional.conv1d(padded[None, None], kernels, stride=old)[0]
    return found.T.reshape(-1)[:wanted].to(samples.dtype)


@cache
def _kernels(old: int, new: int) -> Float[Tensor, "new 1 length"]:
    """Filters of the `new` output samples that `old` input samples become."""
    cut = PASSED * min(old, new)  # of the sinc, in half cycles over the time of a kernel's stride
    margin = ceil(ZERO_CROSSINGS * old / cut)
    places = torch.arange(-margin, margin + old, dtype=torch.float64) / old
    times = (places[None] - torch.arange(new, dtype=torch.float64)[:, None] / new) * cut
    times = times.clamp(-ZERO_CROSSINGS, ZERO_CROSSINGS)
    filters = torch.sinc(times) * torch.cos(times * torch.pi / ZERO_CROSSINGS / 2).square()
    return (filters / filters.sum(1, keepdim=True))[:, None]
