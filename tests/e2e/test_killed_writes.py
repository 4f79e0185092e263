"""A training that ends before any one of its writes leaves a run whose digests are right, and that can be resumed."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

import pytest

import seqnlp
from seqnlp.errors import RunError
from seqnlp.run import Run, files
from seqnlp.run.directory import MODEL, RECIPE
from tests.e2e.conftest import ROOT, TINY

SETTINGS = [*TINY, "data.train=corpora/pos/dev.conllu", "training.save_every=0.001"]


class Killed(BaseException):
    """An end that nothing catches."""


@contextmanager
def killed_before_write(number: int) -> Iterator[list[str]]:
    """Kill before the n-th write of a file; the names of the files so far."""
    written: list[str] = []
    replacing = files.replacing

    def count(path: Path) -> AbstractContextManager[IO[bytes]]:
        if len(written) == number:
            raise Killed
        written.append(path.name)
        return replacing(path)

    with pytest.MonkeyPatch.context() as patch:
        for module in ("files", "tensors"):  # the others write by functions of `files`
            patch.setattr(f"seqnlp.run.{module}.replacing", count)
        yield written


def train(out: Path, resume: bool = False, *more: str) -> None:
    for _ in seqnlp.train(ROOT / "recipes/pos_gru.toml", [*SETTINGS, *more], out=out, resume=resume):
        pass


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, int]:
    """The model of a training that nobody stopped, and the number of its writes."""
    out = tmp_path_factory.mktemp("whole") / "run"
    with killed_before_write(-1) as written:
        train(out)
    return (out / MODEL).read_bytes(), len(written)


def check(out: Path, number: int, model: bytes) -> None:
    with killed_before_write(number), pytest.raises(Killed):
        train(out)
    if Run.is_run(out):
        found = Run.at(out)
        found.check()
        found.scores()
        assert list(found.notes()) == []
        if found.model_bytes:
            assert seqnlp.load(out).tag("A cat .").tags
        else:
            with pytest.raises(RunError, match="half-written"):
                seqnlp.load(out)
    train(out, resume=True)
    assert (out / MODEL).read_bytes() == model
    assert Run(out).is_finished
    assert Run(out).digests() is not None
    assert (Run(out).digests() or {}).keys() >= {RECIPE}


@pytest.mark.parametrize("place", [0.0, 0.1, 0.25, 0.6, 0.9, 0.99])
def test_killed_before_some_writes(place: float, whole: tuple[bytes, int], tmp_path: Path) -> None:
    model, writes = whole
    check(tmp_path / "run", int(place * writes), model)


@pytest.mark.faults
def test_killed_before_every_write(whole: tuple[bytes, int], tmp_path: Path) -> None:
    model, writes = whole
    for number in range(writes):
        check(tmp_path / f"run{number}", number, model)


def test_killed_while_a_run_is_overwritten_or_finished_again(whole: tuple[bytes, int], tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(out)
    for number in range(1, 6):  # its scores and its card are written again
        with killed_before_write(number) as written:
            try:
                train(out, resume=True)
            except Killed:
                pass
            else:
                assert len(written) <= number
        Run.at(out).check()
        Run.at(out).scores()
        assert list(Run.at(out).notes()) == []
        assert seqnlp.load(out).tag("A cat .").tags


LONGER = ("training.epochs=3", "optimizer.schedule=constant")


def test_killed_while_a_finished_training_goes_on_for_more_epochs(tmp_path: Path) -> None:
    whole, first = tmp_path / "whole", tmp_path / "first"
    train(whole, False, *LONGER)
    train(first, False, *LONGER, "training.epochs=1")
    for number in (1, 2, 8):  # the first three: meta.json, the recipe, meta.json again
        out = tmp_path / f"run{number}"
        shutil.copytree(first, out)
        with killed_before_write(number), pytest.raises(Killed):
            train(out, True, *LONGER)
        Run.at(out).check()
        assert seqnlp.load(out).tag("A cat .").tags
        train(out, True, *LONGER)
        assert (out / MODEL).read_bytes() == (whole / MODEL).read_bytes()
        assert Run(out).recipe_text() == Run(whole).recipe_text()
        assert len((Run(out).digests() or {})[RECIPE].split()) == 1
