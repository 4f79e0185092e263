"""Compare forecasts: two runs, the same series, as many steps, the same axes."""

import math
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from seqnlp.service.client import ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.panels.forecast import ForecastPanel, distance
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.widgets.forecast_view import ForecastView

pytestmark = pytest.mark.anyio

TRAINED = {"etth1": 24, "etth1_48": 48, "points": 24}
NAMES = {"etth1": ["oil", "load", "wind"], "etth1_48": ["load", "wind", "sun"], "points": ["load"], "tram": ["riders"]}


def wave(name: str, step: int) -> float:
    return 20 + len(name) * math.sin(step * math.pi / 12) + math.sin(step * 1.7)


def forecast(settings: Mapping[str, Any]) -> list[Any]:
    """Each run goes its own way from the same history."""
    run = settings["run"]
    trained = TRAINED.get(run, 24)
    steps = settings["horizon"] or trained
    off = 0.5 if run == "etth1" else 1.5
    forecasts, history = [], {}
    for name in NAMES[run]:
        values = [wave(name, step) + off * step / 10 for step in range(steps)]
        found: dict[str, Any] = {
            "name": name,
            "times": [f"2024-03-{1 + step // 24:02}T{step % 24:02}:00:00" for step in range(steps)],
            "values": values,
        }
        if run != "points":
            found["level"] = settings["level"] or 80.0
            found["low"] = [value - off * (1 + step / 8) for step, value in enumerate(values)]
            found["high"] = [value + off * (1 + step / 8) for step, value in enumerate(values)]
        forecasts.append(found)
        history[name] = [wave(name, step) for step in range(-round(settings["before"] * steps), 0)]
    return [{"trained": trained, "left_out": [], "forecasts": forecasts, "history": history}]


@pytest.fixture
def app(runs: Path, new_run: Any, fake: Any) -> SeqnlpApp:
    """With forecasting runs, and a service whose answers depend on the run."""
    for number, name in enumerate(NAMES):
        run = new_run(name, "forecast", "mse", 0.41 - number / 50, f"2025-10-2{number}T10:00:00+00:00", 9_000)
        (run / "recipe.toml").write_text(f'task = "forecast"\n[data]\ntest = "{name}.csv[85%:]"\n')

    class Both(fake):  # type: ignore[misc]
        async def stream(self, do: str, run: str, settings: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
            async for item in super().stream(do, run, {**settings, "run": Path(run).name}):
                yield item

    return SeqnlpApp(runs, Both({"load": lambda settings: [{"task": "forecast"}], "forecast": forecast}))


@pytest.fixture
def opened(settled: Any) -> Any:
    """Mark two runs at home, and compare them."""

    async def open_both(pilot: Any, left: str, right: str) -> ForecastPanel:
        screen = pilot.app.screen
        await settled(pilot)
        for name in (left, right):
            screen.query_one("#filter", Input).value = name
            await pilot.pause()
            shown = [run.name for run in screen.query_one("RunList").shown]
            await pilot.press(*["down"] * shown.index(name), "tab")
        await pilot.press("c")
        await settled(pilot)
        found: ForecastPanel = pilot.app.screen.query_one(ForecastPanel)
        return found

    return open_both


def asked(app: SeqnlpApp, count: int) -> list[tuple[Any, ...]]:
    """The last questions: the run, the file, the horizon, the level."""
    questions = [settings for do, settings in app.service.asked if do == "forecast"]  # type: ignore[attr-defined]
    return [tuple(each[name] for name in ("run", "file", "horizon", "level")) for each in questions[-count:]]


def ticks(view: ForecastView) -> list[str]:
    """What stands at the left of a chart: the labels of its axis."""
    return [line.split("┤")[0].strip() for line in str(view.render()).split("\n") if "┤" in line]


async def test_the_picture(app: SeqnlpApp, golden: Any, opened: Any) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "etth1", "etth1_48")
        await golden(app, "compare-forecasts")


async def test_both_are_asked_for_as_much_as_both_were_trained_for(
    app: SeqnlpApp, shows: Any, settled: Any, opened: Any
) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "etth1", "etth1_48")
        file = "etth1.csv[85%:]"  # the first one's
        assert asked(app, 3) == [
            ("etth1", file, None, None),
            ("etth1_48", file, None, None),
            ("etth1_48", file, 24, None),
        ]
        assert [len(each["values"]) for each in screen.drawn] == [24, 24]
        await shows(app, "24 steps")
        await shows(app, "0.3900")  # the score of the other one
        await pilot.press("right")
        await settled(pilot)
        assert asked(app, 2) == [("etth1", file, 25, None), ("etth1_48", file, 25, None)]
        await shows(app, "past what etth1 was trained for")
        await pilot.press("pageup", "pageup", "pageup", "pageup")
        await settled(pilot)
        await shows(app, "past what etth1 and etth1_48 were trained for")
        await pilot.press("home", "minus")
        await settled(pilot)
        await shows(app, "24 steps before")


async def test_only_what_both_forecast_is_drawn_on_the_same_axes(app: SeqnlpApp, shows: Any, opened: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "etth1", "etth1_48")
        assert screen.names == ["load", "wind"]
        assert [each["name"] for each in screen.drawn] == ["load", "load"]
        await pilot.press("down")
        await shows(app, "wind  2/2")
        assert [each["name"] for each in screen.drawn] == ["wind", "wind"]
        left, right = screen.query(ForecastView)
        assert ticks(left) == ticks(right)
        assert left.size == right.size
        assert max(right.forecast["high"]) > max(left.forecast["high"]) + 2
        together = ticks(left)
        left.show_forecast(screen.drawn[0], left.history, True)
        assert ticks(left) != together  # alone it would have a lower axis


async def test_how_far_they_are_apart(app: SeqnlpApp, shows: Any, opened: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "etth1", "etth1_48")
        await shows(app, "1.15 apart on average, 2.3 at most (2024-03-01 23:00)")


def test_what_can_not_be_measured_is_not_told() -> None:
    one = {"times": ["2024-03-01T00:00:00", "2024-03-02T00:00:00"], "values": [1.0, None]}
    assert distance(one, {**one, "values": [3.0, 4.0]}) == "2 apart on average, 2 at most (2024-03-01)"
    assert distance(one, {**one, "values": [math.nan, 4.0]}) == ""
    later = {**one, "times": ["2024-03-02T00:00:00", "2024-03-03T00:00:00"]}
    assert "one begins 2024-03-01, the other 2024-03-02" in distance(one, later)


async def test_intervals_of_one_of_them(app: SeqnlpApp, text_of: Any, shows: Any, settled: Any, opened: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "points", "etth1")
        await pilot.press("l")
        await settled(pilot)
        assert [(run, level) for run, _, _, level in asked(app, 2)] == [("points", None), ("etth1", 50.0)]
        assert text_of(app).count("50 % interval") == 1
        await pilot.press("i")
        await shows(app, "interval hidden")


async def test_who_knows_no_intervals_is_remembered_past_a_file_that_is_not_there(
    app: SeqnlpApp, shows: Any, settled: Any, opened: Any
) -> None:
    def reply(settings: Mapping[str, Any]) -> list[Any]:
        if settings["file"] == "bad.csv":
            return [ServiceError("DataError", "bad.csv: no such file")]
        if settings["run"] == "points" and settings["level"]:
            return [ServiceError("UsageError", "the model forecasts points and knows no intervals")]
        return forecast(settings)

    app.service.replies["forecast"] = reply  # type: ignore[attr-defined]
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "points", "etth1")
        await pilot.press("l")
        await settled(pilot)
        for file, told in {"bad.csv": "✕ bad.csv: no such file", "good.csv": "50 % interval"}.items():
            await pilot.press("o")
            screen.query_one("#text", Input).value = file
            await pilot.press("enter")
            await settled(pilot)
            await shows(app, told)
        assert asked(app, 2) == [("points", "good.csv", None, None), ("etth1", "good.csv", None, 50.0)]


async def test_nothing_in_common_is_said(app: SeqnlpApp, shows: Any, settled: Any, opened: Any) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "etth1", "tram")
        await shows(app, "They forecast no series of the same name")
        await pilot.press("right", "down", "i", "l", "plus", "ctrl+c", "home")
        await settled(pilot)
        await shows(app, "They forecast no series of the same name")


async def test_another_file_swap_and_copy(app: SeqnlpApp, shows: Any, settled: Any, opened: Any) -> None:
    async with app.run_test(size=(150, 30)) as pilot:
        screen = await opened(pilot, "etth1", "etth1_48")
        await pilot.press("o")
        screen.query_one("#text", Input).value = "other.csv"
        await pilot.press("enter")
        await settled(pilot)
        assert {file for _, file, _, _ in asked(app, 3)} == {"other.csv"}
        await shows(app, "f2 swap")
        await pilot.press("f2")
        await settled(pilot)
        swapped = app.screen.query_one(ForecastPanel)
        assert [run.name for run in swapped.runs] == ["etth1_48", "etth1"]
        assert {file for _, file, _, _ in asked(app, 3)} == {"other.csv"}
        await pilot.press("ctrl+c")
        blocks = app.clipboard.split("\n\n")
        assert [block.split(":\n")[0] for block in blocks] == ["etth1_48", "etth1"]
        assert [len(block.splitlines()) for block in blocks] == [25, 25]
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_a_file_that_one_of_them_can_not_read_is_told(
    app: SeqnlpApp, shows: Any, settled: Any, opened: Any
) -> None:
    def reply(settings: Mapping[str, Any]) -> list[Any]:
        return [ServiceError("DataError", "no column OT")] if settings["run"] == "etth1_48" else forecast(settings)

    app.service.replies["forecast"] = reply  # type: ignore[attr-defined]
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, "etth1", "etth1_48")
        await shows(app, "✕ no column OT   o: name another file")
        await pilot.press("right", "down", "i", "l", "plus", "home", "pageup", "f2")
        await settled(pilot)
        assert app.screen.query_one(ForecastPanel) is not screen
