"""The plain panel: a task that the application does not know, a plugin's for instance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.plain import PlainPanel
from seqnlp.tui.screens.compare import CompareScreen

pytestmark = pytest.mark.anyio


def juggle(settings: Mapping[str, Any]) -> list[Any]:
    balls = settings["text"].split()
    return [{"text": " ^ ".join(balls), "json": {"balls": balls, "height": 1.5}}]


@pytest.fixture
def juggler(runs: Path, new_run: Any) -> Path:
    """A run of an unknown task."""
    found: Path = new_run("juggler", "juggle", "drops", 0.25, "2025-11-05T00:00:00+00:00", 1000)
    return found


def service(fake: Any) -> Any:
    return fake({"load": lambda settings: [{"task": "juggle", "noun": "a juggler"}], "predict": juggle})


async def test_it_is_found_at_home_and_answers_in_json(juggler: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = SeqnlpApp(juggler.parent, service(fake))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press(*"juggle", "enter")
        await shows(app, "a line of text")
        await shows(app, "This is a juggler.")  # as the service calls it
        await pilot.press(*"red blue")
        panel = await settled(pilot)
        assert isinstance(panel, PlainPanel)
        await shows(app, "red ^ blue")
        await shows(app, '"balls": [')
        await shows(app, '"height": 1.5')
        await pilot.press("enter", "ctrl+c")
        assert '"red",' in app.clipboard
        await pilot.press("escape", "f1")
        await shows(app, "no screen of its own")


async def test_without_text_there_is_no_answer(juggler: Path, fake: Any, shows: Any, typed: Any) -> None:
    app = SeqnlpApp(juggler.parent, service(fake), run_at(juggler))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, "the answer will stand here")
        await typed(pilot, "red")
        await shows(app, '"red"')
        await typed(pilot, "")
        await shows(app, "the answer will stand here")


async def test_two_are_compared(juggler: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = SeqnlpApp(juggler.parent, service(fake))
    async with app.run_test(size=(80, 24)) as pilot:
        run = run_at(juggler)
        await app.push_screen(CompareScreen(run, run, app.service))
        await pilot.press("x")
        await settled(pilot)
        asked = [settings for do, settings in app.service.asked if do == "predict"]  # type: ignore[attr-defined]
        assert asked == [{"text": "x"}] * 2
        await shows(app, "0.2500")  # the scores
        await pilot.press("ctrl+c")
        assert app.clipboard.count('"x"') == 2
