"""Translators that read states of language models at the tokens of their sources."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import seqnlp
from seqnlp.codecs.running_text import Tokenizer
from seqnlp.codecs.sentences import Sentences
from seqnlp.run import Run
from seqnlp.tasks.translate.context import token_spans
from seqnlp.tasks.translate.predictor import Translator

PAIRS = [
    {"source": f"{one} {two}", "target": f"{two} {one}"} for one in ("ab", "ba", "aab") for two in ("b", "abb", "a")
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lm")
    (folder / "text.txt").write_text("".join(f"{pair['source']}\n" for pair in PAIRS * 9), encoding="utf-8")
    for direction in ("forward", "backward"):
        recipe: dict[str, Any] = {
            "task": "lm",
            "data": {"train": str(folder / "text.txt"), "dev": str(folder / "text.txt"), "direction": direction},
            "embedding": {"size": 4},
            "encoder": {"kind": "gru", "size": 6, "bidirectional": False},
            "training": {"epochs": 1, "bptt": 16, "batch_tokens": 64, "threads": 1},
        }
        list(seqnlp.train(recipe, out=folder / direction))
    return folder


def trained(models: Path, out: Path, context: Mapping[str, Any] | None) -> Translator:
    recipe: dict[str, Any] = {
        "task": "translate",
        "data": {"tokenizer": {"kind": "characters"}},
        "embedding": {"size": 6},
        "encoder": {"kind": "gru", "size": 8},
        "decoder": {"size": 8},
        "training": {"epochs": 2, "batch_tokens": 60, "threads": 2},
    }
    section = {} if context is None else {"source_context": context}
    list(seqnlp.train({**recipe, **section}, data={"train": PAIRS, "dev": PAIRS[:4]}, out=out))
    model = seqnlp.load(out)
    assert isinstance(model, Translator)
    return model


def test_a_translator_reads_states_and_needs_no_other_run(models: Path, tmp_path: Path) -> None:
    own = tmp_path / "lm"
    shutil.copytree(models, own)
    context = {"forward": str(own / "forward"), "backward": str(own / "backward"), "size": 5}
    model = trained(own, tmp_path / "run", context)
    shutil.rmtree(own)
    assert Run.open(tmp_path / "run").load_model()["embedding.context.projection.weight"].shape == (5, 12)
    again = seqnlp.load(tmp_path / "run")
    texts = [pair["source"] for pair in PAIRS]
    together = again.translate(texts, beam=2)
    assert [each.text for each in together] == [each.text for each in model.translate(texts, beam=2)]
    for text, found in zip(texts, together, strict=True):
        alone = again.translate(text, beam=2)
        assert alone.text == found.text
        assert alone.score == pytest.approx(found.score, abs=1e-3)
    knowledge = Run.open(tmp_path / "run").meta()["knowledge"]
    assert list(knowledge) == ["source_context.forward", "source_context.backward"]
    assert seqnlp.evaluate(tmp_path / "run", data=PAIRS)["scores"]["nats"] > 0


def test_a_translator_starts_from_another_and_takes_the_projection(models: Path, tmp_path: Path) -> None:
    context = {"forward": str(models / "forward"), "size": 5}
    trained(models, tmp_path / "one", context)
    lines: list[str] = []
    recipe = {
        "task": "translate",
        "start": str(tmp_path / "one"),
        "data": {"tokenizer": {"kind": "characters"}},
        "embedding": {"size": 6},
        "source_context": context,
        "encoder": {"kind": "gru", "size": 8},
        "decoder": {"size": 8},
        "training": {"epochs": 1, "batch_tokens": 60, "threads": 1},
    }
    list(seqnlp.train(recipe, data={"train": PAIRS, "dev": PAIRS[:4]}, out=tmp_path / "two", notify=lines.append))
    taken = Run.open(tmp_path / "two").meta()["start"]["parts"]
    assert taken["source_context"] == "taken"


def test_an_ensemble_gives_each_model_its_states(models: Path, tmp_path: Path) -> None:
    one = trained(models, tmp_path / "one", {"forward": str(models / "forward")})
    other = trained(models, tmp_path / "other", None)
    joined = one.joined(other)
    assert joined.contexts == [one.contexts[0], None]
    assert isinstance(joined.translate("ab b").text, str)


@pytest.mark.parametrize("kind", ["characters", "words", "subwords"])
def test_the_spans_of_tokens_are_those_of_the_sentence(kind: str) -> None:
    texts = ["Über  den Fluß, ja!", "ein Haus"] * 30
    settings: dict[str, Any] = {"kind": kind, **({"vocab_size": 300} if kind == "subwords" else {})}
    source = Sentences.fit(texts, Tokenizer.parse(settings), lowercase=True)
    for text in (texts[0], "Haus", "x"):
        number = int(source.encode([text]).lengths[0])
        spans = token_spans(source, text, number)
        encoded = source.clean(text).encode()
        found = [encoded[start:end] for start, end in zip(spans.starts, spans.ends, strict=True)]
        pieces = source.split(text)
        if pieces[0] == b" ":  # that before the first word, which the sentence lacks
            assert found[0] == b""
            found, pieces = found[1:], pieces[1:]
        assert found == [piece.removeprefix(b" ") or piece for piece in pieces]
        assert len(spans.ends) == number
    assert len(token_spans(source, texts[0], 2).ends) == 2
    assert np.all(np.diff(token_spans(source, texts[0], 9).ends) > 0)


def test_no_state_is_needed_without_language_models(models: Path, tmp_path: Path) -> None:
    model = trained(models, tmp_path / "plain", None)
    names = model.models[0].state_dict()
    assert "embedding.table.weight" in names
    assert all(isinstance(tensor, torch.Tensor) for tensor in names.values())
