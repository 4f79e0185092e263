"""The application: themes, help, the palette, and the life of the worker."""

from __future__ import annotations

import gc
import os
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, ClassVar, final

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.worker import WorkerFailed

from seqnlp.service.client import ModelService, ServiceDied, ServiceState
from seqnlp.tui.mishaps import Overcome, log_mishap
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.themes import NIGHT, PAPER, PLAIN, THEMES
from seqnlp.tui.trainings import Trainings

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary


MISHAPS = 20
"""Faults of its own in `SOON` seconds after which the application gives up."""

SOON = 10.0


@final
class SeqnlpApp(App[None]):
    """`seqnlp tui`: home, and above it a screen for the run that is open."""

    TITLE = "seqnlp"

    forgiving: ClassVar[bool] = True
    """Whether it goes on after a fault of its own; most tests want to fail."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "app.help", "help", key_display="?"),
        Binding("f1", "app.help", "help"),  # where `?` is text
        Binding("ctrl+p", "command_palette", "commands", key_display="^p"),
        Binding("ctrl+t", "other_theme", "dark or light", show=False),
        Binding("ctrl+q", "quit", "quit", key_display="^q", priority=True),
    ]

    CSS = """
    Toast { background: $panel; }
    ToastRack { margin-bottom: 2; }
    """

    def __init__(self, root: Path, service: ModelService, run: Summary | None = None) -> None:
        """Set up; nothing runs yet.

        Args:
            root: The folder that holds the runs.
            service: Who answers the screens' questions.
            run: Opened at once, above home.
        """
        plain = "NO_COLOR" in os.environ
        super().__init__(ansi_color=plain)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = PLAIN.name if plain else NIGHT.name
        self.root, self.service, self._run = root, service, run
        self.trainings = Trainings(root)
        self._woken = False
        self._mishaps: deque[float] = deque(maxlen=MISHAPS)

    def on_mount(self) -> None:
        """Show home, and start the worker once that is drawn."""
        self.push_screen(HomeScreen(self.root, self.service, self.trainings))
        if self._run is not None:
            from seqnlp.tui.screens import screen_for

            self.push_screen(screen_for(self._run, self.service))
        self.service.listeners.append(self._worker_changed)
        if self.is_web:
            from seqnlp.tui.page import Page

            self.set_interval(0.5, Page(self, self.trainings).look)

    async def on_home_screen_looked(self) -> None:
        """The first picture is complete: now the worker may have the processor."""
        if not gc.isenabled():
            gc.freeze()  # what was imported is never collected
            gc.enable()
        if not self._woken:
            self._woken = True
            await self._wake()

    async def on_unmount(self) -> None:
        """Nothing is left running."""
        await self.service.close()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers besides the keys of the screen."""
        yield SystemCommand("Train", "Choose a recipe and train it", self.action_train)
        if isinstance(screen, HomeScreen):
            yield SystemCommand("Curves", "Watch the training of the chosen run", screen.action_watch)
            yield SystemCommand("Compare", "Put the two marked runs side by side", screen.action_compare)
        yield SystemCommand("Help", "What this screen is for, and its keys", self.action_help)
        yield SystemCommand("Dark or light", "Change to the other theme", self.action_other_theme)
        yield SystemCommand("Theme", "Choose among all themes", self.action_change_theme)
        yield SystemCommand("Copy", "Copy what the screen shows", lambda: self._act("screen.copy_text"))
        yield SystemCommand("Screenshot", "Save a picture of the screen as SVG", self._shoot)
        yield SystemCommand("Quit", "Leave the application", self.action_quit)

    async def action_help(self) -> None:
        """Show what the screen is for."""
        from seqnlp.tui.screens.help import HelpScreen, help_for

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(help_for(self.screen))

    def action_train(self) -> None:
        """Choose a recipe to train."""
        from seqnlp.tui.screens.train import TrainScreen

        if not isinstance(self.screen, TrainScreen):
            self.push_screen(TrainScreen(self.trainings, self.service))

    async def action_quit(self) -> None:
        """Leave; what becomes of the trainings that were begun here is asked first."""
        from seqnlp.tui.screens.asking import AskScreen
        from seqnlp.tui.screens.closing import question

        own = self.trainings.own()
        if not own:
            self.exit()
        elif not isinstance(self.screen, AskScreen):
            self.push_screen(question(own), self._close)

    def _close(self, answer: str | None) -> None:
        from seqnlp.tui.screens.closing import stop_all

        if answer == "l":
            for training in self.trainings.own():
                training.go_on()  # one that is paused would stand still for ever
            self.exit()
        elif answer == "s":
            self.run_worker(stop_all(self, self.trainings.own()), exclusive=True)

    def action_other_theme(self) -> None:
        """From dark to light, or back."""
        self.theme = PAPER.name if self.current_theme.dark else NIGHT.name

    async def _act(self, action: str) -> None:
        await self.run_action(action)

    def _shoot(self) -> None:
        self.notify(f"Saved {self.save_screenshot()}", markup=False)

    async def _wake(self) -> None:
        with suppress(ServiceDied):  # which is told below
            await self.service.start()

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            self._handle_exception(Overcome(error))

    def _handle_exception(self, error: Exception) -> None:
        """What nobody foresaw costs at most the screen where it happened; Textual would end the application."""
        cause = error.error if isinstance(error, Overcome | WorkerFailed) else error
        now = monotonic()
        self._mishaps.append(now)
        many = len(self._mishaps) == MISHAPS and now - self._mishaps[0] < SOON
        if many or not (self.forgiving and self._woken and self._running):
            super()._handle_exception(error.error if isinstance(error, Overcome) else error)
            return
        file = log_mishap(cause)
        self.notify(
            f"{type(cause).__name__}: {cause}" + (f"\nMore about it in {file}" if file else ""),
            title="A fault in seqnlp itself",
            severity="error",
            timeout=12,
            markup=False,
        )
        if cause is error:  # the loop of a widget has ended, or something can't be drawn
            self.call_later(self._give_up, self.screen)

    async def _give_up(self, screen: Screen[object]) -> None:
        """Close a screen that may be broken; home is begun anew."""
        if isinstance(screen, HomeScreen):
            await self.switch_screen(HomeScreen(self.root, self.service, self.trainings))
        elif screen is self.screen:
            await self.pop_screen()

    def _worker_changed(self, state: ServiceState) -> None:
        if state is ServiceState.DEAD:
            self.notify(
                f"{self.service.exit_reason} The next question starts another one.",
                title="The worker has died",
                severity="error",
                timeout=10,
                markup=False,
            )
