"""Learned affine map of windows, undone on their forecasts: that of RevIN (Kim et al., 2022)."""

from typing import final

import torch
from torch import Tensor, nn

from seqnlp.shapes import Float, Int


@final
class WindowAffine(nn.Module):
    """Affine map `gamma * value + beta` of each series' channels; its inverse.

    Where the paper learns gamma itself and divides by `gamma + eps^2`, the logarithm of gamma is learned here: gamma
    stays over 0, so that the way back is exact and quantiles keep their order.
    """

    def __init__(self, series: int, channels: int) -> None:
        """Begin with the identity.

        Args:
            series: Number of series.
            channels: Values at each of their steps.
        """
        super().__init__()
        self.channels = channels
        self.log_gamma = nn.Parameter(torch.zeros(series, channels))
        self.beta = nn.Parameter(torch.zeros(series, channels))

    def forward(
        self, values: Float[Tensor, "batch time channels"], series: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch time channels"]:
        """Map the values of some windows; `series` is the index of each window's series."""
        return values * self.log_gamma[series].exp()[:, None] + self.beta[series][:, None]

    def back(
        self,
        shift: Float[Tensor, "batch channels"],
        scale: Float[Tensor, "batch channels"],
        series: Int[Tensor, " batch"],
    ) -> tuple[Float[Tensor, "batch channels"], Float[Tensor, "batch channels"]]:
        """Combine the inverse map with the shift and scale of the window.

        `(y - beta) / gamma * scale + shift` is `y * (scale / gamma) + (shift - beta * scale / gamma)`.
        """
        scale = scale * (-self.log_gamma[series]).exp()
        return shift - self.beta[series] * scale, scale
