"""`[ngrams]`: n-grams that vote for classes beside the network."""

from typing import Annotated, final

import torch
from pydantic import Field
from torch import Tensor, nn

from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, NGrams
from seqnlp.codecs.log_ratios import log_ratios
from seqnlp.embeddings.text import TextBatch
from seqnlp.shapes import Float
from seqnlp.spec import Spec

INSIDE = "ngrams"
"""The name of a word's own n-grams among the features of a batch; phrases have theirs among the columns."""


def phrases_of(length: int) -> str:
    """The name of the phrases of so many words among the columns of a batch."""
    return f"phrases of {length} words"


@final
class NGramVotes(Spec):
    """A linear model over n-grams, trained together with the network (wide and deep; Cheng et al., 2016).

    It starts as naive Bayes, whose log-count ratios stay a scale of its weights (Wang and Manning, 2012).
    """

    renamed = {"rate": "lr_multiplier", "start": "initial_weight"}

    words: Annotated[int, Field(ge=1, le=9)] = 2
    """Words of the longest phrase that votes."""
    chars: list[Annotated[int, Field(ge=1)]] = [2, 5]
    """Characters of the shortest and the longest part of a word that votes; empty: only whole words do."""
    min_count: Annotated[int, Field(ge=1)] = 2
    """How often an n-gram must occur in train to have a vote."""
    lowercase: bool = True
    """Whether `The` and `the` are one word."""
    initial_weight: Annotated[float, Field(ge=0)] = 0.3
    """Weight of every vote before training; 0: n-grams have no say yet."""
    lr_multiplier: Annotated[float, Field(gt=0)] = 5.0
    """Multiple of the learning rate that these weights learn at, under an optimizer such as Adam."""

    def build(self, first: Float[Tensor, "ngrams labels"]) -> "Votes":
        """Make the network; `first` is what the n-grams say with a weight of 1."""
        return Votes(first, self.initial_weight, self.lr_multiplier)

    def fit(self, words: Column) -> NGrams:
        """Number the n-grams of train."""
        return NGrams.fit(words, self.words, self.chars, self.min_count, self.lowercase)


def first_votes(codec: NGrams, words: Column, labels: Ragged, classes: int) -> Float[Tensor, "ngrams labels"]:
    """What each n-gram says with a weight of 1: its log-count ratio over how many n-grams an average word has."""
    lengths = codec.inside(words.distinct).lengths[words.codes.values]
    ratios: Tensor = torch.from_numpy(log_ratios(codec, words, labels, classes))
    return ratios / max(float(lengths.mean()), 1.0)


@final
class Votes(nn.Module):
    """What the n-grams of a word and the phrases that end there say for each class; in sum over a text a logit."""

    def __init__(self, first: Float[Tensor, "ngrams labels"], start: float = 1.0, rate: float = 1.0) -> None:
        """Take the votes of weight 1, the weight to start with, and how much faster than others weights learn."""
        super().__init__()
        self.width = first.shape[1]
        self.register_buffer("first", first * rate)  # Adam's steps don't depend on it, so a larger one is faster
        self.weight = nn.Parameter(torch.full_like(first, start / rate))
        self.first: Tensor

    def forward(self, batch: TextBatch) -> Float[Tensor, "batch time labels"]:
        """The votes at every step of a batch of texts."""
        table = self.first * self.weight
        own = nn.functional.embedding(batch.features[INSIDE], table).sum(1)
        votes = nn.functional.embedding(batch.index, own)
        length = 2
        while (name := phrases_of(length)) in batch.columns:
            votes = votes + nn.functional.embedding(batch.columns[name], table)
            length += 1
        return votes


@final
class WithVotes(nn.Module):
    """The vectors of words, with votes as their last features."""

    def __init__(self, embedder: nn.Module, votes: Votes) -> None:
        super().__init__()
        self.embedder, self.votes = embedder, votes

    def forward(self, batch: TextBatch) -> Float[Tensor, "batch time width"]:
        """Embed a batch of texts."""
        return torch.cat([self.embedder(batch), self.votes(batch)], -1)
