"""Evaluation on data of other formats than the corpus."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pandas as pd
import pytest

import seqnlp
from seqnlp.errors import DataError, SeqnlpError, UsageError
from seqnlp.readers import Columns, Csv, Parallel
from seqnlp.tasks.loading import open_split
from seqnlp.tasks.other_data import OtherData
from tests.e2e.conftest import seqnlp as program

__all__ = ["program"]
RUNS = Path(__file__).parents[2] / "data/run_v2"
PAIRS = [("abc", "cba"), ("stressed", "desserts")]


def pairs(data: OtherData | Path) -> list[tuple[str, str]]:
    table = open_split(RUNS / "translate", data=data).table
    sides = [[text for block in side for text in block] for side in (table.sources(), table.targets())]
    return list(zip(*sides, strict=True))


def test_two_files_of_any_names(tmp_path: Path) -> None:
    (tmp_path / "x.src").write_text("abc\n\nstressed\n")
    (tmp_path / "other").write_text("cba\n\ndesserts\n")
    data = OtherData([str(tmp_path / "x.src"), str(tmp_path / "other")])
    assert pairs(data) == PAIRS
    found = seqnlp.evaluate(RUNS / "translate", data=data)
    assert found["split"] == f"{tmp_path / 'x.src'} and {tmp_path / 'other'}"
    assert found["items"] == len("cba") + len("desserts") + 2
    (tmp_path / "other").write_text("cba\n")
    with pytest.raises(DataError, match=r"x.src:2: no partner for this line: .*other has only 1"):
        pairs(data)


def test_a_table_by_its_ending(tmp_path: Path) -> None:
    frame = pd.DataFrame(PAIRS, columns=["source", "target"])
    frame.to_csv(tmp_path / "a.csv")
    frame.to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    frame.to_csv(tmp_path / "b.tsv", sep="\t", index=False, header=False)
    frame.to_csv(tmp_path / "b.txt", sep="\t", index=False, header=False)
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "a.json", orient="records")
    frame.to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.tsv", "b.tsv", "b.txt", "a.jsonl", "a.json", "a.parquet"):
        assert pairs(tmp_path / name) == PAIRS, name
    assert pairs(Path(f"{tmp_path / 'a.parquet'}[1:]")) == PAIRS[1:]
    assert pairs(Path(f"{tmp_path / 'a.jsonl'}[:1]")) == PAIRS[:1]


def test_other_readers_and_columns(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("n;de;en\n1;abc;cba\n")
    columns = {"source": "de", "target": "en"}
    assert pairs(OtherData([str(tmp_path / "x.csv")], Csv(delimiter=";"), columns)) == PAIRS[:1]
    (tmp_path / "x.tsv").write_text("1\tcba\tabc\n")
    assert pairs(OtherData([str(tmp_path / "x.tsv")], Parallel(names=["_", "target", "source"]))) == PAIRS[:1]


def test_a_tagger_on_columns(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("NOUN Dogs\nVERB bark\n")
    data = OtherData([str(tmp_path / "x.txt")], Columns(names=["t", "w"]), {"form": "w", "upos": "t"})
    assert open_split(RUNS / "tag", data=data).table[:]["form"] == [["Dogs", "bark"]]
    (tmp_path / "x.jsonl").write_text(json.dumps({"form": ["Dogs"], "upos": ["NOUN"]}))
    assert open_split(RUNS / "tag", data=tmp_path / "x.jsonl").table[:]["form"] == [["Dogs"]]


@pytest.mark.parametrize(
    ("task", "data", "kind", "told"),
    [
        ("classify", OtherData(["a.csv", "b.csv"]), UsageError, "2 files: expected one, or of a translator two"),
        ("translate", OtherData(["a", "b", "c"]), UsageError, "3 files: expected one"),
        ("translate", OtherData(["a", "b"], Csv()), UsageError, "two files are read as lines"),
        ("translate", OtherData(["nowhere", "b"]), DataError, "nowhere"),
        ("translate", OtherData(["x.csv"], None, {"souce": "a"}), UsageError, "--column souce=...: the run reads no"),
        ("translate", OtherData(["x.csv"]), DataError, "no column 'source': there are a; --column NAME=COLUMN"),
        ("tag", OtherData(["x.jsonl"]), DataError, "no line has the key 'form': there are a; --column NAME=COLUMN"),
    ],
)
def test_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, data: OtherData, kind: type[SeqnlpError], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text("a\n1\n")
    Path("x.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(kind) as caught:
        open_split(RUNS / task, data=data)
    assert told in str(caught.value)


def test_options_of_evaluate(tmp_path: Path, program: "Callable[..., CompletedProcess[str]]") -> None:
    def call(*options: str) -> Any:
        return program("evaluate", RUNS / "translate", *options, folder=tmp_path)

    (tmp_path / "x.csv").write_text("de\ten\nabc\tcba\n")
    (tmp_path / "de").write_text("abc\n")
    (tmp_path / "en").write_text("cba\n")
    done = call("--data", "x.csv", "--reader", "tsv", "--column", "source=de", "--column", "target=en", "--json")
    assert json.loads(done.stdout)["items"] == 4
    done = call("--data", "de", "--data", "en", "--json")
    assert json.loads(done.stdout)["split"] == "de and en"
    for options, told in (
        (["--reader", "csv"], "--reader goes with --data"),
        (["--column", "a=b"], "--column goes with --data"),
        (["--data", "de", "--column", "a"], "--column a: expected NAME=COLUMN"),
        (["--data", "de", "--reader", "xyz"], "--reader xyz"),
    ):
        done = call(*options)
        assert done.returncode == 2
        assert told in done.stderr
