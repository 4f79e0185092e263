"""Help overlay: the keys of a screen, its purpose, and the pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import ClassVar, final

from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Markdown, Static, TextArea

from seqnlp import pages
from seqnlp.errors import UsageError
from seqnlp.tui.configuration.load import configuration_of
from seqnlp.tui.screens.base import BaseScreen
from seqnlp.tui.widgets.dialog import Dialog

NAMES = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "full_stop": ".",
    "comma": ",",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "enter": "⏎",
    "pageup": "page up",
    "pagedown": "page down",
    "delete": "del",
    "escape": "esc",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}
"""Names of keys that Textual calls otherwise; a modifier may stand before them."""

TEXTUAL_ACTIONS = {"app.focus_next", "app.focus_previous", "page_left", "page_right"}
"""Actions that Textual describes in words of its own."""


@final
class HelpScreen(Dialog[None]):
    """A modal list of keys and a text, or a page. Any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q,enter,space", "dismiss", "close"),
        Binding("slash", "ask", "topic"),
    ]

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > VerticalScroll {
        width: 72; max-width: 94%; height: auto; max-height: 90%; padding: 1 3;
        background: $surface; border: round $primary; border-title-color: $primary; border-subtitle-color: $muted;
        scrollbar-size-vertical: 1;
    }
    HelpScreen Static { width: 100%; height: auto; }
    HelpScreen Input { margin-bottom: 1; }
    HelpScreen.-reading #keys, HelpScreen .hidden { display: none; }
    """

    def __init__(self, heading: str, text: str, keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._heading, self._text, self._keys = heading, text, keys

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title, box.border_subtitle = self._heading, "↑↓ scroll · / a topic · esc closes"
            yield Input(placeholder="tag, reader.csv, encoder.lstm, training.epochs ...", classes="hidden")
            width = max((len(key) for key, _ in self._keys), default=0) + 3
            lines = [Content.assemble((f"{key:<{width}}", "$accent"), what) for key, what in self._keys]
            text = Content("\n").join(lines)
            yield Static(text + Content("\n\n" + self._text) if self._text else text, id="keys")
            yield Markdown(classes="hidden", open_links=False)

    async def action_ask(self) -> None:
        """Ask for a topic, and list the pages."""
        asked = self.query_one(Input)
        asked.remove_class("hidden")
        asked.focus()
        await self._show("# Pages\n\n" + "".join(f"- [{p.name}]({p.name}.md): {p.title}\n" for p in pages.listed()))

    @on(Input.Submitted)
    async def _find(self, asked: Input.Submitted) -> None:
        await self._look_up(asked.value)

    @on(Markdown.LinkClicked)
    async def _follow(self, clicked: Markdown.LinkClicked) -> None:
        path = PurePosixPath(clicked.href.partition("#")[0])
        if path.suffix == ".md":
            await self._look_up("keys" if "keys/README" in str(path) else path.stem)

    async def _look_up(self, topic: str) -> None:
        try:
            text = pages.find(topic)
        except UsageError as error:
            text = f"{error}"
        await self._show(text)

    async def _show(self, text: str) -> None:
        page = self.query_one(Markdown)
        self.add_class("-reading")
        page.remove_class("hidden")
        await page.update(text)
        self.query_one(VerticalScroll).scroll_home(animate=False)


def help_for(screen: Screen[object]) -> HelpScreen:
    """Overlay for a screen: keys of the focused widget, of the screen, of the application."""
    keys: dict[str, list[str]] = {}
    for active in told_bindings(screen):
        binding = active.binding
        names = keys.setdefault(binding.tooltip or binding.description, [])
        name = key_name(binding.key)
        if name not in names and not binding.key.startswith("super+"):  # terminals keep that key to themselves
            names.insert(0 if name == binding.key_display else len(names), name)
    lines = [(_key_names(names), what) for what, names in keys.items()]
    if isinstance(screen, BaseScreen):
        text = screen.help_text
        if text and configuration_of(screen.app).keys:
            text = f"Some keys are your own here; this text names the usual ones.\n\n{text}"
        return HelpScreen(screen.heading, text, lines)
    return HelpScreen("help", "", lines)


def told_bindings(screen: Screen[object]) -> Iterator[ActiveBinding]:
    """Bindings that do something now and need an explanation."""
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and not binding.system and binding.action not in TEXTUAL_ACTIONS and not _edits(active):
            yield active


def _edits(active: ActiveBinding) -> bool:
    """True for an editing key, which needs no explanation."""
    kinds = [base for kind in (Input, TextArea) if isinstance(active.node, kind) for base in kind.mro()]
    known = [binding for kind in kinds for binding in vars(kind).get("BINDINGS", ())]
    return active.binding.action in [binding.action for binding in known]


def _key_names(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]}"


def key_name(key: str) -> str:
    """Short name of a key."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, NAMES.get(last, last)]).replace("ctrl+", "^")
