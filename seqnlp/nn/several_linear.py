"""Several linear maps, and for every row the number of the one that it goes through."""

from math import sqrt
from typing import final

import torch
from torch import Tensor, nn

from seqnlp.shapes import Float, Int


@final
class SeveralLinear(nn.Module):
    """Linear maps of the same size, computed in one batched product."""

    def __init__(self, maps: int, inputs: int, outputs: int) -> None:
        """Begin with random weights, spread as those of `nn.Linear`."""
        super().__init__()
        bound = 1 / sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(maps, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(maps, outputs).uniform_(-bound, bound))

    def forward(
        self, values: Float[Tensor, "rows inputs"], which: Int[Tensor, " rows"]
    ) -> Float[Tensor, "rows outputs"]:
        """Send every row through its map.

        Args:
            values: The rows, in any order.
            which: The number of each row's map.
        """
        present, group, counts = torch.unique(which, return_inverse=True, return_counts=True)
        place = places(group, counts)
        # the rows of each map side by side, filled up with zeros to as many as the fullest has
        grouped = values.new_zeros(len(present), int(counts.max()), values.shape[1])
        grouped = grouped.index_put((group, place), values)
        mapped = torch.baddbmm(self.bias[present][:, None], grouped, self.weight[present])
        return mapped[group, place]


def places(group: Int[Tensor, " rows"], counts: Int[Tensor, " groups"]) -> Int[Tensor, " rows"]:
    """How many rows of its own group come before each row."""
    order = group.argsort(stable=True)
    before = counts.cumsum(0) - counts
    found = torch.empty_like(group)
    found[order] = torch.arange(len(group), device=group.device) - before[group[order]]
    return found
