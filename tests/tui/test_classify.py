"""The classify screen, from a service with strong opinions."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.widgets.class_bars import ClassBars
from seqnlp.tui.widgets.prompt import Prompt
from seqnlp.tui.widgets.weight_table import WeightTable

pytestmark = pytest.mark.anyio

TEXT = "A fine film , with a wonderful cast , though its ending is dull and its middle a little long ."
OPINIONS = {"fine": 0.31, "wonderful": 0.74, "dull": -0.66, "long": -0.2, "though": -0.36, "cast": 0.12}


def opinion(settings: Mapping[str, Any]) -> list[Any]:
    """What the words say, in sum."""
    tokens = settings["texts"].split()
    weights = [OPINIONS.get(token, 0.01) for token in tokens]
    good = min(max(0.62 + sum(weights) / 4, 0.01), 0.97)
    scores = dict(
        sorted({"negative": 0.98 - good, "neutral": 0.02, "positive": good}.items(), key=lambda item: -item[1])
    )
    best = next(iter(scores))
    return [{"label": best, "tokens": tokens, "labels": [best], "scores": scores, "contributions": weights}]


def opened(fake: Any, runs: Path, reply: Any = opinion) -> SeqnlpApp:
    load = {"load": lambda settings: [{"task": "classify"}]}
    return SeqnlpApp(runs, fake(load | {"classify": reply}), run_at(runs / "sentiment_lstm"))


async def test_the_picture(runs: Path, fake: Any, golden: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, TEXT)
        await golden(app, "classify")


async def test_classes_and_words_change_with_the_text(runs: Path, fake: Any, shows: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, "wonderful")
        await shows(app, "▸ positive")
        await shows(app, "why positive")
        assert screen.answer.level(0) == 3
        await typed(pilot, "dull dull dull dull")
        await shows(app, "▸ negative")
        assert [screen.answer.level(place) for place in range(4)] == [-3] * 4
        await typed(pilot, "")
        await shows(app, "a bar for each class")
        assert screen.answer.words == ()
        asked = [settings for do, settings in app.service.asked if do == "classify"]  # type: ignore[attr-defined]
        assert asked == [{"texts": text, "explain": True} for text in ("wonderful", "dull dull dull dull")]


async def test_numbers_instead_of_signs(runs: Path, fake: Any, text_of: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, TEXT)
        assert "+0.74" in text_of(app).splitlines()[-2]  # among the strongest
        assert "−0.36" not in "\n".join(text_of(app).splitlines()[:-2])
        await pilot.press("f2")
        assert "−0.36" in "\n".join(text_of(app).splitlines()[:-2])
        await pilot.press("down", "f2")
        assert "−0.36" not in "\n".join(text_of(app).splitlines()[:-2])


async def test_of_a_very_long_text_the_beginning_is_looked_at(
    runs: Path, fake: Any, shows: Any, hides: Any, typed: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, "fine words\n" * 3_000)
        await shows(app, "only the first 2,000 words are looked at · most: fine")
        assert screen.answer.words == ["fine", "words"] * 1_000
        await typed(pilot, "fine words")
        await hides(app, "are looked at")


async def test_the_strongest_word_is_not_looked_for_at_every_word(runs: Path, fake: Any, typed: Any) -> None:
    class Weights(list[float]):
        searches = 0

        def __iter__(self) -> Iterator[float]:
            Weights.searches += 1
            return super().__iter__()

    def reply(settings: Mapping[str, Any]) -> list[Any]:
        found = opinion(settings)[0]
        return [{**found, "contributions": Weights(found["contributions"])}]

    app = opened(fake, runs, reply)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "fine words " * 50)
        assert 0 < Weights.searches < 10


async def test_what_is_typed_over_the_words_goes_on_in_the_line(runs: Path, fake: Any, shows: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, "a fine")
        await pilot.press("enter")
        assert app.focused is screen.answer
        await pilot.press("space", *"cast")
        await shows(app, "a fine cast")
        await shows(app, "cast +0.12")
        assert isinstance(app.focused, Prompt)
        await pilot.press("down", "slash", "x")  # a key that means something is no text
        await shows(app, "a fine castx")


async def test_the_cursor_tells_a_words_weight(runs: Path, fake: Any, shows: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, TEXT)
        await pilot.press("down", "right")
        await pilot.pause()
        await shows(app, f"2/{len(TEXT.split())}  fine  +0.31")
        await pilot.press("up")
        await pilot.pause()
        assert isinstance(app.app.focused, Prompt)


async def test_many_classes_show_the_likeliest_first(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any, typed: Any
) -> None:
    scores = {f"class {number:02}": number / 820 for number in range(40, 0, -1)}
    reply = {"label": "class 40", "tokens": ["x"], "labels": ["class 40"], "scores": scores, "contributions": [0.0]}
    app = opened(fake, runs, lambda settings: [reply])
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, "x")
        assert next(iter(screen.query_one(ClassBars).scores)) == "class 40"
        await shows(app, "class 40")
        await hides(app, "class 01")
        assert screen.answer.level(0) == 0  # no word said anything
        await pilot.resize_terminal(80, 60)
        await settled(pilot)
        await shows(app, "class 20")


async def test_several_labels_or_none_are_marked(runs: Path, fake: Any, text_of: Any, typed: Any) -> None:
    reply = {
        "label": "a",
        "tokens": ["x"],
        "labels": ["a", "b"],
        "scores": {"b": 0.8, "a": 0.9, "c": 0.1},
        "contributions": [0.0],
    }
    app = opened(fake, runs, lambda settings: [reply])
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "x")
        assert text_of(app).count("▸") == 2


async def test_without_colour_signs_and_underlines_tell(
    runs: Path, fake: Any, shows: Any, monkeypatch: pytest.MonkeyPatch, typed: Any
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await typed(pilot, TEXT)
        await shows(app, "+++")
        await shows(app, "−−−")
        styles = {segment.text.strip(): segment.style for segment in screen.answer.render_line(0)}
        assert styles["wonderful"] is not None
        assert styles["wonderful"].underline


async def test_copying_takes_the_scores(runs: Path, fake: Any, typed: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "wonderful")
        app.screen.action_copy_text()
        assert app.clipboard.splitlines()[0] == "positive\t0.8050"


def test_a_word_that_stands_twice_has_one_line() -> None:
    table = WeightTable()
    table.show(["so", "fine", "so"], [0.25, -0.75, 0.25])
    assert table.rows == [("fine", -0.75, 1), ("so", 0.5, 2)]


async def test_the_table_of_the_strongest_words(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any, typed: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(120, 30)) as pilot:
        await typed(pilot, "wonderful dull")
        await shows(app, "strongest words")
        await shows(app, "wonderful      ")
        await pilot.press("f5")
        await hides(app, "strongest words")
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        await hides(app, "strongest words")
        await pilot.press("f5")
        await shows(app, "strongest words")
