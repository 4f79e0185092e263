"""Writes train.tsv, dev.tsv and test.tsv: invented words, and the same words spelled backwards.

python make_reverse.py .
"""

import random
import sys
from itertools import islice
from pathlib import Path

SIZES = {"train": 6000, "dev": 500, "test": 500}
VOWELS = "aeiouy"
CONSONANTS = "bcdfghjklmnpqrstvwxz"


def word(choose: random.Random) -> str:
    """A word of 2 to 12 letters: syllables, or one time in three letters at random."""
    if choose.random() < 1 / 3:
        return "".join(choose.choices(VOWELS + CONSONANTS, k=choose.randint(2, 12)))
    syllables = ""
    while len(syllables) < 2 or (len(syllables) < 10 and choose.random() < 0.7):
        syllables += (
            choose.choice(CONSONANTS) + choose.choice(VOWELS) + choose.choice(["", "", choose.choice(CONSONANTS)])
        )
    return syllables[:12]


def main(folder: Path) -> None:
    choose = random.Random(5)
    words: dict[str, None] = {}
    while len(words) < sum(SIZES.values()):
        words[word(choose)] = None
    rest = iter(words)
    for split, size in SIZES.items():
        lines = [f"{chosen}\t{chosen[::-1]}\n" for chosen in islice(rest, size)]
        (folder / f"{split}.tsv").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
