"""`seqnlp runs`: listing, showing, plotting and comparing; plain in a pipe, with data alone on stdout."""

import csv
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from seqnlp.cli.runs import app
from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.events import Done, Evaluated, Started, Stepped
from seqnlp.plots.images import check_image
from seqnlp.run import Run
from seqnlp.run.lock import RunLock
from seqnlp.run.sets import RunSet

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
    return [re.sub("\x1b\\[[0-9;]*m", "", line).rstrip() for line in result.stdout.splitlines()]


def terminal(columns: int) -> dict[str, str]:
    return {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(columns)}


def test_ls() -> None:
    assert output("ls") == [
        "run   task  state       begun             metric          score   model",
        "gru   tag   finished    2026-11-21 12:00  test accuracy  0.9412  1.5 kB",
        "lstm  tag   unfinished  2026-11-21 12:00  dev accuracy   0.8000       -",
    ]


def test_ls_on_a_narrow_terminal() -> None:
    assert output("ls", env=terminal(40))[:7] == [
        "gru",
        "  task: tag",
        "  state: finished",
        "  begun: 2026-11-21 12:00",
        "  metric: test accuracy",
        "  score: 0.9412",
        "  model: 1.5 kB",
    ]
    for width in range(30, 100, 10):
        lines = output("ls", env=terminal(width))
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
    for env in ({}, {"COLUMNS": "70"}):  # which a shell exports for its terminal
        assert output("ls", env=env)[1].startswith(name + "  tag")
    lines = output("ls", env=terminal(70))
    assert max(map(len, lines)) <= 70
    assert any("unfinished" in line for line in lines)


def names(*arguments: str) -> list[str]:
    return [line.split()[0] for line in output("ls", *arguments)[1:]]


def test_ls_sorted_by_a_column_with_those_without_a_value_last() -> None:
    make_run(Path("runs/an"), "gru", 8, finished=True)
    Path("runs/an/model.safetensors").write_bytes(b"x" * 9)
    Run.create("runs/young")
    assert names() == ["an", "gru", "lstm", "young"]
    assert names("--sort", "model") == ["lstm", "young", "an", "gru"]
    assert names("--sort", "-score") == ["an", "gru", "lstm", "young"]
    assert names("--sort", "score") == ["lstm", "an", "gru", "young"]
    assert names("--sort=-run") == ["young", "lstm", "gru", "an"]


def test_ls_sorted_by_an_unknown_column_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"--sort scor: expected a column \(did you mean 'score'\?\)"):
        raise call("ls", "--sort", "scor").exception or AssertionError


def test_ls_as_csv() -> None:
    output("note", "runs/gru", 'the "good" one, so far')
    lines = call("ls", "--csv").stdout.splitlines()
    assert lines[0] == "run,task,state,begun,split,metric,score,model,note,path,problem"
    rows = list(csv.DictReader(lines))
    assert rows[0]["score"] == "0.9412"
    assert rows[0]["begun"] == "2026-11-21T12:00:00+00:00"
    assert [row["note"] for row in rows] == ['the "good" one, so far', ""]
    with pytest.raises(UsageError, match="contradict"):
        raise call("ls", "--csv", "--json").exception or AssertionError


def test_a_note_is_shown_replaced_and_removed() -> None:
    assert output("note", "runs/gru", "  with   my\nvectors ") == []
    assert output("note", "runs/gru") == ["with my vectors"]
    assert output("ls")[:2] == [
        "run   task  state       begun             metric          score   model             note",
        "gru   tag   finished    2026-11-21 12:00  test accuracy  0.9412  1.5 kB  with my vectors",
    ]
    assert "with my vectors" in output("show", "runs/gru")
    assert json.loads(call("show", "runs/gru", "--json").stdout)["summary"]["note"] == "with my vectors"
    assert call("note", "runs/gru", "better").stderr == "note: it was: with my vectors\n"
    call("note", "runs/gru", "")
    assert not Path("runs/gru/note.json").exists()
    assert output("note", "runs/gru") == [""]


def test_a_damaged_note_stops_nothing_and_is_told() -> None:
    call("note", "runs/gru", "fine")
    path = Path("runs/gru/note.json")
    path.write_text(path.read_text().replace("fine", "fake"))
    listed = call("ls")
    assert "finished" in listed.stdout
    assert listed.stderr.startswith("note: runs/gru/note.json: damaged")
    assert "note.json: damaged" in call("show", "runs/gru").stderr
    assert "it is replaced" in call("note", "runs/gru", "new").stderr
    assert output("note", "runs/gru") == ["new"]


def test_rm_asks_and_removes_nothing_where_nobody_can_be_asked() -> None:
    with pytest.raises(UsageError, match=r"remove runs/gru\? --yes answers"):
        raise call("rm", "runs/gru").exception or AssertionError
    assert Run.is_run("runs/gru")


def test_rm_removes_a_run_whole(tmp_path: Path) -> None:
    call("note", "runs/gru", "to go")
    done = call("rm", "runs/gru", "runs/lstm", "--yes")
    assert done.exception is None
    assert done.stderr == "removed runs/gru\nremoved runs/lstm\n"
    assert list(Path("runs").iterdir()) == []


def test_rm_keeps_what_is_not_of_the_run() -> None:
    Path("runs/gru/mine.txt").write_text("mine")
    Path("runs/gru/codecs").mkdir(exist_ok=True)
    Path("runs/gru/codecs/mine.txt").write_text("mine")
    done = call("rm", "runs/gru", "-y")
    assert "note: runs/gru: not of the run, so kept: codecs, mine.txt" in done.stderr
    assert sorted(file.name for file in Path("runs/gru").rglob("*")) == ["codecs", "mine.txt", "mine.txt"]


def test_rm_removes_a_damaged_run() -> None:
    Path("runs/gru/meta.json").write_text("{")
    assert call("rm", "runs/gru", "--yes").exception is None
    assert not Path("runs/gru").exists()


def refused(*arguments: str) -> str:
    """Message of a refusal, after which everything is still there."""
    before = sorted(Path().rglob("*"))
    error = call(*arguments).exception
    assert isinstance(error, DataError)
    assert [file for file in before if not file.exists() and not file.is_symlink()] == []
    return str(error)


def test_rm_refuses_what_is_no_run() -> None:
    Path("other").mkdir()
    Path("other/meta.json").write_text('{"a": 1}')
    Path("other/recipe.toml").write_text("a = 1")
    Path("plain").mkdir()
    assert "expected a format number" in refused("rm", "runs/gru", "other", "--yes")
    assert "not a run" in refused("rm", "runs/gru", "plain", "--yes")
    assert "no such run" in refused("rm", "runs/gri", "--yes")
    assert "found a file" in refused("rm", "other/meta.json", "--yes")


def test_rm_refuses_links() -> None:
    Path("link").symlink_to("runs/gru")
    assert "this is a link to a run" in refused("rm", "link", "--yes")
    Path("runs/lstm/codecs").mkdir(exist_ok=True)
    Path("kept").mkdir()
    Path("kept/a.json").write_text("{}")
    Path("runs/lstm/codecs/a.json").symlink_to(Path("kept/a.json").absolute())
    assert "this is a link" in refused("rm", "runs/gru", "runs/lstm", "--yes")
    assert Path("kept/a.json").exists()


def test_rm_refuses_a_run_that_is_being_trained() -> None:
    with RunLock(Path("runs/lstm")) as lock:
        lock.acquire()
        assert "is training here" in refused("rm", "runs/gru", "runs/lstm", "--yes")


def make_set(path: Path) -> RunSet:
    found = RunSet(path)
    found.begin("pos", [1, 2, 3])
    for seed in (1, 2):
        make_run(found.run(seed).path, "gru", 128, finished=True)
        found.run(seed).save_scores({"dev": {"accuracy": 0.9 + seed / 100}, "test": {"accuracy": 0.8 + seed / 10}})
    found.summarize("accuracy", higher_is_better=True)
    return found


def test_a_set_of_runs_is_listed_and_shown() -> None:
    make_set(Path("runs/pos_seeds"))
    assert names() == ["gru", "lstm", "pos_seeds/seed_1", "pos_seeds/seed_2"]
    assert output("show", "runs/pos_seeds") == [
        "                 mean     std     min     max  seed 1  seed 2",
        "dev accuracy   0.9150  0.0071  0.9100  0.9200  0.9100  0.9200",
        "test accuracy  0.9500  0.0707  0.9000  1.0000  0.9000  1.0000",
        "best on dev by accuracy: seed 2",
        "not finished: seed 3",
    ]
    found = json.loads(call("show", "runs/pos_seeds", "--json").stdout)
    assert found["scores"]["test"]["accuracy"]["values"] == {"1": 0.9, "2": 1.0}
    assert found["best"] == 2


def test_a_set_of_runs_is_plotted() -> None:
    make_set(Path("runs/pos_seeds"))
    assert "* pos_seeds/seed_1   + pos_seeds/seed_2" in output("plot", "runs/pos_seeds")


def test_a_set_of_runs_is_compared_by_its_means() -> None:
    make_set(Path("runs/pos_seeds"))
    lines = output("compare", "runs/gru", "runs/pos_seeds", "--no-significance")
    assert lines[1:3] == [
        "dev accuracy            0.9500  0.9150 ± 0.0071",
        "test accuracy           0.9412  0.9500 ± 0.0707",
    ]
    assert "settings that differ  gru  pos_seeds" in lines
    assert lines[-1] == "seed                    1     [1, 1]"


def test_a_set_of_runs_is_removed_and_its_summary_follows_its_runs() -> None:
    found = make_set(Path("runs/pos_seeds"))
    call("rm", "runs/pos_seeds/seed_2", "--yes")
    assert found.record()["finished"] == [1]
    assert found.record()["scores"]["test"]["accuracy"]["std"] is None
    call("rm", "runs/pos_seeds", "runs/pos_seeds/seed_1", "--yes")
    assert not Path("runs/pos_seeds").exists()


def test_the_least_error_is_the_best_seed() -> None:
    found = make_set(Path("runs/pos_seeds"))
    assert found.summarize("accuracy", higher_is_better=False)["best"] == 1


def test_a_damaged_summary_of_seeds_is_named() -> None:
    found = make_set(Path("runs/pos_seeds"))
    file = found.path / "seeds.json"
    file.write_text(file.read_text().replace("0.9", "0.7"))
    with pytest.raises(RunError, match=r"seeds.json: damaged"):
        raise call("show", "runs/pos_seeds").exception or AssertionError


def test_compare_tells_why_a_difference_is_not_tested() -> None:
    make_run(Path("runs/again"), "gru", 128, finished=True)
    done = call("compare", "runs/gru", "runs/again")
    assert done.exit_code == 0
    assert done.stderr.startswith("note: no test of significance: runs/gru/recipe.toml: damaged: data")
    assert isinstance(call("compare", "runs/gru", "runs/again", "--significance").exception, RunError)
    three = call("compare", "runs/gru", "runs/again", "runs/lstm", "--significance").exception
    assert "expected two runs or sets of runs, found 3" in str(three)
