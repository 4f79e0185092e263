"""`seqnlp runs`: listing, showing, plotting and comparing; plain in a pipe, with data alone on stdout."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from seqnlp.cli.runs import app
from seqnlp.errors import RunError, UsageError
from seqnlp.events import Done, Evaluated, Started, Stepped
from seqnlp.plots.images import check_image
from seqnlp.run import Run

TEST_SCORES = {
    "accuracy": 0.9412,
    "labels": {
        "VERB": {"precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 200},
        "NOUN": {"precision": 0.5, "recall": 0.25, "f1": 0.3333, "support": 1200},
    },
}


def make_run(path: Path, kind: str, size: int, finished: bool) -> None:
    run = Run.create(path)
    run.save_recipe(f'task = "tag"\nseed = 1\n\n[encoder]\nkind = "{kind}"\nsize = {size}\n')
    run.save_meta({"format": 2, "device": "cpu", "created": "2026-11-21T12:00:00+00:00"})
    run.append(Started(0, 0.0, 0.0, 4, 4.0, 10, "words"))
    for step in range(1, 5):
        run.append(Stepped(step, step, step, 4.0 / step, 0.1, 10, 10.0))
        run.append(Evaluated(step, step, step, {"accuracy": step / 5, "f1": step / 10}, "accuracy", True))
    if finished:
        (path / "model.safetensors").write_bytes(b"x" * 1500)
        training = {"seconds": 74.2, "tokens_per_second": 21300.4}
        run.save_scores({"dev": {"accuracy": 0.95}, "test": TEST_SCORES, "training": training})
        run.append(Done(4, 4.0, 4.0, "finished"))


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    make_run(Path("runs/gru"), "gru", 128, finished=True)
    make_run(Path("runs/lstm"), "lstm", 256, finished=False)


def call(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), env=env)


def output(*arguments: str, env: dict[str, str] | None = None) -> list[str]:
    result = call(*arguments, env=env)
    assert result.exception is None
    return [line.rstrip() for line in result.stdout.splitlines()]


def test_ls() -> None:
    assert output("ls") == [
        "run   task  state       begun             metric          score   model",
        "gru   tag   finished    2026-11-21 12:00  test accuracy  0.9412  1.5 kB",
        "lstm  tag   unfinished  2026-11-21 12:00  dev accuracy   0.8000       -",
    ]


def test_ls_on_a_narrow_terminal() -> None:
    assert output("ls", env={"COLUMNS": "40"})[:7] == [
        "gru",
        "  task: tag",
        "  state: finished",
        "  begun: 2026-11-21 12:00",
        "  metric: test accuracy",
        "  score: 0.9412",
        "  model: 1.5 kB",
    ]
    for width in range(30, 100, 10):
        lines = output("ls", env={"COLUMNS": str(width)})
        assert max(map(len, lines)) <= width
        assert "0.9412" in "".join(lines)


def test_ls_as_json() -> None:
    found = json.loads(call("ls", "--json").stdout)
    assert [(run["name"], run["state"], run["score"]) for run in found] == [
        ("gru", "finished", 0.9412),
        ("lstm", "unfinished", 0.8),
    ]


def test_ls_lists_damaged_runs_and_says_why_on_stderr() -> None:
    Path("runs/gru/meta.json").write_text("{")
    result = call("ls")
    assert "gru   " in result.stdout
    assert "damaged" in result.stdout
    assert result.stderr.startswith("note: runs/gru/meta.json: damaged: not JSON")


def test_ls_without_runs() -> None:
    Path("empty").mkdir()
    result = call("ls", "empty")
    assert (result.stdout, result.stderr) == ("", "no runs in empty; `seqnlp train` leaves them there\n")
    assert call("ls", "empty", "--json").stdout == "[]\n"
    Path("runs").rename("away")
    assert call("ls").exit_code == 0
    with pytest.raises(RunError, match="nowhere: expected a folder of runs, found nothing"):
        raise call("ls", "nowhere").exception or AssertionError


def test_show() -> None:
    assert output("show", "runs/gru") == [
        "runs/gru  tag, finished",
        "begun 2026-11-21 12:00, on cpu, training time 1 min 14 s, speed 21,300 tokens/s, model 1.5 kB",
        "",
        'task = "tag"  seed = 1',
        '[encoder]  kind = "gru"  size = 128',
        "",
        "             dev    test",
        "accuracy  0.9500  0.9412",
        "",
        "labels  precision  recall      f1  support",
        "NOUN       0.5000  0.2500  0.3333    1,200",
        "VERB       0.9000  0.8000  0.8500      200",
    ]
    assert output("show", "runs/lstm")[1] == "begun 2026-11-21 12:00, on cpu, no model yet"


def test_show_as_json() -> None:
    found = json.loads(call("show", "runs/gru", "--json").stdout)
    assert found["recipe"] == {"task": "tag", "seed": 1, "encoder.kind": "gru", "encoder.size": 128}
    assert found["scores"]["test"] == TEST_SCORES
    assert found["meta"]["device"] == "cpu"
    assert found["summary"]["state"] == "finished"


def test_show_of_a_run_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(RunError, match=r"did you mean runs/gru\?"):
        raise call("show", "runs/gri").exception or AssertionError


def test_plot_one_run() -> None:
    assert output("plot", "runs/gru", "--width", "30", "--height", "7") == [
        "training loss over epochs",
        "4 ┤⠉⠒⠤⣀",
        "  │    ⠉⠑⠢⢄⡀",
        "2 ┤        ⠈⠉⠉⠑⠒⠒⠒⠢⠤⠤⠤⠤⠤⠤⢄⣀⣀⣀⣀",
        "0 ┤",
        "  └─────────┬────────────────┬",
        "            2                4",
        "",
        "dev accuracy over epochs",
        "1.0 ┤                       ⢀⣀",
        "    │            ⢀⣀⣀⡠⠤⠤⠒⠒⠊⠉⠉⠁",
        "0.5 ┤ ⢀⣀⣀⠤⠤⠤⠒⠒⠊⠉⠉⠁",
        "0.0 ┤⠉⠁",
        "    └────────┬───────────────┬",
        "             2               4",
    ]


def test_plot_into_a_picture() -> None:
    alone = output("plot", "runs/gru", "runs/lstm")
    assert output("plot", "runs/gru", "runs/lstm", "--svg", "x.svg") == alone
    root = ElementTree.parse("x.svg").getroot()
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:3] == ["gru", "lstm", "training loss over epochs"]
    assert "dev accuracy over epochs" in texts
    groups = root.findall("{http://www.w3.org/2000/svg}g")
    assert len(groups) == 3 * 2  # the legend and two panels, with a line a run


def test_plot_into_several_pictures_each_by_its_ending() -> None:
    try:
        check_image(Path("x.png"))
    except UsageError as error:
        pytest.skip(str(error))
    names = ("1.svg", "2.png", "3.SVG", "4.png")
    output("plot", "runs/gru", "--svg", names[0], "--svg", names[1], "--png", names[2], "--png", names[3])
    assert [Path(name).read_bytes()[:4] for name in names] == [b"<svg", b"\x89PNG"] * 2


def test_plot_several_runs_without_colour_uses_marks() -> None:
    for env in ({}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}):
        lines = output("plot", "runs/gru", "runs/lstm", "--metric", "f1", env=env)
        assert lines.count("* gru   + lstm") == 2
        assert "dev f1 over epochs" in lines
        assert all(line.isascii() for line in lines)


def test_plot_several_runs_on_a_terminal_uses_colours() -> None:
    result = call("plot", "runs/gru", "runs/lstm", env={"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": "60"})
    assert "\x1b[36m━━\x1b[0m gru   \x1b[35m━━\x1b[0m lstm" in result.stdout


def test_plot_tells_runs_of_one_name_apart_by_path() -> None:
    make_run(Path("old/gru"), "gru", 64, finished=False)
    assert "* runs/gru   + old/gru" in output("plot", "runs/gru", "old/gru")


def test_plot_of_an_unknown_metric_names_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="--metric bleu: expected one of accuracy, f1"):
        raise call("plot", "runs/gru", "--metric", "bleu").exception or AssertionError


def test_plot_of_a_young_run() -> None:
    Run.create("runs/young")
    assert output("plot", "runs/young") == ["training loss over epochs", "nothing to draw yet"]


def test_compare() -> None:
    assert output("compare", "runs/gru", "runs/lstm") == [
        "                           gru  lstm",
        "dev accuracy            0.9500     -",
        "test accuracy           0.9412     -",
        "training time       1 min 14 s     -",
        "speed          21,300 tokens/s     -",
        "model                   1.5 kB     -",
        "",
        "settings that differ    gru    lstm",
        'encoder.kind          "gru"  "lstm"',
        "encoder.size            128     256",
    ]


def test_compare_equal_recipes() -> None:
    make_run(Path("runs/again"), "gru", 128, finished=True)
    assert output("compare", "runs/gru", "runs/again")[-1] == "all settings are the same"


def test_compare_as_json() -> None:
    found: dict[str, Any] = json.loads(call("compare", "runs/gru", "runs/lstm", "--json").stdout)
    assert found["settings"]["encoder.size"] == {"gru": 128, "lstm": 256}
    assert found["scores"]["gru"]["test"]["accuracy"] == 0.9412


def test_compare_wants_two() -> None:
    with pytest.raises(UsageError, match="expected two runs or more, found one"):
        raise call("compare", "runs/gru").exception or AssertionError


def test_a_pipe_is_never_cut_short_and_a_narrow_terminal_breaks_between_words() -> None:
    name = "a_run_with_a_long_name_" * 5
    make_run(Path("runs") / name, "gru", 1, finished=False)
    assert output("ls")[1].startswith(name + "  tag")
    lines = output("ls", env={"COLUMNS": "70"})
    assert max(map(len, lines)) <= 70
    assert any("unfinished" in line for line in lines)
