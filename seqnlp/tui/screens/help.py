"""What `?` shows over a screen: what it is for, and its keys."""

from __future__ import annotations

from typing import ClassVar, final

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, Static, TextArea

from seqnlp.tui.screens.base import BaseScreen

NAMES = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
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
"""What keys are called that Textual calls otherwise; a modifier may stand before them."""

OF_TEXTUAL = {"app.focus_next", "app.focus_previous", "page_left", "page_right"}
"""What Textual does by itself, and calls by names of its own."""


@final
class HelpScreen(ModalScreen[None]):
    """An overlay that any of the usual keys closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q,enter,space", "dismiss", "close"),
    ]

    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > VerticalScroll {
        width: 72; max-width: 94%; height: auto; max-height: 90%; padding: 1 3;
        background: $surface; border: round $primary; border-title-color: $primary; border-subtitle-color: $muted;
        scrollbar-size-vertical: 1;
    }
    HelpScreen Static { width: 100%; height: auto; }
    """

    def __init__(self, heading: str, text: str, keys: list[tuple[str, str]]) -> None:
        super().__init__()
        self._heading, self._text, self._keys = heading, text, keys

    def compose(self) -> ComposeResult:
        """The text above the keys."""
        with VerticalScroll() as box:
            box.border_title, box.border_subtitle = self._heading, "esc closes"
            if self._text:
                yield Static(Content(self._text + "\n"))
            width = max((len(key) for key, _ in self._keys), default=0) + 3
            lines = [Content.assemble((f"{key:<{width}}", "$accent"), what) for key, what in self._keys]
            yield Static(Content("\n").join(lines))


def help_for(screen: Screen[object]) -> HelpScreen:
    """The overlay for a screen as it stands: keys of what has the focus, of the screen, of the application."""
    keys: dict[str, list[str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and not binding.system and binding.action not in OF_TEXTUAL and not _edits(active):
            names = keys.setdefault(binding.description, [])
            name = key_name(binding.key)
            if name not in names and not binding.key.startswith("super+"):  # terminals keep that key to themselves
                names.insert(0 if name == binding.key_display else len(names), name)
    lines = [(_several(names), what) for what, names in keys.items()]
    if isinstance(screen, BaseScreen):
        return HelpScreen(screen.heading, screen.HELP, lines)
    return HelpScreen("help", "", lines)


def _edits(active: ActiveBinding) -> bool:
    """Whether a key does what it does wherever one types, which needs no telling."""
    kinds = [base for kind in (Input, TextArea) if isinstance(active.node, kind) for base in kind.mro()]
    known = [binding for kind in kinds for binding in vars(kind).get("BINDINGS", ())]
    return active.binding.action in [binding.action for binding in known]


def _several(names: list[str]) -> str:
    return ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]}"


def key_name(key: str) -> str:
    """A key as one would say it."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, NAMES.get(last, last)]).replace("ctrl+", "^")
