"""One recipe with several seeds: trained, resumed, summarized, and compared with another."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import mean, stdev
from subprocess import CompletedProcess

import pytest

import seqnlp as library
from seqnlp.errors import RunError, UsageError
from seqnlp.events import Done
from seqnlp.run import Run

Program = Callable[..., "CompletedProcess[str]"]

RECIPE = """
task = "classify"
[data]
reader = "csv"
train = "train.csv"
dev = "dev.csv"
test = "test.csv"
[embedding.words]
size = 4
[encoder]
kind = "gru"
size = 4
[training]
epochs = 2
threads = 1
"""


def write_texts(file: Path, count: int, seed: int) -> None:
    random, rows = Random(seed), []
    for _ in range(count):
        label = random.choice(["good", "bad"])
        other = random.choice(["fine", "dull"])
        words = [random.choice(["very", "the", "meal", "day"]) for _ in range(3)]
        rows.append(f"{' '.join([*words, label if random.random() < 0.7 else other])},{label}")
    file.write_text("\n".join(["text,label", *rows]) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    for seed, (split, count) in enumerate([("train", 80), ("dev", 30), ("test", 60)]):
        write_texts(folder / f"{split}.csv", count, seed)
    (folder / "small.toml").write_text(RECIPE)
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path, seqnlp: Program) -> Path:
    done = seqnlp("train", "small.toml", "--seeds", 3, folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "runs/small_seeds\n"
    assert "best on dev by accuracy: seed " in done.stderr
    return folder / "runs/small_seeds"


def test_every_seed_is_a_run_of_its_own_and_the_summary_is_of_their_scores(trained: Path, seqnlp: Program) -> None:
    summary = json.loads((trained / "seeds.json").read_text())
    assert (summary["seeds"], summary["finished"], summary["metric"]) == ([1, 2, 3], [1, 2, 3], "accuracy")
    scores = [json.loads((trained / f"seed_{seed}/scores.json").read_text()) for seed in (1, 2, 3)]
    for split in ("dev", "test"):
        for name in ("accuracy", "macro_f1", "log_loss"):
            values = [each[split][name] for each in scores]
            found = summary["scores"][split][name]
            assert found["values"] == {str(seed): value for seed, value in enumerate(values, 1)}
            assert found["mean"] == pytest.approx(mean(values))
            assert found["std"] == pytest.approx(stdev(values))
            assert (found["min"], found["max"]) == (min(values), max(values))
    dev = [each["dev"]["accuracy"] for each in scores]
    assert dev[summary["best"] - 1] == max(dev)
    assert [Run.open(trained / f"seed_{seed}").is_finished for seed in (1, 2, 3)] == [True] * 3
    losses = {each["test"]["log_loss"] for each in scores}
    assert len(losses) == 3  # the seeds differ
    assert "good" in seqnlp("classify", trained / "seed_2", stdin="the very good\n").stdout
    assert "small_seeds/seed_2" in seqnlp("runs", "ls", "--csv", trained.parent).stdout


def test_a_seed_alone_ends_with_the_same_weights(trained: Path, folder: Path, seqnlp: Program) -> None:
    done = seqnlp("train", "small.toml", "-s", "seed=2", "--out", "runs/alone", folder=folder)
    assert done.returncode == 0, done.stderr
    same = [(run / "model.safetensors").read_bytes() for run in (folder / "runs/alone", trained / "seed_2")]
    assert same[0] == same[1]


def stopped_copy(folder: Path, out: str) -> Path:
    """Set whose second training was stopped after an epoch."""
    path = folder / out
    events = library.train_seeds(folder / "small.toml", 3, ["seed=5", "encoder.size=5"], path)
    for each in events:
        if each.number == 6 and each.event is not None and each.event.epoch >= 1:
            events.close()
    return path


def test_a_set_goes_on_where_it_was_stopped(folder: Path) -> None:
    path = stopped_copy(folder, "runs/stopped")
    assert json.loads((path / "seeds.json").read_text())["finished"] == [5]
    first = (path / "seed_5/model.safetensors").stat().st_mtime_ns
    settings = ["seed=5", "encoder.size=5"]
    events = list(library.train_seeds(folder / "small.toml", 3, settings, path, resume=True))
    assert [(each.number, each.event) for each in events if each.event is None] == [(5, None)]
    assert [each.number for each in events if isinstance(each.event, Done)] == [6, 7]
    assert next(each.event.step for each in events if each.number == 6 and each.event) > 0  # not from the beginning
    assert (path / "seed_5/model.safetensors").stat().st_mtime_ns == first
    assert json.loads((path / "seeds.json").read_text())["finished"] == [5, 6, 7]


def test_a_finished_seed_of_another_recipe_or_data_is_refused(trained: Path, folder: Path) -> None:
    with pytest.raises(UsageError, match="the recipe has changed since"):
        list(library.train_seeds(folder / "small.toml", 3, ["encoder.size=6"], trained, resume=True))
    test = (folder / "test.csv").read_bytes()
    try:
        write_texts(folder / "test.csv", 50, 9)
        with pytest.raises(RunError, match="test split"):
            list(library.train_seeds(folder / "small.toml", 3, [], trained, resume=True))
    finally:
        (folder / "test.csv").write_bytes(test)


def test_a_set_that_is_there_is_not_overwritten(trained: Path, folder: Path, seqnlp: Program) -> None:
    done = seqnlp("train", "small.toml", "--seeds", 3, folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "runs/small_seeds is already a set of runs: --resume" in done.stderr
    inside = seqnlp("train", "small.toml", "--seeds", 2, "--out", "runs/small_seeds/seed_1", folder=folder)
    assert "is a run, not a set of runs" in inside.stderr
    assert "--seeds 0: expected a whole number from 1 to 1,000" in seqnlp("train", "small.toml", "--seeds", 0).stderr


def test_overwriting_removes_runs_of_other_seeds(folder: Path, seqnlp: Program) -> None:
    for words in ([], ["--overwrite", "-s", "seed=2"]):
        done = seqnlp("train", "small.toml", "--seeds", 1, "--out", "runs/one", "-q", *words, folder=folder)
        assert done.returncode == 0, done.stderr
        assert all(line.startswith("note: ") for line in done.stderr.splitlines())
    assert [file.name for file in sorted((folder / "runs/one").iterdir())] == ["seed_2", "seeds.json"]


def test_nothing_is_left_where_nothing_could_be_trained(folder: Path, seqnlp: Program) -> None:
    done = seqnlp("train", "small.toml", "--seeds", 2, "-s", "data.train=none.csv", "--out", "runs/no", folder=folder)
    assert done.returncode == 4
    assert not (folder / "runs/no").exists()


def test_two_sets_are_tested_by_items_and_by_seeds(trained: Path, folder: Path, seqnlp: Program) -> None:
    out = folder / "runs/larger"
    for _ in library.train_seeds(folder / "small.toml", 2, ["encoder.size=24", "training.epochs=6"], out):
        pass
    done = seqnlp("runs", "compare", trained, out, "--json", "--samples", 500)
    assert (done.returncode, done.stderr) == (0, "")
    tested = json.loads(done.stdout)["significance"]
    accuracy = tested["scores"]["accuracy"]
    means = [
        mean(Run.open(run).scores()["test"]["accuracy"] for run in sorted(path.glob("seed_*")))
        for path in (trained, out)
    ]
    assert [accuracy["first"], accuracy["second"]] == pytest.approx(means)
    assert accuracy["difference"] == pytest.approx(means[1] - means[0])
    assert accuracy["low"] <= accuracy["difference"] <= accuracy["high"]
    assert (tested["unit"], accuracy["items"], tested["runs"]) == ("texts", 60, [3, 2])
    assert set(tested["seeds"]) == {"accuracy", "log_loss"}
    assert all(0.1 <= p <= 1 for p in tested["seeds"].values())  # of 10 ways to part 5 runs
    table = seqnlp("runs", "compare", trained, out, "--samples", 500)
    assert "p over seeds" in table.stdout
    back = library.compare_runs(out, trained, samples=500)
    assert back.scores["accuracy"].p == accuracy["p"]
    assert back.scores["accuracy"].difference == pytest.approx(-accuracy["difference"])


def test_two_runs_are_tested_and_other_data_is_refused(trained: Path, folder: Path, seqnlp: Program) -> None:
    pair = [trained / "seed_1", trained / "seed_2"]
    one, again = (seqnlp("runs", "compare", *pair, "--samples", 300, "--seed", 3).stdout for _ in range(2))
    assert one == again
    assert "300 samples of 60 texts, seed 3" in one
    assert "another seed may differ as much" in one
    write_texts(folder / "other.csv", 40, 11)
    settings = ["-s", "data.test=other.csv", "--out", "runs/other", "-q"]
    assert seqnlp("train", "small.toml", *settings, folder=folder).returncode == 0
    done = seqnlp("runs", "compare", pair[0], folder / "runs/other", "--significance")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "not the same test data (SHA-256 " in done.stderr
    noted = seqnlp("runs", "compare", pair[0], folder / "runs/other")
    assert noted.returncode == 0
    assert "note: no test of significance: " in noted.stderr
    both = seqnlp("runs", "compare", pair[0], folder / "runs/other", "--data", folder / "other.csv", "--significance")
    assert "samples of 40 texts" in both.stdout


def test_every_seed_has_the_same_drawn_splits(folder: Path) -> None:
    (folder / "drawn.toml").write_text(RECIPE.replace('dev = "dev.csv"\ntest = "test.csv"', "dev = 0.2\ntest = 0.2"))
    path = folder / "runs/drawn"
    for _ in library.train_seeds(folder / "drawn.toml", 2, ["training.epochs=1"], path):
        pass
    hashes = [Run(path / f"seed_{seed}").meta()["corpus"] for seed in (1, 2)]
    assert hashes[0] == hashes[1]
    assert set(hashes[0]) == {"train", "dev", "test"}
