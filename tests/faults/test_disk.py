"""Full disks, disks that can only be read, clocks that were set back, and corpora that change under a training."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import seqnlp as library
from seqnlp.errors import DataError, RunError
from seqnlp.events import Stepped
from seqnlp.readers import Csv, cache
from seqnlp.run import Run
from seqnlp.run.directory import MODEL, STATE
from seqnlp.tasks import kept_arrays
from seqnlp.tasks.lm import corpus as lm_corpus
from tests.e2e.conftest import ROOT, TINY
from tests.faults.harness import Answer, seqnlp

RECIPE = ROOT / "recipes/pos_gru.toml"
SETTINGS = [*TINY, "training.save_every=0.001", "training.batch_tokens=4000"]

pytestmark = pytest.mark.faults

Mount = Callable[[str], Path]


def command(*arguments: object) -> bool:
    return subprocess.run(list(map(str, arguments)), capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a small disk, or changes its options: `size=300k`, `remount,ro`."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        if sys.platform != "linux" or not command("mount", "-t", "tmpfs", "-o", options, "none", place):
            pytest.skip("a disk of its own can't be mounted here")
        return place

    try:
        yield mount
    finally:
        command("umount", "-l", place)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "corpora/pos/dev.conllu", tmp_path / "train.conllu"))


def train(out: Path, corpus: Path, *more: str) -> Answer:
    settings = [*SETTINGS, f"data.train={corpus}"]
    return seqnlp("train", RECIPE, "-q", "--out", out, *(part for each in settings for part in ("-s", each)), *more)


@pytest.fixture
def whole(tmp_path: Path, corpus: Path) -> bytes:
    """The model of a training that nothing disturbed."""
    done = train(tmp_path / "whole", corpus)
    assert done.code == 0, done.err
    return (tmp_path / "whole" / MODEL).read_bytes()


def test_a_full_disk(disk: Mount, whole: bytes, corpus: Path, tmp_path: Path) -> None:
    """The run is begun on disks of several sizes, and resumed on one that is large enough."""
    size = sum(path.stat().st_size for path in (tmp_path / "whole").rglob("*") if path.is_file())
    for share in (0.02, 0.3, 0.6, 0.9):
        place = disk(f"size={max(int(size * share) // 4096, 2) * 4}k")
        failed = train(place / "run", corpus)
        assert failed.code == 4
        assert "no space left" in failed.err
        assert len([line for line in failed.err.splitlines() if line.startswith("error: ")]) == 1, failed.err
        if Run.is_run(place / "run"):
            Run.at(place / "run").check()
        assert not list(place.rglob("*.tmp"))
        disk(f"remount,size={10 * size}")
        resumed = train(place / "run", corpus, "--resume")
        assert resumed.code == 0, resumed.err
        assert (place / "run" / MODEL).read_bytes() == whole
        command("umount", "-l", place)


def test_a_disk_that_can_only_be_read(disk: Mount, whole: bytes, corpus: Path, tmp_path: Path) -> None:
    place = disk("size=20m")
    shutil.copytree(tmp_path / "whole", place / "run")
    disk("remount,ro")
    for way in ("--overwrite", "--resume"):
        failed = train(place / "run", corpus, way)
        assert (failed.code, failed.problem) == (4, "")
        assert "read-only file system" in failed.err
    assert train(place / "new", corpus).code == 4
    assert seqnlp("runs", "show", place / "run").code == 0
    evaluated = seqnlp("evaluate", place / "run", "--json")
    assert evaluated.code == 0, evaluated.err
    assert library.load(place / "run").tag("A cat .").tags


def test_a_cache_on_a_full_disk(
    disk: Mount, whole: bytes, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encoded columns are done without; the training is the same."""
    monkeypatch.setattr(kept_arrays, "LARGE", 1)
    for options, problem in (("size=8k", "No space left on device"), ("size=8k,ro", "Read-only file system")):
        place = disk(options)
        monkeypatch.setenv("XDG_CACHE_HOME", str(place))
        done = train(tmp_path / "run", corpus, "--overwrite")
        assert done.code == 0, done.err
        assert problem in done.err
        assert (tmp_path / "run" / MODEL).read_bytes() == whole
        assert not list(place.rglob("*.tmp"))
        command("umount", "-l", place)


def test_a_clock_that_was_set_back(whole: bytes, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files are of next year, and the clock goes back by an hour at each look."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(kept_arrays, "LARGE", 1)
    out, settings = tmp_path / "run", [*SETTINGS, f"data.train={corpus}"]
    for event in (training := library.train(RECIPE, settings, out=out)):
        if isinstance(event, Stepped) and event.step == 3:
            training.close()
    next_year = time.time() + 365 * 24 * 3600
    folders = [out, tmp_path / "cache"]
    for path in [corpus, *(path for folder in folders for path in folder.rglob("*"))]:
        os.utime(path, (next_year, next_year))
    now = iter(range(10**9, 0, -3600))
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: float(next(now)))
        list(library.train(RECIPE, settings, out=out, resume=True))
    assert (out / MODEL).read_bytes() == whole
    assert Run(out).is_finished
    steps = [event["step"] for event in Run(out).events() if event["event"] == "stepped"]
    assert steps == sorted(set(steps))
    assert seqnlp("runs", "ls", tmp_path, "--json").code == 0
    assert seqnlp("corpora", "cache", "ls").code == 0
    cache.clear()


def test_two_trainings_in_one_directory(whole: bytes, corpus: Path, tmp_path: Path) -> None:
    """Others that begin while one is at work are told so, one line each, and change nothing."""
    out, settings = tmp_path / "run", [*SETTINGS, f"data.train={corpus}"]
    refused = 0
    for event in library.train(RECIPE, settings, out=out):
        if isinstance(event, Stepped) and event.step in (1, 2, 4):
            for way in ("--resume", "--overwrite"):
                answer = train(out, corpus, way)
                assert (answer.code, answer.problem) == (4, "")
                assert f"process {os.getpid()} is training here: wait, or stop it" in answer.err
                refused += 1
    assert refused == 6
    assert (out / MODEL).read_bytes() == whole


CHANGES: dict[str, Callable[[Path], Any]] = {
    "grows": lambda path: path.write_bytes(path.read_bytes() * 2),
    "is emptied": lambda path: path.write_bytes(b""),
    "is removed": lambda path: path.unlink(),
    "is replaced": lambda path: path.write_bytes(path.read_bytes().replace(b"NOUN", b"VERB")),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("large", [False, True], ids=["small", "kept"])
def test_a_corpus_that_changes_under_a_training(
    change: str, large: bool, whole: bytes, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training ends as it would have; one that is to be resumed is refused."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    if large:
        monkeypatch.setattr(kept_arrays, "LARGE", 1)
    out, settings = tmp_path / "run", [*SETTINGS, f"data.train={corpus}"]
    before = corpus.read_bytes()
    for event in library.train(RECIPE, settings, out=out):
        if isinstance(event, Stepped) and event.step == 2:
            CHANGES[change](corpus)
            shutil.copytree(out, tmp_path / "stopped")
    assert (out / MODEL).read_bytes() == whole
    answer = train(tmp_path / "stopped", corpus, "--resume")
    assert (answer.code, answer.problem) == (4, "")
    assert "train" in answer.err
    corpus.write_bytes(before)
    if (tmp_path / "stopped" / STATE).exists():
        assert train(tmp_path / "stopped", corpus, "--resume").code == 0
        assert (tmp_path / "stopped" / MODEL).read_bytes() == whole


def test_a_file_that_changes_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No table of the new content is kept under the hash of the old one."""
    file = tmp_path / "train.csv"
    file.write_text("text\nold\n")
    rows = Csv.rows

    def changing(self: Csv, *arguments: Any) -> Iterator[Any]:
        file.write_text("text\nnew\n")
        yield from rows(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Csv, "rows", changing)
        with pytest.raises(DataError, match=r"train\.csv: it has changed while it was read: begin again"):
            Csv().load(file)
    file.write_text("text\nold\n")
    assert list(Csv().load(file)["text"]) == ["old"]


def test_a_text_that_changes_while_it_is_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    text = Path(shutil.copy(ROOT / "corpora/prose/dev.txt", tmp_path / "train.txt"))
    settings = [f"data.train={text}", "encoder.size=8", "training.epochs=1", "training.threads=1"]
    encode = lm_corpus.TextSplit.tokens

    def changing(self: lm_corpus.TextSplit, *arguments: Any) -> Any:
        text.write_text(text.read_text().replace("e", "i"))
        return encode(self, *arguments)

    for large in (lm_corpus.LARGE, 100):
        monkeypatch.setattr(lm_corpus, "LARGE", large)
        with monkeypatch.context() as patch:
            patch.setattr(lm_corpus.TextSplit, "tokens", changing)
            with pytest.raises(DataError, match="it has changed while it was read: begin again"):
                list(library.train(ROOT / "recipes/char_lstm.toml", settings, out=tmp_path / "run"))
        shutil.copy(ROOT / "corpora/prose/dev.txt", text)
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_a_run_that_is_removed_under_a_training(corpus: Path, tmp_path: Path) -> None:
    """The training ends with one line, and leaves no half of a run."""
    out, settings = tmp_path / "run", [*SETTINGS, f"data.train={corpus}"]

    def train_on() -> None:
        for event in library.train(RECIPE, settings, out=out):
            if isinstance(event, Stepped) and event.step == 2:
                shutil.rmtree(out)

    with pytest.raises((DataError, RunError)) as caught:
        train_on()
    assert "\n" not in str(caught.value)
    assert not Run.is_run(out)
