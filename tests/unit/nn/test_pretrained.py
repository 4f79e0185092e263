"""Windows over pieces, and pooling, with a network whose states can be told by hand."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqnlp.nn.dropout import seed_thread
from seqnlp.nn.own_rate import OwnRate
from seqnlp.nn.pretrained import FineTunedEncoder, Pooling, PretrainedEncoder, window_bounds

PREFIX, SUFFIX, PAD = [90, 91], [92], 7


class Neighbours(nn.Module):
    """Two layers of one feature: the piece itself, and the sum of the pieces up to `reach` away that are attended."""

    def __init__(self, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.seen: list[tuple[list[int], list[int]]] = []
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **_: Any) -> SimpleNamespace:
        self.seen += list(zip(input_ids.tolist(), attention_mask.tolist(), strict=True))
        own = (input_ids * attention_mask).float()
        around = nn.functional.pad(own, (self.reach, self.reach)).unfold(1, 2 * self.reach + 1, 1).sum(-1)
        return SimpleNamespace(hidden_states=(own[..., None] * self.factor, around[..., None] * self.factor))


def encoder(window: int, pooling: Pooling = "first", reach: int = 1) -> PretrainedEncoder:
    return PretrainedEncoder(Neighbours(reach), PREFIX, SUFFIX, PAD, window, [0, 1], pooling)


def padded(rows: list[list[int]]) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


def states(module: nn.Module, pieces: list[list[int]], spans: list[list[tuple[int, int]]]) -> Tensor:
    """Of words with these first and last pieces, from 1; shape (batch, time, layers)."""
    first, last = (padded([[span[side] for span in row] for row in spans]) for side in (0, 1))
    found: Tensor = module(padded([[piece + 1 for piece in row] for row in pieces]), first, last)
    return found[..., 0]


@pytest.mark.parametrize(("pooling", "expected"), [("first", [10, 30]), ("last", [20, 30]), ("mean", [15, 30])])
def test_a_word_has_the_state_of_its_pieces(pooling: Pooling, expected: list[float]) -> None:
    assert states(encoder(8, pooling), [[10, 20, 30]], [[(1, 2), (3, 3)]])[0, :, 0].tolist() == expected


def test_a_word_without_pieces_has_none() -> None:
    assert states(encoder(8, "mean"), [[10], []], [[(0, 0), (1, 1)], [(0, 0)]]).tolist() == [
        [[0, 0], [10, 91 + 10 + 92]],
        [[0, 0], [0, 0]],
    ]


def test_special_pieces_stand_around_each_sentence_and_padding_is_not_attended() -> None:
    module = encoder(8)
    states(module, [[10, 20, 30], [40]], [[(1, 1)], [(1, 1)]])
    assert isinstance(module.network, Neighbours)
    assert module.network.seen == [
        ([90, 91, 10, 20, 30, 92], [1] * 6),
        ([90, 91, 40, 92, PAD, PAD], [1, 1, 1, 1, 0, 0]),
    ]


@pytest.mark.parametrize(
    ("length", "window", "expected"),
    [
        (0, 4, [(0, 0, 0)]),
        (4, 4, [(0, 4, 4)]),
        (5, 4, [(0, 4, 2), (1, 5, 5)]),
        (8, 4, [(0, 4, 3), (2, 6, 5), (4, 8, 8)]),
        (9, 4, [(0, 4, 3), (2, 6, 5), (4, 8, 6), (5, 9, 9)]),
        (3, 1, [(0, 1, 1), (1, 2, 2), (2, 3, 3)]),
    ],
)
def test_windows_overlap_by_half(length: int, window: int, expected: list[tuple[int, int, int]]) -> None:
    assert window_bounds(length, window) == expected


@pytest.mark.parametrize("length", [7, 8, 9, 16, 31, 100])
def test_windows_cover_every_piece_with_context_on_both_sides(length: int) -> None:
    """With windows of 8 and a reach of 1, each piece sees both neighbours, as in one window."""
    pieces = [[(7 * place) % 23 + 1 for place in range(length)]]
    spans = [[(place, place) for place in range(1, length + 1)]]
    whole, cut = states(encoder(200), pieces, spans), states(encoder(8), pieces, spans)
    assert torch.equal(whole, cut)


@pytest.mark.parametrize("pooling", ["first", "last", "mean"])
def test_a_word_longer_than_a_window_is_pooled_over_windows(pooling: Pooling) -> None:
    pieces, spans = [list(range(1, 31))], [[(1, 2), (3, 29), (30, 30)]]
    assert torch.equal(states(encoder(8, pooling), pieces, spans), states(encoder(200, pooling), pieces, spans))


def test_neighbours_in_a_batch_change_nothing() -> None:
    rows = [list(range(1, length + 1)) for length in (3, 20, 1, 9)]
    spans = [[(place, place) for place in row] for row in rows]
    together = states(encoder(8), rows, spans)
    for number, (row, own) in enumerate(zip(rows, spans, strict=True)):
        assert torch.equal(states(encoder(8), [row], [own])[0], together[number, : len(row)])


def test_portions_without_a_gradient_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.nn.pretrained.WINDOWS", 2)
    module, pieces, spans = encoder(4), [list(range(1, 31))], [[(place, place) for place in range(1, 31)]]
    with torch.no_grad():
        found = states(module, pieces, spans)
    assert torch.equal(found, states(module, pieces, spans))


class Dropping(nn.Module):
    """A layer with dropout, as models of the Hub have it."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(100, 8)
        self.dropout = nn.Dropout(0.5)
        self.asked = [0.0]

    def forward(self, input_ids: Tensor, **_: Any) -> SimpleNamespace:
        self.asked.append(self.dropout.p if self.training else 0.0)  # so the code of attention does
        return SimpleNamespace(hidden_states=(self.dropout(self.table(input_ids)),))


def test_dropout_in_training_is_a_function_of_the_seed() -> None:
    network = Dropping()
    module = FineTunedEncoder(PretrainedEncoder(network, [], [], PAD, 8, [0], "first"), OwnRate(1e-3, 0.1))
    one = torch.tensor([[1, 2]]), torch.tensor([[1, 2]]), torch.tensor([[1, 2]])

    def found(seed: int) -> Tensor:
        seed_thread(seed)
        result: Tensor = module(*one)
        return result

    module.train()
    before = torch.get_rng_state()
    assert torch.equal(found(1), found(1))
    assert not torch.equal(found(1), found(2))
    assert (found(1) == 0).any()
    assert torch.equal(torch.get_rng_state(), before)
    assert set(network.asked) == {0.0}
    module.eval()
    assert torch.equal(found(1), found(2))
    assert not (found(1) == 0).any()
