"""The translate screen, from a service that knows one sentence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from seqnlp.service.client import ServiceDied, ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.translate import TranslatePanel, before, up_to
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.widgets.prompt import Prompt

pytestmark = pytest.mark.anyio

SOURCE = "A man in a blue shirt is standing on a ladder cleaning a window ."
TARGETS = [
    "Ein Mann in einem blauen Hemd steht auf einer Leiter und putzt ein Fenster .",
    "Ein Mann in blauem Hemd steht auf einer Leiter und putzt ein Fenster .",
    "Ein Mann in einem blauen Hemd steht auf einer Leiter und reinigt ein Fenster .",
    "Ein Mann im blauen Hemd auf einer Leiter putzt ein Fenster .",
    "Ein Mann mit einem blauen Hemd steht auf einer Leiter und putzt ein Fenster .",
]


def translations(settings: Mapping[str, Any]) -> list[Any]:
    """Five translations that look along the diagonal."""
    sources, prefix = settings["texts"].split(), settings["prefix"].split()
    found = []
    for number, text in enumerate(TARGETS):
        tokens = [*prefix, *text.split()[len(prefix) :]]
        attention = []
        for row in range(len(tokens)):
            near = [1 / (1 + 3 * abs(place - row * len(sources) / len(tokens)) ** 2) for place in range(len(sources))]
            attention.append([weight / sum(near) for weight in near])
        found.append(
            {
                "text": " ".join(tokens),
                "score": -0.31 - 0.12 * number,
                "logprob": -2.2 - 0.9 * number,
                "tokens": tokens,
                "source_tokens": sources,
                "attention": attention,
            }
        )
    return [{**found[0], "alternatives": found[1:]}]


def opened(fake: Any, runs: Path, reply: Any = translations) -> SeqnlpApp:
    recipe = runs / "sentiment_lstm" / "recipe.toml"
    recipe.write_text('task = "translate"\n')
    load = {"load": lambda settings: [{"task": "translate"}]}
    return SeqnlpApp(runs, fake(load | {"translate": reply}), run_at(runs / "sentiment_lstm"))


async def test_the_picture(runs: Path, fake: Any, golden: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, SOURCE)
        screen.grid.focus()
        await pilot.press(*["down"] * 4, *["right"] * 4)
        await pilot.pause()
        await golden(app, "translate")


async def test_translations_follow_what_is_typed(runs: Path, fake: Any, shows: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(140, 45)) as pilot:
        await shows(app, "the translations will stand here")
        await typed(pilot, "A man")
        await shows(app, "▸ −0.31")
        await shows(app, TARGETS[3])
        search = {"beam": 5, "best": 5, "length_penalty": "gnmt", "alpha": 0.6}
        asked = app.service.asked[-1]  # type: ignore[attr-defined]
        assert asked == ("translate", {"texts": "A man", **search, "prefix": "", "attention": True})
        await typed(pilot, " ")
        await shows(app, "the translations will stand here")


async def test_another_translation_has_its_own_attention(runs: Path, fake: Any, shows: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(140, 45)) as pilot:
        screen = await typed(pilot, SOURCE)
        await shows(app, "1/5 · log-probability −2.20")
        await pilot.press("down", "down", "down")
        assert screen.answer.index == 2
        assert screen.grid.tokens == TARGETS[2].split()
        await shows(app, "3/5 · log-probability −4.00")
        await pilot.press("up", "up", "up")
        await pilot.pause()
        assert isinstance(app.focused, Prompt)
        await pilot.click(screen.answer, offset=(8, 4))
        assert screen.answer.index == 4
        await pilot.press("down")
        await pilot.pause()
        assert app.focused is screen.grid
        await pilot.press("up")
        await pilot.pause()
        assert app.focused is screen.answer
        await pilot.press("enter")
        assert app.focused is screen.grid


async def test_the_cursor_moves_over_the_grid_and_stays_inside(
    runs: Path, fake: Any, text_of: Any, shows: Any, typed: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, SOURCE)
        screen.grid.focus()
        await pilot.press("down", "right", "right")
        await pilot.pause()
        assert (screen.grid.row, screen.grid.column) == (1, 2)
        await shows(app, "Mann → in")
        await shows(app, "most: man")
        for key in ["down"] * 40 + ["right"] * 40:
            app.simulate_key(key)
        await pilot.pause()
        assert (screen.grid.row, screen.grid.column) == (14, 14)
        assert "Fenster" in text_of(app).splitlines()[-4]
        for _ in range(40):
            app.simulate_key("left")
        await pilot.pause()
        assert screen.grid.column == 0
        heading = text_of(app).splitlines().index(next(line for line in text_of(app).splitlines() if "man in" in line))
        await pilot.click(app.screen, offset=(11, heading + 1))
        await pilot.pause()
        assert screen.grid.column == 0


async def test_what_is_typed_over_the_answer_goes_on_in_the_sentence(
    runs: Path, fake: Any, shows: Any, settled: Any, typed: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(140, 45)) as pilot:
        screen = await typed(pilot, "A man")
        screen.answer.focus()
        await pilot.press("x", "y")
        await settled(pilot)
        assert screen.typed == "A manxy"
        screen.grid.focus()
        await pilot.press("a")
        await settled(pilot)
        assert screen.typed == "A manxya"
        screen.grid.focus()
        await pilot.press("x", "b")  # x has a meaning there: what follows is typed in the line below
        await settled(pilot)
        assert screen.typed == "A manxya"
        assert screen.prefix.endswith("b")


async def test_what_is_kept_is_asked_for(runs: Path, fake: Any, shows: Any, settled: Any, typed: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test(size=(140, 45)) as pilot:
        screen = await typed(pilot, SOURCE)
        screen.grid.focus()
        await pilot.press("down", "enter")
        await settled(pilot)
        assert service.asked[-1][1]["prefix"] == "Ein Mann"
        await pilot.press("down", "x")
        await settled(pilot)
        line = screen.query_one("#prefix", Input)
        assert line.has_focus
        assert line.value == "Ein Mann "
        await pilot.press(*"mit")
        await settled(pilot)
        assert service.asked[-1][1]["prefix"] == "Ein Mann mit"
        await shows(app, "Ein Mann mit einem blauen Hemd steht")
        screen.grid.focus()
        await pilot.press("delete")
        await settled(pilot)
        assert service.asked[-1][1]["prefix"] == ""
        screen.query_one("#text").focus()
        await pilot.press("f2")
        assert line.has_focus
        await pilot.press("escape")
        assert screen.query_one("#text").has_focus
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_an_unknown_prefix_is_told_below(runs: Path, fake: Any, shows: Any, settled: Any, typed: Any) -> None:
    def reply(settings: Mapping[str, Any]) -> list[Any]:
        unknown = ServiceError("UsageError", "the prefix 'Xy' has tokens that train did not have: Xy")
        return [unknown] if settings["prefix"] else translations(settings)

    app = opened(fake, runs, reply)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, SOURCE)
        screen.query_one("#prefix", Input).value = "Xy"
        await settled(pilot)
        await shows(app, "✕ the prefix 'Xy'")
        assert not app._notifications


async def test_a_dead_worker_leaves_the_screen_alive(runs: Path, fake: Any, settled: Any, typed: Any) -> None:
    app = opened(fake, runs, lambda settings: [ServiceDied("gone")])
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, SOURCE)
        await pilot.press("down", "down", "enter", "x", "delete", "enter")
        await settled(pilot)
        assert app.screen.query(TranslatePanel)


async def test_without_colour_the_grid_is_shaded(
    runs: Path, fake: Any, text_of: Any, shows: Any, monkeypatch: pytest.MonkeyPatch, typed: Any
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, SOURCE)
        assert "▓▓▓▓" in text_of(app) or "████" in text_of(app)
        screen.grid.focus()
        await pilot.pause()
        await shows(app, ".7")


async def test_copying_takes_the_translation(runs: Path, fake: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, SOURCE)
        await pilot.press("down", "down")
        app.screen.action_copy_text()
        assert app.clipboard == TARGETS[1]


def test_prefixes_end_where_words_do() -> None:
    words = TARGETS[0].split()
    assert up_to(TARGETS[0], words, 2) == "Ein Mann in"
    assert before(TARGETS[0], words, 2) == "Ein Mann "
    assert before(TARGETS[0], words, 0) == ""
    assert up_to(TARGETS[0], words, len(words) - 1) == TARGETS[0]
    pieces = ["▁le", "▁ch", "at", "▁dort", "."]
    assert up_to("le chat dort.", pieces, 1) == "le chat"
    assert before("le chat dort.", pieces, 2) == "le "
    assert up_to("le chat dort.", pieces, 3) == "le chat dort."
    assert up_to("le chat", list("le▁chat"), 4) == "le chat"
    assert before("le chat", list("le▁chat"), 4) == "le "
