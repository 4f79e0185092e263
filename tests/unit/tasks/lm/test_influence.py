"""Influence of earlier tokens: against finite differences on the vectors of the embedding."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from seqnlp.embeddings import TokenBatch
from seqnlp.tasks.lm.predictor import Generator

Make = Callable[..., Generator]
MODELS: dict[str, dict[str, Any]] = {
    "lstm": {},
    "gru, two layers": {"encoder": {"kind": "gru", "layers": 2}},
    "rnn of words": {"encoder": {"kind": "rnn"}, "data": {"tokenizer": "words"}},
    "mogrifier": {"encoder": {"kind": "mogrifier", "rank": 2}},
}


def logprob(model: Generator, numbers: torch.Tensor, target: int, scales: torch.Tensor) -> float:
    """Log-probability of a token, with the vectors of those before it scaled."""
    batch = TokenBatch(numbers[None])
    with torch.no_grad():
        vectors = model.model.embedding(batch).double() * scales[None, :, None]
        encoder = model.model.encoder.double()
        states = encoder(vectors, batch.mask)
        found = model.model.decoders["next"].double().predict(states)[0, -1, target].item()
        model.model.float()
    return float(found)


@pytest.mark.parametrize("sections", MODELS.values(), ids=MODELS)
def test_scores_are_the_changes_that_scaling_a_vector_brings(generator: Make, sections: dict[str, Any]) -> None:
    model = generator(**sections)
    text, token = "3 green bottles on the wall,\n2 green", " bottles"
    found = model.influence(text, token, most=12)
    assert "".join(piece for piece, _ in found) == text[-sum(len(piece) for piece, _ in found) :]
    numbers = torch.from_numpy(model.codec.encode(text))
    target = int(model.codec.encode(token)[0])
    step = 1e-2  # the softmax is in single precision
    for place in range(1, len(found) + 1):
        ends = []
        for sign in (1, -1):
            scales = torch.ones(len(numbers), dtype=torch.float64)
            scales[-place] += sign * step
            ends.append(logprob(model, numbers, target, scales))
        assert found[-place][1] == pytest.approx((ends[0] - ends[1]) / (2 * step), abs=1e-4, rel=2e-2)
    whole = model.influence(text, token)
    assert len(whole) == len(numbers)
    assert [score for _, score in whole[-12:]] == pytest.approx([score for _, score in found], abs=1e-5)


def test_nothing_has_no_influence(generator: Make) -> None:
    model = generator()
    assert model.influence("", "e") == []
    assert model.influence("3", "") == []


def test_shares_are_those_of_the_draws(generator: Make) -> None:
    model = generator()
    settings: dict[str, Any] = {"temperature": 0.7, "top_k": 4, "ban": ["e"], "bias": {"s": 2.0}}
    found = model.shares("3 gre", most=40, **settings)
    drawn = [token.text for token in model.generate("3 gre", length=1, samples=1000, seed=1, **settings)]
    for text, _, share in found["tokens"]:
        assert drawn.count(text) / len(drawn) == pytest.approx(share, abs=0.05)
    shares = np.array([share for _, _, share in found["tokens"]])
    raw = np.exp([logprob for _, logprob, _ in found["tokens"]])
    assert (shares.sum(), raw.sum()) == (pytest.approx(1, abs=1e-4), pytest.approx(1, abs=1e-3))
    assert found["entropy"][1] == pytest.approx(-(shares[shares > 0] * np.log2(shares[shares > 0])).sum(), abs=1e-4)
    assert found["entropy"][0] > found["entropy"][1]
    rarest = [token for token in found["tokens"] if token[1] > -math.inf][-1]
    for also, wanted in ((rarest[0], [rarest]), (found["tokens"][0][0], []), ("gr", []), ("☃", []), ("", [])):
        assert model.shares("3 gre", most=1, also=also, **settings)["tokens"] == [found["tokens"][0], *wanted]
    greedy = model.shares("3 gre", temperature=0.0)
    assert sorted(share for _, _, share in greedy["tokens"])[-1] == 1
    assert greedy["entropy"][1] == 0
