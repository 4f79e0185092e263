"""Joins recordings of single digits to strings of three to seven digits of one speaker. Always the same.

python corpora/digits/join_digits.py corpora/fsdd/recordings corpora/fsdd_strings

The recordings are called {digit}_{speaker}_{number}.wav, of 16 bits and one channel; those with numbers 0 to 4 make
the strings of test, 5 to 9 those of dev, and all others those of train. Between digits there are 30 to 200 ms of the
faint noise that recordings have.
"""

import sys
import wave
from collections import defaultdict
from pathlib import Path

import numpy as np

SEED = 19
STRINGS = {"train": 1500, "dev": 150, "test": 300}
DIGITS = (3, 7)
PAUSE = (0.03, 0.2)
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def split_of(number: int) -> str:
    return "test" if number < 5 else "dev" if number < 10 else "train"


def read(file: Path) -> tuple[np.ndarray, int]:
    with wave.open(str(file), "rb") as opened:
        channels, width, rate, frames = opened.getparams()[:4]
        if (channels, width) != (1, 2):
            sys.exit(f"{file}: {channels} channels of {8 * width} bits; expected 1 of 16")
        return np.frombuffer(opened.readframes(frames), np.int16), rate


def main(folder: Path, out: Path) -> None:
    files: dict[tuple[str, str], list[list[Path]]] = defaultdict(lambda: [[] for _ in NAMES])
    for file in sorted(folder.glob("*_*_*.wav")):
        digit, speaker, number = file.stem.split("_")
        files[split_of(int(number)), speaker][int(digit)].append(file)
    if not files:
        sys.exit(f"{folder}: no recordings that are called DIGIT_SPEAKER_NUMBER.wav")
    random = np.random.default_rng(SEED)
    (out / "recordings").mkdir(parents=True, exist_ok=True)
    for split, count in STRINGS.items():
        speakers = sorted(speaker for known, speaker in files if known == split)
        lines = ["file,text,speaker"]
        for string in range(count):
            speaker = speakers[string % len(speakers)]
            digits = random.integers(10, size=random.integers(DIGITS[0], DIGITS[1] + 1))
            parts, rate = [], 8000
            for digit in digits:
                choice = files[split, speaker][digit]
                samples, rate = read(choice[random.integers(len(choice))])
                pause = round(random.uniform(*PAUSE) * rate)
                parts += [np.round(random.normal(0, 3, pause)).astype(np.int16), samples]
            file = f"recordings/{split}_{string:04}_{speaker}.wav"
            with wave.open(str(out / file), "wb") as written:
                written.setparams((1, 2, rate, 0, "NONE", ""))
                written.writeframes(np.concatenate(parts).astype("<i2").tobytes())
            lines.append(f"{file},{' '.join(NAMES[digit] for digit in digits)},{speaker}")
        (out / f"{split}.csv").write_text("\n".join(lines) + "\n")
        if split == "train":  # the same strings as text, for a language model
            (out / "text.txt").write_text("".join(line.split(",")[1] + "\n" for line in lines[1:]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
