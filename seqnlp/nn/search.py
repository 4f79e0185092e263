"""Search for the likeliest sequences: greedy and beam search over anything that predicts one token at a time."""

import math
from collections.abc import Sequence
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from seqnlp.nn.beams import BEGIN, END, PADDING, Beams, Hypothesis, Search
from seqnlp.nn.states import States
from seqnlp.shapes import Float, Int

__all__ = ["BEGIN", "END", "PADDING", "Hypothesis", "Search", "SearchState", "Stepping", "search"]


Own = TypeVar("Own")


@runtime_checkable
class SearchState(Protocol):
    """What a model knows of some hypotheses after the tokens that it has read."""

    def select(self: Own, rows: Int[Tensor, " chosen"]) -> Own:
        """Go on with these hypotheses, of which some may be there several times; sentences stay in order."""
        ...


AnyState = TypeVar("AnyState", bound=SearchState)


@runtime_checkable
class Stepping(Protocol[AnyState]):
    """A model that predicts one token at a time."""

    def start(self, states: States) -> AnyState:
        """One hypothesis for each encoded sentence, with nothing read yet."""
        ...

    def step(
        self, tokens: Int[Tensor, " rows"], state: AnyState
    ) -> tuple[Float[Tensor, "rows vocabulary"], Float[Tensor, "rows source"], AnyState]:
        """Read a token of each hypothesis.

        Returns:
            Log-probabilities of the next one (the search may overwrite them), attention to the steps of the source,
            and the new state.
        """
        ...


def search(
    models: Sequence[tuple[Stepping[AnyState], States]],
    how: Search,
    prefixes: Sequence[Sequence[int]] | None = None,
) -> list[list[Hypothesis]]:
    """Search for the best sequences of a batch of sentences.

    Each step keeps the `beam` likeliest continuations of a sentence, less those that have ended. It ends when no
    hypothesis can become better than the `n_best` found ones, however well it goes on: so a beam that holds all
    sequences finds the best of all.

    Args:
        models: Models with the sentences as each of them encoded them; with several, their probabilities are averaged.
        how: The settings.
        prefixes: Tokens that each sentence's sequences must begin with.

    Returns:
        For each sentence its best hypotheses, the best one first; one at least.
    """
    mask = models[0][1].mask
    lengths = mask.sum(1).cpu().numpy()
    with torch.inference_mode():
        beams = Beams(how, lengths, prefixes or [()] * len(lengths))
        steppers, states = [model for model, _ in models], [model.start(given) for model, given in models]
        tokens = torch.full((len(lengths),), BEGIN, device=mask.device)
        while True:
            stepped = [model.step(tokens, state) for model, state in zip(steppers, states, strict=True)]
            logs, attention = _averaged([logs for logs, _, _ in stepped]), [weights for _, weights, _ in stepped]
            states = [state for _, _, state in stepped]
            rows, chosen = beams.advance(logs, torch.stack(attention).mean(0).float().cpu().numpy())
            if not len(rows):
                return beams.results()
            if not np.array_equal(rows, np.arange(len(tokens))):
                kept = torch.from_numpy(rows).to(mask.device)
                states = [state.select(kept) for state in states]
            tokens = torch.from_numpy(chosen).to(mask.device)


def _averaged(logs: list[Tensor]) -> Tensor:
    """The logarithm of the mean probabilities."""
    return logs[0] if len(logs) == 1 else torch.stack(logs).logsumexp(0) - math.log(len(logs))
