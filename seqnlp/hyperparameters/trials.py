"""Trials of a search, trained one after the other."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, final

import optuna
from optuna.trial import TrialState

from seqnlp.api import train
from seqnlp.errors import DataError, Diverged, Interrupted, OutOfMemory, RecipeError, SeqnlpError, UsageError
from seqnlp.events import Done, Evaluated, Event
from seqnlp.hyperparameters.folder import ORIGIN, SearchFolder, Trial
from seqnlp.hyperparameters.study import (
    DRAWN,
    OUTCOME,
    PER_EPOCH,
    PROBLEM,
    PROCESS,
    best_trial,
    is_waiting,
    one_process,
    read_trials,
    suggest,
    trial_number,
)
from seqnlp.recipe import dump_recipe, load_recipe
from seqnlp.recipe.load import anchored_paths
from seqnlp.recipe.search_space import Space
from seqnlp.run import Run
from seqnlp.units import score

SAME = 3
"""Trials in a row that may fail for one reason before the search ends with it."""


@final
class TooMany(SeqnlpError):
    """Trials that all fail for the same reason."""

    code = DataError.code


@final
@dataclass
class Trials:
    """Trainer of trials in one process; others may train trials of the same search."""

    folder: SearchFolder
    study: optuna.Study
    space: Space
    limit: int
    """Number of trials of the search."""
    settings: Sequence[str] = ()
    """Overrides that are no part of the search, such as the number of threads."""
    until: float | None = None
    """Time to stop, in seconds since the epoch."""
    trust: bool = False
    notify: Callable[[str], None] = lambda line: None
    _failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.record = self.folder.record()

    def train(self) -> Generator[bool, None, None]:
        """Train trials until there are enough or the time is over; closing the iterator saves a checkpoint.

        Yields:
            True after each trial that has ended, false at the events of their trainings.

        Raises:
            seqnlp.errors.SeqnlpError: many trials in a row have failed for the same reason; the recipe has changed.
        """
        with one_process(self.folder):
            self._keep_best()  # a kill may have come between the end of a trial and this
        while not self._is_late() and (trial := self._next()) is not None:
            number, values = trial_number(self._frozen(trial), self._all()), self._values(trial)
            yield False
            with closing(self._train(trial, number, values)) as training:
                for _ in training:
                    yield False
                    if self._is_late():
                        return
            yield True
            if len(self._failures) >= SAME and len(set(self._failures[-SAME:])) == 1:
                raise TooMany(f"{SAME} trials in a row have failed, the last one: {self._failures[-1]}")

    def _is_late(self) -> bool:
        return self.until is not None and time.time() >= self.until

    def _all(self) -> list[optuna.trial.FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _frozen(self, trial: optuna.Trial) -> optuna.trial.FrozenTrial:
        return self._all()[trial.number]

    def _values(self, trial: optuna.Trial) -> dict[str, Any]:
        return suggest(trial, self.space)  # values that were drawn are not drawn again

    def _check_recipe(self) -> None:
        """Check that the recipe is that of the other trials; else scores could not be compared."""
        file = self.record["recipe_file"]
        if dump_recipe(load_recipe(file, self.record["settings"], self.trust)) != self.record["resolved"]:
            raise UsageError(f"{file}: it has changed since the search began; --overwrite starts over")

    def _next(self) -> optuna.Trial | None:
        """Draw the values of another trial; None if there are enough."""
        with one_process(self.folder):
            trials = self._all()
            if not is_waiting(self.study) and len({trial_number(each, trials) for each in trials}) >= self.limit:
                return None
            self._check_recipe()
            trial = self.study.ask()
            trial.set_user_attr(PROCESS, os.getpid())
            suggest(trial, self.space)
            trial.set_user_attr(DRAWN, True)
            return trial

    def _train(self, trial: optuna.Trial, number: int, values: dict[str, Any]) -> Generator[None, None, None]:
        """Train one trial to its end, whatever that is."""
        run, own = self.folder.run(number), [*self.record["settings"], *self.space.settings(values)]
        best: float | None = None
        try:
            begun = Run.is_run(run.path) and run.has_state
            pruned = begun and self._report_again(trial, run)
            if not pruned:
                with closing(self._training(run, [*own, *self.settings], begun)) as training:
                    for event in training:
                        if isinstance(event, Evaluated) and self._report(trial, event.epoch, self._score(event.scores)):
                            pruned = True
                            break
                        if isinstance(event, Done):
                            best = self._score(event.best)
                        yield
        except Interrupted:
            raise
        except (SeqnlpError, MemoryError, RuntimeError) as error:
            known = error if isinstance(error, SeqnlpError) else OutOfMemory.from_exception(error)
            if known is None:
                raise
            problem = str(known.faults[0]) if isinstance(known, RecipeError) else str(known).splitlines()[0]
            self._end(trial, "diverged" if isinstance(known, Diverged) else "failed", problem)
            return
        if not pruned and (best is None or math.isnan(best)):
            self._end(trial, "failed", f"its {self.record['metric']} on dev is not a number")
        elif pruned:
            self._end(trial, "pruned")
        else:
            self._end(trial, "finished", best=best)

    def _training(self, run: Run, settings: Sequence[str], begun: bool) -> Generator[Event, None, None]:
        """Training of a trial, resumed if it was begun; anew where it was begun with another number of threads."""
        recipe, start = (
            Path(self.record["recipe_file"]),
            partial(train, trust=self.trust, test=False, notify=self.notify),
        )
        try:
            yield from start(recipe, settings, run.path, resume=begun, overwrite=not begun)
        except UsageError:
            if not begun:
                raise
            yield from start(recipe, settings, run.path, overwrite=True)

    def _score(self, scores: dict[str, float]) -> float:
        return scores.get(self.record["metric"], math.nan)

    def _report(self, trial: optuna.Trial, epoch: float, value: float) -> bool:
        """Report a dev score; true if the trial is worse than the median of others at this epoch."""
        step = round(epoch * PER_EPOCH)
        if step not in self._frozen(trial).intermediate_values:
            trial.report(value, step)
        return trial.should_prune()

    def _report_again(self, trial: optuna.Trial, run: Run) -> bool:
        """Report the dev scores of a training that goes on; true if the trial would have been pruned."""
        for event in run.events():
            if event["event"] == "evaluated":
                value = event["scores"].get(self.record["metric"])
                if self._report(trial, event["epoch"], math.nan if value is None else value):
                    return True
        return False

    def _end(
        self,
        trial: optuna.Trial,
        outcome: Literal["finished", "pruned", "diverged", "failed"],
        problem: str = "",
        best: float | None = None,
    ) -> None:
        """Record the outcome of a trial; keep its run and recipe if it is the best.

        One that failed counts as pruned for the sampler, which then keeps away from its values.
        """
        with one_process(self.folder):
            if problem:
                trial.set_user_attr(OUTCOME, outcome)
                trial.set_user_attr(PROBLEM, problem)
            if outcome == "finished":
                self.study.tell(trial, best)
            else:
                self.study.tell(trial, state=TrialState.PRUNED)
            self._keep_best()
        self._failures = [*self._failures, problem] if outcome == "failed" else []

    def _keep_best(self) -> None:
        """Save the recipe of the best trial, unless it is there; remove the runs of the others that have ended."""
        trials = read_trials(self.study, self.record)
        best = best_trial(trials, self.record["higher_is_better"])
        if best is not None and self.folder.saved_best() != best.number:
            self.folder.save_best(self._recipe(best))
        self.folder.keep_run(None if best is None else best.number, trials)

    def _recipe(self, trial: Trial) -> str:
        """Complete recipe of a trial, with a comment on its origin."""
        file = Path(self.record["recipe_file"])
        recipe = load_recipe(file, [*self.record["settings"], *self.space.settings(trial.values)], self.trust)
        found = f"{self.record['metric']} {score(trial.score)} on dev"
        return (
            f"{ORIGIN.format(trial.number)}{self.record['recipe']}: {found}.\n"
            f"#   seqnlp train {self.folder.best_recipe}\n"
            f"{dump_recipe(recipe, anchored_paths(recipe, file))}"
        )
