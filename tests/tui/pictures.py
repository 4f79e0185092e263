"""Makes the pictures that the README shows: trains what is seen in them, opens the application, and types.

    python tests/tui/pictures.py [--runs FOLDER] [NAME ...]

The trainings take some minutes. With `--runs` they are kept, and go on from there the next time.
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
from pathlib import Path
from typing import Any

from textual.widgets import Input, TextArea

sys.path.insert(0, str(Path(__file__).parents[2]))  # as a script it finds only its own folder

from seqnlp.run import Run
from seqnlp.service.client import ServiceClient
from seqnlp.tui.app import SeqnlpApp
from tests.tui.conftest import draw, wait_for

ROOT = Path(__file__).parents[2]
PICTURES = Path(__file__).parent / "pictures"
WIDTH = 80
RUNS = {
    "series_gru": ["series_gru"],
    "translate_en_fr": ["translate_en_fr"],
    "sentiment_lstm": ["sentiment_lstm"],
    "ner_lstm_crf": ["ner_lstm_crf"],
    "pos_2_epochs": ["pos_gru", "-s", "training.epochs=2"],
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


async def home(pilot: Pilot) -> None:
    await pilot.press("down")


async def tag(pilot: Pilot) -> None:
    await pilot.open("ner", "a sentence to tag")
    await pilot.type("Amara Okafor of Nordhafen Railways will open the Lisbon Jazz Festival, then fly home to Nairobi.")
    await pilot.sees("least sure")


async def generate(pilot: Pilot) -> None:
    await pilot.open("char", "how shall it begin?")
    await pilot.press("tab", "d", *"0.6", "enter", *["down"] * 5, *"4", "enter", "p")
    await pilot.press(*"The ferry came in late, and ", "enter")
    await pilot.sees("500 tokens")
    await pilot.press(*["left"] * 15)
    await pilot.sees("%")


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


async def compare(pilot: Pilot) -> None:
    await pilot.press(*"pos", "tab", "down", "tab", "c")
    await pilot.sees("a sentence to tag")
    await pilot.type("They were singing loudly because nobody was home.")
    await pilot.sees("tagged differently")


async def forecast(pilot: Pilot) -> None:
    await pilot.open("series", "steps")
    await pilot.press("down")
    await pilot.sees("ferry  2/6")


async def watch(pilot: Pilot) -> None:
    await pilot.press(*"pos_gru", "ctrl+g")
    await pilot.sees("dev accuracy")


async def train(pilot: Pilot) -> None:
    await pilot.press("ctrl+n")
    await pilot.press(*"my", "backspace", "backspace")
    await pilot.sees("2 faults")


async def daylight(pilot: Pilot) -> None:
    await pilot.open("pos_gru", "a sentence to tag")
    await pilot.press("ctrl+t", "f2")
    await pilot.type(
        "While the kettle sang, Grandma wound the clock, fed the cat and asked who had hidden her glasses."
    )
    await pilot.sees("least sure")


ACTS: dict[str, tuple[int, Callable[[Pilot], Awaitable[None]]]] = {
    "home": (16, home),
    "tag": (16, tag),
    "generate": (26, generate),
    "translate": (26, translate),
    "classify": (19, classify),
    "daylight": (19, daylight),
    "forecast": (22, forecast),
    "compare": (22, compare),
    "watch": (28, watch),
    "train": (28, train),
}
"""Of each picture its name, how many lines it has, and what is done for it from home on; two stand side by side."""


def main() -> None:
    """Train what is missing, then make the pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures that the README shows.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these: {', '.join(ACTS)}")
    parser.add_argument("--names", action="store_true", dest="only_names", help="tell the names, and make nothing")
    parser.add_argument("--runs", type=Path, help="the folder that keeps the runs; otherwise a temporary one")
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(ACTS):
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    if wanted.only_names:
        print("\n".join(ACTS))
        return
    with tempfile.TemporaryDirectory() as folder:
        desk = Path(folder)
        runs = (wanted.runs or desk / "trained").resolve()
        for name, words in RUNS.items():
            train_run(runs / name, words)
        lay_out(desk, runs)
        os.chdir(desk)
        os.environ |= {"TEXTUAL_ANIMATIONS": "none", "XDG_STATE_HOME": str(desk / "state")}
        os.environ.pop("NO_COLOR", None)
        PICTURES.mkdir(exist_ok=True)
        for name in wanted.names or ACTS:
            file = PICTURES / f"{name}.svg"
            file.write_text(without_fonts(asyncio.run(shoot(name))), encoding="utf8")
            print(file.relative_to(ROOT), flush=True)
        os.chdir(ROOT)


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


async def shoot(name: str) -> str:
    """One picture, of an application of its own."""
    height, act = ACTS[name]
    app = SeqnlpApp(Path("runs"), ServiceClient())
    async with app.run_test(size=(WIDTH, height)) as pilot:
        await wait_for(app, "● ready")
        await wait_for(app, f"{len(RUNS)} runs")
        await act(Pilot(pilot))
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
