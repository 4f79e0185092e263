"""Beam settings of the translate panel: answers follow them, and they begin where the recipe put them."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.translate import BEAM_SETTINGS, adjusted, beam_settings
from seqnlp.tui.widgets.settings_panel import SettingsPanel, defaults

pytestmark = pytest.mark.anyio

RECIPE = 'task = "translate"\n[search]\nbeam = 3\nlength_penalty = "average"\nalpha = 1\n'


def translations(settings: Mapping[str, Any]) -> list[Any]:
    """As many as are asked for; each tells what it was asked with."""
    text = f"{settings['length_penalty']} {settings['alpha']} {settings['beam']}"
    found = [
        {"text": f"{text} {number}", "score": -1.0 - number, "logprob": -2.0, "tokens": [text], "source_tokens": ["a"]}
        for number in range(settings["best"])
    ]
    return [{**found[0], "alternatives": found[1:]}]


def opened(fake: Any, runs: Path, recipe: str = 'task = "translate"\n') -> SeqnlpApp:
    (runs / "char_lstm" / "recipe.toml").write_text(recipe)
    replies = {"load": lambda settings: [{"task": "translate"}], "translate": translations}
    return SeqnlpApp(runs, fake(replies), run_at(runs / "char_lstm"))


def asked(app: SeqnlpApp) -> list[dict[str, Any]]:
    """What was asked of the search, each time."""
    names = [setting.name for setting in BEAM_SETTINGS]
    questions = [settings for do, settings in app.service.asked if do == "translate"]  # type: ignore[attr-defined]
    return [{name: settings[name] for name in names} for settings in questions]


async def test_answers_follow_the_settings(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", "f3")
        screen = await settled(pilot)
        assert isinstance(app.focused, SettingsPanel)
        await pilot.press("right")
        await settled(pilot)
        assert asked(app)[-1] == {"beam": 6, "best": 5, "length_penalty": "gnmt", "alpha": 0.6}
        await shows(app, "gnmt 0.6 6 4")
        await pilot.press("down", "down", "right", "down", "right")
        await settled(pilot)
        assert asked(app)[-1] == {"beam": 6, "best": 5, "length_penalty": "average", "alpha": 0.7}
        await shows(app, "average 0.7 6 0")
        await pilot.press("delete", "up", "left", "left", "left")
        await settled(pilot)
        assert asked(app)[-1] == {"beam": 6, "best": 5, "length_penalty": "none", "alpha": 0.6}
        await pilot.press("1", "escape")  # digits are no word, and escape leads back to the line
        assert (screen.search["length_penalty"], app.focused) == ("none", screen.query_one("#text"))


async def test_many_quick_turns_ask_once(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", "f3")
        await settled(pilot)
        before = len(asked(app))
        for _ in range(50):
            app.simulate_key("right")
        await settled(pilot)
        assert len(asked(app)) == before + 1
        assert asked(app)[-1]["beam"] == 100


async def test_the_beam_is_as_wide_as_translations_are_shown(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", "f3", "left", "left")
        screen = await settled(pilot)
        assert (asked(app)[-1]["beam"], asked(app)[-1]["best"]) == (3, 3)
        assert screen.answer.size.height == 3
        await pilot.press("down", *"12", "enter")
        await settled(pilot)
        assert (asked(app)[-1]["beam"], asked(app)[-1]["best"]) == (12, 12)
        assert len(screen.translations) == 12
        assert 3 < screen.answer.size.height < 12  # the others are scrolled to
        await pilot.press(*"9999", "enter")
        await settled(pilot)
        assert asked(app)[-1]["beam"] == 100
        await shows(app, "1/100")


async def test_the_mouse_turns(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a")
        screen = await settled(pilot)
        settings = screen.query_one(SettingsPanel)
        assert settings.size.height == 1
        left, right = ((line := str(settings.render())).index("gnmt") - 2, line.index("gnmt") + 4)
        await pilot.click(settings, offset=(right, 0))
        assert screen.search["length_penalty"] == "average"
        await pilot.click(settings, offset=(left, 0))
        await pilot.click(settings, offset=(left, 0))
        await settled(pilot)
        assert asked(app)[-1]["length_penalty"] == "none"
        await pilot.click(settings, offset=(line.index("beam"), 0))
        assert screen.search["beam"] == 5  # its name only chooses it
        await pilot.resize_terminal(40, 24)
        await pilot.pause()
        assert settings.size.height == 2
        await pilot.click(settings, offset=(str(settings.render()).split("\n")[0].rindex("5") + 1, 0))
        await settled(pilot)
        assert asked(app)[-1]["beam"] == 6


async def test_the_settings_begin_where_the_recipe_put_them(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs, RECIPE)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", "f3")
        await settled(pilot)
        recipe = {"beam": 3, "best": 3, "length_penalty": "average", "alpha": 1}
        assert asked(app)[-1] == recipe
        await pilot.press("right", "right", "delete")
        await settled(pilot)
        assert asked(app)[-1] == recipe


@pytest.mark.parametrize("recipe", ["task = ", '[search]\nbeam = "wide"\nalpha = "x"\nlength_penalty = []\n'])
def test_a_damaged_recipe_leaves_the_settings_alone(runs: Path, recipe: str) -> None:
    (runs / "char_lstm" / "recipe.toml").write_text(recipe)
    assert beam_settings(str(runs / "char_lstm")) == BEAM_SETTINGS


def test_no_more_are_shown_than_are_followed() -> None:
    values = defaults(BEAM_SETTINGS)
    assert adjusted({**values, "beam": 2}, "beam")["best"] == 2
    assert adjusted({**values, "best": 8}, "best")["beam"] == 8
    assert adjusted({**values, "alpha": 1.0}, "alpha") == {**values, "alpha": 1.0}


def test_the_settings_are_the_library_s_settings() -> None:
    from seqnlp.tasks.translate.predictor import Translator
    from seqnlp.tasks.translate.search import BeamSearch

    search = BeamSearch().model_dump()
    names = {setting.name for setting in BEAM_SETTINGS} - {"best"}
    assert {name: defaults(BEAM_SETTINGS)[name] for name in names}.items() <= search.items()
    assert set(defaults(BEAM_SETTINGS)) <= set(inspect.signature(Translator.translate).parameters)
    lengths = next(setting for setting in BEAM_SETTINGS if setting.name == "length_penalty")
    for name in lengths.ladder:
        assert BeamSearch.model_validate({"length_penalty": name}).length_penalty == name
