"""Taggers and classifiers over a tiny transformer, frozen and fine-tuned: trained, resumed, moved, opened."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqnlp
from seqnlp.errors import RunError
from seqnlp.events import Evaluated, Event, Stepped
from seqnlp.run import Run
from seqnlp.tasks.loading import rebuild, recipe_of
from seqnlp.tasks.tag.predictor import Tagger
from tests.unit.embeddings.tiny_transformer import make_transformer

pytest.importorskip("transformers", reason="the extra `transformers` is not installed")

WORDS = ["the", "a", "cat", "dog", "sat", "sang", "mat", "New", "York", "unbelievable"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project: a transformer in `tiny`, and a corpus whose tags depend on the word before, too."""
    path = tmp_path_factory.mktemp("project")
    make_transformer(path / "tiny")
    random = np.random.default_rng(3)
    for split, count in (("train", 20), ("dev", 6)):
        sentences = []
        for _ in range(count):
            words = random.choice(WORDS, random.integers(1, 25)).tolist()
            tags = [str(len(a + b) % 3) for a, b in zip(["", *words], words, strict=False)]
            sentences.append("".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)))
        (path / f"{split}.txt").write_text("\n".join(sentences))
    return path


def recipe(folder: Path, **transformer: Any) -> dict[str, Any]:
    reader = {"kind": "columns", "names": ["form", "upos"], "delimiter": "\t"}
    data = {"reader": reader, "train": str(folder / "train.txt"), "dev": str(folder / "dev.txt")}
    return {
        "task": "tag",
        "data": data,
        "embedding": {"transformer": {"model": str(folder / "tiny"), **transformer}, "words": {"size": 4}},
        "encoder": {"kind": "gru", "size": 8},
        "training": {"epochs": 2, "batch_tokens": 60, "threads": 2, "precision": "fp32", "ema_decay": 0.9},
    }


def trained(settings: dict[str, Any], out: Path, **arguments: Any) -> list[Event]:
    return list(seqnlp.train(settings, out=out, **arguments))


@pytest.mark.parametrize("trainable", [False, True], ids=["frozen", "trained"])
def test_a_resumed_training_ends_with_the_same_bytes(folder: Path, tmp_path: Path, trainable: bool) -> None:
    settings = recipe(folder, trainable=trainable)
    whole = trained(settings, tmp_path / "whole")
    events = seqnlp.train(settings, out=tmp_path / "cut")
    for event in events:
        if isinstance(event, Stepped) and event.step == 4:
            events.close()
    assert Run(tmp_path / "cut").has_state
    trained(settings, tmp_path / "cut", resume=True)
    whole_file, cut_file = (tmp_path / name / "model.safetensors" for name in ("whole", "cut"))
    assert whole_file.read_bytes() == cut_file.read_bytes()
    assert [event.scores for event in whole if isinstance(event, Evaluated)]


@pytest.fixture(scope="module")
def frozen(folder: Path) -> Path:
    trained(recipe(folder), folder / "runs" / "frozen")
    return folder / "runs" / "frozen"


def test_a_run_carries_the_transformer(frozen: Path, folder: Path, tmp_path: Path) -> None:
    """It is moved, and the folder that it came from is gone; dev is scored as at the end of the training."""
    moved = shutil.copytree(frozen, tmp_path / "moved")
    hidden = (folder / "tiny").rename(folder / "elsewhere")
    try:
        tagger = seqnlp.load(moved)
        assert isinstance(tagger, Tagger)
        found = tagger.tag(["the cat sang", "dog " * 40])
        assert [len(tagging.tags) for tagging in found] == [3, 40]
        assert tagger.tag("the cat sang").tags == found[0].tags
        scores = seqnlp.evaluate(moved, "dev")["scores"]
    finally:
        hidden.rename(folder / "tiny")
    assert scores["accuracy"] == Run(moved).scores()["dev"]["accuracy"]


def test_states_that_are_kept_predict_as_those_that_are_computed(frozen: Path, folder: Path) -> None:
    run = Run.open(frozen)
    task, _model = rebuild(run, recipe_of(run))
    split = recipe_of(run).split(str(folder / "dev.txt"), Path)
    kept = task.encode(split, 60).text.features["transformer"].sentences["states"]  # type: ignore[attr-defined]
    computed = task.text_codecs["transformer"].features(task.recipe.text(task.words(split), split))  # type: ignore[attr-defined]
    rows = np.arange(len(kept.offsets) - 1)
    np.testing.assert_allclose(kept.pad(rows)[0], computed.sentences["states"].pad(rows)[0], atol=1e-3)


def test_provenance_is_in_the_run_and_on_its_card(frozen: Path) -> None:
    origin = Run(frozen).meta()["knowledge"]["embedding.transformer"]
    assert origin["name"] == "tiny"
    assert origin["sha256"] in (frozen / "README.md").read_text()
    assert "tiny" not in json.dumps(
        json.loads((frozen / "codecs" / "embedding.transformer.json").read_text())["config"]
    )


def test_the_frozen_weights_are_written_once(frozen: Path) -> None:
    weights = frozen / "codecs" / "embedding.transformer.safetensors"
    assert Run(frozen).digests()["codecs/embedding.transformer.safetensors"]  # type: ignore[index]
    assert weights.stat().st_mtime <= (frozen / "model.safetensors").stat().st_mtime
    assert not any("network" in name for name in Run(frozen).load_model())
    assert Run(frozen).model_bytes == weights.stat().st_size + (frozen / "model.safetensors").stat().st_size


@pytest.mark.parametrize("damage", ["cut", "other", "missing"])
def test_damaged_frozen_weights_are_named(frozen: Path, tmp_path: Path, damage: str) -> None:
    run = shutil.copytree(frozen, tmp_path / "run")
    file = run / "codecs" / "embedding.transformer.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.unlink() if damage == "missing" else file.write_bytes(content[:-9] if damage == "cut" else content)
    with pytest.raises(RunError, match=r"embedding\.transformer\.safetensors: (damaged|missing)"):
        seqnlp.load(run)
    with pytest.raises(RunError, match=r"embedding\.transformer\.safetensors: (damaged|missing)"):
        Run.at(run).check()


def test_a_run_that_is_removed_leaves_nothing(frozen: Path, tmp_path: Path) -> None:
    run = Run(shutil.copytree(frozen, tmp_path / "run"))
    assert run.remove() == []
    assert not run.path.exists()


def test_a_trained_transformer_is_among_the_weights_of_the_model(folder: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    before = make_transformer(tmp_path / "same")
    settings = recipe(folder, trainable=True, lr=1e-2, warmup_ratio=0.0)
    trained(settings, tmp_path / "run", notify=lines.append)
    assert not (tmp_path / "run" / "codecs" / "embedding.transformer.safetensors").exists()
    assert not any("states" in line for line in lines)
    import safetensors.torch

    first = safetensors.torch.load_file(before / "model.safetensors")
    weights = Run(tmp_path / "run").load_model()
    own = {name.split("network.")[1]: weight for name, weight in weights.items() if "network." in name}
    assert own.keys() <= first.keys()
    assert any(not np.array_equal(own[name].numpy(), first[name].numpy()) for name in own)
    tagger = seqnlp.load(tmp_path / "run")
    assert isinstance(tagger, Tagger)
    assert len(tagger.tag("the cat sang").tags) == 3


def test_classifiers_read_transformers(folder: Path, tmp_path: Path) -> None:
    lines = ["text,label", *(f"the {word} sat,{len(word) % 2}" for word in WORDS * 3)]
    (tmp_path / "train.csv").write_text("\n".join(lines))
    settings = {
        "task": "classify",
        "data": {"reader": "csv", "train": str(tmp_path / "train.csv"), "dev": str(tmp_path / "train.csv")},
        "embedding": {"transformer": str(folder / "tiny")},
        "training": {"epochs": 1},
    }
    trained(settings, tmp_path / "run")
    one = seqnlp.load(tmp_path / "run").predict(["the cat sat", "", "x " * 50])
    assert len(list(one)) == 3
