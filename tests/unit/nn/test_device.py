from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from seqnlp.nn.device import CPU, TensorBatch, autocast_dtype, device_of, to_device, to_numpy
from seqnlp.nn.dropout import generator, seed_thread

META = torch.device("meta")
"""A device without memory that every machine has."""


@dataclass(frozen=True)
class Inner(TensorBatch):
    values: Tensor
    count: int = 3


@dataclass(frozen=True)
class Outer(TensorBatch):
    inner: Inner
    tables: dict[str, Tensor] = field(default_factory=dict)
    real: Tensor | None = None


def test_a_batch_moves_with_all_that_is_in_it() -> None:
    batch = Outer(Inner(torch.ones(2, 3)), {"words": torch.zeros(4, dtype=torch.long)})
    moved = batch.to(META)
    assert type(moved) is Outer
    assert moved.inner.values.device == moved.tables["words"].device == META
    assert (moved.inner.values.shape, moved.tables["words"].dtype) == ((2, 3), torch.long)
    assert (moved.inner.count, moved.real) == (3, None)
    assert batch.inner.values.device == CPU


def test_a_batch_that_is_there_already_is_not_copied() -> None:
    batch = Outer(Inner(torch.ones(2)), {"words": torch.ones(1)}, torch.ones(1))
    assert batch.to(CPU) is batch
    assert to_device({"words": 1}, META) == {"words": 1}


def test_the_device_of_a_module_is_that_of_its_parameters() -> None:
    assert device_of(nn.Linear(1, 1, device=META)) == META
    assert device_of(nn.Identity()) == CPU


@pytest.mark.parametrize(
    ("tensor", "kind"),
    [
        (torch.tensor([1.5, -2]), np.float32),
        (torch.tensor([1.5, -2], dtype=torch.float64), np.float64),
        (torch.tensor([1.5, -2], dtype=torch.bfloat16), np.float32),
        (torch.tensor([1.5, -2], requires_grad=True), np.float32),
        (torch.tensor([1, -2]), np.int64),
        (torch.tensor([True, False]), np.bool_),
    ],
)
def test_a_tensor_becomes_an_array(tensor: Tensor, kind: type) -> None:
    array = to_numpy(tensor)
    assert array.dtype == kind
    assert array.tolist() == tensor.tolist()


def test_an_array_shares_the_memory_of_its_tensor() -> None:
    tensor = torch.zeros(3)
    to_numpy(tensor)[1] = 7
    assert tensor.tolist() == [0, 7, 0]


def test_autocast_is_asked_on_the_tensor_s_device() -> None:
    tensor = torch.ones(1)
    assert autocast_dtype(tensor) == torch.float32
    with torch.autocast(tensor.device.type, torch.bfloat16):
        assert autocast_dtype(tensor) == torch.bfloat16
    assert autocast_dtype(tensor.double()) == torch.float64


def test_a_seed_decides_what_a_thread_draws() -> None:
    seed_thread(5)
    first = torch.rand(3, generator=generator(CPU))
    again = torch.rand(3, generator=generator(CPU))
    seed_thread(5)
    assert torch.equal(torch.rand(3, generator=generator(CPU)), first)
    assert not torch.equal(first, again)
    assert torch.equal(first, torch.rand(3, generator=torch.Generator().manual_seed(5)))
