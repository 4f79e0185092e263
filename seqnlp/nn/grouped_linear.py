"""Grouped linear maps: each row goes through the one of its group."""

from dataclasses import dataclass
from math import sqrt
from typing import final

import torch
from torch import Tensor, nn

from seqnlp.shapes import Float, Int


@final
@dataclass(frozen=True)
class Grouping:
    """Order of rows in which groups of the same size lie side by side."""

    order: Int[Tensor, " rows"]
    """The rows, in this order."""
    back: Int[Tensor, " rows"]
    """The inverse of `order`: the new place of each row."""
    present: Int[Tensor, " groups"]
    """The groups that have rows, the smallest first."""
    blocks: list[tuple[int, int]]
    """For each size of a group: the number of groups of that size, and the size."""

    @classmethod
    def of(cls, which: Int[Tensor, " rows"]) -> "Grouping":
        """Group rows by the numbers of their groups."""
        present, group, counts = torch.unique(which, return_inverse=True, return_counts=True)
        by_count = counts.argsort(stable=True)
        order = by_count.argsort()[group].argsort(stable=True)
        rows, maps = counts[by_count].unique_consecutive(return_counts=True)
        blocks = list(zip(maps.tolist(), rows.tolist(), strict=True))
        return cls(order, order.argsort(), present[by_count], blocks)


@final
class GroupedLinear(nn.Module):
    """Linear maps of one size; groups of the same number of rows share a batched product."""

    def __init__(self, maps: int, inputs: int, outputs: int) -> None:
        """Begin with random weights, spread as those of `nn.Linear`."""
        super().__init__()
        bound = 1 / sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(maps, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(maps, outputs).uniform_(-bound, bound))

    def forward(self, values: Float[Tensor, "rows inputs"], grouping: Grouping) -> Float[Tensor, "rows outputs"]:
        """Send every row through its map.

        Args:
            values: The rows, in any order.
            grouping: Their groups.
        """
        maps = [count for count, _ in grouping.blocks]
        rows = [count * each for count, each in grouping.blocks]
        parts = torch.split(values.index_select(0, grouping.order), rows)
        weights = torch.split(self.weight.index_select(0, grouping.present), maps)
        biases = torch.split(self.bias.index_select(0, grouping.present), maps)
        mapped = [
            torch.baddbmm(bias[:, None], part.reshape(len(bias), -1, part.shape[1]), weight).flatten(0, 1)
            for part, weight, bias in zip(parts, weights, biases, strict=True)
        ]
        return torch.cat(mapped).index_select(0, grouping.back)
