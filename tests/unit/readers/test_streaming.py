"""Streams: shards read block by block give the rows of their tables, from any block on."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers import Columns, Conllu, Csv, Hub, Jsonl, Parallel, Reader, Text
from seqnlp.readers.empties import FILLED, Need
from seqnlp.readers.hub import hub_digests
from seqnlp.readers.streaming import MOST_LABELS, Sample, Stream

Made = tuple[Reader, str, list[str], dict[str, Need]]
"""Reader, pattern of its shards, a source for each shard, needed columns."""


def jsonl(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def make_jsonl(folder: Path) -> Made:
    for shard in range(3):
        jsonl(folder / f"p-{shard}.jsonl", [{"t": f"{shard} {row}", "l": row % 2, "x": {}} for row in range(7)])
    reader = Jsonl(columns={"text": "t"})
    return reader, "p-*.jsonl", [f"p-{shard}.jsonl" for shard in range(3)], {"text": FILLED, "l": FILLED}


def make_csv(folder: Path) -> Made:
    for name in "ab":
        (folder / f"{name}.csv").write_text("text;n;rest\n" + "".join(f"{name}{row};{row}.5;\n" for row in range(5)))
    reader = Csv(delimiter=";", numeric_columns=["n"])
    return reader, "?.csv", ["a.csv", "b.csv"], {"text": FILLED, "n": FILLED}


def make_columns(folder: Path) -> Made:
    for name in "ab":
        (folder / name).write_text("".join(f"{name}{row} T{row}\nb O\n\n" for row in range(6)))
    return Columns(names=["w", "t"]), "?", ["a", "b"], {"w": FILLED, "t": FILLED}


def make_conllu(folder: Path) -> Made:
    row = "1\ta{}\t_\tNOUN\t_\t_\t0\troot\t_\t_\n2\tb\t_\tVERB\t_\t_\t1\tobj\t_\t_\n\n"
    (folder / "one.conllu").write_text("".join(row.format(number) for number in range(8)))
    return Conllu(), "one.conllu", ["one.conllu"], {"form": FILLED, "upos": FILLED}


def make_text(folder: Path) -> Made:
    for name in "ab":
        (folder / f"{name}.txt").write_text("".join(f"line {name}{row}\n\n" for row in range(6)))
    return Text(sample_by="paragraph"), "*.txt", ["a.txt", "b.txt"], {"text": FILLED}


def make_pairs(folder: Path) -> Made:
    (folder / "a.tsv").write_text("".join(f"s{row}\tt{row}\n" for row in range(6)))
    return Parallel(), "a.tsv", ["a.tsv"], {"source": FILLED, "target": FILLED}


def make_two_files(folder: Path) -> Made:
    for name in "ab":
        for suffix in ("en", "fr"):
            (folder / f"{name}.{suffix}").write_text("".join(f"{name}{suffix}{row}\n" for row in range(6)))
    return Parallel(suffixes=["en", "fr"]), "?", ["a", "b"], {"source": FILLED, "target": FILLED}


def make_hub(folder: Path) -> Made:
    features = Features({"text": Value("string"), "label": ClassLabel(names=["bad", "good"]), "x": List(Value("int8"))})
    for shard in range(2):
        rows = {"text": [f"{shard}{row}" for row in range(5)], "label": [0, 1, 1, 0, 1], "x": [[1]] * 5}
        Dataset.from_dict(rows, features).to_parquet(folder / f"train-{shard}.parquet")
    # a single file is a dataset of its own
    return Hub(path=str(folder)), "train", ["train-0.parquet", "train-1.parquet"], {"text": FILLED, "label": FILLED}


MAKES = [make_jsonl, make_csv, make_columns, make_conllu, make_text, make_pairs, make_two_files, make_hub]


def table_of(reader: Reader, source: str, folder: Path, needs: dict[str, Need]) -> Dataset:
    """Table of a shard, as it is read without streaming."""
    if isinstance(reader, Hub):
        return Hub(path=str(folder / source)).load("train", needs)
    return reader.load(reader.locate(source, folder.joinpath), needs)


def rows_of(stream: Stream, shard: int, first: int = 0) -> list[Any]:
    return [row for block in stream.blocks(shard, first) for row in block.table]


@pytest.mark.parametrize("make", MAKES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("size", [2, 5, 1000])
def test_blocks_are_the_rows_of_each_file(tmp_path: Path, make: Callable[[Path], Made], size: int) -> None:
    reader, source, files, needs = make(tmp_path)
    stream = Stream(reader, source, tmp_path.joinpath, needs, size)
    assert len(stream.shards) == len(files)
    for number, file in enumerate(files):
        table = table_of(reader, file, tmp_path, needs).select_columns(list(needs))
        blocks = list(stream.blocks(number))
        assert [block.first for block in blocks] == list(range(0, len(table), size))
        assert all(len(block.table) == block.rows <= size for block in blocks)
        assert blocks[0].table.features == table.features
        assert rows_of(stream, number) == list(table)
        for block in blocks:
            assert rows_of(stream, number, block.first) == list(table)[block.first :]


@pytest.mark.parametrize("make", MAKES, ids=lambda make: make.__name__)
def test_a_shard_has_a_name_and_the_digest_of_its_content(tmp_path: Path, make: Callable[[Path], Made]) -> None:
    reader, source, files, needs = make(tmp_path)
    shards = Stream(reader, source, tmp_path.joinpath, needs, 5).shards
    suffix = ".en" if isinstance(reader, Parallel) and reader.suffixes else ""
    assert [shard.name for shard in shards] == [f"{file}{suffix}" for file in files]
    assert len({shard.digest for shard in shards}) == len(files)
    again = Stream(reader, source, tmp_path.joinpath, needs, 5).shards
    assert [shard.digest for shard in again] == [shard.digest for shard in shards]


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(cache))
    (tmp_path / "data").mkdir()
    for make in (make_jsonl, make_hub):
        reader, source, _, needs = make(tmp_path / "data")
        Stream(reader, source, (tmp_path / "data").joinpath, needs, 5).sample(10, 1)
    assert [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


def test_rows_without_a_value_are_told_once(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"text": text} for text in ("x", "", "y")])
    jsonl(tmp_path / "b.jsonl", [{"text": text} for text in ("z", None, " ", "w")])
    (tmp_path / "c.jsonl").write_text("")
    stream = Stream(Jsonl(), "*.jsonl", tmp_path.joinpath, {"text": FILLED}, 2)
    with notes_to((notes := list[str]()).append):
        sample = stream.sample(10, 1)
        assert [row["text"] for row in sample.table] == ["x", "y", "z", "w"]
        assert (sample.total, sample.is_whole) == (4, True)
        rows_of(stream, 0)
    assert notes == [
        f"{tmp_path}/c.jsonl: no rows in it",
        f"{tmp_path}/a.jsonl:2: 'text' is empty; left out 3 of 7 rows for that",
    ]


def fails(folder: Path, source: str = "*.jsonl", reader: Reader | None = None) -> str:
    with pytest.raises(DataError) as caught:
        Stream(reader or Jsonl(), source, folder.joinpath, {"text": FILLED}, 2).sample(10, 1)
    return str(caught.value).replace(f"{folder}/", "")


def test_what_cannot_be_streamed(tmp_path: Path) -> None:
    assert fails(tmp_path) == "*.jsonl: no file matches this pattern"
    (tmp_path / "a.jsonl").write_text("\n")
    assert fails(tmp_path) == "*.jsonl: no sequences in it"
    jsonl(tmp_path / "a.jsonl", [{"text": ""}])
    assert fails(tmp_path) == "a.jsonl:1: 'text' is empty, as in all 1 rows: nothing is left"
    jsonl(tmp_path / "a.jsonl", [{"text": "x"}])
    problem = "a slice, [:50%], can't be streamed: name whole files, or leave out streaming"
    assert fails(tmp_path, "a.jsonl[:50%]") == f"a.jsonl: {problem}"
    jsonl(tmp_path / "b.jsonl", [{"text": ["x", "y"]}])
    found = "column 'text' holds lists of string; expected string, as in the shards before"
    assert fails(tmp_path) == f"b.jsonl: {found}"
    jsonl(tmp_path / "b.jsonl", [{"txt": "x"}])
    assert fails(tmp_path) == "b.jsonl: no line has the key 'text': did you mean 'txt'?"
    (tmp_path / "b.jsonl").write_text('{"text": "x"}\n{"text": 1}\n')
    assert fails(tmp_path) == "b.jsonl:2: 'text' is 1; expected a string as before"


def test_what_cannot_be_streamed_of_other_readers(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x O\n\n")
    found = fails(tmp_path, "a", Columns(names=["txt", "label"]))
    assert found == "a: no column 'text': did you mean 'txt'?"
    (tmp_path / "p.en").write_text("x\n")
    found = fails(tmp_path, "?", Parallel(suffixes=["en", "fr"]))
    assert found == "p.fr: no such file"
    make_hub(tmp_path)
    found = fails(tmp_path, "train[:50%]", Hub(path=str(tmp_path)))
    problem = "slices and sums of splits can't be streamed: expected the name of a split, train, found 'train[:50%]'"
    assert found == f"{tmp_path}: {problem}"
    Dataset.from_dict({"text": ["x"]}).save_to_disk(tmp_path / "saved")
    found = fails(tmp_path, "train", Hub(path=str(tmp_path / "saved")))
    assert found == "saved: a folder of save_to_disk is mapped from the disk as it is: leave out streaming"


def test_long_lines_are_those_of_the_reader(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", [{"text": "x" * 100}])
    assert "a.jsonl:1: a line of more than 50 bytes" in fails(tmp_path, reader=Jsonl(max_line=50))


@pytest.mark.parametrize("make", [make_jsonl, make_hub, make_two_files], ids=lambda make: make.__name__)
def test_a_shard_that_changes_under_the_training(tmp_path: Path, make: Callable[[Path], Made]) -> None:
    reader, source, _, needs = make(tmp_path)
    stream = Stream(reader, source, tmp_path.joinpath, needs, 2)
    last = sorted(path for path in tmp_path.iterdir() if path.is_file())[-1]
    before = last.read_bytes()
    rows = rows_of(stream, len(stream.shards) - 1)
    os.utime(last, ns=(1, 1))
    assert rows_of(stream, len(stream.shards) - 1) == rows  # the same content at another time
    blocks = stream.blocks(len(stream.shards) - 1)
    next(blocks)
    last.write_bytes(before + b"\n")
    with pytest.raises(DataError, match=r"this shard of train has changed since the training began; put the old one"):
        list(blocks)
    last.unlink()
    with pytest.raises(DataError) as caught:
        list(stream.blocks(len(stream.shards) - 1))
    assert str(caught.value) == f"{last}: this shard of train is gone; put it back, and resume"
    last.write_bytes(before)
    assert rows_of(stream, len(stream.shards) - 1) == rows


def sampled(folder: Path, size: int, seed: int = 1, block: int = 35) -> Sample:
    """Sample of 100 rows whose labels are l0 but for three."""
    labels = {40: "l1", 60: "l2", 99: "l3"}
    for shard in range(2):
        rows = [{"n": row, "l": labels.get(row, "l0")} for row in range(50 * shard, 50 * shard + 50)]
        jsonl(folder / f"{shard}.jsonl", rows)
    stream = Stream(Jsonl(), "*.jsonl", folder.joinpath, {"n": FILLED, "l": FILLED}, block)
    return stream.sample(size, seed, ["l"])


def test_a_large_sample_is_the_corpus_in_its_order(tmp_path: Path) -> None:
    for size in (100, 101, 10_000):
        sample = sampled(tmp_path, size)
        assert sample.table["n"][:] == list(range(100))
        assert sample.is_whole


def test_a_sample_is_random_rows_and_has_every_label(tmp_path: Path) -> None:
    for size in (1, 4, 10, 30):
        sample = sampled(tmp_path, size)
        numbers = sample.table["n"][:]
        assert numbers == sorted(set(numbers))
        assert len(numbers) == max(size, 4)
        assert {*sample.table["l"]} == {"l0", "l1", "l2", "l3"}
        assert (sample.total, sample.is_whole) == (100, False)
        assert sampled(tmp_path, size).table["n"][:] == numbers
    assert sampled(tmp_path, 30, seed=2).table["n"][:] != numbers
    drawn = np.concatenate([sampled(tmp_path, 50, seed).table["n"][:] for seed in range(5)])
    assert abs(np.mean(drawn) - 49.5) < 5
    assert MOST_LABELS > 100


@pytest.mark.parametrize("block", [1, 30, 1000])
def test_a_sample_does_not_depend_on_the_size_of_blocks(tmp_path: Path, block: int) -> None:
    assert sampled(tmp_path, 20, block=block).table["n"][:] == sampled(tmp_path, 20).table["n"][:]


def test_digests_of_files_of_the_hub_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    asked: list[Any] = []
    lfs = {"size": 3, "oid": "f" * 64, "pointerSize": 1}

    def info(_: HfApi, repo: str, paths: list[str], *, revision: str, repo_type: str) -> list[RepoFile]:
        asked.append((repo, paths, revision, repo_type))
        big = [{"lfs": lfs, "oid": revision} if path.endswith("parquet") else {"oid": "e" * 40} for path in paths]
        return [RepoFile(path=path, size=3, **each) for path, each in zip(paths, big, strict=True)]

    monkeypatch.setattr(HfApi, "get_paths_info", info)

    def digests(revision: str, *names: str) -> list[str]:
        return hub_digests([f"hf://datasets/me/tiny@{revision}/data/{name}" for name in names])

    assert digests("a" * 40, "x.parquet", "y.jsonl") == ["f" * 64, "e" * 40]
    assert asked == [("me/tiny", ["data/x.parquet", "data/y.jsonl"], "a" * 40, "dataset")]
    assert digests("b" * 40, "x.parquet") == ["f" * 64]  # another commit, the same content
    first, second = hub_digests(["https://a.org/x", "https://a.org/y"])
    assert first != second
