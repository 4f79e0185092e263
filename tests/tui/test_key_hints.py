"""The line of keys below every screen."""

from pathlib import Path
from typing import Any, ClassVar, final

import pytest
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.widgets.key_hints import HELP, KeyHints, fitting

pytestmark = pytest.mark.anyio

LINES = {
    (100, False): " r resume from here  m score  ⏎ open  ^q quit  ? help  ^p commands",
    (100, True): " s stop it  m score  ⏎ open  ^q quit  ? help  ^p commands",
    (40, False): " r resume from here  m score  ? help",
    (40, True): " s stop it  m score  ⏎ open  ? help",
}


@final
class ChangingScreen(BaseScreen):
    """Has other keys while something goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "resume", "resume from here"),
        Binding("s", "stop", "stop it"),
        Binding("m", "metric", "score"),
        Binding("enter,o", "open", "open", key_display="⏎"),
    ]

    going_on = False

    def body(self) -> ComposeResult:
        yield Static("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return {"stop": self.going_on, "resume": not self.going_on}.get(action, True)

    def action_stop(self) -> None:
        self.going_on = False
        self.refresh_bindings()


async def test_no_picture_has_the_keys_of_another_width(
    runs: Path, fake: Any, text_of: Any, shows: Any, settled: Any
) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(100, 24)) as pilot:
        screen = ChangingScreen("changing", app.service)
        await app.push_screen(screen)
        await pilot.pause()
        seen: list[tuple[tuple[int, bool], str]] = []

        def look(_: object) -> None:
            seen.append(((app.size.width, screen.going_on), text_of(app).splitlines()[-1]))

        for going_on in (True, False):
            screen.going_on = going_on
            screen.refresh_bindings()
            await shows(app, LINES[100, going_on])  # other keys are drawn a moment later
            screen.screen_layout_refresh_signal.subscribe(screen, look)
            for width in (40, 100, 40, 100):
                await pilot.resize_terminal(width, 24)
                await pilot.pause(0.1)
            await settled(pilot)  # nobody looks any more when the keys change
            screen.screen_layout_refresh_signal.unsubscribe(screen)
        assert {state for state, _ in seen} == set(LINES)
        assert [(state, line) for state, line in seen if line != LINES[state]] == []


async def test_other_keys_in_the_same_width(runs: Path, fake: Any, shows: Any, text_of: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test(size=(40, 24)) as pilot:
        screen = ChangingScreen("changing", app.service)
        await app.push_screen(screen)
        await shows(app, LINES[40, False])
        screen.going_on = True
        screen.refresh_bindings()
        await shows(app, LINES[40, True])
        await pilot.hover(KeyHints, offset=(3, 0))
        assert screen.query_one(KeyHints).hovered == "stop"
        await pilot.click(KeyHints, offset=(3, 0))
        await shows(app, LINES[40, False])
        await pilot.hover(KeyHints, offset=(39, 0))
        assert screen.query_one(KeyHints).hovered == ""


def test_help_is_always_among_them() -> None:
    hints = {"open": 8, "close": 9, HELP: 7, "quit": 2}
    assert fitting(hints, 40) == ["open", "close", HELP, "quit"]
    assert fitting(hints, 18) == ["open", HELP]
    assert fitting(hints, 3) == [HELP]
    assert fitting({"open": 8}, 8) == ["open"]
