"""A run in one line, its curves, and where recipes differ."""

import os
from pathlib import Path
from typing import Any

import pytest

from seqnlp.errors import RunError
from seqnlp.events import Done, Evaluated, Started, Stepped
from seqnlp.run import Run
from seqnlp.run.summary import (
    POINTS,
    curves,
    differing_settings,
    flat_recipe,
    plain_scores,
    score_tables,
    summarize,
    thinned,
)


def young_run(path: Path) -> Run:
    run = Run.create(path)
    run.save_recipe('task = "tag"\n[encoder]\nkind = "gru"\nsize = 8\n')
    run.append(Started(0, 0.0, 0.0, 4, 2.0, 10, "words"))
    for step, accuracy, best in [(1, 0.5, True), (2, 0.7, True), (3, 0.6, False)]:
        run.append(Stepped(step, step / 2, 1.0, 4.0 - step, 0.1, 10, 10.0))
        run.append(Evaluated(step, step / 2, 1.0, {"loss": 9.0, "accuracy": accuracy}, "accuracy", best))
    return run


def test_an_unfinished_run_is_known_by_its_best_score_on_dev(tmp_path: Path) -> None:
    summary = summarize(young_run(tmp_path / "pos"))
    assert (summary.name, summary.task, summary.state) == ("pos", "tag", "unfinished")
    assert (summary.split, summary.metric, summary.score) == ("dev", "accuracy", 0.7)
    assert summary.model_bytes == 0


def test_a_finished_run_is_known_by_the_deciding_metric_on_test(tmp_path: Path) -> None:
    run = young_run(tmp_path / "pos")
    run.save_model({})
    run.save_scores({"dev": {"accuracy": 0.8}, "test": {"remark": "x", "upos.accuracy": 0.1, "accuracy": 0.9}})
    run.append(Done(4, 2.0, 5.0, "finished"))
    summary = summarize(run)
    assert (summary.state, summary.split, summary.metric, summary.score) == ("finished", "test", "accuracy", 0.9)
    assert summary.model_bytes > 0
    assert summary.to_json()["score"] == 0.9


def test_a_run_without_evaluations_is_known_by_its_first_score(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "pos")
    run.save_recipe('task = "tag"')
    assert summarize(run).score is None
    run.save_scores({"dev": {"f1": 0.3, "accuracy": 0.8}})
    assert (summarize(run).split, summarize(run).metric) == ("dev", "f1")


@pytest.mark.parametrize("file", ["meta.json", "recipe.toml", "scores.json", "events.jsonl"])
def test_a_damaged_run_is_told_rather_than_raised(tmp_path: Path, file: str) -> None:
    run = young_run(tmp_path / "pos")
    (run.path / file).write_text("{{{\n[]")
    summary = summarize(run)
    assert summary.state == "damaged"
    assert file in summary.problem


DAMAGED = [
    ("meta.json", '{"format": 2, "corpus": 3}'),
    ("meta.json", '{"format": 2, "created": null}'),
    ("meta.json", "[" * 100_000),
    ("recipe.toml", "a = " + "[" * 5000),
    ("recipe.toml", "a = " + "9" * 5000),
    ("scores.json", '{"dev": []}'),
    ("scores.json", '{"dev": {"f1": NaN}}'),
    ("scores.json", '{"dev": {"f1": 1, "f1": 2}}'),
    ("events.jsonl", '{"event": "evaluated", "step": 1, "epoch": 1, "seconds": 1, "scores": 3}\n'),
]


@pytest.mark.parametrize(("file", "content"), DAMAGED)
def test_what_is_wrong_inside_a_file_is_told(tmp_path: Path, file: str, content: str) -> None:
    run = young_run(tmp_path / "pos")
    (run.path / file).write_text(content)
    summary = summarize(run)
    assert summary.state == "damaged"
    assert file in summary.problem
    assert len(summary.problem.splitlines()) == 1


@pytest.mark.parametrize("file", ["meta.json", "recipe.toml", "scores.json", "events.jsonl"])
@pytest.mark.parametrize("other", ["folder", "pipe", "nothing"])
def test_one_bad_run_leaves_the_list_of_the_others(tmp_path: Path, file: str, other: str) -> None:
    young_run(tmp_path / "good")
    bad = young_run(tmp_path / "bad")
    bad.save_model({})
    (bad.path / file).unlink(missing_ok=True)
    if other == "folder":
        (bad.path / file).mkdir()
    elif other == "pipe":
        os.mkfifo(bad.path / file)
    found = {run.name: summarize(run) for run in Run.find(tmp_path)}
    assert found["good"].state == "unfinished"
    if other != "nothing" or file in ("meta.json", "recipe.toml"):
        assert found["bad"].state == "damaged"
        assert file in found["bad"].problem


def test_settings_by_dotted_keys(tmp_path: Path) -> None:
    run = young_run(tmp_path / "pos")
    assert flat_recipe(run) == {"task": "tag", "encoder.kind": "gru", "encoder.size": 8}
    run.save_recipe("task = ")
    with pytest.raises(RunError, match=r"recipe\.toml: damaged: not TOML"):
        flat_recipe(run)


def test_settings_that_differ() -> None:
    recipes = {"a": {"x": 1, "y": [1, 2], "only": True}, "b": {"x": 1, "y": [1, 3]}}
    assert differing_settings(recipes) == {"y": {"a": [1, 2], "b": [1, 3]}, "only": {"a": True, "b": None}}


def test_curves_come_from_the_log(tmp_path: Path) -> None:
    found = curves(young_run(tmp_path / "pos").events())
    assert found.loss == [(0.5, 3.0), (1.0, 2.0), (1.5, 1.0)]
    assert found.dev["accuracy"] == [(0.5, 0.5), (1.0, 0.7), (1.5, 0.6)]
    assert found.metric == "accuracy"
    assert curves([]).metric == ""


def test_long_curves_are_thinned_to_means() -> None:
    points = [(float(x), None if x == 0 else float(x % 2)) for x in range(4 * POINTS + 1)]
    thin = thinned(points)
    assert len(thin) == POINTS
    assert thin[0] == (2.5, 0.5)
    assert thinned(points[:3]) == points[:3]


def test_scores_are_told_apart_from_tables_and_remarks() -> None:
    rows = {"NOUN": {"f1": 0.5}}
    scores: dict[str, dict[str, Any]] = {
        "dev": {"bleu": 20, "signature": "x", "exact": True, "labels": rows},
        "test": {"bleu": 21.0, "chrf": 50.0},
        "training": {"seconds": 3.0},
    }
    assert plain_scores(scores) == {"bleu": {"dev": 20, "test": 21.0}, "chrf": {"dev": None, "test": 50.0}}
    assert dict(score_tables(scores["dev"])) == {"labels": rows}
    deeper = {"labels": {"upos": rows, "feats": {"Case": {"f1": 0.1}}}}
    assert dict(score_tables(deeper)) == {"labels.upos": rows, "labels.feats": {"Case": {"f1": 0.1}}}
