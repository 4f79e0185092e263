"""Home: the list of runs."""

import gc
import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.widgets import Input, Markdown

from seqnlp.run import Run
from seqnlp.run.sets import RunSet
from seqnlp.service.client import ServiceState
from seqnlp.tui import listing
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import RunFolder, run_at
from seqnlp.tui.palette import Palette
from seqnlp.tui.screens import home
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.screens.help import HelpScreen
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.screens.run import RunScreen
from seqnlp.tui.screens.watch import WatchScreen
from seqnlp.tui.widgets.key_hints import KeyHints
from seqnlp.tui.widgets.run_list import RunList
from tests.tui.conftest import counted_looks

pytestmark = pytest.mark.anyio


async def test_the_picture(runs: Path, fake: Any, golden: Any, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await golden(app, "home")


async def test_newest_first_and_broken_ones_with_their_reason(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        names = [run.name for run in app.screen.query_one(RunList).shown]
        assert names == ["char_lstm", "pos_gru", "sentiment_lstm", "interrupted_copy"]
        await shows(app, "half-written: meta.json is missing")
        await shows(app, "bits_per_char 2.0322")


async def test_runs_of_several_seeds_and_notes(runs: Path, fake: Any, shows: Any, settled: Any, tmp_path: Path) -> None:
    shutil.copytree(runs / "pos_gru", tmp_path / "pos_seeds/seed_1")
    shutil.copytree(runs / "char_lstm", tmp_path / "char_lstm")
    RunSet(tmp_path / "pos_seeds").begin("pos", [1, 2])
    Run(tmp_path / "char_lstm").save_note("for the poster")
    app = SeqnlpApp(tmp_path, fake({}))
    async with app.run_test(size=(180, 24)) as pilot:
        await settled(pilot)
        names = [run.name for run in app.screen.query_one(RunList).shown]
        assert sorted(names) == ["char_lstm", "pos_seeds/seed_1"]
        await shows(app, "char_lstm  for the poster")
        await pilot.press(*"poster")
        assert [run.name for run in app.screen.query_one(RunList).shown] == ["char_lstm"]
        await pilot.press("escape", *"seed_1")
        chosen = app.screen.query_one(RunList).chosen
        assert chosen is not None
        assert chosen.path == str(tmp_path / "pos_seeds/seed_1")


async def test_typing_filters_and_escape_shows_all(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*"tagger")
        assert [run.name for run in app.screen.query_one(RunList).shown] == ["pos_gru"]
        await shows(app, "1 of 4")
        await pilot.press(*"xyz")
        await shows(app, "No run has these words")
        await pilot.press("escape")
        assert len(app.screen.query_one(RunList).shown) == 4


async def test_an_exact_name_is_opened_and_not_a_newer_one_that_has_it_inside(
    runs: Path, fake: Any, shows: Any, settled: Any, new_run: Any, burst: Any
) -> None:
    new_run("word_lstm", "lm", "bits_per_char", 2.0, "2025-11-05T00:00:00+00:00", 1000)
    new_run("lstm", "lm", "bits_per_char", 2.0, "2025-11-01T00:00:00+00:00", 1000)
    app = SeqnlpApp(runs, fake({"load": lambda _: [{"task": "lm"}]}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        burst(app, *"lstm", "enter")
        await shows(app, "how shall it begin?")
        assert isinstance(app.screen, RunScreen)
        assert app.screen.heading == "lstm"


async def test_the_filter_has_done_its_work_when_a_run_is_left(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any
) -> None:
    app = SeqnlpApp(runs, fake({"load": lambda _: [{"task": "tag"}]}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*"tagger")
        await shows(app, "1 of 4")
        await pilot.press("enter")
        await shows(app, "a sentence to tag")
        await pilot.press("escape")
        await shows(app, "4 runs")
        await hides(app, "❯ tagger")
        chosen = app.screen.query_one(RunList).chosen
        assert chosen is not None
        assert chosen.name == "pos_gru"  # the one that was left


async def test_a_state_is_whole_however_long_the_name(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    run = runs / "a_name_that_is_very_long_indeed"
    run.mkdir()
    (run / "meta.json").write_text(json.dumps({"format": 2, "created": "2025-12-01T00:00:00+00:00"}))
    (run / "recipe.toml").write_text('task = "lm"\n')
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await shows(app, "… (unfinished)")
        await pilot.resize_terminal(210, 24)
        await shows(app, "a_name_that_is_very_long_indeed (unfinished)")


async def test_arrows_choose_and_enter_opens(runs: Path, fake: Any, settled: Any, notes: Any) -> None:
    app = SeqnlpApp(runs, fake({"load": lambda _: [{"task": "tag"}]}))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("down", "down", "down", "down", "enter")
        assert isinstance(app.screen, HomeScreen)  # the last one is broken
        assert any("half-written" in note for note in notes(app))
        await pilot.press("up", "up", "enter")
        await settled(pilot)
        assert isinstance(app.screen, RunScreen)
        assert app.screen.heading == "pos_gru"
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_a_click_chooses_and_two_open(runs: Path, fake: Any, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.click(RunList, offset=(5, 1))
        chosen = app.screen.query_one(RunList).chosen
        assert chosen is not None
        assert chosen.name == "pos_gru"


async def test_the_chosen_run_stays_in_sight_on_a_smaller_terminal(
    runs: Path, fake: Any, shows: Any, new_run: Any, settled: Any
) -> None:
    for number in range(12):
        new_run(f"run_{number:02}", "lm", "bits_per_char", 2.0, f"2024-01-{number + 1:02}T00:00:00+00:00", 1000)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 30)) as pilot:
        await settled(pilot)
        await pilot.press(*["down"] * 12)
        chosen = app.screen.query_one(RunList).chosen
        assert chosen is not None
        await shows(app, chosen.name)
        await pilot.resize_terminal(80, 12)
        await shows(app, chosen.name)


async def test_no_runs_teaches_how_to_train_one(
    tmp_path: Path, fake: Any, shows: Any, golden: Any, settled: Any
) -> None:
    app = SeqnlpApp(Path("no/runs"), fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await shows(app, "seqnlp train char_lstm")
        await shows(app, "ctrl+n chooses a recipe")
        await golden(app, "home-empty")


async def test_an_unfinished_run_without_a_model_says_so(runs: Path, fake: Any, settled: Any, notes: Any) -> None:
    (runs / "begun").mkdir()
    (runs / "begun/meta.json").write_text(json.dumps({"format": 2, "created": "2025-12-01T00:00:00+00:00"}))
    (runs / "begun/recipe.toml").write_text('task = "lm"\n')
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("enter")
        assert any("no model yet" in note for note in notes(app))
        await settled(pilot)
        assert isinstance(app.screen, WatchScreen)


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help(runs: Path, fake: Any, text_of: Any, shows: Any, key: str, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        await pilot.press(key)
        assert isinstance(app.screen, HelpScreen)
        await shows(app, "the newest first")
        order = [text_of(app).index(what) for what in (" up ", " open ", " mark ", " curves ", " help ", " quit ")]
        assert order == sorted(order)  # the screen's keys, then those of the application
        assert not {"Delete", "Scroll"} & set(text_of(app).split())  # how one edits a line is known
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_themes_palette_and_quit(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+t")
        assert app.theme == "paper"
        await pilot.press("ctrl+t")
        assert app.theme == "night"
        await pilot.press("ctrl+p")
        await pilot.pause(0.1)
        await shows(app, "Dark or light")
        await pilot.press("escape", "ctrl+q")
    assert app.return_code == 0


async def test_an_empty_palette_has_no_pages(runs: Path, fake: Any, shows: Any, hides: Any, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p")
        await shows(app, "The key f4")  # each key of the screen is there, too
        await pilot.press(*"zzqq")
        await hides(app, "The key f4")
        await pilot.press("pagedown", "pageup", "down", "escape")
        assert isinstance(app.screen, HomeScreen)


@pytest.mark.parametrize("action", ["command_palette", "change_theme"])
@pytest.mark.parametrize("enters", [2, 5])
async def test_a_palette_closes_once(
    action: str, enters: int, runs: Path, fake: Any, shows: Any, settled: Any, burst: Any, monkeypatch: Any
) -> None:
    themes: list[str] = []
    monkeypatch.setattr(SeqnlpApp, "action_other_theme", lambda app: themes.append("other"))
    monkeypatch.setattr(SeqnlpApp, "watch_theme", lambda app, theme: themes.append(theme))
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        themes.clear()
        await app.action_help()  # where a further enter does nothing
        await app.run_action(action)
        await pilot.press(*("dark or l" if action == "command_palette" else "paper"))
        await pilot.press("down")
        burst(app, *["enter"] * enters)
        await settled(pilot)
        assert isinstance(app.screen, HelpScreen)
        assert themes == ["other" if action == "command_palette" else "paper"]


async def test_a_search_behind_a_closed_palette_leaves_nothing(
    runs: Path, fake: Any, shows: Any, settled: Any, recwarn: pytest.WarningsRecorder
) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p")
        await shows(app, "Dark or light")
        palette = app.screen
        assert isinstance(palette, Palette)
        await pilot.press("escape")
        await settled(pilot)
        palette._gather_commands("x").cancel()
        await settled(pilot)
    gc.collect()
    assert [str(each.message) for each in recwarn if "never awaited" in str(each.message)] == []


@pytest.mark.parametrize("task", ["translate", "lm", "forecast", "transcribe", "tag"])
async def test_keys_before_the_widgets_are_there(task: str, runs: Path, fake: Any, new_run: Any, settled: Any) -> None:
    new_run("mine", task, "accuracy", 0.5, "2025-12-01T00:00:00+00:00", 1000)
    app = SeqnlpApp(runs, fake({"load": lambda _: [{}]}))
    async with app.run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        screen = RunScreen(run_at(runs / "mine"), app.service)
        app.push_screen(screen)
        assert not screen.is_composed
        for node in (screen, screen.panel):
            for binding in (each for found in node._bindings.key_to_bindings.values() for each in found):
                assert await app.run_action(binding.action, node)
        await pilot.press("escape")
        await settled(pilot)


async def test_without_colour(runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch, settled: Any) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test() as pilot:
        await settled(pilot)
        picture = app.export_screenshot(simplify=True)
        assert "char_lstm" in picture
        assert app.theme == "plain"


async def test_leaving_before_the_folder_is_read(runs: Path, fake: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test():
        app.exit()
    assert app.return_code == 0


@pytest.mark.parametrize("width", [20, 40, 80])
async def test_hints_are_whole(runs: Path, fake: Any, text_of: Any, shows: Any, width: int, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(width, 12)) as pilot:
        await settled(pilot)
        await shows(app, "? help")
        line = text_of(app).splitlines()[-1]
        assert line.endswith((" help", " quit", " commands"))
        assert "? help" in line
        await pilot.resize_terminal(120, 12)
        await shows(app, "^p commands")


async def test_a_run_that_is_opened_at_once(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    service = fake({"load": lambda _: [{"task": "lm"}]})
    app = SeqnlpApp(runs, service, run_at(runs / "char_lstm"))
    async with app.run_test() as pilot:
        await settled(pilot)
        await shows(app, "how shall it begin?")
        assert service.state is ServiceState.READY  # the worker was begun
        await pilot.press("escape")
        await settled(pilot)
        await shows(app, "pos_gru")


@pytest.mark.parametrize("hasty", [False, True], ids=["after the list", "before the list"])
async def test_a_burst_of_keys_opens_what_it_names(
    runs: Path, fake: Any, shows: Any, settled: Any, burst: Any, monkeypatch: pytest.MonkeyPatch, hasty: bool
) -> None:
    may_read = threading.Event()
    look_into = RunFolder.read
    monkeypatch.setattr(RunFolder, "read", lambda *given: (may_read.wait(), look_into(*given))[1])
    app = SeqnlpApp(runs, fake({"load": lambda _: [{"task": "tag"}]}))
    async with app.run_test(size=(80, 24)) as pilot:
        if not hasty:
            may_read.set()
            await settled(pilot)
        burst(app, *"tagger", "ctrl+j" if hasty else "enter", "enter")
        if hasty:
            await shows(app, "❯ tagger")
            may_read.set()
        await shows(app, "a sentence to tag")
        await settled(pilot)
        assert [screen.heading for screen in app.screen_stack[1:] if isinstance(screen, BaseScreen)] == [
            "runs",
            "pos_gru",
        ]


async def test_hints_only_for_keys_that_do_something(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any
) -> None:
    app = SeqnlpApp(runs, fake({"load": lambda _: [{"task": "tag"}]}))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, "⏎ open  tab mark")
        await pilot.press(*"zzzz")
        await hides(app, "⏎ open")
        await hides(app, "tab mark")
        await hides(app, "^g curves")
        await pilot.press("enter", "tab", "ctrl+g")
        await settled(pilot)
        assert isinstance(app.screen, HomeScreen)
        await pilot.press("escape", "end", *"copy")
        await hides(app, "^g curves")  # a broken run has none
        await shows(app, "tab mark")
        await pilot.press("escape", *"tagger")
        await shows(app, "^g curves")
        await pilot.click(KeyHints, offset=(2, 0))
        await shows(app, "a sentence to tag")


async def test_a_score_on_dev_says_so(runs: Path, fake: Any, shows: Any, text_of: Any, new_run: Any) -> None:
    for name, metric in {"no_test": "accuracy", "no_test_lm": "bits_per_char"}.items():
        run = new_run(name, "lm", metric, 0.5, "2025-11-04T00:00:00+00:00", 1000)
        (run / "scores.json").write_text(json.dumps({"dev": {metric: 0.5}}))
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, "dev accuracy 0.5000")
        assert "  bits_per_char 0.5000" in text_of(app)  # there is no room
        assert "dev accuracy 0.9312" not in text_of(app)
        await pilot.resize_terminal(100, 24)
        await shows(app, "dev bits_per_char 0.5000")


async def test_what_comes_changes_and_goes_elsewhere_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake: Any, shows: Any, hides: Any, settled: Any, new_run: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(home, "PERIOD", 0.05)
    app = SeqnlpApp(Path("runs"), fake({}))
    async with app.run_test(size=(100, 24)) as pilot:
        await shows(app, "Nothing is trained yet")
        first = new_run("first", "tag", "accuracy", 0.5, "2025-11-01T00:00:00+00:00", 1000)
        await shows(app, "accuracy 0.5000")
        await hides(app, "Nothing is trained yet")
        runs = app.screen.query_one(RunList)
        for number in (2, 3):
            new_run(f"later_{number}", "tag", "accuracy", 0.25, f"2025-11-0{number}T00:00:00+00:00", 1000)
        await shows(app, "later_3")
        assert [run.name for run in runs.shown] == ["later_3", "later_2", "first"]
        assert runs.chosen is not None
        assert runs.chosen.name == "first"  # the cursor is where it was
        await pilot.press("tab")
        assert runs.marked == [str(first)]
        (first / "scores.json").write_text(json.dumps({"test": {"accuracy": 0.75}}))
        await shows(app, "accuracy 0.7500")
        (first / "scores.json").write_text("{")
        await shows(app, "✕ scores.json")
        assert runs.chosen.name == "first"
        shutil.rmtree(first)
        await hides(app, "first")
        assert (runs.marked, runs.index) == ([], 1)
        shutil.rmtree("runs")
        await shows(app, "Nothing is trained yet")


async def test_nothing_is_drawn_or_read_again_while_nothing_changes(
    runs: Path, fake: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "PERIOD", 0.02)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        summarized, offered = list[Path](), list[object]()
        monkeypatch.setattr(listing, "run_at", lambda path: summarized.append(path))
        monkeypatch.setattr(RunList, "offer", lambda self, items: offered.append(items))
        looks = counted_looks(monkeypatch)
        while len(looks) < 5:
            await pilot.pause(0.02)
        assert (summarized, offered) == ([], [])


async def test_a_folder_that_cannot_be_read_says_so_once(
    runs: Path, fake: Any, shows: Any, notes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "PERIOD", 0.02)
    looks = list[object]()

    def refuse(*given: object) -> None:
        looks.append(given)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(RunFolder, "read", refuse)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(100, 24)) as pilot:
        while len(looks) < 4:
            await pilot.pause(0.02)
        assert notes(app) == ["runs: Permission denied"]


async def test_what_is_pasted_without_a_focus_goes_into_the_line(runs: Path, fake: Any, shows: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test() as pilot:
        await pilot.pause()
        app.screen.set_focus(None)
        app.post_message(events.Paste("pos"))
        await shows(app, "1 of 4")


async def test_help_shows_pages(runs: Path, fake: Any, text_of: Any, shows: Any, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 40)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark", "slash")
        await shows(app, "Your own data: running text (lm)")
        assert "the newest first" not in text_of(app)
        await pilot.press(*"encoder.lstm.size", "enter")
        await shows(app, "Units of each direction of each layer.")
        app.screen.query_one(Input).value = "encoder.lsmt"
        await pilot.press("enter")
        await shows(app, "did you mean 'encoder.lstm'?")
        page = app.screen.query_one(Markdown)
        page.post_message(Markdown.LinkClicked(page, "keys/training.md#trainingepochs"))
        await shows(app, "Passes over the training data, at most.")
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_the_cursor_stays_in_sight_when_the_filter_goes(
    runs: Path, fake: Any, shows: Any, text_of: Any, new_run: Any
) -> None:
    for number in range(30):
        new_run(f"run_{number:02}", "tag", "accuracy", 0.5, f"2025-10-{number + 1:02}T00:00:00+00:00", 1000)
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, "34 runs")
        await pilot.press(*"run_03")
        await shows(app, "1 of 34")
        await pilot.press("escape")
        await shows(app, "34 runs")
        await shows(app, "▌ run_03")
        assert "run_29" not in text_of(app)
