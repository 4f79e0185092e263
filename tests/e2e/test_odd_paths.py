"""Odd paths where a file, a folder or a run is expected: one line and a right exit code, never a traceback."""

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

Program = Callable[..., "CompletedProcess[str]"]
DATA = Path(__file__).parents[1] / "data/run_v2"
TAG, LM = DATA / "tag", DATA / "lm"

SMALL = ["-s", "training.epochs=1", "-s", "encoder.size=8", "-s", "data.train=corpora/pos/dev.conllu"]
ODD = {
    "nobody's home": "~nosuchuser/x",
    "a folder": "{here}/folder",
    "a file": "{here}/file",
    "under a file": "{here}/file/x",
    "a missing folder": "{here}/none/x",
    "a long name": "n" * 300,
    "a long path": "/".join(["n" * 200] * 30),
    "bytes": "{here}/bytes",
    "a link to itself": "{here}/loop",
    "not UTF-8": "a\udcff",
    "escapes": "\x1b]0;x\x07",
    "memory": "/proc/self/mem",
    "nothing": "",
    "a pipe": "{here}/pipe",
    "a device without an end": "/dev/zero",
    "a full device": "/dev/full",
}
ENDLESS = {"a pipe", "a device without an end", "a full device"}
READ: dict[str, list[Any]] = {
    "train": ["train", "{}"],
    "train data.train": ["train", "pos_gru", "--out", "{here}/run", "-s", "data.train={}"],
    "check data.train": ["recipes", "check", "pos_gru", "-s", "data.train={}"],
    "check plugins": ["recipes", "check", "pos_gru", "-s", 'plugins=["{}"]'],
    "evaluate": ["evaluate", "{}"],
    "evaluate --data": ["evaluate", TAG, "--data", "{}"],
    "errors": ["errors", "{}"],
    "errors --data": ["errors", TAG, "--data", "{}"],
    "predict": ["predict", "{}"],
    "tag": ["tag", "{}"],
    "tag --conllu": ["tag", TAG, "{}", "--columns", "form"],
    "generate": ["generate", "{}"],
    "forecast": ["forecast", DATA / "forecast", "{}"],
    "probe": ["probe", "{}"],
    "probe --data": ["probe", LM, "--data", "{}"],
    "translate --with": ["translate", DATA / "translate", "-", "--with", "{}"],
    "tui": ["tui", "{}"],
    "tui --runs": ["tui", "--runs", "{}"],
    "recipes show": ["recipes", "show", "{}"],
    "recipes check": ["recipes", "check", "{}"],
    "recipes cp: from": ["recipes", "cp", "{}", "{here}/copy.toml"],
    "corpora ls": ["corpora", "ls", "--into", "{}"],
    "corpora get --from": ["corpora", "get", "tinyshakespeare", "--from", "{}", "--into", "{here}/c"],
    "corpora stats": ["corpora", "stats", "{}"],
    "corpora stats --reader": ["corpora", "stats", "{}", "--reader", "csv"],
    "runs ls": ["runs", "ls", "{}"],
    "runs show": ["runs", "show", "{}"],
    "runs plot": ["runs", "plot", "{}"],
    "runs compare": ["runs", "compare", "{}", TAG],
}
STREAMED: dict[str, list[Any]] = {
    "predict a text": ["predict", TAG, "{}"],
    "tag a text": ["tag", TAG, "{}"],
    "classify": ["classify", DATA / "classify", "{}"],
    "score": ["score", LM, "{}"],
    "translate": ["translate", DATA / "translate", "{}"],
}
"""Commands that read text as it comes, as long as it comes."""
WRITTEN: dict[str, list[Any]] = {
    "train --out": ["train", "pos_gru", "--out", "{}", *SMALL],
    "errors --svg": ["errors", TAG, "--svg", "{}.svg"],
    "runs plot --svg": ["runs", "plot", TAG, "--svg", "{}.svg"],
    "recipes cp": ["recipes", "cp", "pos_gru", "{}"],
    "recipes schema --out": ["recipes", "schema", "--out", "{}"],
    "corpora get --into": ["corpora", "get", "tinyshakespeare", "--from", "{here}", "--into", "{}"],
}
COMMANDS = READ | STREAMED | WRITTEN
CASES = [
    *product(READ, ODD),
    *product(STREAMED, [kind for kind in ODD if kind not in ENDLESS]),
    *product(WRITTEN, [kind for kind in ODD if kind not in ENDLESS - {"a full device"}]),
]
SAMPLE = [
    ("train", "nobody's home"),
    ("train", "a pipe"),
    ("check plugins", "nobody's home"),
    ("train data.train", "nobody's home"),
    ("train data.train", "a device without an end"),
    ("recipes check", "a long name"),
    ("recipes schema --out", "a full device"),
    ("tag a text", "memory"),
    ("probe --data", "a file"),
]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "folder").mkdir()
    (folder / "file").write_text("x\n")
    (folder / "bytes").write_bytes(bytes(range(256)) * 10)
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    return folder


def tried(seqnlp: Program, here: Path, command: str, kind: str) -> None:
    words = COMMANDS[command]
    odd = ODD[kind].replace("{here}", str(here))
    filled = [str(word).replace("{here}", str(here)).replace("{}", odd) for word in words]
    done = seqnlp(*filled, folder=here)
    assert done.returncode in (0, 2, 3, 4), done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert len(done.stderr.strip().splitlines()) <= 5, done.stderr
        assert "error:" in done.stderr.lower()


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
@pytest.mark.parametrize(("command", "kind"), SAMPLE)
def test_a_sample_of_odd_paths(command: str, kind: str, seqnlp: Program, here: Path) -> None:
    tried(seqnlp, here, command, kind)


@pytest.mark.faults
@pytest.mark.skipif(os.name != "posix", reason="pipes and devices of POSIX")
@pytest.mark.parametrize(("command", "kind"), CASES)
def test_odd_paths(command: str, kind: str, seqnlp: Program, here: Path) -> None:
    tried(seqnlp, here, command, kind)
