"""Compare: two runs, the same input, side by side."""

import json
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from seqnlp.run import Run
from seqnlp.service.client import ServiceError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.panels.lm import LmPanel
from seqnlp.tui.screens.compare import CompareScreen
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.widgets.prompt import Prompt
from seqnlp.tui.widgets.run_list import RunList
from tests.tui.conftest import FakeService

pytestmark = pytest.mark.anyio

WORDS = ["The", "old", "ferry", "crossed", "the", "slow", "grey", "river", "before", "dawn", "."]
TAGS = ["DET", "ADJ", "NOUN", "VERB", "DET", "ADJ", "ADJ", "NOUN", "ADP", "NOUN", "PUNCT"]
TEXT = "The lamp was still burning when she came down to the water, and nobody had seen the boat go."


def tagged(settings: Any) -> list[Any]:
    """Two runs are asked in turn: every second answer differs."""
    tagged.calls += 1  # type: ignore[attr-defined]
    tags = TAGS if tagged.calls % 2 else [*TAGS[:5], "NOUN", "VERB", *TAGS[7:]]  # type: ignore[attr-defined]
    words = settings["sentences"].split()
    return [{"tokens": words, "tags": tags[: len(words)], "scores": [0.9] * len(words)}]


def classified(settings: Any) -> list[Any]:
    classified.calls += 1  # type: ignore[attr-defined]
    share = 0.82 if classified.calls % 2 else 0.31  # type: ignore[attr-defined]
    label = "positive" if share > 0.5 else "negative"
    scores = {"positive": share, "negative": round(1 - share, 2)}
    return [{"label": label, "labels": [label], "scores": scores, "tokens": settings["texts"].split()}]


def written(settings: Any) -> list[Any]:
    """The seed is part of the text, so that it is seen."""
    texts = [f"{word} " for word in f"{TEXT} {settings['seed']}".split()]
    return [{"text": text, "lengths": [len(text)], "logprobs": [-0.3 * (n % 5)]} for n, text in enumerate(texts)]


def translated(settings: Any) -> list[Any]:
    translated.calls += 1  # type: ignore[attr-defined]
    word = "bateau" if translated.calls % 2 else "navire"  # type: ignore[attr-defined]
    return [{"text": f"le {word} part demain" if settings["texts"] else ""}]


def loaded(settings: Any) -> list[Any]:
    return [{"task": "?"}]


@pytest.fixture(autouse=True)
def _from_the_beginning() -> None:
    tagged.calls = classified.calls = translated.calls = 0  # type: ignore[attr-defined]


@pytest.fixture
def pairs(runs: Path, new_run: Any) -> Path:
    """Two runs of each task."""
    new_run("word_lstm", "lm", "bits_per_char", 2.2101, "2025-11-01T08:00:00+00:00", 4_200_000)
    new_run("pos_lstm", "tag", "accuracy", 0.9188, "2025-11-01T09:00:00+00:00", 1_834_000)
    new_run("sentiment_gru", "classify", "accuracy", 0.8601, "2025-10-29T17:45:00+00:00", 1_900_000)
    new_run("en_fr", "translate", "bleu", 31.2, "2025-10-20T10:00:00+00:00", 9_000_000)
    new_run("en_fr_big", "translate", "bleu", 33.9, "2025-10-21T10:00:00+00:00", 19_000_000)
    for name, more in {"pos_gru": 0.8803, "pos_lstm": 0.861}.items():
        accuracy = json.loads((runs / name / "scores.json").read_text())["test"]["accuracy"]
        scores = {"test": {"accuracy": accuracy, "accuracy_unknown": more, "labels": {"NOUN": {"f1": 0.9}}}}
        (runs / name / "scores.json").write_text(json.dumps(scores))
    return runs


async def opened(pilot: Any, left: str, right: str) -> CompareScreen:
    """Mark two runs at home, and compare them."""
    app = pilot.app
    await app.workers.wait_for_complete()
    for name in (left, right):
        app.screen.query_one("#filter", Input).value = name
        await pilot.pause()
        shown = [run.name for run in app.screen.query_one("RunList").shown]
        for _ in range(shown.index(name)):
            await pilot.press("down")
        await pilot.press("tab")
    await pilot.press("c")
    await pilot.pause()
    assert isinstance(app.screen, CompareScreen)
    return app.screen


def app_of(pairs: Path, fake: Any, **replies: Any) -> SeqnlpApp:
    known = {"load": loaded, "tag": tagged, "classify": classified, "translate": translated, "generate": written}
    return SeqnlpApp(pairs, fake(known | replies))


@pytest.mark.parametrize(
    ("pair", "text", "name"),
    [
        (("pos_gru", "pos_lstm"), " ".join(WORDS), "compare-tags"),
        (("sentiment_lstm", "sentiment_gru"), "Slow , but the ending is worth the wait .", "compare-classes"),
        (("char_lstm", "word_lstm"), "At the quay", "compare-texts"),
        (("en_fr", "en_fr_big"), "the boat leaves tomorrow", "compare-translations"),
    ],
)
async def test_the_pictures(
    pairs: Path, fake: Any, golden: Any, pair: tuple[str, str], text: str, name: str, settled: Any
) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, *pair)
        screen.query_one(Prompt).text = text
        if name == "compare-texts":
            await pilot.press("enter")
        await settled(pilot)
        await pilot.pause()
        await golden(app, name)


async def test_differing_tags_are_marked_and_counted(
    pairs: Path, fake: Any, text_of: Any, shows: Any, settled: Any
) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "pos_gru", "pos_lstm")
        screen.query_one(Prompt).text = " ".join(WORDS)
        await settled(pilot)
        shown = text_of(app)
        assert "2 of 11 words are tagged differently" in shown
        assert "≠VERB" in shown
        assert "0.9312" in shown
        assert "0.9188" in shown
        screen.query_one(Prompt).text = "The old"
        await settled(pilot)
        await shows(app, "the same tags for all 2 words")
        await pilot.press("ctrl+c")
        assert "DET" in app.clipboard


async def test_different_words_are_not_compared_one_by_one(pairs: Path, fake: Any, shows: Any, settled: Any) -> None:
    answers = [{"tokens": ["can", "not"], "tags": ["AUX", "PART"]}, {"tokens": ["cannot"], "tags": ["AUX"]}]
    app = app_of(pairs, fake, tag=lambda settings: [answers.pop(0)])
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "pos_gru", "pos_lstm")
        screen.query_one(Prompt).text = "cannot"
        await settled(pilot)
        await shows(app, "They split the text differently")


async def test_texts_have_the_same_prompt_and_seed(pairs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "char_lstm", "word_lstm")
        await pilot.press(*"Hm", "enter")
        await settled(pilot)
        assert isinstance(app.service, FakeService)
        asked = [settings for do, settings in app.service.asked if do == "generate"]
        assert asked == [{"prompt": "Hm", "length": 600, "seed": 1, "temperature": 0.8}] * 2
        await pilot.press("n")
        await settled(pilot)
        await shows(app, "seed 2")
        await pilot.press("plus")
        await settled(pilot)
        await pilot.press("minus", "minus")
        await settled(pilot)
        assert app.service.asked[-1][1] == {"prompt": "Hm", "length": 600, "seed": 2, "temperature": 0.7}
        await shows(app, "temperature 0.7")
        await pilot.press("ctrl+c")
        assert app.clipboard.startswith("char_lstm:\nHm")
        await pilot.press("p")
        assert app.focused is screen.query_one("#prompt")


async def test_space_stops_both_and_escape_leaves_step_by_step(pairs: Path, fake: Any, settled: Any) -> None:
    app = app_of(pairs, fake, generate=lambda settings: repeat({"text": "a ", "lengths": [2], "logprobs": [-1.0]}))
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "char_lstm", "word_lstm")
        panel = screen.panel
        assert isinstance(panel, LmPanel)
        assert isinstance(app.service, FakeService)
        app.service.pause = 0.01
        await pilot.press("a", "enter")
        while not all(buffer.tokens for buffer in panel.session.buffers):
            await pilot.pause(0.01)
        assert all(panel.session.is_busy(number) for number in (0, 1))
        await pilot.press("space")
        await settled(pilot)
        assert not panel.session.busy
        assert app.service.open == 0
        before = panel.session.buffers[0].tokens
        await pilot.press("space")
        while panel.session.buffers[0].tokens == before:
            await pilot.pause(0.01)
        await pilot.press("escape")
        assert not panel.session.busy
        assert panel.session.buffers[0].tokens > before
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)
        assert app.service.open == 0


async def test_swap(pairs: Path, fake: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "char_lstm", "word_lstm")
        await pilot.press("enter")
        assert isinstance(app.screen, CompareScreen)
        assert [run.name for run in app.screen.runs] == ["char_lstm", "word_lstm"]
        await pilot.press("f2")
        await pilot.pause()
        assert isinstance(app.screen, CompareScreen)
        assert [run.name for run in app.screen.runs] == ["word_lstm", "char_lstm"]


async def test_f2_swaps_where_letters_are_text_and_keeps_the_text(pairs: Path, fake: Any, shows: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "pos_gru", "pos_lstm")
        await shows(app, "f2 swap")
        await pilot.press(*"xp")
        await shows(app, "❯ xp")
        await pilot.press("f2")
        await shows(app, "pos_lstm  ⇄  pos_gru")
        await shows(app, "❯ xp")
        assert isinstance(app.screen, CompareScreen)
        assert [run.name for run in app.screen.runs] == ["pos_lstm", "pos_gru"]


async def test_f2_asks_about_the_same_line_again(pairs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "pos_gru", "pos_lstm")
        line = screen.query_one(Prompt)
        line.text = "one\ntwo\nthree"
        line.move_cursor((1, 2))
        await settled(pilot)
        assert isinstance(app.service, FakeService)
        asked = len(app.service.asked)
        await pilot.press("f2")
        await shows(app, "pos_lstm  ⇄  pos_gru")
        swapped = await settled(pilot)
        assert swapped.query_one(Prompt).cursor_location == (1, 2)
        questions = [settings["sentences"] for do, settings in app.service.asked[asked:] if do == "tag"]
        assert questions[-2:] == ["two", "two"]


async def test_of_a_very_long_text_both_look_at_the_beginning(pairs: Path, fake: Any, shows: Any, hides: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "sentiment_lstm", "sentiment_gru")
        screen.query_one(Prompt).text = "word " * 5_000
        await shows(app, "only the first 2,000 words are looked at")
        assert isinstance(app.service, FakeService)
        asked = [len(settings["texts"].split()) for do, settings in app.service.asked if do == "classify"]
        assert asked == [2_000, 2_000]
        screen.query_one(Prompt).text = "word"
        await hides(app, "are looked at")


async def test_page_up_and_down_scroll_through_what_is_too_long(
    pairs: Path, fake: Any, shows: Any, hides: Any, settled: Any
) -> None:
    def alike(settings: Any) -> list[Any]:
        words = settings["sentences"].split()
        return [{"tokens": words, "tags": ["NOUN"] * len(words), "scores": [0.9] * len(words)}]

    app = app_of(pairs, fake, tag=alike)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, "pos_gru", "pos_lstm")
        screen.query_one(Prompt).text = " ".join(f"w{number}" for number in range(1_500))
        await shows(app, "the same tags for all 1,500 words")
        await settled(pilot)
        for key, there in {"pagedown": hides, "pageup": shows}.items():
            await shows(app, " w20 " if key == "pageup" else " w0 ")
            await pilot.press(key)
            await there(app, " w0 ")
        assert app.focused is screen.query_one(Prompt)


@pytest.mark.parametrize(("other", "told"), [(["PROPN", "X"], "2 of 11 words"), (["O", "B-PER"], "of different kinds")])
async def test_tags_of_different_kinds_are_neither_marked_nor_counted(
    pairs: Path, fake: Any, shows: Any, hides: Any, settled: Any, other: list[str], told: str
) -> None:
    for name, labels in {"pos_gru": ["O", "PROPN", "VERB"], "pos_lstm": other}.items():
        (pairs / name / "recipe.toml").write_text('task = "tag"\n[data]\nlabels = ["kind"]\n')
        Run(pairs / name).save_codec("labels.kind", {"labels": labels})
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "pos_gru", "pos_lstm")
        screen.query_one(Prompt).text = " ".join(WORDS)
        await shows(app, told)
        await settled(pilot)
        await (hides if "kinds" in told else shows)(app, "≠")


@pytest.mark.parametrize("test", ["b.conllu", "a.conllu"])
async def test_scores_on_different_files_are_told_as_such(
    pairs: Path, fake: Any, shows: Any, hides: Any, test: str
) -> None:
    for name, file in {"pos_gru": "a.conllu", "pos_lstm": test}.items():
        (pairs / name / "recipe.toml").write_text(f'task = "tag"\n[data]\ntest = "{file}"\n')
    app = app_of(pairs, fake)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "pos_gru", "pos_lstm")
        await shows(app, "0.9188")
        await shows(app, "size")
        await (hides if test == "a.conllu" else shows)(app, "each on its own test file")


async def test_translations(pairs: Path, fake: Any, shows: Any, hides: Any, settled: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "en_fr", "en_fr_big")
        screen.query_one(Prompt).text = "the boat leaves tomorrow"
        await settled(pilot)
        await shows(app, "le bateau part demain")
        await shows(app, "le navire part demain")
        assert isinstance(app.service, FakeService)
        asked = [settings for do, settings in app.service.asked if do == "translate"]
        assert asked == [{"texts": "the boat leaves tomorrow"}] * 2
        await pilot.press("ctrl+c")
        assert app.clipboard == "le bateau part demain\nle navire part demain"
        screen.query_one(Prompt).text = ""
        await settled(pilot)
        await hides(app, "demain")


async def test_what_can_not_be_compared_says_why(pairs: Path, fake: Any, shows: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "char_lstm", "pos_gru")
        await shows(app, "char_lstm (language model) and pos_gru (tagger) do different things")
        assert isinstance(app.service, FakeService)
        assert app.service.asked == []


async def test_errors_are_told(pairs: Path, fake: Any, settled: Any, notes: Any) -> None:
    app = app_of(pairs, fake, tag=lambda settings: [ServiceError("RunError", "it is damaged")])
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, "pos_gru", "pos_lstm")
        await pilot.press(*"hm")
        await settled(pilot)
        assert any("it is damaged" in note for note in notes(app))


async def test_marks(pairs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        runs = app.screen.query_one(RunList)
        await pilot.press("tab", "down", "tab", "down", "tab")
        assert [Path(path).name for path in runs.marked] == [run.name for run in runs.shown[:3]]
        await shows(app, "●")
        await pilot.press("tab", "up", "tab")
        assert len(runs.marked) == 1
        await pilot.press("c")  # is text while there is nothing to compare
        assert app.screen.query_one("#filter", Input).value == "c"
        await pilot.press("escape", "escape")
        assert runs.marked == []


async def test_a_broken_run_is_not_compared(pairs: Path, fake: Any, settled: Any, notes: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        await pilot.press("tab", *["down"] * 20, "tab", "c")
        assert isinstance(app.screen, HomeScreen)
        assert any("no model that could be compared" in note for note in notes(app))


async def test_without_colour(
    pairs: Path, fake: Any, shows: Any, monkeypatch: pytest.MonkeyPatch, settled: Any
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, "pos_gru", "pos_lstm")
        screen.query_one(Prompt).text = " ".join(WORDS)
        await settled(pilot)
        await shows(app, "≠VERB")


async def test_help(pairs: Path, fake: Any, shows: Any) -> None:
    app = app_of(pairs, fake)
    async with app.run_test(size=(100, 40)) as pilot:
        await opened(pilot, "char_lstm", "word_lstm")
        await pilot.press("f1")
        await shows(app, "next seed")
