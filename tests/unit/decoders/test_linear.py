import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Labels
from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders import Linear, TagDecoder
from seqnlp.nn import States

LABELS = Labels(["A", "B", "C", "D"])
WIDTH = 5


def states(lengths: list[int]) -> States:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return States(torch.randn(*mask.shape, WIDTH, dtype=torch.float64), mask)


def targets(lengths: list[int]) -> torch.Tensor:
    """Some tags unknown; at padded steps any number, as they must not be looked at."""
    return torch.randint(UNSEEN, len(LABELS), (len(lengths), max(lengths)))


def smoothed_cross_entropy(logits: torch.Tensor, gold: int, smoothing: float) -> float:
    """-sum q log p, where q gives `smoothing` to all labels in equal parts and the rest to the right one."""
    log_p = logits - logits.exp().sum().log()
    q = torch.full_like(logits, smoothing / len(logits))
    q[gold] += 1 - smoothing
    return -float((q * log_p).sum())


def test_the_kinds() -> None:
    assert TagDecoder.parse({}) == TagDecoder.parse("linear") == Linear()


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.sampled_from([0.0, 0.1, 0.5]), st.integers(0, 100))
def test_the_loss_is_the_sum_over_real_steps_with_a_known_tag(lengths: list[int], smoothing: float, seed: int) -> None:
    torch.manual_seed(seed)
    decoder = Linear(dropout=0.5, label_smoothing=smoothing).build(WIDTH, LABELS).double().eval()
    encoded, target = states(lengths), targets(lengths)
    loss = decoder.loss(encoded, target)
    total, items = 0.0, 0
    for row, length in enumerate(lengths):
        for step in range(length):
            if target[row, step] != UNSEEN:
                logits = decoder.get_submodule("output")(encoded.outputs[row, step]).detach()
                total += smoothed_cross_entropy(logits, int(target[row, step]), smoothing)
                items += 1
    assert loss.items == items
    assert loss.total.item() == pytest.approx(total, rel=1e-5, abs=1e-6)
    assert loss.mean.item() == pytest.approx(total / max(items, 1), rel=1e-5, abs=1e-6)


def test_a_batch_without_a_known_tag_has_no_loss_but_a_gradient() -> None:
    decoder = Linear().build(WIDTH, LABELS).double()
    loss = decoder.loss(states([2, 1]), torch.full((2, 2), UNSEEN))
    loss.mean.backward()  # type: ignore[no-untyped-call,unused-ignore]
    assert (loss.items, loss.total.item()) == (0, 0.0)
    assert all(parameter.grad is not None and not parameter.grad.any() for parameter in decoder.parameters())


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_the_likeliest_tag_and_its_probability(lengths: list[int]) -> None:
    decoder = Linear(dropout=0.5).build(WIDTH, LABELS).double().eval()
    encoded = states(lengths)
    tags = decoder.predict(encoded)
    probabilities = decoder.get_submodule("output")(encoded.outputs).exp()
    probabilities /= probabilities.sum(-1, keepdim=True)
    assert torch.equal(tags.labels, probabilities.argmax(-1))
    torch.testing.assert_close(tags.scores.double(), probabilities.amax(-1), rtol=1e-5, atol=1e-6)


def test_dropout_is_for_training_only() -> None:
    encoded, target = states([4, 3]), torch.zeros(2, 4, dtype=torch.long)
    decoder = Linear(dropout=0.5).build(WIDTH, LABELS).double()
    assert decoder.loss(encoded, target).total != decoder.loss(encoded, target).total
    decoder.eval()
    assert decoder.loss(encoded, target).total == decoder.loss(encoded, target).total
