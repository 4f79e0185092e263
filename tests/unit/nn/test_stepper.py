"""Single steps against the layers that they stand in for."""

import numpy as np
import pytest
import torch
from torch import Tensor

from seqnlp.nn import RecurrentStack, States
from seqnlp.nn.encoder import EncoderModule
from seqnlp.nn.recurrent import packed
from seqnlp.nn.recurrent.packed import packed_linear
from tests.unit.nn.layers import LAYERS, OF_TORCH, random_stack

TOKENS, READ, TIME, SIZE = 11, 4, 9, 16

# (kind, layers, residual, width, given as, rows): every pair of two values stands in one of the rows
VECTORS, PRODUCTS, LOOKED_UP = "vectors", "table of products", "table of vectors"
PAIRS = [
    ("lstm", 1, False, 8, VECTORS, 1),
    ("lstm", 3, True, SIZE, PRODUCTS, 3),
    ("lstm", 1, True, SIZE, LOOKED_UP, 70),
    ("lstm", 3, False, 8, PRODUCTS, 1),
    ("gru", 3, True, SIZE, VECTORS, 70),
    ("gru", 1, False, 8, PRODUCTS, 1),
    ("gru", 1, True, 8, LOOKED_UP, 3),
    ("gru", 3, False, SIZE, LOOKED_UP, 1),
    ("tanh", 1, False, SIZE, PRODUCTS, 70),
    ("tanh", 3, True, 8, LOOKED_UP, 1),
    ("tanh", 3, True, 8, VECTORS, 3),
    ("relu", 3, False, 8, LOOKED_UP, 3),
    ("relu", 1, True, SIZE, PRODUCTS, 1),
    ("relu", 1, True, SIZE, VECTORS, 70),
]


@pytest.mark.parametrize(("kind", "layers", "residual", "width", "given", "rows"), PAIRS)
def test_packed_steps_equal_the_layers(
    kind: str, layers: int, residual: bool, width: int, given: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packed, "LARGEST_TABLE", 0 if given == LOOKED_UP else 1 << 20)
    torch.manual_seed(1)
    stack = random_stack(kind, width, SIZE, 0.3, layers=layers, residual=residual).float()
    table, index = torch.randn(TOKENS, width), torch.randint(TOKENS, (rows, TIME))
    mask = torch.ones(rows, TIME, dtype=torch.bool)
    with torch.inference_mode():
        expected = stack(table[index], mask).outputs
        stepper = stack.stepper(rows, None if given == VECTORS else table)
        stepper.load(stack(table[index[:, :READ]], mask[:, :READ]).state, rows)
    for time in range(READ, TIME):
        outputs = stepper.step(table[index[:, time]] if given == VECTORS else index[:, time])
        torch.testing.assert_close(outputs, expected[:, time], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_steps_with_gradients_equal_those_of_the_layers(kind: str) -> None:
    torch.manual_seed(1)
    stack = random_stack(kind, 5, layers=2, residual=True)
    inputs, mask = torch.randn(3, 6, 5, dtype=torch.float64), torch.ones(3, 6, dtype=torch.bool)
    expected = stack(inputs, mask).outputs
    stepper = stack.stepper(3)
    found = torch.stack([stepper.step(step) for step in inputs.unbind(1)], 1)
    torch.testing.assert_close(found, expected)
    parameters = list(stack.parameters())
    slopes = [torch.autograd.grad(each.pow(2).sum(), parameters) for each in (expected, found)]
    for ours, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("kind", OF_TORCH)
def test_dropped_weights_stay_the_same_from_step_to_step(kind: str) -> None:
    torch.manual_seed(1)
    stack = random_stack(kind, kind_settings={"weight_drop": 0.5}).train()
    ones, state = torch.ones(1, 3, dtype=torch.float64), [torch.ones(1, 4, dtype=torch.float64)] * 2
    seen = []
    for _ in range(3):
        stepper = stack.stepper()
        outputs = []
        for _ in range(2):
            stepper.load(state[: 2 if kind == "lstm" else 1])
            outputs.append(stepper.step(ones))
        torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=0)
        seen.append(outputs[0])
    assert not all(torch.equal(seen[0], other) for other in seen[1:])


class Counting(EncoderModule):
    """Sums all that came before, and counts the steps: an encoder that only has `forward`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, inputs: Tensor, mask: Tensor, state: list[Tensor] | None = None) -> States:
        total, count = state or (inputs.new_zeros(len(inputs), self.width), inputs.new_zeros(len(inputs)))
        sums = inputs.cumsum(1) + total[:, None]
        counts = torch.arange(1, inputs.shape[1] + 1) + count[:, None]
        return States(sums * counts[..., None], mask, [sums[:, -1], counts[:, -1]])


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("kind", ["counting", "lstm", "gru", "min_gru", "mogrifier"])
def test_rows_can_be_dropped_and_doubled(kind: str, rows: int) -> None:
    torch.manual_seed(1)
    encoder = Counting(4) if kind == "counting" else random_stack(kind, 4, layers=2).float()
    table = torch.randn(TOKENS, 4)
    before, after = torch.randint(TOKENS, (rows, 3)), torch.randint(TOKENS, (4, 2))
    chosen = torch.tensor([rows - 1, rows - 1, 0, 0])
    with torch.inference_mode():
        stepper = encoder.stepper(rows, table)
        stepper.load(None, rows)
        for tokens in before.T:
            stepper.step(tokens)
        stepper.keep(chosen)
        found = torch.stack([stepper.step(tokens).clone() for tokens in after.T], 1)
        whole = table[torch.cat([before[chosen], after], 1)]
        expected = encoder(whole, torch.ones(whole.shape[:2], dtype=torch.bool)).outputs[:, 3:]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["counting", "lstm"])
def test_one_state_serves_all_rows(kind: str) -> None:
    torch.manual_seed(1)
    encoder = Counting(4) if kind == "counting" else random_stack(kind, 4).float()
    begun, tokens = torch.randn(1, 3, 4), torch.randn(5, 4)
    with torch.inference_mode():
        states = encoder(begun, torch.ones(1, 3, dtype=torch.bool))
        stepper = encoder.stepper(5)
        stepper.load(states.state, 5)
        found = stepper.step(tokens)
        for row, output in zip(tokens, found, strict=True):
            alone = encoder(row[None, None], torch.ones(1, 1, dtype=torch.bool), states.state).outputs[0, 0]
            torch.testing.assert_close(output, alone, atol=1e-5, rtol=1e-5)


def test_a_stepper_that_was_made_for_inference_records_no_gradients() -> None:
    encoder = random_stack("gru")
    with torch.no_grad():
        stepper = encoder.stepper()
    assert not stepper.step(torch.randn(1, 3, dtype=torch.float64)).requires_grad


def test_layers_in_both_directions_can_not_be_stepped() -> None:
    with pytest.raises(ValueError, match="they read ahead"):
        random_stack("gru", bidirectional=True).stepper()


@pytest.mark.parametrize("rows", [1, 7, 200])
@pytest.mark.parametrize("packed_for", [1, 64])
def test_packed_products_are_as_exact(rows: int, packed_for: int) -> None:
    torch.manual_seed(1)
    weight, bias, inputs = torch.randn(33, 17), torch.randn(33), torch.randn(rows, 17)
    expected = (inputs.double() @ weight.double().T + bias).float()
    with torch.inference_mode():
        torch.testing.assert_close(packed_linear(weight, bias, packed_for)(inputs), expected)
        bare = packed_linear(weight, None, packed_for)(inputs)
        torch.testing.assert_close(bare, (expected - bias), atol=1e-5, rtol=1e-5)


def test_products_under_autocast_are_near() -> None:
    torch.manual_seed(1)
    weight, bias, inputs = torch.randn(33, 17), torch.randn(33), torch.randn(5, 17)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        near = packed_linear(weight, bias)(inputs)
    assert near.dtype == torch.bfloat16
    torch.testing.assert_close(near.float(), inputs @ weight.T + bias, atol=0.2, rtol=0.02)


def test_products_keep_gradients_and_other_number_types() -> None:
    torch.manual_seed(1)
    weight, inputs = torch.randn(3, 2, dtype=torch.float64, requires_grad=True), torch.randn(4, 2, dtype=torch.float64)
    assert packed_linear(weight, None)(inputs).requires_grad
    with torch.inference_mode():
        np.testing.assert_array_equal(packed_linear(weight, None)(inputs).numpy(), (inputs @ weight.T).numpy())


def test_without_onednn_steps_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    stack: RecurrentStack = random_stack("lstm").float()
    inputs = torch.randn(2, 3)
    with torch.inference_mode():
        expected = stack.stepper(2)
        expected.load(None, 2)
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
        found = stack.stepper(2)
        for _ in range(3):
            torch.testing.assert_close(found.step(inputs), expected.step(inputs))
