"""Splits that a recipe does not name: drawn from train, the same ones whenever they are needed."""

from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqnlp import api
from seqnlp.errors import DataError, RecipeError, RunError, UsageError
from seqnlp.notes import notes_to
from seqnlp.readers.base import Corpus
from seqnlp.recipe import parse_recipe
from seqnlp.run import Run
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.loading import open_split
from seqnlp.tasks.registry import import_tasks

import_tasks()

TAG = """task = "tag"
data = { reader = "conllu", train = "train.conllu", tokens = "form", labels = ["upos"] }
encoder = { kind = "gru", size = 4 }
training = { epochs = 1 }
"""
CLASSIFY = """task = "classify"
data = { reader = "csv", train = "train.csv" }
embedding = { words = { size = 4 } }
encoder = { kind = "gru", size = 4 }
training = { epochs = 1 }
"""


def conllu(sentences: int, document: int | None = None) -> str:
    blocks = []
    for number in range(sentences):
        begin = "# newdoc id = d\n" if document and number % document == 0 else ""
        blocks.append(f"{begin}1\tw{number}\t_\tNOUN\t_\t_\t0\troot\t_\t_\n")
    return "\n".join(blocks) + "\n"


def csv(labels: list[str]) -> str:
    return "text,label\n" + "".join(f"text {number},{label}\n" for number, label in enumerate(labels))


def read(text: str, folder: Path, *overrides: str) -> tuple[Corpus, list[str]]:
    recipe = parse_recipe(text, folder / "my.toml", overrides)
    assert isinstance(recipe, TaskRecipe)
    heard: list[str] = []
    with notes_to(heard.append):
        return recipe.corpus(lambda name: folder / name), heard


def words(corpus: Corpus) -> dict[str, list[str]]:
    return {name: [row[0] for row in table["form"]] for name, table in corpus.splits.items()}


def test_without_dev_a_tenth_of_train_is_drawn_and_said(tmp_path: Path) -> None:
    (tmp_path / "train.conllu").write_text(conllu(40))
    corpus, heard = read(TAG, tmp_path)
    assert heard == ["dev: 4 of 40 sentences of train, drawn by seed 1; data.dev = 0.1"]
    found = words(corpus)
    assert sorted(found["train"] + found["dev"]) == sorted(f"w{number}" for number in range(40))
    assert len(set(corpus.hashes.values())) == 2
    assert words(read(TAG, tmp_path)[0]) == found
    assert words(read(TAG, tmp_path, "seed=2")[0]) != found
    assert words(read(TAG, tmp_path, "seed=2", "data.split_seed=1")[0]) == found


@pytest.mark.parametrize("kind", ["conllu", "columns"])
def test_documents_are_drawn_as_wholes(tmp_path: Path, kind: str) -> None:
    recipe = TAG
    text = conllu(60, document=3)
    if kind == "columns":
        rows = [f"{'-DOCSTART- O' if number % 3 == 0 else ''}\n\nw{number} NOUN\n" for number in range(60)]
        text = "".join(rows)
        recipe = TAG.replace('"conllu"', '{ kind = "columns", names = ["form", "upos"] }')
    (tmp_path / "train.conllu").write_text(text)
    corpus, heard = read(recipe, tmp_path, "data.test=9")
    assert heard == [
        "dev: 6 of 60 sentences of train, drawn by seed 1 in 2 of 20 documents; data.dev = 0.1",
        "test: 9 of 60 sentences of train, drawn by seed 1 in 3 of 20 documents; data.test = 9",
    ]
    homes = [{int(word[1:]) // 3 for word in split} for split in words(corpus).values()]
    assert sum(map(len, homes)) == 20


def test_a_slice_of_train_with_documents(tmp_path: Path) -> None:
    (tmp_path / "train.conllu").write_text(conllu(60, document=3))
    corpus, _ = read(TAG, tmp_path, "data.train=train.conllu[30:]", "data.dev=6")
    found = words(corpus)
    assert {int(word[1:]) // 3 for word in found["dev"]}.isdisjoint({int(word[1:]) // 3 for word in found["train"]})
    assert len(found["dev"]) == 6
    assert min(int(word[1:]) for split in found.values() for word in split) == 30


def test_classes_are_drawn_in_proportion(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(csv(["a"] * 50 + ["b"] * 10 + ["c"]))
    corpus, heard = read(CLASSIFY, tmp_path, "data.dev=0.2")
    assert heard == [
        "train: 'label' 'c' occurs once, and stays in train",
        "dev: 12 of 61 texts of train, drawn by seed 1 in proportion to 'label'; data.dev = 0.2",
    ]
    assert Counter(corpus.splits["dev"]["label"]) == {"a": 10, "b": 2}


def test_texts_of_several_labels_are_drawn_alike(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(csv(["a|b"] * 19 + ["c"]))
    _, heard = read(CLASSIFY, tmp_path, "data.multilabel=true", "data.separator='|'")
    assert heard == ["dev: 2 of 20 texts of train, drawn by seed 1; data.dev = 0.1"]


def test_pairs_stay_together(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("".join(f"one {n}\teins {n}\n" for n in range(30)))
    corpus, heard = read('task = "translate"\ndata = { train = "train.tsv", test = 5 }\n', tmp_path)
    assert heard == [
        "dev: 3 of 30 pairs of train, drawn by seed 1; data.dev = 0.1",
        "test: 5 of 30 pairs of train, drawn by seed 1; data.test = 5",
    ]
    assert corpus.splits["train"].training
    assert not corpus.splits["dev"].training
    for pairs in corpus.splits.values():
        for source, target in zip(chain(*pairs.sources()), chain(*pairs.targets()), strict=True):
            assert source.split()[1] == target.split()[1]


@pytest.mark.parametrize("end", ["\n", " "])
def test_running_text_is_cut_at_its_end(tmp_path: Path, end: str) -> None:
    text = "".join(f"line number {number}{end}" for number in range(200))
    (tmp_path / "train.txt").write_text(text)
    corpus, heard = read('task = "lm"\ndata = { train = "train.txt", test = 300 }\n', tmp_path)
    parts = {name: "".join(split.chunks()) for name, split in corpus.splits.items()}
    assert "".join(parts.values()) == text
    assert parts["dev"].startswith("line") or end == " "
    assert len(parts["test"]) == pytest.approx(300, abs=16)
    assert len(parts["dev"]) == pytest.approx(len(text) / 10, abs=16)
    assert heard[0] == (f"dev: {len(parts['dev'])} of {len(text):,} characters of train, at its end; data.dev = 0.1")
    assert len(set(corpus.hashes.values())) == 3


def test_each_series_is_cut_at_its_end(tmp_path: Path) -> None:
    rows = [f"{name},{step},{step}" for name, length in (("a", 100), ("b", 50)) for step in range(length)]
    (tmp_path / "train.csv").write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")
    recipe = 'task = "forecast"\ndata = { train = "train.csv", lookback = 4, horizon = 2, test = 5 }\n'
    recipe += "decoder = { kind = 'direct' }\n"
    corpus, heard = read(recipe, tmp_path)
    assert heard == [
        "dev: 15 of 150 rows of train, at the end of each of 2 series; data.dev = 0.1",
        "test: 10 of 150 rows of train, at the end of each of 2 series; data.test = 5",
    ]
    assert [corpus.splits[name].period(1) for name in ("train", "dev", "test")] == [(100, 140), (140, 145), (145, 150)]
    half, _ = read(recipe, tmp_path, "data.train=train.csv[:50%]")
    assert [half.splits[name].period(0) for name in ("train", "dev", "test")] == [(0, 40), (40, 45), (45, 50)]


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ("dev=0", "expected a file, a share of train such as 0.1, or a number of its rows, found 0"),
        ("dev=-3", "expected a file, a share of train such as 0.1, or a number of its rows, found -3"),
        ("dev=1.5", "a share of train is over 0 and under 1, found 1.5"),
        ("dev=0.0", "a share of train is over 0 and under 1, found 0"),
        ("dev=nan", "a share of train is over 0 and under 1, found nan"),
        ("dev=100.0", "a share of train is over 0 and under 1, found 100; a number of rows is written 100"),
        ("test=-0.1", "a share of train is over 0 and under 1, found -0.1"),
        ("dev='10%'", "'10%' is no file; a share of train is a number, 0.1"),
        ("dev='0.2'", "'0.2' is no file; a share of train is a number, 0.2"),
        ("test=0.95", "dev = 0.1 and test = 0.95 leave nothing of train: shares add up to less than 1"),
        ("dev=true", "expected a string, a whole number or a number, found true"),
        ("split_seed=-1", "must be at least 0, found -1"),
    ],
)
def test_a_size_that_is_none_is_a_fault(setting: str, problem: str) -> None:
    with pytest.raises(RecipeError) as error:
        parse_recipe(TAG, "my.toml", [f"data.{setting}"])
    assert [fault.problem for fault in error.value.faults] == [problem]


def test_a_seed_of_splits_without_any_is_a_fault() -> None:
    with pytest.raises(RecipeError, match="no split is drawn from train"):
        parse_recipe(TAG, "my.toml", ["data.dev=dev.conllu", "data.split_seed=3"])


def test_too_few_rows_are_told_with_the_name_of_the_split(tmp_path: Path) -> None:
    (tmp_path / "train.conllu").write_text(conllu(3))
    with pytest.raises(DataError, match=r"train: data\.dev = 0\.1 of 3 sentences is none"):
        read(TAG, tmp_path)


@pytest.mark.parametrize(("recipe", "name"), [(TAG, "train.conllu"), (CLASSIFY, "train.csv")])
def test_a_run_finds_the_same_rows_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    content = conllu(40) if name.endswith("u") else csv(["a", "b"] * 20)
    Path(name).write_text(content)
    Path("my.toml").write_text(recipe)
    heard: list[str] = []
    for _ in api.train("my.toml", ["data.test=0.2"], notify=heard.append):
        pass
    assert len([line for line in heard if "drawn by seed 1" in line]) == 2
    run = Run.open("runs/my")
    assert "dev = 0.1" in run.recipe_text()
    corpus, _ = read(recipe, tmp_path, "data.test=0.2")
    assert run.meta()["corpus"] == corpus.hashes
    opened: dict[str, Any] = {split: open_split("runs/my", split).table for split in ("train", "dev", "test")}
    for split, table in opened.items():
        assert table.to_list() == corpus.splits[split].to_list()
    assert api.evaluate("runs/my", "dev")["scores"]["accuracy"] == run.scores()["dev"]["accuracy"]
    assert "`0.1` of train" in (run.path / "README.md").read_text()
    for _ in api.train("my.toml", ["data.test=0.2"], resume=True):
        pass
    Path(name).write_text(content + content.split("\n", 1)[1])
    for split in opened:
        with pytest.raises(RunError, match=f"has changed since the training: the {split} split"):
            open_split("runs/my", split)
    assert np.isfinite(api.evaluate("runs/my", data=name)["scores"]["accuracy"])


def test_folds_of_a_segmenter_are_documents_that_partition_train(tmp_path: Path) -> None:
    (tmp_path / "train.conllu").write_text(conllu(30, 3), encoding="utf-8")
    recipe = 'task = "segment"\ndata = { train = "train.conllu", dev = 0.2, folds = 3 }\n'
    tested = []
    for fold in (1, 2, 3):
        corpus, heard = read(recipe, tmp_path, f"data.fold={fold}")
        found = {name: [each.text for each in split.sentences] for name, split in corpus.splits.items()}
        assert sorted(chain.from_iterable(found.values())) == sorted(f"w{number}" for number in range(30))
        assert any(line.startswith(f"test: fold {fold} of 3, ") for line in heard)
        tested += found["test"]
    assert sorted(tested) == sorted(f"w{number}" for number in range(30))


def test_a_task_that_does_not_draw_a_split_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.conllu").write_text(conllu(30), encoding="utf-8")
    monkeypatch.setattr(type(parse_recipe(TAG, tmp_path / "my.toml")), "draw", lambda recipe, corpus: corpus)
    with pytest.raises(UsageError, match=r"TagRecipe draws no dev split from train; name a file in data\.dev"):
        read(TAG, tmp_path)


LM = """task = "lm"
data = { train = "train.txt", dev = "dev.txt", test = "test.txt" }
encoder = { kind = "gru", size = 4, bidirectional = false }
training = { epochs = 1, batch_tokens = 64, bptt = 16 }
"""


@pytest.mark.parametrize(
    ("recipe", "ending", "before", "after"),
    [
        (TAG, "conllu", conllu(40), conllu(41)),
        (CLASSIFY, "csv", csv(["a", "b"] * 20), csv(["b", "a"] * 20)),
        (LM, "txt", "to be or not\n" * 20, "to be or to\n" * 20),
    ],
    ids=["tag", "classify", "lm"],
)
def test_a_split_that_has_changed_since_the_training_is_noted(
    recipe: str, ending: str, before: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for split in ("train", "dev", "test"):
        Path(f"{split}.{ending}").write_text(before)
    Path("my.toml").write_text(recipe)
    for _ in api.train("my.toml", [f"data.dev=dev.{ending}", f"data.test=test.{ending}"]):
        pass
    heard: list[str] = []
    api.evaluate("runs/my", notify=heard.append)
    assert not [line for line in heard if "changed" in line]
    Path(f"test.{ending}").write_text(after)
    api.evaluate("runs/my", notify=heard.append)
    assert [line for line in heard if "changed" in line] == [f"test: test.{ending} has changed since the training"]
