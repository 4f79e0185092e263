"""What the README prints is what happens: its commands and its Python run, in an empty folder."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Program = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf8")
TAGGER = ["data.train=corpora/pos/dev.conllu", "encoder.size=8", "training.epochs=1"]
SMALL = {
    "pos_gru": TAGGER,
    "my.toml": TAGGER,
    "reverse_words": ["data.train=corpora/reverse/dev.tsv", "encoder.size=8", "decoder.size=16"],
    "digits_ctc": ["data.train=corpora/digits/dev.csv", "encoder.size=8", "training.epochs=1"],
    "pos_segment": ["data.train=corpora/pos/dev.conllu", "encoder.size=8", "training.epochs=1"],
    "series_gru": ["encoder.size=8", "training.stride=16", "data.lookback=48", "training.epochs=1"],
}
"""Settings with which a recipe that the README trains takes a moment."""


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"(?s)```{language}\n(.*?)```", README)
    return found


def commands() -> Iterator[tuple[list[str], str]]:
    """The arguments of each `seqnlp` in the README's longest list of them, and what is piped into it."""
    for line in blocks("sh")[1].splitlines():
        words, text = shlex.split(line, comments=True), ""
        if "|" in words:
            echo, text, pipe, *words = words
            assert (echo, pipe) == ("echo", "|")
            text += "\n"
        assert words.pop(0) == "seqnlp"
        yield words, text


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "corpora").symlink_to(ROOT / "corpora")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_quick_start_has_the_two_commands() -> None:
    install, test = blocks("sh")[0].strip().splitlines()
    assert install == 'pip install -e . "torch<2.14" && seqnlp train recipes/pos_gru.toml'
    assert test == 'pip install -e ".[dev]" "torch<2.14" && pytest -n 2'


def test_the_commands_and_the_python_run_with_small_models(
    project: Path, seqnlp: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = set()
    for words, text in commands():
        if words[0] == "train":
            trained.add(words[1])
            words += [part for setting in SMALL[words[1]] for part in ("-s", setting)]
        if words[0] == "search":
            words += ["-s", TAGGER[0]]
        done = seqnlp(*words, stdin=text, folder=project)
        assert done.returncode == 0, (words, done.stderr)
        assert done.stdout or words[:2] == ["recipes", "cp"], words
        if words[0] == "tag":
            assert re.fullmatch(r"It/\w+ does/\w+ n't/\w+ rain/\w+ \./\w+\n", done.stdout)
    assert trained == set(SMALL)
    code = blocks("python")[0]
    full = '["training.epochs=2"]'
    assert code.count(full) == 1
    exec(compile(code.replace(full, repr(TAGGER)), "example.py", "exec"), {})
    assert "['The', 'cat', 'sat', '.']" in capsys.readouterr().out


@pytest.mark.slow
def test_the_commands_and_the_python_run(project: Path) -> None:
    (project / "example.py").write_text(blocks("python")[0])
    folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    script = "\n".join(["set -euo pipefail", blocks("sh")[1], f"{sys.executable} example.py"])
    done = subprocess.run(["bash", "-c", script], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"It/\w+ does/\w+ n't/\w+ rain/\w+ \./PUNCT", done.stdout)
    assert "['The', 'cat', 'sat', '.']" in done.stdout


def test_files_that_the_readme_names_are_there() -> None:
    for name in re.findall(r"`((?:seqnlp|recipes|corpora)/[\w/.]+)`", README):
        assert (ROOT / name).exists(), name
