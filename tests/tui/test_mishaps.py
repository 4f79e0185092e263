"""What nobody foresaw: it is told, written to a log, and the application goes on."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from seqnlp.service.client import ServiceDied, ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.mishaps import LARGEST, log_file, log_mishap
from seqnlp.tui.screens.generate import GenerateScreen
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.widgets.run_list import RunList
from seqnlp.tui.widgets.token_view import TokenView

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(SeqnlpApp, "forgiving", True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def fail(*_: Any, **__: Any) -> Any:
    raise RuntimeError("the lamp [b] went out")


async def settled(pilot: Any) -> None:
    """Wait for workers, of which some may have failed."""
    for _ in range(3):
        await asyncio.gather(*(worker.wait() for worker in pilot.app.workers), return_exceptions=True)
        await pilot.pause()


def told(app: SeqnlpApp) -> list[str]:
    return [note.message for note in app._notifications]


def replies(**more: Any) -> dict[str, Any]:
    return {"load": lambda _: [{"task": "lm"}], "unknown": lambda _: [[]], **more}


async def open_generate(pilot: Any) -> None:
    await settled(pilot)
    await pilot.press("enter")
    await settled(pilot)
    assert isinstance(pilot.app.screen, GenerateScreen)


async def test_a_fault_in_a_worker(runs: Path, fake: Any) -> None:
    app = SeqnlpApp(runs, fake(replies(generate=fail)))
    async with app.run_test() as pilot:
        await open_generate(pilot)
        await pilot.press("a", "enter")
        await settled(pilot)
        assert any("RuntimeError: the lamp [b] went out" in note and "tui.log" in note for note in told(app))
        assert "went out" in log_file().read_text()
        assert isinstance(app.screen, GenerateScreen)
        assert not app.screen.session.busy
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)
    assert app.return_code in (0, None)  # not the code of a fault


async def test_a_fault_in_a_key_of_a_screen(runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GenerateScreen, "action_undo", fail)
    app = SeqnlpApp(runs, fake(replies()))
    async with app.run_test() as pilot:
        await open_generate(pilot)
        await pilot.press("ctrl+z")
        await pilot.pause()
        assert len(told(app)) == 1
        assert isinstance(app.screen, GenerateScreen)
        await pilot.press("escape")  # it still hears
        assert isinstance(app.screen, HomeScreen)


async def test_a_widget_that_has_died_takes_only_its_screen_along(
    runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenView, "on_resize", fail)
    app = SeqnlpApp(runs, fake(replies()))
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert told(app)
        assert isinstance(app.screen, HomeScreen)
        await pilot.press(*"tagger")
        assert [run.name for run in app.screen.query_one(RunList).shown] == ["pos_gru"]


async def test_what_cannot_be_drawn(runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = SeqnlpApp(runs, fake(replies()))
    async with app.run_test() as pilot:
        await open_generate(pilot)
        monkeypatch.setattr(TokenView, "render_line", fail)
        app.screen.query_one(TokenView).refresh()
        await settled(pilot)
        assert told(app)
        assert isinstance(app.screen, HomeScreen)


async def test_home_is_begun_anew(runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = SeqnlpApp(runs, fake(replies()))
    async with app.run_test() as pilot:
        await settled(pilot)
        before, right = app.screen, RunList.render_line
        failures = [fail]
        monkeypatch.setattr(RunList, "render_line", lambda self, y: failures.pop()() if failures else right(self, y))
        app.screen.query_one(RunList).refresh()
        await settled(pilot)
        assert isinstance(app.screen, HomeScreen)
        assert app.screen is not before
        await pilot.press(*"tagger")
        assert [run.name for run in app.screen.query_one(RunList).shown] == ["pos_gru"]


async def test_what_fails_for_ever_ends_it(runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    app = SeqnlpApp(runs, fake(replies()))

    async def look_at_it() -> None:
        async with app.run_test() as pilot:
            await settled(pilot)
            monkeypatch.setattr(RunList, "render_line", fail)
            for _ in range(100):
                app.screen.query_one(RunList).refresh()
                await pilot.pause()

    with pytest.raises(RuntimeError, match="went out"):
        await look_at_it()


async def test_a_damaged_model_and_a_killed_worker_are_told_once(runs: Path, fake: Any, shows: Any) -> None:
    damaged = ServiceError("RunError", "runs/char_lstm/model.safetensors: damaged: expected tensors")
    killed = ServiceDied("It was killed; perhaps there was not enough memory.")
    part = {"sample": 0, "text": "light ", "lengths": [6], "logprobs": [-0.3]}
    app = SeqnlpApp(runs, fake(replies(load=lambda _: [damaged], generate=lambda _: [part, killed])))
    async with app.run_test() as pilot:
        await open_generate(pilot)
        assert told(app) == ["runs/char_lstm/model.safetensors: damaged: expected tensors"]
        await pilot.press("a", "enter")
        await settled(pilot)
        await shows(app, "alight")  # what was written stays
        assert isinstance(app.screen, GenerateScreen)
        assert not app.screen.session.busy


async def test_a_terminal_of_20x5(runs: Path, fake: Any) -> None:
    part = {"sample": 0, "text": "light ", "lengths": [6], "logprobs": [-0.3]}
    app = SeqnlpApp(runs, fake(replies(generate=lambda _: [part] * 50, next=lambda _: [[["e", -0.5]]])))
    async with app.run_test(size=(20, 5)) as pilot:
        await open_generate(pilot)
        await pilot.press("a", "enter")
        for size in [(1, 1), (20, 5), (200, 60), (20, 5)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await settled(pilot)
        await pilot.press("left", "up", "u", "question_mark", "escape", "escape", "escape")
        await settled(pilot)
        assert isinstance(app.screen, HomeScreen)
        assert not [note for note in told(app) if "Error" in note]


def test_the_log_begins_anew_when_it_is_large() -> None:
    assert log_mishap(ValueError("first")) == log_file()
    log_file().write_text("x" * (LARGEST + 1))
    log_mishap(ValueError("second"))
    assert "second" in log_file().read_text()
    assert "xxx" not in log_file().read_text()


def test_without_a_place_for_the_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert log_mishap(ValueError("first")) is None


async def test_what_a_prompt_has_that_the_model_does_not_know(runs: Path, fake: Any) -> None:
    app = SeqnlpApp(runs, fake(replies(generate=lambda _: [], unknown=lambda _: [["ß", "\t"]])))
    async with app.run_test() as pilot:
        await open_generate(pilot)
        await pilot.press("n", "o", "enter")
        await settled(pilot)
        assert told(app) == ["ß '\\t': it takes them for one and the same sign."]
        await pilot.press("n")  # once is enough
        await settled(pilot)
        assert len([do for do, _ in app.service.asked if do == "unknown"]) == 1  # type: ignore[attr-defined]
