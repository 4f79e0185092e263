"""The best label sequences of a linear chain (Viterbi, 1967), one or several a row."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqnlp.shapes import Bool, Float, Int


@dataclass(frozen=True)
class Paths:
    """The best label sequences, the best one first."""

    labels: Int[Tensor, "batch best time"]
    """0 at padded steps."""
    scores: Float[Tensor, "batch best"]
    """-inf where a row has no further sequence; its labels then mean nothing."""


@torch.no_grad()
def best_paths(
    emissions: Float[Tensor, "batch time labels"],
    transitions: Float[Tensor, "states states"],
    mask: Bool[Tensor, "batch time"],
    best: int = 1,
) -> Paths:
    """Find the sequences with the highest scores.

    Args:
        emissions: The score of each label at each step.
        transitions: Scores of transitions, the boundary last; see `seqnlp.nn.crf`.
        mask: True on real steps; sequences begin at step 0, and no row is empty.
        best: How many different sequences a row.
    """
    batch, time, labels = emissions.shape
    steps = emissions.float() if emissions.dtype != torch.float64 else emissions
    moves = transitions.to(steps.dtype)
    scores = steps.new_full((batch, labels, best), -torch.inf)
    scores[..., 0] = moves[labels, :labels] + steps[:, 0]
    stay = torch.arange(labels * best, device=mask.device).view(labels, best)
    arriving = moves[:labels, :labels].t()[..., None]  # (to, from, 1)
    came_from = []
    for now in range(1, time):
        candidates = (scores[:, None] + arriving).flatten(2)  # (batch, to, from and rank)
        highest, places = candidates.topk(best, -1) if best > 1 else candidates.max(-1, keepdim=True)
        real = mask[:, now, None, None]
        scores = torch.where(real, highest + steps[:, now, :, None], scores)
        came_from.append(torch.where(real, places, stay))
    final = (scores + moves[:labels, labels, None]).flatten(1)
    found, place = final.topk(best, -1)
    path = [place]
    for places in reversed(came_from):
        path.append(places.flatten(1).gather(1, path[-1]))
    chain = torch.stack(path[::-1], -1) // best
    return Paths(chain.masked_fill(~mask[:, None], 0), found)
