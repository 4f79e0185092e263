"""Grouped linear maps: each row goes through the one of its group."""

from math import sqrt
from typing import final

import torch
from torch import Tensor, nn

from seqnlp.shapes import Float, Int


@final
class GroupedLinear(nn.Module):
    """Linear maps of one size; groups of the same number of rows share a batched product."""

    def __init__(self, maps: int, inputs: int, outputs: int) -> None:
        """Begin with random weights, spread as those of `nn.Linear`."""
        super().__init__()
        bound = 1 / sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(maps, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(maps, outputs).uniform_(-bound, bound))

    def forward(
        self, values: Float[Tensor, "rows inputs"], which: Int[Tensor, " rows"]
    ) -> Float[Tensor, "rows outputs"]:
        """Send every row through the map of its group; `which` has their numbers, in any order."""
        present, group, counts = torch.unique(which, return_inverse=True, return_counts=True)
        by_count = counts.argsort(stable=True)
        order = by_count.argsort()[group].argsort(stable=True)
        rows, maps = counts[by_count].unique_consecutive(return_counts=True)
        parts = torch.split(values.index_select(0, order), (rows * maps).tolist())
        weights = torch.split(self.weight.index_select(0, present[by_count]), maps.tolist())
        biases = torch.split(self.bias.index_select(0, present[by_count]), maps.tolist())
        mapped = [
            torch.baddbmm(bias[:, None], part.reshape(len(bias), -1, part.shape[1]), weight).flatten(0, 1)
            for part, weight, bias in zip(parts, weights, biases, strict=True)
        ]
        return torch.cat(mapped).index_select(0, order.argsort())
