"""Runs that are deleted, brought back, renamed and sorted; what their preview tells."""

import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from seqnlp.errors import RunError, SeqnlpError, UsageError
from seqnlp.plots.sparkline import sparkline
from seqnlp.run.lock import RunLock
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.configuration.remembered import Remembered
from seqnlp.tui.history import History
from seqnlp.tui.listing import RunFolder, run_at
from seqnlp.tui.run_order import COLUMNS, Order
from seqnlp.tui.run_preview import Preview, recipe_in_words
from seqnlp.tui.run_trash import KEPT_DAYS, RunTrash, rename_run
from seqnlp.tui.screens.home import Columns, HomeScreen
from seqnlp.tui.trainings import Trainings
from seqnlp.tui.widgets.ask import AskScreen
from seqnlp.tui.widgets.run_list import RunList
from seqnlp.tui.widgets.run_preview import preview_lines


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and not file.name.startswith(".lock")
    }


def names(runs: Path) -> list[str]:
    return [run.name for run in RunFolder(runs).read(Trainings(runs).all())]


def test_a_deleted_run_comes_back_as_it_was(runs: Path) -> None:
    before = contents(runs / "pos_gru")
    (runs / ".trainings").mkdir()
    (runs / ".trainings/pos_gru.log").write_text("error: no more memory\n")
    trash = RunTrash(runs)
    trash.delete("pos_gru")
    assert "pos_gru" not in names(runs)
    assert not (runs / ".trainings/pos_gru.log").exists()  # else it would be listed as one that has failed
    (last,) = RunTrash(runs).entries()  # also after a restart
    assert trash.restore(last) == "pos_gru"
    assert contents(runs / "pos_gru") == before
    assert (runs / ".trainings/pos_gru.log").exists()
    assert trash.entries() == [] == list((runs / ".trash").iterdir())
    with pytest.raises(RunError, match="no longer in the trash"):
        trash.restore(last)


def test_a_run_that_was_trained_again_keeps_its_name(runs: Path, new_run: Callable[..., Path]) -> None:
    trash = RunTrash(runs)
    first = trash.delete("pos_gru")
    new_run("pos_gru", "tag", "accuracy", 0.5, "2025-11-05T09:00:00+00:00", 10)
    second = trash.delete("pos_gru")
    assert trash.entries() == [second, first]
    assert [trash.restore(each) for each in (second, first)] == ["pos_gru", "pos_gru-2"]
    assert run_at(runs / "pos_gru-2").score == 0.9312


def test_what_is_in_use_or_no_run_is_left_alone(runs: Path, tmp_path: Path) -> None:
    trash = RunTrash(runs)
    before = contents(runs)
    with RunLock(runs / "pos_gru") as lock:
        lock.acquire()
        (runs / "pos_gru/.lock.pid").write_text("1")  # of another process
        for change in (lambda: trash.delete("pos_gru"), lambda: rename_run(runs, "pos_gru", "other", Trainings(runs))):
            with pytest.raises(RunError, match="process 1 is training here"):
                change()
    (runs / "a_link").symlink_to(tmp_path)
    (runs / "notes").mkdir()
    for name in ("a_link", "notes", "nothing"):
        with pytest.raises(SeqnlpError):
            trash.delete(name)
    assert contents(runs) == before
    assert trash.entries() == []


def test_only_what_was_deleted_long_ago_is_purged(runs: Path) -> None:
    trash = RunTrash(runs)
    old, late = trash.delete("pos_gru"), trash.delete("char_lstm")
    (late.folder / "run/mine.txt").write_text("kept")
    for each in (old, late):
        data = json.loads((each.folder / "entry.json").read_text())
        (each.folder / "entry.json").write_text(json.dumps({**data, "at": time.time() - (KEPT_DAYS + 1) * 86_400}))
    assert sorted(trash.purge()) == ["char_lstm", "pos_gru"]
    assert not old.folder.exists()
    assert (late.folder / "run/mine.txt").read_text() == "kept"  # no file of a run
    trash.delete("sentiment_lstm")
    assert trash.purge() == []


def test_an_entry_that_names_a_place_elsewhere_is_none(runs: Path) -> None:
    trash = RunTrash(runs)
    deleted = trash.delete("pos_gru")
    for name in ("../../elsewhere", "/elsewhere", "", 7):
        (deleted.folder / "entry.json").write_text(json.dumps({"name": name, "at": 1.0}))
        assert trash.entries() == []


def test_texts_and_training_go_with_a_new_name(runs: Path) -> None:
    trainings = Trainings(runs)
    (runs / ".trainings").mkdir()
    record = {"recipe": "r.toml", "settings": ["a=1"], "pid": 2**22 + 1, "started": 1.0}
    (runs / ".trainings/char_lstm.json").write_text(json.dumps(record))
    assert trainings.at("char_lstm") is not None
    history = History.of([run_at(runs / "char_lstm")])
    history.add_prompt("Once")
    history.close()
    rename_run(runs, "char_lstm", "prose", trainings)
    assert History.of([run_at(runs / "prose")]).open().sent == "Once"
    training = trainings.at("prose")
    assert training is not None
    assert training.record.settings == ["a=1"]
    assert trainings.at("char_lstm") is None
    for other, error in {
        "pos_gru": "there is one of this name",
        "a/b": "without a path",
        ".x": "without a dot",
    }.items():
        with pytest.raises(UsageError, match=error):
            rename_run(runs, "prose", other, trainings)


def test_order(runs: Path) -> None:
    found = RunFolder(runs).read()

    def sorted_by(text: str) -> list[str]:
        return [run.name for run in Order.parse(text).sort(found, {"training"})]

    usual = ["char_lstm", "pos_gru", "sentiment_lstm", "interrupted_copy"]  # the broken one is always last
    assert sorted_by("-begun") == usual == sorted_by("-score") == sorted_by("name") == sorted_by("nonsense")
    assert sorted_by("begun") == ["sentiment_lstm", "pos_gru", "char_lstm", "interrupted_copy"]
    assert sorted_by("-size") == ["sentiment_lstm", "char_lstm", "pos_gru", "interrupted_copy"]
    found = [replace(run, state="training", score=None) if run.name == "pos_gru" else run for run in found]
    assert sorted_by("-score")[0] == "pos_gru"  # what goes on comes first
    order = Order()
    for _ in COLUMNS:
        order = order.next()
    assert order == Order()
    assert Order.of("name").chosen("name") == Order("name", True) == Order.parse("-name")


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [([0.0, 7.0], 5, "▁█"), ([1.0, None, 1.0], 9, "▅ ▅"), ([], 5, ""), ([None, float("nan")], 5, "  "), ([1.0], 0, "")],
)
def test_sparkline(values: list[float | None], width: int, line: str) -> None:
    assert sparkline(values, width) == line


def test_a_long_curve_keeps_both_ends() -> None:
    line = sparkline([float(n) for n in range(1000)], 8)
    assert line == "▁▂▃▄▅▆▇█"


def test_a_recipe_of_any_shape_has_five_lines_at_most() -> None:
    frozen = Path(__file__).parents[1] / "data" / "run_v2"
    for run in sorted(path for path in frozen.iterdir() if path.is_dir()):
        preview = Preview.read(run_at(run))
        assert 3 <= len(preview.recipe) <= 5, run.name
        for width in (1, 40, 60):
            assert all(line.cell_length <= max(width, 40) for line in preview_lines(preview, width)), run.name
    assert recipe_in_words({"data": 3, "encoder": {"size": "?"}, "embedding": {"words": {}}}) == []


def test_curves_stand_below_each_other_and_keep_room() -> None:
    summary = run_at(Path(__file__).parents[1] / "data" / "run_v2" / "tag")
    preview = Preview(summary, curves=[("loss", [12.5, *[1.0] * 30, 0.5]), ("accuracy", [0.25, None, 0.75])])
    for width, ends in ((60, ("12.50 → 0.5000", "0.2500 → 0.7500")), (32, ("0.5000", "0.7500"))):
        lines = [line.plain for line in preview_lines(preview, width)][-2:]
        assert [len(line) for line in lines] == [width, width]
        assert "▁" * 10 in lines[0]
        assert re.search("▁{4,} {4,}█{3,}", lines[1])  # over the same epochs as the loss
        for line, told in zip(lines, ends, strict=True):
            assert line.endswith(f" {told}"), line


@pytest.mark.anyio
async def test_sort_preview_note_rename_delete_and_undo(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any, notes: Any, tmp_path: Path
) -> None:
    History.of([run_at(runs / "sentiment_lstm")]).add_prompt("a text of last time")
    app = SeqnlpApp(runs, fake({}), remembered=Remembered.read(runs, tmp_path / "tui.json"))
    async with app.run_test(size=(120, 35)) as pilot:
        await settled(pilot)
        table = app.screen.query_one(RunList)
        await shows(app, "bits_per_char 2.0322")
        await pilot.press("f3", "shift+f3")
        await shows(app, "run ↓")
        assert [run.name for run in table.shown][:2] == ["sentiment_lstm", "pos_gru"]
        assert table.chosen is not None
        assert table.chosen.name == "char_lstm"  # the cursor stays on its run
        await pilot.press("up", "up")
        await shows(app, "a text of last time")
        await pilot.press("f5")
        await hides(app, "a text of last time")
        await pilot.press("f4", *"for later", "enter")
        await shows(app, "sentiment_lstm  for later")
        await pilot.press("f2")
        line = app.screen.query_one(Input)
        line.value = "pos_gru"
        await pilot.press("enter")
        await shows(app, "there is one of this name already")
        line.value = "x" * 300
        await pilot.press("enter")
        await shows(app, "at most 255 bytes")
        line.value = "mood"
        await pilot.press("enter")
        await shows(app, "mood  for later")
        await pilot.press(*"moood", "left", "delete", "d")  # a letter
        await settled(pilot)
        line = app.screen.query_one("#filter", Input)
        assert line.value == "moood"
        await pilot.press("left", "left", "delete", "end", "delete")
        await shows(app, "No run has these words")
        assert not (runs / "mood").exists()
        await pilot.press("ctrl+z")
        await shows(app, "mood  for later")
        await pilot.press("ctrl+z")
        await settled(pilot)
        assert "The trash is empty." in notes(app)
        await pilot.press("f2")
        assert isinstance(app.screen, AskScreen)
        await pilot.press("escape")
    app = SeqnlpApp(runs, fake({}), remembered=Remembered.read(runs, tmp_path / "tui.json"))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await shows(app, "run ↓")
        await pilot.press("f5")
        await shows(app, "scores")
        await pilot.resize_terminal(40, 24)
        await shows(app, "scores")


def test_nothing_is_written_by_looking(runs: Path) -> None:
    before = contents(runs)
    for run in RunFolder(runs).read():
        preview_lines(Preview.read(run), 60)
    RunTrash(runs).purge()
    assert contents(runs) == before


@pytest.mark.anyio
async def test_two_enters_answer_a_question_once(runs: Path, fake: Any, settled: Any, burst: Any, notes: Any) -> None:
    """The second one, typed before the question is gone, finds the new name taken."""
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f2", *"other")
        burst(app, "enter", "enter")
        await settled(pilot)
        assert isinstance(app.screen, HomeScreen)
        assert (runs / "other").is_dir()
        assert not (runs / "char_lstm").exists()
        assert not [note for note in notes(app) if "other" in note and "already" in note]


@pytest.mark.anyio
async def test_the_picture_of_a_preview(
    runs: Path, fake: Any, golden: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a date in this year is drawn without the year
    monkeypatch.setattr("seqnlp.tui.widgets.run_list.when", lambda created, now: "3 Nov 2025")
    frozen = Path(__file__).parents[1] / "data" / "run_v2" / "tag"
    shutil.copytree(frozen, runs / "frozen")
    failed = runs / ".trainings"
    failed.mkdir()
    record = {"recipe": "r.toml", "settings": [], "pid": 2**22 + 1, "started": 1.7e9}
    (failed / "broken_one.json").write_text(json.dumps(record))
    (failed / "broken_one.log").write_text("reading\nerror: corpora/x.conllu: no such file\n")
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(120, 35)) as pilot:
        await settled(pilot)
        await pilot.press(*"frozen")
        await settled(pilot)
        await golden(app, "home-preview")
        heading = app.screen.query_one(Columns)
        for width, columns in ((118, "run task score begun"), (200, "run task score size begun")):
            await pilot.resize_terminal(width, 35)
            await settled(pilot)
            assert str(heading.render()).split() == columns.split()
        await pilot.resize_terminal(120, 35)
        await settled(pilot)
        await pilot.press("escape", *"broken")
        await settled(pilot)
        await golden(app, "home-failed")


@pytest.mark.anyio
async def test_what_is_marked_is_deleted_copied_and_brought_back_together(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any, notes: Any
) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        screen, table = app.screen, app.screen.query_one(RunList)
        assert isinstance(screen, HomeScreen)
        listed = [run.name for run in table.shown]
        await pilot.press("tab", "down", "tab", "down", "tab")
        await shows(app, "3 marked")
        await pilot.press("c")  # of three none can be compared
        await settled(pilot)
        assert "Two runs are compared: 3 are marked. Tab marks and unmarks one." in notes(app)
        assert screen.content_to_copy().splitlines() == [str(runs / name) for name in listed[:3]]
        assert len(screen.export_formats()[".csv"]().splitlines()) == 1 + 3
        await pilot.press("delete")
        await hides(app, "marked")
        assert [run.name for run in table.shown] == listed[3:]
        assert "3 runs are in the trash; undo brings them back." in notes(app)
        await pilot.press("ctrl+z")
        await shows(app, "4 runs")
        await settled(pilot)
        assert [run.name for run in table.shown] == listed
        assert "3 runs are back." in notes(app)
        await pilot.press(*"tagger", "shift+tab")
        await shows(app, "1 marked · 1 of")
        await pilot.press("shift+tab")
        await hides(app, "marked")
