"""Work on a text: search, selection by keys and mouse, copying a part, export."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.lm import LmPanel

pytestmark = pytest.mark.anyio

WORDS = " the lamp", " The boat", " a lamp", "\n", "and the bar"


def words(settings: Mapping[str, Any]) -> Iterator[Any]:
    text = "".join(WORDS) * 40
    yield {
        "sample": 0,
        "text": text,
        "lengths": [*map(len, WORDS)] * 40,
        "logprobs": [-0.5, -3.0, -0.01, -9.0, -1.0] * 40,
    }


async def test_find_select_copy_and_export(
    runs: Path, fake: Any, settled: Any, shows: Any, notes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    monkeypatch.setattr(SeqnlpApp, "copy_to_clipboard", lambda _, text: copied.append(text))
    replies = {"load": lambda _: [{}], "generate": words, "next": lambda _: [[["e", -0.5]]]}
    app = SeqnlpApp(runs, fake(replies), run_at(runs / "char_lstm"))
    async with app.run_test(size=(80, 24)) as pilot:
        panel = app.screen.query_one(LmPanel)
        await pilot.press(*"Once", "enter")
        await settled(pilot)
        view = panel.view
        await pilot.press("home", "f", *"lampe")
        await shows(app, "not in this text")
        await pilot.press("backspace", "enter")
        await settled(pilot)
        assert view.cursor == 2  # the cursor was on the first one
        await pilot.press("full_stop", "full_stop", "comma")
        assert view.cursor == 5
        await pilot.press("f", *"THE B", "enter", "full_stop")
        assert view.cursor == 9
        styles = [segment.style for line in range(24) for segment in view.render_line(line) if segment.text == "The b"]
        assert styles
        assert styles[0] is not None
        assert styles[0].underline
        await pilot.press("home", "shift+right", "shift+right", "c")
        assert copied == [" the lamp The boat a lamp"]
        await pilot.press("left", "shift+left", "ctrl+c")
        assert copied[1] == " the lamp The boat"
        await pilot.press("right", "shift+down", "c")
        assert copied[2].count("\n") >= 1
        await pilot.press("left", "c")
        assert copied[3] == view.buffer.text
        await pilot.press("end")
        view.scroll_to(y=0, animate=False)
        await pilot.pause()
        await pilot.mouse_down(view, offset=(7, 0))
        await pilot.hover(view, offset=(19, 0))
        await pilot.mouse_up(view, offset=(19, 0))
        await pilot.press("c")
        assert copied[4] == " the lamp The boat"
        for ending in ("html", "svg", "txt"):
            await pilot.press("x", *f"harbour.{ending}", "enter")
            await settled(pilot)
        page = Path("harbour.html").read_text(encoding="utf-8")
        assert ">Once</b>" in page
        assert 'title="60.7%"> the lamp</span>' in page
        assert Path("harbour.svg").read_text(encoding="utf-8").lower().count("#7fb0c8") == 1  # the prompt
        assert Path("harbour.txt").read_text(encoding="utf-8") == f"{view.buffer.text}\n"
        assert any("harbour.html" in note for note in notes(app))
