"""Private functions of torch, and what is done in a version without them."""

from typing import Any

import pytest
import torch
from torch import Tensor

from seqnlp.nn import private
from seqnlp.nn.recurrent.packed import packed_linear


def refuse(*arguments: Any) -> Tensor:
    raise TypeError("takes other arguments in this version")


@pytest.fixture(params=["as it is", "missing"])
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A version of torch with its private functions, and one without."""
    if request.param == "missing":
        monkeypatch.setattr(private, "find", lambda path: None)
    return str(request.param)


def test_find_tells_a_function_that_is_there_from_one_that_is_not() -> None:
    assert private.find("lerp") is torch.lerp
    assert private.find("_no_such_function") is None
    assert private.find("no_such_module.function") is None
    assert private.find("ops.mkldnn._no_such_operator") is None


@pytest.mark.usefixtures("version")
def test_averages_move_by_the_share() -> None:
    tensors, ends = [torch.zeros(3), torch.ones(2, 2)], [torch.full((3,), 4.0), torch.zeros(2, 2)]
    private.lerp_all(tensors, ends, 0.25)
    assert tensors[0].tolist() == [1.0] * 3
    assert tensors[1].flatten().tolist() == [0.75] * 4


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("biased", [True, False])
def test_packed_products_are_those_of_the_definition(biased: bool) -> None:
    drawn = torch.Generator().manual_seed(1)
    weight, inputs = torch.randn(24, 16, generator=drawn), torch.randn(7, 16, generator=drawn)
    bias = torch.randn(24, generator=drawn) if biased else None
    with torch.no_grad():
        found = packed_linear(weight, bias)(inputs)
    right = inputs.double() @ weight.double().T + (0.0 if bias is None else bias.double())
    torch.testing.assert_close(found.double(), right, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["ops.mkldnn._reorder_linear_weight", "ops.mkldnn._linear_pointwise.default"])
def test_products_with_other_arguments_are_not_packed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = private.find
    monkeypatch.setattr(private, "find", lambda path: refuse if path == name else known(path))
    assert private.onednn_linear(torch.ones(4, 3), None, 2) is None


def test_bf16_is_off_where_torch_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "find", lambda path: None)
    assert not private.supports_bf16()
