"""Generate: text streams in as it is sampled. Stop it anywhere, see what else could have come, take that instead."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from random import SystemRandom
from typing import TYPE_CHECKING, Any, ClassVar, final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from seqnlp.errors import SeqnlpError
from seqnlp.service.client import ModelService
from seqnlp.tui.dialling import DIALS, defaults
from seqnlp.tui.saving import save_samples
from seqnlp.tui.screens.base import RunScreen
from seqnlp.tui.session import Session, unknown_in_words
from seqnlp.tui.widgets.dials import Dials
from seqnlp.tui.widgets.odds import Odds
from seqnlp.tui.widgets.prompt import Prompt
from seqnlp.tui.widgets.texts import Texts
from seqnlp.tui.widgets.token_view import TokenView

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary

FRAMES = 15
"""Pictures a second while text streams in."""
PATIENCE = 0.12
"""Seconds for which a dial that is being turned, or a cursor that moves, is waited for."""


@final
class GenerateScreen(RunScreen):
    """A prompt above, texts below, dials and alternatives beside."""

    HELP = (
        "Enter lets the model go on from the prompt, token by token; ^j begins a new line of the prompt, as does "
        "shift+enter where the terminal can tell it. The likelier a token was the calmer its colour; surprising ones "
        "are warm, or underlined where there is no colour. Space stops all, and goes on with the text in focus. The "
        "arrows move over the tokens: beside the text stands what else could have come, and a digit takes it. From "
        "there the text is written anew; u brings the old one back. Dials work while text is written. Samples are one "
        "batch, the same as of seqnlp generate --samples; stopped or steered, each goes on by itself, more slowly. "
        "Only the last 200,000 characters can be looked at; saving keeps all."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "stop_or_go", "stop, go"),
        Binding("n", "again", "anew"),
        *(Binding(str((n + 1) % 10), f"take({n})", "take that token", show=False) for n in range(10)),
        Binding("u,ctrl+z", "undo", "undo", key_display="u"),
        Binding("s,ctrl+s", "save", "save"),
        Binding("p,slash", "focus('#prompt')", "prompt", key_display="p", show=False),
        Binding("d", "focus('Dials')", "settings", show=False),
    ]

    DEFAULT_CSS = """
    GenerateScreen {
        #line { height: auto; padding: 1 2; }
        #line > Static { width: 2; color: $accent; }
        #body { height: 1fr; }
        #side { width: 30; height: 1fr; padding: 0 2 0 1; border-left: solid $faint; }
        #side > .title { color: $primary; text-style: bold; height: 1; }
        #side > #odds-title { margin-top: 1; }
        #status { height: 1; padding: 0 2; color: $muted; }
        &.-wide #side { width: 42; padding: 0 3 0 2; }
        &.-narrow {
            #body { layout: vertical; }
            #side { width: 1fr; height: 5; border-left: none; border-top: solid $faint; padding: 0 2; }
            #side > .title { display: none; }
            Dials { height: 4; }
            Odds { display: none; }
        }
        &.-narrow.-looking { Odds { display: block; } Dials { display: none; } }
    }
    """

    def __init__(self, run: Summary, service: ModelService) -> None:
        super().__init__(run, service)
        self.settings = defaults()
        self.session = Session("", 1, 0)
        self._begun = False
        self._checked = ""

    def body(self) -> ComposeResult:
        """The prompt, the texts and what stands beside them."""
        with Horizontal(id="line"):
            yield Static("❯")
            yield Prompt("how shall it begin? enter writes on", id="prompt", select_on_focus=True)
        with Horizontal(id="body"):
            yield Texts(self.session.writings[0])
            with Vertical(id="side"):
                yield Static("sampling", classes="title")
                yield Dials(DIALS, self.settings)
                yield Static("instead", classes="title", id="odds-title")
                yield Odds()
        yield Static("", id="status", markup=False)

    def on_mount(self) -> None:
        """Have the model loaded while the prompt is typed."""
        self._frames = self.set_interval(1 / FRAMES, self._draw, pause=True)
        self.open_run()
        self._draw()

    @property
    def views(self) -> list[TokenView]:
        """The texts, from left to right."""
        return self.query_one(Texts).views

    @property
    def view(self) -> TokenView:
        """The text that has the focus, or had it last."""
        views = self.views
        return next((view for view in views if view.has_focus), views[min(self.session.current, len(views) - 1)])

    @on(Prompt.Submitted)
    async def action_again(self) -> None:
        """Write anew from the prompt."""
        self._stop()
        self._begun = True
        self.session.close()
        seed = SystemRandom().randrange(10**6) if self.settings["seed"] is None else self.settings["seed"]
        self.session = Session(self.query_one(Prompt).text, self.settings["samples"], seed)
        await self._lay_out()
        self._warn(self.session.prompt)
        self.views[0].focus()
        if self.settings["temperature"]:
            self._write_all()
        else:  # all the same: no batch is made of these
            for number in range(len(self.session.writings)):
                self._write(number, self.settings["length"])

    @work(exclusive=True, group="warn")
    async def _warn(self, prompt: str) -> None:
        """Say what of the prompt the model has never seen."""
        if not prompt or prompt == self._checked:
            return
        self._checked = prompt
        with self.telling():
            if unknown := await self.ask("unknown", text=prompt):
                self.notify(unknown_in_words(unknown), title="Unknown to this model", severity="warning", markup=False)

    def action_stop_or_go(self) -> None:
        """Stop all texts, or go on with the one that has the focus."""
        if self.session.busy:
            self._stop()
        elif self._begun:
            view = self.view
            view.action_follow()
            self._write(self.views.index(view), self.settings["length"])

    @work(group="write")
    async def _write_all(self) -> None:
        """Let all texts grow from the prompt, in one batch."""
        await self._grow(range(len(self.session.writings)), self.session.begin_all(self.settings))

    @work(group="write")
    async def _write(self, number: int, length: int) -> None:
        """Let one text grow."""
        await self._grow([number], self.session.begin(number, length, self.settings))

    async def _grow(self, numbers: Sequence[int], asked: dict[str, Any]) -> None:
        """Add what comes until it is long enough or somebody stops it; sample n of it belongs to text `numbers[n]`."""
        session = self.session
        self._frames.resume()
        try:
            with self.telling():
                async with aclosing(self.stream("generate", **asked)) as parts:
                    async for part in parts:
                        session.add(numbers[part["sample"]], part)
        finally:
            session.end(numbers)
            if session is self.session and self.is_open:
                self._draw()

    def _stop(self) -> None:
        self.workers.cancel_group(self, "write")
        self.session.stop()

    @on(Dials.Turned)
    async def _turned(self, event: Dials.Turned) -> None:
        if event.name == "samples":
            if not self.session.busy:
                self.session.resize(self.settings["samples"])
                await self._lay_out()
        elif self.session.busy:
            self._steer()
        self._draw()

    @work(exclusive=True, group="steer")
    async def _steer(self) -> None:
        """Go on under other settings with what is being written."""
        await asyncio.sleep(PATIENCE)
        left = self.session.left(self.settings["length"])
        self._stop()
        for number, tokens in left.items():
            if tokens > 0:
                self._write(number, tokens)

    @on(TokenView.CursorMoved)
    def _moved(self, event: TokenView.CursorMoved) -> None:
        self.session.current = self.views.index(event.view)
        self.set_class(event.view.cursor is not None, "-looking")
        self._look(event.view)
        self._draw()

    @work(exclusive=True, group="look")
    async def _look(self, view: TokenView) -> None:
        """Ask what could have stood under the cursor."""
        odds, token = self.query_one(Odds), view.cursor
        if token is None:
            odds.tell(())
            return
        await asyncio.sleep(PATIENCE / 2)
        begin, end = view.writing.span(token)
        with self.telling():
            found = await self.ask("next", text=view.writing.context(begin), most=20)
            odds.tell(
                [(text, logprob) for text, logprob in found],
                (view.writing.text[begin:end], view.writing.logprob(token)),
            )

    def action_take(self, number: int) -> None:
        """Take the token of that number instead of the one under the cursor."""
        self.query_one(Odds).take(number)

    @on(Odds.Taken)
    def _take(self, event: Odds.Taken) -> None:
        view = self.view
        if view.cursor is None:
            return
        self._stop()
        view.writing.branch(view.cursor, event.text, event.logprob)
        view.focus()
        view.action_follow()
        self._write(self.views.index(view), self.settings["length"])

    def action_undo(self) -> None:
        """Bring back what the last branching took away."""
        self._stop()
        view = self.view
        place = view.writing.undo()
        if place is None:
            self.notify("There is no branching to undo.", timeout=2)
            return
        view.place(view.writing.token_at(place))
        view.grew()
        self._draw()

    def action_save(self) -> None:
        """Save the texts with all that made them."""
        session = self.session
        if not self._begun:
            self.notify("There is nothing to save yet.", timeout=2)
            return
        try:
            file = save_samples(self.run.path, session.prompt, self.settings, session.writings, session.turns)
        except SeqnlpError as error:
            self.notify(str(error), title="Not saved", severity="error", markup=False)
        else:
            self.notify(f"{file} and .json beside it", title="Saved", markup=False)

    def content_to_copy(self) -> str:
        """The text that has the focus."""
        return self.view.writing.whole()

    def action_leave(self) -> None:
        """Step by step: stop writing, leave the cursor, leave the screen."""
        view = self.view
        if self.session.busy:
            self._stop()
            self._draw()
        elif view.cursor is not None:
            view.action_follow()
        else:
            self.app.pop_screen()

    async def on_unmount(self) -> None:
        """Nothing goes on for a screen that is gone."""
        self._stop()
        self.session.close()

    async def _lay_out(self) -> None:
        """A view for each text."""
        await self.query_one(Texts).show(self.session.writings)
        self.query_one(Odds).tell(())

    def _draw(self) -> None:
        """What has changed since the last frame."""
        for number, view in enumerate(self.views):
            view.busy = self.session.is_busy(number)
            view.grew()
        self.query_one("#status", Static).update(self.session.describe(self.views.index(self.view)))
        if not self.session.busy:
            self._frames.pause()
