"""The text whose end is seen."""

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Static

from seqnlp.tui.widgets.last_lines import LastLines

pytestmark = pytest.mark.anyio


class Shown(App[None]):
    """The text above a panel that grows."""

    CSS = "Static { height: auto; }"

    def compose(self) -> ComposeResult:
        yield LastLines("text")
        yield Static("")


def numbers(count: int) -> Content:
    return Content("\n".join(f"line {number}" for number in range(count)))


def seen(app: App[None]) -> list[str]:
    text = app.query_one(LastLines)
    return [text.render_line(y).text.rstrip() for y in range(text.size.height)]


async def test_the_end_is_seen_whatever_changes() -> None:
    app = Shown()
    async with app.run_test(size=(30, 6)) as pilot:
        text = app.query_one(LastLines)
        text.show_text(numbers(20))
        await pilot.pause()
        assert seen(app)[-1] == "line 19"
        assert text.vertical_scrollbar.position == text.scroll_y
        text.show_text(numbers(30))
        await pilot.pause()
        assert seen(app)[-1] == "line 29"
        app.query_one(Static).update("a\nb\nc")
        await pilot.pause()
        assert seen(app)[-1] == "line 29"
        await pilot.resize_terminal(5, 9)
        assert seen(app)[-2:] == ["line", "29"]
        text.show_text(numbers(2))
        await pilot.resize_terminal(30, 9)
        assert seen(app)[:3] == ["line 0", "line 1", ""]


async def test_what_was_scrolled_to_stays_while_nothing_is_new() -> None:
    app = Shown()
    async with app.run_test(size=(30, 6)) as pilot:
        text = app.query_one(LastLines)
        text.show_text(numbers(20))
        await pilot.pause()
        text.scroll_to(y=3, animate=False)
        await pilot.pause()
        text.show_text(numbers(20))
        await pilot.pause()
        assert seen(app)[0] == "line 3"
