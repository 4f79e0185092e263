"""Makes the pictures that the README shows: trains what is seen in them, opens the application, and types.

    python tests/tui/pictures.py [--runs FOLDER] [NAME ...]
    python tests/tui/pictures.py [--runs FOLDER] --tour FOLDER [NAME ...]

The trainings take some minutes. With `--runs` they are kept, and go on from there the next time. A tour is for whoever
changes the application: each picture at three sizes in both themes, and a page with all of them.
"""

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from html import escape
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from textual.widgets import Input, TextArea

sys.path.insert(0, str(Path(__file__).parents[2]))  # as a script it finds only its own folder

from seqnlp.run import Run
from seqnlp.service.client import ServiceClient
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.themes import NIGHT, PAPER
from tests.tui.conftest import draw, wait_for

ROOT = Path(__file__).parents[2]
PICTURES = Path(__file__).parent / "pictures"
WIDTH = 80
SIZES = (80, 24), (120, 35), (200, 60)
"""Columns and lines of the pictures of a tour."""
RUNS = {
    "series_gru": ["series_gru"],
    "translate_en_fr": ["translate_en_fr"],
    "sentiment_lstm": ["sentiment_lstm"],
    "ner_lstm_crf": ["ner_lstm_crf"],
    "pos_gru": ["pos_gru"],
    "char_lstm": ["char_lstm"],
}
"""What is trained: the name of each run, and the arguments of `seqnlp train`."""

MY_TAGGER = """\
# A recipe of one's own, with two slips of the pen.
task = "tag"

[data]
reader = "conllu"
train = "corpora/pos/train.conllu"
dev = "corpora/pos/dev.conllu"
tokens = "form"
labels = ["upos"]

[embedding.words]
size = 64

[encoder]
kind = "gruu"
size = 96

[training]
epochs = 20
batch_token = 500
"""


class Pilot:
    """Types as a person would, and waits for what is to be seen then."""

    def __init__(self, pilot: Any) -> None:
        self.app: SeqnlpApp = pilot.app
        self._pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until all that they asked for is there."""
        await self._pilot.press(*keys)
        await self.app.workers.wait_for_complete()
        await self._pilot.pause()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*text)

    async def sees(self, text: str) -> None:
        """Wait until the screen shows some text."""
        await wait_for(self.app, text)

    async def open(self, run: str, text: str) -> None:
        """Open a run from home, and wait until its screen shows some text."""
        await self.press(*run, "enter")
        await self.sees(text)

    async def write(self, prompt: str, temperature: str, seed: str) -> None:
        """Let the language model write with these settings."""
        await self.open("char", "how shall it begin?")
        await self.press("tab", "d", *temperature, "enter", *["down"] * 5, *seed, "enter", "p")
        await self.press(*prompt, "enter")
        await self.sees("500 tokens")


async def home(pilot: Pilot) -> None:
    await pilot.press("down")


async def tag(pilot: Pilot) -> None:
    await pilot.open("ner", "a sentence to tag")
    await pilot.type("Amara Okafor of Nordhafen Railways will open the Lisbon Jazz Festival, then fly home to Nairobi.")
    await pilot.sees("least sure")


async def generate(pilot: Pilot) -> None:
    await pilot.write("The ferry came in late, and ", "0.6", "4")
    await pilot.press(*["left"] * 15)
    await pilot.sees("%")


async def tree(pilot: Pilot) -> None:
    await pilot.write("At the end of the pier ", "0.5", "3")
    for lines, key in ((3, "1"), (6, "2"), (2, "1")):
        await pilot.press("home", *["down"] * lines, *["right"] * 8)
        await pilot.sees("%")
        await pilot.press(key)
        await pilot.sees("length reached")
    await pilot.press("home", *["down"] * 5, *["right"] * 8, "i")
    await pilot.sees("influence")
    await pilot.press("t", "up", "up", "r", *"the other ending", "enter", "m")
    await pilot.sees("the other ending")


async def sweep(pilot: Pilot) -> None:
    await pilot.write("The ferry came in late, and ", "0.6", "4")
    await pilot.press("w", "ctrl+u", *"temperature 0.2 .. 1.1 4", "enter")
    await pilot.sees("length reached")


async def translate(pilot: Pilot) -> None:
    await pilot.open("translate", "a sentence to translate")
    await pilot.type("My aunt will never lend her white bicycle.")
    await pilot.sees("log-probability")
    await pilot.press("enter", "enter", *["down"] * 8, *["right"] * 6)
    await pilot.sees("→")


async def classify(pilot: Pilot) -> None:
    await pilot.open("sentiment", "a text to classify")
    await pilot.type("The room was tiny and cold, but the breakfast was excellent.")
    await pilot.sees("most:")


async def forecast(pilot: Pilot) -> None:
    await pilot.open("series", "steps")
    await pilot.press("down")
    await pilot.sees("ferry  2/6")


async def watch(pilot: Pilot) -> None:
    await pilot.press(*"pos_gru", "ctrl+g")
    await pilot.sees("dev accuracy")


async def train(pilot: Pilot) -> None:
    await pilot.press("ctrl+n")
    await pilot.press(*"my_tagger", "ctrl+u")  # the cursor stays on it
    await pilot.sees("2 faults")


class Act(NamedTuple):
    """What is done for a picture, and how it is drawn in the README."""

    lines: int
    does: Callable[[Pilot], Awaitable[None]]
    """From home on."""
    theme: str = NIGHT.name


ACTS = {
    "home": Act(19, home),
    "tag": Act(19, tag),
    "generate": Act(30, generate),
    "tree": Act(30, tree),
    "sweep": Act(26, sweep),
    "translate": Act(26, translate),
    "classify": Act(22, classify, PAPER.name),
    "forecast": Act(22, forecast),
    "watch": Act(28, watch),
    "train": Act(28, train),
}
"""Pictures by name; two stand side by side."""


def main() -> None:
    """Train what is missing, then make the pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures that the README shows.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(ACTS)}")
    parser.add_argument("--names", action="store_true", dest="only_names", help="tell the names, and make nothing")
    parser.add_argument("--tour", type=Path, metavar="FOLDER", help="three sizes and both themes, into this folder")
    parser.add_argument("--runs", type=Path, help="the folder that keeps the runs; otherwise a temporary one")
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(ACTS):
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    if wanted.only_names:
        print("\n".join(ACTS))
        return
    names, tour = wanted.names or list(ACTS), None if wanted.tour is None else wanted.tour.resolve()
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder)
        runs = (wanted.runs or desk / "trained").resolve()
        for name, words in RUNS.items():
            train_run(runs / name, words)
        lay_out(desk, runs)
        os.chdir(desk)
        os.environ |= {"TEXTUAL_ANIMATIONS": "none", "XDG_STATE_HOME": str(desk / "state")}
        os.environ.pop("NO_COLOR", None)
        if tour is None:
            for name in names:
                act = ACTS[name]
                keep(PICTURES / f"{name}.svg", name, (WIDTH, act.lines), act.theme)
        else:
            for name, size, theme in product(names, SIZES, (NIGHT.name, PAPER.name)):
                keep(tour / f"{name}-{size[0]}x{size[1]}-{theme}.svg", name, size, theme)
            (tour / "index.html").write_text(page_of(tour, names), encoding="utf8")
        os.chdir(ROOT)


def keep(file: Path, name: str, size: tuple[int, int], theme: str) -> None:
    """Make a picture and write it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # texts of the picture before would be in the history
    shutil.rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True)
    file.write_text(without_fonts(asyncio.run(shoot(name, size, theme))), encoding="utf8")
    print(file.relative_to(ROOT) if file.is_relative_to(ROOT) else file, flush=True)


def page_of(tour: Path, names: list[str]) -> str:
    """Page with the pictures of a tour."""
    files = sorted(file.name for name in names for file in tour.glob(f"{name}-*.svg"))
    shown = "".join(f'<h2>{escape(file)}</h2><img src="{escape(file)}" alt="">' for file in files)
    return f'<!doctype html><meta charset="utf-8"><title>seqnlp tui</title>{shown}'


def train_run(run: Path, words: list[str]) -> None:
    """Train a run, or go on with it; one that is there needs nothing, unless its recipe has changed, which is told."""
    print(f"\nseqnlp train {' '.join(words)}", flush=True)
    resume = ["--resume"] if Run.is_run(run) else []
    command = [sys.executable, "-m", "seqnlp", "train", *words, "--out", str(run), *resume]
    subprocess.run(command, cwd=ROOT, check=True)


def lay_out(desk: Path, runs: Path) -> None:
    """A folder to work in, as the reader might have one; the runs get dates that are always the same."""
    for minute, name in enumerate(RUNS):
        shutil.copytree(runs / name, desk / "runs" / name)
        run = Run(desk / "runs" / name)
        run.save_meta({**run.meta(), "created": f"2025-11-03T11:{minute:02}:00+00:00"})
    (desk / "recipes").mkdir()
    (desk / "recipes/my_tagger.toml").write_text(MY_TAGGER)


async def shoot(name: str, size: tuple[int, int], theme: str) -> str:
    """One picture, of an application of its own."""
    app = SeqnlpApp(Path("runs"), ServiceClient())
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        await wait_for(app, "● ready")
        await wait_for(app, f"{len(RUNS)} runs")
        await ACTS[name].does(Pilot(pilot))
        for line in app.screen.query("Input, TextArea").results():
            assert isinstance(line, Input | TextArea)
            line.cursor_blink = False
        await pilot.pause()
        return draw(app)


def without_fonts(picture: str) -> str:
    """A picture that fetches no fonts: it is drawn with those of whoever looks at it."""
    picture = re.sub(r"(?s)\s*(@font-face \{.*?\}|<!--.*?-->)", "", picture)
    picture = picture.replace("<svg ", '<svg xml:space="preserve" ', 1)
    picture = picture.replace(' clip-path="url(#terminal-ID-clip-terminal)"', "")  # it cuts the last line
    return picture.replace("Fira Code, monospace", 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace')


if __name__ == "__main__":
    main()
