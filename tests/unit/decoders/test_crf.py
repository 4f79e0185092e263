from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Labels
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.spans import Scheme, allowed_transitions
from seqnlp.decoders import Allowed, Crf, Linear, TagDecoder
from seqnlp.nn import States

LABELS = Labels(["B-X", "I-X", "O"])
BIO = allowed_transitions(LABELS.names, "bio")
WIDTH = 4


def states(lengths: list[int], spread: float = 1.0) -> States:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return States(torch.randn(*mask.shape, WIDTH) * spread, mask)


def crf(allowed: Allowed | None = None, labels: Labels = LABELS, dropout: float = 0.0) -> Any:
    decoder = Crf(dropout=dropout).build(WIDTH, labels, allowed)
    torch.nn.init.normal_(decoder.transition_scores)
    return decoder


def log_probabilities(decoder: Any, encoded: States, row: int) -> dict[tuple[int, ...], float]:
    """Of every label sequence of a row, by its definition."""
    length = int(encoded.mask[row].sum())
    emissions, moves = decoder.output(encoded.outputs[row, :length]).detach(), decoder.transitions.detach()
    boundary = len(emissions[0])
    scores = {}
    for path in product(range(boundary), repeat=length):
        moved = sum(moves[pair] for pair in pairwise((boundary, *path, boundary)))
        scores[path] = float(sum(emissions[step, label] for step, label in enumerate(path)) + moved)
    total = float(torch.tensor(list(scores.values())).logsumexp(0))
    return {path: score - total for path, score in scores.items()}


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.booleans(), st.integers(0, 100))
def test_loss_and_prediction_by_enumeration(lengths: list[int], constrained: bool, seed: int) -> None:
    torch.manual_seed(seed)
    decoder, encoded = crf(BIO if constrained else None), states(lengths)
    all_rows = [log_probabilities(decoder, encoded, row) for row in range(len(lengths))]
    best = [max(row, key=lambda path: row[path]) for row in all_rows]
    target = torch.full(encoded.mask.shape, 7)
    for row, path in enumerate(best):
        target[row, : lengths[row]] = torch.tensor(path)
    loss = decoder.loss(encoded, target)
    assert loss.items == sum(lengths)
    expected = -sum(row[path] for row, path in zip(all_rows, best, strict=True))
    assert loss.total.item() == pytest.approx(expected, rel=1e-4, abs=1e-4)

    tags = decoder.predict(encoded)
    ranked = decoder.best(encoded, 3)
    for row, (found, path) in enumerate(zip(all_rows, best, strict=True)):
        assert tuple(tags.labels[row, : lengths[row]].tolist()) == path
        for step, label in enumerate(path):
            marginal = sum(np.exp(value) for other, value in found.items() if other[step] == label)
            assert tags.scores[row, step].item() == pytest.approx(marginal, abs=1e-4)
        values = sorted((value for value in found.values() if value > -np.inf), reverse=True)[:3]
        finite = ranked.scores[row][ranked.scores[row].isfinite()].tolist()
        assert finite == pytest.approx(values, abs=1e-4)


def test_a_sentence_with_an_unknown_tag_is_left_out() -> None:
    decoder, encoded = crf(), states([3, 2])
    target = torch.tensor([[2, UNSEEN, 0], [0, 1, UNSEEN]])
    alone = decoder.loss(States(encoded.outputs[1:, :2], encoded.mask[1:, :2]), target[1:, :2])
    loss = decoder.loss(encoded, target)
    assert loss.items == alone.items == 2
    torch.testing.assert_close(loss.total, alone.total)
    nothing = decoder.loss(encoded, torch.full((2, 3), UNSEEN))
    nothing.total.backward()
    assert (nothing.items, nothing.total.item()) == (0, 0.0)


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
@pytest.mark.parametrize("kind", ["crf", "linear"])
@given(seed=st.integers(0, 1000), spread=st.sampled_from([1.0, 100.0]))
def test_no_invalid_sequence_is_ever_predicted(kind: str, scheme: Scheme, seed: int, spread: float) -> None:
    torch.manual_seed(seed)
    prefixes = "BI" if scheme == "bio" else "BIES"
    labels = Labels(["O", *(f"{prefix}-{label}" for prefix in prefixes for label in "XY")])
    allowed = allowed_transitions(labels.names, scheme)
    decoder = TagDecoder.parse(kind).build(WIDTH, labels, allowed).eval()
    encoded = states([6, 1, 3], spread)
    found = decoder.predict(encoded)
    for row, mask in zip(found.labels, encoded.mask, strict=True):
        path = row[mask].tolist()
        assert all(allowed[pair] for pair in pairwise((len(labels), *path, len(labels))))
    assert ((found.scores >= 0) & (found.scores <= 1.001))[encoded.mask].all()


def test_training_with_constraints_moves_only_what_is_allowed() -> None:
    decoder, encoded = crf(BIO), states([4])
    decoder.loss(encoded, torch.tensor([[0, 1, 2, 0]])).total.backward()
    gradient = decoder.transition_scores.grad
    assert gradient.isfinite().all()
    assert not gradient[torch.from_numpy(~BIO)].any()
    assert decoder.output.weight.grad.isfinite().all()


def test_constraints_can_be_switched_off() -> None:
    torch.manual_seed(0)
    for section in (Crf(constrained=False), Linear(constrained=False)):
        free, bound = section.build(WIDTH, LABELS, BIO).eval(), section.build(WIDTH, LABELS, None).eval()
        bound.load_state_dict(free.state_dict())
        encoded = states([9, 9], 10.0)
        assert torch.equal(free.predict(encoded).labels, bound.predict(encoded).labels)


def test_weights_do_not_hold_the_constraints() -> None:
    assert list(crf(BIO).state_dict()) == ["transition_scores", "output.weight", "output.bias"]
