"""Compare: two runs, the same input, side by side."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar, final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from seqnlp.service.client import ModelService
from seqnlp.tui import comparing
from seqnlp.tui.beginning import beginning, left_out
from seqnlp.tui.duet import Duet
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.screens.live import PATIENCE
from seqnlp.tui.widgets.prompt import Prompt
from seqnlp.tui.widgets.sides import Sides
from seqnlp.tui.widgets.token_view import TokenView

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary

FRAMES = 20
"""Pictures a second while text streams in."""

INVITATIONS = {
    "lm": "how shall it begin? enter writes on",
    "tag": "a sentence to tag",
    "classify": "a text to classify",
    "translate": "a sentence to translate",
}
"""What can be compared: the tasks, and what is asked for."""


@final
class CompareScreen(BaseScreen):
    """A line to type into, what both runs make of it, and their scores."""

    HELP = (
        "Two runs are given the same input. Language models go on from the same prompt with the same seed; tags stand "
        "one above the other, classes side by side. What differs is underlined and has the sign ≠. Enter writes, and "
        "leads from the line to the texts: there space stops and goes on, n takes the next seed, + and - change the "
        "temperature, p leads back to the line. F2 swaps the sides, page up and down scroll through tags and classes. "
        "Prompts and texts to classify may have several lines (^j); of sentences to tag or translate, that with the "
        "cursor is taken."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "stop_or_go", "stop, go"),
        Binding("n", "again", "next seed"),
        Binding("plus,equals_sign", "warm(1)", "warmer", key_display="+"),
        Binding("minus", "warm(-1)", "colder", key_display="-", show=False),
        Binding("p,slash", "focus('#input')", "prompt", key_display="p", show=False),
        Binding("f2", "swap", "swap"),
        Binding("pageup", "read(-1)", "answer above", show=False, priority=True),
        Binding("pagedown", "read(1)", "answer below", show=False, priority=True),
        Binding("escape", "leave", "back"),
    ]

    DEFAULT_CSS = """
    CompareScreen {
        #line { height: auto; padding: 1 2; }
        #line > Static { width: 2; color: $accent; }
        .text { height: 1fr; padding: 0 1; }
        #answer { height: 1fr; padding: 0 2; scrollbar-size-vertical: 1; }
        #answer > Static { width: 100%; height: auto; }
        #scores { height: auto; max-height: 9; padding: 0 2; border-top: solid $faint; }
        #status { height: 1; padding: 0 2; color: $muted; }
        &.-narrow {
            #line { padding: 1 1 0 1; }
            #scores, #status, #answer { padding: 0 1; }
            #scores { max-height: 5; }
        }
    }
    """

    def __init__(self, left: Summary, right: Summary, service: ModelService) -> None:
        super().__init__(f"{left.name}  ⇄  {right.name}", service)
        self.runs = (left, right)
        self.text, self.cursor = "", (0, 0)
        """The text to begin with, and the row and the column of the cursor in it."""
        self.verb = left.task if left.task == right.task and left.task in INVITATIONS else ""
        """What both do; empty if there is nothing that both can be asked."""
        self.duet = Duet()
        self._found: tuple[Any, Any] | None = None

    def body(self) -> ComposeResult:
        """The line, the answers, the scores."""
        with Horizontal(id="line"):
            yield Static("❯")
            invitation, by_line = INVITATIONS.get(self.verb, "nothing to ask"), self.verb in ("tag", "translate")
            line = Prompt(invitation, id="input", select_on_focus=self.verb == "lm", by_line=by_line)
            line.disabled = not self.verb
            yield line
        if self.verb == "lm":
            yield Sides(*map(TokenView, self.duet.writings))
        elif self.verb == "translate":
            yield Sides(*(Static("", classes="text", markup=False) for _ in self.runs))
        else:
            with VerticalScroll(id="answer", can_focus=False):
                yield Static("" if self.verb else comparing.no_question(*self.runs), markup=False)
        yield Static("", id="scores", markup=False)
        yield Static("", id="status", markup=False)

    def on_mount(self) -> None:
        """Have both models loaded while the input is typed."""
        line = self.query_one(Prompt)
        line.text = self.text
        line.move_cursor(self.cursor)
        self._frames = self.set_interval(1 / FRAMES, self._draw, pause=True)
        if self.verb:
            self._open()
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Tables are as wide as there is room."""
        width = self.size.width - (2 if self.size.width < 60 else 4)
        most = 4 if self.size.height < 30 else 8
        self.query_one("#scores", Static).update(comparing.scores_beside(self.runs, width, most))
        self.call_after_refresh(self._draw)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What only makes sense where text is written is not offered elsewhere."""
        if action == "read":
            return self.verb in ("tag", "classify")
        return self.verb == "lm" or action not in ("stop_or_go", "again", "warm", "focus")

    @work
    async def _open(self) -> None:
        with self.telling():
            for run in self.runs:
                await self.service.ask("load", run.path, {})

    # answers at once

    @on(Prompt.Edited)
    def _changed(self) -> None:
        if self.verb and self.verb != "lm":
            self._answer()

    @work(exclusive=True, group="answer")
    async def _answer(self) -> None:
        """Ask both what they make of the line."""
        await asyncio.sleep(PATIENCE)
        if not self.is_open:
            return
        whole = self.query_one(Prompt).chosen
        text = whole if self.verb == "translate" else beginning(whole)
        key = {"tag": "sentences", "classify": "texts", "translate": "texts"}[self.verb]
        with self.telling():
            left, right = [await self.service.ask(self.verb, run.path, {key: text}) for run in self.runs]
            self._found = (left, right) if text.strip() else None
            self._draw()
            notice = left_out(whole) if text != whole else ""
            self.query_one("#status", Static).update(Content.styled(notice, "$warning"))

    # text that is written

    @on(Prompt.Submitted)
    def _submitted(self) -> None:
        if self.verb == "lm":
            self._begin()

    def action_again(self) -> None:
        """Both write anew, with the next seed."""
        self._begin(seed=self.duet.seed + 1)

    def action_warm(self, by: int) -> None:
        """Both write anew, at another temperature."""
        self._begin(temperature=round(min(max(self.duet.temperature + 0.1 * by, 0.0), 2.0), 1))

    def action_stop_or_go(self) -> None:
        """Stop both, or let both go on."""
        if self.duet.busy:
            self._stop()
        elif self.duet.has_begun:
            self._write_both()
        self._draw()

    def action_swap(self) -> None:
        """Left becomes right."""
        self._stop()
        line = self.query_one(Prompt)
        swapped = CompareScreen(self.runs[1], self.runs[0], self.service)
        swapped.text, swapped.cursor = line.text, line.cursor_location
        self.app.switch_screen(swapped)

    def action_read(self, by: int) -> None:
        """Scroll through the answer, for the line keeps the focus."""
        answer = self.query_one("#answer", VerticalScroll)
        (answer.scroll_page_up if by < 0 else answer.scroll_page_down)(animate=False)

    def _begin(self, seed: int | None = None, temperature: float | None = None) -> None:
        """Both write anew from the prompt."""
        before = self.duet
        self._stop()
        before.close()
        prompt = self.query_one(Prompt).text
        self.duet = Duet(
            prompt,
            before.seed if seed is None else seed,
            before.temperature if temperature is None else temperature,
        )
        views = list(self.query(TokenView))
        for view, writing in zip(views, self.duet.writings, strict=True):
            view.show_writing(writing)
        if not any(view.has_focus for view in views):
            views[0].focus()
        self._write_both()

    def _write_both(self) -> None:
        for number in (0, 1):
            self._write(number)
        self._frames.resume()

    @work(group="write")
    async def _write(self, number: int) -> None:
        """Let one of the texts grow."""
        duet = self.duet
        settings = duet.begin(number)
        try:
            with self.telling():
                async with aclosing(self.service.stream("generate", self.runs[number].path, settings)) as parts:
                    async for part in parts:
                        duet.add(number, part)
        finally:
            duet.busy.discard(number)
            if duet is self.duet:
                self._draw()

    def _stop(self) -> None:
        self.workers.cancel_group(self, "write")
        self.duet.stop()

    # leaving, drawing

    def content_to_copy(self) -> str:
        """Both answers."""
        if self.verb == "lm":
            both = zip(self.runs, self.duet.writings, strict=True)
            return "\n\n".join(f"{run.name}:\n{text.whole()}" for run, text in both)
        if self.verb == "translate":
            return "\n".join(found["text"] for found in self._found or ())
        return self._answers().plain if self._found else ""

    def action_leave(self) -> None:
        """Step by step: stop writing, leave the screen."""
        if self.duet.busy:
            self._stop()
            self._draw()
        else:
            self.app.pop_screen()

    def on_unmount(self) -> None:
        """Nothing goes on for a screen that is gone."""
        self._stop()
        self.duet.close()

    def _draw(self) -> None:
        if not self.is_open:
            return
        if self.verb == "lm":
            for number, view in enumerate(self.query(TokenView)):
                view.busy = number in self.duet.busy
                view.grew()
        elif self.verb == "translate":
            left, right = ("", "") if self._found is None else (found["text"] for found in self._found)
            both = comparing.texts_beside(left, right)
            for text, content in zip(self.query(".text").results(Static), both, strict=True):
                text.update(content)
        elif self.verb in ("tag", "classify"):
            self.query_one("#answer > Static", Static).update(self._answers())
        for sides in self.query(Sides):
            sides.head(self._heading(0), self._heading(1))
        if self.verb == "lm":
            self.query_one("#status", Static).update(
                f"seed {self.duet.seed}  ·  temperature {self.duet.temperature:.1f}"
            )
        if not self.duet.busy:
            self._frames.pause()

    def _answers(self) -> Content:
        if self._found is None:
            return Content.styled("What you type is answered by both at once.", "$muted")
        names = (self.runs[0].name, self.runs[1].name)
        width = self.size.width - (3 if self.size.width < 60 else 5)
        if self.verb == "classify":
            return comparing.classes_beside(self._found, names, width)
        return comparing.tags_beside(self._found, names, width, comparing.same_kind_of_tags(self.runs))

    def _heading(self, number: int) -> Content:
        """The name of a run, and what is known of its text."""
        name = (self.runs[number].name, f"bold {(comparing.LEFT, comparing.RIGHT)[number]}")
        return Content.assemble(name, (f"   {self.duet.describe(number)}" if self.verb == "lm" else "", "$muted"))
