"""Train screen: choose a recipe, check it, and start its training."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar, final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from seqnlp.errors import DataError, SeqnlpError
from seqnlp.recipe.shipped import RecipeSummary, listed_recipes
from seqnlp.recipe.source import read_text
from seqnlp.run import Run
from seqnlp.service.client import ModelService
from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.configuration.remembered import remembered_of
from seqnlp.tui.errors import notify_errors
from seqnlp.tui.fetches import CORPORA, Progress, corpus_to_fetch, fetch
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.screens.confirm import ConfirmScreen
from seqnlp.tui.screens.home import FilterLine
from seqnlp.tui.screens.watch import WatchScreen
from seqnlp.tui.trainings import Trainings, check_name, settings_in
from seqnlp.tui.widgets.chart_view import meter
from seqnlp.tui.widgets.recipes import RecipeList, RecipeText
from seqnlp.units import file_size

TYPING_PAUSE = 0.12
"""Seconds without a key after which a recipe is checked."""


@final
class TrainScreen(BaseScreen):
    """Recipes at the left, the chosen one beside them, and settings below."""

    HELP = (
        "Choose a recipe: those in the folder recipes here, and those that ship. It is checked as you go, with every "
        "fault below its line, and whether its files are there. Tab leads to the line of settings, which are laid over "
        "those of the recipe as with seqnlp train -s, and to the name of the run. Enter begins the training, in a "
        "process of its own; pressed while the recipe is still being checked, it counts once that is right. Where the "
        "corpus of a recipe is a public one that is not here, ^f fetches it; leaving this screen ends that."
    )

    fetch_command: Sequence[str] = ()
    """Program that fetches corpora; by default that of the package."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "train",
        Binding("enter", "train", "train", priority=True),
        Binding("tab", "app.focus_next", "next line"),
        Binding("up", "move(-1)", "recipe above", show=False, priority=True),
        Binding("down", "move(1)", "recipe below", show=False, priority=True),
        Binding("pageup", "read(-1)", "text above", show=False, priority=True),
        Binding("pagedown", "read(1)", "text below", show=False, priority=True),
        Binding("ctrl+f,f7", "fetch", "fetch corpus", key_display="^f", priority=True),
        Binding("ctrl+r", "look", "check again"),
        Binding("escape", "leave", "back"),
        Binding("question_mark", "app.help", "help", key_display="?", priority=True, id="app.help"),
    )

    DEFAULT_CSS = """
    TrainScreen {
        #finder { height: 3; padding: 1 2 0 2; }
        .sign { width: 2; color: $accent; }
        .label { width: 5; color: $muted; }
        .label-root { width: auto; color: $muted; }
        Input { border: none; height: 1; padding: 0; width: 1fr; background: $background; }
        #count { width: auto; padding: 0 0 0 2; color: $muted; }
        #middle { height: 1fr; }
        RecipeList { width: 32; height: 1fr; margin: 0 0 0 2; }
        RecipeText { padding: 0 1 0 1; border-left: solid $faint; }
        #lines { height: auto; padding: 0 2; border-top: solid $faint; }
        #lines > Horizontal { height: 1; }
        #fetching { height: 1; display: none; }
        #verdict { height: auto; max-height: 4; margin-top: 1; padding-bottom: 1; }
        &.-wide { RecipeList { width: 1fr; } RecipeText { padding: 0 2; } }
        &.-narrow {
            #finder { height: 2; padding: 1 1 0 1; }
            #middle { layout: vertical; }
            RecipeList { width: 1fr; height: 5; margin: 0; }
            RecipeText { border-left: none; border-top: solid $faint; padding: 0; }
            #lines { padding: 0 1; }
            #verdict { margin-top: 0; padding-bottom: 0; }
        }
    }
    """

    def __init__(self, trainings: Trainings, service: ModelService, recipe: str = "") -> None:
        """Set up.

        Args:
            trainings: Those in the folder of runs.
            service: Checks recipes.
            recipe: Name of the one that is chosen at first.
        """
        super().__init__("train", service)
        self._first = recipe
        self.trainings = trainings
        self.faults: list[Mapping[str, Any]] | None = None
        """Faults of the chosen recipe and its settings; None until it is checked."""
        self._listed, self._check_failed = False, False
        self.fetching = ""
        """Name of the corpus that is being fetched; empty if none is."""
        self._wanted: tuple[str, ...] | None = None
        """Input lines at an enter before the check had ended; it counts if they are unchanged then."""

    def body(self) -> ComposeResult:
        """Recipes, text of one, and input lines for settings and name."""
        with Horizontal(id="finder"):
            yield Static("❯", classes="sign")
            yield FilterLine(placeholder="type to find a recipe", id="filter", compact=True)
            yield Static("", id="count")
        with Horizontal(id="middle"):
            yield RecipeList()
            yield RecipeText()
        with Vertical(id="lines"):
            with Horizontal():
                yield Static("set", classes="label")
                yield Static("❯", classes="sign")
                yield FilterLine(placeholder="encoder.size=128 training.epochs=3", id="settings", compact=True)
            with Horizontal():
                yield Static("run", classes="label")
                yield Static("❯", classes="sign")
                yield Static(f"{self.trainings.root}/", classes="label-root")
                yield FilterLine(id="name", compact=True)
            yield Static("", id="verdict", markup=False)
            yield Static("", id="fetching", markup=False)

    def on_mount(self) -> None:
        """Draw first, then list the recipes."""
        self.call_after_refresh(self.action_look)

    def on_screen_resume(self) -> None:
        """Remember this screen as the last one."""
        remembered_of(self.app).keep_screen("train")

    @work(exclusive=True, group="look")
    async def action_look(self) -> None:
        """List the recipes, and check the chosen one."""
        found = await asyncio.to_thread(listed_recipes)
        if self.is_open:
            self._listed = True
            recipes = self.query_one(RecipeList)
            recipes.offer(found)
            if self._first:
                names = [each.name for each in recipes.shown]
                recipes.move(names.index(self._first) - recipes.index if self._first in names else 0)
                self.call_after_refresh(recipes.move, 0)  # into view, once its height is known
                self._first = ""
            if self._wanted is not None and self.query_one(RecipeList).chosen is not None:
                self._wanted = self._lines()  # the recipe that the lines name is known only now

    @on(Input.Changed, "#filter")
    def _filter(self, event: Input.Changed) -> None:
        self.faults = None  # of the one that is chosen now
        self.query_one(RecipeList).filter_by(event.value)

    @on(RecipeList.Chosen)
    def _chosen(self) -> None:
        self.refresh_bindings()
        recipes = self.query_one(RecipeList)
        recipe = recipes.chosen
        self.query_one("#count", Static).update(f"{len(recipes.shown)} of {len(recipes.known)}")
        self.query_one("#name", Input).placeholder = recipe.name if recipe else ""
        try:
            text = read_text(Path(recipe.path)) if recipe else ""
        except SeqnlpError as error:
            text = f"# {error}"
        self.query_one(RecipeText).show_recipe(text)
        self._check()

    @on(Input.Changed, "#settings")
    def _check(self) -> None:
        self.faults, self._check_failed = None, False
        self._show_checking()
        self._ask_for_faults()

    def _show_checking(self) -> None:
        soon = self._wanted is not None and self._wanted == self._lines()
        words = "checking; it is trained once it is right" if soon else "checking"
        self._show_verdict(("◌ ", "$accent"), (words, "$muted"))

    @work(exclusive=True, group="check")
    async def _ask_for_faults(self) -> None:
        recipe = self.query_one(RecipeList).chosen
        if recipe is None:
            if self._listed:
                self._wanted = None
                self._show_verdict(("No recipe has these words.", "$muted"))
            return
        await asyncio.sleep(TYPING_PAUSE)
        if not self.is_open:
            return
        try:
            settings = settings_in(self.query_one("#settings", Input).value)
        except ValueError:
            self._judge(recipe, [{"problem": "a quotation mark has no partner", "hint": "", "spot": None, "place": ""}])
            return
        answer = None
        with notify_errors(self):
            answer = await self.service.ask("check", "", {"recipe": recipe.path, "overrides": settings})
        if self.is_open and answer is None:
            self._wanted, self._check_failed = None, True
            self._show_verdict(("✕ ", "$error"), ("not checked; ctrl+r tries again", "$muted"))
        elif self.is_open:
            self._judge(recipe, answer["faults"])

    def _judge(self, recipe: RecipeSummary, faults: list[Mapping[str, Any]]) -> None:
        self.faults = faults
        wanted, self._wanted = self._wanted == self._lines(), None
        self.query_one(RecipeText).mark(faults, recipe.path)
        self.refresh_bindings()
        if not faults:
            self._show_verdict(("✓ ", "bold $success"), "this recipe is right; ", ("enter trains it", "$muted"))
            if wanted:
                self._begin()
            return
        count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}"
        elsewhere = [fault for fault in faults if not fault["spot"] or fault["spot"][0] != recipe.path]
        lines = [
            Content(": ".join(filter(None, (fault["place"], _words(fault))))).stylize("$error") for fault in elsewhere
        ]
        self._show_verdict(("✕ ", "bold $error"), (count, "bold"), lines=lines)
        if wanted:
            self._refused()

    def _show_verdict(self, *parts: str | tuple[str, str], lines: Sequence[Content] = ()) -> None:
        self.query_one("#verdict", Static).update(Content("\n").join([Content.assemble(*parts), *lines]))

    def action_move(self, by: int) -> None:
        """Choose another recipe."""
        self.faults = None
        self.query_one(RecipeList).move(by)

    def action_read(self, by: int) -> None:
        """Scroll the text of the recipe."""
        text = self.query_one(RecipeText)
        (text.scroll_page_up if by < 0 else text.scroll_page_down)(animate=False)

    def content_to_copy(self) -> str:
        return self.query_one(RecipeText).text

    def export_formats(self) -> dict[str, Callable[[], str]]:
        return {".toml": self.content_to_copy, **super().export_formats()}

    def action_leave(self) -> None:
        """Leave the screen."""
        self.app.pop_screen()

    # fetching

    @work(exclusive=True, group="fetch")
    async def action_fetch(self) -> None:
        """Fetch the corpus of the chosen recipe, and check that again."""
        name = corpus_to_fetch(self.faults or ())
        if not name or self.fetching:
            return
        self.fetching = name
        self.refresh_bindings()
        try:
            self._show_fetching(Progress(0, 0))
            async with aclosing(fetch(name, self.fetch_command)) as parts:
                async for part in parts:
                    self._show_fetching(part)
            self.notify(f"{name} is in {CORPORA / name}.", timeout=4, markup=False)
        except (DataError, OSError) as error:
            self.notify(str(error), title=f"{name} was not fetched", severity="error", timeout=8, markup=False)
        finally:
            self.fetching = ""
            if self.is_open:
                self.query_one("#fetching").display = False
                self._check()

    def _show_fetching(self, part: Progress) -> None:
        line = self.query_one("#fetching", Static)
        line.display = True
        sizes = f"{file_size(part.done)} of {file_size(part.size)}" if part.size else "connecting"
        words = Content.assemble(("◌ ", "$accent"), f"fetching {self.fetching}  ", (f"{sizes}  ", "$muted"))
        line.update(words.append(meter(part.share, max(self.size.width - words.cell_length - 4, 0))))

    # beginning

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "fetch":
            return bool(corpus_to_fetch(self.faults or ())) and not self.fetching
        return action != "train" or not self._listed or any(recipes.shown for recipes in self.query(RecipeList))

    def action_train(self) -> None:
        """Start the training, once the lines have all that was typed before."""
        (self.focused if isinstance(self.focused, FilterLine) else self.query_one("#filter", FilterLine)).submit()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._begin()

    @work(exclusive=True, group="train")
    async def _begin(self) -> None:
        """Start the training, unless something speaks against it."""
        recipe = self.query_one(RecipeList).chosen
        if self._refused() or recipe is None:
            return
        name = self.query_one("#name", Input).value.strip() or recipe.name
        try:
            check_name(name)
            before = self.trainings.at(name)
            if before is not None and before.alive:
                self.notify(f"{name} is being trained already: here it is.", timeout=4, markup=False)
                self.app.switch_screen(WatchScreen(self.trainings, name, self.service))
                return
            how = ""
            if Run.is_run(self.trainings.root / name):
                how = await self.app.push_screen_wait(self._question(name))
                if not how:
                    return
                if how == "n":
                    name, how = self._free(name), ""
            settings = settings_in(self.query_one("#settings", Input).value)
            self.trainings.start(recipe.path, settings, name, {"r": "resume", "o": "overwrite"}.get(how, ""))
        except SeqnlpError as error:
            self.notify(str(error), title="Not begun", severity="error", markup=False)
            return
        self.app.switch_screen(WatchScreen(self.trainings, name, self.service))

    def _refused(self) -> bool:
        """Tell why a training can't begin yet; False if it can.

        While the recipe is being checked, enter is remembered, and counts once that is done.
        """
        if self.faults:
            self.notify("The recipe has faults.", title="Not begun", severity="error", timeout=2)  # it hides them
        elif self._check_failed:
            self.notify("The recipe was not checked: ctrl+r tries again.", title="Not begun", timeout=3)
        elif self.faults is None and (self.query_one(RecipeList).chosen is not None or not self._listed):
            self._wanted = self._lines()
            self._show_checking()
        return self.faults != []

    def _lines(self) -> tuple[str, ...]:
        """The chosen recipe, its settings, and the name of the run."""
        recipe = self.query_one(RecipeList).chosen
        lines = [self.query_one(line, Input).value for line in ("#settings", "#name")]
        return (recipe.path if recipe else "", *lines)

    def _question(self, name: str) -> ConfirmScreen:
        """Question about a run of the same name."""
        run = Run(self.trainings.root / name)
        choices = [
            ("o", "overwrite it", "begin anew; what was trained is lost"),
            ("n", "another name", f"train as {self._free(name)}, and keep this one"),
        ]
        if run.has_state and not run.is_finished:
            choices.insert(0, ("r", "resume", "go on from its last checkpoint, with the same recipe and settings"))
        return ConfirmScreen("There is a run already", f"{run.path} was trained before.", choices)

    def _free(self, name: str) -> str:
        """First numbered name that no run has."""
        names = (f"{name}-{number}" for number in range(2, 10**6))
        return next(other for other in names if not (self.trainings.root / other).exists())


def _words(fault: Mapping[str, Any]) -> str:
    return str(fault["problem"]) + (f" ({fault['hint']})" if fault["hint"] else "")
