"""Words from the pieces of a pretrained transformer, in overlapping windows."""

import itertools
from collections.abc import Sequence
from typing import Any, Literal, final

import numpy as np
import torch
from torch import Tensor, nn

from seqnlp.nn.device import to_numpy
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.own_rate import OwnRate, RatedModule
from seqnlp.shapes import Float, Int

Pooling = Literal["first", "last", "mean"]

WINDOWS = 32
"""Windows of long sentences that are computed at once where no gradient is needed."""


@final
class PretrainedEncoder(nn.Module):
    """Transformer over pieces, whose states are pooled over each word.

    A sentence of more pieces than a window is read in windows that overlap by half. Each piece is taken from the
    window in which more stands around it.
    """

    def __init__(
        self,
        network: nn.Module,
        prefix: Sequence[int],
        suffix: Sequence[int],
        padding: int,
        window: int,
        layers: Sequence[int],
        pooling: Pooling,
    ) -> None:
        """Store the network and its conventions.

        Args:
            network: Called with `input_ids` and `attention_mask`, returns `hidden_states`, one a layer.
            prefix: Special pieces before a window.
            suffix: Special pieces behind it.
            padding: Number of the piece that pads.
            window: Pieces of a sentence in a window, at most.
            layers: Numbers of the hidden states; 0 is the network's own embedding.
            pooling: A word has the state of its first or last piece, or the mean of all.
        """
        super().__init__()
        self.network, self.padding, self.window = network, padding, window
        self.layers, self.pooling = list(layers), pooling
        self.register_buffer("_prefix", torch.tensor(prefix, dtype=torch.long), persistent=False)
        self.register_buffer("_suffix", torch.tensor(suffix, dtype=torch.long), persistent=False)
        self._prefix: Tensor
        self._suffix: Tensor

    def forward(
        self, ids: Int[Tensor, "batch pieces"], first: Int[Tensor, "batch time"], last: Int[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time layers width"]:
        """Compute the states of words.

        Args:
            ids: Number of each piece plus 1; 0 pads.
            first: First piece of each word, from 1; 0 on padding and for words without pieces, whose states are 0.
            last: Last piece of each word.
        """
        places, states = self._piece_states(ids)
        has = first > 0
        rows = torch.arange(len(ids), device=ids.device)[:, None].expand_as(first)[has]
        begin, end = first[has].long() - 1, last[has].long() - 1
        if self.pooling == "mean":
            counts = end - begin + 1
            word = torch.repeat_interleave(torch.arange(len(rows), device=ids.device), counts)
            within = torch.arange(len(word), device=ids.device) - (counts.cumsum(0) - counts)[word]
            each = states[places[rows[word], begin[word] + within]]
            total = each.new_zeros(len(rows), *each.shape[1:]).index_add(0, word, each)
            pooled = total / counts[:, None, None]
        else:
            pooled = states[places[rows, begin if self.pooling == "first" else end]]
        words = pooled.new_zeros(*first.shape, *pooled.shape[1:])
        words[has] = pooled
        return words

    def _piece_states(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Places of the pieces among the steps of all windows; states of these."""
        if not ids.shape[1]:
            ids = ids.new_zeros(len(ids), 1)
        lengths = to_numpy((ids > 0).sum(1))
        windows: list[tuple[int, int, int]] = []
        longest = min(int(lengths.max(initial=1)), self.window)
        steps = longest + len(self._prefix) + len(self._suffix)
        places = np.zeros(ids.shape, np.int64)
        for row, length in enumerate(lengths.tolist()):
            taken = 0
            for start, end, upto in window_bounds(length, self.window):
                offset = len(windows) * steps + len(self._prefix) - start
                places[row, taken:upto] = np.arange(taken, upto) + offset
                windows.append((row, start, end - start))
                taken = upto
        bounds = torch.tensor(windows, dtype=torch.long, device=ids.device).view(-1, 3)
        portions = [bounds] if torch.is_grad_enabled() else torch.split(bounds, max(WINDOWS, len(ids)))
        states = torch.cat([self._compute(ids, portion, longest).flatten(0, 1) for portion in portions])
        return torch.from_numpy(places).to(ids.device), states

    def _compute(self, ids: Tensor, windows: Tensor, longest: int) -> Tensor:
        """States of some windows with their special pieces; shape (windows, steps, layers, width)."""
        rows, starts, lengths = windows.unbind(1)
        within = torch.arange(longest, device=ids.device)
        content = ids[rows[:, None], (starts[:, None] + within).clamp(max=ids.shape[1] - 1)].long() - 1
        real = within < lengths[:, None]
        inner = torch.where(real, content, torch.full_like(content, self.padding))
        before = self._prefix.expand(len(rows), -1)
        after = torch.full_like(self._suffix, self.padding).expand(len(rows), -1)
        inputs = torch.cat([before, inner, after], 1)
        behind = len(self._prefix) + lengths[:, None] + torch.arange(len(self._suffix), device=ids.device)
        inputs = inputs.scatter(1, behind, self._suffix.expand(len(rows), -1))
        total = (lengths[:, None] + len(self._prefix) + len(self._suffix)).clamp(min=1)  # attention to nothing is NaN
        attention = (torch.arange(inputs.shape[1], device=ids.device) < total).long()
        found = self.network(input_ids=inputs, attention_mask=attention, output_hidden_states=True).hidden_states
        return torch.stack([found[layer] for layer in self.layers], 2)


def window_bounds(length: int, window: int) -> list[tuple[int, int, int]]:
    """Cover a sequence with windows.

    Returns:
        For each window its start and end, and the end of the part that is taken from it: in the middle of what it
        shares with the next one.
    """
    if length <= window:
        return [(0, length, length)]
    starts = [*range(0, length - window, max(window // 2, 1)), length - window]
    cuts = [(start + before + window) // 2 for before, start in itertools.pairwise(starts)]
    return [(start, start + window, cut) for start, cut in zip(starts, [*cuts, length], strict=True)]


@final
class FineTunedEncoder(RatedModule):
    """A `PretrainedEncoder` that is trained further, with dropout from the thread's generator.

    The network itself stays in evaluation mode: its own dropout would draw from the generator of the process, and two
    trainings from one seed would differ. Where it drops out whole features, ours takes that place; the weights of
    attention are not dropped out.
    """

    def __init__(self, encoder: PretrainedEncoder, rate: OwnRate) -> None:
        super().__init__()
        self.encoder, self.rate = encoder, rate
        for module in list(encoder.network.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, nn.Dropout):
                    setattr(module, name, _Dropped(child.p))
        self.train(self.training)

    def train(self, mode: bool = True) -> "FineTunedEncoder":
        """Set the mode of our own layers."""
        super().train(mode)
        self.encoder.network.eval()
        for module in self.encoder.network.modules():
            if isinstance(module, _Dropped):
                module.train(mode)
        return self

    def forward(
        self, ids: Int[Tensor, "batch pieces"], first: Int[Tensor, "batch time"], last: Int[Tensor, "batch time"]
    ) -> Float[Tensor, "batch time layers width"]:
        """Compute the states of words, see `PretrainedEncoder.forward`."""
        return self.encoder(ids, first, last)  # type: ignore[no-any-return]


@final
class _Dropped(nn.Module):
    """Dropout of features at each step; `p` is what the code of attention asks for."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.p = rate
        self.inner = Dropout(rate, variational=False)

    def forward(self, inputs: Any) -> Any:
        return self.inner(inputs) if inputs.ndim == 3 else inputs
