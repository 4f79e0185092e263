"""A search from its beginning to its end: checks, resuming, and processes that train side by side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, final

from optuna import Study
from optuna.trial import TrialState

from seqnlp.api import dev_metric
from seqnlp.errors import RunError, SeqnlpError, UsageError
from seqnlp.hyperparameters.folder import SearchFolder, Trial
from seqnlp.hyperparameters.study import (
    enqueue,
    enqueue_interrupted,
    give_up,
    importances,
    one_process,
    open_study,
    read_trials,
)
from seqnlp.hyperparameters.trials import Trials
from seqnlp.limits import MINUTES, TRIALS, WORKERS
from seqnlp.processes import module_command
from seqnlp.recipe import RecipeSource, dump_recipe, find_recipe
from seqnlp.recipe.search_space import Space
from seqnlp.run.lock import RunLock
from seqnlp.tasks.base import TaskRecipe
from seqnlp.tasks.registry import import_tasks

SNAPSHOT = 0.25
"""Seconds between two looks at all trials, at least."""
POLL = 0.2
"""Seconds between two looks at the processes."""
DEATHS = 3
"""Processes that may die before any trial has ended."""


def search_folder(recipe: str | Path) -> Path:
    """Default folder of the search of a recipe."""
    return Path("runs") / f"{find_recipe(str(recipe)).stem}_trials"


def search(
    recipe: str | Path,
    trials: int = 50,
    minutes: float | None = None,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    *,
    workers: int = 1,
    resume: bool = False,
    overwrite: bool = False,
    trust: bool = False,
    notify: Callable[[str], None] = lambda line: None,
) -> Generator[list[Trial], None, None]:
    """Search the space of a recipe for the best dev score; closing the iterator saves checkpoints.

    The first trial is the recipe itself, if its values are candidates; others are drawn by TPE, and stopped early where
    they are worse than the median of others at the same epoch. All random choices are functions of the recipe's seed:
    with one worker, a search that was killed and resumed has the same trials as one that was not. Test data is not
    looked at.

    Args:
        recipe: A file, or the bare name of a recipe that ships, with a section `[search]`.
        trials: Number of trials, those of earlier calls included.
        minutes: Time of this call, at most; a trial that is then trained goes on with `resume`.
        overrides: `key=value` settings over those of the recipe.
        out: The folder of the search; `runs/<name of the recipe>_trials` if left out.
        workers: Processes that train trials side by side.
        resume: Go on with a search.
        overwrite: Replace a search.
        trust: Consent to run the Python that a run brings along.
        notify: Called with each warning, one line each.

    Yields:
        All trials so far: several times a second, and after each that has ended.

    Raises:
        seqnlp.errors.SeqnlpError: for every error that a user can cause; a trial that fails is none.
    """
    if resume and overwrite:
        raise UsageError("--resume and --overwrite contradict each other: choose one")
    TRIALS.check(trials=trials)
    WORKERS.check(workers=workers)
    until = None
    if minutes is not None:
        MINUTES.check(minutes=minutes)
        until = time.time() + 60 * minutes
    import_tasks()
    file = find_recipe(str(recipe))
    folder = SearchFolder(Path(out) if out is not None else search_folder(recipe))
    parsed, space, own = RecipeSource.of(file).load_space(overrides, trust)
    assert isinstance(parsed, TaskRecipe)
    if not space.dimensions:
        raise UsageError(f"{file}: there is no section [search] in it; for instance: [search] encoder.size = [64, 128]")
    if parsed.data.folds is not None and parsed.data.fold is None:
        raise UsageError(
            f"data.folds = {parsed.data.folds} and a search contradict each other: data.fold = 1 searches on one fold, "
            "and the best recipe can be cross-validated"
        )
    folder.check_free(resume or overwrite)
    wanted: dict[str, Any] = {
        "recipe": file.stem,
        "recipe_file": os.path.abspath(file),
        "settings": list(overrides),
        "resolved": dump_recipe(parsed),
        "space": space.to_json(),
        "own": own,
        "seed": parsed.seed,
    }
    with RunLock(folder.path) as lock:
        if SearchFolder.is_search(folder.path):
            lock.acquire()
        if resume and SearchFolder.is_search(folder.path):
            _check_same(folder, wanted)
            folder.save_record({**folder.record(), "recipe_file": wanted["recipe_file"], "settings": list(overrides)})
            folder.drop_broken_line()
            study = open_study(folder, parsed.training.epochs)
            enqueue_interrupted(study)
        else:
            metric = dev_metric(file, overrides, trust=trust, notify=notify)
            lock.acquire()
            folder.begin({**wanted, "metric": metric.name, "higher_is_better": metric.higher_is_better})
            study = open_study(folder, parsed.training.epochs)
            if own is not None:
                enqueue(study, space, own)
            else:
                notify("the recipe itself is no trial: not all of its values are candidates")
        steps: Generator[bool, None, None]
        if workers == 1:
            steps = Trials(folder, study, space, trials, until=until, trust=trust).train()
        else:
            threads = parsed.training.threads or max(1, _cores() // workers)
            steps = _Workers(folder, study, trials, [f"training.threads={threads}"], until, trust, workers).watch()
        yield from _snapshots(steps, folder, study)


def show(folder: SearchFolder) -> tuple[list[Trial], dict[str, float]]:
    """Trials of a search, and the importance of each key."""
    study = open_study(folder)
    return read_trials(study, folder.record()), importances(study)


def _snapshots(
    steps: Generator[bool, None, None], folder: SearchFolder, study: Study
) -> Generator[list[Trial], None, None]:
    """Yield all trials, a few times a second and after each end."""
    record, seen = folder.record(), 0.0
    with closing(steps):
        for ended in steps:
            if ended or time.monotonic() - seen >= SNAPSHOT:
                yield read_trials(study, record)
                seen = time.monotonic()
    yield read_trials(study, record)


def _check_same(folder: SearchFolder, wanted: dict[str, Any]) -> None:
    """Check that a resumed search has its former recipe and space."""
    before: dict[str, Any] = dict(folder.record())
    for key, what in (("resolved", "recipe"), ("space", "search space"), ("seed", "seed")):
        if before[key] != json.loads(json.dumps(wanted[key])):
            raise UsageError(f"{folder.path}: can't resume, the {what} has changed since; --overwrite starts over")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@final
class _Workers:
    """Processes that train trials of a search."""

    def __init__(
        self,
        folder: SearchFolder,
        study: Study,
        limit: int,
        settings: Sequence[str],
        until: float | None,
        trust: bool,
        count: int,
    ) -> None:
        self.folder, self.study, self.limit, self.count = folder, study, limit, count
        order = {"folder": str(folder.path), "limit": limit, "settings": list(settings), "until": until, "trust": trust}
        self.command = [*module_command("seqnlp.hyperparameters"), json.dumps(order)]
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.deaths = 0

    def watch(self) -> Generator[bool, None, None]:
        """Start the processes and wait for their end; one that dies is replaced.

        Raises:
            seqnlp.errors.SeqnlpError: what one of them has raised.
        """
        try:
            for number in range(1, self.count + 1):
                self._start(number)
            while self.processes:
                time.sleep(POLL)
                for number, process in list(self.processes.items()):
                    if process.poll() is not None:
                        del self.processes[number]
                        self._ended(number, process)
                yield False
        finally:
            self._stop()

    def _start(self, number: int) -> None:
        with open(self._log(number), "wb") as log:
            self.processes[number] = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _log(self, number: int) -> Path:
        return self.folder.path / f".worker_{number}.log"

    def _ended(self, number: int, process: subprocess.Popen[bytes]) -> None:
        code = process.returncode
        if code == 0:
            return
        lines = self._log(number).read_text("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else ""
        if code in (2, 3, 4, 5):
            error = SeqnlpError(last.removeprefix("error: "))
            error.code = code
            raise error
        reason = f"its process ended by signal {-code}" if code < 0 else f"its process ended with {code}: {last}"
        with one_process(self.folder):
            give_up(self.study, self.folder, process.pid, reason)
        self.deaths += 1
        if self.deaths >= DEATHS and not any(
            trial.state == TrialState.COMPLETE for trial in self.study.get_trials(deepcopy=False)
        ):
            raise RunError(f"{self.deaths} processes have died: {reason}", self.folder.path)
        self._start(number)

    def _stop(self) -> None:
        """Ask the processes to save checkpoints and end; wait for it."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait()


def open_trials(order: dict[str, Any]) -> Trials:
    """Trainer of trials in a process beside others."""
    import_tasks()
    folder = SearchFolder.at(order["folder"])
    record = folder.record()
    parsed, space, _ = RecipeSource.of(record["recipe_file"]).load_space(record["settings"], order["trust"])
    assert isinstance(parsed, TaskRecipe)
    study = open_study(folder, parsed.training.epochs)
    return Trials(folder, study, space, order["limit"], order["settings"], order["until"], order["trust"])


__all__ = ["Space", "Trial", "open_trials", "search", "search_folder", "show"]
