from typing import Any

import pytest
import torch
from pydantic import ValidationError

from seqnlp.encoders import Encoder, EncoderModule, Gru, Lstm, Rnn
from seqnlp.encoders.min_gru import MinGruLayer
from seqnlp.encoders.mogrifier import MogrifierLayer
from seqnlp.nn import RecurrentStack
from seqnlp.nn.recurrent.normalized import NormalizedGruLayer, NormalizedLstmLayer, NormalizedRnnLayer

KINDS = ["rnn", "gru", "lstm", "min_gru", "mogrifier"]


def test_the_kinds() -> None:
    assert {kind: Encoder.members[kind] for kind in ("rnn", "gru", "lstm")} == {"rnn": Rnn, "gru": Gru, "lstm": Lstm}
    assert isinstance(Encoder.parse({}), Lstm)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_encoder_is_built_as_its_section_says(kind: str, bidirectional: bool) -> None:
    section = Encoder.parse(
        {"kind": kind, "size": 6, "layers": 2, "bidirectional": bidirectional, "dropout": 0.25, "residual": True}
    )
    module = section.build(5)
    assert isinstance(module, EncoderModule)
    assert isinstance(module, RecurrentStack)
    assert section.reads_ahead is bidirectional
    assert module.width == (12 if bidirectional else 6)
    assert (len(module.layers), module.residual, module.dropout.rate) == (2, True, 0.25)
    mask = torch.tensor([[True, True, True], [True, False, False]])
    states = module(torch.randn(2, 3, 5), mask)
    assert states.outputs.shape == (2, 3, module.width)
    assert states.mask is mask


@pytest.mark.parametrize(
    ("section", "layer"),
    [
        ("gru", torch.nn.GRU),
        ("lstm", torch.nn.LSTM),
        ({"kind": "rnn"}, torch.nn.RNN),
        ({"kind": "rnn", "activation": "relu"}, torch.nn.RNN),
    ],
)
def test_the_recurrence(section: Any, layer: type) -> None:
    module = Encoder.parse(section).build(3)
    assert isinstance(module, RecurrentStack)
    directions: Any = module.layers[0]
    assert [type(each.rnn) for each in directions] == [layer, layer]
    if layer is torch.nn.RNN:
        assert directions[0].rnn.nonlinearity == ("relu" if "activation" in section else "tanh")


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_backward_direction_sees_later_steps(kind: str) -> None:
    torch.manual_seed(1)
    inputs, mask = torch.randn(1, 6, 3), torch.ones(1, 6, dtype=torch.bool)
    changed = inputs.clone()
    changed[:, 4] += 1
    for bidirectional in (False, True):
        module = Encoder.parse({"kind": kind, "size": 4, "bidirectional": bidirectional}).build(3).eval()
        before, after = module(inputs, mask).outputs, module(changed, mask).outputs
        assert torch.equal(before[:, :4], after[:, :4]) is not bidirectional
        assert not torch.equal(before[:, 4:], after[:, 4:])


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 0},
        {"layers": 0},
        {"layers": 17},
        {"dropout": 1.0},
        {"dropout": -0.1},
        {"bidirectional": 1},
        {"size": 2.0},
        {"heads": 4},
        {"kind": "gru", "activation": "relu"},
        {"kind": "rnn", "activation": "sin"},
        {"kind": "min_gru", "weight_drop": 0.5},
        {"kind": "mogrifier", "rank": 0},
    ],
)
def test_encoders_refuse_impossible_settings(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Encoder.parse(wrong)


CELLS = [kind for kind in Encoder.members if kind not in ("none", "leaky")]


@pytest.mark.parametrize("kind", CELLS)
def test_every_recurrence_is_a_cell(kind: str) -> None:
    section = Encoder.parse({"kind": kind})
    cell = section.build_cell(3, 5).eval()
    inputs, mask = torch.randn(2, 6, 3), torch.ones(2, 6, dtype=torch.bool)
    assert cell.width == 5
    torch.testing.assert_close(cell(inputs, mask).outputs[:, :4], cell(inputs[:, :4], mask[:, :4]).outputs)
    assert not list(section.cell_faults(3, 5))


def test_settings_that_a_decoder_has_itself_are_faults_of_its_cell() -> None:
    section = Encoder.parse({"kind": "gru", "layers": 2, "weight_drop": 0.5})
    assert [key for key, _ in section.cell_faults(3, 5)] == ["cell.layers"]


@pytest.mark.parametrize(
    ("section", "layer"),
    [
        ({"kind": "rnn", "layer_norm": True}, NormalizedRnnLayer),
        ({"kind": "gru", "layer_norm": True}, NormalizedGruLayer),
        ({"kind": "lstm", "layer_norm": True}, NormalizedLstmLayer),
        ("min_gru", MinGruLayer),
        ({"kind": "mogrifier", "rounds": 3, "rank": 2}, MogrifierLayer),
    ],
)
def test_the_layer(section: Any, layer: type) -> None:
    made = Encoder.parse(section).build(3).get_submodule("layers.0.0")
    assert type(made) is layer
    if isinstance(made, MogrifierLayer):
        assert [tuple(matrix.shape) for matrix in made.mogrifiers] == [
            (2, 128),
            (3, 2),
            (2, 3),
            (128, 2),
            (2, 128),
            (3, 2),
        ]


def test_an_lstm_of_any_kind_remembers_at_first() -> None:
    for section, bias in (({"kind": "lstm", "layer_norm": True}, "norm_ih.bias"), ({"kind": "mogrifier"}, "bias")):
        layer = Encoder.parse({**section, "size": 2}).build(3).get_submodule("layers.0.0")
        assert layer.get_parameter(bias).tolist() == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
