"""Recurrent layers that attend to an encoded source: over a whole known target at once, or a step at a time.

The first layer asks: it reads only the target, so that it can run over all of it before anything is attended to. One
product then answers every question of every step, and the layers above read question and answer. Only with input
feeding, where the first layer reads the output of the step before, must the steps go one by one.
"""

from collections.abc import Callable
from typing import Literal, final

import torch
from torch import Tensor, nn

from seqnlp.nn.attention import Attention
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import EncoderModule, States, split_state, state_shapes
from seqnlp.nn.pooling import LastStep, Mean, Pooling
from seqnlp.nn.recurrent.packed import ROWS, packed_linear
from seqnlp.shapes import Bool, Float, Int

Bridge = Literal["last", "mean", "none"]


@final
class AttentionRnn(nn.Module):
    """A stack of recurrent layers with attention, whose output is tanh(W [top; context]) (Luong et al., 2015)."""

    def __init__(
        self,
        cell: Callable[[int], EncoderModule],
        embedded: int,
        size: int,
        layers: int,
        attention: Attention,
        bridge: Bridge = "last",
        feeding: bool = False,
        dropout: float = 0.0,
    ) -> None:
        """Build the layers.

        Args:
            cell: Makes a causal layer of `size` units for inputs of some width.
            embedded: Features of a target token.
            size: Units of a layer, and features of the output.
            layers: The one that asks, and those above it.
            attention: For queries of `size` features.
            bridge: The vector of the source that initial states are computed from.
            feeding: Whether the first layer reads the last step's output too.
            dropout: Share of features dropped between layers.
        """
        super().__init__()
        self.size, self.feeding, self.attention = size, feeding, attention
        widths = [embedded + size * feeding, size + attention.width] + [size] * (layers - 2)
        self.layers = nn.ModuleList(cell(width) for width in widths[:layers])
        self.combine = nn.Linear(size + attention.width, size)
        self.dropout = Dropout(dropout)
        self._shapes = [state_shapes(layer, width) for layer, width in zip(self.layers, widths, strict=False)]
        pools: dict[Bridge, Pooling | None] = {
            "last": LastStep(attention.width, both_ends=True),
            "mean": Mean(attention.width),
            "none": None,
        }
        self.pooling = pools[bridge]
        features = sum(shape.numel() for shapes in self._shapes for shape in shapes)
        self.bridge = None if self.pooling is None else nn.Linear(self.pooling.width, features)

    def initial_state(self, states: States) -> list[list[Tensor]]:
        """Compute the state of each layer before the first step."""
        sizes = [sum(shape.numel() for shape in shapes) for shapes in self._shapes]
        if self.pooling is None or self.bridge is None:
            features = self.combine.weight.new_zeros(len(states.mask), sum(sizes))
        else:
            features = torch.tanh(self.bridge(self.pooling(states).vectors)).to(self.combine.weight.dtype)
        return [split_state(part, own) for part, own in zip(torch.split(features, sizes, 1), self._shapes, strict=True)]

    def forward(
        self, embedded: Float[Tensor, "batch time features"], mask: Bool[Tensor, "batch time"], states: States
    ) -> Float[Tensor, "batch time size"]:
        """Read whole targets.

        Args:
            embedded: The targets, from BEGIN on.
            mask: True on their real steps.
            states: The encoded sources.
        """
        if self.feeding:
            return self._one_by_one(embedded, states)
        asking, *above = zip(self.layers, self.initial_state(states), strict=True)
        top = asking[0](embedded, mask, asking[1]).outputs
        contexts, _ = self.attention(top, self.attention.source(states))
        inputs = torch.cat([top, contexts], -1)
        for layer, state in above:
            inputs = top = layer(self.dropout(inputs), mask, state).outputs
        return torch.tanh(self.combine(torch.cat([top, contexts], -1)))

    def _one_by_one(self, embedded: Tensor, states: States) -> Tensor:
        ones = embedded.new_ones(len(embedded), 1, self.size + self.attention.width)
        above = [self.size + self.attention.width] + [self.size] * (len(self.layers) - 2)
        masks = [self.dropout(ones[..., :width])[:, 0] for width in above[: len(self.layers) - 1]]
        steps, outputs = AttentionRnnSteps(self, states), []
        for step in range(embedded.shape[1]):
            steps.step(embedded[:, step], masks)
            outputs.append(steps.outputs)
        return torch.stack(outputs, 1)


@final
class AttentionRnnSteps:
    """Target sequences that are read one step at a time. Several with one source share its keys and values."""

    def __init__(self, network: AttentionRnn, states: States) -> None:
        """Begin one sequence for each source, with nothing read yet; weights that change later are not seen."""
        rows, weight = len(states.mask), network.combine.weight
        self._network = network
        self._combine = packed_linear(weight, network.combine.bias)
        self._steppers = []
        for layer, state in zip(network.layers, network.initial_state(states), strict=True):
            assert isinstance(layer, EncoderModule)
            stepper = layer.stepper(ROWS)
            stepper.load(state, rows)
            self._steppers.append(stepper)
        self.source = network.attention.source(states)
        self.outputs: Float[Tensor, "rows size"] = weight.new_zeros(rows, network.size)
        """Outputs of the last step."""
        self._own(torch.arange(rows, device=weight.device))

    def _own(self, owner: Int[Tensor, " rows"]) -> None:
        """Note each row's source, ascending, and cell in a grid of both."""
        counts = torch.bincount(owner, minlength=len(self.source.mask))
        places = torch.arange(len(owner), device=owner.device) - (counts.cumsum(0) - counts)[owner]
        self._owner, self._most = owner, int(counts.max())
        self._cells = owner * self._most + places

    def keep(self, rows: Int[Tensor, " chosen"]) -> None:
        """Select sequences, those of one source side by side; a source without any leaves."""
        kept, owner = torch.unique_consecutive(self._owner[rows], return_inverse=True)
        if len(kept) < len(self.source.mask):
            self.source = self.source.select(kept)
        for stepper in self._steppers:
            stepper.keep(rows)
        self.outputs = self.outputs[rows]
        self._own(owner)

    def step(
        self, embedded: Float[Tensor, "rows features"], masks: list[Tensor] | None = None
    ) -> Float[Tensor, "rows source"]:
        """Read one token of each sequence.

        Args:
            embedded: The tokens.
            masks: Dropout of the inputs of each layer but the first.

        Returns:
            Attention weights, on average over heads.
        """
        inputs = torch.cat([embedded, self.outputs], 1) if self._network.feeding else embedded
        top = self._steppers[0].step(inputs)
        contexts, weights = self._attend(top)
        inputs = torch.cat([top, contexts], 1)
        for number, stepper in enumerate(self._steppers[1:]):
            inputs = top = stepper.step(inputs if masks is None else inputs * masks[number])
        self.outputs = torch.tanh(self._combine(torch.cat([top, contexts], 1)))
        return weights

    def _attend(self, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Context and weights of each row: rows of one source query it together, without copies of it."""
        sources, rows, attention = len(self.source.mask), len(queries), self._network.attention
        if rows == sources * self._most:
            contexts, weights = attention(queries.reshape(sources, self._most, -1), self.source)
            return contexts.flatten(0, 1), weights.mean(1).flatten(0, 1)
        grid = queries.new_zeros(sources * self._most, queries.shape[1]).index_copy(0, self._cells, queries)
        contexts, weights = attention(grid.view(sources, self._most, -1), self.source)
        return contexts.flatten(0, 1)[self._cells], weights.mean(1).flatten(0, 1)[self._cells]
