"""Devices that tests of modules are run on."""

from collections.abc import Iterator

import pytest
import torch

from seqnlp.nn.device import available_devices
from tests.unit.fake_device import FAKE, fake_device

GPU = "cuda:0"


@pytest.fixture(params=[FAKE.type, pytest.param(GPU, marks=pytest.mark.gpu)])
def device(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """A device that is not the CPU: one made of processor memory, and with `-m gpu` a real one."""
    if request.param != GPU:
        with fake_device(monkeypatch):
            yield FAKE
    elif GPU in available_devices():
        yield torch.device(GPU)
    else:
        pytest.skip(f"this machine has no {GPU}: {', '.join(available_devices())}")
