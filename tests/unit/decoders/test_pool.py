import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders import MaxPool, PoolClassifier, PoolDecoder
from seqnlp.nn import States

WIDTH, CLASSES = 5, 3
KINDS = pytest.mark.parametrize("kind", ["last", "mean", "max", "concat", "attention"])
LENGTHS = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def states(lengths: list[int]) -> States:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return States(torch.randn(*mask.shape, WIDTH), mask)


def build(
    kind: str, multilabel: bool = False, weights: list[float] | None = None, smoothing: float = 0.0
) -> PoolClassifier:
    torch.manual_seed(2)
    spec = PoolDecoder.parse({"kind": kind, "label_smoothing": smoothing})
    return spec.build(WIDTH, torch.tensor(weights or [1.0] * CLASSES), multilabel, reads_ahead=True).eval()


def test_the_kinds() -> None:
    assert PoolDecoder.parse({}) == PoolDecoder.parse("max") == MaxPool()
    assert sorted(PoolDecoder.members) == ["attention", "concat", "last", "max", "mean"]


@KINDS
@given(lengths=LENGTHS, seed=st.integers(0, 50))
def test_the_loss_is_the_weighed_sum_over_texts_with_a_known_class(kind: str, lengths: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    weights, encoded = [0.5, 1.0, 3.0], states(lengths)
    target = torch.randint(UNSEEN, CLASSES, (len(lengths),))
    decoder = build(kind, weights=weights)
    loss, scores = decoder.loss(encoded, target), decoder.predict(encoded).scores
    known = [(row, gold) for row, gold in enumerate(target.tolist()) if gold != UNSEEN]
    assert loss.items == len(known)
    assert loss.total.item() == pytest.approx(
        -sum(weights[gold] * scores[row, gold].log().item() for row, gold in known), rel=1e-4, abs=1e-5
    )


@given(lengths=LENGTHS, seed=st.integers(0, 50))
def test_several_labels_are_independent_questions(lengths: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    weights, encoded = [0.5, 1.0, 3.0], states(lengths)
    target = torch.randint(0, 2, (len(lengths), CLASSES))
    decoder = build("mean", multilabel=True, weights=weights)
    loss, scores = decoder.loss(encoded, target), decoder.predict(encoded).scores
    expected = -(target * scores.log() * torch.tensor(weights) + (1 - target) * (1 - scores).log()).sum()
    assert loss.items == len(lengths)
    torch.testing.assert_close(loss.total, expected, rtol=1e-4, atol=1e-5)


@KINDS
def test_scores_are_probabilities_and_a_temperature_never_changes_the_choice(kind: str) -> None:
    encoded, decoder = states([3, 1, 5]), build(kind)
    before = decoder.predict(encoded).scores
    torch.testing.assert_close(before.sum(1), torch.ones(3))
    decoder.temperature.fill_(4.0)
    after = decoder.predict(encoded).scores
    assert torch.equal(before.argmax(1), after.argmax(1))
    assert (after.amax(1) < before.amax(1)).all()
    assert "temperature" in decoder.state_dict()


def test_smoothing_makes_a_sure_answer_cost_something() -> None:
    encoded, target = states([2, 2]), torch.tensor([0, 1])
    plain, smoothed = build("max").loss(encoded, target), build("max", smoothing=0.3).loss(encoded, target)
    assert plain.total.item() != smoothed.total.item()


def test_only_attention_says_what_counted() -> None:
    assert build("attention").predict(states([2, 3])).weights is not None
    assert all(build(kind).predict(states([2, 3])).weights is None for kind in ("last", "mean", "max", "concat"))
