"""The tree of texts on the screen: branches are made, walked, named, marked and deleted."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.lm import LmPanel
from seqnlp.tui.widgets.branches import Branches

pytestmark = pytest.mark.anyio


def words(settings: Mapping[str, Any]) -> Iterator[Any]:
    """Twenty tokens, each with the seed of the request in it."""
    for sample in range(settings.get("samples", 1)):
        text = "".join(f" w{settings['seed'] % 1000:03}" for _ in range(20))
        yield {"sample": sample, "text": text, "lengths": [5] * 20, "logprobs": [-0.5] * 20}


def scored(settings: Mapping[str, Any]) -> Iterator[Any]:
    yield [[settings["text"], -3.0]]


def opened(fake: Any, runs: Path) -> SeqnlpApp:
    replies = {"load": lambda _: [{}], "generate": words, "next": lambda _: [[["e", -0.5], ["a", -0.9]]]}
    return SeqnlpApp(runs, fake({**replies, "score": scored}), run_at(runs / "char_lstm"))


async def test_branches_are_made_and_walked(runs: Path, fake: Any, settled: Any, shows: Any, hides: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(120, 35)) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.settings["seed"] = 7
        await pilot.press(*"Once", "enter")
        await settled(pilot)
        texts = [panel.view.buffer.text]
        await pilot.press("home", "right", "right")
        await settled(pilot)
        await pilot.press("2")  # another token
        await settled(pilot)
        texts.append(panel.view.buffer.text)
        assert texts[1].startswith(texts[0][:14] + "a w")
        await pilot.press("home", "right", "e")  # another word
        await pilot.press("end", *["backspace"] * 9, *" sea", "enter")
        await settled(pilot)
        texts.append(panel.view.buffer.text)
        assert texts[2].startswith(texts[0][:9] + " sea w")
        await pilot.press("home", "right", "right", "right", "g")  # the same once more
        await settled(pilot)
        texts.append(panel.view.buffer.text)
        assert texts[3][:18] == texts[2][:18] != texts[3]
        assert len(set(texts)) == 4
        await shows(app, "↻")
        tree = panel.query_one(Branches)
        assert [line.guides for line in tree.lines] == ["", "├╴", "│ └╴", "└╴"]
        await pilot.press("t", "home", "enter")
        await settled(pilot)
        assert panel.view.buffer.text == texts[0]
        await pilot.press("r", *"the first", "enter", "m")
        await shows(app, "★the first: w007")
        await pilot.press("down", "x")
        await settled(pilot)
        await hides(app, "✎")
        assert len(tree.lines) == 2
        assert panel.view.buffer.text == texts[0]
        await pilot.press("u")
        await settled(pilot)
        assert len(tree.lines) == 4
        await pilot.press("u", "u", "u")  # the walk, the last branch and the one before
        await settled(pilot)
        assert panel.view.buffer.text == texts[1]
        await pilot.press("U", "U")
        await settled(pilot)
        assert panel.view.buffer.text == texts[3]
        await pilot.press("escape", "[", "]", "[")
        assert app.focused is panel.view
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        panel = app.screen.query_one(LmPanel)
        assert panel.view.buffer.text == texts[2]
        assert not panel.query_one(Branches).region
        await pilot.press("escape", "t")
        await shows(app, "★the first: w007")
        await pilot.press("home", "x")  # all others leave it: it stays
        await settled(pilot)
        assert panel.view.buffer.text == texts[2]
        await pilot.press("escape")
        await hides(app, "the first")
