"""Sets of runs: one recipe trained with several seeds or on several folds, and the summary of their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, Literal, TypedDict, final

from seqnlp.errors import RunError, UsageError
from seqnlp.json_types import mismatch
from seqnlp.run import files
from seqnlp.run.directory import FOLDS, SEEDS, Run
from seqnlp.run.summary import SPLITS, is_number

Unit = Literal["seed", "fold"]
"""Difference between the runs of a set."""
SUMMARIES: Mapping[Unit, str] = {"seed": SEEDS, "fold": FOLDS}


class SetRecord(TypedDict, total=False):
    """Type of seeds.json and folds.json."""

    recipe: str
    """Name of the recipe."""
    seeds: list[int]
    """Seeds of the set, trained or not yet."""
    folds: list[int]
    """Folds of the set, trained or not yet."""
    metric: str
    """Score that decides which weights are kept, and which seed is best."""
    higher_is_better: bool
    finished: list[int]
    best: int | None
    """Seed with the best score on dev; None of folds, which have other data each."""
    scores: dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Spread:
    """Mean and spread of a score over runs."""

    mean: float
    std: float | None
    """Standard deviation of the sample; None of a single run."""
    min: float
    max: float
    values: dict[str, float]
    """By seed or fold."""

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Spread:
        """Summarize values."""
        found = list(values.values())
        return cls(fmean(found), stdev(found) if len(found) > 1 else None, min(found), max(found), dict(values))


@final
@dataclass(frozen=True)
class RunSet:
    """Folder of runs of one recipe: `seed_1`, `seed_2`, ..., or `fold_1`, ..., each a complete run of its own."""

    path: Path
    unit: Unit = "seed"

    @classmethod
    def at(cls, path: str | Path) -> RunSet:
        """Open a set of runs.

        Raises:
            seqnlp.errors.RunError: it is none, or damaged.
        """
        unit = next((unit for unit, name in SUMMARIES.items() if Path(path, name).is_file()), None)
        if unit is None:
            raise RunError(f"not a set of runs: it has no {' or '.join(SUMMARIES.values())}", path)
        found = cls(Path(path), unit)
        found.record()
        return found

    @classmethod
    def is_set(cls, path: str | Path) -> bool:
        """True for a folder that was made for a set of runs."""
        return any(Path(path, name).is_file() for name in SUMMARIES.values())

    @property
    def file(self) -> Path:
        """Path of the summary."""
        return self.path / SUMMARIES[self.unit]

    def check_free(self, replace: bool) -> None:
        """Check that runs may be trained in the folder.

        Raises:
            seqnlp.errors.UsageError: there is a set already, a run, or something else.
            seqnlp.errors.RunError: its summary is a link.
        """
        path = self.path
        files.check_own(self.file)
        if self.file.is_file():
            if not replace and Run.find(path):
                raise UsageError(
                    f"{path} is already a set of runs: --resume continues it, --overwrite replaces it, "
                    "--out names another folder"
                )
        elif self.is_set(path):
            raise UsageError(f"{path} is a set of runs by {self.at(path).unit}: name another folder with --out")
        elif path.is_dir() and any(path.iterdir()):
            kind = "a run, not a set of runs" if Run.is_run(path) else "not a set of runs and holds other files"
            raise UsageError(f"{path} is {kind}: name another folder with --out")
        elif path.exists() and not path.is_dir():
            raise UsageError(f"{path} is a file, but a set of runs is a folder: name another with --out")

    def record(self) -> dict[str, Any]:
        """Summary as it was written.

        Raises:
            seqnlp.errors.RunError: it is missing or damaged.
        """
        files.check_own(self.file)
        record = files.read_sealed_json(self.file, sealed=True)
        if problem := mismatch(record, SetRecord):
            raise RunError(f"damaged: {problem}", self.file)
        return record

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.resolve().name

    @property
    def numbers(self) -> list[int]:
        """Seeds or folds of the set, trained or not yet."""
        return list(self.record().get(f"{self.unit}s", []))

    def run(self, number: int) -> Run:
        """Run of a seed or fold, which may not be there yet."""
        return Run(self.path / f"{self.unit}_{number}")

    def finished(self) -> dict[int, Run]:
        """Finished runs by their seed or fold."""
        runs = {number: self.run(number) for number in self.numbers}
        return {number: run for number, run in runs.items() if Run.is_run(run.path) and run.is_finished}

    def others(self, numbers: Iterable[int]) -> list[Run]:
        """Runs in the folder of other seeds or folds."""
        own = {self.run(number).path for number in numbers}
        return [run for run in Run.find(self.path) if run.path not in own]

    def begin(self, recipe: str, numbers: Sequence[int]) -> None:
        """Create the folder with an empty summary, or record its numbers."""
        with files.saving(self.path, "beginning a set of runs"):
            files.make_folder(self.path)
        before = self.record() if self.file.is_file() else {}
        self._save({**before, "recipe": recipe, f"{self.unit}s": list(numbers)})

    def summarize(self, metric: str, higher_is_better: bool) -> dict[str, Any]:
        """Summarize the finished runs and save the summary.

        Args:
            metric: Score that decides which seed is best on dev.
            higher_is_better: False for an error.
        """
        runs = self.finished()
        spreads = spread_of_scores({str(number): run.scores() for number, run in runs.items()})
        dev = spreads.get("dev", {}).get(metric)
        best = None
        if dev is not None and self.unit == "seed":
            best = int((max if higher_is_better else min)(dev.values, key=dev.values.__getitem__))
        record = self.record()
        summary = {
            "recipe": record.get("recipe", ""),
            f"{self.unit}s": record[f"{self.unit}s"],
            "metric": metric,
            "higher_is_better": higher_is_better,
            "finished": list(runs),
            "best": best,
            "scores": {
                split: {name: asdict(spread) for name, spread in table.items()} for split, table in spreads.items()
            },
        }
        self._save(summary)
        return summary

    def refresh(self) -> None:
        """Summarize anew after a run was removed."""
        record = self.record()
        if "metric" in record:
            self.summarize(record["metric"], record.get("higher_is_better", True))

    def remove(self) -> list[str]:
        """Remove the summary, and the folder if nothing else is in it; returns the names of what stays."""
        with files.saving(self.path, "removing a set of runs"):
            files.remove_leftovers(self.path)
            self.file.unlink(missing_ok=True)
            left = sorted(file.name for file in self.path.iterdir())
            if not left:
                self.path.rmdir()
        return left

    def _save(self, record: dict[str, Any]) -> None:
        files.write_sealed_json(self.file, record)


def spread_of_scores(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Spread]]:
    """Spread of each plain score over runs, by split and name; of scores that all runs have.

    Args:
        scores: Scores of each run, as in scores.json, by a name of the run.
    """
    found: dict[str, dict[str, Spread]] = {}
    for split in SPLITS:
        tables = {run: table[split] for run, table in scores.items() if split in table}
        if not tables or len(tables) < len(scores):
            continue
        names = [name for name, value in next(iter(tables.values())).items() if is_number(value)]
        shared = [name for name in names if all(is_number(table.get(name)) for table in tables.values())]
        found[split] = {name: Spread.of({run: float(table[name]) for run, table in tables.items()}) for name in shared}
    return found
