"""Cost as work grows: trainings on generated corpora, of which one size is changed at a time."""

import json
import math
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from safetensors import safe_open

from tests.benchmarks.process import Failed, measure
from tests.benchmarks.results import Grown, Point, Sitting

RECIPE = Path(__file__).with_name("growth.toml")
TAGS = 17
DEV_SENTENCES = 20
STEEPEST = 1.15
"""Exponent of growth up to which a cost is called linear: measured times are not exact."""


@dataclass(frozen=True)
class Corpus:
    words: int
    sentence: int
    """Words of a sentence."""
    vocabulary: int


Cost = Callable[[Point], float]


def _per_word(point: Point) -> float:
    return 1 / point.words_per_second


def _epoch(point: Point) -> float:
    return point.words / point.words_per_second


def _preparing(point: Point) -> float:
    return point.seconds_to_first_step


def _memory(point: Point) -> float:
    return float(point.peak_bytes)


def _value(point: Point) -> float:
    return float(point.value)


def _flops(point: Point) -> float:
    return point.flops_per_word


@dataclass(frozen=True)
class Axis:
    name: str
    label: str
    values: tuple[int, ...]
    corpus: Callable[[int], Corpus]
    settings: Callable[[int], tuple[str, ...]]
    work: Cost
    """Measure of the work, in which costs should be linear."""
    work_name: str
    costs: tuple[tuple[str, Cost], ...]

    def measure(self, work: Path, seconds: float, tell: Callable[[str], None]) -> Grown:
        sitting, points = Sitting.now(), []
        try:
            for value in self.values:
                tell(f"{self.name}: {self.label} {value:,}")
                folder = work / f"{self.name}_{value}"
                folder.mkdir()
                points.append(self._point(value, folder, seconds))
                shutil.rmtree(folder)
        except Failed as error:
            problem = f"{self.label} {value:,}: {error}".replace(str(work), "work")
            return Grown(sitting=sitting, points=points, problem=problem)
        return Grown(sitting=sitting, points=points)

    def _point(self, value: int, folder: Path, seconds: float) -> Point:
        corpus = self.corpus(value)
        random = np.random.default_rng(1)
        words = generate(corpus, folder / "train.conllu", random, complete=True)
        generate(Corpus(DEV_SENTENCES * 20, 20, corpus.vocabulary), folder / "dev.conllu", random, complete=False)
        recipe = folder / RECIPE.name
        shutil.copy(RECIPE, recipe)
        settings = [
            part for text in (*self.settings(value), f"training.max_seconds={seconds:g}") for part in ("-s", text)
        ]
        command = [
            sys.executable,
            "-m",
            "seqnlp",
            "train",
            str(recipe),
            "--quiet",
            "--out",
            str(folder / "run"),
            *settings,
        ]
        spent = measure([command], folder, limit=600)
        training = json.loads((folder / "run/scores.json").read_text())["training"]
        weights = dict(_weights(folder / "run/model.safetensors"))
        used = sum(size for name, size in weights.items() if not name.startswith("embedding"))
        return Point(
            value=value,
            words_per_second=training["tokens_per_second"],
            seconds_to_first_step=spent.seconds - training["seconds"],
            peak_bytes=spent.peak_bytes,
            words=words,
            flops_per_word=6 * used,
            parameters=sum(weights.values()),
            others=spent.others,
        )

    def exponents(self, grown: Grown) -> dict[str, float]:
        """Exponent of each cost as a power of the work, between the smallest and the largest."""
        first, last = grown.points[0], grown.points[-1]
        return {name: exponent(first, last, self.work, cost) for name, cost in self.costs}

    def worse(self, grown: Grown) -> list[str]:
        """Costs that grow worse than the work does, and where they are steepest."""
        worse = []
        for name, cost in self.costs:
            powers = [(exponent(a, b, self.work, cost), a.value, b.value) for a, b in pairwise(grown.points)]
            power, start, end = max(powers, default=(0.0, 0, 0))
            if power > STEEPEST:
                worse.append(f"{name} is worse than linear, with exponent {power:.2f} from {start:,} to {end:,}")
        return worse

    def verdict(self, grown: Grown) -> str:
        """A sentence about all costs."""
        worse = self.worse(grown)
        overall = ", ".join(f"{name} {power:.2f}" for name, power in self.exponents(grown).items())
        summary = f"Exponents in {self.work_name}: {overall}"
        return f"{summary}; {'; '.join(worse)}." if worse else f"{summary}: nothing is worse than linear."


def exponent(first: Point, last: Point, work: Cost, cost: Cost) -> float:
    """Power of the work that a cost grows with, from one point to another: 1 is linear, 0 constant."""
    return math.log(cost(last) / cost(first)) / math.log(work(last) / work(first))


def generate(corpus: Corpus, path: Path, random: np.random.Generator, complete: bool) -> int:
    """Write sentences of made-up words whose frequencies fall as in texts, each with a tag of its own.

    Args:
        complete: Every word of the vocabulary stands in the file at least once.

    Returns:
        The number of words.
    """
    weights = 1 / np.arange(10, corpus.vocabulary + 10)
    ranks = random.choice(corpus.vocabulary, corpus.words, p=weights / weights.sum())
    if complete:
        places = random.permutation(corpus.words)[: corpus.vocabulary]
        ranks[places] = np.arange(len(places))
    spellings = [spelling(rank) for rank in range(corpus.vocabulary)]
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, corpus.words, corpus.sentence):
            for number, rank in enumerate(ranks[start : start + corpus.sentence].tolist(), 1):
                word = spellings[rank]
                file.write(f"{number}\t{word}\t_\tT{rank % TAGS}\t_\t_\t_\t_\t_\t_\n")
            file.write("\n")
    return corpus.words


def spelling(rank: int) -> str:
    """A word of its own for every number, two letters for each digit."""
    syllables = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "su")
    return "".join(syllables[int(digit)] for digit in str(rank))


def _weights(path: Path) -> Iterator[tuple[str, int]]:
    with safe_open(path, "np") as tensors:
        for name in tensors.keys():  # noqa: SIM118, the file is no mapping
            yield name, math.prod(tensors.get_slice(name).get_shape())


AXES = (
    Axis(
        "growth-corpus",
        "words of the corpus",
        (200_000, 800_000, 3_200_000),
        lambda value: Corpus(value, 20, 20_000),
        lambda value: (),
        _value,
        "the size of the corpus",
        (("time of an epoch", _epoch), ("time before the first step", _preparing), ("memory", _memory)),
    ),
    Axis(
        "growth-width",
        "units of each direction",
        (128, 256, 512, 1024),
        lambda value: Corpus(100_000, 20, 20_000),
        lambda value: (f"encoder.size={value}",),
        _flops,
        "the operations a word, which grow with the square of the width",
        (("time of a word", _per_word), ("memory", _memory)),
    ),
    Axis(
        "growth-length",
        "words of a sentence",
        (10, 30, 100, 300, 1000),
        lambda value: Corpus(200_000, value, 20_000),
        lambda value: ("training.batch_tokens=8000",),
        _value,
        "the length of sentences, in batches of 8,000 words",
        (("time of a sentence", lambda point: point.value * _per_word(point)), ("memory", _memory)),
    ),
    Axis(
        "growth-vocabulary",
        "distinct words",
        (10_000, 30_000, 100_000, 300_000),
        lambda value: Corpus(330_000, 20, value),
        lambda value: (),
        _value,
        "the vocabulary",
        (("time of a word", _per_word), ("time before the first step", _preparing), ("memory", _memory)),
    ),
)
