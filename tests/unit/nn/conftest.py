"""Small lattices, and the brute force that knows all about them."""

from dataclasses import dataclass
from itertools import pairwise, product

import pytest
import torch
from torch import Tensor


@dataclass(frozen=True)
class Lattice:
    """Random scores; some transitions may be forbidden, but from label 0 and to it all are allowed."""

    emissions: Tensor
    transitions: Tensor
    mask: Tensor

    @classmethod
    def random(cls, lengths: list[int], labels: int, forbidden: float, spread: float, seed: int) -> "Lattice":
        random = torch.Generator().manual_seed(seed)
        emissions = torch.randn(len(lengths), max(lengths), labels, generator=random, dtype=torch.float64) * spread
        transitions = torch.randn(labels + 1, labels + 1, generator=random, dtype=torch.float64)
        banned = torch.rand(transitions.shape, generator=random) < forbidden
        banned[0], banned[:, 0] = False, False
        mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
        return cls(emissions, transitions.masked_fill(banned, -torch.inf), mask)

    def paths(self, row: int) -> list[tuple[float, tuple[int, ...]]]:
        """Every label sequence of a row with its score, the best one first; without those of score -inf."""
        length, labels = int(self.mask[row].sum()), self.emissions.shape[-1]
        scored = []
        for path in product(range(labels), repeat=length):
            score = sum(self.emissions[row, time, label].item() for time, label in enumerate(path))
            score += sum(self.transitions[pair].item() for pair in pairwise((labels, *path, labels)))
            if score > -float("inf"):
                scored.append((score, path))
        return sorted(scored, reverse=True)


@pytest.fixture(scope="session")
def lattice() -> type[Lattice]:
    return Lattice
