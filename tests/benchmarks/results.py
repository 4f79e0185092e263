"""Results that are kept: plain data, written as JSON after each comparison, so that they can be measured one by one."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict

import seqnlp

OWN = "seqnlp"
INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


class Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Sitting(Kept):
    """Machine, day and version of a measurement."""

    day: str
    processor: str
    cores: int
    instructions: list[str]
    python: str
    seqnlp: str

    @classmethod
    def now(cls) -> "Sitting":
        processor, flags = platform.processor() or platform.machine(), set[str]()
        if Path("/proc/cpuinfo").exists():
            for line in Path("/proc/cpuinfo").read_text().splitlines():
                key, _, value = line.partition(":")
                if key.strip() == "model name":
                    processor = value.strip()
                elif key.strip() == "flags":
                    flags = set(value.split())
        return cls(
            day=f"{datetime.now(UTC):%Y-%m-%d}",
            processor=processor,
            cores=os.cpu_count() or 1,
            instructions=[name for name in INSTRUCTIONS if name in flags],
            python=platform.python_version(),
            seqnlp=f"{seqnlp.__version__}{_commit()}",
        )


class Run(Kept):
    """One contestant's turn."""

    contestant: str
    commands: list[str]
    versions: str
    items: float
    training_seconds: float
    """Seconds in which these items were learned from, without start-up, reading and scoring."""
    seconds: float
    """Wall time of all commands."""
    peak_bytes: int
    score: float
    others: float
    """Share of the processor that other processes used meanwhile."""

    @property
    def speed(self) -> float:
        return self.items / self.training_seconds


class Compared(Kept):
    """Two contestants in one sitting, in turns: A B A B; or why they were not."""

    sitting: Sitting
    runs: list[Run] = []
    problem: str = ""

    def of(self, own: bool) -> list[Run]:
        return [run for run in self.runs if (run.contestant == OWN) is own]

    def ratios(self, whole: bool) -> list[float]:
        """How many times as fast this project was, round by round.

        Args:
            whole: By the wall time of whole commands instead of items a second of training.
        """
        pairs = zip(self.of(own=True), self.of(own=False), strict=True)
        if whole:
            return [theirs.seconds / ours.seconds for ours, theirs in pairs]
        return [ours.speed / theirs.speed for ours, theirs in pairs]

    def memory_ratio(self) -> float:
        """Peak memory of the peer, in that of this project."""
        ours, theirs = (median(run.peak_bytes for run in self.of(own)) for own in (True, False))
        return theirs / ours

    def score(self, own: bool) -> float:
        return median(run.score for run in self.of(own))


class Point(Kept):
    """A training with one of its sizes changed."""

    value: int
    words_per_second: float
    seconds_to_first_step: float
    """Reading the corpus, fitting vocabularies, making the model."""
    peak_bytes: int
    words: int
    """Words of the corpus."""
    flops_per_word: float
    parameters: int
    others: float


class Grown(Kept):
    sitting: Sitting
    points: list[Point] = []
    problem: str = ""


class Results(Kept):
    comparisons: dict[str, Compared] = {}
    growth: dict[str, Grown] = {}

    @classmethod
    def load(cls, path: Path) -> "Results":
        return cls.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else cls()

    def save(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def with_comparison(self, name: str, compared: Compared) -> "Results":
        return Results(comparisons={**self.comparisons, name: compared}, growth=self.growth)

    def with_growth(self, name: str, grown: Grown) -> "Results":
        return Results(comparisons=self.comparisons, growth={**self.growth, name: grown})


def _commit() -> str:
    """Commit of the working tree; empty outside of a repository."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return f" at {done.stdout.strip()}" if done.returncode == 0 else ""
