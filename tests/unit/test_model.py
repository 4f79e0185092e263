import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqnlp.codecs import Column, EncodedText, Labels, TokenizedText
from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders import Linear
from seqnlp.embeddings import CharCnn, CharLstm, Chars, TextBatch, TextEmbedding, Words
from seqnlp.encoders import Encoder
from seqnlp.model import Batch, SequenceModel

WORDS = ["the", "a", "cat", "sat", "Größe", "."]
LABELS = {"upos": Labels(["D", "N", "V"]), "type": Labels(["x", "y"])}
SENTENCES = st.lists(st.lists(st.sampled_from([*WORDS, "unknown"]), min_size=1, max_size=6), min_size=1, max_size=5)
CODECS = TextEmbedding.parse({"words": Words(), "chars": CharCnn()}).fit(
    TokenizedText(Column.from_rows([WORDS])), lambda name: pytest.fail(name)
)


def build(encoder: str, chars: Chars, weights: dict[str, float] | None = None) -> SequenceModel:
    torch.manual_seed(1)
    embedding = TextEmbedding.parse({"words": Words(size=5), "chars": chars}).build(CODECS)
    layers = Encoder.parse({"kind": encoder, "size": 4, "layers": 2, "residual": True}).build(embedding.width)
    decoders = {name: Linear().build(layers.width, codec) for name, codec in LABELS.items()}
    return SequenceModel(embedding, layers, decoders, weights).double().eval()


def batch_of(sentences: list[list[str]], pad_with: int = UNSEEN) -> Batch:
    """Each word's labels follow from its length; padded steps hold `pad_with`."""
    text = EncodedText.encode(TokenizedText(Column.from_rows(sentences)), CODECS)
    inputs = TextBatch.gather(text, np.arange(len(sentences)))
    targets = {}
    for name, codec in LABELS.items():
        targets[name] = torch.full(inputs.mask.shape, pad_with)
        for row, sentence in enumerate(sentences):
            targets[name][row, : len(sentence)] = torch.tensor([len(word) % len(codec) for word in sentence])
    return Batch(inputs, targets, sum(map(len, sentences)))


FEW = settings(max_examples=settings().max_examples // 2)
KINDS = pytest.mark.parametrize(
    ("encoder", "chars"),
    [("rnn", CharCnn(size=4)), ("gru", CharLstm(size=4)), ("lstm", CharCnn(size=4, kernel_size=2))],
)


@KINDS
@FEW
@given(sentences=SENTENCES)
def test_padding_never_changes_what_is_predicted(encoder: str, chars: Chars, sentences: list[list[str]]) -> None:
    model = build(encoder, chars)
    together = model.encode(batch_of(sentences).inputs)
    for row, sentence in enumerate(sentences):
        alone = model.encode(batch_of([sentence]).inputs)
        torch.testing.assert_close(together.outputs[row, : len(sentence)], alone.outputs[0])
        for decoder in model.decoders.values():
            ours, expected = decoder.predict(together), decoder.predict(alone)
            torch.testing.assert_close(ours.scores[row, : len(sentence)], expected.scores[0])
            assert torch.equal(ours.labels[row, : len(sentence)], expected.labels[0])


@KINDS
@FEW
@given(sentences=SENTENCES)
def test_padding_never_changes_loss_and_gradient(encoder: str, chars: Chars, sentences: list[list[str]]) -> None:
    model = build(encoder, chars)
    parameters = list(model.parameters())
    together = model.loss(batch_of(sentences, pad_with=1))[0].total
    alone = [model.loss(batch_of([sentence]))[0].total for sentence in sentences]
    torch.testing.assert_close(together, sum(alone, start=torch.zeros(())), rtol=1e-5, atol=1e-6, check_dtype=False)
    ours = torch.autograd.grad(together, parameters)
    for gradient, *parts in zip(ours, *(torch.autograd.grad(loss, parameters) for loss in alone), strict=True):
        torch.testing.assert_close(gradient, sum(parts), rtol=1e-4, atol=1e-6)


def test_the_loss_is_the_weighed_sum_of_the_decoders() -> None:
    batch = batch_of([["the", "cat"], ["a"]])
    model = build("gru", CharCnn(), {"type": 0.25})
    states = model.encode(batch.inputs)
    parts = {name: decoder.loss(states, batch.targets[name]).total for name, decoder in model.decoders.items()}
    loss, carry = model.loss(batch)
    torch.testing.assert_close(loss.total, parts["upos"] + 0.25 * parts["type"])
    assert loss.items == batch.items == 3
    assert loss.mean.item() == pytest.approx(loss.total.item() / 3)
    assert len(carry) == 2


def test_labels_may_have_any_name() -> None:
    model = build("gru", CharCnn())
    assert list(model.decoders) == ["upos", "type"]
    assert all(any(p is q for q in model.parameters()) for d in model.decoders.values() for p in d.parameters())


def test_a_copy_has_decoders_of_its_own() -> None:
    model = build("gru", CharCnn())
    twin = copy.deepcopy(model)
    assert twin.decoders["upos"] is twin.heads[0]
    assert twin.decoders["upos"] is not model.decoders["upos"]


def test_saved_weights_make_an_equal_model() -> None:
    model, other = build("lstm", CharCnn()), build("lstm", CharCnn())
    for parameter in other.parameters():
        torch.nn.init.zeros_(parameter)
    other.load_state_dict(model.state_dict())
    inputs = batch_of([["the", "cat", "sat"], ["."]]).inputs
    assert torch.equal(model.encode(inputs).outputs, other.encode(inputs).outputs)
