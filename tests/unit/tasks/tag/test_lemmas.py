"""Lemmas: learned as edit scripts, beside other columns, and treebanks that lack some columns."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from typer.testing import CliRunner

import seqnlp
from seqnlp.cli.app import app
from seqnlp.codecs import Categorical, EditScriptEncoding
from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.tasks.error_analysis import report
from seqnlp.tasks.tag.recipe import TagRecipe
from seqnlp.tasks.tag.task import TagTask

NOUNS = ["cat", "dog", "pony", "city", "tree", "lady", "hen", "fly"]


def plural(noun: str) -> str:
    return noun[:-1] + "ies" if noun[-1] == "y" else f"{noun}s"


def conllu(nouns: list[str], upos: bool = True, xpos: bool = False) -> str:
    rows = []
    for noun in nouns:
        tags = [("Two", "two", "NUM"), (plural(noun), noun, "NOUN"), (".", ".", "PUNCT")]
        rows += [
            f"{number}\t{form}\t{lemma}\t{tag if upos else '_'}\t{tag[0] if xpos else '_'}\t_\t_\t_\t_\t_"
            for number, (form, lemma, tag) in enumerate(tags, 1)
        ] + [""]
    return "\n".join(rows) + "\n"


def write_recipe(folder: Path, labels: str = '["upos", "xpos", "feats", "lemma"]', **columns: bool) -> Path:
    (folder / "train.conllu").write_text(conllu(NOUNS, **columns), encoding="utf-8")
    (folder / "test.conllu").write_text(conllu(["zebra", "body"], **columns), encoding="utf-8")
    path = folder / "recipe.toml"
    path.write_text(
        f"""
task = "tag"
[data]
reader = "conllu"
train = "train.conllu"
dev = "test.conllu"
test = "test.conllu"
labels = {labels}
[embedding]
dropout = 0.0
chars = {{ size = 24, kernel_size = 4 }}
[encoder]
size = 8
dropout = 0.0
[decoder]
dropout = 0.0
[optimizer]
lr = 2e-2
[training]
epochs = 16
batch_tokens = 12
threads = 1
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A tagger of parts of speech and lemmas, and the notes of its training."""
    folder = tmp_path_factory.mktemp("lemmas")
    heard: list[str] = []
    for _ in seqnlp.train(write_recipe(folder), out=folder / "run", notify=heard.append):
        pass
    return folder / "run", heard


def test_lemmas_of_unknown_words_are_made(run: tuple[Path, list[str]]) -> None:
    tagger = seqnlp.load(run[0])
    assert tagger.tag([["two", "zebras"], [], ["bodies"]])[0].columns == {
        "upos": ["NUM", "NOUN"],
        "lemma": ["two", "zebra"],
    }
    scores = seqnlp.evaluate(run[0])["scores"]
    assert scores["lemma.accuracy"] == scores["lemma.accuracy_unknown"] == 1.0
    assert {name: row["support"] for name, row in scores["labels"]["lemma"].items()} == {"…": 4, "…-": 1, "…---+y": 1}


def test_the_baseline_takes_unknown_words_as_they_are(run: tuple[Path, list[str]]) -> None:
    scores = json.loads((run[0] / "scores.json").read_text(encoding="utf-8"))["test"]["baselines"]["most frequent tag"]
    assert scores["lemma.accuracy"] == pytest.approx(4 / 6), "the nouns are wrong, not taken for 'two'"
    assert scores["lemma.accuracy_unknown"] == 0.0


def test_columns_without_labels_are_left_out_with_a_note(run: tuple[Path, list[str]]) -> None:
    assert "'xpos', 'feats': nothing but '_' in train, so neither learned nor predicted" in run[1]
    assert len([line for line in run[1] if "xpos" in line]) == 1
    assert list(seqnlp.load(run[0]).columns) == ["upos", "lemma"]
    assert "xpos.accuracy" not in seqnlp.evaluate(run[0])["scores"]


def test_conllu_gets_the_lemmas_and_keeps_what_is_not_predicted(run: tuple[Path, list[str]], tmp_path: Path) -> None:
    file = tmp_path / "new.conllu"
    file.write_text(conllu(["zebra"], xpos=True).replace("\tzebra\t", "\t_\t"), encoding="utf-8")
    found = CliRunner().invoke(app, ["tag", str(run[0]), str(file), "--conllu"])
    assert found.output == conllu(["zebra"], xpos=True)
    text = tmp_path / "new.txt"
    text.write_text("Two zebras .\n", encoding="utf-8")
    plain = CliRunner().invoke(app, ["tag", str(run[0]), str(text), "--conllu"])
    assert [line.split("\t")[2] for line in plain.output.splitlines()[1:4]] == ["two", "zebra", "."]


def test_errors_show_lemmas(run: tuple[Path, list[str]], tmp_path: Path) -> None:
    file = tmp_path / "odd.conllu"
    file.write_text(conllu(["zebra"]).replace("\tzebra\t", "\tzebras\t"), encoding="utf-8")
    found = CliRunner().invoke(app, ["errors", str(run[0]), "--data", str(file)])
    assert "Two [zebras] .  zebras, not zebra" in found.output
    assert "… predicted as …-" in found.output


def test_nothing_to_learn_at_all(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, '["upos", "xpos"]', upos=False)
    with pytest.raises(DataError, match="there are no labels, only '_' in 'upos', 'xpos'"):
        list(seqnlp.train(path, out=tmp_path / "run"))


TRAIN = {
    "form": [["The", "dogs", "were", "barking"], ["LaToya", "was", "here", "too"]],
    "lemma": [["the", "dog", "be", "bark"], ["LaToya", "be", "here", "_"]],
    "type": [["The", "dogs", "were", "barking"], ["LaToya", "was", "here", "too"]],
}


def recipe(decoder: Any = "linear", **data: Any) -> TagRecipe:
    table = {
        "task": "tag",
        "data": {"reader": "conllu", "train": "t", "dev": "d", "labels": ["lemma"], **data},
        "embedding": {"words": {"size": 6}},
        "encoder": {"kind": "gru", "size": 5},
        "decoder": decoder,
    }
    return TagRecipe.model_validate(table)


def fitted(**settings: Any) -> TagTask:
    torch.manual_seed(1)
    return TagTask.fit(recipe(**settings), Dataset.from_dict(TRAIN), lambda name: pytest.fail(name))


def test_a_column_of_lemmas_is_known_by_its_name_unless_told_otherwise() -> None:
    assert isinstance(recipe().data.label_encoding("lemma"), EditScriptEncoding)
    assert isinstance(recipe(scheme="bio").data.label_encoding("lemma"), Categorical)
    kinds: dict[str, Any] = {"lemma": "categorical", "type": {"kind": "edit_scripts", "min_count": 2}}
    told = recipe(labels=["lemma", "type"], label_codecs=kinds).data
    assert isinstance(told.label_encoding("lemma"), Categorical)
    assert told.label_encoding("type") == EditScriptEncoding(min_count=2)


@pytest.mark.parametrize("decoder", ["linear", "crf", {"kind": "linear", "calibrate": True}])
def test_every_decoder_can_read_the_words(decoder: Any) -> None:
    task = fitted(decoder=decoder, labels=["lemma", "type"])
    model = task.build()
    assert model.skips == {"lemma"}
    assert model.decoders["lemma"].output.in_features == 10 + 6  # type: ignore[union-attr]
    assert model.decoders["type"].output.in_features == 10  # type: ignore[union-attr]
    dataset = task.encode(Dataset.from_dict(TRAIN), 100)
    loss, _ = model.loss(dataset.batch(np.array([0, 1])))
    loss.total.backward()
    assert model.embedding.parts[0].table.weight.grad is not None  # type: ignore[index,union-attr]
    task.calibrate(model.eval(), dataset)
    together = task.predictor(model).tag([TRAIN["form"][0], ["here"]])
    alone = task.predictor(model).tag([["here"]])
    assert together[1].scores == pytest.approx(alone[0].scores)
    if decoder == "crf":
        (best,) = task.predictor(model).tag([["dogs", "here"]], best=2)
        assert best.best is not None
        assert best.best[0].tags == best.tags


def test_what_train_cannot_make_is_counted() -> None:
    odd = {"form": [["mice", "dogs"]], "lemma": [["mouse", "dog"]], "type": [["x", "x"]]}
    (notice,) = fitted().notices(fitted().encode(Dataset.from_dict(odd), 100))
    assert notice == "lemma: train lacks the edit scripts of 1 of 2 words, such as 'mouse' for 'mice'"
    assert fitted().notices(fitted().encode(Dataset.from_dict(TRAIN), 100)) == []


def test_words_without_a_lemma_are_told_where_they_are_many() -> None:
    heard: list[str] = []
    with notes_to(heard.append):
        fitted()
    assert heard == ["'_' is learned as the lemma of 1 of 8 words"]


def test_lemmas_are_scored_and_their_errors_listed() -> None:
    task = fitted()
    dataset = task.encode(Dataset.from_dict(TRAIN), 100)
    (pairs,) = task.label_pairs(task.build().eval(), dataset).values()
    found = report(pairs, task.words(Dataset.from_dict(TRAIN)), 10, 1)
    assert found.features == {}
    assert found.accuracy == task.score(task.build().eval(), dataset)["accuracy"] or found.items == 8
    shown = [mistake for confusion in found.confusions for mistake in confusion.mistakes]
    assert shown
    assert all(mistake.gold != mistake.predicted for mistake in shown)
