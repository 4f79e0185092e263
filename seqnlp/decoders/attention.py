"""`[decoder]` of a translation: writes a target, token by token, with attention to the encoded source."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.decoders.base import DecoderModule, Loss
from seqnlp.encoders import Cell, Lstm
from seqnlp.nn.attention import Kind
from seqnlp.nn.attention import attention as build_attention
from seqnlp.nn.attention_rnn import AttentionRnn, AttentionRnnSteps, Bridge
from seqnlp.nn.beam_search import BEGIN, PADDING, Hypothesis, Search, beam_search
from seqnlp.nn.cross_entropy import linear_cross_entropy, nats
from seqnlp.nn.device import to_numpy
from seqnlp.nn.dropout import Dropout
from seqnlp.nn.encoder import States
from seqnlp.nn.initial import lookup_table
from seqnlp.nn.recurrent import packed_linear
from seqnlp.shapes import Float, Int
from seqnlp.spec import Spec


@final
class Attention(Spec):
    """Recurrent layers that attend to the source."""

    transferable = ("dropout", "label_smoothing")

    renamed = {"embedding": "embedding_size"}

    attention: Kind = "general"
    """Score of a step of the source: by a small network, or its inner product with the decoder's state."""
    heads: Annotated[int, Field(ge=1)] = 1
    """Attention heads."""
    cell: Cell = Lstm()
    """Recurrence: any causal kind of encoder, with the sizes of this section; LSTM is the fastest here."""
    size: Annotated[int, Field(ge=1)] = 256
    """Units of a layer."""
    layers: Annotated[int, Field(ge=1, le=16)] = 1
    """Stacked layers; the first one queries the attention, those above it read the context too."""
    embedding_size: Annotated[int, Field(ge=1)] = 256
    """Features of a target token's vector."""
    bridge: Bridge = "last"
    """Source of the initial state: both ends of the encoded source, its mean, or nothing."""
    input_feeding: bool = False
    """Read the last step's output along with the next token (Luong et al., 2015); training then goes step by step."""
    tied: bool = True
    """Tie the output layer to the target embeddings, through a projection where widths differ."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of features dropped: of embedded tokens, between layers and before the output."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Label smoothing: share of the target probability that is spread over all tokens."""

    def build(self, width: int, tokens: int, shared_table: Tensor | None = None) -> "AttentionDecoder":
        """Make the network.

        Args:
            width: Features of an encoded step.
            tokens: Target tokens; 0 is padding, then BEGIN and END.
            shared_table: The vectors of the source tokens, shape (tokens, embedding), where those of the target
                are to be the same.

        Raises:
            ValueError: the widths, or the cell, don't fit; see `faults`.
        """
        return AttentionDecoder(self, width, tokens, shared_table)

    def faults(self, width: int, shared: int | None = None) -> Iterator[tuple[str, str]]:
        """Find settings that do not fit the encoder or each other: keys of this section, and problems.

        Args:
            width: Features of an encoded step.
            shared: Features of the source tokens' vectors, where the target is to share them.
        """
        yield from self.misfits(width, shared)
        yield from self.cell.cell_faults(self.embedding_size, self.size)

    def misfits(self, width: int, shared: int | None = None) -> Iterator[tuple[str, str]]:
        """Find widths that do not fit each other; the same arguments as `faults`."""
        if self.attention == "dot" and self.size != width:
            yield "size", f"dot compares vectors of one width: the encoder gives {width} features, size is {self.size}"
        if self.size % self.heads or width % self.heads:
            yield "heads", f"{self.heads} can't share out {self.size} features (size) and the encoder's {width} evenly"
        if shared not in (None, self.embedding_size):
            yield "embedding_size", f"{self.embedding_size} features can't share a table of vectors with {shared}"


@final
class AttentionDecoder(DecoderModule):
    """Recurrent layers, attention and a softmax."""

    named_axes = {"embedding.weight": (0,), "output.weight": (0,), "output.bias": (0,)}

    def __init__(self, spec: Attention, width: int, tokens: int, shared_table: Tensor | None = None) -> None:
        super().__init__()
        for key, problem in spec.misfits(width, None if shared_table is None else shared_table.shape[1]):
            raise ValueError(f"{key}: {problem}")
        attention = build_attention(spec.attention, width, spec.size, spec.heads)
        self.embedding = lookup_table(tokens, spec.embedding_size, 0.1)
        if shared_table is not None:
            assert isinstance(shared_table, nn.Parameter)
            self.embedding.weight = shared_table
        self.layers = AttentionRnn(
            partial(spec.cell.build_cell, size=spec.size),
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
        """Cross-entropy of all target tokens but the first; label-smoothed while training.

        Args:
            states: The encoded sources.
            target: BEGIN w1 .. wn END, padded with 0.
        """
        hidden, gold, _ = self._read(states, target)
        smoothing = self.label_smoothing if self.training else 0.0
        total = linear_cross_entropy(hidden, self.output.weight, self.output.bias, gold, smoothing)
        return Loss(total, len(gold))

    def nats(self, states: States, target: Int[Tensor, "batch steps"]) -> Float[Tensor, "batch remaining"]:
        """Negative log-likelihood of each target token but the first, in nats; 0 at padding."""
        hidden, gold, places = self._read(states, target)
        found = nats(hidden, self.output.weight, self.output.bias, gold)
        batch, steps = target.shape
        return found.new_zeros(batch * (steps - 1)).index_copy(0, places, found).view(batch, steps - 1)

    def _read(self, states: States, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the inputs of the softmax at real steps; also returns the right tokens, and the flat steps."""
        inputs, gold = target[:, :-1], target[:, 1:].flatten()
        embedded = self.dropout(nn.functional.embedding(inputs, self.embedding.weight))
        outputs = self.layers(embedded, target[:, 1:] != PADDING, states)
        places = gold.nonzero().squeeze(1)  # PADDING is 0
        hidden = self.dropout(outputs).flatten(0, 1).index_select(0, places)
        return self.projection(hidden), gold[places], places

    def predict(self, states: States) -> list[list[Hypothesis]]:
        """Translate each sentence by greedy search."""
        return self.search([(self, states)], Search())

    @staticmethod
    def search(
        models: Sequence[tuple["AttentionDecoder", States]],
        search: Search,
        prefixes: Sequence[Sequence[int]] | None = None,
    ) -> list[list[Hypothesis]]:
        """Search for the best targets of a batch of sentences.

        Args:
            models: Decoders with the sources as encoded for each of them; probabilities of several are averaged.
            search: Settings of the search.
            prefixes: Tokens that each target must begin with.
        """
        mask = models[0][1].mask
        with torch.inference_mode():
            steps = [AttentionDecoderSteps(decoder, states) for decoder, states in models]
        begin = torch.full((len(mask),), BEGIN, device=mask.device)
        lengths = to_numpy(mask.sum(1))
        return beam_search(steps, search, begin, lengths, prefixes)


@final
class AttentionDecoderSteps:
    """Targets that are written one token at a time."""

    def __init__(self, decoder: AttentionDecoder, states: States) -> None:
        """Begin one target for each sentence, with nothing read yet; weights that change later are not seen."""
        self._table = decoder.embedding.weight
        self._output = packed_linear(decoder.output.weight, decoder.output.bias)
        projection = decoder.projection
        self._project = packed_linear(projection.weight, None) if isinstance(projection, nn.Linear) else None
        self.layers = AttentionRnnSteps(decoder.layers, states)

    def step(
        self, tokens: Int[Tensor, " rows"]
    ) -> tuple[Float[Tensor, "rows vocabulary"], Float[Tensor, "rows source"]]:
        """Read a token of each target, BEGIN at first.

        Returns:
            Log-probabilities of the next token, and attention to the steps of the source (on average over heads; 0
            at padded ones).
        """
        weights = self.layers.step(self._table[tokens])
        hidden = self.layers.outputs if self._project is None else self._project(self.layers.outputs)
        logits = self._output(hidden)
        return logits.to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(1), weights

    def keep(self, rows: Int[Tensor, " chosen"]) -> None:
        """Select targets, those of one sentence side by side, sentences in order."""
        self.layers.keep(rows)
