"""Modules on another device: the same values and gradients as on the CPU."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor, nn

from seqnlp.codecs import Labels
from seqnlp.codecs.labels import UNSEEN
from seqnlp.decoders.biaffine import Biaffine
from seqnlp.nn.crf import log_partition
from seqnlp.nn.cross_entropy import linear_cross_entropy
from seqnlp.nn.device import CPU, move_module, to_device, to_numpy
from seqnlp.nn.encoder import States
from seqnlp.nn.pretrained import Pooling, PretrainedEncoder
from seqnlp.nn.viterbi import best_paths
from tests.unit.nn.layers import LAYERS, stack
from tests.unit.nn.test_pretrained import PAD, PREFIX, SUFFIX, Neighbours

MASK = torch.arange(5) < torch.tensor([5, 1, 3])[:, None]


def close(found: Tensor, expected: Tensor, device: torch.device) -> None:
    assert found.device == device
    torch.testing.assert_close(found.to(CPU), expected, rtol=1e-4, atol=1e-5)


QUICK = {("tanh", True), ("gru", False), ("lstm", True), ("lstm", False), ("layer norm gru", True), ("min_gru", True)}


@pytest.mark.parametrize(
    ("kind", "training"),
    [
        pytest.param(kind, training, marks=[] if (kind, training) in QUICK else [pytest.mark.slow])
        for kind in LAYERS
        for training in (True, False)
    ],
)
def test_layers(kind: str, training: bool, device: torch.device) -> None:
    """In evaluation mode too, where influences of words are gradients."""

    def run(place: torch.device) -> tuple[list[Tensor], list[Tensor]]:
        torch.manual_seed(1)
        network = move_module(stack(kind, layers=2, bidirectional=True).train(training), place)
        causal = move_module(stack(kind, layers=2).train(training), place)
        inputs = torch.randn(3, 5, 3).to(place).requires_grad_()
        mask = MASK.to(place)
        states, forward = network(inputs, mask), causal(inputs, mask)
        outputs = [states.outputs, forward.outputs, *causal(inputs, mask, forward.state).state]
        torch.cat([part.flatten() for part in outputs]).square().sum().backward()
        slopes = [each.grad for each in (inputs, *network.parameters(), *causal.parameters()) if each.grad is not None]
        with torch.no_grad():
            stepper = causal.stepper(3)
            stepper.load(None, 3)
            outputs += [stepper.step(inputs[:, step]).clone() for step in range(2)]
        return outputs, slopes

    expected, known = run(CPU)
    found, slopes = run(device)
    assert len(slopes) == len(known) > 8
    for mine, right in zip([*found, *slopes], [*expected, *known], strict=True):
        close(mine.detach(), right.detach(), device)


def with_gradients(function: Callable[..., Tensor], *tensors: Tensor) -> Sequence[Tensor]:
    """Value of a function, and its gradient by each tensor of floating-point numbers."""
    leaves = [each.detach().requires_grad_(each.is_floating_point()) for each in tensors]
    value = function(*leaves)
    value.sum().backward()
    return [value.detach(), *(each.grad for each in leaves if each.grad is not None)]


@pytest.mark.parametrize("spread", [1.0, 1000.0])
def test_conditional_random_fields(spread: float, device: torch.device) -> None:
    torch.manual_seed(1)
    given = [torch.randn(3, 5, 4) * spread, torch.randn(5, 5), MASK]
    expected = with_gradients(log_partition, *given)
    for mine, right in zip(with_gradients(log_partition, *to_device(given, device)), expected, strict=True):
        close(mine, right, device)
    emissions, transitions, mask = to_device(given, device)
    paths, known = best_paths(emissions, transitions, mask, 2), best_paths(given[0], given[1], MASK, 2)
    assert to_numpy(paths.labels).tolist() == known.labels.tolist()
    close(paths.scores, known.scores, device)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy(smoothing: float, device: torch.device) -> None:
    torch.manual_seed(1)
    given = [torch.randn(6, 3), torch.randn(7, 3), torch.randn(7), torch.tensor([0, 6, 3, 3, 1, 2])]

    def loss(hidden: Tensor, weight: Tensor, bias: Tensor, target: Tensor) -> Tensor:
        return linear_cross_entropy(hidden, weight, bias, target, smoothing)

    for mine, right in zip(with_gradients(loss, *to_device(given, device)), with_gradients(loss, *given), strict=True):
        close(mine, right, device)


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_pretrained_encoders(pooling: Pooling, device: torch.device) -> None:
    """Longer sentences than a window, and words of several pieces."""
    ids, first = torch.tensor([[3, 4, 5, 6, 7, 8], [9, 2, 0, 0, 0, 0]]), torch.tensor([[1, 3, 5], [1, 2, 0]])
    last = torch.tensor([[2, 4, 6], [1, 2, 0]])
    network = PretrainedEncoder(Neighbours(1), PREFIX, SUFFIX, PAD, 7, [0, 1], pooling)
    expected = network(ids, first, last)
    found = move_module(network, device)(*to_device([ids, first, last], device))
    close(found, expected, device)


def test_trees(device: torch.device) -> None:
    torch.manual_seed(1)
    outputs, target = torch.randn(3, 5, 3), torch.randint(0, 12, MASK.shape).masked_fill(~MASK, UNSEEN)

    def run(place: torch.device) -> list[Tensor]:
        torch.manual_seed(2)
        parser = move_module(Biaffine(arc_size=4, relation_size=3).build(3, Labels(["a", "b"])).eval(), place)
        states = States(outputs.to(place), MASK.to(place), [])
        tags = parser.predict(states)
        return [parser.loss(states, target.to(place)).total, tags.scores, tags.labels.float()]

    expected = run(CPU)
    for mine, right in zip(run(device), expected, strict=True):
        close(mine[MASK.to(device)] if mine.dim() else mine, right[MASK] if right.dim() else right, device)


def test_a_moved_module_is_the_same_one(device: torch.device) -> None:
    module = nn.Linear(2, 2)
    assert move_module(module, CPU) is module
    assert move_module(module, device) is module
    assert {each.device for each in module.parameters()} == {device}
