import pytest
import torch

from seqnlp.nn.dropout import Dropout


def masks(rate: float, variational: bool, shape: tuple[int, int, int] = (40, 6, 50)) -> torch.Tensor:
    torch.manual_seed(1)
    dropped: torch.Tensor = Dropout(rate, variational)(torch.ones(shape))
    return dropped


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("variational", [False, True])
def test_values_are_dropped_or_rescaled_and_their_mean_is_kept(rate: float, variational: bool) -> None:
    dropped = masks(rate, variational, (200, 4, 200))
    assert dropped.unique().tolist() == pytest.approx([0, 1 / (1 - rate)])
    assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)


def test_variational_dropout_has_one_mask_a_sequence() -> None:
    dropped = masks(0.5, variational=True)
    assert (dropped == dropped[:, :1]).all()
    assert not (dropped == dropped[:1]).all()


def test_plain_dropout_has_one_mask_a_step() -> None:
    dropped = masks(0.5, variational=False)
    same = (dropped[:, 1:] == dropped[:, :-1]).float().mean().item()
    assert same == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("variational", [False, True])
def test_evaluation_and_rate_zero_change_nothing(variational: bool) -> None:
    inputs = torch.randn(2, 3, 4)
    assert Dropout(0.5, variational).eval()(inputs) is inputs
    assert Dropout(0.0, variational)(inputs) is inputs


def test_the_gradient_goes_through_the_same_mask() -> None:
    inputs = torch.randn(3, 4, 5, requires_grad=True)
    outputs = Dropout(0.5)(inputs)
    outputs.sum().backward()
    torch.testing.assert_close(inputs.grad, (outputs / inputs).detach())


def test_the_number_format_is_kept() -> None:
    assert Dropout(0.3)(torch.ones(2, 3, 4, dtype=torch.bfloat16)).dtype == torch.bfloat16


def test_settings_are_shown() -> None:
    assert repr(Dropout(0.25)) == "Dropout(0.25, variational=True)"
