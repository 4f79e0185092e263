"""`[expander]` of a segmenter: character-level sequence-to-sequence model of multiword tokens that train lacks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, final

import numpy as np
import torch
from pydantic import Field

from seqnlp.arrays import Ragged
from seqnlp.codecs.expansion_spelling import NOT_COPIED, ExpansionSpelling, copied_places
from seqnlp.codecs.expansions import Expansions, Words, cased
from seqnlp.codecs.sentences import BEGIN, END, PADDING, UNKNOWN
from seqnlp.decoders import Attention, AttentionDecoder, DecoderModule, Loss
from seqnlp.embeddings import TokenBatch, TokenEmbedding
from seqnlp.encoders import Lstm
from seqnlp.model import Batch, SequenceModel
from seqnlp.nn.beam_search import Hypothesis, Search
from seqnlp.nn.device import TensorBatch
from seqnlp.nn.encoder import States
from seqnlp.shapes import Bool, Int
from seqnlp.spec import Spec
from seqnlp.tasks.translate.dataset import TARGET
from seqnlp.tasks.translate.search import hypotheses, spelled

EXPANSION = "expansion"
"""Name of the decoder."""
CACHED = 1 << 16
"""Expanded tokens that are remembered."""
LONGEST = 100
"""Characters of a token that is expanded by the model, at most."""


@final
class Expander(Spec):
    """`[expander]` section: model of multiword tokens that train lacks, a recurrent encoder and decoder with attention.

    It is trained on the multiword tokens of train, each form once, beside the segmenter.
    """

    transferable = ("dropout", "char_dropout", "share", "beam")

    size: Annotated[int, Field(ge=1)] = 64
    """Units of each direction of the encoder; the decoder has twice as many."""
    embedding_size: Annotated[int, Field(ge=1)] = 32
    """Features of a character."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of features dropped, in the encoder's input and in the decoder."""
    char_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the characters that are the same in token and words and are taken for unknown on both sides while
    training: so the model learns to copy."""
    share: Annotated[float, Field(gt=0, le=10)] = 0.25
    """Characters of multiword tokens in a batch, for each of the running text."""
    beam: Annotated[int, Field(ge=1)] = 4
    """Beam size: hypotheses of a token that are followed, the best one that differs from it as in train wins."""

    def build(self, tokens: int) -> "ExpanderModule":
        """Make the network for a vocabulary of so many characters."""
        return ExpanderModule(self, tokens)


@dataclass(frozen=True)
class ExpansionBatch(TensorBatch):
    """Multiword tokens and their words, as numbers of characters."""

    index: Int[torch.Tensor, "batch time"]
    real: Bool[torch.Tensor, "batch time"]
    """True at the characters of the tokens."""
    target: Int[torch.Tensor, "batch steps"]
    """Words between BEGIN and END, padded with 0."""


@final
class ExpanderModule(DecoderModule):
    """Translator of characters. It reads multiword tokens by themselves, not the states of the text around them."""

    named_axes = {
        "translator.embedding.table.weight": (0,),
        **{f"translator.heads.0.{name}": axes for name, axes in AttentionDecoder.named_axes.items()},
    }

    def __init__(self, spec: Expander, tokens: int) -> None:
        super().__init__()
        embedding = TokenEmbedding(size=spec.embedding_size, dropout=spec.dropout).build(tokens)
        encoder = Lstm(size=spec.size).build(embedding.width)
        decoder = Attention(size=2 * spec.size, embedding_size=spec.embedding_size, dropout=spec.dropout)
        self.translator = SequenceModel(embedding, encoder, {TARGET: decoder.build(encoder.width, tokens)})

    def loss(self, states: States, target: ExpansionBatch) -> Loss:
        """Cross-entropy of the characters of all words."""
        items = int(target.real.sum())
        batch = Batch(TokenBatch(target.index, target.real), {TARGET: target.target}, items)
        return self.translator.loss(batch)[0]

    def predict(self, states: States) -> list[list[Hypothesis]]:
        """Expand tokens by greedy search; `states` are those of the translator's own encoder."""
        found: list[list[Hypothesis]] = self.translator.decoders[TARGET].predict(states)
        return found


@final
class ExpansionPairs:
    """Multiword tokens of train and their words, encoded: each form once."""

    def __init__(self, spec: Expander, spelling: ExpansionSpelling, table: Mapping[str, Words]) -> None:
        """Encode them.

        Args:
            spec: The recipe's `[expander]`.
            spelling: Codec of characters.
            table: Words by token.
        """
        self.char_dropout, self.share = spec.char_dropout, spec.share
        codec, spaced = spelling.sentences, [" ".join(words) for words in table.values()]
        self.source = codec.encode(list(table))
        self.target = codec.encode(spaced).enclosed(BEGIN, END)
        copied = [copied_places(token, words) for token, words in table.items()]
        self.copied = Ragged.from_rows([each.tolist() for each in copied]).enclosed(NOT_COPIED, NOT_COPIED)
        self._mean = float(self.source.lengths.mean())

    def draw(self, random: np.random.Generator, characters: int) -> ExpansionBatch:
        """Draw tokens for a batch with so many characters of running text; all are equally likely."""
        number = max(1, round(characters * self.share / self._mean))
        rows = random.integers(0, len(self.source), number)
        index, real = self.source.pad(rows, PADDING)
        target, _ = self.target.pad(rows, PADDING)
        if self.char_dropout:
            copied, _ = self.copied.pad(rows, NOT_COPIED)
            place, is_copy = np.maximum(copied, 0), copied != NOT_COPIED
            can_drop = np.zeros(index.shape, bool)
            each, at = np.nonzero(is_copy)
            can_drop[each, place[each, at]] = True
            dropped = can_drop & (random.random(index.shape) < self.char_dropout)
            index = np.where(dropped, UNKNOWN, index)
            target = np.where(is_copy & np.take_along_axis(dropped, place, 1), UNKNOWN, target)
        tensors = (torch.from_numpy(each.astype(np.int64)) for each in (index, target))
        sources, targets = tensors
        return ExpansionBatch(sources, torch.from_numpy(real), targets)


@final
class TokenExpander:
    """Words of multiword tokens: those of train, or else those of the model, of the rules, or the token itself."""

    def __init__(
        self,
        expansions: Expansions,
        spelling: ExpansionSpelling | None = None,
        module: ExpanderModule | None = None,
        beam: int = 1,
    ) -> None:
        """Store the table of train with its rules; and, if there is one, a model."""
        self.expansions, self.spelling, self.module, self.beam = expansions, spelling, module, beam
        self._found: dict[str, Words] = {}

    def expand(self, tokens: Iterable[str]) -> dict[str, Words]:
        """Words of each token."""
        wanted = dict.fromkeys(tokens)
        new = [token for token in wanted if token not in self._found]
        if len(self._found) + len(new) > CACHED:
            self._found.clear()
            new = list(wanted)
        self._found.update(self._expanded(new))
        return {token: self._found[token] for token in wanted}

    def _expanded(self, tokens: list[str]) -> dict[str, Words]:
        found = {token: self.expansions.known(token) for token in tokens}
        if self.module is not None:
            folds = self.expansions.folds_case
            small = {token: token.lower() if folds else token for token in tokens if found[token] is None}
            written = self._translated([each for each in dict.fromkeys(small.values()) if len(each) <= LONGEST])
            found |= {
                token: cased(token, written[lower]) if folds else written[lower]
                for token, lower in small.items()
                if lower in written
            }
        return {token: words if words is not None else self.expansions.expand(token) for token, words in found.items()}

    def _translated(self, tokens: list[str]) -> dict[str, Words]:
        """Words that the model finds for tokens; those without sensible ones are left out.

        They are sensible if there are several, and they differ from the token only by edits that train has.
        """
        spelling, module = self.spelling, self.module
        assert spelling is not None
        assert module is not None
        codec = spelling.sentences
        search = Search(beam=self.beam, n_best=self.beam, max_ratio=3.0)
        ranked = hypotheses([module.translator], codec.encode(tokens), search)
        found: dict[str, Words] = {}
        for token, own in zip(tokens, ranked, strict=True):
            source = codec.split(token)
            for hypothesis in own:
                words = tuple(codec.join(spelled(hypothesis, source, codec, "copy")).split())
                if len(words) > 1 and spelling.has_edits(token, words):
                    found[token] = words
                    break
        return found
