"""Loss of power at any moment of a training: what had reached the disk is a run that can be used and resumed.

The model of a disk is the strictest that POSIX allows: a file has the content of its last fsync, an entry of a folder
is there from the first fsync of that folder on, and a folder that was made needs an fsync of the one around it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import seqnlp
from seqnlp.run import Run
from seqnlp.run.directory import MODEL, STATE
from tests.e2e.conftest import ROOT, TINY

SETTINGS = [*TINY, "data.train=corpora/pos/dev.conllu", "training.save_every=0.001", "training.batch_tokens=4000"]
RESUMED = 4
"""Losses of power after which the training is resumed to its end; each takes a second."""

pytestmark = pytest.mark.faults


class Disk:
    """What a folder would hold after a loss of power."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.synced: dict[int, bytes] = {}
        """Content of each file at its last fsync, by inode."""
        self.waiting: dict[Path, bytes | None] = {}
        """Entries that wait for an fsync of their folder; None for one that was removed."""
        self.durable: dict[Path, bytes] = {}
        self.folders = {root}
        self.torn: list[Path] = []
        """Files that took the place of others before their content had reached the disk."""

    def fsync(self, handle: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        if not path.is_dir():
            self.synced[os.fstat(handle).st_ino] = path.read_bytes()
            return
        for entry in [entry for entry in self.waiting if entry.parent == path]:
            content = self.waiting.pop(entry)
            if content is None:
                self.durable.pop(entry, None)
            else:
                self.durable[entry] = content
        self.folders |= {entry for entry in path.iterdir() if entry.is_dir()}

    def replace(self, source: Path, place: Path) -> None:
        content = self.synced.get(os.stat(source).st_ino)
        if content is None or content != source.read_bytes():
            self.torn.append(place)
            content = b""
        self.waiting[place] = content

    def files(self) -> dict[str, bytes]:
        """What is there after a loss of power; of a folder whose entry is lost nothing is."""
        found = {}
        for path, content in self.durable.items():
            inside = [parent for parent in path.parents if parent.is_relative_to(self.root)]
            if self.folders.issuperset(inside):
                found[str(path.relative_to(self.root))] = content
        return found


@contextmanager
def traced(root: Path, moment: Callable[[Disk], None]) -> Iterator[Disk]:
    """Follow the writes below a folder; `moment` is called after each that matters."""
    disk = Disk(root)
    fsync, replace, unlink = os.fsync, os.replace, os.unlink

    def traced_fsync(handle: int) -> None:
        fsync(handle)
        disk.fsync(handle)
        moment(disk)

    def traced_replace(source: Any, place: Any, **options: Any) -> None:
        if Path(place).is_relative_to(root):
            disk.replace(Path(source), Path(place))
        replace(source, place, **options)
        moment(disk)

    def traced_unlink(path: Any, **options: Any) -> None:
        unlink(path, **options)
        if Path(path) in {*disk.durable, *disk.waiting}:
            disk.waiting[Path(path)] = None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", traced_fsync)
        patch.setattr(os, "replace", traced_replace)
        patch.setattr(os, "unlink", traced_unlink)
        yield disk


def train(out: Path, **options: Any) -> None:
    for _ in seqnlp.train(ROOT / "recipes/pos_gru.toml", SETTINGS, out=out, **options):
        pass


def restored(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / "runs/run"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="names of open files are looked up in /proc")
def test_every_moment_leaves_a_run_that_can_be_resumed(tmp_path: Path) -> None:
    moments: list[dict[str, bytes]] = []
    root = tmp_path / "disk"
    root.mkdir()

    def look(disk: Disk) -> None:
        files = disk.files()
        if not moments or files != moments[-1]:
            moments.append(files)

    with traced(root, look) as disk:
        train(root / "runs/run")
    assert disk.torn == []
    whole = (root / "runs/run" / MODEL).read_bytes()
    last = moments[-1]
    assert last[f"runs/run/{MODEL}"] == whole, "a training that has ended is on the disk"
    names = [f"runs/run/{name}" for name in (MODEL, STATE)]
    for earlier, later in pairwise(moments):
        assert all(name in later for name in names if name in earlier), "what was safe stays so"
    for number, files in enumerate(moments):
        out = restored(files, tmp_path / str(number))
        if Run.is_run(out):
            found = Run.at(out)
            found.check()
            found.scores()
            if found.has_state:
                assert found.load_state() is not None
            if found.has_model:
                found.load_model()
    print(f"losses of power: {len(moments)} moments, {RESUMED} resumed")
    begun = [number for number, files in enumerate(moments) if names[1] in files]
    for number in [begun[0], begun[-1], *begun[1 : -1 : max(len(begun) // (RESUMED - 2), 1)]][:RESUMED]:
        out = tmp_path / str(number) / "runs/run"
        train(out, resume=True)
        assert (out / MODEL).read_bytes() == whole
