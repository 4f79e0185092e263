"""A task that is a Python file named in the recipe does all that one that ships does."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from seqnlp import api
from seqnlp.run import Run
from seqnlp.run.summary import summarize
from seqnlp.service.client import ServiceClient
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.plain import PlainPanel

PLUGIN = Path(__file__).parents[1] / "plugins" / "rate.py"
WORDS = {"fine": 1.0, "good": 1.0, "dull": -1.0, "bad": -1.0, "the": 0.0, "film": 0.0}
RECIPE = f"""\
task = "rate"
plugins = ["{PLUGIN.as_posix()}"]

[data]
reader = "csv"
train = "train.csv"
dev = "train.csv"
test = "train.csv"

[optimizer]
lr = 0.02

[training]
epochs = 20
threads = 1
batch_tokens = 60
"""
Program = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, seqnlp: Program) -> Path:
    folder = tmp_path_factory.mktemp("rate")
    pairs = [(f"{a} {b}", WORDS[a] + WORDS[b]) for a in WORDS for b in WORDS]
    (folder / "train.csv").write_text("text,value\n" + "".join(f"{text},{value}\n" for text, value in pairs))
    (folder / "rate.toml").write_text(RECIPE)
    done = seqnlp("train", "rate.toml", "--out", "runs/rate", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs/rate"


def test_it_is_trained_with_several_seeds_and_has_no_significance(run: Path, seqnlp: Program) -> None:
    folder = run.parents[1]
    done = seqnlp("train", "rate.toml", "--seeds", 2, "-s", "training.epochs=1", folder=folder)
    assert (done.returncode, done.stdout) == (0, "runs/rate_seeds\n")
    assert json.loads((folder / "runs/rate_seeds/seeds.json").read_text())["higher_is_better"] is False
    compared = seqnlp("runs", "compare", run, folder / "runs/rate_seeds")
    assert compared.returncode == 0
    told = f"note: no test of significance: {run}: this run is a rater, which has no scores by item to test\n"
    assert compared.stderr == told


def test_it_learns_and_is_evaluated_under_its_name(run: Path, seqnlp: Program) -> None:
    done = seqnlp("evaluate", run, "--json")
    found = json.loads(done.stdout)
    assert found["task"] == "rate"
    assert found["scores"]["mse"] < 0.2 * 10 / 9  # the variance of a sum of two such words is 10 / 9


def test_it_predicts_line_by_line(run: Path, seqnlp: Program) -> None:
    plain = seqnlp("predict", run, stdin="good film\ndull film\n").stdout
    assert re.fullmatch(r"-?\d\.\d\d\tgood film\n-?\d\.\d\d\tdull film\n", plain)
    good, dull = map(json.loads, seqnlp("predict", run, "--json", stdin="good film\ndull film\n").stdout.splitlines())
    assert good["value"] > 0.3 > -0.3 > dull["value"]
    assert good["text"] == "good film"


def test_another_command_names_the_right_one(run: Path, seqnlp: Program) -> None:
    done = seqnlp("tag", run, stdin="good film\n")
    assert done.returncode == 2
    assert f"this run is a rater; use `seqnlp predict {run}`" in done.stderr


def test_its_card_says_what_it_does(run: Path) -> None:
    card = (run / "README.md").read_text()
    assert "A model that gives a text a number" in card
    assert 'print(list(model.predict(["fine"])))' in card


def test_the_library_and_lists_of_runs_know_it(run: Path) -> None:
    assert next(api.load(run).predict(["bad film"])).value < 0
    summary = summarize(Run(run))
    assert (summary.task, summary.metric, summary.state) == ("rate", "mse", "finished")


@pytest.mark.anyio
async def test_the_terminal_application_opens_it_with_a_plain_panel(run: Path) -> None:
    app = SeqnlpApp(run.parent, ServiceClient(), run_at(run))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"good film")
        panel = app.screen.query_one(PlainPanel)
        async with asyncio.timeout(60):
            while "good film" not in panel.content_to_copy() or not panel.describe():
                await pilot.pause(0.05)
        assert panel.describe() == "This is a rater."
        assert re.search(r'"value": 0\.\d', panel.content_to_copy())
