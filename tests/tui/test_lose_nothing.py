"""Nothing that was written or typed is lost: by keys, by leaving, by a kill."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from textual import events

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.history import Found, History, state_folder
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.base import TaskPanel
from seqnlp.tui.panels.history import EntryList, HistoryScreen
from seqnlp.tui.panels.lm import LmPanel
from seqnlp.tui.screens.compare import CompareScreen
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.widgets.prompt import Line, Prompt
from tests.tui.test_sizes import ANSWERS

pytestmark = pytest.mark.anyio

WRITER = Path(__file__).parent / "writer_to_kill.py"
LATE = 2.5
"""Seconds that a text may be behind on a busy machine; on others it is one at most."""


def numbers(settings: Mapping[str, Any]) -> Iterator[Any]:
    """Fifty characters, other ones for each prompt and seed."""
    for sample in range(settings.get("samples", 1)):
        text = f" {settings['seed']}.{sample} ".ljust(50, "x")
        yield {"sample": sample, "text": text, "lengths": [1] * 50, "logprobs": [-0.5] * 50}


def opened(fake: Any, runs: Path, run: str = "char_lstm", **replies: Any) -> SeqnlpApp:
    known = {"load": lambda _: [{}], "generate": numbers, "next": lambda _: [[["e", -0.5], ["a", -0.9]]]}
    return SeqnlpApp(runs, fake({**known, **replies}), run_at(runs / run))


@pytest.fixture
def written(settled: Any) -> Any:
    """Writes from a prompt: `panel = await written(pilot, "Once")`."""

    async def write(pilot: Any, prompt: str) -> LmPanel:
        panel: LmPanel = pilot.app.screen.query_one(LmPanel)
        await settled(pilot)
        panel.query_one(Prompt).focus().text = prompt
        await pilot.press("enter")
        await settled(pilot)
        return panel

    return write


def read_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    look = History.open

    def wait_and_look(history: History) -> Found:
        time.sleep(0.5)
        return look(history)

    monkeypatch.setattr(History, "open", wait_and_look)


@pytest.fixture
def listed(settled: Any) -> Any:
    """Opens the history, and tells what is in it: prompts, and the beginnings of what was written."""

    async def look(pilot: Any) -> list[str]:
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert isinstance(pilot.app.screen, HistoryScreen)
        return [f"{entry.prompt}{entry.text}".strip() for entry in pilot.app.screen.query_one(EntryList).shown]

    return look


async def test_escape_in_the_prompt_goes_back_to_the_text(runs: Path, fake: Any, settled: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = await written(pilot, "Once")
        for way in ("p", "d", "tab"):  # the prompt, the settings, whatever is next
            await pilot.press(way, "escape")
            await settled(pilot)
            assert app.focused is panel.view
        await pilot.press("p", "x", "escape", "escape")
        assert isinstance(app.screen, HomeScreen)


async def test_a_new_text_leaves_the_old_one_in_the_history(
    runs: Path, fake: Any, settled: Any, written: Any, listed: Any, shows: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = await written(pilot, "Once")
        texts = [panel.view.buffer.text]
        await pilot.press("n")
        await settled(pilot)
        texts.append(panel.view.buffer.text)
        await written(pilot, "Twice")
        texts.append(panel.view.buffer.text)
        assert len(set(texts)) == 3
        assert await listed(pilot) == texts[::-1]
        await pilot.press("down", "down", "enter")
        await settled(pilot)
        assert panel.view.buffer.text == texts[0]
        assert panel.query_one(Prompt).text == "Once"
        await shows(app, "written today")
        await pilot.press("space")  # and it goes on
        await settled(pilot)
        assert panel.view.buffer.text.startswith(texts[0])
        assert len(panel.view.buffer.text) == len(texts[0]) + 50
        assert await listed(pilot) == [panel.view.buffer.text, *texts[:0:-1]]
        await pilot.press(*"twice", "enter")
        await settled(pilot)
        assert panel.view.buffer.text == texts[2]


async def test_a_run_that_is_opened_again_shows_its_last_text_and_draft(
    runs: Path, fake: Any, settled: Any, written: Any, shows: Any
) -> None:
    texts: list[str] = []
    for turn in range(3):
        app = opened(fake, runs)
        async with app.run_test() as pilot:
            await settled(pilot)
            panel = app.screen.query_one(LmPanel)
            assert [panel.session.buffers[0].text] == texts[-1:] or not texts
            if turn:
                assert panel.query_one(Prompt).text == f"draft {turn - 1}"
                await shows(app, "written today")
            panel = await written(pilot, f"Prompt {turn}")
            texts.append(panel.view.buffer.text)
            await pilot.press("p", *f"draft {turn}")
            if turn == 1:  # back home, and again from there
                await pilot.press("escape", "escape")
                await settled(pilot)
                await pilot.press(*"char", "enter")
                await settled(pilot)
                assert app.screen.query_one(LmPanel).session.buffers[0].text == texts[-1]
    assert len(list(state_folder().glob("*/text-*.json"))) == 3


async def test_several_samples_come_back_and_hidden_ones_too(runs: Path, fake: Any, settled: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(120, 30)) as pilot:
        app.screen.query_one(LmPanel).settings["samples"] = 3
        panel = await written(pilot, "Once")
        texts = [buffer.text for buffer in panel.session.buffers]
        await pilot.press("d", "up", "left")
        await settled(pilot)
        assert [buffer.text for buffer in panel.session.buffers] == texts[:2]
    app = opened(fake, runs)
    async with app.run_test(size=(120, 30)) as pilot:
        await settled(pilot)
        panel = app.screen.query_one(LmPanel)
        assert panel.settings["samples"] == len(panel.views) == 2
        await pilot.press("escape", "d", "up", "right")
        await settled(pilot)
        assert [buffer.text for buffer in panel.session.buffers] == texts


async def test_what_undo_takes_away_stays_in_the_tree(
    runs: Path, fake: Any, settled: Any, written: Any, listed: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = await written(pilot, "Once")
        first = panel.view.buffer.text
        await pilot.press("home")
        await settled(pilot)
        await pilot.press("2")
        await settled(pilot)
        branched = panel.view.buffer.text
        assert branched.startswith("Oncea")
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await settled(pilot)
        panel = app.screen.query_one(LmPanel)
        assert panel.view.buffer.text == branched
        await pilot.press("escape", "u")
        await settled(pilot)
        assert panel.view.buffer.text == first  # after a restart, too
        assert await listed(pilot) == [first]
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await settled(pilot)
        panel = app.screen.query_one(LmPanel)
        await pilot.press("escape", "U")
        await settled(pilot)
        assert panel.view.buffer.text == branched  # which is a branch of the tree


async def test_up_and_down_lead_through_prompts_with_the_draft_kept(
    runs: Path, fake: Any, settled: Any, written: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        for prompt in ("one", "two\nlines", "three"):
            panel = await written(pilot, prompt)
        line = panel.query_one(Prompt)
        await pilot.press("p", *"draft")
        seen = []
        for key in ("up", "up", "up", "up", "up", "down", "down", "down"):
            await pilot.press(key)
            seen.append(line.text)
        two = "two\nlines"
        assert seen == ["three", two, two, "one", "one", two, "three", "draft"]
        await pilot.press("down")
        assert line.has_focus


async def test_a_text_that_was_never_sent_is_there_when_it_was_replaced(
    runs: Path, fake: Any, settled: Any, listed: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await settled(pilot)
        line = app.screen.query_one(Prompt)
        await pilot.press(*"a first beginning", "ctrl+u", *"a second one")
        await pilot.press(*["backspace"] * 12)
        line.text = "third"
        line.select_all()
        await pilot.press("x")
        await settled(pilot)
        assert set(await listed(pilot)) == {"a first beginning", "a second one", "third"}
        await pilot.press(*"first", "enter")
        await settled(pilot)
        assert line.text == "a first beginning"
        assert line.has_focus


async def test_an_empty_history_says_so(runs: Path, fake: Any, settled: Any, listed: Any, shows: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await settled(pilot)
        assert await listed(pilot) == []
        await shows(app, "Nothing was written here yet.")
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("ctrl+r")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen.query(LmPanel)


@pytest.mark.parametrize("task", list(ANSWERS))
async def test_every_task_keeps_prompts_and_draft(task: str, runs: Path, fake: Any, settled: Any, listed: Any) -> None:
    (runs / "pos_gru/recipe.toml").write_text(f'task = "{task}"\n[data]\ntest = "x.csv"\n')
    replies = {"predict" if task == "juggle" else task: lambda settings: [ANSWERS[task]]}

    def line_of(app: SeqnlpApp) -> Prompt | Line:
        return app.screen.query_one(TaskPanel).prompt_line

    async def fill(pilot: Any, text: str, *keys: str) -> None:
        line_of(pilot.app).focus().restore(text)
        await pilot.press(*keys)
        await settled(pilot)

    app = opened(fake, runs, "pos_gru", **replies)
    async with app.run_test() as pilot:
        await settled(pilot)
        await fill(pilot, "first.csv", "enter")
        await fill(pilot, "second.csv", "enter")
        await fill(pilot, "draft.csv")
    app = opened(fake, runs, "pos_gru", **replies)
    async with app.run_test() as pilot:
        await settled(pilot)
        # a file is opened again only if it was opened before
        assert line_of(app).text == ("second.csv" if task == "forecast" else "draft.csv")
        await fill(pilot, "", *["up"] * 3)
        assert line_of(app).text == "first.csv"
        await pilot.press("down", "down", "down")
        assert line_of(app).text == ""
        assert {"first.csv", "second.csv", "draft.csv"} <= set(await listed(pilot))
        await pilot.press(*"second", "enter")
        await settled(pilot)
        assert line_of(app).text == "second.csv"


async def test_typing_replaces_the_sentence_of_last_time(runs: Path, fake: Any, settled: Any) -> None:
    for text, wanted in (("The cat.", "The cat."), ("A dog.", "A dog.")):
        app = opened(fake, runs, "pos_gru", tag=lambda settings: [ANSWERS["tag"]])
        async with app.run_test() as pilot:
            await settled(pilot)
            await pilot.press(*text)
            await settled(pilot)
            assert app.screen.query_one(Prompt).text == wanted


async def test_who_types_at_once_is_not_disturbed(
    runs: Path, fake: Any, settled: Any, monkeypatch: pytest.MonkeyPatch, burst: Any, listed: Any
) -> None:
    app = opened(fake, runs, "pos_gru", tag=lambda settings: [ANSWERS["tag"]])
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press(*"before")
    read_slowly(monkeypatch)
    app = opened(fake, runs, "pos_gru", tag=lambda settings: [ANSWERS["tag"]])
    async with app.run_test() as pilot:
        await pilot.press(*"now")
        await settled(pilot)
        assert app.screen.query_one(Prompt).text == "now"
        assert await listed(pilot) == ["before"]


async def test_enter_before_the_history_is_read_counts(
    runs: Path, fake: Any, settled: Any, written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await written(pilot, "Once")
    read_slowly(monkeypatch)
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await pilot.press(*"Now", "enter")
        await settled(pilot)
        panel = app.screen.query_one(LmPanel)
        assert panel.query_one(Prompt).text == "Now"
        assert panel.view.buffer.text.startswith("Now ")


async def test_who_quits_while_it_writes_finds_every_letter(runs: Path, fake: Any, settled: Any) -> None:
    def endless(settings: Mapping[str, Any]) -> Iterator[Any]:
        while True:
            yield {"sample": 0, "text": "ab", "lengths": [1, 1], "logprobs": [-1.0, -2.0]}

    app = opened(fake, runs, generate=endless)
    service: Any = app.service
    service.pause = 0.001
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("x", "enter")
        panel = app.screen.query_one(LmPanel)
        while panel.session.buffers[0].tokens < 300:
            await pilot.pause(0.01)
        await pilot.press("ctrl+q")
    text = panel.session.buffers[0].text
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.screen.query_one(LmPanel).view.buffer.text == text


async def test_a_fault_while_keeping_is_told(
    runs: Path, fake: Any, settled: Any, until: Any, notes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise ValueError("no luck")

    monkeypatch.setattr(History, "set_draft", fail)
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await settled(pilot)
        await pilot.press("x")
        await until(pilot, lambda: any("no luck" in note for note in notes(app)))


async def test_a_comparison_has_a_history_of_its_own(
    runs: Path, fake: Any, settled: Any, written: Any, new_run: Callable[..., Path]
) -> None:
    other = run_at(new_run("other", "lm", "bits_per_char", 2.2, "2025-11-01T08:00:00+00:00", 1000))
    app = opened(fake, runs)
    async with app.run_test(size=(120, 30)) as pilot:
        await app.push_screen(CompareScreen(run_at(runs / "char_lstm"), other, app.service))
        panel = await written(pilot, "Both")
        texts = [buffer.text for buffer in panel.session.buffers]
        await app.pop_screen()
        await app.push_screen(CompareScreen(run_at(runs / "char_lstm"), other, app.service))
        await settled(pilot)
        again = app.screen.query_one(LmPanel)
        assert [buffer.text for buffer in again.session.buffers] == texts
        assert [view.buffer for view in again.views] == again.session.buffers
    assert len(list(state_folder().iterdir())) == 1


async def test_a_damaged_text_is_told(runs: Path, fake: Any, settled: Any, written: Any, notes: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        first = await written(pilot, "Once")
        text = first.view.buffer.text
        await written(pilot, "Twice")
    damaged = max(state_folder().glob("*/text-*.json"), key=lambda file: file.stat().st_mtime_ns)
    damaged.write_bytes(damaged.read_bytes()[:-20])
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.screen.query_one(LmPanel).view.buffer.text == text
        assert any("was damaged, and is kept as" in note for note in notes(app))


async def test_after_a_kill_all_but_the_last_moment_is_there(runs: Path, fake: Any, settled: Any, shows: Any) -> None:
    process = subprocess.Popen([sys.executable, str(WRITER)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told: list[tuple[float, int]] = []
    for line in process.stdout:
        moment, characters = line.split()
        told.append((float(moment), int(characters)))
        if told[-1][0] - told[0][0] > LATE + 1:
            break
    process.kill()
    killed = told[-1][0]
    process.stdout.close()
    process.wait()
    least = max(characters for moment, characters in told if moment < killed - LATE)
    assert least > 10
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await settled(pilot)
        panel = app.screen.query_one(LmPanel)
        text = panel.view.buffer.text
        assert text == ("Once" + "0123456789" * len(text))[: len(text)]
        assert len(text) >= least
        assert panel.query_one(Prompt).text == "never sent"
        await shows(app, "written today")


async def test_a_paste_of_several_lines_is_walked_line_by_line(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs, "pos_gru", tag=lambda settings: [ANSWERS["tag"]])
    async with app.run_test() as pilot:
        await settled(pilot)
        line = app.screen.query_one(Prompt)
        app.post_message(events.Paste("one\ntwo"))
        await settled(pilot)
        await pilot.press("up", "up", "up")
        assert (line.text, line.cursor_location[0]) == ("one\ntwo", 0)
