from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.codecs import Characters
from seqnlp.codecs.characters import PADDING
from seqnlp.embeddings import CharCnn, CharLstm, Chars, WordEmbedder
from seqnlp.embeddings.chars import CharConvolution, max_over_grid, max_over_windows

CHARACTERS = Characters.fit(Counter(["abcdefg", "üß"]))
WORDS = st.lists(st.text("abcdefgüß?", max_size=9), min_size=1, max_size=5)
SECTIONS: list[Chars] = [
    CharCnn(size=6, kernel_size=1),
    CharCnn(size=6),
    CharCnn(size=5, kernel_size=4),
    CharLstm(size=6),
]
KINDS = pytest.mark.parametrize("section", SECTIONS, ids=["cnn 1", "cnn 5", "cnn 4", "lstm"])


def build(section: Chars) -> WordEmbedder:
    """The network, with every weight random: also those that begin at zero."""
    torch.manual_seed(1)
    module = section.build(CHARACTERS).double()
    for parameter in module.parameters():
        torch.nn.init.uniform_(parameter, -0.5, 0.5)
    return module


def encode(words: list[str], extra: int = 0) -> torch.Tensor:
    """Words as rows of characters, with more padding than they need."""
    padded, _ = CHARACTERS.encode(words).pad(np.arange(len(words)))
    return torch.from_numpy(np.pad(padded, ((0, 0), (0, extra)), constant_values=PADDING))


def test_the_kinds() -> None:
    assert Chars.parse({}) == Chars.parse("cnn") == CharCnn()
    assert Chars.parse("lstm") == CharLstm()


@KINDS
@given(words=WORDS, extra=st.integers(0, 7))
def test_padding_never_changes_a_result(section: Chars, words: list[str], extra: int) -> None:
    module = build(section)
    together = module.embed_words(encode(words, extra))
    assert together.shape == (len(words), module.width)
    for word, vector in zip(words, together, strict=True):
        torch.testing.assert_close(module.embed_words(encode([word]))[0], vector)


@KINDS
@given(words=WORDS, extra=st.integers(1, 7))
def test_padding_never_changes_a_gradient(section: Chars, words: list[str], extra: int) -> None:
    module = build(section)
    parameters = list(module.parameters())
    together = torch.autograd.grad(module.embed_words(encode(words, extra)).square().sum(), parameters)
    losses = torch.stack([module.embed_words(encode([word])).square().sum() for word in words])
    alone = torch.autograd.grad(losses.sum(), parameters)
    for ours, expected in zip(together, alone, strict=True):
        torch.testing.assert_close(ours, expected)


@KINDS
def test_words_are_told_apart(section: Chars) -> None:
    vectors = build(section).embed_words(encode(["abc", "cba", "abcc", "ab", ""]))
    if section != SECTIONS[0]:  # a window of one character can't see their order or number
        assert len({tuple(vector.tolist()) for vector in vectors}) == 5


@pytest.mark.parametrize("window", [1, 2, 3, 5])
@given(words=WORDS)
def test_the_convolution_is_one(window: int, words: list[str]) -> None:
    module = build(CharCnn(size=6, kernel_size=window))
    assert isinstance(module, CharConvolution)
    table, filters, bias = (each.detach().numpy() for each in (module.table.weight, module.filters, module.bias))
    for word, vector in zip(words, module.embed_words(encode(words)).detach().numpy(), strict=True):
        (row,) = CHARACTERS.encode([word])
        around = [PADDING] * ((window - 1) // 2) + row.tolist() + [PADDING] * (window // 2)
        answers = [
            sum(table[character] @ filters[place] for place, character in enumerate(around[start : start + window]))
            for start in range(len(row))
        ]
        expected = np.maximum(np.max(answers, axis=0) + bias, 0)
        np.testing.assert_allclose(vector, expected, rtol=1e-10, atol=1e-12)


def test_the_gradient_is_right_where_several_windows_are_the_strongest() -> None:
    module = build(CharCnn(size=6, kernel_size=2))
    assert isinstance(module, CharConvolution)
    word = encode(["aaaaaa", "aaa"])
    for sign in (1, -1):
        (filters,) = torch.autograd.grad(sign * module.embed_words(word).sum(), module.filters)
        step = 1e-6 * torch.randn_like(module.filters)
        with torch.no_grad():
            before = sign * module.embed_words(word).sum()
            module.filters.add_(step)
            after = sign * module.embed_words(word).sum()
            module.filters.sub_(step)
        torch.testing.assert_close((filters * step).sum(), after - before, rtol=1e-3, atol=1e-12)


def test_the_lstm_gives_its_two_final_states() -> None:
    module = build(CharLstm(size=6))
    (forward, backward) = module.get_submodule("recurrent.layers.0").children()
    (row,) = CHARACTERS.encode(["abü"])
    characters = module.get_submodule("table")(torch.from_numpy(row))[:, None]
    ahead, behind = forward(characters, None)[0][-1, 0], backward(characters.flip(0), None)[0][-1, 0]
    torch.testing.assert_close(module.embed_words(encode(["abü", "abcdefg"]))[0], torch.cat([ahead, behind]))


def test_an_odd_size_is_shared_by_both_directions() -> None:
    assert build(CharLstm(size=5)).width == 6


def test_fit_and_restore() -> None:
    section = CharCnn(min_count=2, max_length=6)
    codec = section.fit_words({"aab": 1, "b": 1, "c": 1}, lambda name: pytest.fail(name))
    assert codec.characters == ["a", "b"]
    assert codec.max_length == 6
    assert section.restore(codec.to_json()).to_json() == codec.to_json()


@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5), window=st.integers(1, 3), seed=st.integers(0, 99))
def test_the_maximum_over_windows_is_that_over_a_grid(lengths: list[int], window: int, seed: int) -> None:
    torch.manual_seed(seed)
    real = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    windows = torch.randint(7, (sum(lengths), window))
    rows, weights = torch.randn(7, 4, dtype=torch.float64), torch.randn(len(lengths), 4, dtype=torch.float64)
    found = []
    for maximum in (max_over_windows, max_over_grid):
        leaf = rows.clone().requires_grad_()
        best = maximum(leaf, windows, real)
        found.append((best, *torch.autograd.grad((best * weights).sum(), leaf)))
    for ours, expected in zip(*found, strict=True):  # windows of the same rows are as strong, and share the gradient
        torch.testing.assert_close(ours, expected)
