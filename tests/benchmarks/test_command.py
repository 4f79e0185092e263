"""The command itself, on rows that take seconds."""

import shutil
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import ROOT, main
from tests.benchmarks.environments import Environment
from tests.benchmarks.growth import Corpus, generate
from tests.benchmarks.page import render
from tests.benchmarks.process import Failed, measure
from tests.benchmarks.results import Results

SENTENCES = 300


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    shutil.copy(ROOT / "README.md", tmp_path / "readme.md")
    named = {
        "results": "results.json",
        "page": "page.md",
        "readme": "readme.md",
        "peers": "peers",
        "corpora": "corpora",
    }
    return [part for option, name in named.items() for part in (f"--{option}", str(tmp_path / name))]


def first_sentences(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    sentences = source.read_text(encoding="utf-8").split("\n\n")
    target.write_text("\n\n".join(sentences[:SENTENCES]) + "\n\n", encoding="utf-8")


@pytest.mark.benchmark
def test_two_rows_are_measured_and_kept(tmp_path: Path, options: list[str]) -> None:
    for split in ("train", "dev", "test"):
        first_sentences(ROOT / f"corpora/pos/{split}.conllu", tmp_path / f"corpora/ewt/en_ewt-ud-{split}.conllu")
    main(["--only", "ewt-packed", "--seconds", "2", "--rounds", "2", *options])
    kept = Results.load(tmp_path / "results.json").comparisons["ewt-packed"]
    assert [run.contestant for run in kept.runs] == ["seqnlp", "nn.LSTM, packed"] * 2
    for run in kept.runs:
        assert run.speed > 100
        assert 2 <= run.training_seconds < run.seconds
        assert run.peak_bytes > 1e8
        assert 0.2 < run.score <= 1
        assert str(tmp_path) not in "".join(run.commands)
    main(["--only", "growth-length", "--seconds", "0.5", *options])
    results = Results.load(tmp_path / "results.json")
    assert results.comparisons["ewt-packed"] == kept, "rows that were not asked for are kept"
    assert [point.value for point in results.growth["growth-length"].points] == [10, 30, 100, 300, 1000]
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == render(results)


def test_a_corpus_that_is_missing_is_told(tmp_path: Path, options: list[str]) -> None:
    main(["--only", "ewt-packed", *options])
    told = "No such file or directory: 'corpora/ewt/en_ewt-ud-train.conllu'"
    assert told in Results.load(tmp_path / "results.json").comparisons["ewt-packed"].problem
    assert told in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_peak_memory_and_the_last_output_of_commands(tmp_path: Path) -> None:
    python = str(Environment().python(tmp_path))
    big = [python, "-c", "print(len(b'x' * 500_000_000) and 'big')"]
    small = [python, "-c", "import time; time.sleep(0.3); print('small')"]
    spent = measure([big, small], tmp_path, limit=60)
    assert spent.output == "small\n"
    assert 500e6 < spent.peak_bytes < 800e6
    assert spent.seconds >= 0.3
    assert 0 <= spent.others <= 1


def test_a_command_that_fails_is_told_by_its_last_line(tmp_path: Path) -> None:
    python = str(Environment().python(tmp_path))
    with pytest.raises(Failed, match=r"^ValueError: no$"):
        measure([[python, "-c", "raise ValueError('no')"]], tmp_path, limit=60)
    with pytest.raises(Failed, match="killed"):
        measure([[python, "-c", "import time; time.sleep(60)"]], tmp_path, limit=0.2)


def test_a_generated_corpus_has_every_word(tmp_path: Path) -> None:
    import numpy as np

    words = generate(Corpus(5000, 30, 2000), tmp_path / "train.conllu", np.random.default_rng(1), complete=True)
    sentences = (tmp_path / "train.conllu").read_text(encoding="utf-8").strip().split("\n\n")
    forms = [line.split("\t")[1] for sentence in sentences for line in sentence.splitlines()]
    assert words == len(forms) == 5000
    assert len(set(forms)) == 2000
    assert {len(sentence.splitlines()) for sentence in sentences[:-1]} == {30}
