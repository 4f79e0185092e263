"""corpora/digits is what its script writes, and has what its README says."""

import csv
import subprocess
import sys
import wave
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "corpora" / "digits"
DIGITS = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}


def rows(split: str) -> list[dict[str, str]]:
    with (FOLDER / f"{split}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_the_script_writes_the_files_that_ship(tmp_path: Path) -> None:
    subprocess.run([sys.executable, FOLDER / "make_digits.py", tmp_path], check=True)
    for file in [*FOLDER.glob("*.csv"), *FOLDER.glob("recordings/*")]:
        assert (tmp_path / file.relative_to(FOLDER)).read_bytes() == file.read_bytes(), file.name


def test_every_digit_is_spoken_and_no_voice_is_in_two_splits() -> None:
    splits = {split: rows(split) for split in ("train", "dev", "test")}
    assert {split: len(found) for split, found in splits.items()} == {"train": 190, "dev": 24, "test": 40}
    voices = [row["speaker"] for found in splits.values() for row in {row["speaker"]: row for row in found}.values()]
    assert len(set(voices)) == len(voices) == 21
    for found in splits.values():
        assert {word for row in found for word in row["text"].split()} == DIGITS


def test_recordings_are_short_and_small() -> None:
    files = sorted(FOLDER.glob("recordings/*.wav"))
    assert sum(file.stat().st_size for file in files) < 2e6
    assert [file.name for file in files] == [
        row["file"].removeprefix("recordings/") for split in ("train", "dev", "test") for row in rows(split)
    ]
    for file in files[::10]:
        with wave.open(str(file)) as opened:
            assert opened.getparams()[:3] == (1, 1, 8000)
            assert 0.2 < opened.getnframes() / 8000 < 3


def test_strings_are_joined_of_one_speaker_the_same_each_time(tmp_path: Path) -> None:
    singles = tmp_path / "singles"
    singles.mkdir()
    for digit in range(10):
        for speaker in ("anna", "ben"):
            for number in (0, 5, 10):
                with wave.open(str(singles / f"{digit}_{speaker}_{number}.wav"), "wb") as file:
                    file.setparams((1, 2, 8000, 0, "NONE", ""))
                    file.writeframes(bytes([digit, number]) * 100)
    for out in ("one", "two"):
        subprocess.run([sys.executable, FOLDER / "join_digits.py", singles, tmp_path / out], check=True)
    texts = {name: (tmp_path / name / "test.csv").read_text() for name in ("one", "two")}
    assert texts["one"] == texts["two"]
    with (tmp_path / "one/test.csv").open() as file:
        found = list(csv.DictReader(file))
    assert len(found) == 300
    assert {row["speaker"] for row in found} == {"anna", "ben"}
    assert {len(row["text"].split()) for row in found} == set(range(3, 8))
    row = found[0]
    joined = (tmp_path / "one" / row["file"]).read_bytes()
    assert joined == (tmp_path / "two" / row["file"]).read_bytes()
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    place = 44
    for word in row["text"].split():  # digits in their order, with pauses between
        there = joined.find(bytes([names.index(word), 0]) * 100, place)
        assert 2 * 0.03 * 8000 <= there - place <= 2 * 0.2 * 8000
        place = there + 200
