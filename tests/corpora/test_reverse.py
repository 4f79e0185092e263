"""The shipped corpus of reversed words is what its script makes."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "corpora/reverse"


def test_the_script_writes_the_same_files_again(tmp_path: Path) -> None:
    subprocess.run([sys.executable, FOLDER / "make_reverse.py", tmp_path], check=True)
    for split in ("train", "dev", "test"):
        assert (tmp_path / f"{split}.tsv").read_bytes() == (FOLDER / f"{split}.tsv").read_bytes()


def test_every_word_is_reversed_and_none_is_there_twice() -> None:
    lines = [line for split in ("train", "dev", "test") for line in (FOLDER / f"{split}.tsv").read_text().splitlines()]
    pairs = [line.split("\t") for line in lines]
    assert all(source[::-1] == target and 2 <= len(source) <= 12 for source, target in pairs)
    assert len({source for source, _ in pairs}) == len(pairs) == 7000
