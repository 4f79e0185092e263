"""Linear-chain conditional random fields (Lafferty et al., 2001): the sum over all label sequences, and its gradient.

Scores of transitions are one square matrix over the labels and a boundary, which is its last row and column: the last
row holds the scores of labels to begin with, the last column those of labels to end with. A transition that must not
be taken has the score -inf.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from seqnlp.nn.device import autocast, widest_float
from seqnlp.nn.padding import reversal
from seqnlp.shapes import Bool, Float, Int

WIDEST = 100.0
"""Nats between the best and the worst score of a step up to which float64 holds all products of a few steps."""


@dataclass(frozen=True)
class Expectations:
    """Expectations under the distribution over label sequences; float64 where the device has it."""

    log_partition: Float[Tensor, " batch"]
    labels: Float[Tensor, "batch time labels"]
    """Probability of each label at each step; 0 at padded steps."""
    transitions: Float[Tensor, "batch states states"]
    """Expected number of each transition, boundaries included."""


def log_partition(
    emissions: Float[Tensor, "batch time labels"],
    transitions: Float[Tensor, "states states"],
    mask: Bool[Tensor, "batch time"],
) -> Float[Tensor, " batch"]:
    """The logarithm of the sum of exp(score) over all label sequences; gradients flow to both kinds of scores.

    Args:
        emissions: The score of each label at each step.
        transitions: Scores of transitions, see above; states are the labels and the boundary.
        mask: True on real steps; sequences begin at step 0, and no row is empty.
    """
    total: Tensor = _LogPartition.apply(emissions, transitions, mask)  # type: ignore[no-untyped-call]
    return total


def path_score(
    emissions: Float[Tensor, "batch time labels"],
    transitions: Float[Tensor, "states states"],
    mask: Bool[Tensor, "batch time"],
    labels: Int[Tensor, "batch time"],
) -> Float[Tensor, " batch"]:
    """The score of one label sequence a row; what `labels` holds at padded steps is not looked at."""
    boundary = emissions.shape[-1]
    emitted = emissions.gather(-1, labels.masked_fill(~mask, 0)[..., None])[..., 0].masked_fill(~mask, 0)
    chain = torch.nn.functional.pad(labels.masked_fill(~mask, boundary), (1, 1), value=boundary)
    taken = torch.nn.functional.pad(mask, (1, 0), value=True)
    moved = transitions[chain[:, :-1], chain[:, 1:]].masked_fill(~taken, 0)
    return emitted.sum(1) + moved.sum(1)


def expectations(
    emissions: Float[Tensor, "batch time labels"],
    transitions: Float[Tensor, "states states"],
    mask: Bool[Tensor, "batch time"],
) -> Expectations:
    """Partition function and marginals by the forward-backward algorithm, without a gradient.

    Both directions are one recursion: the backward one reads each sequence turned round within its own length. It
    runs on probabilities in float64, scaled at every step, which takes a matrix product where logarithms would take
    an exponential for each pair of labels. Scores too far apart for that go through logarithms, as all do on a device
    without float64.
    """
    widest = widest_float(emissions.device)
    with torch.no_grad(), autocast(emissions.device, None):
        steps = emissions.to(widest).masked_fill(~mask[..., None], 0).transpose(0, 1)
        moves = transitions.to(widest)
        known = moves[moves.isfinite()]
        spread = (steps.amax(-1) - steps.amin(-1)).amax() + (known.amax() - known.amin())
        lattice = _scaled if widest == torch.float64 and spread <= WIDEST else _in_logs
        return lattice(steps, moves, mask, reversal(mask))


class _LogPartition(torch.autograd.Function):
    """Log partition function; its gradient is the expectation of what is scored."""

    @staticmethod
    def forward(ctx: Any, emissions: Tensor, transitions: Tensor, mask: Tensor) -> Tensor:
        found = expectations(emissions, transitions, mask)
        ctx.save_for_backward(found.labels.to(emissions.dtype), found.transitions.to(transitions.dtype))
        return found.log_partition.to(torch.promote_types(emissions.dtype, torch.float32))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, None]:
        labels, transitions = ctx.saved_tensors
        weights = gradient.to(transitions.dtype)
        return labels * gradient.to(labels.dtype)[:, None, None], torch.einsum("b,bij->ij", weights, transitions), None


def _both_ways(steps: Tensor, order: Tensor) -> Tensor:
    """The steps as they are and turned round, side by side; shape (time, 2, batch, labels)."""
    turned = steps.flatten(0, 1).index_select(0, order).view_as(steps)
    return torch.stack([steps, turned], 1)


def _scaled(steps: Tensor, moves: Tensor, mask: Tensor, order: Tensor) -> Expectations:
    labels = steps.shape[-1]
    highest, best = steps.amax(-1, keepdim=True), moves.amax()
    emitted = _both_ways((steps - highest).exp_(), order)
    moves = (moves - best).exp_()
    inner, first, last = moves[:labels, :labels], moves[labels, :labels], moves[:labels, labels]
    before, after = torch.empty_like(emitted), torch.empty_like(emitted)
    scales = emitted.new_empty(*emitted.shape[:-1], 1)
    before[0] = torch.stack([first, last])[:, None]
    both = torch.stack([inner, inner.t()])
    previous: Tensor | None = None
    for into, out, scale, step in zip(before, after, scales, emitted, strict=True):
        if previous is not None:
            torch.bmm(previous, both, out=into)
        torch.mul(into, step, out=out)
        torch.sum(out, -1, keepdim=True, out=scale)
        previous = out.div_(scale)

    lengths = mask.sum(1)
    rows = torch.arange(len(mask), device=mask.device)
    logs = (scales[:, 0, :, 0].log() + highest[..., 0]).masked_fill(~mask.t(), 0).sum(0)
    total = logs + (after[lengths - 1, 0, rows] @ last).log() + best * (lengths + 1)

    turned = after[:, 1].flatten(0, 1).index_select(0, order).view_as(steps)
    joint = before[:, 0] * turned
    norm = joint.sum(-1, keepdim=True)
    beyond = ~mask.t()[..., None]
    share = (joint / norm).masked_fill_(beyond, 0).transpose(0, 1)
    arriving = (turned / norm).masked_fill_(beyond, 0)[1:]
    leaving = after[:-1, 0].masked_fill(beyond[1:], 0)
    pairs = torch.bmm(leaving.permute(1, 2, 0), arriving.transpose(0, 1)) * inner
    return Expectations(total, share, _with_boundaries(pairs, share, lengths))


def _in_logs(steps: Tensor, moves: Tensor, mask: Tensor, order: Tensor) -> Expectations:
    labels = steps.shape[-1]
    inner, first, last = moves[:labels, :labels], moves[labels, :labels], moves[:labels, labels]
    emitted = _both_ways(steps, order)
    both = torch.stack([inner, inner.t()])[:, None]
    before, after = torch.empty_like(emitted), torch.empty_like(emitted)
    before[0] = torch.stack([first, last])[:, None]
    for time in range(len(emitted)):
        if time:
            before[time] = torch.logsumexp(after[time - 1][..., None] + both, -2)
        after[time] = before[time] + emitted[time]

    lengths = mask.sum(1)
    rows = torch.arange(len(mask), device=mask.device)
    total = torch.logsumexp(after[lengths - 1, 0, rows] + last, -1)
    turned = after[:, 1].flatten(0, 1).index_select(0, order).view_as(steps)
    share = torch.softmax(before[:, 0] + turned, -1).masked_fill(~mask.t()[..., None], 0).transpose(0, 1)
    pairs = torch.zeros_like(moves[:labels, :labels]).expand(len(mask), -1, -1).clone()
    for time in range(1, len(emitted)):
        joint = after[time - 1, 0][..., None] + inner + turned[time][:, None]
        pairs += torch.softmax(joint.flatten(1), -1).masked_fill(~mask[:, time, None], 0).view_as(pairs)
    return Expectations(total, share, _with_boundaries(pairs, share, lengths))


def _with_boundaries(pairs: Tensor, share: Tensor, lengths: Tensor) -> Tensor:
    """Frame the expected transitions between labels with those of the boundary."""
    framed = torch.nn.functional.pad(pairs, (0, 1, 0, 1))
    framed[:, -1, :-1] = share[:, 0]
    framed[:, :-1, -1] = share[torch.arange(len(share), device=share.device), lengths - 1]
    return framed
