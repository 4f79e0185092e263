"""Exports: every screen to a file, in the format that its name tells; none is replaced."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from seqnlp.errors import DataError, UsageError
from seqnlp.run.summary import Curves
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.exports import problem_of, usual_name, write_export
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.forecast import csv_of
from seqnlp.tui.screens.watch import curves_csv
from seqnlp.tui.widgets.ask import AskScreen
from tests.tui.test_sizes import ANSWERS, app_for

FORMATS = {".csv": lambda: "a,b\n", ".json": lambda: "{}"}


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert usual_name("runs/a b", FORMATS) == "exports/runs_a_b-1.csv"
    assert write_export("exports/runs_a_b-1.csv", FORMATS).read_text() == "a,b\n"
    assert usual_name("runs/a b", FORMATS) == "exports/runs_a_b-2.csv"
    assert usual_name("⇄", FORMATS) == "exports/export-1.csv"
    assert problem_of("x.json", FORMATS) == ""
    assert problem_of("  ", FORMATS) == "expected the name of a file"
    assert "'.json'" in problem_of("x.jsn", {".json": str}) or "`.json`" in problem_of("x.jsn", {".json": str})
    for name, words in {"exports/runs_a_b-1.csv": "a file already", "x": "ends in one of .csv, .json"}.items():
        with pytest.raises(UsageError, match=words):
            write_export(name, FORMATS)
    with pytest.raises(DataError):
        write_export("exports/runs_a_b-1.csv/x.csv", FORMATS)
    assert os.listdir("exports") == ["runs_a_b-1.csv"]


def test_tables() -> None:
    one = {"name": "oil", "times": ["t1", "t2"], "values": [1.5, 2.0], "low": [1.0, 1.0], "high": [2.0, 3.0]}
    assert csv_of([one], [1.25]) == ("series,time,values,low,high,came\noil,t1,1.5,1.0,2.0,1.25\noil,t2,2.0,1.0,3.0,\n")
    assert csv_of([one, one]).splitlines()[0] == "series,time,values_1,low_1,high_1,values_2,low_2,high_2"
    curves = Curves([(0.5, 3.0), (1.0, 2.0)], {"f1": [(1.0, 0.5)]}, "f1")
    assert curves_csv(curves) == "epoch,training loss,f1\n0.5,3.0,\n1.0,2.0,0.5\n"


@pytest.mark.anyio
@pytest.mark.parametrize("task", ["tag", "forecast"])
async def test_a_panel_is_exported(task: str, runs: Path, fake: Any, settled: Any, notes: Any, shows: Any) -> None:
    app = app_for(task, runs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        if task != "forecast":
            app.screen.query_one("#text").text = "a text"  # type: ignore[attr-defined]
        await settled(pilot)
        for name in ("out.json", "out.txt", "out.svg"):
            await pilot.press("f8")
            await shows(app, "Export")
            assert isinstance(app.screen, AskScreen)
            app.screen.query_one(Input).value = name
            await pilot.press("enter")
            await settled(pilot)
        assert [note for note in notes(app) if "Saved" in note] == [
            f"Saved out.{end}" for end in ("json", "txt", "svg")
        ]
    written = json.loads(Path("out.json").read_text())
    assert written.keys() == ANSWERS[task].keys()
    assert Path("out.txt").read_text().strip()
    assert "<svg" in Path("out.svg").read_text()


@pytest.mark.anyio
async def test_the_runs_are_exported(runs: Path, fake: Any, settled: Any, shows: Any, notes: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("f8")
        await shows(app, "Export")
        await pilot.press("enter")
        await settled(pilot)
        assert "Saved exports/runs-1.csv" in notes(app)
    with open("exports/runs-1.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows][:2] == ["char_lstm", "pos_gru"]
    assert float(rows[1]["score"]) == run_at(runs / "pos_gru").score
