"""Home screen: the runs in a folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from seqnlp.errors import SeqnlpError
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.remembered import remembered_of
from seqnlp.tui.listing import BROKEN, FAILED, RunFolder
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.trainings import Condition, Trainings
from seqnlp.tui.widgets.run_list import RunList, heading_of

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary

LIVE = {state.value for state in Condition}
"""States of runs that are being trained."""

PERIOD = 1.0
"""Seconds between two looks at the folder, since other programs change runs, too."""


@final
class HomeScreen(BaseScreen):
    """A table of runs, filtered by a line of text."""

    HELP = (
        "The runs in the folder, the newest first; what is trained, changed or deleted elsewhere is seen within a "
        "second or two. Type to leave only those whose name, task, state or note has the words: the name itself comes "
        "before names that begin so, and these before others. Enter, or two clicks, opens a run with the screen for "
        "its task, or, if it has no model, the screen of its training, which tells why it failed; delete forgets one "
        "that failed before there was a run. Tab marks a run; when two are marked, c puts them side by side."
    )

    BINDINGS: ClassVar[list[BindingType]] = named(
        "home",
        Binding("enter", "open", "open", priority=True),
        Binding("ctrl+j", "open", show=False, priority=True),  # enter, pressed before the terminal was taken over
        Binding("up", "move(-1)", "up", show=False, priority=True),
        Binding("down", "move(1)", "down", show=False, priority=True),
        Binding("pageup", "move(-10)", "ten up", show=False, priority=True),
        Binding("pagedown", "move(10)", "ten down", show=False, priority=True),
        Binding("tab", "mark", "mark"),
        Binding("c", "compare", "compare", priority=True),
        Binding("ctrl+n", "app.train", "train", key_display="^n"),
        Binding("ctrl+g", "watch", "curves", key_display="^g"),
        Binding("ctrl+r", "look", "look again", show=False),
        Binding("delete", "forget", "forget a failed training", show=False, priority=True),
        Binding("escape", "clear", "show all", show=False),
        Binding("question_mark", "app.help", "help", key_display="?", priority=True, id="app.help"),
    )

    DEFAULT_CSS = """
    HomeScreen {
        #finder { height: 3; padding: 1 2 0 2; }
        #finder > #sign { width: 2; color: $accent; }
        #filter { border: none; height: 1; padding: 0; width: 1fr; background: $background; }
        #count { width: auto; color: $muted; }
        #columns { padding: 0 4; height: 1; }
        RunList { margin: 0 2; }
        #empty { display: none; padding: 1 4; height: 1fr; }
        &.-empty { #empty { display: block; } RunList, #columns { display: none; } }
    }
    """

    class Looked(Message):
        """The folder was read, and is drawn."""

    def __init__(self, root: Path, service: ModelService, trainings: Trainings) -> None:
        super().__init__(str(root), service)
        self.root, self.trainings = root, trainings
        self.runs: list[Summary] = []
        self._folder = RunFolder(root)
        self._idle = {"compare", "forget"}  # actions that would do nothing now
        self._was_read = self._in_haste = self._is_looking = False
        self._trouble = ""
        """Error of the last look, which is told once."""

    def body(self) -> ComposeResult:
        with Horizontal(id="finder"):
            yield Static("❯", id="sign")
            yield FilterLine(placeholder="type to find a run", id="filter", compact=True)
            yield Static("", id="count")
        yield Columns(id="columns")
        yield RunList()
        yield Static("", id="empty")

    def on_mount(self) -> None:
        """Draw first, then look into the folder, again and again."""
        self.call_after_refresh(self.action_look)
        self.set_interval(PERIOD, self._look_again)

    def on_screen_resume(self) -> None:
        """Look at once: a run may have been trained in the meantime."""
        remembered_of(self.app).keep_screen("")
        self._look_again()

    def _look_again(self) -> None:
        if self.is_active and self._was_read and not self._is_looking:
            self.action_look()

    @work(exclusive=True)
    async def action_look(self) -> None:
        """Read the folder in a thread, and draw what is new."""
        self._is_looking = True
        try:
            runs, trouble = await asyncio.to_thread(lambda: self._folder.read(self.trainings.all())), ""
        except OSError as error:
            runs, trouble = [], error.strerror or str(error)
        finally:
            self._is_looking = False
        if trouble and trouble != self._trouble:
            self.notify(f"{self.root}: {trouble}", title="The folder can't be read", severity="error", markup=False)
        self._trouble = trouble
        if self.query(RunList) and not (self._was_read and runs == self.runs):  # no list once the screen was left
            self.runs, self._was_read = runs, True
            self.query_one(RunList).offer(runs)
            self._tell()
            self._marked()
            if self._in_haste:
                self._open()
            soon = self.call_after_refresh if self.is_current else self.call_later
            soon(self.post_message, self.Looked())

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self.query_one(RunList).filter_by(event.value)
        self._tell()

    @on(Input.Submitted, "#filter")
    def _submitted(self, event: Input.Submitted) -> None:
        self.query_one(RunList).filter_by(event.value)
        self._open()

    @on(RunList.Opened)
    def _opened(self, event: RunList.Opened) -> None:
        if not self.is_active:  # asked for twice
            return
        if event.run.state == BROKEN:
            self.notify(event.run.problem, title="This run is broken", severity="error", markup=False)
        elif event.run.state in LIVE or (event.run.state == FAILED and not event.run.model_bytes):
            self._watch(event.run)
        elif not event.run.model_bytes:
            self.notify(
                f"{event.run.path} has no model yet: its training has not got that far.",
                title="Nothing to open",
                severity="warning",
                markup=False,
            )
            self._watch(event.run)
        else:
            from seqnlp.tui.screens.run import RunScreen

            self._visit(RunScreen(event.run, self.service))

    def _visit(self, screen: BaseScreen) -> None:
        """Open another screen and clear the filter."""
        self.query_one("#filter", Input).value = ""
        self.app.push_screen(screen)

    def action_open(self) -> None:
        """Open the run under the cursor (once the filter has all that was typed before)."""
        self.query_one(FilterLine).submit()

    def _open(self) -> None:
        self._in_haste = not self._was_read
        self.query_one(RunList).open_chosen()

    def action_move(self, by: int) -> None:
        """Choose another run."""
        self.query_one(RunList).move(by)

    def action_clear(self) -> None:
        """Show all runs; if they are shown, unmark all."""
        line = self.query_one("#filter", Input)
        if not line.value:
            self.query_one(RunList).unmark()
            self._marked()
        line.value = ""

    def action_mark(self) -> None:
        """Mark the run under the cursor, or unmark it."""
        self.query_one(RunList).mark()
        self._marked()

    def _marked(self) -> None:
        """Take `c` as a key if two runs are marked; otherwise as text."""
        comparable = len(self.query_one(RunList).marked) == 2
        self.query_one(FilterLine).left = FilterLine.left | ({"c"} if comparable else set())
        self._offer_keys()

    @on(RunList.Chosen)
    def _offer_keys(self) -> None:
        """Offer only keys that apply to the chosen and marked runs."""
        runs = self.query_one(RunList)
        idle = set() if len(runs.marked) == 2 else {"compare"}
        if runs.chosen is None:
            idle |= {"open", "mark", "watch"} if self._was_read else set()
        elif runs.chosen.state == BROKEN:
            idle |= {"watch"}
        if runs.chosen is None or runs.chosen.state != FAILED or Path(runs.chosen.path).exists():
            idle |= {"forget"}  # a run is not deleted here
        if idle != self._idle:
            self._idle = idle
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in self._idle

    def action_compare(self) -> None:
        """Compare the marked runs."""
        from seqnlp.tui.screens.compare import CompareScreen

        marked = [run for path in self.query_one(RunList).marked for run in self.runs if run.path == path]
        if len(marked) != 2:
            self.notify("Mark two runs first, with tab.", timeout=3)
        elif odd := next((run for run in marked if not run.model_bytes or run.state == BROKEN), None):
            self.notify(f"{odd.name} has no model that could be compared.", severity="warning", markup=False)
        else:
            self._visit(CompareScreen(marked[0], marked[1], self.service))

    def action_watch(self) -> None:
        """Show the curves of the chosen run."""
        chosen = self.query_one(RunList).chosen
        if chosen is not None and chosen.state != BROKEN:
            self._watch(chosen)

    @work(exclusive=True, group="forget")
    async def action_forget(self) -> None:
        """Forget a failed training that left no run, if the user confirms."""
        chosen = self.query_one(RunList).chosen
        if chosen is None:
            return
        from seqnlp.tui.screens.confirm import ConfirmScreen

        choice = ("f", "forget it", "its message and its settings are gone; the recipe stays")
        if await self.app.push_screen_wait(ConfirmScreen(chosen.name, f"It failed: {chosen.problem}", [choice])) == "f":
            try:
                self.trainings.forget(chosen.name)
            except SeqnlpError as error:
                self.notify(str(error), severity="error", markup=False)
            self._look_again()

    def _watch(self, run: Summary) -> None:
        from seqnlp.tui.screens.watch import WatchScreen

        self._visit(WatchScreen(self.trainings, run.name, self.service))

    def content_to_copy(self) -> str:
        chosen = self.query_one(RunList).chosen
        return chosen.path if chosen else ""

    def _tell(self) -> None:
        shown, count = len(self.query_one(RunList).shown), len(self.runs)
        self.query_one("#count", Static).update(
            f"{shown} of {count}" if shown != count else f"{count} run{'s' if count != 1 else ''}"
        )
        self.set_class(not shown, "-empty")
        if not shown:
            self.query_one("#empty", Static).update(_nothing_found() if count else _no_runs(self.root))


@final
class FilterLine(Input):
    """Input that leaves some keys to the application: `?` always."""

    left: frozenset[str] = frozenset(["question_mark"])
    """Keys that are no text, before the configuration file gives their bindings other keys."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key not in self.left and super().check_consume_key(key, character)

    def submit(self) -> None:
        """Submit after the letters that still wait in a burst of keys."""
        self.call_later(self.action_submit)


@final
class Columns(Widget):
    """Heading of the table."""

    def render(self) -> Content:
        return heading_of(self.size.width)


def _nothing_found() -> Content:
    return Content.styled("No run has these words. Escape shows all.", "$muted")


def _no_runs(root: Path) -> Content:
    return Content.assemble(
        ("Nothing is trained yet.\n\n", "bold"),
        ("ctrl+n", "$accent"),
        (" chooses a recipe and trains it here; so does a command line. The runs are kept ", "$muted"),
        (f"in {root}/. These take less than a minute each, on two processors:\n\n", "$muted"),
        ("  seqnlp train char_lstm\n", "$accent"),
        ("    a language model that writes prose, character by character\n\n", "$muted"),
        ("  seqnlp train pos_gru\n", "$accent"),
        ("    a tagger for parts of speech\n\n", "$muted"),
        ("Then come back, or press ctrl+r here. ", "$muted"),
        ("seqnlp recipes ls", "$accent"),
        (" shows what else ships.", "$muted"),
    )
