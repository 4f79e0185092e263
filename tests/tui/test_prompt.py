"""Prompts of several lines: pasted, typed, and looked at line by line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from textual import events

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.lm import LmPanel
from seqnlp.tui.widgets.prompt import Prompt

pytestmark = pytest.mark.anyio

VERSE = """Of man's first disobedience, and the fruit
Of that forbidden tree whose mortal taste
Brought death into the World"""


def classified(settings: Mapping[str, Any]) -> list[Any]:
    words = settings["texts"].split()
    weights = [0.3, *[0.01 * len(word) for word in words[1:]]]
    scores = {"verse": 0.7, "prose": 0.3}
    return [{"label": "verse", "tokens": words, "labels": ["verse"], "scores": scores, "contributions": weights}]


def tagged(settings: Mapping[str, Any]) -> list[Any]:
    words = settings["sentences"].split()
    return [{"tokens": words, "tags": ["X"] * len(words), "scores": [0.5] * len(words)}]


def written(settings: Mapping[str, Any]) -> list[Any]:
    return [{"sample": 0, "text": " and all our woe", "lengths": [16], "logprobs": [-1.0]}]


def opened(fake: Any, runs: Path, run: str) -> SeqnlpApp:
    replies = {"load": lambda settings: [{}], "classify": classified, "tag": tagged, "generate": written}
    return SeqnlpApp(runs, fake(replies), run_at(runs / run))


def asked(app: SeqnlpApp, do: str, name: str) -> list[str]:
    """What was asked about, time after time."""
    return [settings[name] for question, settings in app.service.asked if question == do]  # type: ignore[attr-defined]


@pytest.fixture
def paste(settled: Any) -> Any:
    """As a terminal says that something was pasted."""

    async def paste_in(pilot: Any, text: str) -> Prompt:
        prompt: Prompt = pilot.app.screen.query_one(Prompt)
        pilot.app.post_message(events.Paste(text))
        await settled(pilot)
        return prompt

    return paste_in


@pytest.mark.parametrize("newline", ["\n", "\r", "\r\n"])
async def test_what_is_pasted_keeps_its_lines(
    newline: str, runs: Path, fake: Any, text_of: Any, settled: Any, paste: Any
) -> None:
    app = opened(fake, runs, "char_lstm")
    async with app.run_test(size=(80, 24)) as pilot:
        prompt = await paste(pilot, VERSE.replace("\n", newline))
        assert prompt.text == VERSE
        assert prompt.size.height == 3
        assert all(line in text_of(app) for line in VERSE.splitlines())
        await pilot.press("enter")
        await settled(pilot)
        assert asked(app, "generate", "prompt") == [VERSE]
        assert app.screen.query_one(LmPanel).view.buffer.text == VERSE + " and all our woe"


@pytest.mark.parametrize("key", ["ctrl+j", "shift+enter", "alt+enter"])
async def test_a_key_begins_a_new_line(key: str, runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs, "char_lstm")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"AB", "left", key, "end", "c", "enter")
        await settled(pilot)
        assert asked(app, "generate", "prompt") == ["A\nBc"]


async def test_it_grows_to_five_lines_and_then_scrolls_with_the_cursor(
    runs: Path, fake: Any, text_of: Any, shows: Any, hides: Any, settled: Any, paste: Any
) -> None:
    app = opened(fake, runs, "char_lstm")
    async with app.run_test(size=(80, 24)) as pilot:
        prompt = await paste(pilot, "first\nsecond")
        heights = [prompt.size.height]
        for number in range(3, 8):
            await pilot.press("ctrl+j", *f"line{number}")
            await settled(pilot)
            heights.append(prompt.size.height)
        assert heights == [2, 3, 4, 5, 5, 5]
        await shows(app, "line7")
        await hides(app, "first")
        await pilot.press("ctrl+j")
        await settled(pilot)
        assert prompt.scroll_offset.y == 3  # the empty line is seen
        prompt.text = "one"
        await settled(pilot)
        assert (prompt.size.height, "❯ one" in text_of(app)) == (1, True)


async def test_what_is_typed_after_coming_back_takes_the_prompts_place(
    runs: Path, fake: Any, settled: Any, paste: Any
) -> None:
    app = opened(fake, runs, "char_lstm")
    async with app.run_test(size=(80, 24)) as pilot:
        await paste(pilot, VERSE)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("p", *"Sing", "enter")
        await settled(pilot)
        assert asked(app, "generate", "prompt") == [VERSE, "Sing"]


async def test_undo_is_the_prompts_while_it_has_something_to_undo(runs: Path, fake: Any, paste: Any) -> None:
    app = opened(fake, runs, "char_lstm")
    async with app.run_test(size=(80, 24)) as pilot:
        prompt = await paste(pilot, VERSE)
        await pilot.press("ctrl+z")
        assert prompt.text == ""
        assert not app._notifications
        await pilot.press("ctrl+z")
        assert any("no branching" in note.message for note in app._notifications)


async def test_a_text_of_several_lines_is_classified_as_one(runs: Path, fake: Any, paste: Any) -> None:
    app = opened(fake, runs, "sentiment_lstm")
    async with app.run_test(size=(80, 24)) as pilot:
        await paste(pilot, VERSE)
        assert asked(app, "classify", "texts") == [VERSE]


async def test_down_leads_on_from_the_last_line_only(runs: Path, fake: Any, paste: Any) -> None:
    app = opened(fake, runs, "sentiment_lstm")
    async with app.run_test(size=(80, 24)) as pilot:
        prompt = await paste(pilot, VERSE)
        await pilot.press("up", "down")
        assert app.focused is prompt
        await pilot.press("down")
        await pilot.pause()
        assert app.focused is not prompt
        assert asked(app, "classify", "texts") == [VERSE]  # moving asks nothing
        await pilot.press("up")
        await pilot.pause()
        assert app.focused is prompt


async def test_a_wrapped_line_has_several_rows_for_down(runs: Path, fake: Any, paste: Any) -> None:
    app = opened(fake, runs, "sentiment_lstm")
    async with app.run_test(size=(40, 24)) as pilot:
        prompt = await paste(pilot, "a wrapped line " * 4)
        await pilot.press("home", "up", "down")
        assert app.focused is prompt
        await pilot.press("down")
        await pilot.pause()
        assert app.focused is not prompt


async def test_of_several_sentences_that_with_the_cursor_is_tagged(
    runs: Path, fake: Any, shows: Any, settled: Any, paste: Any
) -> None:
    app = opened(fake, runs, "pos_gru")
    async with app.run_test(size=(80, 24)) as pilot:
        prompt = await paste(pilot, "The cat sleeps .\nA dog barks\n\n")
        assert asked(app, "tag", "sentences") == ["A dog barks"]  # the last line that is not blank
        await shows(app, "3 words")
        await shows(app, "The cat sleeps .")
        assert prompt.highlight_cursor_line
        await pilot.press("up", "up", "up")
        await settled(pilot)
        assert asked(app, "tag", "sentences")[-1] == "The cat sleeps ."
        await shows(app, "4 words")
        prompt.text = "One line"
        await settled(pilot)
        assert not prompt.highlight_cursor_line


async def test_without_colour_the_chosen_line_is_bold(
    runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch, paste: Any
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = opened(fake, runs, "pos_gru")
    async with app.run_test(size=(80, 24)) as pilot:
        prompt = await paste(pilot, "The cat sleeps .\nA dog barks")
        bold = [any(part.style and part.style.bold for part in prompt.render_line(row)) for row in range(2)]
        assert bold == [False, True]


async def test_the_picture_of_several_sentences_in_daylight(
    runs: Path, fake: Any, golden: Any, settled: Any, paste: Any
) -> None:
    app = opened(fake, runs, "pos_gru")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+t")
        await paste(pilot, "The harbour lies still .\nA boat comes in over the bar .\nNobody speaks .")
        await pilot.press("up")
        await settled(pilot)
        await golden(app, "tag-sentences")
