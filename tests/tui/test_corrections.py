"""Corrections by hand: labels of words and texts, saved as training data, and learned."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.corrections import Corrections, spans_of
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.labels import LabelScreen
from seqnlp.tui.screens.run import RunScreen
from seqnlp.tui.screens.train import TrainScreen
from seqnlp.tui.widgets.prompt import Prompt
from seqnlp.tui.widgets.tagged_view import TaggedView

LABELS = [("NOUN", 0.6), ("VERB", 0.3), ("ADJ", 0.05)]
ALL = [*LABELS, ("INTJ", 0.05)]


def tags(settings: Mapping[str, Any]) -> list[Any]:
    tokens = settings["sentences"].split()
    shares = ALL if settings.get("alternatives", 0) > 9 else LABELS
    return [
        {
            "tokens": tokens,
            "tags": ["NOUN"] * len(tokens),
            "scores": [0.6] * len(tokens),
            "alternatives": {"upos": [shares] * len(tokens)},
        }
    ]


def test_corrections_stay_with_their_sentence() -> None:
    found = Corrections()
    one, two = {"tokens": ["a", "b"], "tags": ["X", "Y"]}, {"tokens": ["c"], "tags": ["Z"]}
    found.begin(one)
    found.set("", 1, "Q")
    assert (found.labels(""), found.changed(""), len(found), found.is_saved) == (["X", "Q"], {1}, 1, False)
    found.begin(two)
    assert (found.labels(""), len(found)) == (["Z"], 0)
    found.begin(one)
    assert found.labels("") == ["X", "Q"]
    found.saved()
    assert found.is_saved
    found.take_back("", 1)
    assert (found.labels(""), len(found), found.is_saved) == (["X", "Y"], 0, False)
    found.begin({})
    assert found.labels("") == []


@pytest.mark.parametrize(
    ("given", "spans"),
    [
        ("B-X I-X O B-X B-X", [("X", 0, 2), ("X", 3, 4), ("X", 4, 5)]),
        ("B-X E-X S-X S-Y", [("X", 0, 2), ("X", 2, 3), ("Y", 3, 4)]),
        ("B-X L-X U-Y O", [("X", 0, 2), ("Y", 2, 3)]),
        ("B-X M-X E-X W-Y", [("X", 0, 3), ("Y", 3, 4)]),
        ("I-X I-X I-Y B-Y", [("X", 0, 2), ("Y", 2, 3), ("Y", 3, 4)]),  # iob1
        ("I-X E-X E-X", [("X", 0, 2), ("X", 2, 3)]),  # ioe2
        ("O O", []),
    ],
)
def test_spans_of_any_scheme(given: str, spans: list[tuple[str, int, int]]) -> None:
    assert [(span["label"], span["start"], span["end"]) for span in spans_of(given.split())] == spans


@pytest.mark.anyio
async def test_a_person_labels_sentences_and_trains(
    runs: Path, fake: Any, shows: Any, settled: Any, notes: Any, typed: Any
) -> None:
    (runs / "pos_gru/recipe.toml").write_text('task = "tag"\n[data]\nlabels = ["upos"]\n')
    Path("recipes").mkdir()
    Path("recipes/pos_corrected.toml").write_text('# Mine.\ntask = "tag"\n')
    service = fake(
        {
            "load": lambda _: [{"task": "tag"}],
            "tag": tags,
            "correct": lambda _: [{"file": "corrections/pos_gru.conllu", "count": 1, "replaced": False}],
            "learn": lambda _: [{"name": "pos_corrected"}],
            "check": lambda _: [{"faults": []}],
        }
    )
    app = SeqnlpApp(runs, service, run_at(runs / "pos_gru"))
    async with app.run_test(size=(120, 30)) as pilot:
        await typed(pilot, "it rains\nit snows")
        line = app.screen.query_one(Prompt)
        line.move_cursor((0, 0))
        await settled(pilot)
        line.post_message(Prompt.LeftBelow())
        await shows(app, "1  NOUN  60.0%")
        await pilot.press("right", "2")
        await shows(app, "✎VERB")
        await shows(app, "1 correction, not saved yet")
        await pilot.press("left", "enter")
        await shows(app, "The label of it")
        assert isinstance(app.screen, LabelScreen)
        await pilot.press(*"int", "enter")
        await shows(app, "✎INTJ")
        await pilot.press("enter")
        await shows(app, "The label of it")
        await pilot.press(*"NEW", "enter")  # a label that the model does not have
        await shows(app, "✎NEW")
        await pilot.press("delete")
        await settled(pilot)
        assert app.screen.query_one(TaggedView).tags == ["NOUN", "VERB"]
        await pilot.press("ctrl+s")
        await settled(pilot)
        assert any("1 sentence in corrections/pos_gru.conllu" in note for note in notes(app))
        saved = [settings for do, settings in service.asked if do == "correct"]
        assert saved == [{"tokens": ["it", "rains"], "columns": {"upos": ["NOUN", "VERB"]}, "text": "it rains"}]
        await shows(app, "snows")
        assert line.chosen == "it snows"  # the next one
        line.move_cursor((0, 0))
        await settled(pilot)
        await shows(app, "1 correction, saved")
        await pilot.press("ctrl+n")
        await settled(pilot)
        assert isinstance(app.screen, TrainScreen)
        await shows(app, "# Mine.")
        await shows(app, "▌ pos_corrected")


@pytest.mark.anyio
async def test_two_enters_close_one_screen(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    """The second one, typed before the list of labels is gone, does not close the run, too."""
    app = SeqnlpApp(runs, fake({"load": lambda settings: [{}], "tag": tags}), run_at(runs / "pos_gru"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"dogs bark")
        await shows(app, "NOUN")
        await pilot.press("tab", "enter")
        await shows(app, "The label of dogs")
        app.simulate_key("enter")
        app.simulate_key("enter")
        await settled(pilot)
        assert isinstance(app.screen_stack[2], RunScreen)


@pytest.mark.anyio
async def test_second_best_and_table(
    runs: Path, fake: Any, shows: Any, hides: Any, golden: Any, settled: Any, typed: Any
) -> None:
    app = SeqnlpApp(runs, fake({"load": lambda _: [{"task": "tag"}], "tag": tags}), run_at(runs / "pos_gru"))
    async with app.run_test(size=(120, 24)) as pilot:
        await typed(pilot, "it rains today")
        await pilot.press("f9", "down", "right", "2")
        await settled(pilot)
        await golden(app, "tag-table")
    app = SeqnlpApp(runs, fake({"load": lambda _: [{"task": "tag"}], "tag": tags}), run_at(runs / "pos_gru"))
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(pilot, "it rains")
        await pilot.press("f9")
        await shows(app, "VERB  VERB")
        await hides(app, "this word")
        await pilot.press("f5")
        await shows(app, "60.0%")
        await pilot.resize_terminal(40, 24)
        await shows(app, "60.0%")
        await pilot.press("f9", "f5")
        await hides(app, "VERB")


@pytest.mark.anyio
@pytest.mark.parametrize("several", [False, True])
async def test_the_right_class_is_saved(
    several: bool, runs: Path, fake: Any, shows: Any, settled: Any, notes: Any, typed: Any
) -> None:
    recipe = f'task = "classify"\n[data]\nmultilabel = {str(several).lower()}\n'
    (runs / "sentiment_lstm/recipe.toml").write_text(recipe)
    answer = {"tokens": ["fine"], "labels": ["good"], "scores": {"good": 0.7, "bad": 0.3}, "contributions": [1.0]}
    replies = {
        "load": lambda _: [{"task": "classify"}],
        "classify": lambda _: [answer],
        "correct": lambda _: [{"file": "corrections/s.tsv", "count": 2, "replaced": False}],
    }
    app = SeqnlpApp(runs, fake(replies), run_at(runs / "sentiment_lstm"))
    async with app.run_test() as pilot:
        await typed(pilot, "fine ")
        await pilot.press("f4")
        await shows(app, "30.0%")
        assert isinstance(app.screen, LabelScreen)
        await pilot.press(*["down", "tab"][: 1 + several], "enter")
        await settled(pilot)
        await pilot.press("ctrl+s")
        await settled(pilot)
        service: Any = app.service
        saved = [settings["labels"] for do, settings in service.asked if do == "correct"]
        assert saved == [["good", "bad"] if several else ["bad"], ["good"]]
        assert any("2 texts in corrections/s.tsv" in note for note in notes(app))
