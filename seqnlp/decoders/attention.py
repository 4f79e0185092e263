"""`[decoder]` of a translation: writes a target, token by token, with attention to the encoded source."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.nn.attention import Kind
from seqnlp.nn.attention import attention as build_attention
from seqnlp.nn.attentive import Attentive, Bridge, Progress
from seqnlp.nn.cross_entropy import linear_cross_entropy, nats
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.search import PADDING, Hypothesis, Search, search
from seqnlp.nn.single_step import product
from seqnlp.nn.states import States
from seqnlp.shapes import Float, Int
from seqnlp.spec import Spec


@final
class Attention(Spec):
    """Recurrent layers that attend to the source."""

    renamed = {"embedding": "embedding_size"}

    attention: Kind = "general"
    """How a step of the source is weighed: by a small network, or by its inner product with the decoder's state."""
    heads: Annotated[int, Field(ge=1)] = 1
    """Sets of weights; each attends to other things."""
    cell: Literal["lstm", "gru"] = "lstm"
    """The recurrence; LSTM is the faster one here."""
    size: Annotated[int, Field(ge=1)] = 256
    """Units of a layer."""
    layers: Annotated[int, Field(ge=1, le=16)] = 1
    """Layers on top of each other; the first one asks, those above it read the answer too."""
    embedding_size: Annotated[int, Field(ge=1)] = 256
    """Features of a target token's vector."""
    bridge: Bridge = "last"
    """What the first state is made of: both ends of the encoded source, its mean, or nothing."""
    input_feeding: bool = False
    """Read what was attended to along with the next token (Luong et al., 2015); training then goes step by step."""
    tied: bool = True
    """Take the vectors of target tokens for those of the output too, through a projection where widths differ."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of features dropped: of embedded tokens, between layers and before the output."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the probability that training spreads over all tokens; the model then becomes less sure."""

    def build(self, width: int, tokens: int, shared_table: Tensor | None = None) -> "AttentionDecoder":
        """Make the network.

        Args:
            width: Features of an encoded step.
            tokens: Target tokens; 0 is padding, then BEGIN and END.
            shared_table: The vectors of the source tokens, shape (tokens, embedding), where those of the target
                are to be the same.

        Raises:
            ValueError: for widths that don't fit each other; see `AttentionDecoder`.
        """
        return AttentionDecoder(self, width, tokens, shared_table)

    def misfits(self, width: int, shared: int | None = None) -> Iterator[tuple[str, str]]:
        """What does not fit the encoder: keys of this section, each with what is wrong.

        Args:
            width: Features of an encoded step.
            shared: Features of the source tokens' vectors, where the target is to share them.
        """
        if self.attention == "dot" and self.size != width:
            yield "size", f"dot compares vectors of one width: the encoder gives {width} features, size is {self.size}"
        if self.size % self.heads or width % self.heads:
            yield "heads", f"{self.heads} can't share out {self.size} features (size) and the encoder's {width} evenly"
        if shared not in (None, self.embedding_size):
            yield "embedding_size", f"{self.embedding_size} features can't share a table of vectors with {shared}"


@dataclass(frozen=True)
class DecoderState:
    """Hypotheses between two steps."""

    progress: Progress
    logits: Callable[[Tensor], Tensor]
    """From the layers' outputs to the logits, laid out."""

    def select(self, rows: Int[Tensor, " chosen"]) -> "DecoderState":
        """Go on with these hypotheses; those of one sentence side by side, sentences in order."""
        return DecoderState(self.progress.select(rows), self.logits)


@final
class AttentionDecoder(DecoderModule):
    """Recurrent layers, attention and a softmax."""

    def __init__(self, spec: Attention, width: int, tokens: int, shared_table: Tensor | None = None) -> None:
        """Make the network. See `Attention.build`."""
        super().__init__()
        for key, problem in spec.misfits(width, None if shared_table is None else shared_table.shape[1]):
            raise ValueError(f"{key}: {problem}")
        attention = build_attention(spec.attention, width, spec.size, spec.heads)
        self.embedding = nn.Embedding(tokens, spec.embedding_size)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        if shared_table is not None:
            assert isinstance(shared_table, nn.Parameter)
            self.embedding.weight = shared_table
        self.layers = Attentive(
            spec.cell,
            spec.embedding_size,
            spec.size,
            spec.layers,
            attention,
            spec.bridge,
            spec.input_feeding,
            spec.dropout,
        )
        self.dropout, self.label_smoothing = Dropout(spec.dropout), spec.label_smoothing
        last = spec.embedding_size if spec.tied else spec.size
        self.projection = nn.Identity() if last == spec.size else nn.Linear(spec.size, last, bias=False)
        self.output = nn.Linear(last, tokens)
        nn.init.zeros_(self.output.bias)
        if spec.tied:
            self.output.weight = self.embedding.weight

    def loss(self, states: States, target: Int[Tensor, "batch steps"]) -> Loss:
        """Cross-entropy of all tokens of a target but the first, smoothed while training.

        Args:
            states: The encoded sources.
            target: BEGIN w1 .. wn END, padded with 0.
        """
        hidden, gold, _ = self._read(states, target)
        smoothing = self.label_smoothing if self.training else 0.0
        total = linear_cross_entropy(hidden, self.output.weight, self.output.bias, gold, smoothing)
        return Loss(total, len(gold))

    def nats(self, states: States, target: Int[Tensor, "batch steps"]) -> Float[Tensor, "batch remaining"]:
        """How surprising each token of a target but the first is, in nats; 0 at padding; remaining = steps - 1."""
        hidden, gold, places = self._read(states, target)
        found = nats(hidden, self.output.weight, self.output.bias, gold)
        batch, steps = target.shape
        return found.new_zeros(batch * (steps - 1)).index_copy(0, places, found).view(batch, steps - 1)

    def _read(self, states: States, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the softmax takes at the real steps, the tokens that are right there, and which steps they are."""
        inputs, gold = target[:, :-1], target[:, 1:].flatten()
        embedded = self.dropout(nn.functional.embedding(inputs, self.embedding.weight))
        outputs = self.layers(embedded, target[:, 1:] != PADDING, states)
        places = gold.nonzero().squeeze(1)  # PADDING is 0
        hidden = self.dropout(outputs).flatten(0, 1).index_select(0, places)
        return self.projection(hidden), gold[places], places

    def predict(self, states: States) -> list[list[Hypothesis]]:
        """The greedy translation of each sentence."""
        return search([(self, states)], Search())

    def start(self, states: States) -> DecoderState:
        """One hypothesis a sentence, with nothing read yet. Weights that change later are not seen by its steps."""
        output = product(self.output.weight, self.output.bias)
        if isinstance(self.projection, nn.Linear):
            project = product(self.projection.weight, None)
            return DecoderState(self.layers.start(states), lambda hidden: output(project(hidden)))
        return DecoderState(self.layers.start(states), output)

    def step(
        self, tokens: Int[Tensor, " rows"], state: DecoderState
    ) -> tuple[Float[Tensor, "rows vocabulary"], Float[Tensor, "rows source"], DecoderState]:
        """Read a token of each hypothesis, BEGIN at first.

        Returns:
            Log-probabilities of the next token, attention to the steps of the source (on average over heads; 0 at
            padded ones), and the new state.
        """
        weights, progress = self.layers.step(self.embedding.weight[tokens], state.progress)
        logits = state.logits(progress.combined)
        logs = logits.to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(1)
        return logs, weights, DecoderState(progress, state.logits)
