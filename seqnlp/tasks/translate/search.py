"""`[search]` of a translation: settings of the beam search, and the search itself on all processor threads."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqnlp.arrays import Ragged
from seqnlp.codecs.sentences import UNKNOWN, Sentences
from seqnlp.decoders import AttentionDecoder
from seqnlp.model import SequenceModel
from seqnlp.nn.beam_search import BEGIN, PADDING, Hypothesis, Search
from seqnlp.spec import Spec
from seqnlp.tasks.translate.context import SourceStates, gather_sources
from seqnlp.tasks.translate.dataset import TARGET
from seqnlp.training.dataset import in_order
from seqnlp.training.inference import in_parallel

HYPOTHESIS_TOKENS = 3000
"""Source steps of a batch times hypotheses of a sentence."""


@final
class BeamSearch(Spec):
    """Settings of the beam search; `seqnlp translate` and `evaluate` go by them too."""

    renamed = {"no_repeat": "no_repeat_ngram_size"}

    beam: Annotated[int, Field(ge=1)] = 5
    """Beam size: hypotheses kept for each sentence; 1 is greedy search."""
    length_penalty: Literal["gnmt", "average", "none"] = "gnmt"
    """Divisor of log-probabilities, so that long translations stand a chance: ((5 + n) / 6)^alpha for n tokens
    (Wu et al., 2016), n, or 1."""
    alpha: Annotated[float, Field(ge=0)] = 0.6
    """Exponent of `gnmt`: larger ones favour longer translations."""
    no_repeat_ngram_size: Annotated[int, Field(ge=0)] = 0
    """Write no n-gram of this many tokens twice; 0: allow it."""
    unknown: Literal["copy", "keep", "avoid"] = "copy"
    """Treatment of target tokens that train did not have: the source token that was most attended to is copied, a
    sign for it stays, or none is ever written."""
    max_ratio: Annotated[float, Field(gt=0)] = 2.0
    """Tokens of a translation, at most: this times those of its source, and `max_extra` more."""
    max_extra: Annotated[int, Field(ge=0)] = 10
    """Tokens of a translation, at most, beyond `max_ratio` times those of its source."""

    def unused(self) -> Iterator[tuple[str, str]]:
        if self.length_penalty != "gnmt":
            reason = f'length_penalty = "{self.length_penalty}" has no exponent'
            yield from ((key, reason) for key in self.changed("alpha"))

    def settings(self, n_best: int = 1) -> Search:
        """Convert to settings of `beam_search`."""
        return Search(
            self.beam,
            self.length_penalty,
            self.alpha,
            n_best,
            self.no_repeat_ngram_size,
            self.max_ratio,
            self.max_extra,
            (PADDING, BEGIN, UNKNOWN) if self.unknown == "avoid" else (PADDING, BEGIN),
        )


def hypotheses(
    models: Sequence[SequenceModel],
    encoded: Ragged,
    search: Search,
    prefix: Sequence[int] = (),
    states: Sequence[SourceStates] = (),
) -> list[list[Hypothesis]]:
    """Translate encoded sentences, on all processor threads.

    Args:
        models: One, or several whose probabilities are averaged.
        encoded: The tokens of each source.
        search: Settings of the search.
        prefix: Tokens that every translation must begin with.
        states: At the tokens of each source, for each model; left out: no model reads any.

    Returns:
        For each sentence its best translations, the best one first; none for a sentence without tokens.
    """

    def translate(rows: NDArray[np.int64]) -> list[list[dict[str, Any]]]:
        pairs = [
            (model.decoder(TARGET, AttentionDecoder), model.encode(gather_sources(encoded, rows, own)))
            for model, own in zip(models, states or [{}] * len(models), strict=True)
        ]
        best = AttentionDecoder.search(pairs, search, [prefix] * len(rows))
        return [list(map(vars, each)) for each in best]

    found: list[list[Hypothesis]] = [[] for _ in range(len(encoded))]
    batches = in_order(encoded.lengths, max(1, HYPOTHESIS_TOKENS // search.beam))
    for rows, results in zip(batches, in_parallel(translate, batches, models[0].device), strict=True):
        for row, result in zip(rows.tolist(), results, strict=True):
            found[row] = [Hypothesis(**fields) for fields in result]
    return found


def spelled(hypothesis: Hypothesis, source: Sequence[bytes], target: Sentences, unknown: str) -> list[bytes]:
    """Spell each token of a translation, given the tokens of its source.

    Unknown tokens are treated as `BeamSearch.unknown` says.
    """
    pieces = [target.pieces[number] for number in hypothesis.tokens]
    if unknown == "copy":
        for place in [place for place, number in enumerate(hypothesis.tokens) if number == UNKNOWN]:
            pieces[place] = source[int(hypothesis.attention[place].argmax())]
    return pieces
