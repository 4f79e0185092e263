"""Home screen: the runs in a folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, ClassVar, TypeVar, final

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from seqnlp.errors import SeqnlpError
from seqnlp.run import Run
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.load import configuration_of
from seqnlp.tui.configuration.remembered import remembered_of
from seqnlp.tui.listing import BROKEN, FAILED, RunFolder
from seqnlp.tui.run_order import Order, csv_of
from seqnlp.tui.run_preview import Preview
from seqnlp.tui.run_trash import KEPT_DAYS, RunTrash, rename_run
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.trainings import Condition, Trainings, check_name
from seqnlp.tui.widgets.ask import AskScreen
from seqnlp.tui.widgets.run_list import RunList, column_at, heading_of
from seqnlp.tui.widgets.run_preview import PreviewPane
from seqnlp.units import count_of

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary

LIVE = {state.value for state in Condition}
"""States of runs that are being trained."""

Changed = TypeVar("Changed")

PAUSE = 0.08
"""Seconds that the cursor rests on a run before its preview is read."""

MAX_NAME = 255
"""Bytes of the name of a folder, at most."""

PERIOD = 1.0
"""Seconds between two looks at the folder, since other programs change runs, too."""


@final
class Columns(Widget):
    """Heading of the table; a click on a name sorts by it."""

    order: reactive[Order] = reactive(Order())
    has_scrollbar: reactive[bool] = reactive(False)
    """True while the list below has one, which leaves less room to its columns."""

    class Chosen(Message):
        """A column was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def render(self) -> Content:
        return heading_of(self._room, self.order)

    def on_click(self, event: events.Click) -> None:
        content = event.get_content_offset(self)
        if content is not None and (found := column_at(self._room, content.x)):
            self.post_message(self.Chosen(found))

    @property
    def _room(self) -> int:
        return self.size.width - self.has_scrollbar


@final
class HomeScreen(BaseScreen):
    """A table of runs, filtered by a line of text."""

    HELP = (
        "The runs in the folder, the newest first; what is trained, changed or deleted elsewhere is seen within a "
        "second or two. Type to leave only those whose name, task, state or note has the words: the name itself comes "
        "before names that begin so, and these before others. Enter, or two clicks, opens a run with the screen for "
        "its task, or, if it has no model, the screen of its training, which tells why it failed. Tab marks a run, "
        "shift+tab all that are listed; when two are marked, c puts them side by side, and what deletes, copies or "
        "exports takes the marked ones. Beside or below the list, or on F5, stands what is known of "
        "the run under the cursor. F3 sorts by the next column, shift+F3 the other way round, as does a click on a "
        "heading. F2 gives a run another name, F4 a note. Delete moves a run to the trash, where it is kept for 30 "
        "days, in .trash beside the runs; ^z brings back what was deleted last. What is being trained can't be "
        "deleted."
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
        Binding("shift+tab", "mark_all", "mark all", show=False, tooltip="all runs that are listed"),
        Binding("c", "compare", "compare", priority=True),
        Binding("ctrl+n,alt+n", "app.train", "train", key_display="^n"),  # a browser keeps ctrl+n
        Binding("ctrl+g", "watch", "curves", key_display="^g"),
        Binding("ctrl+r", "look", "look again", show=False),
        Binding("f3", "sort", "sort"),
        Binding("f5", "preview", "preview"),
        Binding("f4", "note", "note"),
        Binding("f2", "rename", "rename"),
        Binding("delete", "delete", "delete a run", show=False, priority=True),
        Binding("ctrl+z", "undo", "undo", key_display="^z", priority=True),
        Binding("shift+f3", "turn", "sort the other way round", show=False),
        Binding("escape", "clear", "show all", show=False),
        Binding("question_mark", "app.help", "help", key_display="?", priority=True, id="app.help"),
    )

    DEFAULT_CSS = """
    HomeScreen {
        #finder { height: 3; padding: 1 2 0 2; }
        #finder > #sign { width: 2; color: $accent; }
        #filter { border: none; height: 1; padding: 0; width: 1fr; background: $background; }
        #count { width: auto; padding: 0 0 0 2; color: $muted; }
        #columns { padding: 0 4; height: 1; }
        #middle, #table { height: 1fr; }
        RunList { margin: 0 2; }
        PreviewPane { display: none; height: 1fr; padding: 0 2; }
        #empty { display: none; padding: 1 4; height: 1fr; }
        &.-empty { #empty { display: block; } RunList, #columns, PreviewPane { display: none; } }
        &.-preview { #middle { layout: vertical; } PreviewPane { display: block; border-top: solid $faint; } }
        &.-wide {
            #middle { layout: horizontal; }
            #table { width: 1fr; }
            PreviewPane {
                display: block; width: 32%; min-width: 40; max-width: 64; margin: 0 2; padding: 0 0 0 2;
                border-top: none; border-left: solid $faint;
            }
            &.-hidden-preview PreviewPane, &.-empty PreviewPane { display: none; }
        }
        &.-narrow.-preview { #table { height: 7; } PreviewPane { padding: 0 1; } }
    }
    """

    class Looked(Message):
        """The folder was read, and is drawn."""

    def __init__(self, root: Path, service: ModelService, trainings: Trainings) -> None:
        super().__init__(str(root), service)
        self.root, self.trainings = root, trainings
        self.runs: list[Summary] = []
        self._folder = RunFolder(root)
        self._trash = RunTrash(root)
        self._order = Order()
        self._seen: object = None
        """The run that is previewed, and its state."""
        self._idle = {"compare"}  # actions that would do nothing now
        self._was_read = self._in_haste = self._is_looking = False
        self._trouble = ""
        """Error of the last look, which is told once."""

    def body(self) -> ComposeResult:
        with Horizontal(id="finder"):
            yield Static("❯", id="sign")
            yield FilterLine(placeholder="type to find a run", id="filter", compact=True)
            yield Static("", id="count")
        with Horizontal(id="middle"):
            with Vertical(id="table"):
                yield Columns(id="columns")
                yield RunList()
                yield Static("", id="empty")
            yield PreviewPane()

    def on_mount(self) -> None:
        """Draw first, then look into the folder, again and again."""
        configuration, remembered = configuration_of(self.app), remembered_of(self.app)
        restored = remembered.sort if configuration.value("restore", "sort") else ""
        self._order = Order.parse(restored, configuration.value("home", "sort"))
        heading = self.query_one(Columns)
        heading.order = self._order
        self.watch(self.query_one(RunList), "show_vertical_scrollbar", partial(setattr, heading, "has_scrollbar"))
        self.set_class(not configuration.value("home", "preview"), "-hidden-preview")
        self.call_after_refresh(self.action_look)
        self.set_interval(PERIOD, self._look_again)
        self._purge()

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
            read = await asyncio.to_thread(lambda: self._folder.read(self.trainings.all()))
            runs, trouble = self._order.sort(read, LIVE), ""
        except OSError as error:
            runs, trouble = [], error.strerror or str(error)
        finally:
            self._is_looking = False
        if trouble and trouble != self._trouble:
            self.notify(f"{self.root}: {trouble}", title="The folder can't be read", severity="error", markup=False)
        self._trouble = trouble
        if self.query(RunList) and not (self._was_read and runs == self.runs):  # no list once the screen was left
            self.runs, self._was_read = runs, True
            self._seen = None
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

    def action_mark_all(self) -> None:
        """Mark all runs that are listed, or unmark them."""
        self.query_one(RunList).mark_all()
        self._marked()

    def _marked(self) -> None:
        """Take `c` as a key if several runs are marked; otherwise as text."""
        several = len(self.query_one(RunList).marked) > 1
        self.query_one(FilterLine).left = FilterLine.left | ({"c"} if several else set())
        self._tell()
        self._offer_keys()

    def _targets(self) -> list[Summary]:
        """Runs that an action takes: the marked ones, or that under the cursor."""
        runs = self.query_one(RunList)
        if runs.marked:
            return [run for run in self.runs if run.path in set(runs.marked)]
        return [] if runs.chosen is None else [runs.chosen]

    @on(RunList.Chosen)
    def _offer_keys(self) -> None:
        """Offer only keys that apply to the chosen and marked runs."""
        runs = self.query_one(RunList)
        idle = set() if len(runs.marked) > 1 else {"compare"}
        if runs.chosen is None:
            idle |= {"open", "mark", "mark_all", "watch"} if self._was_read else set()
        elif runs.chosen.state == BROKEN:
            idle |= {"watch"}
        if runs.chosen is None:
            idle |= {"rename", "note", "sort", "turn", "preview"} if self._was_read else set()
            idle |= {"delete"} if self._was_read and not runs.marked else set()
        elif not Path(runs.chosen.path).exists():  # of a training that has failed before
            idle |= {"rename", "note"}
        if idle != self._idle:
            self._idle = idle
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.query(RunList):
            return False  # it is being left
        if action == "delete" and any(line.cursor_position < len(line.value) for line in self.query(FilterLine)):
            return False  # there is a letter to delete
        return action not in self._idle

    def action_compare(self) -> None:
        """Compare the marked runs."""
        from seqnlp.tui.screens.compare import CompareScreen

        if not self.query(RunList):
            return  # it is being left
        marked = [run for path in self.query_one(RunList).marked for run in self.runs if run.path == path]
        if len(marked) != 2:
            found = f"{len(marked)} are marked" if marked else "none is marked"
            self.notify(f"Two runs are compared: {found}. Tab marks and unmarks one.", timeout=3)
        elif odd := next((run for run in marked if not run.model_bytes or run.state == BROKEN), None):
            self.notify(f"{odd.name} has no model that could be compared.", severity="warning", markup=False)
        else:
            self._visit(CompareScreen(marked[0], marked[1], self.service))

    def action_watch(self) -> None:
        """Show the curves of the chosen run."""
        chosen = next((runs.chosen for runs in self.query(RunList)), None)
        if chosen is not None and chosen.state != BROKEN:
            self._watch(chosen)

    # order and preview

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._sort(self._order.next())

    def action_turn(self) -> None:
        """Sort the other way round."""
        self._sort(self._order.reversed())

    @on(Columns.Chosen)
    def _column_clicked(self, event: Columns.Chosen) -> None:
        self._sort(self._order.chosen(event.column))

    def _sort(self, order: Order) -> None:
        self._order = self.query_one(Columns).order = order
        remembered_of(self.app).keep(sort=str(order))
        newest = sorted(self.runs, key=lambda run: run.created, reverse=True)
        self.runs = order.sort(newest, LIVE)
        self.query_one(RunList).offer(self.runs)

    def action_preview(self) -> None:
        """Open the preview, or close it."""
        self.toggle_class("-hidden-preview" if self.has_class("-wide") else "-preview")
        self._preview()

    def on_resize(self) -> None:
        self.call_after_refresh(self._preview)

    @on(RunList.Chosen)
    def _preview(self) -> None:
        pane, chosen = self.query_one(PreviewPane), self.query_one(RunList).chosen
        if pane.display and chosen != self._seen:
            self._seen = chosen
            self._read_preview(chosen)

    @work(exclusive=True, group="preview")
    async def _read_preview(self, run: Summary | None) -> None:
        """Read the preview in a thread, once the cursor rests."""
        await asyncio.sleep(PAUSE)
        found = None
        if run is not None:
            training = self.trainings.at(run.name) if run.state == FAILED else None
            found = await asyncio.to_thread(Preview.read, run, training)
        if self.is_open:
            self.query_one(PreviewPane).show(found)

    # changes of runs

    @work(exclusive=True, group="change")
    async def action_delete(self) -> None:
        """Move the marked runs, or that under the cursor, to the trash.

        A training that left no run is forgotten, if the user confirms.
        """
        deleted, now = list[str](), time()
        for run in self._targets():
            if run.state in LIVE:
                self.notify(f"{run.name} is being trained: stop it first.", severity="warning", timeout=4, markup=False)
            elif not Path(run.path).exists():
                await self._forget(run)
            elif await self._change(self._trash.delete, self._name_of(run), now):
                deleted.append(run.name)
        if deleted:
            what = f"{deleted[0]} is" if len(deleted) == 1 else f"{len(deleted)} runs are"
            back = "it" if len(deleted) == 1 else "them"
            self.notify(f"{what} in the trash; undo brings {back} back.", timeout=5, markup=False)

    async def _forget(self, run: Summary) -> None:
        from seqnlp.tui.screens.confirm import ConfirmScreen

        choice = ("f", "forget it", "its message and its settings are gone; the recipe stays")
        if await self.app.push_screen_wait(ConfirmScreen(run.name, f"It failed: {run.problem}", [choice])) == "f":
            await self._change(self.trainings.forget, run.name)

    @work(exclusive=True, group="change")
    async def action_undo(self) -> None:
        """Bring back the runs that were deleted last, together."""
        last = await asyncio.to_thread(self._trash.last)
        if not last:
            self.notify("The trash is empty.", timeout=3)
            return
        back = [(entry.name, name) for entry in last if (name := await self._change(self._trash.restore, entry))]
        renamed = [f"{before} as {name}" for before, name in back if name != before]
        taken = f", {', '.join(renamed)}, for the name was taken" if renamed else ""
        if back:
            what = f"{back[0][0]} is" if len(back) == 1 else f"{len(back)} runs are"
            self.notify(f"{what} back{taken}.", timeout=4, markup=False)

    @work(exclusive=True, group="change")
    async def action_rename(self) -> None:
        """Ask for another name of the run under the cursor."""
        chosen = self.query_one(RunList).chosen
        if chosen is None:
            return
        name = self._name_of(chosen)
        other = await self.app.push_screen_wait(
            AskScreen("Rename", f"Another name for {name}:", name, lambda text: self._name_problem(name, text.strip()))
        )
        if other is not None and other.strip() != name:
            await self._change(rename_run, self.root, name, other.strip(), self.trainings)

    def _name_problem(self, name: str, other: str) -> str:
        try:
            check_name(other)
        except SeqnlpError as error:
            return str(error)
        if len(os.fsencode(other)) > MAX_NAME:
            return f"expected at most {MAX_NAME} bytes, as names of folders have"
        taken = other != name and os.path.lexists(self.root / other)
        return f"{self.root / other}: there is one of this name already" if taken else ""

    @work(exclusive=True, group="change")
    async def action_note(self) -> None:
        """Ask for a note on the run under the cursor."""
        chosen = self.query_one(RunList).chosen
        if chosen is None:
            return
        text = await self.app.push_screen_wait(
            AskScreen("Note", f"A note on {chosen.name}; an empty one removes it:", chosen.note)
        )
        if text is not None and (note := " ".join(text.split())) != chosen.note:
            await self._change(Run(Path(chosen.path)).save_note, note)

    async def _change(self, change: Callable[..., Changed], *given: object) -> Changed | None:
        """Change a run in a thread, and look again; an error is told."""
        try:
            done = await asyncio.to_thread(change, *given)
        except SeqnlpError as error:
            self.notify(str(error), title="Nothing was changed", severity="error", timeout=6, markup=False)
            done = None
        self._look_again()
        return done

    @work(group="purge")
    async def _purge(self) -> None:
        """Remove runs from the trash that were deleted long ago."""
        if purged := await asyncio.to_thread(self._trash.purge):
            names = count_of(purged, "run")
            self.notify(f"Deleted {KEPT_DAYS} days ago, and gone from the trash now: {names}", timeout=6, markup=False)

    def _name_of(self, run: Summary) -> str:
        """Path of a run relative to the folder."""
        return Path(run.path).relative_to(self.root).as_posix()

    def _watch(self, run: Summary) -> None:
        from seqnlp.tui.screens.watch import WatchScreen

        self._visit(WatchScreen(self.trainings, run.name, self.service))

    def content_to_copy(self) -> str:
        return "\n".join(run.path for run in self._targets())

    def export_formats(self) -> dict[str, Callable[[], str]]:
        runs = self.query_one(RunList)
        listed = self._targets() if runs.marked else runs.shown
        return {".csv": lambda: csv_of(listed), **super().export_formats()}

    def _tell(self) -> None:
        shown, count = len(self.query_one(RunList).shown), len(self.runs)
        listed = f"{shown} of {count}" if shown != count else f"{count} run{'s' if count != 1 else ''}"
        marked = len(self.query_one(RunList).marked)
        self.query_one("#count", Static).update(f"{marked} marked · {listed}" if marked else listed)
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
