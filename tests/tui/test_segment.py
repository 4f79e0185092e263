"""The segment screen, from a service that ends sentences at full stops."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from textual import events

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.segment import SegmentPanel
from seqnlp.tui.screens.compare import CompareScreen

pytestmark = pytest.mark.anyio


def segmented(settings: Mapping[str, Any]) -> list[Any]:
    """Sentences that end with a full stop or a paragraph; `don't` has two words."""
    found, place = [], 0
    for paragraph in settings["text"].split("\n\n"):
        begins = True
        for part in paragraph.split("."):
            tokens = []
            for word in part.split():
                place = settings["text"].index(word, place)
                words = {"words": ["do", "n't"]} if word == "don't" else {}
                tokens.append({"text": word, "start": place, "end": place + len(word), **words})
            if tokens:
                bounds = {"start": tokens[0]["start"], "end": tokens[-1]["end"]}
                found.append({"text": part.strip(), **bounds, "begins_paragraph": begins, "tokens": tokens})
            begins = False
    return [{"sentences": found}]


def opened(fake: Any, runs: Path, reply: Any = segmented) -> SeqnlpApp:
    for name in ("sentiment_lstm", "pos_gru"):
        (runs / name / "recipe.toml").write_text('task = "segment"\n[data]\ntest = "a.conllu"\n')
    answers = {"load": lambda settings: [{"task": "segment"}], "segment": reply}
    return SeqnlpApp(runs, fake(answers), run_at(runs / "sentiment_lstm"))


async def test_sentences_stand_below_the_text(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await shows(app, "the sentences will stand here")
        app.post_message(events.Paste("I don't know. Do you\n\nno"))
        await settled(pilot)
        await shows(app, "1  I don't (do n't) know")
        await shows(app, "2  Do you")
        await shows(app, "3  no")
        await shows(app, "3 sentences · 6 tokens · 7 words")
        panel = app.screen.query_one(SegmentPanel)
        assert panel.content_to_copy() == "I don't know\nDo you\nno"


async def test_two_segmenters_side_by_side(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(100, 24)) as pilot:
        await settled(pilot)
        await app.push_screen(CompareScreen(run_at(runs / "sentiment_lstm"), run_at(runs / "pos_gru"), app.service))
        await settled(pilot)
        app.post_message(events.Paste("Go home. Now"))
        await settled(pilot)
        await shows(app, "the same sentences and tokens")
