"""Train: choosing a recipe, its faults, and beginning; leaving while something is being trained."""

import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from seqnlp.service.client import ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.screens import home
from seqnlp.tui.screens.confirm import ConfirmScreen
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.screens.train import TrainScreen
from seqnlp.tui.screens.watch import WatchScreen
from seqnlp.tui.trainings import Condition, Trainings
from seqnlp.tui.widgets.key_hints import KeyHints
from seqnlp.tui.widgets.recipes import RecipeList
from tests.tui.conftest import FakeService, counted_looks

pytestmark = pytest.mark.anyio
PLAYED = Path(__file__).parent / "played_training.py"

RECIPE = """\
# A tagger for parts of speech: characters and words, read in both directions.
#   seqnlp train recipes/my_tagger.toml
task = "tag"
seed = 7

[data]
train = "corpora/pos/train.conllu"  # a word a line
dev = "corpora/pos/dev.conllu"

[encoder]
kind = "gru"
hiden = 64
dropout = 1.5
bidirectional = true

[optimizer]
lr = 2e-3

[training]
epochs = 10
batch_tokens = 4000
"""

FAULTS = [
    {
        "key": "encoder.hiden",
        "problem": "unknown key",
        "hint": "did you mean `size`?",
        "place": "recipes/my_tagger.toml:12:1",
        "spot": ["recipes/my_tagger.toml", 12, 1],
    },
    {
        "key": "encoder.dropout",
        "problem": "expected a number below 1, found 1.5",
        "hint": "",
        "place": "recipes/my_tagger.toml:13:11",
        "spot": ["recipes/my_tagger.toml", 13, 11],
    },
    {
        "key": "training.epoch",
        "problem": "unknown key",
        "hint": "did you mean `epochs`?",
        "place": "--set training.epoch=3",
        "spot": None,
    },
]


def right(settings: Any) -> list[Any]:
    return [{"faults": []}]


def wrong(settings: Any) -> list[Any]:
    faults = FAULTS if settings["overrides"] else FAULTS[:2]
    return [{"faults": faults if "my_tagger" in settings["recipe"] else []}]


@pytest.fixture
def project(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Some recipes here, some that ship."""
    shipped = tmp_path / "shipped/recipes"
    for folder in (Path("recipes"), shipped):
        folder.mkdir(parents=True)
    Path("recipes/my_tagger.toml").write_text(RECIPE)
    for name, task in {"char_lstm": "lm", "pos_gru": "tag", "sentiment_lstm": "classify", "word_lstm": "lm"}.items():
        (shipped / f"{name}.toml").write_text(f'# Teaches {name}.\ntask = "{task}"\n\n[training]\nepochs = 3\n')
    monkeypatch.setattr("seqnlp.recipe.shipped.shipped_root", lambda: tmp_path / "shipped")
    return runs


@pytest.fixture
async def app(project: Path, fake: Any) -> AsyncIterator[SeqnlpApp]:
    """With trainings that are played."""
    found = SeqnlpApp(project, fake({"check": right, "load": right}))
    found.trainings = Trainings(project, (sys.executable, str(PLAYED)))
    yield found
    for training in found.trainings.alive():
        os.kill(training.record.pid, signal.SIGKILL)
        while training.alive:
            time.sleep(0.01)


@pytest.fixture
def opened(settled: Any) -> Any:
    """Opens the screen, and finds a recipe there: `screen = await opened(pilot, "pos_gru")`."""

    async def open_it(pilot: Any, recipe: str = "") -> TrainScreen:
        await settled(pilot)
        await pilot.press("ctrl+n")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, TrainScreen)
        if recipe:
            screen.query_one("#filter", Input).value = recipe
            await settled(pilot)
        return screen

    return open_it


@pytest.fixture
def begun(settled: Any, until: Any, opened: Any) -> Any:
    """A training that goes on, watched."""

    async def begin(pilot: Any, settings: str = "steps=100000", recipe: str = "word_lstm") -> WatchScreen:
        screen = await opened(pilot, recipe)
        screen.query_one("#settings", Input).value = settings
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WatchScreen))
        watch = pilot.app.screen
        assert isinstance(watch, WatchScreen)
        return watch

    return begin


async def test_the_picture(project: Path, fake: Any, golden: Any, settled: Any, opened: Any) -> None:
    app = SeqnlpApp(project, fake({"check": wrong}))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("down")
        screen.query_one("#settings", Input).value = "training.epoch=3"
        await settled(pilot)
        await pilot.pause()
        await golden(app, "train")


async def test_the_picture_of_a_question(app: SeqnlpApp, golden: Any, opened: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "char_lstm")
        (app.root / "char_lstm/state").mkdir()
        (app.root / "char_lstm/state/last.safetensors").touch()
        (app.root / "char_lstm/events.jsonl").write_text("")
        await pilot.press("enter")
        await pilot.pause()
        await golden(app, "train-question")


async def test_recipes_of_both_kinds_are_listed_and_filtered(
    app: SeqnlpApp, shows: Any, settled: Any, opened: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot)
        names = [recipe.name for recipe in screen.query_one(RecipeList).shown]
        assert names == ["char_lstm", "my_tagger", "pos_gru", "sentiment_lstm", "word_lstm"]
        await pilot.press(*"tag")
        await settled(pilot)
        assert [recipe.name for recipe in screen.query_one(RecipeList).shown] == ["my_tagger", "pos_gru"]
        await pilot.press("down")
        await settled(pilot)
        await shows(app, "Teaches pos_gru")
        await shows(app, "this recipe is right")
        await pilot.press("ctrl+c")
        assert "epochs = 3" in app.clipboard
        await pilot.press(*"zzz")
        await settled(pilot)
        await shows(app, "No recipe has these words")
        await pilot.press("enter", "escape")
        assert isinstance(app.screen, HomeScreen)


async def test_faults_stand_below_their_lines(
    project: Path, fake: Any, text_of: Any, shows: Any, settled: Any, opened: Any, notes: Any
) -> None:
    app = SeqnlpApp(project, fake({"check": wrong}))
    async with app.run_test(size=(100, 40)) as pilot:
        screen = await opened(pilot, "my_tagger")
        lines = text_of(app).splitlines()
        place = next(number for number, line in enumerate(lines) if "hiden = 64" in line)
        assert "✕ 12" in lines[place]
        assert "unknown key (did you mean `size`?)" in lines[place + 1]
        await shows(app, "2 faults")
        await pilot.press("enter")
        assert isinstance(app.screen, TrainScreen)
        assert any("has faults" in note for note in notes(app))
        screen.query_one("#settings", Input).value = "training.epoch=3"
        await settled(pilot)
        assert isinstance(app.service, FakeService)
        assert app.service.asked[-1][1]["overrides"] == ["training.epoch=3"]
        await shows(app, "--set training.epoch=3: unknown key (did you mean `epochs`?)")
        screen.query_one("#settings", Input).value = "a='b"
        await settled(pilot)
        await shows(app, "a quotation mark has no partner")


async def test_a_short_screen_scrolls_to_the_first_fault(project: Path, fake: Any, shows: Any, opened: Any) -> None:
    app = SeqnlpApp(project, fake({"check": wrong}))
    async with app.run_test(size=(80, 20)) as pilot:
        await opened(pilot, "my_tagger")
        await shows(app, "hiden = 64")
        for _ in range(5):
            await pilot.press("pageup")
        await shows(app, "A tagger for parts")
        for _ in range(5):
            await pilot.press("pagedown")
        await shows(app, "batch_tokens")


async def test_a_check_that_fails_is_told_and_can_be_tried_again(
    project: Path, fake: Any, shows: Any, settled: Any, opened: Any, notes: Any
) -> None:
    app = SeqnlpApp(project, fake({"check": lambda settings: [ServiceError("InternalError", "no luck")]}))
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        assert any("no luck" in note for note in notes(app))
        await shows(app, "not checked")
        await pilot.press("enter")
        assert isinstance(app.screen, TrainScreen)
        assert isinstance(app.service, FakeService)
        app.service.replies["check"] = right
        await pilot.press("ctrl+r")
        await settled(pilot)
        await shows(app, "this recipe is right")


async def test_a_training_is_begun_and_watched(
    app: SeqnlpApp, text_of: Any, shows: Any, settled: Any, until: Any, opened: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "word_lstm")
        await pilot.press("tab", *"steps=4", "tab", *"mine")
        await settled(pilot)
        assert screen.query_one("#name", Input).value == "mine"
        await pilot.press("enter")
        await until(pilot, lambda: "finished" in text_of(app))
        assert isinstance(app.screen, WatchScreen)
        await shows(app, "0.5000")
        await until(pilot, lambda: app.trainings.at("mine").code == 0)  # type: ignore[union-attr]
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(app.screen, HomeScreen)
        await shows(app, "mine")


@pytest.mark.parametrize(("key", "name", "how"), [("o", "char_lstm", "--overwrite"), ("n", "char_lstm-2", "")])
async def test_a_run_that_is_there_is_asked_about(
    app: SeqnlpApp, key: str, name: str, how: str, settled: Any, until: Any, opened: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "char_lstm")
        screen.query_one("#settings", Input).value = "steps=4"
        await settled(pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is screen
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, WatchScreen) and app.screen.follower.status.done)
        assert app.screen.run_name == name


@pytest.mark.parametrize("hasty", [False, True], ids=["after the list", "before the list"])
async def test_enter_before_the_check_counts_once_the_recipe_is_right(
    app: SeqnlpApp, settled: Any, burst: Any, until: Any, shows: Any, hasty: bool
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert isinstance(app.service, FakeService)
        app.service.gate.clear()
        await pilot.press("ctrl+n")
        if not hasty:
            await shows(app, "checking")
        burst(app, *"word_lstm", "enter", "enter")
        await shows(app, "checking; it is trained once it is right")
        assert app.trainings.alive() == []
        app.service.gate.set()
        await until(pilot, lambda: isinstance(app.screen, WatchScreen) and app.screen.follower.status.done)
        assert isinstance(app.screen, WatchScreen)
        assert app.screen.run_name == "word_lstm"
        training = app.trainings.at("word_lstm")
        assert training is not None
        assert Path(training.record.recipe).name == "word_lstm.toml"


async def test_enter_before_the_check_counts_for_what_stood_there_only(
    app: SeqnlpApp, settled: Any, until: Any, shows: Any, opened: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "word_lstm")
        assert isinstance(app.service, FakeService)
        app.service.gate.clear()
        await pilot.press("tab", *"steps=4", "enter")
        await shows(app, "checking; it is trained once it is right")
        await pilot.press("0")
        app.service.gate.set()
        await settled(pilot)
        await shows(app, "this recipe is right")
        assert app.screen is screen
        assert app.trainings.alive() == []


async def test_enter_before_the_check_of_a_wrong_recipe_begins_nothing(
    project: Path, fake: Any, settled: Any, notes: Any, burst: Any, opened: Any
) -> None:
    app = SeqnlpApp(project, fake({"check": wrong}))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "word_lstm")
        screen.query_one("#filter", Input).value = ""
        burst(app, *"my_t", "enter")
        await settled(pilot)
        assert any("has faults" in note for note in notes(app))
        assert app.screen is screen
        assert app.trainings.alive() == []


async def test_the_name_that_begins_so_is_chosen_before_one_that_has_it_inside(
    app: SeqnlpApp, settled: Any, opened: Any
) -> None:
    Path("recipes/ewt_upos.toml").write_text('task = "tag"\n')
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot)
        recipes = screen.query_one(RecipeList)
        await pilot.press(*"pos")
        await settled(pilot)
        assert [recipe.name for recipe in recipes.shown] == ["pos_gru", "ewt_upos"]
        assert recipes.chosen == recipes.shown[0]


async def test_without_a_recipe_there_is_no_hint_to_train(
    app: SeqnlpApp, shows: Any, hides: Any, settled: Any, opened: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await shows(app, "⏎ train")
        await pilot.press(*"zzzz")
        await hides(app, "⏎ train")
        await pilot.press(*["backspace"] * 4)
        await settled(pilot)
        await shows(app, "⏎ train")
        await pilot.click(KeyHints, offset=(2, 0))
        await shows(app, "There is a run already")


async def test_a_training_that_failed_at_once_has_a_line_and_its_message(
    app: SeqnlpApp, settled: Any, until: Any, shows: Any, hides: Any, begun: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await begun(pilot, "fail=1")
        await shows(app, "✕ failed")
        await pilot.press("escape")
        await shows(app, "✕ failed: the data are gone")
        await pilot.press(*"word", "enter")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        await shows(app, "error: the data are gone")
        await pilot.press("escape")
        await settled(pilot)


async def test_another_application_sees_why_it_failed_and_can_forget_it(
    app: SeqnlpApp, fake: Any, project: Path, settled: Any, until: Any, shows: Any, hides: Any
) -> None:
    training = app.trainings.start("recipes/my_tagger.toml", ["fail=1"], "gone")
    while training.alive:
        time.sleep(0.01)
    other = SeqnlpApp(project, fake({"check": right, "load": right}))
    async with other.run_test(size=(100, 30)) as pilot:
        await shows(other, "✕ failed: the data are gone")
        await pilot.press(*"gone")
        await settled(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(other.screen, WatchScreen))
        await shows(other, "error: the data are gone")
        await pilot.press("escape", *"gone")
        await settled(pilot)
        await pilot.press("delete")
        await shows(other, "It failed: the data are gone")
        await pilot.press("f")
        await hides(other, "the data are gone")
        await pilot.press("escape", *"char", "delete")  # a run is not deleted here
        await settled(pilot)
        assert isinstance(other.screen, HomeScreen)


async def test_bad_names_are_refused(app: SeqnlpApp, settled: Any, opened: Any, notes: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "char_lstm")
        screen.query_one("#name", Input).value = "../elsewhere"
        await pilot.press("enter")
        await settled(pilot)
        assert any("name of a folder" in note for note in notes(app))
        assert app.trainings.alive() == []


async def test_what_is_being_trained_is_shown_rather_than_begun_twice(
    app: SeqnlpApp, until: Any, begun: Any, opened: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        first = await begun(pilot)
        await pilot.press("escape")
        await opened(pilot, "word_lstm")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        assert app.screen is not first
        assert len(app.trainings.alive()) == 1


async def test_home_shows_what_is_being_trained(
    app: SeqnlpApp, shows: Any, settled: Any, until: Any, begun: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        watch = await begun(pilot)
        await until(pilot, lambda: watch.follower.status.latest)
        await pilot.press("space", "escape")
        await settled(pilot)
        await shows(app, "word_lstm (paused)")
        await pilot.press("pageup", "enter")
        await pilot.pause()
        assert isinstance(app.screen, WatchScreen)
        await pilot.press("space", "escape", "ctrl+r")
        await settled(pilot)
        await shows(app, "word_lstm (training)")


async def test_home_sees_that_a_training_has_ended(
    app: SeqnlpApp, shows: Any, settled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "PERIOD", 0.05)
    training = app.trainings.start("recipe.toml", ["steps=100000"], "mine")
    async with app.run_test(size=(100, 30)) as pilot:
        await shows(app, "mine (training)")
        await pilot.press("question_mark")
        await settled(pilot)
        looks = counted_looks(monkeypatch)
        await pilot.pause(0.3)
        assert looks == []  # nobody sees the list
        await pilot.press("escape")
        training.stop()
        await shows(app, "mine (unfinished)")


async def test_nothing_is_asked_where_nothing_is_trained(app: SeqnlpApp, settled: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+q")
    assert app.return_code == 0


async def test_closing_asks_and_escape_stays(app: SeqnlpApp, shows: Any, begun: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        watch = await begun(pilot)
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen)
        await shows(app, "word_lstm is being trained")
        await pilot.press("ctrl+q")  # asked once is enough
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is watch
        assert app.trainings.own()[0].alive


async def test_closing_can_stop_with_a_checkpoint(app: SeqnlpApp, until: Any, begun: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        watch = await begun(pilot)
        await until(pilot, lambda: watch.follower.status.latest)
        training = app.trainings.own()[0]
        await pilot.press("ctrl+q")
        await pilot.pause()
        await pilot.press("s")
        end = time.monotonic() + 20
        while app.is_running and time.monotonic() < end:
            await pilot.pause(0.02)
    assert training.code == 130
    assert "go on with" in training.last_words()[-1]


async def test_closing_can_leave_it_running_and_another_application_watches_it(
    app: SeqnlpApp, fake: Any, shows: Any, settled: Any, until: Any, begun: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        watch = await begun(pilot)
        await until(pilot, lambda: watch.follower.status.latest)
        training = app.trainings.own()[0]
        await pilot.press("space", "ctrl+q")
        await pilot.pause()
        await shows(app, "what is paused goes on")
        await pilot.press("l")
    assert training.alive
    assert training.condition is Condition.RUNNING
    again = SeqnlpApp(app.root, fake({}))
    async with again.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await shows(again, "word_lstm (training)")
        await pilot.press("enter")
        await pilot.pause()
        screen = again.screen
        assert isinstance(screen, WatchScreen)
        await until(pilot, lambda: screen.follower.status.latest)
        await pilot.press("s")
        await until(pilot, lambda: not training.alive)
        await screen.look()
        await shows(again, "stopped")
        assert not again.trainings.own()  # so leaving asks nothing
        await pilot.press("ctrl+q")
    assert again.return_code == 0


async def test_without_colour(
    project: Path, fake: Any, shows: Any, monkeypatch: pytest.MonkeyPatch, opened: Any
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = SeqnlpApp(project, fake({"check": wrong}))
    async with app.run_test(size=(100, 40)) as pilot:
        await opened(pilot, "my_tagger")
        await shows(app, "✕ 12")
        await shows(app, "╰─ unknown key")


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_help(app: SeqnlpApp, shows: Any, key: str, opened: Any) -> None:
    async with app.run_test(size=(100, 40)) as pilot:
        await opened(pilot)
        await pilot.press(key)
        await shows(app, "check again")


async def test_the_palette_leads_here(app: SeqnlpApp, settled: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert {"Train", "Curves", "Compare"} <= set(titles)
        app.action_train()
        await settled(pilot)
        assert isinstance(app.screen, TrainScreen)
        app.action_train()
        await settled(pilot)
        assert len([screen for screen in app.screen_stack if isinstance(screen, TrainScreen)]) == 1


async def test_the_mouse_chooses(app: SeqnlpApp, opened: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot)
        await pilot.click(RecipeList, offset=(4, 3))
        assert screen.query_one(RecipeList).chosen.name == "sentiment_lstm"
