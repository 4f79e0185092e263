"""`[ngrams]`: n-grams that vote for classes beside the network."""

from collections.abc import Sequence
from typing import Annotated, Any, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, NGrams
from seqnlp.codecs.ngrams import log_count_ratios
from seqnlp.codecs.saved import check_settings
from seqnlp.codecs.text import IDS
from seqnlp.embeddings.base import Embedder, Features, TextBatch
from seqnlp.nn.dropout import generator
from seqnlp.nn.encoder import EncoderModule, Mask, States, Vectors
from seqnlp.shapes import Float
from seqnlp.spec import Spec


@final
class NGramVotes(Spec):
    """Linear model over n-grams, trained with the network (wide and deep; Cheng et al., 2016).

    It starts as naive Bayes, whose log-count ratios stay a scale of its weights (Wang and Manning, 2012).
    """

    renamed = {"rate": "lr_multiplier", "start": "initial_weight"}

    words: Annotated[int, Field(ge=1, le=9)] = 2
    """Words of the longest phrase that votes."""
    chars: list[Annotated[int, Field(ge=1)]] = [2, 5]
    """Lengths of the shortest and the longest part of a word that votes; empty: only whole words do."""
    min_count: Annotated[int, Field(ge=1)] = 2
    """Occurrences in train that an n-gram needs to have a vote."""
    lowercase: bool = True
    """Take `The` and `the` for one word."""
    initial_weight: Annotated[float, Field(ge=0)] = 0.3
    """Weight of every vote before training; 0: n-grams have no say yet. The votes of a text add up, so that long ones
    want less: 0.03 for film reviews of 230 words."""
    lr_multiplier: Annotated[float, Field(gt=0)] = 5.0
    """Multiple of the learning rate that these weights learn at, under an optimizer such as Adam; 1 for long texts."""

    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Probability that a text is learned without its votes: the network has to do it alone then. Votes soon know the
    texts of train by heart, and leave a network beside them little to learn."""

    def fit(self, words: Column) -> NGrams:
        """Number the n-grams of train."""
        return NGrams.fit(words, self.words, self.chars, self.min_count, self.lowercase)

    def restore(self, data: dict[str, Any]) -> NGrams:
        """Restore the codec of a run."""
        codec = NGrams.from_json(data)
        check_settings(data, data, {"words": self.words, "chars": self.chars, "lowercase": self.lowercase})
        return codec

    def build(self, prior: Float[Tensor, "ngrams labels"]) -> "NGramEmbedder":
        """Make the network; `prior` holds the votes of weight 1, see `naive_bayes`."""
        return NGramEmbedder(prior, self.initial_weight, self.lr_multiplier, self.dropout)


def naive_bayes(codec: NGrams, words: Column, labels: Ragged, classes: int) -> Float[Tensor, "ngrams labels"]:
    """Votes of weight 1: log-count ratios over the mean number of n-grams in a word."""
    lengths = codec.inside(words.distinct).lengths[words.codes.values]
    ratios: Tensor = torch.from_numpy(log_count_ratios(codec, words, labels, classes))
    return ratios / max(float(lengths.mean()), 1.0)


@final
class NGramEmbedder(Embedder):
    """Votes of n-grams for each class: summed over a text, they are logits."""

    def __init__(
        self,
        prior: Float[Tensor, "ngrams labels"],
        initial_weight: float = 1.0,
        lr_multiplier: float = 1.0,
        dropout: float = 0.0,
    ) -> None:
        """Store the votes of weight 1, their initial weight, learning-rate multiplier and dropout of texts."""
        super().__init__()
        self.width, self.dropout = prior.shape[1], dropout
        self.register_buffer(
            "prior", prior * lr_multiplier
        )  # Adam's steps don't depend on it, so a larger one is faster
        self.weight = nn.Parameter(torch.full_like(prior, initial_weight / lr_multiplier))
        self.prior: Tensor

    def forward(self, batch: TextBatch, features: Features) -> Float[Tensor, "batch time width"]:
        """Votes at every step of a batch of texts."""
        table = self.prior * self.weight
        own = nn.functional.embedding(features.words[IDS], table).sum(1)
        votes = nn.functional.embedding(batch.index, own)
        for phrases in features.sentences.values():
            votes = votes + nn.functional.embedding(phrases, table)
        if not self.training or self.dropout == 0:
            return votes
        kept = votes.new_empty(len(votes), 1, 1).bernoulli_(1 - self.dropout, generator=generator(votes.device))
        return votes * kept  # not rescaled: with votes, the sum of both answers is what is learned


@final
class WithVotes(nn.Module):
    """Embedding with the votes of n-grams as its last features. Dropout skips the votes."""

    def __init__(self, embedder: nn.Module, votes: NGramEmbedder, name: str) -> None:
        """Store both modules, and the n-grams' name among a batch's features."""
        super().__init__()
        self.embedder, self.votes, self.name = embedder, votes, name

    def forward(self, batch: TextBatch) -> Float[Tensor, "batch time width"]:
        """Embed a batch of texts."""
        return torch.cat([self.embedder(batch), self.votes(batch, batch.features[self.name])], -1)


@final
class Bypass(EncoderModule):
    """Encodes the first features of a step; the last ones bypass the encoder."""

    def __init__(self, encoder: EncoderModule, size: int, embedder: nn.Module) -> None:
        """Take the encoder, the number of features that bypass it, and what embeds the others."""
        super().__init__()
        self.encoder, self.size = encoder, size
        self._embedder = (embedder,)  # a tuple: its parameters are those of the embedding
        self.width = encoder.width + size

    @property
    def stacked(self) -> Sequence[nn.Module]:
        return self.encoder.stacked

    def forward(self, inputs: Vectors, mask: Mask, state: list[Tensor] | None = None) -> States:
        deep = inputs[..., : -self.size]
        if not any(each.requires_grad for part in self._embedder for each in part.parameters()):
            deep = deep.detach()  # the gradient that the votes ask for needs no pass back through a frozen encoder
        states: States = self.encoder(deep, mask, state)
        outputs = torch.cat([states.outputs.float(), inputs[..., -self.size :].float()], -1)
        return States(outputs, mask, states.state)
