"""The transcribe screen, from a service that hears digits."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.service.client import ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.screens.compare import CompareScreen

pytestmark = pytest.mark.anyio

TEXTS = ["two six", "nine"]


def heard(settings: Mapping[str, Any]) -> list[Any]:
    """Letters of a tenth of a second each."""
    index = settings["index"] % len(TEXTS)
    text = TEXTS[index]
    tokens = [
        {"text": letter, "start": place / 10, "end": place / 10 + 0.08, "score": 0.99 - place / 100}
        for place, letter in enumerate(text)
    ]
    words, start = [], 0.0
    for word in text.split():
        words.append({"text": word, "start": start, "end": start + len(word) / 10, "score": 0.9})
        start += len(word) / 10 + 0.1
    steps = len(text) * 5
    peaks = [[-abs(math.sin(n / 9)) * 0.5, abs(math.sin(n / 9)) * 0.6] for n in range(400)]
    labels = list(dict.fromkeys(text))
    shares = [[0.97 if text[step // 5] == label and step % 5 < 4 else 0.0 for step in range(steps)] for label in labels]
    return [
        {
            "text": text,
            "seconds": len(text) / 10,
            "logprob": -0.1,
            "score": -0.1,
            "words": words,
            "tokens": tokens,
            "reference": "two sex" if index == 0 else text,
            "index": index,
            "count": len(TEXTS),
            "peaks": peaks,
            "labels": labels,
            "posteriors": shares,
        }
    ]


def opened(fake: Any, runs: Path, reply: Any = heard) -> SeqnlpApp:
    for name in ("sentiment_lstm", "pos_gru"):
        (runs / name / "recipe.toml").write_text('task = "transcribe"\n[data]\ntest = "digits/test.csv"\n')
    answers = {"load": lambda settings: [{"task": "transcribe"}], "transcribe": reply}
    return SeqnlpApp(runs, fake(answers), run_at(runs / "sentiment_lstm"))


def asked(app: SeqnlpApp) -> list[dict[str, Any]]:
    return [settings for do, settings in app.service.asked if do == "transcribe"]  # type: ignore[attr-defined]


async def test_the_picture(runs: Path, fake: Any, golden: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("right", "right")
        await settled(pilot)
        await golden(app, "transcribe")


async def test_the_first_recording_of_the_test_file_is_heard_at_once(
    runs: Path, fake: Any, shows: Any, settled: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await settled(pilot)
        assert asked(app) == [{"file": "digits/test.csv", "index": 0, "beam": None}]
        assert app.focused is screen.answer
        await shows(app, "two six")
        await shows(app, "0.70 s")
        await shows(app, "1/2 · t  0.00 to 0.08 s  0.99 · said was: two sex")


async def test_arrows_go_through_tokens_and_recordings(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await settled(pilot)
        await pilot.press("right", "right", "right")
        await shows(app, "blank  0.30 to 0.38 s  0.96")
        await pilot.press("end")
        assert screen.answer.cursor == 6
        await pilot.press("down")
        await settled(pilot)
        await shows(app, "2/2 · n  0.00 to 0.08 s  0.99 · right")
        await pilot.press("down")
        await settled(pilot)
        assert [each["index"] for each in asked(app)] == [0, 1, 0]


async def test_the_search_gets_wider(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("b")
        await settled(pilot)
        await shows(app, "greedy")
        await pilot.press("b")
        await settled(pilot)
        await shows(app, "beam 8")
        assert [each["beam"] for each in asked(app)] == [None, 1, 8]


async def test_another_file_begins_with_its_first_recording(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await settled(pilot)
        await pilot.press("down")
        await settled(pilot)
        await pilot.press("o")
        screen.query_one("#text").value = "clips/*.wav"
        await pilot.press("enter")
        await settled(pilot)
        assert asked(app)[-1] == {"file": "clips/*.wav", "index": 0, "beam": None}


async def test_two_runs_hear_one_recording(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(120, 30)) as pilot:
        run = run_at(runs / "sentiment_lstm")
        await app.push_screen(CompareScreen(run, run_at(runs / "pos_gru"), app.service))
        await settled(pilot)
        await shows(app, "= the same text")


async def test_a_file_that_cannot_be_read_is_told(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs, lambda settings: [ServiceError("UsageError", "search.language_model: no such run")])
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await shows(app, "search.language_model: no such run")


async def test_the_text_and_the_times_of_words_are_copied(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await settled(pilot)
        assert screen.content_to_copy() == "two six\n0.00\t0.30\ttwo\n0.40\t0.70\tsix"
