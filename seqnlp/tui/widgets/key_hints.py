"""Footer: as many key hints as there is room for, and always the one for help."""

from __future__ import annotations

from typing import final

from rich.cells import cell_len
from textual import events
from textual.binding import ActiveBinding
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from seqnlp.tui.configuration.key_names import place_in_footer
from seqnlp.tui.configuration.load import configuration_of

HELP = "app.help"


@final
class KeyHints(Widget):
    """Footer without hints that are cut off; a click on one presses its key.

    Hints are chosen when they are drawn, so that they always belong to the keys and the width of that moment.
    (Textual's own footer has a widget for each key, mounted some time after the keys or the width have changed.)
    """

    ALLOW_SELECT = False

    DEFAULT_CSS = """
    KeyHints { dock: bottom; height: 1; background: $surface; pointer: pointer; }
    """

    hovered: reactive[str] = reactive("")
    """Action under the mouse."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        if screen.app.app_focus:  # while another window has the focus no widget has it, and its keys would vanish
            self.refresh()

    def render(self) -> Content:
        return Content("").join([self._hint(active) for active in self.seen()])

    def seen(self) -> list[ActiveBinding]:
        """Bindings with a hint, one for each action."""
        actions: dict[str, ActiveBinding] = {}
        found = [*self.screen.active_bindings.values()]
        if configuration_of(self.app).keys:  # Textual puts other keys behind the usual ones
            nodes = [active.node for active in found]
            found.sort(key=lambda active: (nodes.index(active.node), place_in_footer(active.binding)))
        for active in found:
            if active.binding.show:
                actions.setdefault(active.binding.action, active)
        widths = {action: self._width(active) for action, active in actions.items()}
        return [actions[action] for action in fitting(widths, self.size.width)]

    def on_mouse_move(self, event: events.MouseMove) -> None:
        active = self._under(event)
        self.hovered = active.binding.action if active is not None else ""

    def on_leave(self) -> None:
        self.hovered = ""

    def on_mouse_down(self, event: events.MouseDown) -> None:
        active = self._under(event)
        if active is not None:
            self.app.simulate_key(active.binding.key)

    def _under(self, event: events.MouseEvent) -> ActiveBinding | None:
        end = 0
        for active in self.seen():
            end += self._width(active)
            if event.x < end:
                return active
        return None

    def _width(self, active: ActiveBinding) -> int:
        return cell_len(self.app.get_key_display(active.binding)) + cell_len(active.binding.description) + 3

    def _hint(self, active: ActiveBinding) -> Content:
        key, what = self.app.get_key_display(active.binding), active.binding.description
        hint = Content.assemble(
            (f" {key} ", "bold $footer-key-foreground"), (f"{what} ", "$footer-description-foreground")
        )
        if not active.enabled:
            return hint.stylize("dim")
        return hint.stylize("on $block-hover-background") if active.binding.action == self.hovered else hint


def fitting(hints: dict[str, int], room: int) -> list[str]:
    """The first hints that fit into a width, help among them.

    Args:
        hints: Widths by action, the most important one first.
        room: The width in cells.
    """
    chosen: list[str] = []
    left = room - hints.get(HELP, 0)
    for action, width in hints.items():
        if action == HELP:
            chosen.append(action)
        elif width <= left:
            chosen.append(action)
            left -= width
        else:
            left = 0  # what comes after is less important
    return chosen
