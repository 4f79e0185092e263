"""An encoder of somebody else's, in a file that a recipe names: it must work in all tasks."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import seqnlp
from seqnlp.decoders import Attention
from seqnlp.decoders.forecast import ForecastDecoder
from seqnlp.events import Evaluated
from seqnlp.nn import States
from seqnlp.tasks.lm.context_probe import probe
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.lm.recipe import LmRecipe

PLUGIN = '''
"""A leaky sum of all steps so far, as a matrix a sequence: nothing that the package knows of."""

from typing import Literal, final

import torch
from torch import nn

from seqnlp.encoders import Encoder, EncoderModule
from seqnlp.nn import States


class LeakyModule(EncoderModule):
    def __init__(self, width, size):
        super().__init__()
        self.width = size
        self.rows, self.columns = nn.Linear(width, size), nn.Linear(width, 3)
        self.read = nn.Linear(width, 3)

    def forward(self, inputs, mask, state=None):
        total = inputs.new_zeros(len(inputs), self.width, 3) if state is None else state[0]
        outputs = []
        for step in inputs.unbind(1):
            total = 0.8 * total + torch.tanh(self.rows(step))[:, :, None] * torch.tanh(self.columns(step))[:, None]
            outputs.append((total @ self.read(step)[:, :, None])[:, :, 0])
        return States(torch.stack(outputs, 1), mask, [total])


@final
class Leaky(Encoder):
    """A leaky sum of outer products."""

    kind: Literal["leaky"] = "leaky"
    units: int = 8
    """Units."""

    @property
    def reads_ahead(self):
        return False

    def build(self, width):
        return LeakyModule(width, self.units)
'''
TEXT = "".join(f"{number} green bottle{'s' * (number != 1)} on the wall,\n" for number in range(30, 0, -1))
TRAINING = {"epochs": 2, "threads": 1, "precision": "fp32"}


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "leaky.py"
    path.write_text(PLUGIN, encoding="utf-8")
    return path


def toml(table: dict[str, Any], prefix: str = "") -> str:
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += [f"[{prefix}{key}]", toml(value, f"{prefix}{key}.")]
    return "\n".join(lines)


def trained(folder: Path, recipe: dict[str, Any]) -> tuple[Path, list[Evaluated]]:
    file = folder / "recipe.toml"
    file.write_text(toml(recipe), encoding="utf-8")
    events = list(seqnlp.train(file, out=folder / "run"))
    return folder / "run", [event for event in events if isinstance(event, Evaluated)]


def test_it_is_a_language_model(tmp_path: Path, plugin: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    recipe = {
        "task": "lm",
        "plugins": [str(plugin)],
        "data": {"train": f"{text}[:80%]", "dev": f"{text}[80%:]"},
        "embedding": {"size": 6},
        "encoder": {"kind": "leaky"},
        "optimizer": {"lr": 0.02},
        "training": {**TRAINING, "bptt": 16, "batch_tokens": 64},
    }
    run, evaluated = trained(tmp_path, recipe)
    assert evaluated[-1].scores["nats"] < 3.0
    assert evaluated[-1].examples[0].predicted
    model = seqnlp.load(run)
    assert isinstance(model, Generator)
    (sample, *_) = model.generate("9 green", length=1, temperature=0, alternatives=1)
    assert sample.logprob == pytest.approx(model.next_tokens("9 green", 1)[0][1], abs=1e-4)
    assert len(list(model.generate("9", length=20, samples=3, seed=1))) == 60
    greedy = [token.text for token in model.generate("9", length=9, temperature=0)]
    assert [token.text for token in model.search("9", beams=1, length=9)] == greedy
    searched = model.search("\n", beams=4, length=9)
    scored = [token.logprob for token in model.score("".join(token.text for token in searched))]
    assert [token.logprob for token in searched] == pytest.approx(scored, abs=0.05)  # one without the unknown
    assert seqnlp.evaluate(run, "dev")["scores"]["nats"] == pytest.approx(evaluated[-1].scores["nats"])
    assert seqnlp.evaluate(run, "dev", dynamic=1e-3)["scores"]["nats"] != evaluated[-1].scores["nats"]
    assert probe(run, steps=20).losses[20] < probe(run, steps=20).losses[1]


def test_it_tags(tmp_path: Path, plugin: Path) -> None:
    lines = tmp_path / "words.txt"
    lines.write_text("a X\nb Y\n\nb Y\na X\nc X\n\n" * 8, encoding="utf-8")
    reader = {"kind": "columns", "names": ["word", "tag"]}
    data = {"train": str(lines), "dev": str(lines), "tokens": "word", "labels": ["tag"], "reader": reader}
    recipe = {
        "task": "tag",
        "plugins": [str(plugin)],
        "data": data,
        "encoder": {"kind": "leaky"},
        "optimizer": {"lr": 0.03},
        "training": {**TRAINING, "epochs": 30, "batch_tokens": 20},
    }
    run, evaluated = trained(tmp_path, recipe)
    assert evaluated[-1].scores["accuracy"] == 1.0
    tagger: Any = seqnlp.load(run)
    assert tagger.tag("a b").tags == ["X", "Y"]


@pytest.fixture
def leaky(plugin: Path) -> None:
    exec(plugin.read_text("utf-8"), {"__name__": "leaky"})


def test_it_is_the_cell_of_a_decoder(leaky: None) -> None:
    spec = Attention.model_validate(
        {"cell": {"kind": "leaky", "units": 8}, "size": 8, "embedding_size": 6, "layers": 2}
    )
    assert not list(spec.faults(8))
    torch.manual_seed(1)
    decoder = spec.build(8, 12).eval()
    states = States(torch.randn(2, 4, 8), torch.ones(2, 4, dtype=torch.bool))
    found = decoder.predict(states)
    target = torch.tensor([[1, *found[0][0].tokens, 2]])
    nats = decoder.nats(States(states.outputs[:1], states.mask[:1]), target)
    assert found[0][0].logprob == pytest.approx(-nats.sum().item(), abs=1e-4)
    assert not list(ForecastDecoder.parse({"kind": "recursive", "cell": "leaky", "size": 8}).faults())


def test_a_cell_of_another_size_is_a_fault(leaky: None) -> None:
    spec = Attention.model_validate({"cell": "leaky", "size": 16})
    assert list(spec.faults(512)) == [("cell", "leaky can't be its cell: it gives 8 features, and size is 16")]


def test_an_encoder_without_a_state_is_a_language_model_that_sees_one_token() -> None:
    recipe = LmRecipe.model_validate({"task": "lm", "data": {"train": "-", "dev": "-"}, "encoder": "none"})
    assert not list(recipe.faults())
