"""Models told before any training: operations against rules of one's own, equations against the layers."""

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from seqnlp.api import model_summary
from seqnlp.cli.app import app
from seqnlp.encoders.min_gru import MinGru
from seqnlp.encoders.mogrifier import Mogrifier
from seqnlp.encoders.recurrent import Gru, Lstm, RecurrentEncoder, Rnn
from seqnlp.errors import UsageError
from seqnlp.nn.flops import count_flops
from seqnlp.recipe import load_recipe
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.model_summary import equations, summarize
from seqnlp.tasks.placeholders import unknown_file
from seqnlp.tasks.registry import import_tasks

TIME, BATCH, WIDTH, SIZE = 7, 3, 5, 4
KINDS: dict[str, tuple[RecurrentEncoder, int]] = {
    "rnn": (Rnn(), 4 * (5 + 4)),
    "gru": (Gru(), 12 * (5 + 4)),
    "lstm": (Lstm(), 16 * (5 + 4)),
    "layer norm lstm": (Lstm(layer_norm=True), 16 * (5 + 4)),
    "min_gru": (MinGru(), 8 * 5),
    "mogrifier": (Mogrifier(rounds=3), 16 * (5 + 4) + 3 * 5 * 4),
}
"""Kinds of layers, and their multiplications in a step."""
SHIPPED = ["pos_gru", "ner_lstm_crf", "sentiment_lstm", "char_lstm", "reverse_words", "series_gru", "digits_ctc"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fused", [True, False])
def test_operations_of_layers_are_those_of_their_products(kind: str, fused: bool) -> None:
    encoder, products = KINDS[kind]
    number = torch.float32 if fused else torch.float64  # oneDNN has no layers of the second
    layer = encoder.layer(WIDTH, SIZE).to(number).requires_grad_(False).eval()
    layer.reset_parameters()
    counted = count_flops(layer, lambda: layer(torch.randn(TIME, BATCH, WIDTH, dtype=number), None))
    assert sum(counted.values()) == 2 * TIME * BATCH * products


def test_operations_belong_to_the_module_that_did_them() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(5, 2), nn.Sequential(nn.Linear(2, 3))

        def forward(self, inputs: Tensor) -> Tensor:
            outputs: Tensor = self.second(self.first(inputs)) @ inputs.new_ones(3, 7)
            return outputs

    both = Both().requires_grad_(False)
    assert count_flops(both, lambda: both(torch.ones(1, 5))) == {"first": 20, "second.0": 12, "": 42}


NORMS = {"LN": "norm", "LN_x": "norm_ih", "LN_h": "norm_hh", "LN_n": "norm_in", "LN_m": "norm_hn", "LN_c": "norm_c"}
GATES = {"rnn": [""], "gru": ["_r", "_z", "_n"], "lstm": ["_i", "_f", "_g", "_o"]}


def weights_of(kind: str, layer: Any) -> dict[str, Any]:
    """Values of the letters in the equations of a layer."""
    named = {name.removeprefix("rnn.").removesuffix("_l0"): each for name, each in layer.named_parameters()}
    if kind == "min_gru":
        v, w = named["linear.weight"].split(SIZE)
        c, b = named["linear.bias"].split(SIZE)
        return {"V": v, "W": w, "c": c, "b": b}
    letters = {"weight_ih": "W", "weight_hh": "U", "bias_ih": "b", "bias_hh": "c", "bias": "b"}
    gates = GATES["lstm" if kind == "mogrifier" else kind]
    found = {
        f"{letter}{gate}": part
        for name, letter in letters.items()
        if name in named
        for gate, part in zip(gates, named[name].split(SIZE), strict=True)
    }
    for number, matrix in enumerate(getattr(layer, "mogrifiers", [])):
        found[f"{'QR'[number % 2]}_{number + 1}"] = matrix
    norms = {name: getattr(layer, attribute, None) for name, attribute in NORMS.items()}
    return found | {name: norm for name, norm in norms.items() if norm is not None}


def solved(lines: tuple[str, ...], known: dict[str, Any]) -> Tensor:
    """Compute h′ by the very text of the equations."""
    space: dict[str, Any] = {"cat": torch.cat, "σ": torch.sigmoid, "tanh": torch.tanh, "ReLU": torch.relu, **known}
    space["LN_of"] = lambda norm, value: norm(torch.cat(value) if isinstance(value, list) else value)
    for line in lines:
        target, _, text = re.sub("←", "=", line).partition(" = ")
        if "where" in text:  # a + ½ where a ≥ 0, else σ(a)
            space["g"] = torch.where(space["a"] >= 0, space["a"] + 0.5, space["a"].sigmoid())
            continue
        text = re.sub(r"\b([VWUQR](?:_\w)?) (\w)\b", r"(\1 @ \2)", text)
        text = re.sub(r"2 σ(\([^()]*(?:\([^()]*\))?[^()]*\))", r"2 * σ\1", text)
        text = re.sub(r"\) \((?=\w+ )", ") * (", text).replace("−", "-").replace("⊙", "*").replace("′", "_next")
        text = re.sub(r"\b(LN(?:_\w)?)\(", r"LN_of(\1, ", text)
        value = eval(text, {}, space)  # the text of this program's own encoders
        names = re.findall(r"\w+", target.replace("′", "_next"))
        if len(names) > 1:
            space |= dict(zip(names, value.split(SIZE), strict=True))
        else:
            space[names[0]] = value
    found: Tensor = space["h_next"]
    return found


@pytest.mark.parametrize(
    ("kind", "encoder"),
    [
        ("rnn", Rnn()),
        ("rnn", Rnn(activation="relu")),
        ("rnn", Rnn(layer_norm=True)),
        ("gru", Gru()),
        ("gru", Gru(layer_norm=True)),
        ("lstm", Lstm()),
        ("lstm", Lstm(layer_norm=True)),
        ("min_gru", MinGru()),
        ("mogrifier", Mogrifier(rounds=3)),
    ],
)
def test_equations_compute_what_the_layer_computes(kind: str, encoder: RecurrentEncoder) -> None:
    layer = encoder.layer(WIDTH, SIZE).double().eval()
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -0.7, 0.7)
    state = [torch.rand(1, SIZE, dtype=torch.float64) for _ in range(layer.parts)]
    inputs = torch.randn(1, 1, WIDTH, dtype=torch.float64)
    expected, _ = layer(inputs, state)
    lines = tuple(line.replace(" c′", " k′").replace("(c′", "(k′") for line in encoder.equations)
    known = weights_of(kind, layer) | {"x": inputs[0, 0], "h": state[0][0]}
    if layer.parts == 2:  # the letter c is both a state and the name of biases
        known["k"] = state[1][0]
        lines = tuple(re.sub(r"⊙ c\b", "⊙ k", re.sub("^c′", "k′", line)).replace("k′", "k_next") for line in lines)
    torch.testing.assert_close(solved(lines, known), expected[0, 0])


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_told_without_the_corpus_is_true_with_it(name: str) -> None:
    import_tasks()
    recipe = load_recipe(name)
    assert isinstance(recipe, TaskRecipe)
    blind, seen = summarize(recipe, unknown_file), model_summary(name)
    assert blind.unknown
    assert not seen.unknown
    assert [layer.name for layer in blind.layers] == [layer.name for layer in seen.layers if layer.weights]
    told = {layer.name: layer for layer in seen.layers}
    for layer in blind.layers:
        for weight, shape in layer.weights.items():
            pairs = zip(shape, told[layer.name].weights[weight], strict=True)
            assert all(guess in (None, size) for guess, size in pairs), layer
        if layer.parameters is not None:
            assert layer.parameters == told[layer.name].parameters
        if layer.flops is not None:
            assert layer.flops == pytest.approx(told[layer.name].flops)
    assert sum(layer.parameters or 0 for layer in seen.layers) == seen.parameters
    assert sum(layer.flops or 0 for layer in seen.layers) == pytest.approx(seen.flops)
    assert any(layer.flops for layer in blind.layers)


def test_totals_of_a_language_model() -> None:
    summary = model_summary("char_lstm", ["encoder.size=32", "embedding.size=16", "decoder.tied=true"])
    tokens = summary.layers[0].weights["weight"][0]
    assert tokens is not None
    products = 4 * 32 * (16 + 32) + 32 * 16 + 16 * tokens
    assert summary.flops == 2 * products
    assert summary.parameters == 4 * 32 * (16 + 32 + 2) + 16 * tokens + 32 * 16 + tokens
    assert summary.layers[-1].tied == ["weight"]


def test_input_feeding_is_counted_too() -> None:
    plain, feeding = (
        model_summary("reverse_words", [f"decoder.input_feeding={value}", "decoder.dropout=0"])
        for value in ("false", "true")
    )
    assert plain.flops is not None
    assert feeding.flops is not None
    steps, targets = plain.example["source token"], plain.example["items"]
    extra = 2 * 4 * 128 * 128 * targets / steps  # the first layer reads the last output, too
    assert feeding.flops == pytest.approx(plain.flops + extra)


PLUGIN = """
from typing import Literal
from torch import nn
from seqnlp.encoders import Encoder
from seqnlp.nn.encoder import EncoderModule, States

class Mix(Encoder):
    kind: Literal["mix_told"] = "mix_told"
    @property
    def reads_ahead(self):
        return False
    @property
    def equations(self):
        return ("h′ = M x",)
    def build(self, width):
        return MixModule(width)

class MixModule(EncoderModule):
    def __init__(self, width):
        super().__init__()
        self.width, self.map = width, nn.Linear(width, width, bias=False)
    def forward(self, inputs, mask, state=None):
        return States(self.map(inputs), mask)
"""


def test_an_encoder_of_a_plugin_tells_its_own_equation(tmp_path: Path) -> None:
    (tmp_path / "mix.py").write_text(PLUGIN, encoding="utf-8")
    source = Path("recipes/pos_gru.toml").read_text(encoding="utf-8")
    source = re.sub(r"\[encoder\][^\[]*", '[encoder]\nkind = "mix_told"\n\n', source)
    corpora = Path("corpora").resolve()
    recipe = tmp_path / "mixed.toml"
    recipe.write_text('plugins = ["mix.py"]\n' + source.replace('"corpora/', f'"{corpora}/'), encoding="utf-8")
    result = CliRunner().invoke(app, ["recipes", "show", str(recipe), "--model"])
    assert result.exit_code == 0, result.output
    assert "h′ = M x" in result.stdout
    assert re.search(r"encoder\.map +Linear +160×160 +25,600 +51,200\n", result.stdout)


def test_the_command_tells_unknown_sizes_and_json(tmp_path: Path) -> None:
    ask: Callable[..., Any] = partial(CliRunner().invoke, app)
    told = ask(["recipes", "show", "ewt_upos", "--model"])
    assert told.exit_code == 0
    assert re.search(r"embedding\.words\.table +Embedding +\?×100 +\? +\?\n", told.stdout)
    assert "seqnlp corpora get ewt" in told.stderr
    data = json.loads(ask(["recipes", "show", "char_lstm", "--model", "--json"]).stdout)
    assert data["step"] == "token"
    assert data["parameters"] == sum(layer["parameters"] for layer in data["layers"])
    assert "unknown" not in data
    with pytest.raises(UsageError, match="--resolved and --model"):
        ask(["recipes", "show", "char_lstm", "--model", "--resolved"], standalone_mode=False, catch_exceptions=False)


def test_equations_are_found_wherever_a_recurrence_is() -> None:
    import_tasks()
    recipe = load_recipe("reverse_words", ["decoder.cell=gru"])
    assert isinstance(recipe, TaskRecipe)
    assert list(equations(recipe)) == ["encoder", "decoder.cell"]
    assert equations(recipe)["decoder.cell"] == list(Gru().equations)
