"""The recipes of language models, a few steps of each."""

import json
from pathlib import Path

import pytest

import seqnlp
from seqnlp.events import Done, Evaluated
from seqnlp.tasks.lm.predictor import Generator

ROOT = Path(__file__).parents[2]
SMALL = ["training.epochs=1", "training.threads=1", "encoder.size=32", "optimizer.lr=0.01"]


def train(recipe: str, out: Path, *settings: str) -> Path:
    events = list(seqnlp.train(ROOT / "recipes" / f"{recipe}.toml", [*SMALL, *settings], out))
    assert isinstance(events[-1], Done)
    assert any(isinstance(event, Evaluated) for event in events)
    return out


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train("char_lstm", tmp_path_factory.mktemp("runs") / "char", "data.train='corpora/prose/dev.txt'")


def test_char_lstm(run: Path) -> None:
    generator = seqnlp.load(run)
    assert isinstance(generator, Generator)
    assert len(list(generator.generate("The harbour", length=50, seed=1))) == 50
    assert set(json.loads((run / "scores.json").read_text())["test"]) >= {"nats", "perplexity", "bits_per_char"}


def test_word_lstm(tmp_path: Path) -> None:
    run = train("word_lstm", tmp_path / "word", "embedding.size=16")
    scores = seqnlp.evaluate(run)["scores"]
    assert scores["nats"] < 6.5
    assert scores["bits_per_char"] < 3


@pytest.mark.parametrize("recipe", ["shakespeare_char", "shakespeare_long"])
def test_shakespeare(recipe: str, tmp_path: Path) -> None:
    prose = ROOT / "corpora/prose/train.txt"
    sources = [f"data.train='{prose}[:20%]'", f"data.dev='{prose}[99%:]'"]
    train(recipe, tmp_path / "run", *sources, "training.batch_tokens=1024")


def test_subwords(tmp_path: Path) -> None:
    subwords = 'data.tokenizer={kind="subwords", vocab_size=400}'
    run = train("char_lstm", tmp_path / "run", "data.train='corpora/prose/dev.txt'", subwords)
    assert list(seqnlp.load(run).generate("The", length=5, seed=1))


def test_context_and_dynamic_evaluation(run: Path) -> None:
    whole, short, learning = (
        seqnlp.evaluate(run, **settings)["scores"]["nats"] for settings in ({}, {"context": 2}, {"dynamic": 3e-4})
    )
    assert learning < whole < short
