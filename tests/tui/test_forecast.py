"""The forecast screen, from a service that draws waves."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from seqnlp.service.client import ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.screens.home import HomeScreen

pytestmark = pytest.mark.anyio

TRAINED = 24
NAMES = ["oil", "load east", "load west", "wind"]


def waves(settings: Mapping[str, Any]) -> list[Any]:
    """Days of a series each, the interval as wide as far."""
    steps = settings["horizon"] or TRAINED
    level = settings["level"] or 80.0
    before = round(settings["before"] * steps)

    def wave(name: int, step: int) -> float:
        return 20 + 5 * name + (6 + name) * math.sin(step * math.pi / 12) + math.sin(step * 1.7 + name)

    forecasts, history = [], {}
    for number, name in enumerate(NAMES):
        values = [wave(number, step) for step in range(steps)]
        width = [level / 80 * (1 + 0.15 * step) for step in range(steps)]
        forecasts.append(
            {
                "name": name,
                "times": [f"2024-03-{1 + step // 24:02}T{step % 24:02}:00:00" for step in range(steps)],
                "values": values,
                "low": [value - wide for value, wide in zip(values, width, strict=True)],
                "high": [value + wide for value, wide in zip(values, width, strict=True)],
                "level": level,
            }
        )
        history[name] = [wave(number, step) for step in range(-before, 0)]
    return [{"trained": TRAINED, "left_out": [], "forecasts": forecasts, "history": history}]


def points(settings: Mapping[str, Any]) -> list[Any]:
    """One series, without an interval."""
    found = waves(settings)[0]
    first = {name: found["forecasts"][0][name] for name in ("name", "times", "values")}
    return [{**found, "forecasts": [first]}]


def opened(fake: Any, runs: Path, reply: Any = waves) -> SeqnlpApp:
    recipe = runs / "sentiment_lstm" / "recipe.toml"
    recipe.write_text('task = "forecast"\n[data]\ntest = "load.csv[85%:]"\n')
    return SeqnlpApp(
        runs,
        fake({"load": lambda settings: [{"task": "forecast"}], "forecast": reply}),
        run_at(runs / "sentiment_lstm"),
    )


async def test_the_picture(runs: Path, fake: Any, golden: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("down")
        await settled(pilot)
        await golden(app, "forecast")


def asked(app: SeqnlpApp) -> dict[str, Any]:
    found: dict[str, Any] = [settings for do, settings in app.service.asked if do == "forecast"][-1]  # type: ignore[attr-defined]
    return found


async def test_the_test_file_of_the_run_is_forecast_at_once(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        assert asked(app) == {"file": "load.csv[85%:]", "horizon": None, "level": None, "before": 2.0}
        assert app.focused is screen.answer
        await shows(app, "24 steps")
        await shows(app, "48 steps before")
        await shows(app, "2024-03-01 23:00")


async def test_the_horizon_goes_with_the_arrows(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("left", "left", "left")
        await settled(pilot)
        assert asked(app)["horizon"] == 21
        await shows(app, "21 steps")
        await pilot.press("pagedown", "pagedown", "pagedown", "pagedown")
        await settled(pilot)
        assert asked(app)["horizon"] == 1
        await pilot.press("home")
        await settled(pilot)
        assert asked(app)["horizon"] is None
        await pilot.press("pageup", "right")
        await settled(pilot)
        assert asked(app)["horizon"] == 31
        await shows(app, "past the 24 steps it was trained for")


async def test_many_steps_at_once_ask_once(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        before = len(service.asked)
        for _ in range(50):
            screen.action_reach(1)
        await settled(pilot)
        assert asked(app)["horizon"] == 74
        assert len(service.asked) == before + 1


async def test_another_series_needs_no_question(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        before = len(service.asked)
        await pilot.press("down", "down")
        await shows(app, "▸ load west")
        await shows(app, "3/4")
        await pilot.press("up", "up", "up")
        assert screen.index == 0
        await pilot.click("#series", offset=(4, 3))
        await pilot.pause()
        await shows(app, "▸ wind")
        assert len(service.asked) == before


async def test_the_interval_can_be_hidden_and_has_levels(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await shows(app, "80 % interval")
        await pilot.press("i")
        await hides(app, "80 % interval")
        await shows(app, "interval hidden")
        await pilot.press("l")
        await settled(pilot)
        assert asked(app)["level"] == 50
        await shows(app, "50 % interval")
        await pilot.press("l", "l", "l")
        await settled(pilot)
        assert asked(app)["level"] is None


async def test_points_have_no_interval(runs: Path, fake: Any, text_of: Any, settled: Any, notes: Any) -> None:
    app = opened(fake, runs, points)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        assert "interval" not in text_of(app).splitlines()[5]
        assert not screen.has_class("-several")
        await pilot.press("l")
        assert any("without intervals" in note for note in notes(app))
        await pilot.press("i")
        await settled(pilot)
        assert asked(app)["level"] is None


async def test_more_and_less_of_the_past(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("plus")
        await settled(pilot)
        await shows(app, "96 steps before")
        await pilot.press(*["minus"] * 9)
        await settled(pilot)
        await shows(app, "12 steps before")


async def test_another_file_is_opened_with_enter(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        before = len(service.asked)
        await pilot.press("o")
        line = screen.query_one("#text", Input)
        assert line.has_focus
        line.value = "other.csv"
        await settled(pilot)
        assert len(service.asked) == before  # not before enter
        await pilot.press("enter")
        await settled(pilot)
        assert asked(app)["file"] == "other.csv"
        assert app.focused is screen.answer
        await pilot.press("o", "escape")
        assert app.focused is screen.answer
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_a_file_that_is_not_there_takes_the_place_of_the_chart(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any, notes: Any
) -> None:
    missing = ServiceError("DataError", "oad.csv: no such file; did you mean load.csv?")
    app = opened(fake, runs, lambda settings: waves(settings) if settings["file"].startswith("load") else [missing])
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        await shows(app, "24 steps")
        await pilot.press("o")
        screen.query_one("#text", Input).value = "oad.csv"
        await pilot.press("enter")
        await shows(app, "✕ oad.csv: no such file; did you mean load.csv?   o: name another file")
        await hides(app, "the forecast will stand here")
        await hides(app, "24 steps")
        await hides(app, "2024-03-01")
        assert not notes(app)
        await pilot.press("o")
        screen.query_one("#text", Input).value = "load.csv"
        await pilot.press("enter")
        await shows(app, "24 steps")
        await hides(app, "✕")


async def test_without_a_forecast_no_key_does_anything(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any
) -> None:
    missing = ServiceError("DataError", "load.csv: no such file")
    app = opened(fake, runs, lambda settings: [missing])
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        await shows(app, "✕ load.csv: no such file")
        await pilot.press("right", "down", "i", "l", "plus", "home", "pageup")
        assert (await settled(pilot)) is screen
        await hides(app, "the forecast will stand here")
        await shows(app, "o file")
        for key in ("shorter", "longer", "interval", "level"):
            await hides(app, key)
        assert asked(app) == {"file": "load.csv[85%:]", "horizon": None, "level": None, "before": 2.0}


async def test_settings_that_make_no_sense_are_told_below(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    def reply(settings: Mapping[str, Any]) -> list[Any]:
        wrong = ServiceError("UsageError", "level 50: the model's quantiles do not reach 0.25 and 0.75")
        return [wrong] if settings["level"] else waves(settings)

    app = opened(fake, runs, reply)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("l")
        await settled(pilot)
        await shows(app, "✕ level 50")
        await shows(app, "80 % interval")


def narrow(settings: Mapping[str, Any]) -> list[Any]:
    """Of a model that knows no wide intervals, nor what lies past its horizon."""
    if (settings["level"] or 0) > 50:
        return [ServiceError("UsageError", f"level {settings['level']:g}: the model's quantiles do not reach it")]
    if (settings["horizon"] or 0) > TRAINED:
        return [ServiceError("UsageError", f"horizon {settings['horizon']}: the model would have to know 'x'")]
    return waves(settings)


@pytest.mark.parametrize(("keys", "complaint"), [("ll", "✕ level 90"), (["right"], "✕ horizon 25")])
async def test_a_setting_that_was_refused_is_no_trouble_of_the_next_file(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any, keys: list[str], complaint: str
) -> None:
    app = opened(fake, runs, narrow)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            screen = await settled(pilot)
        await shows(app, complaint)
        await shows(app, "24 steps")
        level = screen.level
        await pilot.press("o")
        screen.query_one("#text", Input).value = "other.csv"
        await pilot.press("enter")
        await hides(app, complaint)
        await settled(pilot)
        assert asked(app) == {"file": "other.csv", "horizon": None, "level": level, "before": 2.0}
        await shows(app, "24 steps")
        assert screen.answered_file == "other.csv"


async def test_levels_that_are_refused_are_gone_past(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs, narrow)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        for told in ("50 % interval", "✕ level 90", "✕ level 95", "80 % interval"):
            await pilot.press("l")
            await settled(pilot)
            await shows(app, told)
        await pilot.press("l", "l")
        await settled(pilot)
        await pilot.press("left")  # goes on with what worked
        await settled(pilot)
        assert (asked(app)["level"], asked(app)["horizon"]) == (screen.level, 23)
        await shows(app, "23 steps")


async def test_the_file_that_was_asked_for_counts_and_not_what_is_typed_meanwhile(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any
) -> None:
    missing = ServiceError("DataError", "oad.csv: no such file")
    app = opened(fake, runs, lambda settings: waves(settings) if settings["file"].startswith("load") else [missing])
    service: Any = app.service
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        line = screen.query_one("#text", Input)
        drawn = line.value
        service.gate.clear()
        line.value = "oad.csv"
        screen.action_look_closer()
        while not service.open:
            await pilot.pause(0.01)
        line.value = drawn
        service.gate.set()
        await shows(app, "✕ oad.csv: no such file   o: name another file")
        await hides(app, "24 steps")


async def test_other_faults_leave_the_chart(runs: Path, fake: Any, shows: Any, settled: Any, notes: Any) -> None:
    damaged = ServiceError("RunError", "the run is damaged")
    app = opened(fake, runs, lambda settings: waves(settings) if settings["file"].startswith("load") else [damaged])
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        screen.query_one("#text", Input).value = "other.csv"
        screen.action_look_closer()
        await settled(pilot)
        assert notes(app) == ["the run is damaged"]
        await shows(app, "24 steps")


async def test_without_a_recipe_the_line_is_empty(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    (runs / "sentiment_lstm" / "recipe.toml").write_text("task = ")
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await settled(pilot)
        assert screen.typed == ""
        await shows(app, "the forecast will stand here")


async def test_copying_takes_a_line_a_step(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        app.screen.action_copy_text()
        lines = app.clipboard.splitlines()
        assert len(lines) == TRAINED
        assert lines[0].split("\t") == ["2024-03-01T00:00:00", "20", "19", "21"]


async def test_without_colour_it_is_drawn_too(
    runs: Path, fake: Any, text_of: Any, monkeypatch: pytest.MonkeyPatch, settled: Any
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = opened(fake, runs)
    async with app.run_test(size=(40, 20)) as pilot:
        await settled(pilot)
        assert any("⠀" < letter < "⣿" for letter in text_of(app))


async def test_help_names_each_key_once(runs: Path, fake: Any, shows: Any, hides: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(100, 60)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        await shows(app, "o, /  ")
        await shows(app, "+, =  ")
        await shows(app, "^c  ")
        for raw in ("o, o", "equals", "super", "slash"):
            await hides(app, raw)


async def test_series_that_are_too_short_are_told_once(runs: Path, fake: Any, notes: Any, settled: Any) -> None:
    app = opened(fake, runs, lambda settings: [{**waves(settings)[0], "left_out": ["brief"]}])
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("left")
        await settled(pilot)
        assert notes(app) == ["Shorter than the look-back, so not forecast: 1 series (brief)"]
