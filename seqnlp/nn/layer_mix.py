"""Learned mix of the layers of a frozen network (ELMo; Peters et al., 2018)."""

import torch
from torch import Tensor

from seqnlp.shapes import Float


def mix_layers(
    states: Float[Tensor, "batch time layers width"], logits: Float[Tensor, " layers"] | None, scale: Float[Tensor, ""]
) -> Float[Tensor, "batch time width"]:
    """Mean of layers, weighted by the softmax of `logits`, times `scale`; without logits there is one layer."""
    if logits is None:
        return states[:, :, 0] * scale
    return torch.einsum("btlw,l->btw", states, logits.softmax(0) * scale)
