"""Folder of a search: its settings, the journal of its trials, the best run and the best recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict, final

from seqnlp.errors import RunError, UsageError
from seqnlp.json_types import mismatch
from seqnlp.run import Run, files
from seqnlp.run.directory import SEARCH

JOURNAL = "journal.jsonl"
"""Log of the trials: Optuna's, a JSON object a line."""
BEST = "best.toml"
"""Best recipe so far, complete."""
ORIGIN = "# Trial {} of a search with "
"""Beginning of it."""
TRIAL = re.compile(r"trial_\d+")
"""Name of the run of a trial."""

State = Literal["waiting", "running", "finished", "pruned", "diverged", "failed"]
ENDED: tuple[State, ...] = ("finished", "pruned", "diverged", "failed")


class SearchRecord(TypedDict):
    """Type of search.json."""

    recipe: str
    """Name of the recipe."""
    recipe_file: str
    settings: list[str]
    """Overrides of the recipe, the same ones in all trials."""
    resolved: str
    """Recipe with them and all defaults, TOML."""
    space: list[dict[str, Any]]
    own: dict[str, Any] | None
    """Values of the recipe itself, which are the first trial; None if one is no candidate."""
    seed: int
    metric: str
    """Dev score that is searched by."""
    higher_is_better: bool


@final
@dataclass(frozen=True)
class Trial:
    """A trial: its values, and what came of it."""

    number: int
    """Counted from 1."""
    state: State
    values: dict[str, Any]
    """Values by dotted key; keys whose conditions were not met are missing."""
    score: float | None = None
    """Best dev score so far; of a trial that did not finish, that of its last evaluation."""
    epochs: float = 0.0
    seconds: float = 0.0
    """Wall time."""
    problem: str = ""
    """Reason of a failure."""
    curve: list[tuple[float, float]] = field(default_factory=list)
    """Epoch and dev score of each evaluation."""

    @property
    def has_ended(self) -> bool:
        """True for a trial that is not trained any more."""
        return self.state in ENDED

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object."""
        return asdict(self)


@final
@dataclass(frozen=True)
class SearchFolder:
    """Folder of a search."""

    path: Path

    @classmethod
    def at(cls, path: str | Path) -> SearchFolder:
        """Open the folder of a search.

        Raises:
            seqnlp.errors.RunError: it is none, or damaged.
        """
        found = cls(Path(path))
        if not cls.is_search(path):
            raise RunError(f"not a search: it has no {SEARCH}", path)
        found.record()
        return found

    @classmethod
    def is_search(cls, path: str | Path) -> bool:
        """True for a folder that was made for a search."""
        return Path(path, SEARCH).is_file()

    @property
    def journal(self) -> Path:
        """Path of the journal."""
        return self.path / JOURNAL

    @property
    def best_recipe(self) -> Path:
        """Path of the best recipe."""
        return self.path / BEST

    def run(self, number: int) -> Run:
        """Run of a trial; only those of the best one and of unfinished ones are kept."""
        return Run(self.path / f"trial_{number}")

    def record(self) -> SearchRecord:
        """Settings of the search.

        Raises:
            seqnlp.errors.RunError: they are missing or damaged.
        """
        files.check_own(self.path / SEARCH)
        found: Any = files.read_sealed_json(self.path / SEARCH, sealed=True)
        if problem := mismatch(found, SearchRecord):
            raise RunError(f"damaged: {problem}", self.path / SEARCH)
        record: SearchRecord = found
        return record

    def check_free(self, replace: bool) -> None:
        """Check that a search may be written into the folder.

        Raises:
            seqnlp.errors.UsageError: there is one already, or something else.
        """
        path = self.path
        for name in (SEARCH, JOURNAL, BEST):
            files.check_own(path / name)
        if self.is_search(path):
            if not replace:
                raise UsageError(
                    f"{path} is already a search: --resume continues it, --overwrite replaces it, "
                    "--out names another folder"
                )
        elif path.is_dir() and any(not name.name.startswith(".") for name in path.iterdir()):
            raise UsageError(f"{path} is not a search and holds other files: name another folder with --out")
        elif path.exists() and not path.is_dir():
            raise UsageError(f"{path} is a file, but a search is a folder: name another with --out")

    def begin(self, record: Mapping[str, Any]) -> None:
        """Create the folder, without the trials of an earlier search."""
        with files.saving(self.path, "beginning a search"):
            files.make_folder(self.path)
        self.clear()
        self.save_record(record)

    def save_record(self, record: Mapping[str, Any]) -> None:
        """Save the settings; those of a search that goes on name the recipe where it is now."""
        files.write_sealed_json(self.path / SEARCH, dict(record))

    def save_best(self, text: str) -> None:
        """Save the best recipe so far."""
        files.write_bytes(self.best_recipe, text.encode())

    def saved_best(self) -> int | None:
        """Number of the trial whose recipe is saved as the best; None without one."""
        text = self.best_recipe.read_text("utf-8", "replace") if self.best_recipe.is_file() else ""
        found = re.match(ORIGIN.format(r"(\d+)"), text)
        return int(found[1]) if found else None

    def keep_run(self, best: int | None, trials: list[Trial]) -> None:
        """Remove the runs of trials that have ended, but the best."""
        for trial in trials:
            run = self.run(trial.number)
            if trial.has_ended and trial.number != best and Run.is_run(run.path):
                run.check_removable()
                run.remove()

    def clear(self) -> list[str]:
        """Remove all that is of the search; returns the names of what stays."""
        for run in Run.find(self.path):
            if run.path.parent == self.path and TRIAL.fullmatch(run.path.name):  # not what a user has trained there
                run.check_removable()
                run.remove()
        with files.saving(self.path, "removing a search"):
            files.remove_leftovers(self.path)
            for name in (JOURNAL, f"{JOURNAL}.lock", BEST, SEARCH):
                (self.path / name).unlink(missing_ok=True)
            for log in self.path.glob(".worker_*.log"):
                log.unlink(missing_ok=True)
        return sorted(file.name for file in self.path.iterdir() if not file.name.startswith("."))

    def remove(self) -> list[str]:
        """Remove the search, its runs and, once empty, its folder; returns the names of what stays."""
        left = self.clear()
        if not left:
            for hidden in self.path.glob(".*lock*"):
                hidden.unlink(missing_ok=True)
            with suppress(OSError):
                self.path.rmdir()
        return left

    def drop_broken_line(self) -> None:
        """Drop an unfinished last line and the lock of a killed process."""
        with files.saving(self.journal, "opening the journal"):
            (self.path / f"{JOURNAL}.lock").unlink(missing_ok=True)
            content = self.journal.read_bytes() if self.journal.is_file() else b""
            if content and not content.endswith(b"\n"):
                with open(self.journal, "r+b") as file:
                    file.truncate(content.rfind(b"\n") + 1)
