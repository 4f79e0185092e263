"""Recurrent layers that attend to an encoded source: over a whole known target at once, or a step at a time.

The first layer asks: it reads only the target, so that it can run over all of it before anything is attended to. One
product then answers every question of every step, and the layers above read question and answer. Only with input
feeding, where the first layer reads what was attended to the step before, must the steps go one by one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, final

import torch
from torch import Tensor, nn

from seqnlp.nn.attention import Attention, Source
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.pooling import LastStep, Mean, Pooling
from seqnlp.nn.recurrent import Recurrent
from seqnlp.nn.single_step import Cell, cell, product
from seqnlp.nn.states import States
from seqnlp.shapes import Bool, Float, Int

Bridge = Literal["last", "mean", "none"]


@dataclass(frozen=True)
class Laid:
    """The weights, laid out for single steps."""

    cells: list[Cell]
    combine: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Progress:
    """Hypotheses between two steps. Several of one sentence share its encoded source."""

    laid: Laid
    source: Source
    owner: Int[Tensor, " rows"]
    """Which sentence of the source each hypothesis translates; ascending."""
    carry: list[list[Tensor]]
    """The state of each layer; each part of shape (rows, size)."""
    combined: Float[Tensor, "rows size"]
    """The outputs of the last step."""

    def select(self, rows: Int[Tensor, " chosen"]) -> "Progress":
        """Go on with these hypotheses; a sentence that has none any more leaves the source."""
        kept, owner = torch.unique_consecutive(self.owner[rows], return_inverse=True)
        source = self.source if len(kept) == len(self.source.mask) else self.source.select(kept)
        carry = [[part[rows] for part in layer] for layer in self.carry]
        return replace(self, source=source, owner=owner, carry=carry, combined=self.combined[rows])

    @cached_property
    def grid(self) -> tuple[int, Int[Tensor, " rows"]]:
        """The most hypotheses that a sentence has, and the cell of each in a (sentences, most) grid."""
        counts = torch.bincount(self.owner, minlength=len(self.source.mask))
        places = torch.arange(len(self.owner)) - (counts.cumsum(0) - counts)[self.owner]
        most = int(counts.max())
        return most, self.owner * most + places


@final
class Attentive(nn.Module):
    """A stack of recurrent layers with attention, whose output is tanh(W [top; context]) (Luong et al., 2015)."""

    def __init__(
        self,
        kind: Literal["lstm", "gru"],
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
            kind: The recurrence.
            embedded: Features of a target token.
            size: Units of a layer, and features of the output.
            layers: The one that asks, and those above it.
            attention: For queries of `size` features.
            bridge: What the first state is made of.
            feeding: Whether the first layer reads the last step's output too.
            dropout: Share of features dropped between layers.
        """
        super().__init__()
        self.size, self.feeding, self.attention = size, feeding, attention
        width = attention.width
        self.bottom = Recurrent(kind, embedded + size * feeding, size)
        self.upper = Recurrent(kind, size + width, size, layers - 1, dropout=dropout) if layers > 1 else None
        self.combine = nn.Linear(size + width, size)
        self.dropout = Dropout(dropout)
        self.layers, self.parts = layers, 2 if kind == "lstm" else 1
        pools: dict[Bridge, Pooling | None] = {
            "last": LastStep(width, both_ends=True),
            "mean": Mean(width),
            "none": None,
        }
        self.pooling = pools[bridge]
        self.bridge = None if self.pooling is None else nn.Linear(self.pooling.width, layers * self.parts * size)

    def first(self, states: States) -> list[list[Tensor]]:
        """The state of each layer before the first step; each part of shape (batch, size)."""
        number = self.layers * self.parts
        if self.pooling is None or self.bridge is None:
            parts = [self.combine.weight.new_zeros(len(states.mask), self.size) for _ in range(number)]
        else:
            made = torch.tanh(self.bridge(self.pooling(states).vectors)).to(self.combine.weight.dtype)
            parts = list(made.chunk(number, 1))
        return [parts[layer * self.parts : (layer + 1) * self.parts] for layer in range(self.layers)]

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
        first = [[part.unsqueeze(0).contiguous() for part in layer] for layer in self.first(states)]
        asked = self.bottom(embedded, mask, first[0]).outputs
        contexts, _ = self.attention(asked, self.attention.source(states))
        top = asked
        if self.upper is not None:
            answered = self.dropout(torch.cat([asked, contexts], -1))
            top = self.upper(answered, mask, [part for layer in first[1:] for part in layer]).outputs
        return torch.tanh(self.combine(torch.cat([top, contexts], -1)))

    def _one_by_one(self, embedded: Tensor, states: States) -> Tensor:
        ones = embedded.new_ones(len(embedded), 1, self.size + self.attention.width)
        masks = [self.dropout(ones if layer == 0 else ones[..., : self.size])[:, 0] for layer in range(self.layers - 1)]
        progress, outputs = self.start(states), []
        for step in range(embedded.shape[1]):
            _, progress = self.step(embedded[:, step], progress, masks)
            outputs.append(progress.combined)
        return torch.stack(outputs, 1)

    def start(self, states: States) -> Progress:
        """One hypothesis a sentence, with nothing read yet."""
        stacks = [self.bottom] if self.upper is None else [self.bottom, self.upper]
        cells = [cell(next(layer.children())) for stack in stacks for layer in stack.layers]
        owner = torch.arange(len(states.mask))
        nothing = self.combine.weight.new_zeros(len(owner), self.size)
        laid = Laid(cells, product(self.combine.weight, self.combine.bias))
        return Progress(laid, self.attention.source(states), owner, self.first(states), nothing)

    def step(
        self, embedded: Float[Tensor, "rows features"], progress: Progress, masks: list[Tensor] | None = None
    ) -> tuple[Float[Tensor, "rows source"], Progress]:
        """Read one token of each hypothesis.

        Args:
            embedded: The tokens.
            progress: The state before them.
            masks: Of dropout, for the inputs of each layer but the first.

        Returns:
            How much each attended to the source, on average over heads; and the state after them.
        """
        cells, carry = progress.laid.cells, list(progress.carry)
        inputs = torch.cat([embedded, progress.combined], 1) if self.feeding else embedded
        carry[0] = cells[0].step(inputs, carry[0])
        top = carry[0][0]
        contexts, weights = self._attend(top, progress)
        for layer in range(1, self.layers):
            inputs = torch.cat([top, contexts], 1) if layer == 1 else top
            carry[layer] = cells[layer].step(inputs if masks is None else inputs * masks[layer - 1], carry[layer])
            top = carry[layer][0]
        combined = torch.tanh(progress.laid.combine(torch.cat([top, contexts], 1)))
        return weights, replace(progress, carry=carry, combined=combined)

    def _attend(self, queries: Tensor, progress: Progress) -> tuple[Tensor, Tensor]:
        """Context and weights of each row: hypotheses of a sentence ask its source together, without copies of it."""
        most, places = progress.grid
        sentences, rows = len(progress.source.mask), len(queries)
        if rows == sentences * most:
            contexts, weights = self.attention(queries.view(sentences, most, -1), progress.source)
            return contexts.flatten(0, 1), weights.mean(1).flatten(0, 1)
        grid = queries.new_zeros(sentences * most, self.size).index_copy(0, places, queries)
        contexts, weights = self.attention(grid.view(sentences, most, -1), progress.source)
        return contexts.flatten(0, 1)[places], weights.mean(1).flatten(0, 1)[places]
