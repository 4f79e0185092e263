"""Generated text, its tokens tinted by their probability, with a cursor."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import exp, log
from typing import ClassVar, final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from seqnlp.tui.configuration.key_names import named
from seqnlp.tui.token_buffer import LineWrap, TokenBuffer

LEVELS = [log(share) for share in (0.01, 0.05, 0.2, 0.5, 0.9)]
"""Log-probabilities between the tints, the lowest first."""

LEVEL_NAMES = "543210"
"""Tint between two of these: 0 for a token that was almost certain, 5 for a very unlikely one."""

LOOK = "token before or after, and its alternatives"

INFLUENCES = (0.05, 0.2, 0.4, 0.7)
"""Shares of the greatest influence from which a token has a ground of its own."""

TINTS = ("$heat-0", "$heat-1", "$heat-2", "$heat-3", "$heat-4", "bold $heat-5")
"""Styles of the tints, by their names."""

TINTS_WITHOUT_COLOUR = ("", "", "", "underline", "underline", "bold underline")

SIGNS = {number: chr(0x2400 + number) for number in range(32)} | {9: " ", 10: " ", 127: "␡"}
"""Replacements of characters that would disturb a terminal."""


@final
class TokenView(ScrollView, can_focus=True):
    """Scrollable text, drawn line by line: a frame costs the same for any length."""

    ALLOW_SELECT = False
    """For tokens are selected here, which Textual's own selection does not know."""

    BINDINGS: ClassVar[list[BindingType]] = named(
        "tokens",
        Binding("left", "look(-1)", "alternatives", key_display="←→", tooltip=LOOK),
        Binding("right", "look(1)", "alternatives", show=False, tooltip=LOOK),
        Binding("left", "step(-1)", "token before", show=False),
        Binding("right", "step(1)", "token after", show=False),
        Binding("up", "line(-1)", "line above", show=False),
        Binding("down", "line(1)", "line below", show=False),
        Binding("pageup", "page(-1)", "page above", show=False),
        Binding("pagedown", "page(1)", "page below", show=False),
        Binding("home", "home", "first token", show=False),
        Binding("end", "follow", "to the end", show=False),
        Binding("shift+left", "select('step', -1)", "select", show=False),
        Binding("shift+right", "select('step', 1)", "select", show=False),
        Binding("shift+up", "select('line', -1)", "select lines", show=False),
        Binding("shift+down", "select('line', 1)", "select lines", show=False),
        Binding("full_stop", "find(1)", "next match", key_display=".", show=False),
        Binding("comma", "find(-1)", "match before", key_display=",", show=False),
    )

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"token--{level}" for level in range(6)),
        *(f"token--{side}-{level}" for side in ("for", "against") for level in range(1, len(INFLUENCES) + 1)),
        "token--prompt",
        "token--selected",
        "token--match",
        "token--cursor",
        "token--end",
    }

    DEFAULT_CSS = """
    TokenView {
        width: 1fr; height: 1fr; padding: 0 1 0 2; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1;
        background: $background;
        .token--0 { color: $heat-0; }
        .token--1 { color: $heat-1; }
        .token--2 { color: $heat-2; }
        .token--3 { color: $heat-3; }
        .token--4 { color: $heat-4; }
        .token--5 { color: $heat-5; text-style: bold; }
        .token--prompt { color: $primary; text-style: bold; }
        .token--cursor { background: $accent; color: $background; text-style: bold; }
        .token--selected { background: $primary 40%; color: $foreground; }
        .token--match { color: $accent; text-style: bold underline; }
        .token--end { color: $accent; }
        .token--for-1 { background: $primary 15%; }
        .token--for-2 { background: $primary 30%; }
        .token--for-3 { background: $primary 45%; }
        .token--for-4 { background: $primary; color: $background; }
        .token--against-1 { background: $error 15%; }
        .token--against-2 { background: $error 30%; }
        .token--against-3 { background: $error 45%; }
        .token--against-4 { background: $error; color: $background; }
        &:ansi {
            .token--3 { text-style: underline; }
            .token--4 { text-style: underline; }
            .token--5 { text-style: bold underline; }
            .token--cursor { text-style: reverse; }
            .token--selected { text-style: reverse; }
            .token--for-2 { text-style: underline; }
            .token--for-3 { text-style: bold underline; }
            .token--for-4 { text-style: bold underline; }
            .token--against-2 { text-style: italic; }
            .token--against-3 { text-style: bold italic; }
            .token--against-4 { text-style: bold italic; }
        }
        &.-several { border-top: solid $faint; border-title-color: $muted; padding: 0 1; }
        &.-several:focus { border-top: solid $accent; border-title-color: $accent; border-title-style: bold; }
    }
    """

    class CursorMoved(Message):
        """The cursor is on another token, or on none."""

        def __init__(self, view: TokenView) -> None:
            super().__init__()
            self.view = view

    def __init__(self, buffer: TokenBuffer, has_alternatives: bool = True) -> None:
        """Show a text from its end.

        Args:
            buffer: The text.
            has_alternatives: Those of the token under the cursor are shown somewhere, so that the keys say so.
        """
        super().__init__()
        self.buffer, self.has_alternatives = buffer, has_alternatives
        self.cursor: int | None = None
        """Index of the token under the cursor among the kept ones; None while the end is followed."""
        self.busy = False
        """True while more is being written: then the end has a mark."""
        self._wrap = LineWrap(80)
        self._seen = (buffer.version, buffer.dropped, buffer.dropped_tokens)
        self._strips: LRUCache[object, Strip] = LRUCache(512)
        self._following = True
        self.selection_anchor: int | None = None
        """Other end of the selection, a token; None if nothing is selected."""
        self._pressed: int | None = None
        """Token at which the mouse button was pressed, while it is."""
        self._sought: re.Pattern[str] | None = None
        self._influences: list[tuple[int, int, str]] = []
        """Spans with a ground for their influence, from left to right, and the name of its style."""

    @property
    def selected(self) -> str:
        """The selected text; empty if nothing is selected."""
        return self.buffer.text[slice(*self._selection())]

    def _selection(self) -> tuple[int, int]:
        """Offsets of the selection."""
        if (
            self.selection_anchor is None
            or self.cursor is None
            or max(self.selection_anchor, self.cursor) >= self.buffer.count
        ):
            return 0, 0
        first, last = sorted((self.selection_anchor, self.cursor))
        return self.buffer.span(first)[0], self.buffer.span(last)[1]

    def seek(self, text: str) -> int:
        """Mark a text wherever it occurs, in either case; an empty one takes the marks away.

        Returns:
            The number of places.
        """
        self._sought = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self._strips.clear()
        self.refresh()
        return self.count(text)

    def count(self, text: str) -> int:
        """Number of places of a text, in either case."""
        found = re.finditer(re.escape(text), self.buffer.text, re.IGNORECASE) if text else ()
        return sum(1 for _ in found)

    def action_find(self, by: int) -> None:
        """Move to the next match, or the one before; past the last one to the first."""
        if self._sought is None:
            return
        places = [match.start() for match in self._sought.finditer(self.buffer.text)]
        tokens = [token for place in places if (token := self.buffer.token_at(place)) is not None]
        if tokens:
            here = self.cursor if self.cursor is not None else (-1 if by > 0 else self.buffer.count)
            after = [token for token in tokens if (token > here if by > 0 else token < here)]
            self.place((after or tokens)[0 if by > 0 else -1])

    def action_select(self, how: str, by: int) -> None:
        """Extend the selection by tokens or by lines."""
        anchor = self.cursor if self.selection_anchor is None else self.selection_anchor
        (self.action_step if how == "step" else self.action_line)(by)
        self.selection_anchor = self.cursor if anchor is None else anchor
        self._strips.clear()
        self.refresh()

    def show_influence(self, scores: Sequence[tuple[int, float]], end: int) -> None:
        """Give tokens grounds by their influence on a later one.

        Args:
            scores: Length of each token, and its score; none takes the grounds away.
            end: Offset of the end of the last one.
        """
        before, self._influences = self._influences, spans_of(scores, end)
        if before or self._influences:
            self._strips.clear()
            self.refresh()

    def show_buffer(self, buffer: TokenBuffer) -> None:
        """Show another text from its end."""
        self.buffer, self.cursor, self._following = buffer, None, True
        self._seen = (buffer.version, buffer.dropped, buffer.dropped_tokens)
        self._wrap = LineWrap(self._wrap.width)
        self._strips.clear()
        self.grew()

    def grew(self) -> None:
        """Lay out new text, and draw the viewport."""
        self._catch_up()
        before = len(self._wrap)
        self._wrap.grow(self.buffer.text)
        lines = len(self._wrap)
        if self._following:
            top = self._top_of_end()
            self._set_lines(max(lines, top + self._height))
            self.scroll_to(y=top, animate=False)
            self.refresh()
        else:
            self._set_lines(lines)
            if before <= self.scroll_offset.y + self._height:
                self.refresh()

    def place(self, cursor: int | None) -> None:
        """Put the cursor on a token, and scroll it into view; nothing is selected then."""
        if self.selection_anchor is not None:
            self.selection_anchor = None
            self._strips.clear()
        self.cursor = None if cursor is None else min(max(cursor, 0), self.buffer.count - 1)
        if self.buffer.count == 0:
            self.cursor = None
        if self.cursor is not None:
            self._following = False
            line = self._wrap.line_at(self.buffer.span(self.cursor)[0])
            top = min(max(self.scroll_offset.y, line - self._height + 1), line)
            self.scroll_to(y=top, animate=False)
        self.refresh()
        self.post_message(self.CursorMoved(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return {"look": self.has_alternatives, "step": not self.has_alternatives}.get(action, True)

    def action_look(self, by: int) -> None:
        """Move by tokens, to see their alternatives."""
        self.action_step(by)

    def action_step(self, by: int) -> None:
        """Move by tokens."""
        self.place(self.buffer.count - 1 if self.cursor is None else self.cursor + by)

    def action_line(self, by: int) -> None:
        """Move by lines, to the token below or above."""
        self._catch_up()
        if self.cursor is None:
            self.place(self.buffer.count - 1)
            return
        begin, _ = self.buffer.span(self.cursor)
        line = self._wrap.line_at(begin)
        column = begin - self._wrap.starts[line]
        wanted = min(max(line + by, 0), len(self._wrap) - 1)
        left, right = self._wrap.line(wanted, self.buffer.text)
        self._place_at(min(left + column, max(right - 1, left)), by)

    def action_page(self, by: int) -> None:
        """Move by pages."""
        self.action_line(by * max(self._height - 1, 1))

    def action_home(self) -> None:
        """Move to the first token."""
        self.place(0)

    def action_follow(self) -> None:
        """Hide the cursor, and follow the end as the text grows."""
        self._following = True
        self.place(None)
        self.grew()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        offset = self._offset_under(event)
        if offset is not None:
            self._place_at(offset, 0)
            self._pressed = self.cursor
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Select from where the button was pressed."""
        offset = None if self._pressed is None else self._offset_under(event)
        token = None if offset is None else self.buffer.token_at(offset)
        if token is not None and token != self.cursor:
            pressed = self._pressed
            self.place(token)
            self.selection_anchor = pressed
            self._strips.clear()
            self.refresh()

    def on_mouse_up(self) -> None:
        """End the selection by mouse."""
        self._pressed = None
        self.release_mouse()

    def _offset_under(self, event: events.MouseEvent) -> int | None:
        """Offset of the character under the mouse; None beside the text."""
        content = event.get_content_offset(self)
        if content is None:
            return None
        line = content.y + self.scroll_offset.y
        if line >= len(self._wrap):
            return None
        begin, end = self._wrap.line(line, self.buffer.text)
        return begin + content.x if begin + content.x < end else None

    def on_mouse_scroll_up(self) -> None:
        """Stop following: who looks back does not want to be torn away."""
        self._following = False

    def on_mouse_scroll_down(self) -> None:
        self._following = self.cursor is None and self.scroll_offset.y + self._height >= len(self._wrap) - 3

    def on_resize(self) -> None:
        """Lay out the text for the new width."""
        width = max(self.scrollable_content_region.width - 1, 1)  # the mark at the end needs a cell
        if width != self._wrap.width:
            self._wrap = LineWrap(width)
            self._strips.clear()
        self.grew()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def _catch_up(self) -> None:
        """Lay out the text again if more than its end has changed; the viewport stays on its text."""
        buffer, (version, dropped, forgotten) = self.buffer, self._seen
        if buffer.version == version:
            return
        self._seen = (buffer.version, buffer.dropped, buffer.dropped_tokens)
        gone = self._wrap.line_at(max(buffer.dropped - dropped, 0))
        self._wrap = LineWrap(self._wrap.width)
        self._wrap.grow(buffer.text)
        self._strips.clear()
        if self.cursor is not None:
            cursor = self.cursor - (buffer.dropped_tokens - forgotten)
            self.cursor = cursor if 0 <= cursor < buffer.count else None
            if self.cursor is None:
                self.post_message(self.CursorMoved(self))
        if gone and not self._following:
            self.set_reactive(TokenView.scroll_y, max(self.scroll_y - gone, 0))
            self.set_reactive(TokenView.scroll_target_y, max(self.scroll_y, 0))

    def _top_of_end(self) -> int:
        """First line to show of a text whose end is followed.

        While it grows the lines stay where they are until the last one is full; then the end moves up to where a
        quarter is above it. If all lines moved up with each new one, all would have to be drawn each time.
        """
        lines, height, top = len(self._wrap), self._height, self.scroll_offset.y
        if not self.busy or lines > top + 2 * height:  # a page and more at once is not read, but should look full
            return max(lines - height, 0)
        if top < lines <= top + height:
            return top
        return max(lines - 1 - height // 4, 0) if lines > height else 0

    def _set_lines(self, lines: int) -> None:
        if lines != self.virtual_size.height:
            self.virtual_size = Size(self._wrap.width, lines)

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    def _place_at(self, offset: int, by: int) -> None:
        """Put the cursor on the token nearest to an offset."""
        token = self.buffer.token_at(offset)
        if token is None:
            token = 0 if offset < self.buffer.start else self.buffer.count - 1
        if by and token == self.cursor:  # a token over several lines
            token += 1 if by > 0 else -1
        self.place(token)

    def render_line(self, y: int) -> Strip:
        self._catch_up()
        number, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if number >= len(self._wrap):
            return Strip.blank(width, self.rich_style)
        buffer = self.buffer
        begin, end = self._wrap.line(number, buffer.text)
        last = number + 1 == len(self._wrap)
        cursor = (0, 0) if self.cursor is None else buffer.span(self.cursor)
        here = cursor if cursor[0] <= end and cursor[1] > begin else (0, 0)
        key = (number, begin, end, here, last and self.busy, width)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._strips[key] = self._strip(begin, end, here, last and self.busy).adjust_cell_length(
                width, self.rich_style
            )
        return strip

    def _strip(self, begin: int, end: int, cursor: tuple[int, int], marked: bool) -> Strip:
        text = self.buffer.text
        spans: list[tuple[int, int, str]] = []  # of tokens with the same tint
        grounds = self._grounds_in(begin, end)
        for left, right, logprob in self.buffer.pieces(begin, end):
            name = "prompt" if logprob is None else LEVEL_NAMES[bisect_right(LEVELS, logprob)]
            if logprob is not None and left < cursor[1] and right > cursor[0]:
                name = "cursor"
            elif grounds:
                for begin_of, end_of, style in _covered(left, right, name, grounds):
                    _append(spans, begin_of, end_of, style)
                continue
            _append(spans, left, right, name)
        parts = [(text[left:right], self._style(name)) for left, right, name in spans]
        if cursor[0] == end < cursor[1] and text[cursor[0] : cursor[1]].isspace():
            parts.append(("↵", self._style("cursor")))  # a line break has no cell of its own
        if marked:
            parts.append(("▌", self._style("end")))
        return Strip([Segment(part.translate(SIGNS), style) for part, style in parts])

    def _grounds_in(self, begin: int, end: int) -> list[tuple[int, int, str]]:
        """Spans of a line with grounds: selected, found, or of influence."""
        selection = self._selection()
        if selection[0] < end and selection[1] > begin:
            return [(*selection, "selected")]
        if self._sought is not None:
            near = len(self._sought.pattern)  # a match may begin in the line before
            first = max(begin - near, 0)
            found = self._sought.finditer(self.buffer.text, first, end + near)
            if matches := [(match.start(), match.end(), "match") for match in found if match.end() > begin]:
                return matches
        return self._influences

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"token--{name}")


def _covered(
    left: int, right: int, name: str, grounds: Sequence[tuple[int, int, str]]
) -> Iterator[tuple[int, int, str]]:
    """Divide a piece into parts with their styles."""
    for begin, end, style in grounds:
        if begin < right and end > left:
            if begin > left:
                yield left, begin, name
            yield max(begin, left), min(end, right), style
            left = min(end, right)
    if left < right:
        yield left, right, name


def _append(spans: list[tuple[int, int, str]], left: int, right: int, name: str) -> None:
    """Append a span, or extend the last one of the same style."""
    if spans and spans[-1][2] == name:
        spans[-1] = (spans[-1][0], right, name)
    else:
        spans.append((left, right, name))


def spans_of(scores: Sequence[tuple[int, float]], end: int) -> list[tuple[int, int, str]]:
    """Spans of the tokens with influence, and their styles."""
    greatest = max((abs(score) for _, score in scores), default=0.0)
    found: list[tuple[int, int, str]] = []
    for length, score in reversed(scores):
        level = bisect_right(INFLUENCES, abs(score) / greatest) if greatest else 0
        if level and length:
            found.append((end - length, end, f"{'for' if score > 0 else 'against'}-{level}"))
        end -= length
    return found[::-1]


@final
class Legend(Widget):
    """Legend of the tints: the probability that the model gives a token."""

    DEFAULT_CSS = """
    Legend { height: 2; }
    """

    influence: reactive[bool] = reactive(False)
    """True while grounds show the influence of earlier tokens."""

    def render(self) -> Content:
        if self.influence:
            grounds = Content.assemble(
                (" for ", "$background on $primary"), " ", (" against ", "$background on $error")
            )
            gap = "\n" if self.size.height > 1 else " "
            return Content.styled("influence on the token", "$muted").append(gap).append(grounds)
        heading, gap = ("tint: model's probability", "\n") if self.size.height > 1 else ("model:", " ")
        return Content.styled(heading, "$muted").append(gap).append(tints(bool(self.app.ansi_color)))


def tints(plain: bool) -> Content:
    """Each tint with its least probability; without colour if plain."""
    names = [f"{exp(level):.0%}".rstrip("%") for level in reversed(LEVELS)]
    names = [f"{names[0]}%", *names[1:], f"<{names[-1]}"]
    styles = TINTS_WITHOUT_COLOUR if plain else TINTS
    return Content(" ").join([Content.styled(f"■{name}", style) for name, style in zip(names, styles, strict=True)])
