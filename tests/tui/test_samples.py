"""Several samples side by side: one batch of the library, each of which can go on alone."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from seqnlp.service.handlers import Models, answer
from seqnlp.service.protocol import Request
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.history import state_folder
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.lm import LmPanel
from seqnlp.tui.widgets.samples import SampleTabs, columns_for

pytestmark = pytest.mark.anyio

PROMPT = "The harbour"
SAMPLES, SEED, LENGTH = 3, 7, 60
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model that has learned next to nothing."""
    from seqnlp.api import train

    folder = tmp_path_factory.mktemp("runs")
    text = folder / "text.txt"
    text.write_text((ROOT / "corpora/prose/dev.txt").read_text(encoding="utf-8")[:8000], encoding="utf-8")
    files = [f"data.{split}='{text}'" for split in ("train", "dev", "test")]
    settings = ["training.epochs=1", "training.threads=1", "encoder.size=16", "embedding.size=8", *files]
    list(train(ROOT / "recipes/char_lstm.toml", settings, folder / "tiny"))
    return folder / "tiny"


def worker(run: Path) -> Any:
    """What the worker answers about a run, packed in parts of 7 tokens, with the texts' turns mixed."""
    models = Models()

    def reply(settings: Mapping[str, Any]) -> Iterator[Any]:
        found = answer(Request(1, "generate", str(run), dict(settings)), models)
        tokens = list(found.items)
        for begin in range(0, len(tokens), 7):
            yield from found.pack(tokens[begin : begin + 7])

    return {"load": lambda settings: [{}], "generate": reply, "next": lambda settings: [[["e", -0.5]]]}


def opened(fake: Any, run: Path) -> SeqnlpApp:
    return SeqnlpApp(run.parent, fake(worker(run)), run_at(run))


@pytest.fixture
def written(settled: Any) -> Any:
    """Three texts, written to their end."""

    async def write(pilot: Any) -> LmPanel:
        panel: LmPanel = pilot.app.screen.query_one(LmPanel)
        panel.settings.update(samples=SAMPLES, seed=SEED, length=LENGTH)
        await pilot.press(*PROMPT, "enter")
        await settled(pilot)
        return panel

    return write


def questions(app: SeqnlpApp) -> list[Any]:
    return [settings for do, settings in app.service.asked if do == "generate"]  # type: ignore[attr-defined]


async def test_the_texts_are_those_of_the_command_line(trained: Path, fake: Any, runs: Path, written: Any) -> None:
    from seqnlp.cli.app import app as command

    words = ["generate", str(trained), "--prompt", PROMPT, "--temperature", "0.8"]
    words += ["--samples", str(SAMPLES), "--seed", str(SEED), "--length", str(LENGTH)]
    told = CliRunner().invoke(command, words)
    assert told.exit_code == 0, told.output
    app = opened(fake, trained)
    async with app.run_test(size=(120, 30)) as pilot:
        panel = await written(pilot)
        texts = [buffer.text for buffer in panel.session.buffers]
        assert "\n-----\n".join(texts) + "\n" == told.stdout
        assert len(set(texts)) == SAMPLES
        assert len(questions(app)) == 1


async def test_at_temperature_0_all_are_the_likeliest_text(trained: Path, fake: Any, runs: Path, settled: Any) -> None:
    app = opened(fake, trained)
    async with app.run_test(size=(120, 30)) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.settings.update(samples=SAMPLES, seed=SEED, length=LENGTH, temperature=0.0)
        await pilot.press(*PROMPT, "enter")
        await settled(pilot)
        (text,) = {buffer.text for buffer in panel.session.buffers}
        assert len(text) == len(PROMPT) + LENGTH


async def test_one_of_them_goes_on_alone(trained: Path, fake: Any, runs: Path, settled: Any, written: Any) -> None:
    app = opened(fake, trained)
    async with app.run_test(size=(120, 30)) as pilot:
        panel = await written(pilot)
        before = [buffer.text for buffer in panel.session.buffers]
        await pilot.press("tab", "space")
        await settled(pilot)
        after = [buffer.text for buffer in panel.session.buffers]
        assert (after[0], after[2]) == (before[0], before[2])
        assert after[1].startswith(before[1])
        assert panel.session.buffers[1].tokens == 2 * LENGTH
        assert questions(app)[-1]["prompt"] == before[1]


async def test_one_of_them_branches_and_comes_back(
    trained: Path, fake: Any, runs: Path, settled: Any, written: Any
) -> None:
    app = opened(fake, trained)
    async with app.run_test(size=(120, 30)) as pilot:
        panel = await written(pilot)
        before = [buffer.text for buffer in panel.session.buffers]
        await pilot.press("tab", "tab", "left", "left")
        await settled(pilot)
        await pilot.press("1")
        await settled(pilot)
        branched = panel.session.buffers[2]
        assert branched.text.startswith(before[2][:-2] + "e")
        assert branched.tokens == 2 * LENGTH - 1
        assert questions(app)[-1]["prompt"] == before[2][:-2] + "e"
        await pilot.press("u")
        assert [buffer.text for buffer in panel.session.buffers] == before


async def test_all_stop_together(trained: Path, fake: Any, runs: Path) -> None:
    app = opened(fake, trained)
    service: Any = app.service
    async with app.run_test(size=(120, 30)) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.settings.update(samples=SAMPLES, seed=SEED)
        reply = service.replies["generate"]

        def halting(settings: Mapping[str, Any]) -> Iterator[Any]:
            for number, part in enumerate(reply(settings)):
                if number == SAMPLES:
                    service.gate.clear()
                yield part

        service.replies["generate"] = halting
        await pilot.press("enter")
        while not all(buffer.tokens for buffer in panel.session.buffers):
            await pilot.pause(0.01)
        assert all(panel.session.is_busy(number) for number in range(SAMPLES))
        await pilot.press("escape")
        await pilot.pause()
        assert not panel.session.busy
        assert service.open == 0
        await pilot.press("tab")
        assert panel.view is panel.views[1]


async def test_a_setting_changed_while_a_batch_is_written_steers_each_text(
    trained: Path, fake: Any, runs: Path, settled: Any
) -> None:
    app = opened(fake, trained)
    service: Any = app.service
    async with app.run_test(size=(120, 30)) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.settings.update(samples=SAMPLES, seed=SEED, length=LENGTH)
        service.gate.clear()
        await pilot.press("enter", "d", "right")
        while len(questions(app)) < 1 + SAMPLES:
            await pilot.pause(0.01)
        service.gate.set()
        await settled(pilot)
        assert [settings["temperature"] for settings in questions(app)] == [0.8, 0.85, 0.85, 0.85]
        assert [buffer.tokens for buffer in panel.session.buffers] == [LENGTH] * SAMPLES


@pytest.mark.parametrize(
    ("count", "width", "height", "columns"),
    [(1, 5, 2, 1), (2, 50, 18, 2), (3, 50, 18, 2), (6, 50, 18, 2), (6, 78, 29, 3), (6, 150, 18, 6), (6, 40, 12, 0)],
)
def test_the_grid_has_room_for_words(count: int, width: int, height: int, columns: int) -> None:
    assert columns_for(count, width, height) == columns


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 35), (200, 40)])
async def test_none_of_six_is_too_narrow_to_be_read(
    size: tuple[int, int], trained: Path, fake: Any, runs: Path, settled: Any
) -> None:
    app = opened(fake, trained)
    async with app.run_test(size=size) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.settings.update(samples=6, seed=SEED, length=LENGTH)
        await pilot.press("enter")
        await settled(pilot)
        seen = [view for view in panel.views if view.display]
        assert len(seen) == 6
        assert all(view.outer_size.width >= 20 and view.size.height >= 4 for view in seen)


async def test_where_there_is_no_room_each_has_a_tab(
    trained: Path, fake: Any, runs: Path, settled: Any, shows: Any
) -> None:
    app = opened(fake, trained)
    async with app.run_test(size=(40, 24)) as pilot:
        panel = app.screen.query_one(LmPanel)
        panel.settings.update(samples=6, seed=SEED, length=LENGTH)
        await pilot.press("enter")
        await settled(pilot)

        def seen() -> list[int]:
            return [number for number, view in enumerate(panel.views) if view.display]

        assert seen() == [0]
        await shows(app, "sample  1  2  3  4  5  6")
        await pilot.press("tab", "tab", "tab", "shift+tab")
        assert seen() == [2]
        assert panel.view is panel.views[2]
        await pilot.press("space")  # goes on with this one
        await settled(pilot)
        assert [buffer.tokens for buffer in panel.session.buffers] == [LENGTH, LENGTH, 2 * LENGTH, *[LENGTH] * 3]
        await pilot.click(SampleTabs, offset=(1 + 7 + 3 * 4, 0))
        assert seen() == [4]
        await pilot.press("tab", "tab")  # past the last one
        assert not any(view.has_focus for view in panel.views)
        await pilot.resize_terminal(120, 35)
        await settled(pilot)
        assert seen() == list(range(6))


async def test_a_saved_tree_is_written_again_byte_for_byte(
    trained: Path, fake: Any, runs: Path, settled: Any, written: Any
) -> None:
    """By `generate --replay`: what was stopped, steered, chosen, edited and begun anew, too."""
    from seqnlp.cli.app import app as command

    app = opened(fake, trained)
    async with app.run_test(size=(120, 30)) as pilot:
        panel = await written(pilot)
        for keys in (
            ["home", *["right"] * 20, "2"],
            ["d", "right", "escape", "space"],
            ["tab", "home", "g"],
            ["space"],
        ):
            await pilot.press(*keys)
            await settled(pilot)
        await pilot.press("s")
        await settled(pilot)
        texts = [buffer.text for buffer in panel.session.buffers]
        assert panel.session.tree.lines()[0].branch.turns
    saved = Path("samples/tiny-1.json")
    told = CliRunner().invoke(command, ["generate", str(trained), "--replay", str(saved)])
    assert told.exit_code == 0, told.output
    assert told.stderr == ""
    assert told.stdout == Path("samples/tiny-1.txt").read_text(encoding="utf-8") == "\n-----\n".join(texts) + "\n"
    (history,) = (path for path in state_folder().glob("*/text-*.json"))
    again = CliRunner().invoke(command, ["generate", str(trained), "--replay", str(history), "--json"])
    branches = [json.loads(line) for line in again.stdout.splitlines()]
    assert len(branches) == 5
    assert all(branch["same"] for branch in branches)
    assert sorted(branch["text"] for branch in branches if branch["shown"]) == sorted(texts)
    data = json.loads(saved.read_text(encoding="utf-8"))
    branch = data["tree"]["branches"][1]
    branch["text"] = branch["text"][:5] + "~" + branch["text"][6:]
    saved.write_text(json.dumps(data), encoding="utf-8")
    other = CliRunner().invoke(command, ["generate", str(trained), "--replay", str(saved), "--json"])
    assert "differs from" in other.stderr
    assert f"from character {len(PROMPT) + 6} on" in other.stderr
