"""Predictions by several processes: --workers of the commands that take text, and Ray Data."""

import json
import os
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pandas as pd
import pytest

import seqnlp as library
from seqnlp.cli.workers import CHUNK, WorkerPool
from seqnlp.records import Block

Program = Callable[..., "CompletedProcess[str]"]
RUNS = Path(__file__).parents[1] / "data/run_v2"
WORDS = ["fine", "slow", "loud", "good", "bad", "room", "quiet", "dull", "bright"]


def table(rows: int) -> str:
    drawn = random.Random(1)
    lines = (f"{number},{' '.join(drawn.choices(WORDS, k=6)) if number % 7 else ''}\n" for number in range(rows))
    return "id,text\n" + "".join(lines)


def test_two_processes_write_what_one_does(seqnlp: Program, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(table(2 * CHUNK + 10))
    pd.read_csv(tmp_path / "in.csv").to_parquet(tmp_path / "in.parquet")
    told = []
    for number, options in enumerate([[], ["--workers", "2"]]):
        out = f"{number}.jsonl"
        done = seqnlp("predict", RUNS / "classify", "in.parquet", "--out", out, *options, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        told.append(done.stderr.replace(out, "out.jsonl"))
    assert (tmp_path / "0.jsonl").read_bytes() == (tmp_path / "1.jsonl").read_bytes()
    assert told[0] == told[1]
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.slow
def test_an_interrupted_command_goes_on_from_where_it_was(seqnlp: Program, tmp_path: Path) -> None:
    text = table(3 * CHUNK)
    (tmp_path / "in.csv").write_text(text + '9999,"opened\n')
    command = ["score", RUNS / "lm", "in.csv", "--column", "text", "--out", "out.csv", "--workers", "1"]
    done = seqnlp(*command, folder=tmp_path)
    assert (done.returncode, "quotechar" in done.stderr) == (4, True), done.stderr
    assert not (tmp_path / "out.csv").exists()
    (tmp_path / "in.csv").write_text(text)
    done = seqnlp(*command, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    alone = seqnlp(*command[:-4], "--out", "alone.csv", folder=tmp_path)
    assert done.stderr.splitlines()[-1] == alone.stderr.splitlines()[-1]
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "alone.csv").read_bytes()
    assert not list(tmp_path.glob("*.partial"))


class Texts(Block):
    """A block of texts, for predictions alone."""

    def __init__(self, texts: list[Any]) -> None:
        self.texts, self.size = texts, float(len(texts))

    def rows(self) -> list[dict[str, Any]]:
        return [{"text": text} for text in self.texts]


def test_chunks_that_were_predicted_are_taken_again(tmp_path: Path) -> None:
    kept = tmp_path / "out.csv.partial"
    blocks = [Texts(["fine", None, "slow"]), Texts([]), Texts(["loud"] * (CHUNK + 1)), Texts(["bright and good"])]
    predict = partial(map, str.swapcase)  # processes of a model load torch, for seconds each; the test above has two
    expected = [list(predict(["" if text is None else text for text in block.texts])) for block in blocks]
    for damaged, reused in ((None, 0), (None, CHUNK + 5), (b"[", CHUNK + 5), (b"[]", CHUNK + 5)):
        if damaged is not None:  # as a full disk may leave a file; the chunk is predicted again
            file = next(file for file in sorted(kept.iterdir()) if len(json.loads(file.read_bytes())) == 1)
            file.write_bytes(damaged)
            reused -= 1
        pool = WorkerPool(predict, 1, kept)
        found = list(pool.predicted_blocks(blocks))
        pool.close(complete=False)
        assert [block for block, _ in found] == blocks
        assert [values for _, values in found] == expected
        assert pool.reused == reused
    (kept / "mine.txt").write_text("a file of the user's")
    pool.close(complete=True)
    assert [file.name for file in kept.iterdir()] == ["mine.txt"]
    (kept / "mine.txt").unlink()
    pool.close(complete=True)
    assert not kept.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["classify", "classify", "in.csv", "--workers", "2"], "--workers goes with --out or --beside"),
        (["classify", "classify", "in.csv", "--out", "o.csv", "--workers", "0"], "expected a whole number from 1 to"),
        (["tag", "tag", "in.conllu", "--out", "o.conllu", "--workers", "2"], "CoNLL-U is written by one process"),
    ],
)
def test_workers_without_a_table(seqnlp: Program, tmp_path: Path, arguments: list[str], told: str) -> None:
    (tmp_path / "in.csv").write_text("text\nfine\n")
    (tmp_path / "in.conllu").write_text("1\tfine\t_\t_\t_\t_\t_\t_\t_\t_\n\n")
    verb, task, *rest = arguments
    done = seqnlp(verb, RUNS / task, *rest, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("o.*"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::FutureWarning")
def test_ray_maps_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    data = pytest.importorskip("ray.data")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(Path(library.__file__).parents[1]), os.environ["PYTHONPATH"]])
    )
    frame = pd.DataFrame({"text": ["fine", "slow and loud", "good room"] * 20})
    classifier = library.load(RUNS / "classify")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        found = data.from_pandas(frame).map_batches(classifier, batch_size=16).to_pandas()
    finally:
        ray.shutdown()
    expected = classifier(frame)
    assert sorted(found["label"]) == sorted(expected["label"])
    assert sorted(found["score"]) == pytest.approx(sorted(expected["score"]))
