"""The application: themes, help, the palette, and the model service."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

from rich.console import Console
from textual.actions import ActionParseResult
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from seqnlp.errors import SeqnlpError
from seqnlp.service.client import ModelService, ServiceDied, ServiceState
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.load import Configuration, configure
from seqnlp.tui.configuration.remembered import Remembered, remember
from seqnlp.tui.listing import BROKEN, run_at
from seqnlp.tui.openable import Openable
from seqnlp.tui.screen_buffer import buffer_of
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.themes import HEAT, LABELS, NIGHT, PAPER, PLAIN, THEMES, own_theme
from seqnlp.tui.trainings import Trainings
from seqnlp.tui.visible_controls import VisibleControls

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary


ARROWS = {"up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
"""Keys that need no line in the palette."""


@final
class SeqnlpApp(App[None]):
    """`seqnlp tui`: home, and above it a screen for the run that is open."""

    TITLE = "seqnlp"

    BINDINGS: ClassVar[list[BindingType]] = named(
        "app",
        # alt: where a browser keeps a key with ctrl for itself
        Binding("question_mark", "app.help", "help", key_display="?"),
        Binding("f1", "app.help", "help"),  # where `?` is text
        Binding("ctrl+p", "command_palette", "commands", key_display="^p"),
        Binding("ctrl+t,alt+t", "other_theme", "dark or light", show=False),
        Binding("ctrl+l", "redraw", "redraw", show=False, system=True),
        Binding("ctrl+q,alt+q", "quit", "quit", key_display="^q", priority=True),
    )

    CSS = """
    Toast { background: $panel; }
    ToastRack { margin-bottom: 2; }
    Input { & > .input--placeholder, & > .input--suggestion { color: $muted; } }
    TextArea .text-area--placeholder { color: $muted; }
    """

    def __init__(
        self,
        root: Path,
        service: ModelService,
        run: Summary | None = None,
        configuration: Configuration | None = None,
        remembered: Remembered | None = None,
    ) -> None:
        """Set up; nothing runs yet.

        Args:
            root: The folder that holds the runs.
            service: Answers the requests of the screens.
            run: Opened at once, above home.
            configuration: By default one without values of its own.
            remembered: State of the last start; by default nothing is remembered.
        """
        plain = "NO_COLOR" in os.environ
        super().__init__(ansi_color=plain)
        self.crash = StringIO()
        """The traceback of an unexpected exception, which ends the application; it is not for the terminal."""
        self.error_console = Console(file=self.crash, markup=False, highlight=False)
        for theme in THEMES:
            self.register_theme(theme)
        self.configuration, self.remembered = configuration or Configuration(), remembered or Remembered()
        configure(self, self.configuration)
        remember(self, self.remembered)
        self.set_keymap({name: ",".join(keys) for name, keys in self.configuration.keys.items()})
        for name, options in self.configuration.themes.items():
            self.register_theme(own_theme(name, options))
        self._latest = {True: NIGHT.name, False: PAPER.name}
        """The dark and the light theme that were chosen last."""
        wanted = self.configuration.value("", "theme") or self.remembered.theme
        known = self.available_themes
        self._first_theme = PLAIN.name if plain else wanted if wanted in known else NIGHT.name
        self.theme = self._first_theme
        self._latest[self.current_theme.dark] = self.theme
        self.root, self.service, self._run = root, service, run
        self.trainings = Trainings(root)
        self._started = False
        self._controls = VisibleControls()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Variables that themes of Textual lack."""
        base = NIGHT if self.current_theme.dark else PAPER
        return {name: base.variables[name] for name in ("muted", "faint", *HEAT, *LABELS)}

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._controls]

    def get_driver_class(self) -> type[Driver]:
        kind = super().get_driver_class()
        if sys.platform != "win32":  # Windows can't import this driver
            from textual.drivers.linux_driver import LinuxDriver

            from seqnlp.tui.terminal import TerminalDriver

            if kind is LinuxDriver:
                return TerminalDriver
        return kind

    def on_resize(self) -> None:
        buffer_of(self).forget()  # terminals differ in how a resize treats their cells

    def on_mount(self) -> None:
        """Show home; the service is started once that is drawn."""
        self.push_screen(HomeScreen(self.root, self.service, self.trainings))
        if self._run is not None:
            from seqnlp.tui.screens.run import RunScreen

            self.push_screen(RunScreen(self._run, self.service))
        elif self.configuration.value("restore", "screen"):
            self._restore_screen()
        self.service.listeners.append(self._service_changed)
        self.tell_notes()

    def _restore_screen(self) -> None:
        """Open the last screen again, unless its runs are gone or broken."""
        kind, *names = self.remembered.screen or ("",)
        paths = [self.root / name for name in names]
        try:
            runs = [run_at(path) for path in paths]
        except (SeqnlpError, OSError):
            return
        are_whole = runs and all(run.model_bytes and run.state != BROKEN for run in runs)
        screen: Screen[None] | None = None
        if kind == "train":
            from seqnlp.tui.screens.train import TrainScreen

            screen = TrainScreen(self.trainings, self.service)
        elif kind == "watch" and runs:
            from seqnlp.tui.screens.watch import WatchScreen

            screen = WatchScreen(self.trainings, names[0], self.service)
        elif kind == "run" and are_whole:
            from seqnlp.tui.screens.run import RunScreen

            screen = RunScreen(runs[0], self.service)
        elif kind == "compare" and are_whole and len(runs) == 2:
            from seqnlp.tui.screens.compare import CompareScreen

            screen = CompareScreen(runs[0], runs[1], self.service)
        if screen is not None:
            self.push_screen(screen)

    async def on_home_screen_looked(self) -> None:
        """Start the service: the first picture is complete, and it may have the processor."""
        if not gc.isenabled():
            gc.freeze()  # what was imported is never collected
            gc.enable()
        if not self._started:
            self._started = True
            with suppress(ServiceDied):  # which is told below
                await self.service.start()

    async def on_unmount(self) -> None:
        await self.service.close()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield SystemCommand("Train", "Choose a recipe and train it", self.action_train)
        if isinstance(screen, HomeScreen):
            yield SystemCommand("Curves", "Watch the training of the chosen run", screen.action_watch)
            yield SystemCommand("Compare", "Put the two marked runs side by side", screen.action_compare)
        if isinstance(screen, BaseScreen):
            yield SystemCommand("Export", "Write what the screen shows to a file", screen.action_export)
        yield SystemCommand("Help", "What this screen is for, and its keys", self.action_help)
        yield SystemCommand("Dark or light", "Change to the other theme", self.action_other_theme)
        yield SystemCommand("Theme", "Choose among all themes", self.action_change_theme)
        yield SystemCommand("Redraw", "Draw the whole screen again (ctrl+l)", self.action_redraw)
        yield SystemCommand("Copy", "Copy what the screen shows", lambda: self._act("screen.copy_text"))
        yield SystemCommand("Screenshot", "Save a picture of the screen as SVG", self._shoot)
        yield SystemCommand("Quit", "Leave the application", self.action_quit)
        from seqnlp.tui.screens.help import key_name, told_bindings

        seen = {"help", "quit", "train", "export", "dark or light", "redraw", "curves", "compare"}
        for active in told_bindings(screen):  # a phone has no such keys
            what = active.binding.tooltip or active.binding.description
            is_told = what in seen or active.binding.key in ARROWS or active.binding.action == "command_palette"
            if not is_told and active.enabled:
                seen.add(what)
                press = partial(self.simulate_key, active.binding.key)
                yield SystemCommand(f"{what[:1].upper()}{what[1:]}", f"The key {key_name(active.binding.key)}", press)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an action, unless its screen has no widgets yet: a key may come before they do."""
        is_own = isinstance(action, str) and not action.startswith("app.")
        if is_own and isinstance(default_namespace, Openable) and not default_namespace.is_composed:
            return True
        return await super().run_action(action, default_namespace, namespaces)

    async def action_help(self) -> None:
        """Show the help of the screen."""
        from seqnlp.tui.screens.help import HelpScreen, help_for

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(help_for(self.screen))

    def action_command_palette(self) -> None:
        from seqnlp.tui.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        from textual.theme import ThemeProvider

        from seqnlp.tui.palette import Palette

        self.push_screen(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))

    def action_train(self, recipe: str = "") -> None:
        """Choose a recipe to train.

        Args:
            recipe: Name of the one that is chosen at first.
        """
        from seqnlp.tui.screens.train import TrainScreen

        if not isinstance(self.screen, TrainScreen):
            self.push_screen(TrainScreen(self.trainings, self.service, recipe))

    async def action_quit(self) -> None:
        from seqnlp.tui.screens.confirm import ConfirmScreen, quit_question

        own = self.trainings.own()
        if not own:
            self.exit()
        elif not isinstance(self.screen, ConfirmScreen):
            self.push_screen(quit_question(own), self._quit)

    def _quit(self, answer: str | None) -> None:
        from seqnlp.tui.screens.confirm import stop_and_quit

        if answer == "l":
            for training in self.trainings.own():
                training.unpause()  # one that is paused would stand still for ever
            self.exit()
        elif answer == "s":
            self.run_worker(stop_and_quit(self, self.trainings.own()), exclusive=True)

    def action_redraw(self) -> None:
        """Draw the whole screen anew; another program may have written into it."""
        buffer_of(self).forget()
        self.screen.refresh()

    def action_other_theme(self) -> None:
        """Switch between dark and light."""
        self.theme = self._latest[not self.current_theme.dark]

    def watch_theme(self, theme: str) -> None:
        """Remember a theme that was chosen."""
        self._latest[self.current_theme.dark] = theme
        if theme != self._first_theme and not self.ansi_color:
            self._first_theme = ""  # from now on each one was chosen
            self.remembered.keep(theme=theme)
            self.tell_notes()

    def tell_notes(self) -> None:
        """Show the notes about what is remembered."""
        notes, self.remembered.notes = self.remembered.notes, []
        for note in notes:
            self.notify(note, severity="warning", timeout=8, markup=False)

    async def _act(self, action: str) -> None:
        await self.run_action(action)

    def _shoot(self) -> None:
        self.notify(f"Saved {self.save_screenshot()}", markup=False)

    def _service_changed(self, state: ServiceState) -> None:
        if state is ServiceState.DEAD:
            self.notify(
                f"{self.service.exit_reason} The next question starts another one.",
                title="The worker has died",
                severity="error",
                timeout=10,
                markup=False,
            )
