import pytest
import torch

from seqnlp.codecs import Vocabulary
from seqnlp.codecs.vocabulary import UNKNOWN
from seqnlp.embeddings import Words

COUNTS = {"often": 99, "thrice": 3, "once": 1}


def test_a_word_is_looked_up() -> None:
    section = Words(size=4)
    codec = section.fit_words(COUNTS, lambda name: pytest.fail(name))
    module = section.build(codec).eval()
    vectors = module.embed_words(torch.from_numpy(codec.encode(["once", "often", "never", "once"])))
    assert vectors.shape == (4, module.width) == (4, 4)
    assert torch.equal(vectors[0], vectors[3])
    assert torch.equal(vectors[2], module.table.weight[UNKNOWN])
    assert not torch.equal(vectors[0], vectors[1])


def test_settings_reach_the_vocabulary() -> None:
    codec = Words(min_count=2, lowercase=True).fit_words({"The": 1, "the": 1, "x": 1}, lambda name: pytest.fail(name))
    assert codec.words == ["the"]
    restored = Words(min_count=2, lowercase=True).restore(codec.to_json())
    assert isinstance(restored, Vocabulary)
    assert restored.encode(["THE", "x"]).tolist() == [1, UNKNOWN]


@pytest.mark.parametrize("dropout", [0.25, 1.0, 30.0])
def test_rare_words_are_dropped_more_often(dropout: float) -> None:
    section = Words(size=1, word_dropout=dropout)
    codec = section.fit_words(COUNTS, lambda name: pytest.fail(name))
    module = section.build(codec)
    module.table.weight.data = torch.tensor([[0.0], [1.0], [1.0], [1.0]])
    times = 20_000
    for word, count in COUNTS.items():
        number = int(codec.encode([word])[0])
        kept = module.embed_words(torch.full((times,), number))
        expected = dropout / (dropout + count)
        spread = (expected * (1 - expected) / times) ** 0.5
        assert 1 - kept.mean().item() == pytest.approx(expected, abs=4.5 * spread)


def test_nothing_is_dropped_outside_of_training_or_at_rate_zero() -> None:
    numbers = torch.arange(4).repeat(500)
    codec = Words().fit_words(COUNTS, lambda name: pytest.fail(name))
    for module in (Words(word_dropout=9.0).build(codec).eval(), Words(word_dropout=0.0).build(codec)):
        assert torch.equal(module.embed_words(numbers), module.table.weight[numbers])


def test_what_is_dropped_follows_from_counts_and_is_not_saved() -> None:
    module = Words(size=2).build(Vocabulary(["a"], [1]))
    assert list(module.state_dict()) == ["table.weight"]
