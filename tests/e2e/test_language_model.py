"""A language model on the command line."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from xml.etree import ElementTree

import pytest

Program = Callable[..., "CompletedProcess[str]"]
SMALL = ["training.epochs=1", "training.threads=1", "encoder.size=32", "data.train='corpora/prose/dev.txt'"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, seqnlp: Program) -> Path:
    out = tmp_path_factory.mktemp("runs") / "char"
    settings = [part for setting in SMALL for part in ("-s", setting)]
    done = seqnlp("train", "recipes/char_lstm.toml", "--out", out, *settings)
    assert done.returncode == 0, done.stderr
    return out


def test_generate_writes_only_the_text(run: Path, seqnlp: Program) -> None:
    done = seqnlp("generate", run, "--prompt", "Zoë: ☃", "--length", 20, "--seed", 1)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Zoë: ☃")
    assert len(done.stdout) == len("Zoë: ☃") + 20 + 1
    assert done.stderr.count("\n") == 1
    assert "unknown to the model: 'Z', 'ë', '☃'" in done.stderr


def test_generate_json_has_a_line_for_each_sample(run: Path, seqnlp: Program) -> None:
    options = ("--samples", 3, "--length", 10, "--seed", 1, "--alternatives", 2, "--json")
    done = seqnlp("generate", run, "--prompt", "The", *options)
    samples = [json.loads(line) for line in done.stdout.splitlines()]
    assert [sample["prompt"] for sample in samples] == ["The"] * 3
    for sample in samples:
        assert "".join(token["text"] for token in sample["tokens"]) == sample["text"]
        assert all(token["logprob"] < 0 and len(token["alternatives"]) == 2 for token in sample["tokens"])


def test_a_sweep_writes_a_text_for_each_value(run: Path, seqnlp: Program) -> None:
    options = ("--prompt", "The", "--length", 10, "--seed", 1)
    done = seqnlp("generate", run, *options, "--sweep", "temperature=0.5,1", "--json")
    cells = [json.loads(line) for line in done.stdout.splitlines()]
    assert [cell["cell"] for cell in cells] == [{"temperature": 0.5}, {"temperature": 1.0}]
    alone = seqnlp("generate", run, *options, "--temperature", 0.5)
    assert alone.stdout == f"The{cells[0]['text']}\n"
    table = seqnlp("generate", run, *options, "--sweep", "temperature=0.5,1", "--markdown")
    assert table.stdout.count("\n") == 6


def test_a_pattern_leads_the_text_to_its_end(run: Path, seqnlp: Program) -> None:
    done = seqnlp("generate", run, "--prompt", "On", "--pattern", r" [a-z]+ the [a-z]+\.", "--ban", "a", "--seed", 1)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"On [b-z]+ the [b-z]+\.\n", done.stdout)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--temperature", "-1"], "--temperature -1: expected a number from 0.0 to 100.0"),
        (["--temperature", "0", "--top-k", "5"], "which top_k can't change"),
        (["--beams", "3", "--top-p", "0.5"], "leave out --top-p"),
        (["--beams", "3", "--stop", "x"], "leave out --stop"),
        (["--alternatives", "3"], "--alternatives needs --json"),
        (["--preset", "greedi"], "there is no such preset; did you mean 'greedy'?"),
        (["--sweep", "temprature=0:1:2"], "can't be swept; did you mean 'temperature'?"),
        (["--sweep", "seed=1,2", "--samples", "2"], "leave out --samples"),
        (["--markdown"], "--markdown needs --sweep"),
        (["--repetition-window", "5"], "--repetition-window has no effect without --repetition-penalty"),
        (["--preset", "greedy", "--sweep", "seed=1,2"], "leave out --sweep seed"),
        (["--pattern", "(a"], "character 1: expected a `)`"),
        (["--pattern", "☃"], "no text matches it"),
        (["--bias", "e"], "expected a token and a number"),
        (["--replay", "x.json", "--seed", "1"], "--replay takes all settings from the file; leave out --seed"),
    ],
)
def test_options_that_make_no_sense(run: Path, seqnlp: Program, options: list[str], message: str) -> None:
    done = seqnlp("generate", run, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_score_and_predict(run: Path, seqnlp: Program, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("The sea.\nAll of it.\n", encoding="utf-8")
    scored = seqnlp("score", run, text)
    rows = [line.split("\t") for line in scored.stdout.splitlines()]
    assert "".join(json.loads(token) for _, token in rows) == "The sea.\nAll of it.\n"
    assert all(float(bits) > 0 for bits, _ in rows)
    assert "20 tokens" in scored.stderr
    continued = seqnlp("predict", run, text)
    first, second = continued.stdout.splitlines()
    assert first.startswith("The sea.")
    assert second.startswith("All of it.")


def test_probe_draws_a_chart_and_keeps_its_numbers(run: Path, seqnlp: Program) -> None:
    done = seqnlp("probe", run, "--steps", 40)
    assert done.returncode == 0, done.stderr
    assert "effective context" in done.stdout
    kept = json.loads((run / "probe.json").read_text())
    assert len(kept["gradients"]) == 41
    assert kept["gradients"][0] > kept["gradients"][40] > 0
    assert str(kept["effective_context"]) in kept["losses"]
    assert max(map(int, kept["losses"])) == 40


def test_probe_into_a_picture(run: Path, seqnlp: Program, tmp_path: Path) -> None:
    done = seqnlp("probe", run, "--steps", 40, "--svg", tmp_path / "x.svg", "--json")
    assert done.returncode == 0, done.stderr
    gradients = json.loads(done.stdout)["gradients"]
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    groups = [group for group in root if group.findtext("{*}title") == str(run)]
    path = groups[-1].findall("{*}path")[0].get("d", "")
    places = [tuple(map(float, pair.split())) for pair in path[1:].split("L")]
    assert [x for x, _ in places] == [64.0 + 18 * back for back in range(41)]
    highest = min(range(41), key=lambda back: places[back][1])
    assert gradients[highest] == pytest.approx(max(gradients), rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("probe", "{run}", "--steps", 0), 2, "--steps 0: expected a whole number from 1 to 10,000"),
        (("probe", "no/run", "--svg", "x.pdf"), 2, "x.pdf: expected a file that ends in .svg or .png"),
        (("evaluate", "{run}", "--context", 0), 2, "--context 0: expected a whole number from 1 to 100,000"),
        (("evaluate", "{run}", "--context", 9, "--dynamic", 0.1), 2, "contradict each other"),
        (("tag", "{run}", "-"), 2, "this run is a language model; use `seqnlp generate "),
        (("train", "recipes/char_lstm.toml", "-s", "encoder.bidirectional=true"), 3, "must not see what comes next"),
        (("train", "recipes/char_lstm.toml", "-s", "data.train='corpora/prose/train.txt[:50]'"), 4, "one window"),
    ],
)
def test_bad_input(run: Path, seqnlp: Program, arguments: tuple[object, ...], code: int, message: str) -> None:
    done = seqnlp(*(str(argument).format(run=run) for argument in arguments))
    assert done.returncode == code, done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
