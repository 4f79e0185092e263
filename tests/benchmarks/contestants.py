"""Contestants: commands, and the outcome that is read from what they leave behind."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from tests.benchmarks.environments import Environment
from tests.benchmarks.process import Failed
from tests.benchmarks.results import OWN

PEERS = Path(__file__).parent / "peers"


@dataclass(frozen=True)
class Setting:
    """What a contestant is told: where things are, and for how long to train."""

    corpora: Path
    prepared: Path
    """Corpora in a simpler format, made by the comparison."""
    out: Path
    seconds: float


@dataclass(frozen=True)
class Outcome:
    items: float
    training_seconds: float
    score: float


class Contestant(ABC):
    name: str
    environment: Environment

    @abstractmethod
    def commands(self, python: Path, setting: Setting) -> list[list[str]]:
        """Command lines, one after the other."""

    @abstractmethod
    def outcome(self, out: Path, output: str) -> Outcome:
        """Read the outcome.

        Args:
            out: The folder that the commands were given.
            output: What the last one printed.

        Raises:
            Failed: a score that there is none of.
        """


def _filled(text: str, setting: Setting) -> str:
    """An argument with its placeholders filled in."""
    return text.format(
        corpora=setting.corpora, prepared=setting.prepared, out=setting.out, seconds=f"{setting.seconds:g}"
    )


@final
@dataclass(frozen=True)
class Seqnlp(Contestant):
    """A training by this project, as users start it."""

    recipe: str
    data: Mapping[str, str]
    """Files of the splits below the folder of corpora."""
    score: str
    """Key of the score in `scores.json`."""
    settings: tuple[str, ...] = ()
    timed: bool = True
    """True if the training ends after the setting's seconds, false if after the recipe's epochs."""
    split: str = "test"
    name: str = OWN
    environment: Environment = field(default=Environment(told=("torch",)))

    def commands(self, python: Path, setting: Setting) -> list[list[str]]:
        limit = ["training.max_seconds={seconds}", "training.epochs=1000"] if self.timed else []
        files = [f"data.{split}={{corpora}}/{file}" for split, file in self.data.items()]
        chosen = [_filled(text, setting) for text in (*files, *limit, *self.settings)]
        settings = [part for text in chosen for part in ("-s", text)]
        run = str(setting.out / self.recipe)
        return [[str(python), "-m", "seqnlp", "train", self.recipe, "--quiet", "--out", run, *settings]]

    def outcome(self, out: Path, output: str) -> Outcome:
        scores = json.loads((out / self.recipe / "scores.json").read_text(encoding="utf-8"))
        training = scores["training"]
        items = training["tokens_per_second"] * training["seconds"]
        if self.score not in scores[self.split]:
            raise Failed(f"no score {self.score} in scores.json; there are {', '.join(scores[self.split])}")
        return Outcome(items, training["seconds"], scores[self.split][self.score])


@final
@dataclass(frozen=True)
class Backtested(Contestant):
    """A forecaster of this project: its training, and forecasts from each window of the test split."""

    training: Seqnlp
    stride: int
    name: str = OWN
    environment: Environment = field(default=Environment(told=("torch",)))

    def commands(self, python: Path, setting: Setting) -> list[list[str]]:
        run = str(setting.out / self.training.recipe)
        backtest = [str(python), "-m", "seqnlp", "forecast", run, "--backtest", "--stride", str(self.stride), "--json"]
        return [*self.training.commands(python, setting), backtest]

    def outcome(self, out: Path, output: str) -> Outcome:
        steps = json.loads(output)["steps"]
        trained = self.training.outcome(out, output)
        values = sum(step["count"] for step in steps)
        return Outcome(values, trained.training_seconds, sum(step["mae"] for step in steps) / len(steps))


@final
@dataclass(frozen=True)
class Script(Contestant):
    """A script beside this file, which prints `items`, `seconds` and `score` as JSON in its last line."""

    name: str
    script: str
    arguments: tuple[str, ...]
    environment: Environment = field(default=Environment())

    def commands(self, python: Path, setting: Setting) -> list[list[str]]:
        return [[str(python), str(PEERS / self.script), *(_filled(text, setting) for text in self.arguments)]]

    def outcome(self, out: Path, output: str) -> Outcome:
        found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
        return Outcome(found["items"], found["seconds"], found["score"])
