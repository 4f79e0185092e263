"""A learned map of windows that is undone on their forecasts: the affine part of RevIN (Kim et al., 2022)."""

from typing import final

import torch
from torch import Tensor, nn

from seqnlp.shapes import Float, Int


@final
class WindowAffine(nn.Module):
    """`gamma * value + beta`, of their own for every channel of every series, and the way back.

    Where the paper learns gamma itself and divides by `gamma + eps^2`, the logarithm of gamma is learned here: gamma
    stays over 0, so that the way back is exact and quantiles keep their order.
    """

    def __init__(self, lanes: int, channels: int) -> None:
        """Begin with the map that changes nothing.

        Args:
            lanes: Different series.
            channels: Values at each of their steps.
        """
        super().__init__()
        self.channels = channels
        self.log_gamma = nn.Parameter(torch.zeros(lanes, channels))
        self.beta = nn.Parameter(torch.zeros(lanes, channels))

    def forward(
        self, values: Float[Tensor, "batch time channels"], lanes: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch time channels"]:
        """Map the values of some windows, each of the series that `lanes` says."""
        return values * self.log_gamma[lanes].exp()[:, None] + self.beta[lanes][:, None]

    def back(
        self,
        shift: Float[Tensor, "batch channels"],
        scale: Float[Tensor, "batch channels"],
        lanes: Int[Tensor, " batch"],
    ) -> tuple[Float[Tensor, "batch channels"], Float[Tensor, "batch channels"]]:
        """The shift and the scale that undo this map and put on those of the window, in one.

        `(y - beta) / gamma * scale + shift` is `y * (scale / gamma) + (shift - beta * scale / gamma)`.
        """
        scale = scale * (-self.log_gamma[lanes]).exp()
        return shift - self.beta[lanes] * scale, scale
