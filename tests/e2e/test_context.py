"""Taggers and classifiers over the states of language models, from training to use."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import numpy as np
import pytest
import torch

import seqnlp
from seqnlp.errors import RecipeError, UsageError
from seqnlp.events import Stepped
from seqnlp.run import Run
from seqnlp.service.handlers import Models, answer
from seqnlp.service.protocol import Request
from seqnlp.tasks.lm.word_states import Spans
from seqnlp.tasks.transcribe.language_model import open_language_model

Program = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
SETTINGS = [
    "data.train=corpora/pos/dev.conllu",
    "training.epochs=2",
    "training.threads=2",
    "training.batch_tokens=250",
    "encoder.size=12",
    "embedding.words.size=12",
    "embedding.chars.size=12",
    "embedding.context.layers=[1, 2]",
    "embedding.context.size=10",
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two language models: `forward` and `backward`."""
    folder = tmp_path_factory.mktemp("lm")
    recipe = {
        "task": "lm",
        "data": {"train": str(ROOT / "corpora/prose/dev.txt"), "dev": str(ROOT / "corpora/prose/test.txt")},
        "embedding": {"size": 8},
        "encoder": {"kind": "gru", "size": 12, "layers": 2, "bidirectional": False},
        "training": {"epochs": 1, "threads": 1},
    }
    for direction in ("forward", "backward"):
        data = {**recipe["data"], "direction": direction}  # type: ignore[dict-item]
        list(seqnlp.train({**recipe, "data": data}, out=folder / direction))
    return folder


def settings_of(models: Path) -> list[str]:
    return [*SETTINGS, *(f"embedding.context.{name}={models / name}" for name in ("forward", "backward"))]


@pytest.fixture(scope="module")
def tagger(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tag") / "run"
    list(seqnlp.train(ROOT / "recipes/pos_gru.toml", settings_of(models), out))
    return out


TEXTS = [["It", "rains", "."], ["Then", "the", "ferry", "came", "in", "late", ",", "and", "we", "ran"], ["No"]]


def test_the_run_needs_no_other_run(models: Path, tagger: Path, tmp_path: Path) -> None:
    before = seqnlp.load(tagger).tag(TEXTS)
    scores = seqnlp.evaluate(tagger, "dev")["scores"]
    moved = tmp_path / "moved"
    shutil.copytree(tagger, moved)
    gone = models.with_name("gone")
    models.rename(gone)
    try:
        after = seqnlp.load(moved).tag(TEXTS)
        assert [each.tags for each in after] == [each.tags for each in before]
        assert seqnlp.evaluate(moved, "dev")["scores"] == scores
    finally:
        gone.rename(models)


def test_neighbours_in_a_batch_change_nothing(tagger: Path) -> None:
    model = seqnlp.load(tagger)
    together = model.tag(TEXTS)
    for text, found in zip(TEXTS, together, strict=True):
        (alone,) = model.tag([text])
        assert alone.tags == found.tags
        assert alone.scores == pytest.approx(found.scores, abs=1e-3)


def test_the_encoder_sees_the_states(tagger: Path) -> None:
    """Without them the tags would be others: their projection has been trained."""
    weights = Run.open(tagger).load_model()
    projected = [name for name in weights if name.endswith("projection.weight")]
    assert len(projected) == 1
    assert weights[projected[0]].shape == (10, 24)
    assert not any("rnn" in name and tensor.shape[-1] == 8 for name, tensor in weights.items()), "no language model"
    mixes = [tensor for name, tensor in weights.items() if name.endswith(".logits")]
    assert len(mixes) == 2
    assert all(not torch.equal(tensor, torch.zeros(2)) for tensor in mixes)


@pytest.mark.parametrize("stop", [1, 12])
def test_a_resumed_training_ends_with_the_same_bytes(models: Path, tagger: Path, tmp_path: Path, stop: int) -> None:
    out, settings = tmp_path / "run", settings_of(models)
    events = seqnlp.train(ROOT / "recipes/pos_gru.toml", settings, out)
    for event in events:
        if isinstance(event, Stepped) and event.step >= stop:
            events.close()
    gone = models.with_name("gone")
    models.rename(gone)  # not needed to resume
    try:
        list(seqnlp.train(ROOT / "recipes/pos_gru.toml", settings, out, resume=True))
    finally:
        gone.rename(models)
    assert (out / "model.safetensors").read_bytes() == (tagger / "model.safetensors").read_bytes()


def test_what_it_knows_is_told(tagger: Path, models: Path, seqnlp: Program) -> None:
    knowledge = json.loads((tagger / "meta.json").read_text(encoding="utf-8"))["knowledge"]
    assert list(knowledge) == ["embedding.context.forward", "embedding.context.backward"]
    card, shown = (tagger / "README.md").read_text(encoding="utf-8"), seqnlp("runs", "show", tagger).stdout
    for name, origin in knowledge.items():
        assert origin["name"] == f"{name.rpartition('.')[2]} ({name.rpartition('.')[2]} language model)"
        for text in (card, shown):
            assert name in text
            assert origin["sha256"] in text


@pytest.mark.parametrize("name", ["embedding.context.safetensors", "embedding.context.json"])
def test_damage_to_the_language_models_is_named(tagger: Path, tmp_path: Path, seqnlp: Program, name: str) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(tagger, damaged)
    file = damaged / "codecs" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    done = seqnlp("tag", damaged, stdin="It rains.\n")
    assert done.returncode == 4
    assert f"{name}: damaged" in done.stderr
    assert done.stderr.count("\n") == 1
    file.unlink()
    done = seqnlp("tag", damaged, stdin="It rains.\n")
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert name in done.stderr


@pytest.mark.parametrize("key", ["forward", "backward"])
def test_nothing_is_written_for_a_run_that_does_not_fit(
    models: Path, tagger: Path, tmp_path: Path, seqnlp: Program, key: str
) -> None:
    other = {"forward": "backward", "backward": "forward"}[key]
    for run, problem in {
        models / other: f"this one reads {other}",
        tagger: "this run is a tagger",
        models / "none": f"no such run (did you mean {models / 'forward'}?)",
    }.items():
        out = tmp_path / "out"
        done = seqnlp("train", "pos_gru", "--out", out, "-q", "-s", f"embedding.context.{key}={run}")
        assert done.returncode == 4
        assert problem in done.stderr or "no such run" in done.stderr
        assert f"embedding.context.{key}" in done.stderr
        assert done.stderr.count("\n") == 1
        assert not out.exists()


def test_a_classifier_reads_the_states_of_its_words(models: Path, tmp_path: Path) -> None:
    rows = [{"text": text, "label": label} for text, label in (("it rains", "wet"), ("the sun shines", "dry"))] * 20
    recipe: dict[str, Any] = {
        "task": "classify",
        "embedding": {"context": {"backward": str(models / "backward"), "size": None}, "dropout": 0.0},
        "encoder": {"kind": "gru", "size": 8},
        "optimizer": {"lr": 0.05},
        "training": {"epochs": 30, "threads": 1},
    }
    list(seqnlp.train(recipe, data={"train": rows, "dev": rows}, out=tmp_path / "run"))
    model = seqnlp.load(tmp_path / "run")
    assert [found.label for found in model.classify(["it rains", "the sun shines"])] == ["wet", "dry"]
    states = model.codecs["context"].models["backward"].states([Spans.of_words(["it", "rains"])])
    assert states[0].shape == (2, 12)
    assert np.isfinite(states[0]).all()


@pytest.mark.parametrize("section", [{"context": {"forward": "runs/lm"}}, {"transformer": {"model": "folder"}}])
def test_states_of_sentences_need_words(section: dict[str, Any]) -> None:
    recipe = {"task": "classify", "data": {"tokenizer": "subwords"}, "embedding": section}
    with pytest.raises(RecipeError, match="it reads words joined by blanks, which the tokens of"):
        list(seqnlp.train(recipe, data={"train": [{"text": "a", "label": "b"}]}, out="nowhere"))


def test_a_backward_model_scores_but_continues_no_text(models: Path, tmp_path: Path, seqnlp: Program) -> None:
    run, text = models / "backward", "The ferry came in.\nIt was late.\n"
    scored = seqnlp("score", run, "--json", stdin=text)
    assert scored.returncode == 0
    tokens = [json.loads(line) for line in scored.stdout.splitlines()]
    assert "".join(token["text"] for token in tokens) == text
    (tmp_path / "lines.csv").write_text("text\nThe ferry\nferry\n", encoding="utf-8")
    assert seqnlp("score", run, tmp_path / "lines.csv", "--out", tmp_path / "out.csv").returncode == 0
    rows = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[2] for row in rows] == ["num_tokens", "10", "6"]
    for command in (("evaluate", run, "--split", "dev"), ("errors", run, "--split", "dev"), ("probe", run)):
        done = seqnlp(*command)
        assert done.returncode == 0, done.stderr
        assert done.stdout
    for command in (("generate", run), ("generate", run, "--beams", "2"), ("predict", run)):
        done = seqnlp(*command, stdin="The\n")
        assert (done.returncode, done.stdout) == (2, "")
        assert "reads backward" in done.stderr
        assert done.stderr.count("\n") == 1
    card = (run / "README.md").read_text(encoding="utf-8")
    assert "reads a text from its end" in card
    assert "seqnlp score RUN FILE" in card
    assert "generate" not in card


def test_a_transcriber_wants_a_model_that_reads_forward(models: Path) -> None:
    with pytest.raises(UsageError, match="expected a language model that reads forward; this one reads backward"):
        open_language_model(models / "backward")


def test_the_terminal_application_is_told_so(models: Path) -> None:
    for do, settings in (("generate", {"prompt": "The"}), ("next", {"text": "The"})):
        request = Request(1, do, str(models / "backward"), settings)
        with pytest.raises(UsageError, match="reads backward"):
            list(answer(request, Models()).items)
