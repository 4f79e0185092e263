"""Attention of a decoder to the encoded source: additive, dot and general, with one or several heads."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from seqnlp.nn.encoder import States
from seqnlp.shapes import Bool, Float, Int

Kind = Literal["additive", "dot", "general"]

Queries = Float[Tensor, "batch target query"]
Keys = Float[Tensor, "batch heads source part"]
Scores = Float[Tensor, "batch heads target source"]


@dataclass(frozen=True)
class EncodedSource:
    """Keys and values of encoded sentences, computed once for all queries."""

    keys: Keys
    """Compared with queries."""
    values: Float[Tensor, "batch heads source share"]
    """Averaged into contexts."""
    mask: Bool[Tensor, "batch source"]
    """True on real steps."""

    def select(self, rows: Int[Tensor, " chosen"]) -> "EncodedSource":
        """Select sentences."""
        return EncodedSource(self.keys[rows], self.values[rows], self.mask[rows])


class Attention(nn.Module, ABC):
    """Attention over the steps of the source: the context of a query is their weighted mean.

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

    def source(self, states: States) -> EncodedSource:
        """Compute keys and values of encoded sentences."""
        outputs = states.outputs.masked_fill(~states.mask.unsqueeze(-1), 0)  # 0 * NaN would get through the weights
        values = outputs if self.value is None else self.value(outputs)
        return EncodedSource(self.divided(self.keys(outputs)), self.divided(values), states.mask)

    def forward(self, queries: Queries, source: EncodedSource) -> tuple[Float[Tensor, "batch target width"], Scores]:
        """Compute the context of each query and its attention weights: in sum 1, and 0 at padded steps."""
        scores = self.scores(queries, source.keys)
        full = scores.to(torch.promote_types(scores.dtype, torch.float32))
        weights = full.masked_fill(~source.mask[:, None, None], -torch.inf).softmax(-1)
        contexts = weights.to(source.values.dtype) @ source.values
        return contexts.transpose(1, 2).flatten(2), weights

    def divided(self, steps: Float[Tensor, "batch steps features"]) -> Float[Tensor, "batch heads steps part"]:
        """Divide features among the heads."""
        return steps.view(*steps.shape[:2], self.heads, -1).transpose(1, 2)

    @abstractmethod
    def keys(self, outputs: Float[Tensor, "batch source width"]) -> Float[Tensor, "batch source features"]:
        """Compute the keys, which queries are compared with."""

    def scores(self, queries: Queries, keys: Keys) -> Scores:
        """Compute the scores of each step for each query: inner products, unless a kind compares otherwise."""
        return self.divided(queries) @ keys.transpose(2, 3)


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

    def scores(self, queries: Queries, keys: Keys) -> Scores:
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


@final
class General(Attention):
    """q . W k (Luong et al., 2015); the map is applied to the source, once."""

    def __init__(self, width: int, query: int, heads: int = 1) -> None:
        super().__init__(width, query, heads)
        self.key = nn.Linear(width, query, bias=False)

    def keys(self, outputs: Float[Tensor, "batch source width"]) -> Float[Tensor, "batch source query"]:
        """W k."""
        return linear(outputs, self.key.weight)


def attention(kind: Kind, width: int, query: int, heads: int = 1) -> Attention:
    """The attention of this kind. See `Attention.__init__`."""
    kinds: dict[Kind, type[Attention]] = {"additive": Additive, "dot": Dot, "general": General}
    return kinds[kind](width, query, heads)
