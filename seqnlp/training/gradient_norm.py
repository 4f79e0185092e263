"""Gradient clipping by a norm that does not depend on threads."""

from collections.abc import Iterable

import torch
from torch import Tensor

CHUNK = 4096
"""Elements that one thread sums, in the same order whichever thread it is."""
TINY = 1e-6
"""Added to the norm, so that a gradient of zeros is not divided by zero."""


def clip_gradient(parameters: Iterable[Tensor], most: float) -> float:
    """Clip the gradients of parameters to a common norm.

    A sum over a whole tensor is parted by threads, and rounded accordingly: after some fifty steps of an optimizer that
    divides by the gradient's size two trainings would differ in the fifth digit.

    Returns:
        The norm before.
    """
    gradients = [each.grad for each in parameters if each.grad is not None]
    if not gradients:
        return 0.0
    norms: list[Tensor] = []
    for gradient in gradients:
        flat = gradient.detach().flatten()
        whole = len(flat) // CHUNK * CHUNK
        norms.append(torch.linalg.vector_norm(flat[:whole].view(-1, CHUNK), dim=1))
        norms.append(torch.linalg.vector_norm(flat[whole:])[None])
    norm = float(torch.linalg.vector_norm(torch.cat(norms)))
    if (factor := most / (norm + TINY)) < 1:
        for gradient in gradients:
            gradient.mul_(factor)
    return norm
