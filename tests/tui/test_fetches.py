"""Corpora that are fetched from the train screen: progress, failure, and an end that leaves nothing behind."""

import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from seqnlp.errors import DataError
from seqnlp.readers import fetch as reading
from seqnlp.readers.catalogue import CATALOGUE, PublicCorpus, PublicFile
from seqnlp.service import fetching
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.fetches import Progress, corpus_to_fetch, fetch
from seqnlp.tui.screens.train import TrainScreen

pytestmark = pytest.mark.anyio

PLAYED = """
import json, pathlib, sys, time
name, into = sys.argv[1:]
for done in range(4):
    print(json.dumps({"done": done * 1_000_000, "size": 4_000_000}), flush=True)
    time.sleep(0.02)
if name == "slow":
    pathlib.Path("pid").write_text(str(__import__("os").getpid()))
    print(json.dumps({"done": 4, "size": 8}), flush=True)
    sys.stdin.read()
elif name == "gone":
    print(json.dumps({"error": "no such host"}))
elif name != "short":
    pathlib.Path(into, name).mkdir(parents=True)
    print(json.dumps({"folder": into + "/" + name}))
"""


def fault(name: str) -> dict[str, Any]:
    hint = f"fetch it with `seqnlp corpora get {name}`"
    return {
        "problem": "no such file",
        "hint": hint,
        "place": "recipes/mine.toml:2:1",
        "spot": ["recipes/mine.toml", 2, 1],
    }


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    Path("recipes").mkdir()
    Path("recipes/mine.toml").write_text('# A tagger of mine.\ntask = "tag"\n')
    Path("played.py").write_text(PLAYED)
    return [sys.executable, "played.py"]


def test_the_corpus_stands_in_the_advice() -> None:
    assert corpus_to_fetch([{"hint": ""}, fault("multi30k"), fault("ewt")]) == "multi30k"
    assert corpus_to_fetch([{"hint": "did you mean `tag`?"}]) == ""


async def test_progress_and_failures(played: list[str]) -> None:
    assert [part.share async for part in fetch("a", played)] == [0, 0.25, 0.5, 0.75]
    for name, words in {"gone": "no such host", "short": "has ended early"}.items():
        with pytest.raises(DataError, match=words):
            assert [part async for part in fetch(name, played)]


async def test_a_download_ends_with_whoever_wants_it(played: list[str]) -> None:
    parts = fetch("slow", played)
    assert isinstance(await anext(parts), Progress)
    while not Path("pid").exists():
        await asyncio.sleep(0.02)
    await parts.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(int(Path("pid").read_text()), 0)


def test_the_program_tells_what_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any) -> None:
    content = b"word\ttag\n" * 1000
    file = PublicFile("https://example.org", "all.tsv", len(content), hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(CATALOGUE, "toy", PublicCorpus("", "", {}, {}, (file,)))
    (tmp_path / "all.tsv").write_bytes(content)
    fetch_it = reading.fetch
    monkeypatch.setattr(fetching, "fetch", lambda name, into, _, told: fetch_it(name, into, str(tmp_path), told))
    assert fetching.main("toy", str(tmp_path / "corpora")) == 0
    assert fetching.main("ewwt", str(tmp_path / "corpora")) == 4
    *parts, folder, wrong = map(json.loads, capfdbinary.readouterr().out.splitlines())
    assert parts[-1] == {"done": len(content), "size": len(content)}
    assert (Path(folder["folder"]) / "all.tsv").read_bytes() == content
    assert "'ewt'" in wrong["error"]


async def test_the_train_screen_fetches(
    played: list[str], fake: Any, shows: Any, hides: Any, settled: Any, notes: Any
) -> None:
    service = fake({"check": lambda _: [{"faults": [] if Path("corpora/toy").exists() else [fault("toy")]}]})
    app = SeqnlpApp(Path("runs"), service)
    async with app.run_test(size=(130, 30)) as pilot:
        screen = TrainScreen(app.trainings, app.service)
        screen.fetch_command = played
        await app.push_screen(screen)
        await pilot.press(*"mine")
        await shows(app, "A tagger of mine.  ")  # beside its name
        await shows(app, "^f fetch corpus")
        await pilot.press("ctrl+f")
        await shows(app, "this recipe is right")
        await hides(app, "fetching toy")
        await hides(app, "^f fetch corpus")
        assert any("corpora/toy" in note for note in notes(app))
