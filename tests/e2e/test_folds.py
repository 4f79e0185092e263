"""Cross-validation: a run for each fold, resumed, summarized, and compared fold by fold."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import mean, stdev
from subprocess import CompletedProcess

import pytest

import seqnlp as library
from seqnlp.errors import UsageError
from seqnlp.events import Done
from seqnlp.recipe import parse_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.run import Run
from seqnlp.run.sets import RunSet
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.registry import import_tasks
from tests.e2e.test_seeds import RECIPE, write_texts

Program = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("folds")
    for seed, (split, count) in enumerate([("train", 90), ("test", 20)]):
        write_texts(folder / f"{split}.csv", count, seed)
    (folder / "small.toml").write_text(RECIPE.replace('dev = "dev.csv"', "dev = 0.2"))
    (folder / "folds.toml").write_text((folder / "small.toml").read_text().replace("[data]", "[data]\nfolds = 3"))
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path, seqnlp: Program) -> Path:
    done = seqnlp("train", "small.toml", "--folds", 3, folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "runs/small_folds\n"
    assert 'note: test: the folds take its place; data.test = "test.csv" is not used' in done.stderr
    assert "note: test: fold 2 of 3, 30 of 90 texts of train, drawn by seed 1 in proportion to 'label'" in done.stderr
    assert "note: dev: 12 of 60 texts of train, drawn by seed 1 in proportion to 'label'; data.dev = 0.2" in done.stderr
    return folder / "runs/small_folds"


def test_every_fold_is_a_run_of_its_own_and_the_summary_is_of_their_scores(trained: Path, seqnlp: Program) -> None:
    summary = json.loads((trained / "folds.json").read_text())
    assert (summary["folds"], summary["finished"], summary["best"]) == ([1, 2, 3], [1, 2, 3], None)
    values = [json.loads((trained / f"fold_{fold}/scores.json").read_text())["test"]["accuracy"] for fold in (1, 2, 3)]
    found = summary["scores"]["test"]["accuracy"]
    assert found["values"] == {str(fold): value for fold, value in enumerate(values, 1)}
    assert (found["mean"], found["std"]) == (pytest.approx(mean(values)), pytest.approx(stdev(values)))
    assert "fold 1  fold 2  fold 3" in seqnlp("runs", "show", trained).stdout
    assert "small_folds/fold_2" in seqnlp("runs", "ls", "--csv", trained.parent).stdout
    hashes = [Run(trained / f"fold_{fold}").meta()["corpus"]["test"] for fold in (1, 2, 3)]
    assert len(set(hashes)) == 3


def test_a_run_finds_its_fold_again(trained: Path, seqnlp: Program) -> None:
    run = trained / "fold_3"
    done = seqnlp("evaluate", run, "--json")
    assert done.returncode == 0, done.stderr
    scored = json.loads(done.stdout)
    assert scored["items"] == 30
    assert scored["scores"]["accuracy"] == Run(run).scores()["test"]["accuracy"]
    assert json.loads(seqnlp("evaluate", run, "--split", "train", "--json").stdout)["items"] == 48


def test_the_recipe_can_ask_for_folds_or_one_of_them(trained: Path, folder: Path, seqnlp: Program) -> None:
    with pytest.raises(UsageError, match=r"data.folds = 3 asks for a run a fold"):
        list(library.train(folder / "folds.toml", out=folder / "runs/none"))
    done = seqnlp("train", "folds.toml", "-q", "-s", "data.fold=2", "--out", "runs/one", folder=folder)
    assert done.returncode == 0, done.stderr
    same = [(run / "model.safetensors").read_bytes() for run in (folder / "runs/one", trained / "fold_2")]
    assert same[0] == same[1]
    done = seqnlp("train", "folds.toml", "-q", "-s", "training.epochs=1", folder=folder)
    assert (done.returncode, done.stdout) == (0, "runs/folds_folds\n")
    assert RunSet.at(folder / "runs/folds_folds").record()["finished"] == [1, 2, 3]


def test_folds_go_on_where_they_were_stopped(folder: Path) -> None:
    path = folder / "runs/stopped"
    events = library.train_folds(folder / "small.toml", 3, ["encoder.size=5"], path)
    for each in events:
        if each.number == 2 and each.event is not None and each.event.epoch >= 1:
            events.close()
    first = (path / "fold_1/model.safetensors").stat().st_mtime_ns
    again = list(library.train_folds(folder / "small.toml", 3, ["encoder.size=5"], path, resume=True))
    assert [each.number for each in again if each.event is None] == [1]
    assert [each.number for each in again if isinstance(each.event, Done)] == [2, 3]
    assert next(each.event.step for each in again if each.number == 2 and each.event) > 0
    assert (path / "fold_1/model.safetensors").stat().st_mtime_ns == first


def test_two_cross_validations_are_paired_by_fold(trained: Path, folder: Path, seqnlp: Program) -> None:
    out = folder / "runs/larger"
    for _ in library.train_folds(folder / "small.toml", 3, ["encoder.size=24", "training.epochs=6"], out):
        pass
    done = seqnlp("runs", "compare", trained, out, "--json", "--samples", 500)
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("note: ") for line in done.stderr.splitlines())
    tested = json.loads(done.stdout)["significance"]
    accuracy = tested["scores"]["accuracy"]
    assert (accuracy["items"], tested["runs"], tested["seeds"]) == (90, [3, 3], {})  # each text is tested once
    means = [
        mean(Run(path / f"fold_{fold}").scores()["test"]["accuracy"] for fold in (1, 2, 3)) for path in (trained, out)
    ]
    assert [accuracy["first"], accuracy["second"]] == pytest.approx(means)  # folds of one size
    assert tested["folds"]["accuracy"] in {0.25, 0.5, 0.75, 1.0}  # of 8 ways to swap
    table = seqnlp("runs", "compare", trained, out, "--samples", 500).stdout
    assert "p over folds" in table
    assert "data.fold" not in table  # the same ones
    alone = seqnlp("runs", "compare", trained, trained / "fold_1", "--significance")
    assert (alone.returncode, alone.stderr.count("\n")) == (2, 1)
    assert "has a run a fold" in alone.stderr
    whole = seqnlp("runs", "compare", trained, out, "--data", folder / "test.csv", "--samples", 200)
    assert "samples of 20 texts" in whole.stdout


def test_two_runs_with_a_drawn_test_split_are_tested(folder: Path, seqnlp: Program) -> None:
    for size in (4, 6):
        settings = ["-s", "data.test=0.2", "-s", f"encoder.size={size}", "-q", "--out", f"runs/drawn_{size}"]
        assert seqnlp("train", "small.toml", *settings, folder=folder).returncode == 0
    done = seqnlp("runs", "compare", "runs/drawn_4", "runs/drawn_6", "--significance", "--samples", 200, folder=folder)
    assert done.returncode == 0, done.stderr
    assert "samples of 18 texts" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--folds", 3, "--seeds", 2], "--seeds and --folds contradict each other"),
        (["--folds", 1], "--folds 1: expected a whole number from 2 to 1,000"),
        (["--folds", 91, "--out", "runs/many"], "data.folds = 91 of 90 texts leaves a fold empty; 90 folds or fewer"),
        (["--seeds", 2, "-s", "data.folds=3"], "seeds and folds contradict each other: the recipe has data.folds = 3"),
        (["--folds", 3, "-s", "data.fold=1"], "data.fold = 1, one fold alone"),
        (["-s", "data.fold=1"], "data.fold: no effect: there are no folds without data.folds"),
        (["-s", "data.fold=4", "-s", "data.folds=3"], "fold = 4, but there are 3"),
        (["--folds", 3, "--out", "runs/small_folds"], "is already a set of runs: --resume"),
        (["--seeds", 2, "--out", "runs/small_folds"], "is a set of runs by fold: name another folder"),
        (["--folds", 4, "--resume", "--out", "runs/small_folds"], "data.folds was 3, is 4"),
    ],
)
def test_what_can_not_be_is_told(words: list[object], told: str, trained: Path, folder: Path, seqnlp: Program) -> None:
    done = seqnlp("train", "small.toml", *words, folder=folder)
    assert done.returncode in (2, 3, 4)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def corpora(recipe: str, count: int, folder: Path) -> list[dict[str, object]]:
    """Splits of each fold."""
    import_tasks()
    found = []
    for fold in range(1, count + 1):
        parsed = parse_recipe(recipe, folder / "x.toml", [f"data.folds={count}", f"data.fold={fold}"])
        assert isinstance(parsed, TaskRecipe)
        found.append(parsed.corpus(path_resolver(folder / "x.toml")).splits)
    return found


def test_running_text_is_tested_block_by_block(tmp_path: Path) -> None:
    random = Random(1)
    lines = [f"{number} {'x' * random.randrange(60)}\n" for number in range(300)]
    (tmp_path / "text.txt").write_text("".join(lines))
    recipe = 'task = "lm"\n[data]\nreader = "text"\ntrain = "text.txt"\ndev = 0.1\n[optimizer]\nkind = "adamw"'
    splits = [
        {name: "".join(split.chunks()) for name, split in each.items()}  # type: ignore[attr-defined]
        for each in corpora(recipe, 4, tmp_path)
    ]
    assert "".join(each["test"] for each in splits) == "".join(lines)
    for each in splits:
        assert sorted("".join(each.values()).splitlines()) == sorted("".join(lines).splitlines())
        assert all(text.endswith("\n") for text in each.values())


def test_series_are_tested_after_what_is_learnt_from(tmp_path: Path) -> None:
    rows = "".join(f"{number},{number * 2}\n" for number in range(120))
    (tmp_path / "series.csv").write_text(f"time,load\n{rows}")
    recipe = """
task = "forecast"
data = { reader = { kind = "series", time = "time" }, train = "series.csv", dev = 0.25, lookback = 4, horizon = 2 }
decoder = "direct"
optimizer = "adamw"
"""
    found = []
    for splits in corpora(recipe, 5, tmp_path):
        spans = {name: split.period(0) for name, split in splits.items()}  # type: ignore[attr-defined]
        found.append([spans[name] for name in ("train", "dev", "test")])
    assert found == [
        [(0, 15), (15, 20), (20, 40)],
        [(0, 30), (30, 40), (40, 60)],
        [(0, 45), (45, 60), (60, 80)],
        [(0, 60), (60, 80), (80, 100)],
        [(0, 75), (75, 100), (100, 120)],
    ]


def test_sentences_stay_in_their_documents(tmp_path: Path) -> None:
    sentence = "1\tword{}\t_\tNOUN\t_\t_\t_\t_\t_\t_\n\n"
    text = "".join(
        f"# newdoc id = d{document}\n" + "".join(sentence.format(document) for _ in range(2 + document % 3))
        for document in range(12)
    )
    (tmp_path / "docs.conllu").write_text(text)
    recipe = """
task = "tag"
data = { reader = "conllu", train = "docs.conllu", dev = 0.2, tokens = "form", labels = ["upos"] }
encoder = "gru"
optimizer = "adamw"
[embedding.words]
"""
    for splits in corpora(recipe, 3, tmp_path):
        words = {name: {form[0] for form in split["form"]} for name, split in splits.items()}  # type: ignore[index]
        assert all(words.values())
        assert not words["test"] & (words["train"] | words["dev"])
        assert not words["dev"] & words["train"]
