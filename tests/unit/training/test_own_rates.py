"""Parts of a model with a learning rate of their own."""

from math import cos, pi
from typing import final

import pytest
import torch
from torch import nn

from seqnlp.nn.own_rate import OwnRate, RatedModule
from seqnlp.optimizers import AdamW, Sgd
from seqnlp.training.own_rates import OWN, separate


@final
class Rated(RatedModule):
    """A layer with a rate, and one more that is frozen."""

    def __init__(self, rate: OwnRate) -> None:
        super().__init__()
        self.rate, self.layer, self.frozen = rate, nn.Linear(1, 1), nn.Linear(1, 1).requires_grad_(False)


def model() -> nn.Sequential:
    return nn.Sequential(Rated(OwnRate(1e-4, 0.5)), nn.Linear(1, 1), Rated(OwnRate(1e-5, 0.0)))


def test_parameters_are_split_off_and_follow_the_schedule() -> None:
    network, settings = model(), AdamW(lr=1e-2, schedule="cosine")
    optimizer = settings.build([each for each in network.parameters() if each.requires_grad])
    separate(optimizer, settings, network)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    groups = [[names[id(each)] for each in group["params"]] for group in optimizer.param_groups]
    assert groups == [["1.weight", "1.bias"], ["0.layer.weight", "0.layer.bias"], ["2.layer.weight", "2.layer.bias"]]
    rates = [[group[OWN].rate(share) for share in (0.0, 0.25, 0.5, 1.0)] for group in optimizer.param_groups]
    falling = [1, (1 + cos(pi / 4)) / 2, 0.5, 0]
    assert rates[0] == pytest.approx([1e-2 * each for each in falling])
    assert rates[1] == pytest.approx([0, 0.5e-4, 1e-4, 0])
    assert rates[2] == pytest.approx([1e-5 * each for each in falling])


def test_without_such_parts_nothing_is_divided() -> None:
    network, settings = nn.Linear(2, 2), Sgd()
    optimizer = settings.build(network.parameters())
    separate(optimizer, settings, network)
    (group,) = optimizer.param_groups
    assert [id(each) for each in group["params"]] == [id(each) for each in network.parameters()]
    assert group[OWN] == settings


def test_groups_that_are_there_already_stay_apart() -> None:
    network, settings = model(), AdamW(lr=1e-2)
    named = dict(network.named_parameters())
    parts = [{"params": [named["0.layer.weight"]], "mark": 1}, {"params": [named["1.weight"]], "mark": 2}]
    optimizer = torch.optim.AdamW(parts)
    separate(optimizer, settings, network)
    assert [(group["mark"], group[OWN].lr) for group in optimizer.param_groups] == [(1, 1e-4), (2, 1e-2)]
