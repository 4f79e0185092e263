"""A grid of settings, and steering, on the screen: what is asked, and what can be kept."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.errors import UsageError
from seqnlp.generation.presets import preset
from seqnlp.generation.settings import biases_text, parse_biases, parse_strings, strings_text
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.lm import LmPanel, cells_in
from seqnlp.tui.widgets.ask import AskScreen

pytestmark = pytest.mark.anyio


def words(settings: Mapping[str, Any]) -> Iterator[Any]:
    """Ten tokens for each text, with its temperature in them."""
    for sample, cell in enumerate(settings.get("cells") or [{}] * settings.get("samples", 1)):
        temperature = {**settings, **cell}.get("temperature", 0)
        text = f" w{temperature:.1f}" * 10
        yield {"sample": sample, "text": text, "lengths": [5] * 10, "logprobs": [-0.5] * 10}


def opened(fake: Any, runs: Path) -> SeqnlpApp:
    replies = {"load": lambda _: [{}], "generate": words, "search": words, "next": lambda _: [[["e", -0.5]]]}
    return SeqnlpApp(runs, fake(replies), run_at(runs / "char_lstm"))


def asked(app: SeqnlpApp, do: str = "generate") -> list[dict[str, Any]]:
    return [settings for what, settings in app.service.asked if what == do]  # type: ignore[attr-defined]


async def test_a_grid_is_one_batch_and_one_cell_is_kept(runs: Path, fake: Any, settled: Any, shows: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(120, 35)) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.settings["seed"] = 7
        await pilot.press(*"Once", "enter")
        await settled(pilot)
        await pilot.press("w", *"temp", "enter")
        await shows(app, "expected a setting and its values")
        assert isinstance(app.screen, AskScreen)
        await pilot.press(*["backspace"] * 4, *"temperature 0.2 .. 1.8 9", "enter")
        await settled(pilot)
        await shows(app, "temperature 1.8")
        (request,) = asked(app)[1:]
        assert [cell["temperature"] for cell in request["cells"]] == [0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8]
        texts = [buffer.text for buffer in panel.session.buffers]
        assert texts[8] == "Once" + " w1.8" * 10
        panel.views[2].focus()
        await pilot.press("space")  # a cell goes on with its own settings
        await settled(pilot)
        assert (asked(app)[-1]["temperature"], asked(app)[-1]["seed"]) == (0.6, 7 + 10)
        await pilot.press("s")
        await settled(pilot)
        table = Path("samples/char_lstm-1.md").read_text(encoding="utf-8")
        await shows(app, "temperature 1.4: w1.4")  # in the tree
        formats = panel.export_formats()
        assert formats[".md"]() == table
        cells = json.loads(formats[".json"]())["cells"]
        assert [cell["cell"]["temperature"] for cell in cells] == [cell["temperature"] for cell in request["cells"]]
        assert cells[8]["text"] == " w1.8" * 10
        assert table.startswith("Once\n\n| temperature | text |\n| --: | --- |\n| 0.2 |  w0.2 w0.2")
        await pilot.press("enter")
        await settled(pilot)
        assert panel.view.buffer.text == "Once" + " w0.6" * 20
        assert len(panel.views) == 1
        assert panel.settings["temperature"] == 0.6
        assert sorted(len(line.branch.text) for line in panel.session.tree.lines()) == [50] * 8 + [100]
        await pilot.press("n")
        await settled(pilot)
        assert "cells" not in asked(app)[-1]


async def test_a_grid_of_runs(runs: Path, fake: Any, settled: Any, shows: Any, new_run: Any) -> None:
    new_run("word_lstm", "lm", "bits_per_char", 2.2, "2025-11-01T08:00:00+00:00", 4200)
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.view.focus()
        await pilot.press("w", *"run char_lstm, nothing")
        await shows(app, "run nothing: there is none of this name")
        await pilot.press(*["backspace"] * 7, *"word_lstm; temperature 0.5,1", "enter")
        await settled(pilot)
        await shows(app, "run char_lstm")
        assert len(asked(app)) == 2
        assert [len(request["cells"]) for request in asked(app)] == [2, 2]
        panel.views[3].focus()
        await pilot.press("enter")
        assert len(panel.views) == 4  # of another run


async def test_what_is_steered_is_asked_for(
    runs: Path, fake: Any, settled: Any, shows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(runs.absolute() / "config"))
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.view.focus()
        await pilot.press("o", "down", "right", *["down"] * 2, "enter", *r"\n\,,end", "enter")
        await shows(app, r"\n\,,end")
        await pilot.press("down", "down", "enter", *"e=x")
        await shows(app, "bias of 'e': x: expected a number")
        await pilot.press("backspace", *"-2, q=3", "enter", "down", "enter", *"a+", "enter")
        await pilot.press("p", *"Once", "enter")
        await settled(pilot)
        request = asked(app)[-1]
        assert (request["repetition_window"], request["stop"]) == (1, ["\n,", "end"])
        assert (request["bias"], request["pattern"]) == ({"e": -2.0, " q": 3.0}, "a+")
        await pilot.press("space")
        await settled(pilot)
        assert asked(app)[-1]["begun"] == " w0.8" * 10
        await pilot.press("P", *"mine", "enter")
        assert preset("mine") == {
            **{"temperature": 0.8, "repetition_penalty": 1.0, "repetition_window": 1, "stop": ["\n,", "end"]},
            **{"bias": {"e": -2.0, " q": 3.0}, "pattern": "a+"},
        }
        await pilot.press("o")
        await shows(app, "mine")
        panel.settings["preset"] = "bold"
        panel._take_preset("bold")
        await pilot.press("escape", "n")
        await settled(pilot)
        request = asked(app)[-1]
        assert (request["temperature"], request["min_p"], "stop" in request) == (1.2, 0.05, False)
        panel.settings["beams"] = 5
        await pilot.press("n")
        await settled(pilot)
        assert asked(app, "search") == [{"prompt": "Once", "beams": 5, "length": 500}]


@pytest.mark.parametrize("strings", [["a"], ["a,b", "\n", "\\n", "\t\\"], [" the"]])
def test_strings_come_back_from_their_text(strings: list[str]) -> None:
    assert parse_strings(strings_text(strings)) == strings
    biases = dict.fromkeys(strings, -1.5)
    assert parse_biases(biases_text(biases)) == biases


def test_too_long_a_name_of_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is none of this name"):
        cells_in(f"run={'x' * 5000},b", tmp_path, "a")
