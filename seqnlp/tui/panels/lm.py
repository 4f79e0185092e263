"""Language model panel: text streams in as it is sampled, and branches at any token."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from typing import Any, ClassVar, Self, final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from seqnlp.errors import SeqnlpError, UsageError
from seqnlp.generation.export import Colours, to_html, to_svg
from seqnlp.generation.presets import SHIPPED, presets, save_preset
from seqnlp.generation.settings import biases_text, parse_biases, strings_text
from seqnlp.generation.sweep import RUN, Sweep, cells_of, title_of
from seqnlp.generation.tree import MAX_NAME
from seqnlp.run.summary import Summary
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.load import Configuration
from seqnlp.tui.errors import notify_errors
from seqnlp.tui.history import TEXT, Entry, Found
from seqnlp.tui.panels.base import TaskPanel
from seqnlp.tui.screen_buffer import buffer_of
from seqnlp.tui.session import MAX_SAMPLES, STEERING, Session, search_request, unknown_in_words
from seqnlp.tui.themes import PAPER
from seqnlp.tui.widgets.alternatives import Alternatives
from seqnlp.tui.widgets.branches import Branches
from seqnlp.tui.widgets.prompt import Prompt
from seqnlp.tui.widgets.run_list import when
from seqnlp.tui.widgets.samples import Samples, SampleTabs
from seqnlp.tui.widgets.settings_panel import ENDLESS, Setting, SettingsPanel, defaults, steps
from seqnlp.tui.widgets.surprise import SurpriseCurve
from seqnlp.tui.widgets.token_view import Legend, TokenView, tints

FRAMES = 15
"""Frames a second while text streams in, at most."""

PAUSE = 0.12
"""Seconds to wait while a setting is being turned, or a cursor moves."""

TOP_K = (None, 1, 2, 3, 5, 10, 20, 40, 60, 100, 200, 500)
TOP_P = (None, *steps(0.05, 0.95, 0.05), 0.98, 0.99)
MIN_P = (None, *steps(0.01, 0.1, 0.01), *steps(0.15, 0.5, 0.05))
WINDOWS = (None, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
BEAMS = (None, 1, 2, 3, 5, 10, 20, 50, 100)
LENGTHS = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, ENDLESS)

SAMPLING_SETTINGS = (
    Setting("temperature", "temperature", 0.8, steps(0, 2, 0.05), tip="under 1 the likely becomes likelier; 0: greedy"),
    Setting("top_k", "top-k", None, TOP_K, "off", True, "among so many of the likeliest"),
    Setting("top_p", "top-p", None, TOP_P, "off", tip="among the likeliest that together have this probability"),
    Setting("min_p", "min-p", None, MIN_P, "off", tip="among those this many times as likely as the likeliest"),
    Setting("repetition_penalty", "repetition", 1.0, steps(1, 2, 0.05), tip="above 1, repetitions become less likely"),
    Setting("seed", "seed", None, (None, *range(100)), "any", True, "the same seed, the same text"),
    Setting("length", "length", 500, LENGTHS, "", True, "tokens to write, at most"),
    Setting("samples", "samples", 1, tuple(range(1, 7)), "", True, "texts side by side", bounded=True),
)

STEERING_SETTINGS = (
    Setting("repetition_window", "window", None, WINDOWS, "all", True, "latest tokens to which the repetition applies"),
    Setting("beams", "beams", None, BEAMS, "off", True, "search for the likeliest text with so many beams"),
    Setting("stop", "stop", None, (), "none", tip="strings that end the text", is_line=True),
    Setting("ban", "ban", None, (), "none", tip="strings that never occur", is_line=True),
    Setting("bias", "bias", None, (), "none", tip="added to the logits of tokens", is_line=True),
    Setting("pattern", "pattern", None, (), "none", tip="regular expression that the text matches", is_line=True),
)

HINTS = {
    "stop": "Strings that end the text, with commas between them; \\n is a line break.",
    "ban": "Strings that never occur in the text, with commas between them; \\n is a line break.",
    "bias": "Added to the logits of tokens, such as e=-2.5, q=4; a word has the blank before it.",
    "pattern": "Regular expression that all after the prompt matches, such as ( \\w+){5}\\.",
}
"""Explanations of the lines of text."""

INFLUENCE = "how much earlier tokens matter to the one under the cursor"

PAPER_COLOURS = {**PAPER.variables, "background": PAPER.background or "", "primary": PAPER.primary}
"""Colours of an export where the terminal has none."""

READ_BACK = 1_000
"""Characters before a token in which those with influence are looked for."""

GRID_HINT = (
    "A text for each value: temperature 0.4 .. 1.2 5, or top_k off, 5, 20; two sweeps with a semicolon between them. "
    f"Up to {MAX_SAMPLES} texts; run a, b takes other runs of this folder. An empty line ends the grid."
)

LEGEND_WIDTH = 80
"""Columns of a comparison from which its status has room for a legend."""

CHOOSE = "choose an alternative: the text goes on from there"

BROAD = 160
"""Columns from which the tree stands beside the text instead of below it."""

HIGH = 40
"""Lines from which steering stands beside the text without being asked for."""

PRESET = "preset"

MOST_SAMPLES = 6
"""Samples of one batch, at most; a grid may have more cells."""

FIRST_SWEEP = "temperature 0.3 .. 1.2 4"
"""Sweep that is offered at first."""

SINGLE = {
    *("keep", "sweep", "steering", "settings", "again", "take", "undo", "redo", "save"),
    *("regenerate", "edit", "branches", "walk", "influence", "find_text", "save_preset"),
}
"""Actions that comparisons do not have."""

COMPARISON_SETTINGS = {"temperature": 0.8, "length": 600}
"""Sampling of two models, which have the same seed."""


@final
class LmPanel(TaskPanel):
    """A prompt above, texts below, settings and alternatives beside; or a text of each of two models."""

    HELP = (
        "Enter lets the model go on from the prompt, token by token; ^j begins a new line of the prompt, as does "
        "shift+enter where the terminal can tell it. A token is tinted by the probability that this model gave it: "
        "calm if the model expected it, warm if it came as a surprise, or underlined where there is no colour. "
        "Another model is surprised by other tokens. Space stops all, and goes on with the text in focus. The "
        "arrows move over the tokens: beside the text stands what else could have come, with the model's probability "
        "and the one with which your settings draw it, and a digit takes it. i shows how much the earlier tokens "
        "mattered to the one under the cursor: gradient times input. f finds a text, shift+arrows and the mouse "
        "select, c copies, x exports the text with its tints.\n\n"
        "Another token, another word (e) and writing anew from the cursor (g) each begin a branch. t shows the tree of "
        "all branches: enter shows one, r names it, m marks it, x deletes it with what leaves it; [ and ] walk "
        "through them, u undoes, U redoes. w sweeps a setting: a text for each value, in one batch, and enter keeps "
        "one of them. o leads to steering: presets, strings that end the text or never occur, bias, a pattern that "
        "the text matches, beams; P saves the settings as a preset. Settings work "
        "while text is written. Samples are one batch, the same as of seqnlp "
        "generate --samples; stopped or steered, each goes on by itself, more slowly; where there is no room for all, "
        "tab goes from one to the next. The last 200,000 characters of a text are kept, and a million of all "
        "branches; seqnlp generate --replay writes a saved file again.\n\n"
        "n and enter begin another text, but the old one is not lost: h, or ^r in the prompt, lists the earlier texts "
        "and prompts; up and down in the prompt lead through the prompts. A run that is opened again shows its last "
        "text. Esc goes back to the text first, and then leaves."
    )
    COMPARE_HELP = (
        "Two language models go on from the same prompt with the same seed; the prompt may have several lines (^j). "
        "Enter writes, and leads from the line to the texts: there space stops and goes on, n takes the next seed, + "
        "and - change the temperature, p leads back to the line, h lists earlier texts. "
        "F2 swaps the sides."
    )

    BINDINGS: ClassVar[list[BindingType]] = named(
        "generate",
        Binding("d,f2", "settings", "settings", tooltip="settings of sampling"),  # f2 where d is typed as text
        Binding("1", "take(0)", "choose", key_display="1…0", tooltip=CHOOSE),
        *(Binding(str((n + 1) % 10), f"take({n})", "choose", show=False, tooltip=CHOOSE) for n in range(1, 10)),
        Binding("space", "stop_or_go", "stop, go"),
        Binding("w,f6", "sweep", "sweep", key_display="w", tooltip="a text for each value of a setting", show=False),
        Binding("o,f5", "steering", "steer", key_display="o", tooltip="stop, ban, bias, pattern, presets", show=False),
        Binding("P", "save_preset", "save preset", show=False, tooltip="the settings under a name of your own"),
        Binding("n", "again", "anew", tooltip="anew from the prompt"),
        Binding("enter", "keep", "keep this", tooltip="this text alone; the others stay in the tree"),
        Binding("n", "next_seed", "next seed"),
        Binding("plus,equals_sign", "warm(1)", "warmer", key_display="+"),
        Binding("minus", "warm(-1)", "colder", key_display="-", show=False),
        Binding("u,ctrl+z", "undo", "undo", key_display="u"),
        Binding("U,ctrl+y", "redo", "redo", key_display="U", show=False),
        Binding(
            "g", "regenerate", "write anew from here", show=False, tooltip="a branch; without a cursor from the prompt"
        ),
        Binding("e", "edit", "edit the word", show=False, tooltip="a branch with another word, written on from there"),
        Binding("f,f9", "find_text", "find", key_display="f", show=False, tooltip=". and , lead to the next place"),
        Binding("c", "screen.copy_text", "copy", show=False, tooltip="the selection, or all; shift+arrows select"),
        Binding("x", "screen.export", "export", show=False, tooltip="the text with its tints, as HTML or SVG"),
        Binding("i,f7", "influence", "influence", key_display="i", show=False, tooltip=INFLUENCE),
        Binding("t,f4", "branches", "tree", tooltip="all branches of the text"),
        Binding("left_square_bracket", "walk(-1)", "branch before", key_display="[", show=False),
        Binding("right_square_bracket", "walk(1)", "branch after", key_display="]", show=False),
        Binding("s,ctrl+s", "save", "save"),
        Binding("h,ctrl+r", "earlier", "history"),
        Binding("p,slash", "focus_on('#prompt')", "prompt", key_display="p", show=False),
        Binding("tab", "sample(1)", "next sample", show=False),
        Binding("shift+tab", "sample(-1)", "sample before", show=False),
    )

    SCOPED_CSS: ClassVar[bool] = False

    DEFAULT_CSS = """
    LmPanel #body { height: 1fr; }
    LmPanel #side { width: 30; height: 1fr; padding: 0 2 0 1; border-left: solid $faint; }
    LmPanel #side > .title { padding: 0; }
    LmPanel #side > #alternatives-title, LmPanel Legend { margin-top: 1; }
    .-short LmPanel.-looking Legend { display: none; }
    .-short LmPanel.-looking.-influence Legend { display: block; }
    .-wide LmPanel #side { width: 42; padding: 0 3 0 2; }
    LmPanel SurpriseCurve { display: none; }
    .-wide.-tall LmPanel SurpriseCurve { display: block; margin-top: 1; }
    LmPanel #steering { height: 7; }
    LmPanel #steering-title { margin-top: 1; }
    LmPanel #steering, LmPanel #steering-title { display: none; }
    .-wide LmPanel.-high #steering, .-wide LmPanel.-high #steering-title { display: block; }
    LmPanel.-steering #steering, LmPanel.-steering #steering-title { display: block; }
    .-narrow LmPanel.-steering #steering { height: 4; }
    .-narrow LmPanel.-steering #side > SettingsPanel { display: none; }
    .-narrow LmPanel.-steering #side > #steering { display: block; }
    .-narrow LmPanel.-steering #side > Alternatives { display: none; }
    LmPanel #middle { width: 1fr; height: 1fr; }
    LmPanel #tree { display: none; height: 9; border-top: solid $faint; }
    LmPanel #tree > .title { padding: 0 2; }
    LmPanel Branches { padding: 0 1; }
    .-wide.-tall LmPanel #tree, LmPanel.-tree #tree { display: block; }
    .-wide LmPanel.-broad #middle { layout: horizontal; }
    .-wide LmPanel.-broad #tree { width: 46; height: 1fr; border-top: none; border-left: solid $faint; }
    .-narrow LmPanel #body { layout: vertical; }
    .-narrow LmPanel #side {
        width: 1fr; height: 6; border-left: none; border-top: solid $faint; padding: 0 2;
    }
    .-narrow LmPanel #side > Legend { display: block; height: 1; margin: 0; }
    .-narrow LmPanel #side > .title { display: none; }
    .-narrow LmPanel SettingsPanel { height: 4; }
    .-narrow LmPanel Alternatives { display: none; }
    .-narrow LmPanel.-looking Alternatives { display: block; }
    .-narrow LmPanel.-looking SettingsPanel { display: none; }
    .-narrow LmPanel.-turning #side > SettingsPanel { display: block; }
    .-narrow LmPanel.-turning #side > #steering { display: none; }
    .-narrow LmPanel.-turning #side > Alternatives { display: none; }
    """

    def __init__(self, runs: Sequence[Summary], service: ModelService) -> None:
        super().__init__(runs, service)
        self._presets: dict[str, dict[str, Any]] = {name: dict(preset) for name, preset in SHIPPED.items()}
        self.settings: dict[str, Any] = dict(COMPARISON_SETTINGS)
        if not self.is_comparison:
            self._read_presets()
            self.settings = defaults((*SAMPLING_SETTINGS, self._preset_setting, *STEERING_SETTINGS))
        self.session = Session("", len(runs), 1, same_seed=self.is_comparison)
        self._has_begun = False
        self._checked = self._sweep_text = self._sought = ""
        self._file, self._before = self.earlier.name_for(), ""
        """File of the text in the history, and the file of the text that it continues."""
        self._kept: object = self.session.version
        self._saving: Future[None] | None = None
        self._restored: tuple[object, str] = (None, "")
        """Version of a restored text, and the time of its last change in words."""

    def configure(self, configuration: Configuration) -> None:
        if not self.is_comparison:
            self.settings |= configuration.section("generate")

    def _read_presets(self) -> None:
        """Read the user's presets; a fault in their file is told."""
        try:
            self._presets = presets()
        except SeqnlpError as error:
            self.earlier.notes.append(f"Your presets are not read: {error}")

    @property
    def _preset_setting(self) -> Setting:
        return Setting(PRESET, "preset", "none", ("none", *self._presets), tip="settings of a name")

    def compose(self) -> ComposeResult:
        with Horizontal(id="line"):
            yield Static("❯", classes="sign")
            yield Prompt("how shall it begin? enter writes on", id="prompt", select_on_focus=True)
        if self.is_comparison:
            yield self.side_by_side([TokenView(buffer, False) for buffer in self.session.buffers])
        else:
            with Horizontal(id="body"):
                with Vertical(id="middle"):
                    yield Samples(self.session.buffers[0])
                    with Vertical(id="tree"):
                        yield Static("tree", classes="title")
                        yield Branches()
                with Vertical(id="side"):
                    yield Static("sampling", classes="title")
                    yield SettingsPanel(SAMPLING_SETTINGS, self.settings, id="settings")
                    yield Static("steering", classes="title", id="steering-title")
                    yield SettingsPanel((self._preset_setting, *STEERING_SETTINGS), self.settings, 16, id="steering")
                    yield Static("instead", classes="title", id="alternatives-title")
                    yield Alternatives()
                    yield SurpriseCurve()
                    yield Legend()
        yield Static("", id="status", markup=False)

    def on_mount(self) -> None:
        self._frames = self.set_interval(1 / FRAMES, self._draw_frame, pause=True)
        self.load()
        self._draw()

    @property
    def views(self) -> list[TokenView]:
        """The texts, from left to right."""
        return list(self.query(TokenView))

    @property
    def view(self) -> TokenView:
        """The text that has the focus, or had it last."""
        views = self.views
        return next((view for view in views if view.has_focus), views[min(self.session.current, len(views) - 1)])

    @property
    def prompt_line(self) -> Prompt:
        return self.query_one(Prompt)

    def take_input(self, other: Self) -> None:
        self._was_given = True
        text = other.query_one(Prompt).text
        self.call_later(lambda: self.query_one(Prompt).load_text(text))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "take" and not self.has_class("-looking"):
            return False
        if action == "sample":
            return isinstance(parameters[0], int) and self._next_sample(parameters[0]) is not None
        if action == "keep":
            return not self.is_comparison and len(self.session.buffers) > 1 and any(v.has_focus for v in self.views)
        if action in SINGLE:
            return not self.is_comparison
        return self.is_comparison or action not in ("next_seed", "warm")

    # writing

    @on(Prompt.Submitted)
    async def action_again(self) -> None:
        """Write from the prompt again."""
        if self.is_comparison:
            await self._begin(self.session.seed)
        else:
            seed = self.settings["seed"]
            await self._begin(SystemRandom().randrange(10**6) if seed is None else seed)

    async def action_next_seed(self) -> None:
        """Let both write again, with the next seed."""
        await self._begin(self.session.seed + 1)

    async def action_warm(self, by: int) -> None:
        """Let both write again, at another temperature."""
        self.settings["temperature"] = round(min(max(self.settings["temperature"] + 0.1 * by, 0.0), 2.0), 1)
        await self._begin(self.session.seed)

    def action_stop_or_go(self) -> None:
        """Stop all texts; or continue the one that has the focus, or both."""
        if self.session.busy:
            self._stop()
        elif self.is_comparison:
            if self.session.has_begun:
                self._write_each()
        elif self._has_begun:
            view = self.view
            view.action_follow()
            self._write(self.views.index(view), self.settings["length"])
        self._draw()

    async def _begin(self, seed: int) -> None:
        self._stop()
        self._keep_text()
        self.keep_prompt()
        self._file, self._before = self.earlier.name_for(), ""
        self._has_begun = True
        samples = len(self.runs) if self.is_comparison else self.settings["samples"]
        prompt, cells = self.query_one(Prompt).text, self.session.cells
        self.session = Session(prompt, samples, seed, same_seed=self.is_comparison, cells=cells)
        await self._lay_out()
        if self.is_comparison:
            if not any(view.has_focus for view in self.views):
                self.views[0].focus()
            self._write_each()
            return
        self._warn(self.session.prompt)
        self.views[0].focus()
        if cells:
            self._write_cells()
        elif self.settings["temperature"] and not self.settings["beams"]:
            self._write_batch()
        else:  # all the same: no batch is made of these
            self._write_each()

    def _write_each(self) -> None:
        for number in range(len(self.session.buffers)):
            self._write(number, self.settings["length"])

    @work(group="write")
    async def _write_batch(self) -> None:
        """Let all texts grow from the prompt, in one batch."""
        await self._grow(range(len(self.session.buffers)), self.runs[0].path, self.session.begin_all(self.settings))

    def _write_cells(self) -> None:
        """Let all cells of a grid grow, a batch for each run."""
        for run, numbers, request in self.session.begin_cells(self.settings):
            self._write_part(run or self.runs[0].path, numbers, request)

    @work(group="write")
    async def _write_part(self, run: str, numbers: Sequence[int], request: Mapping[str, Any]) -> None:
        await self._grow(numbers, run, request)

    def _write(self, number: int, length: int) -> None:
        """Let one text grow."""
        run = self.runs[number if self.is_comparison else 0].path
        cell = self.session.cells[number] if self.session.cells else {}
        # at once, so that a text that goes on under other settings never seems to have stopped
        self._write_part(cell.get(RUN, run), [number], self.session.begin(number, length, self.settings))

    async def _grow(self, numbers: Sequence[int], run: str, request: Mapping[str, Any]) -> None:
        """Add tokens until the texts are long enough or stopped; sample n of the answer belongs to `numbers[n]`."""
        session = self.session
        self._frames.resume()
        do = "search" if "beams" in request else "generate"
        asked = search_request(request) if do == "search" else request
        has_ended = False
        with notify_errors(self):
            async with aclosing(self.service.stream(do, run, asked)) as parts:
                async for part in parts:
                    session.add(numbers[part.get("sample", 0)], part)
            has_ended = True
        # not where this was cancelled: `_end` has ended the texts, and they may grow again
        session.end(numbers, has_ended)
        if session is self.session and self.is_open:
            self._draw()
            self._draw_tree()

    def _stop(self) -> None:
        """End all texts, and show that."""
        was_busy = self.session.busy
        self._end()
        if was_busy and self.is_open:
            self._draw()
            self._draw_tree()

    def _end(self) -> None:
        self.workers.cancel_group(self, "write")
        self.session.stop()

    @work(exclusive=True, group="warn")
    async def _warn(self, prompt: str) -> None:
        """Warn of characters or words of the prompt outside the vocabulary."""
        if not prompt or prompt == self._checked:
            return
        self._checked = prompt
        with notify_errors(self):
            if unknown := await self.ask(0, "unknown", {"text": prompt}):
                self.notify(unknown_in_words(unknown), title="Unknown to this model", severity="warning", markup=False)

    # history

    def keep(self) -> None:
        super().keep()
        if self._saving is None or self._saving.done() or self._is_closed:
            self._keep_text()

    def _keep_text(self) -> None:
        """Save the text if it has changed since the last save."""
        if self.session.has_begun and self.session.version != self._kept:
            self._draw_tree()
            state = self.session.state()
            self._kept = self.session.version
            self._saving = self.write_later(self.earlier.save_text, self._file, state, self._before)

    async def restore(self, found: Found) -> None:
        """Show the text that was written last, and its prompt."""
        if self._has_begun:
            return
        texts = 0 if found.session is None else len(found.session.buffers)
        if found.session is None or (self.is_comparison and texts != len(self.runs)):
            await super().restore(found)
        else:
            self.prompt_line.restore(found.draft or found.session.prompt)
            await self._show_session(found.session, found.path, found.at)

    async def show_entry(self, entry: Entry) -> None:
        if entry.kind != TEXT:
            await super().show_entry(entry)
            return
        self._stop()
        self._keep_text()
        session = await asyncio.to_thread(self.earlier.session, entry)
        if session is None:
            self.notify("This text is gone: its file was deleted or damaged.", severity="warning", timeout=4)
        elif self.is_open:
            self.prompt_line.restore(session.prompt)
            await self._show_session(session, entry.path, entry.at)
            self.view.focus()

    async def _show_session(self, session: Session, path: str, at: float) -> None:
        """Show a text from the history; it is written anew only if it changes."""
        self.session, self._has_begun = session, True
        self._file, self._before = self.earlier.name_for(path), path
        self._kept = session.version
        self._restored = session.version, when(datetime.fromtimestamp(at, UTC).isoformat(), datetime.now().astimezone())
        if not self.is_comparison and not session.cells:
            self.settings["samples"] = min(len(session.buffers), MOST_SAMPLES)
            self.query_one(SettingsPanel).refresh()
        await self._lay_out()
        self._draw()

    # settings

    @on(SettingsPanel.Changed)
    async def _setting_changed(self, event: SettingsPanel.Changed) -> None:
        if event.name == PRESET:
            self._take_preset(self.settings[PRESET])
        if event.name == "samples":
            if not self.session.busy and not self.session.cells:
                self.session.resize(self.settings["samples"])
                await self._lay_out()
        elif self.session.busy:
            self._steer()
        self._draw()

    @work(exclusive=True, group="steer")
    async def _steer(self) -> None:
        """Continue the growing texts under other settings."""
        await asyncio.sleep(PAUSE)
        left = self.session.left(self.settings["length"])
        self._end()
        for number, tokens in left.items():
            if tokens > 0:
                self._write(number, tokens)
        self._draw()

    def action_settings(self) -> None:
        """Move the focus to the settings."""
        self.set_class(True, "-turning")  # where there is no room they are seen while they are turned
        self.screen.set_focus(self.query_one(SettingsPanel))  # at once: further keys may be waiting

    def action_steering(self) -> None:
        """Move the focus to the settings of steering."""
        self.set_class(True, "-steering")
        self.screen.set_focus(self.query_one("#steering"))

    def on_descendant_blur(self) -> None:
        """Show what stands there otherwise once settings lose the focus."""
        self.call_later(self._leave_settings)

    def _leave_settings(self) -> None:
        if self.is_open and self.screen.is_current:
            self.set_class(any(each.has_focus for each in self.query("#steering")), "-steering")
            self.set_class(any(each.has_focus for each in self.query("#settings")), "-turning")

    def _take_preset(self, name: str) -> None:
        """Take the settings of a preset, and the defaults of all others."""
        preset = self._presets.get(name, {})
        for setting in (*SAMPLING_SETTINGS, *STEERING_SETTINGS):
            if setting.name in ("length", "samples") or (setting.name == "seed" and "seed" not in preset):
                continue
            value = preset.get(setting.name)
            value = setting.default if value is None else value
            if isinstance(value, list | dict):
                value = strings_text(value) if isinstance(value, list) else biases_text(value)
            self.settings[setting.name] = value
        for panel in self.query(SettingsPanel):
            panel.refresh()

    def action_save_preset(self) -> None:
        """Save the settings under a name."""
        from seqnlp.tui.widgets.ask import AskScreen

        def take(name: str | None) -> None:
            if name is None:
                return
            names = [setting.name for setting in (*SAMPLING_SETTINGS, *STEERING_SETTINGS)]
            kept = {key: self.settings[key] for key in names if key not in ("length", "samples")}
            parsed = {key: STEERING[key](value) if value and key in STEERING else value for key, value in kept.items()}
            try:
                file = save_preset(name, parsed)
            except SeqnlpError as error:
                self.notify(str(error), title="Not saved", severity="error", markup=False)
                return
            self.notify(f"{name} is in {file}", title="Saved", markup=False)
            self._presets[name] = parsed
            self.settings[PRESET] = name
            self.query_one("#steering", SettingsPanel).settings = (self._preset_setting, *STEERING_SETTINGS)
            self.query_one("#steering").refresh()

        hint = "Letters, digits, _ and -. seqnlp generate --preset knows it, too."
        self.app.push_screen(AskScreen("Name of the preset", hint, ""), take)

    @on(SettingsPanel.Opened)
    def _open_line(self, event: SettingsPanel.Opened) -> None:
        from seqnlp.tui.widgets.ask import AskScreen

        name = event.setting.name

        def take(text: str | None) -> None:
            if text is not None and self.is_open:
                self.settings[name] = text or None
                self.query_one("#steering").refresh()
                if self.session.busy:
                    self._steer()

        screen = AskScreen(name, HINTS[name], self.settings[name] or "", lambda text: fault_of(name, text))
        self.app.push_screen(screen, take)

    # grid

    def action_sweep(self) -> None:
        """Write a text for each value of a setting."""
        from seqnlp.tui.widgets.ask import AskScreen

        def take(text: str | None) -> None:
            if text is not None and self.is_open:
                self._sweep(text)

        folder, own = Path(self.runs[0].path).parent, Path(self.runs[0].path).name
        self._sweep_text = self._sweep_text or FIRST_SWEEP
        check = lambda text: _fault(lambda: cells_in(text, folder, own))  # noqa: E731
        self.app.push_screen(AskScreen("Sweep a setting", GRID_HINT, self._sweep_text, check), take)

    @work(exclusive=True, group="sweep")
    async def _sweep(self, text: str) -> None:
        path = Path(self.runs[0].path)
        cells = cells_in(text, path.parent, path.name)
        self._sweep_text = text
        had = bool(self.session.cells)
        self._stop()
        self._keep_text()
        if cells or had:
            self.session = Session(self.session.prompt, 1, self.session.seed)
            self.session.cells = cells
            await self.action_again()

    def _titles(self) -> list[str]:
        """Titles of the cells: their settings, and the runs of several."""
        cells, own = self.session.cells, self.runs[0].path
        if any(RUN in cell for cell in cells):
            cells = [{RUN: "", **cell} | {RUN: Path(cell.get(RUN, own)).name} for cell in cells]
        return [title_of(cell) for cell in cells]

    async def action_keep(self) -> None:
        """Show the text in focus alone; the others stay in the tree."""
        self._stop()
        number = self.views.index(self.view)
        cell = self.session.cells[number] if self.session.cells else {}
        if RUN in cell:
            self.notify(f"This text is of {Path(cell[RUN]).name}: open that run to go on with it.", timeout=4)
            return
        self.session.keep(number)
        self.settings.update(cell, samples=1)
        for panel in self.query(SettingsPanel):
            panel.refresh()
        await self._lay_out()
        self.views[0].focus()
        self.refresh_bindings()  # nothing is left to keep
        self._draw()

    # samples

    def _samples(self) -> Iterator[Samples]:
        """The samples, which comparisons do not have."""
        return self.query(Samples).results(Samples)

    def _next_sample(self, by: int) -> int | None:
        """Index of the sample under the next tab.

        None past the last tab, and unless a sample under a tab has the focus.
        """
        focused = next((number for number, view in enumerate(self.views) if view.has_focus), None)
        if focused is None or not any(samples.has_tabs for samples in self._samples()):
            return None
        return focused + by if 0 <= focused + by < len(self.views) else None

    def action_sample(self, by: int) -> None:
        """Show the sample under the next tab."""
        number = self._next_sample(by)
        if number is not None:
            self._show_sample(number)

    @on(SampleTabs.Chosen)
    def _tab_clicked(self, event: SampleTabs.Chosen) -> None:
        self._show_sample(event.number)

    def _show_sample(self, number: int) -> None:
        for samples in self._samples():
            samples.choose(number)
        self.screen.set_focus(self.views[number])

    def on_descendant_focus(self) -> None:
        """Note which text has the focus."""
        focused = next((number for number, view in enumerate(self.views) if view.has_focus), None)
        if focused is not None and focused < len(self.session.buffers):
            self.session.current = focused
            self._draw()

    # alternatives

    @on(TokenView.CursorMoved)
    def _moved(self, event: TokenView.CursorMoved) -> None:
        if event.view not in self.views:  # the text was closed in the meantime
            return
        self.session.current = self.views.index(event.view)
        self.set_class(event.view.cursor is not None, "-looking")
        self.refresh_bindings()
        for alternatives in self._alternatives():
            self._look(event.view, alternatives)
            self._show_influence(event.view)
        self._draw()
        self._draw_curve()

    def _alternatives(self) -> Iterator[Alternatives]:
        """The list of alternatives, which comparisons do not have."""
        return self.query(Alternatives).results(Alternatives)

    @work(exclusive=True, group="look")
    async def _look(self, view: TokenView, alternatives: Alternatives) -> None:
        """Ask for the alternatives of the token under the cursor."""
        if view.cursor is not None:
            await asyncio.sleep(PAUSE / 2)
        buffer, token = view.buffer, view.cursor
        if token is None or token >= buffer.count:  # the text may have changed in the meantime
            alternatives.show_tokens(())
            self.query_one("#alternatives-title", Static).update("instead", layout=False)
            return
        begin, end = buffer.span(token)
        chosen = (buffer.text[begin:end], buffer.logprob(token))
        context = buffer.context(begin)
        with notify_errors(self):
            found = await self.ask(0, "next", {"text": context, "most": 20})
            alternatives.show_tokens([(text, logprob) for text, logprob in found], chosen)
            drawing = self.session.drawing(self.session.current, self.settings, begin)
            shares = await self.ask(0, "shares", {"text": context, "most": 20, "also": chosen[0], **drawing})
            if shares and self.is_open:
                alternatives.show_shares({text: share for text, _, share in shares["tokens"]})
                model, drawn = shares["entropy"]
                title = Content.assemble("instead", (f"  {model:.2f} → {drawn:.2f} bits", "$muted not bold"))
                self.query_one("#alternatives-title", Static).update(title, layout=False)

    def action_influence(self) -> None:
        """Toggle the influence of earlier tokens on the one under the cursor."""
        for legend in self.query(Legend):
            legend.influence = not legend.influence
            self.set_class(legend.influence, "-influence")
            if legend.influence and self.view.cursor is None:
                self.view.action_step(-1)
            self._show_influence(self.view)

    @work(exclusive=True, group="influence")
    async def _show_influence(self, view: TokenView) -> None:
        """Ask for the influence on the token under the cursor; the next key cancels that."""
        buffer, token = view.buffer, view.cursor
        for other in self.views:
            other.show_influence((), 0)
        if not any(legend.influence for legend in self.query(Legend)) or token is None:
            return
        await asyncio.sleep(PAUSE)
        if token >= buffer.count:
            return
        begin, end = buffer.span(token)
        asked = {"text": buffer.text[max(0, begin - READ_BACK) : begin], "token": buffer.text[begin:end]}
        version = buffer.version
        with notify_errors(self):
            scores = await self.ask(0, "influence", asked)
            if self.is_open and view.buffer is buffer and (buffer.version, view.cursor) == (version, token):
                view.show_influence([(length, score) for length, score in scores], begin)

    def action_take(self, number: int) -> None:
        """Replace the token under the cursor by the alternative of that number."""
        self.query_one(Alternatives).take(number)

    @on(Alternatives.Taken)
    def _take(self, event: Alternatives.Taken) -> None:
        view = self.view
        if view.cursor is None or view.cursor >= view.buffer.count:
            return
        self._branch(view, "token", [(event.text, event.logprob)])

    def _branch(self, view: TokenView, kind: str, pieces: Sequence[tuple[str, float]]) -> None:
        """Branch at the token under the cursor, and write on."""
        assert view.cursor is not None
        self._stop()
        number = self.views.index(view)
        self.session.branch(number, view.cursor, kind, pieces)
        view.focus()
        view.action_follow()
        self._write(number, self.settings["length"])
        self._draw_tree()

    def action_regenerate(self) -> None:
        """Write anew from the token under the cursor, or from the prompt."""
        view = self.view
        if not self.session.has_begun or not view.buffer.count:
            self.notify("There is no text to leave yet.", timeout=2)
        elif view.cursor is not None:
            self._branch(view, "again", ())
        elif view.buffer.dropped:
            self.notify("The beginning of this text was dropped.", timeout=2)
        else:
            view.place(0)
            self._branch(view, "again", ())

    def action_edit(self) -> None:
        """Type another word in the place of the one under the cursor."""
        from seqnlp.tui.widgets.ask import AskScreen

        view = self.view
        if view.cursor is None or view.cursor >= view.buffer.count:
            self.notify("Move the cursor to a word first.", timeout=2)
            return
        first, last = view.buffer.word_at(view.cursor)
        begin, end = view.buffer.span(first)[0], view.buffer.span(last)[1]
        text = view.buffer.text[begin:end]
        self._stop()
        at = view.buffer.dropped + begin

        def take(typed: str | None) -> None:
            if typed is not None and typed != text and self.is_open:
                self._edit(view, at, first, typed)

        hint = "A blank at the end or the beginning counts. The text is written anew after it."
        self.app.push_screen(AskScreen("Edit the word", hint, text), take)

    @work(exclusive=True, group="edit")
    async def _edit(self, view: TokenView, at: int, token: int, typed: str) -> None:
        """Branch with what was typed, as the tokens that the model reads."""
        buffer, version = view.buffer, view.buffer.version
        context = buffer.context(at - buffer.dropped)
        with notify_errors(self):
            pieces = await self.ask(0, "score", {"text": typed, "context": context}) if typed else []
            if self.is_open and view.buffer is buffer and buffer.version == version and token < buffer.count:
                view.place(token)
                self._branch(view, "edit", [(text, logprob) for text, logprob in pieces])

    def action_undo(self) -> None:
        """Undo the last change of the tree."""
        self._step_back(self.session.undo, "There is no branching to undo.")

    def action_redo(self) -> None:
        """Redo what was undone."""
        self._step_back(self.session.redo, "There is nothing to redo.")

    def _step_back(self, step: Callable[[int], int | None], none: str) -> None:
        self._stop()
        view = self.view
        has_focus = any(each.has_focus for each in self.query(Branches))
        place = step(self.views.index(view))
        if place is None:
            self.notify(none, timeout=2)
            return
        view.place(view.buffer.token_at(place))
        view.grew()
        if not has_focus:
            view.focus()
        self._draw()
        self._draw_tree()

    # tree

    def action_branches(self) -> None:
        """Show the tree and move the focus there; or go back to the text."""
        tree = self.query_one(Branches)
        if tree.has_focus:
            self.set_class(False, "-tree")
            self.view.focus()
            return
        self.set_class(True, "-tree")
        self._draw_tree()
        tree.focus()

    def action_walk(self, by: int) -> None:
        """Show the next branch of the tree, or the one before."""
        self.session.sync_all()
        numbers = [line.branch.number for line in self.session.tree.lines()]
        place = numbers.index(self.session.tree.shown[self.session.current]) + by
        if 0 <= place < len(numbers):
            self._show_branch(numbers[place])

    @on(Branches.Asked)
    def _asked_of_branch(self, event: Branches.Asked) -> None:
        if event.number not in self.session.tree:
            return
        if event.do == "show":
            self._show_branch(event.number)
        elif event.do == "mark":
            self.session.tree.mark(event.number)
        elif event.do == "delete":
            self._stop()
            if reason := self.session.delete(self.session.current, event.number):
                self.notify(f"Not deleted: {reason}.", timeout=3)
            else:
                self.notify("Deleted, u brings it back.", timeout=2)
                self._follow_branch()
        else:
            self._rename(event.number)
        self._draw_tree()

    def _show_branch(self, number: int) -> None:
        """Show a branch, or focus the view that shows it."""
        self._stop()
        session = self.session
        if number in session.tree.shown:
            session.current = session.tree.shown.index(number)
            for samples in self._samples():
                samples.choose(session.current)
        else:
            session.show(session.current, number)
            self._follow_branch()
        self._draw()
        self._draw_tree()

    def _follow_branch(self) -> None:
        """Draw a text that became another one, from its fork on."""
        session = self.session
        view = self.views[session.current]
        branch = session.tree[session.tree.shown[session.current]]
        token = view.buffer.token_at(max(branch.at - view.buffer.dropped, 0))
        view.place(token)
        view.grew()

    def _rename(self, number: int) -> None:
        from seqnlp.tui.widgets.ask import AskScreen

        session = self.session

        def take(name: str | None) -> None:
            if name is not None and number in session.tree:
                session.tree.rename(number, name)
                self._draw_tree()

        hint = f"Up to {MAX_NAME} characters; none takes the name away."
        self.app.push_screen(AskScreen("Name of the branch", hint, session.tree[number].name), take)

    def _draw_curve(self) -> None:
        for curve in self.query(SurpriseCurve):
            if curve.region.height:
                curve.show_text(self.view.buffer, self.view.cursor)

    def _draw_tree(self) -> None:
        """Draw the tree where it is seen; the texts on the screen are as they were last saved."""
        self._draw_curve()
        for branches in self.query(Branches):
            if branches.region.height or self.has_class("-tree"):
                session = self.session
                if session.sync_all():
                    self.notify("The oldest branches were dropped: the tree has reached its bounds.", timeout=4)
                branches.show_tree(session.tree, session.tree.shown[min(session.current, len(session.buffers) - 1)])

    def on_resize(self) -> None:
        """Put tree and steering where there is room."""
        self.set_class(self.size.width >= BROAD, "-broad")
        self.set_class(self.size.height >= HIGH, "-high")
        self.call_after_refresh(self._draw_tree)

    # saving, copying, leaving

    def action_save(self) -> None:
        """Save the texts with their settings."""
        if not self._has_begun:
            self.notify("There is nothing to save yet.", timeout=2)
            return
        try:
            file = self.session.save(self.runs[0].path, self.settings)
        except SeqnlpError as error:
            self.notify(str(error), title="Not saved", severity="error", markup=False)
        else:
            self.notify(f"{file} and .json beside it", title="Saved", markup=False)

    def content_to_copy(self) -> str:
        if self.is_comparison:
            both = zip(self.runs, self.session.buffers, strict=True)
            return "\n\n".join(f"{run.name}:\n{buffer.text}" for run, buffer in both)
        return self.view.selected or self.view.buffer.text

    def action_find_text(self) -> None:
        """Find a text in the one in focus."""
        from seqnlp.tui.widgets.ask import AskScreen

        view = self.view

        def take(text: str | None) -> None:
            if text is not None and self.is_open and view.is_attached:
                view.focus()
                self._sought = text
                if view.seek(text):
                    view.action_find(1)

        def check(text: str) -> str:
            return "" if not text or view.count(text) else "not in this text"

        hint = "In either case; . and , lead to the next place and the one before. An empty line ends the search."
        self.app.push_screen(AskScreen("Find", hint, self._sought, check), take)

    def export_formats(self) -> dict[str, Callable[[], str]]:
        if self.is_comparison:
            return super().export_formats()
        buffer, title = self.view.buffer, f"{self.runs[0].name}: {self.session.prompt}"
        colours = Colours.of_theme(PAPER_COLOURS if self.app.ansi_color else self.app.theme_variables)
        pieces = [(buffer.text[left:right], logprob) for left, right, logprob in buffer.pieces(0, len(buffer.text))]
        formats = {
            ".html": lambda: to_html(title, pieces, colours),
            ".svg": lambda: to_svg(title, pieces, colours),
            ".txt": lambda: f"{buffer.text}\n",
        }
        grid = {".md": self.session.markdown, ".json": self.session.cells_json}
        return {**formats, **(grid if self.session.cells else {})}

    def action_leave(self) -> None:
        """Go back by one step: stop writing, leave the cursor, return to the text, or leave the screen."""
        view = self.view
        if self.session.busy:
            self._stop()
            self._draw()
        elif self.has_class("-tree") and any(tree.has_focus for tree in self.query(Branches)):
            self.action_branches()
        elif self.session.has_begun and not view.has_focus:
            view.focus()
        elif view.cursor is not None and not self.is_comparison:
            view.action_follow()
        else:
            self.app.pop_screen()

    def on_unmount(self) -> None:
        self._end()

    # drawing

    async def _lay_out(self) -> None:
        """Show each text in a view of its own."""
        buffers = self.session.buffers
        for samples in self._samples():
            await samples.show_buffers(buffers, self._titles())
        for view, buffer in zip(self.views, buffers, strict=True):
            if view.buffer is not buffer:
                view.show_buffer(buffer)
        for alternatives in self._alternatives():
            alternatives.show_tokens(())
        self._draw_tree()

    def _draw_frame(self) -> None:
        """Draw a frame, unless the terminal lags behind: keys come first."""
        if not self.session.busy or buffer_of(self.app).is_line_free:
            self._draw()

    def _draw(self) -> None:
        """Draw what has changed since the last frame."""
        if not self.is_open:
            return
        for number, view in enumerate(self.views):
            view.busy = self.session.is_busy(number)
            view.grew()
        status = self.query_one("#status", Static)
        if self.is_comparison:
            lengths = [f"   {self.session.bits_per_character(number)}" for number in range(len(self.runs))]
            pairs = zip(self.headings(), lengths, strict=True)
            self.set_headings([name.append(Content.styled(length, "$muted")) for name, length in pairs])
            sampling = f"seed {self.session.seed}  ·  temperature {self.settings['temperature']:.1f}"
            legend = Content("  ·  by its model: ").append(tints(bool(self.app.ansi_color)))
            status.update(Content(sampling).append(legend if self.size.width >= LEGEND_WIDTH else ""), layout=False)
        else:
            version, then = self._restored
            state = f"written {then}" if then and version == self.session.version else ""
            # one line, whatever stands there: a layout of the whole screen would cost more than the frame itself
            status.update(self.session.describe(self.views.index(self.view), state), layout=False)
        if not self.session.busy:
            self._frames.pause()


def _fault(parse: Callable[[], object]) -> str:
    """Fault of what was typed; empty if it has none."""
    try:
        parse()
    except SeqnlpError as error:
        return str(error)
    return ""


def fault_of(name: str, text: str) -> str:
    """Fault of a line of steering. Patterns are checked by the model, whose vocabulary they need."""
    return _fault(lambda: parse_biases(text)) if name == "bias" else ""


def cells_in(text: str, folder: Path, own: str) -> list[dict[str, Any]]:
    """Cells of a grid, from sweeps with semicolons between them; none for an empty text.

    Args:
        text: The sweeps.
        folder: Of the runs, which have names there.
        own: Name of the run that is open.

    Raises:
        seqnlp.errors.UsageError: one is no sweep, a run is unknown, or there are too many cells.
    """
    if not text.strip():
        return []
    cells = cells_of([Sweep.parse(part) for part in text.split(";")], MAX_SAMPLES)
    for cell in cells:
        name = cell.pop(RUN, own)
        if not os.path.isfile(folder / name / "recipe.toml"):  # of too long a name no error
            raise UsageError(f"run {name}: there is none of this name in {folder}")
        if name != own:
            cell[RUN] = str(folder / name)
    return cells
