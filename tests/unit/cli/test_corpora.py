import hashlib
import json
from pathlib import Path

import datasets
import pytest
from typer.testing import CliRunner, Result

from seqnlp.cli.corpora import app, bars
from seqnlp.errors import DataError, UsageError
from seqnlp.readers.catalogue import CATALOGUE, PublicCorpus, PublicFile
from seqnlp.readers.describe import Lengths

TRAIN = "1\tcat\t_\tNOUN\t_\t_\t0\troot\t_\t_\n2\tsat\t_\tVERB\t_\t_\t1\tx\t_\t_\n\n"
TEST = TRAIN.replace("sat", "ran")


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


def test_bars_are_as_long_as_their_shares() -> None:
    lengths = Lengths(1, 1, 1, 1, 1, {1: 40_000, 2: 500, 4: 1, 8: 0})
    assert [line.split() for line in bars(lengths)] == [
        ["1", "█" * 40, "98.8%"],
        ["2-3", "▌", "1.2%"],
        ["4-7", "▏", "<0.1%"],
        ["8-15", "0.0%"],
    ]


def test_the_cache_is_listed_and_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    (tmp_path / "x.txt").write_text("one\ntwo\n")
    run("stats", "x.txt")
    (entry,) = json.loads(run("cache", "ls", "--json").stdout)
    assert (entry["kind"], list(entry["files"])) == ("table", [str(tmp_path / "x.txt")])
    assert entry["size"] > 0
    shown = run("cache", "ls").stdout
    assert "x.txt" in shown
    assert "1 entries" in shown
    with pytest.raises(UsageError, match="--yes answers"):
        run("cache", "clear")
    assert "removed 1 entries" in run("cache", "clear", "--yes").stderr
    assert json.loads(run("cache", "ls", "--json").stdout) == []
    assert "the cache is empty" in run("cache", "clear").stderr


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a public corpus called `tiny`."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    files = []
    for name, text in {"tr.conllu": TRAIN * 20, "te.conllu": TEST}.items():
        (folder / name).write_text(text)
        files.append(PublicFile("https://x.example", name, len(text), hashlib.sha256(text.encode()).hexdigest()))
    splits = {"train": "tr.conllu", "test": "te.conllu"}
    corpus = PublicCorpus("A tiny corpus", "CC0", {"kind": "conllu"}, splits, tuple(files))
    monkeypatch.setitem(CATALOGUE, "tiny", corpus)
    return folder


def test_ls_says_what_ships_and_what_is_here(mirror: Path) -> None:
    before = {row["name"]: row for row in json.loads(run("ls", "--json").stdout)}
    assert before["pos"]["ships"]
    assert before["pos"]["path"].endswith("pos")
    assert before["pos"]["size"] > 10_000
    assert before["tiny"]["path"] is None
    assert before["ewt"]["licence"] == "CC BY-SA 4.0"
    run("get", "tiny", "--from", str(mirror))
    after = {row["name"]: row for row in json.loads(run("ls", "--json").stdout)}
    assert after["tiny"]["path"] == "corpora/tiny"
    lines = run("ls").stdout.splitlines()
    assert ["tiny", "fetched", "0.0", "MB", "CC0", "A", "tiny", "corpus"] in [line.split() for line in lines]
    assert ["pos", "ships"] in [line.split()[:2] for line in lines]


def test_get_prints_the_folder_and_nothing_else(mirror: Path, tmp_path: Path) -> None:
    result = run("get", "tiny", "--from", str(mirror), "--into", "data")
    assert (result.stdout, result.stderr) == ("data/tiny\n", "")
    assert (tmp_path / "data" / "tiny" / "te.conllu").read_text() == TEST


def test_get_refuses_what_it_does_not_know(mirror: Path) -> None:
    with pytest.raises(DataError, match="no public corpus is called 'tiyn': did you mean 'tiny'"):
        run("get", "tiyn")


def test_stats_of_a_name(mirror: Path) -> None:
    run("get", "tiny", "--from", str(mirror))
    output = run("stats", "tiny").stdout
    lines = [line.split() for line in output.splitlines()]
    assert ["train", "20", "40", "2", "2", "2", "2.0", "2", "2"] in lines
    assert ["test", "1", "2", "2", "2", "2", "2.0", "2", "2", "50.0%"] in lines
    assert ["NOUN", "20", "50.0", "0", "0.0"] in lines
    assert any(line[:1] == ["2-3"] and line[-1] == "100.0%" for line in lines)


def test_stats_of_a_recipe_are_those_of_its_splits() -> None:
    (line,) = run("stats", "series_gru", "--json").stdout.splitlines()
    splits = json.loads(line)["splits"]
    assert {name: len(found) for name, found in splits.items()} == {"train": 6, "dev": 6, "test": 6}
    assert [splits[name][0]["rows"] for name in ("train", "dev", "test")] == [1176, 252, 252]
    assert splits["dev"][5]["column"] == "tram"
    with pytest.raises(DataError, match="did you mean `pos_gru`"):
        run("stats", "pos_gro.toml")


def test_stats_as_json(mirror: Path) -> None:
    run("get", "tiny", "--from", str(mirror))
    (line,) = run("stats", "tiny", "--json").stdout.splitlines()
    found = json.loads(line)
    assert found["corpus"] == "tiny"
    assert found["splits"]["test"]["unseen"] == 0.5
    assert found["splits"]["train"]["labels"]["upos"] == {"NOUN": 20, "VERB": 20}
    assert found["splits"]["train"]["lengths"]["histogram"] == {"2": 20}


def test_stats_of_files_with_a_reader_of_ones_own(tmp_path: Path) -> None:
    Path("a.tags").write_text("a X\nb Y\n\nc X\n")
    Path("n.csv").write_text("y\n1\n3\n")
    table = '{kind="columns", names=["word", "tag"]}'
    found = json.loads(run("stats", "a.tags", "--reader", table, "--json").stdout)["splits"]["a.tags"]
    assert (found["sequences"], found["tokens"], found["column"]) == (2, 3, "word")
    assert run("stats", "a.tags", "a.tags", "--reader", "text", "--tokens", "text").stdout.count("a.tags\n") == 2
    numbers = run("stats", "n.csv", "--reader", '{kind="csv", numeric_columns=["y"]}').stdout
    assert ["n.csv", "y", "1", "2", "3"] in [line.split() for line in numbers.splitlines()]


@pytest.mark.parametrize(
    ("reader", "problem"),
    [
        ("conlu", "--reader conlu: kind: Unknown kind 'conlu'; the kinds are audio, columns, conllu"),
        ("columns", "--reader columns: names: Field required"),
        ('{kind="csv", nmes=[]}', "nmes: Extra inputs are not permitted"),
        ("3", "--reader 3: "),
    ],
)
def test_stats_refuses_readers_that_are_none(reader: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        run("stats", "x", "--reader", reader)
    assert problem in str(caught.value)


def test_long_lists_of_labels_are_cut_short_for_people(tmp_path: Path) -> None:
    rows = "".join(f"w,l{number % 30}\n" for number in range(300))
    Path("x.csv").write_text("text,label\n" + rows)
    assert "and 10 more" in run("stats", "x.csv").stdout
    assert len(json.loads(run("stats", "x.csv", "--json").stdout)["splits"]["x.csv"]["labels"]["label"]) == 30
