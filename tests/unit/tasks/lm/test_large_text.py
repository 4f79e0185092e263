"""Tokens of a large text lie on disk."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers.cache import entries, token_folder
from seqnlp.tasks.lm import corpus as running_text
from seqnlp.tasks.lm.corpus import TextSplit
from seqnlp.tasks.lm.task import LmTask


def find(name: str) -> Path:
    return Path(name)


@pytest.fixture
def split(task: Callable[..., LmTask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TextSplit:
    monkeypatch.setattr(running_text, "LARGE", 100)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = task()
    return made.recipe.split(made.recipe.data.train, find)


def test_token_ids_are_mapped_from_a_file_written_once(split: TextSplit, task: Callable[..., LmTask]) -> None:
    codec = task().codec
    tokens = split.tokens(codec)
    assert isinstance(tokens, np.memmap)
    assert tokens.dtype == np.uint16
    assert codec.decode(tokens.tolist()) == "".join(split.chunks())
    (file,) = token_folder().glob("*/*.npy")
    written = file.stat().st_mtime_ns
    assert np.array_equal(split.tokens(codec), tokens)
    assert [each.stat().st_mtime_ns for each in token_folder().glob("*/*.npy")] == [written]
    (entry,) = entries(token_folder())
    assert (entry.kind, entry.files) == ("tokens", {split.name: split.fingerprint})


def test_another_codec_has_another_file(split: TextSplit, task: Callable[..., LmTask]) -> None:
    split.tokens(task().codec)
    split.tokens(task(data={"tokenizer": "words"}).codec)
    assert len(list(entries(token_folder()))) == 2


def test_a_cache_that_can_not_be_written(split: TextSplit, task: Callable[..., LmTask], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(DataError, match="XDG_CACHE_HOME names another place"):
        split.tokens(task().codec)


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-3], lambda content: b"", lambda content: content[:-1] + b"\xff"]
)
def test_damaged_tokens_are_encoded_anew(
    damage: Callable[[bytes], bytes], split: TextSplit, task: Callable[..., LmTask]
) -> None:
    codec, notes = task().codec, list[str]()
    expected = split.tokens(codec).tolist()
    (file,) = token_folder().glob("*/*.npy")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    with notes_to(notes.append):
        assert split.tokens(codec).tolist() == expected
    assert file.read_bytes() == whole
    assert notes == [f"{file}: damaged; the text is encoded anew"]


def test_tokens_in_memory_leave_no_file(split: TextSplit, task: Callable[..., LmTask]) -> None:
    tokens = split.tokens(task().codec, in_memory=True)
    assert not isinstance(tokens, np.memmap)
    assert not token_folder().exists()


TRAIN = """
import resource, sys
from itertools import islice
from pathlib import Path
import seqnlp
from seqnlp.events import Stepped

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssShmem"))) // 1024

text, out = sys.argv[1:]
settings = [f"data.train={text}", f"data.dev={text}[:5000]", "data.test=''", "encoder.size=8", "training.threads=1"]
recipe = Path("recipes/char_lstm.toml").read_text().replace('test = "corpora/prose/test.txt"', "#")
Path(out + ".toml").write_text(recipe)
events = seqnlp.train(out + ".toml", [s for s in settings if "test" not in s], out)
for event in islice(events, 30):
    pass
print(anonymous(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
events.close()
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_text(tmp_path: Path) -> None:
    root = Path(__file__).parents[4]
    prose = (root / "corpora/prose/train.txt").read_bytes()
    used = {}
    for size in (20, 200):
        text = tmp_path / f"{size}.txt"
        with text.open("wb") as file:
            for _ in range(size * 10**6 // len(prose)):
                file.write(prose)
        command = [sys.executable, "-c", TRAIN, str(text), str(tmp_path / f"run{size}")]
        environment = {"PATH": "", "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(root)}
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        used[size] = [int(number) for number in done.stdout.split()]
    print(used)
    assert used[200][0] - used[20][0] < 30
    assert used[200][1] - used[20][1] < 60
