"""Attention of a decoder to the encoded source: additive, dot and general, with one or several heads."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqnlp.nn.states import States
from seqnlp.shapes import Bool, Float, Int

Kind = Literal["additive", "dot", "general"]


@dataclass(frozen=True)
class Source:
    """Encoded sentences, made ready once for all the queries that will come."""

    keys: Float[Tensor, "batch heads source part"]
    """What queries are compared with."""
    values: Float[Tensor, "batch heads source share"]
    """What contexts are made of."""
    mask: Bool[Tensor, "batch source"]
    """True on real steps."""

    def select(self, rows: Int[Tensor, " chosen"]) -> "Source":
        """Some of the sentences."""
        return Source(self.keys[rows], self.values[rows], self.mask[rows])


class Attention(nn.Module, ABC):
    """Weighs the steps of the source for each query; a context is the weighed mean.

    With several heads, queries, keys and (projected) values are divided into as many parts, each with weights of its
    own, and the parts of the context stand side by side (Vaswani et al., 2017, section 3.2.2).
    """

    def __init__(self, width: int, query: int, heads: int = 1) -> None:
        """Build the maps.

        Args:
            width: Features of a source step, and of a context.
            query: Features of a query.
            heads: Sets of weights; must divide `width` and the features that are compared.
        """
        super().__init__()
        if width % heads or query % heads:
            raise ValueError(
                f"{heads} heads: they can't share out {width} features of the source and {query} of a query"
            )
        self.width, self.heads = width, heads
        self.value = nn.Linear(width, width, bias=False) if heads > 1 else None

    def source(self, states: States) -> Source:
        """Make encoded sentences ready."""
        outputs = states.outputs.masked_fill(~states.mask.unsqueeze(-1), 0)  # 0 * NaN would get through the weights
        values = outputs if self.value is None else self.value(outputs)
        return Source(self.divided(self.keys(outputs)), self.divided(values), states.mask)

    def forward(
        self, queries: Float[Tensor, "batch target query"], source: Source
    ) -> tuple[Float[Tensor, "batch target width"], Float[Tensor, "batch heads target source"]]:
        """The context of each query, and the weights that made it: in sum 1, and 0 at padded steps."""
        strengths = self.strengths(queries, source.keys)
        full = strengths.to(torch.promote_types(strengths.dtype, torch.float32))
        weights = full.masked_fill(~source.mask[:, None, None], -torch.inf).softmax(-1)
        contexts = weights.to(source.values.dtype) @ source.values
        return contexts.transpose(1, 2).flatten(2), weights

    def divided(self, steps: Float[Tensor, "batch steps features"]) -> Float[Tensor, "batch heads steps part"]:
        """The parts of the heads."""
        return steps.view(*steps.shape[:2], self.heads, -1).transpose(1, 2)

    @abstractmethod
    def keys(self, outputs: Float[Tensor, "batch source width"]) -> Float[Tensor, "batch source features"]:
        """What queries are compared with."""

    @abstractmethod
    def strengths(
        self, queries: Float[Tensor, "batch target query"], keys: Float[Tensor, "batch heads source part"]
    ) -> Float[Tensor, "batch heads target source"]:
        """How well each step of the source fits each query: the weights before the softmax."""


@final
class Additive(Attention):
    """v . tanh(W q + U k): a layer that compares (Bahdanau et al., 2015)."""

    def __init__(self, width: int, query: int, heads: int = 1) -> None:
        super().__init__(width, query, heads)
        self.query = nn.Linear(query, query, bias=False)
        self.key = nn.Linear(width, query)
        self.vector = nn.Parameter(torch.empty(query))
        nn.init.uniform_(self.vector, -(query**-0.5), query**-0.5)

    def keys(self, outputs: Float[Tensor, "batch source width"]) -> Float[Tensor, "batch source query"]:
        """U k."""
        return self.key(outputs)  # type: ignore[no-any-return]

    def strengths(
        self, queries: Float[Tensor, "batch target query"], keys: Float[Tensor, "batch heads source part"]
    ) -> Float[Tensor, "batch heads target source"]:
        """Compare every query with every step."""
        compared = torch.tanh(self.divided(self.query(queries)).unsqueeze(3) + keys.unsqueeze(2))
        vectors = self.vector.view(self.heads, -1).to(compared.dtype)
        return torch.einsum("bhtsp,hp->bhts", compared, vectors)


@final
class Dot(Attention):
    """q . k (Luong et al., 2015); queries are as wide as the steps of the source."""

    def __init__(self, width: int, query: int, heads: int = 1) -> None:
        super().__init__(width, query, heads)
        if width != query:
            raise ValueError(f"dot compares vectors of one width: the source has {width} features, a query {query}")

    def keys(self, outputs: Float[Tensor, "batch source width"]) -> Float[Tensor, "batch source width"]:
        """The steps of the source themselves."""
        return outputs

    def strengths(
        self, queries: Float[Tensor, "batch target query"], keys: Float[Tensor, "batch heads source part"]
    ) -> Float[Tensor, "batch heads target source"]:
        """Inner products."""
        return self.divided(queries) @ keys.transpose(2, 3)


@final
class General(Attention):
    """q . W k (Luong et al., 2015); the map is applied to the source, once."""

    def __init__(self, width: int, query: int, heads: int = 1) -> None:
        super().__init__(width, query, heads)
        self.key = nn.Linear(width, query, bias=False)

    def keys(self, outputs: Float[Tensor, "batch source width"]) -> Float[Tensor, "batch source query"]:
        """W k."""
        return linear(outputs, self.key.weight)

    def strengths(
        self, queries: Float[Tensor, "batch target query"], keys: Float[Tensor, "batch heads source part"]
    ) -> Float[Tensor, "batch heads target source"]:
        """Inner products."""
        return self.divided(queries) @ keys.transpose(2, 3)


def attention(kind: Kind, width: int, query: int, heads: int = 1) -> Attention:
    """The attention of this kind. See `Attention.__init__`."""
    kinds: dict[Kind, type[Attention]] = {"additive": Additive, "dot": Dot, "general": General}
    return kinds[kind](width, query, heads)
