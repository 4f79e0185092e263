"""The fake device catches what a GPU would."""

import pytest
import torch

from seqnlp.nn.device import CPU, to_numpy
from tests.unit.fake_device import FAKE, fake_device


def test_it_computes_and_its_tensors_do_not_mix_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_device(monkeypatch):
        here = torch.arange(6.0, device=FAKE).view(2, 3).requires_grad_()
        there = torch.ones(3)
        assert here.device == here.new_zeros(1).device == FAKE
        loss = (here * 2 + there.to(FAKE)).sum()
        loss.backward()
        assert loss.item() == 36
        assert here.grad is not None
        assert here.grad.to(CPU).tolist() == [[2] * 3] * 2
        assert to_numpy(here[here > 3]).tolist() == [4, 5]
        for left_behind in (lambda: here + there, lambda: here[torch.tensor([0])], lambda: torch.cat([here[0], there])):
            with pytest.raises(RuntimeError, match="on the same device"):
                left_behind()
        assert (here + torch.tensor(1.0)).device == FAKE, "a number may come from anywhere"
        with pytest.raises(RuntimeError):
            here.detach().numpy()
