"""Optuna: the study in a journal, the sampler and pruner of a search, and trials of a space."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, final

import optuna
from filelock import FileLock
from optuna.distributions import BaseDistribution
from optuna.pruners import MedianPruner
from optuna.samplers import BaseSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from seqnlp.errors import RunError
from seqnlp.hyperparameters.folder import SearchFolder, State, Trial
from seqnlp.json_text import to_json
from seqnlp.recipe.search_space import Range, Space

if TYPE_CHECKING:
    from seqnlp.hyperparameters.folder import SearchRecord

NAME = "search"
NUMBER = "number"
"""Attribute of a trial that is trained again after an interruption: the number of the trial that it goes on with."""
OUTCOME, PROBLEM = "outcome", "problem"
"""Attributes of a trial that failed: its state, and why."""
PROCESS = "process"
"""Attribute of a trial: the process that trains it."""
DRAWN = "drawn"
"""Attribute of a trial that has all of its values."""
PER_EPOCH = 1000
"""Steps of a pruner in an epoch: dev scores of trials are compared at the same moment of their trainings."""
STARTUP = 5
"""Finished trials before one can be pruned."""

optuna.logging.set_verbosity(optuna.logging.ERROR)


@final
class TrialSampler(BaseSampler):
    """TPE with random numbers by seed and number of the trial.

    They depend on nothing else, so that a search that was killed goes on as if it had not been.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._inner = TPESampler(seed=0)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        number = trial_number(trial, study.get_trials(deepcopy=False))
        digest = hashlib.sha256(f"{self._seed} {number}".encode()).digest()
        self._inner = TPESampler(seed=int.from_bytes(digest[:4], "little"))
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._inner.after_trial(study, trial, state, values)


def open_study(folder: SearchFolder, epochs: float = 0.0) -> optuna.Study:
    """Open the study of a search, or create it.

    Args:
        folder: The search.
        epochs: Length of a training; a trial is not pruned in the first fifth of it.

    Raises:
        seqnlp.errors.RunError: the journal is damaged.
    """
    record = folder.record()
    warmup = max(1.0, epochs / 5) * PER_EPOCH
    try:
        storage = JournalStorage(JournalFileBackend(str(folder.journal)))
        if not storage.get_all_studies():  # creating one writes into the journal even where it is there
            optuna.create_study(
                storage=storage, study_name=NAME, direction="maximize" if record["higher_is_better"] else "minimize"
            )
        return optuna.load_study(
            study_name=NAME,
            storage=storage,
            sampler=TrialSampler(record["seed"]),
            pruner=MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=round(warmup)),
        )
    except OSError as error:
        raise RunError(f"can't be opened: {error.strerror or error}", folder.journal) from None
    except (ValueError, KeyError, TypeError, AssertionError) as error:  # json's errors are ValueErrors
        raise RunError(f"damaged: {' '.join(str(error).split())[:120]}", folder.journal) from None


def give_up(study: optuna.Study, folder: SearchFolder, process: int, reason: str) -> None:
    """End the trial of a process that has died."""
    storage = JournalStorage(JournalFileBackend(str(folder.journal)))
    owner = storage.get_study_id_from_name(NAME)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if trial.user_attrs.get(PROCESS) == process:
            known = storage.get_trial_id_from_study_id_trial_number(owner, trial.number)
            storage.set_trial_user_attr(known, OUTCOME, "failed")
            storage.set_trial_user_attr(known, PROBLEM, reason)
            study.tell(trial.number, state=TrialState.PRUNED)


@contextmanager
def one_process(folder: SearchFolder) -> Iterator[None]:
    """Keep other processes from choosing or ending a trial meanwhile."""
    with FileLock(folder.path / ".trials.lock"):
        yield


def trial_number(trial: FrozenTrial, trials: Sequence[FrozenTrial]) -> int:
    """Number of a trial of the search, from 1; one that is trained again after an interruption keeps its number."""
    if NUMBER in trial.user_attrs:
        return int(trial.user_attrs[NUMBER])
    return trial.number + 1 - sum(each.number < trial.number and NUMBER in each.user_attrs for each in trials)


def suggest(trial: optuna.Trial, space: Space) -> dict[str, Any]:
    """Draw the values of a trial by key, conditions first."""
    chosen: dict[str, Any] = {}
    for dimension in space.dimensions:
        if dimension.is_active(chosen):
            key, candidates = dimension.key, dimension.candidates
            if not isinstance(candidates, Range):
                chosen[key] = json.loads(trial.suggest_categorical(key, [to_json(each) for each in candidates]))
            elif candidates.whole:
                step = 1 if candidates.step is None else int(candidates.step)
                chosen[key] = trial.suggest_int(
                    key, int(candidates.low), int(candidates.high), step=step, log=candidates.log
                )
            else:
                chosen[key] = trial.suggest_float(
                    key, candidates.low, candidates.high, step=candidates.step, log=candidates.log
                )
    return chosen


def enqueue(study: optuna.Study, space: Space, values: Mapping[str, Any]) -> None:
    """Make values the next trial."""
    parameters = {}
    for dimension in space.dimensions:
        if dimension.key in values:
            value = values[dimension.key]
            parameters[dimension.key] = value if isinstance(dimension.candidates, Range) else to_json(value)
    study.enqueue_trial(parameters)


def enqueue_interrupted(study: optuna.Study) -> None:
    """Enqueue trials that nobody trains any more, with values and numbers."""
    trials = study.get_trials(deepcopy=False)
    latest = {trial_number(trial, trials): trial for trial in trials}
    for number, trial in latest.items():
        if trial.state == TrialState.RUNNING:
            study.tell(trial.number, state=TrialState.FAIL)
        if trial.state in (TrialState.RUNNING, TrialState.FAIL):
            given = trial.params if DRAWN in trial.user_attrs else trial.system_attrs.get("fixed_params", {})
            study.enqueue_trial(given, user_attrs={NUMBER: number})  # half of its values would change the others


def is_waiting(study: optuna.Study) -> bool:
    """True if a trial was made the next one."""
    return bool(study.get_trials(deepcopy=False, states=(TrialState.WAITING,)))


def read_trials(study: optuna.Study, record: SearchRecord) -> list[Trial]:
    """Trials of a search by number; of one that was trained again, the latest."""
    trials = study.get_trials(deepcopy=False)
    latest = {trial_number(trial, trials): trial for trial in trials}
    choices = {each["key"] for each in record["space"] if "choices" in each}
    return [_summary(number, latest[number], choices, record["higher_is_better"]) for number in sorted(latest)]


def _summary(number: int, trial: FrozenTrial, choices: set[str], higher_is_better: bool) -> Trial:
    names: Mapping[TrialState, State] = {
        TrialState.WAITING: "waiting",
        TrialState.RUNNING: "running",
        TrialState.COMPLETE: "finished",
        TrialState.PRUNED: "pruned",
        TrialState.FAIL: "running",  # it was interrupted, and is not yet begun anew
    }
    params = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    curve = [(step / PER_EPOCH, value) for step, value in sorted(trial.intermediate_values.items())]
    known = [value for _, value in curve if not math.isnan(value)]
    score = (max if higher_is_better else min)(known, default=None)
    if trial.state == TrialState.COMPLETE:
        score = trial.value
    return Trial(
        number=number,
        state=trial.user_attrs.get(OUTCOME, names[trial.state]),
        values={key: json.loads(value) if key in choices else value for key, value in params.items()},
        score=score,
        epochs=curve[-1][0] if curve else 0.0,
        seconds=round(trial.duration.total_seconds(), 2) if trial.duration is not None else 0.0,
        problem=trial.user_attrs.get(PROBLEM, ""),
        curve=curve,
    )


def best_trial(trials: Sequence[Trial], higher_is_better: bool) -> Trial | None:
    """Finished trial with the best dev score, the first of equals; None without one."""
    finished = [trial for trial in trials if trial.state == "finished" and trial.score is not None]
    sign = -1 if higher_is_better else 1
    return min(finished, key=lambda trial: sign * (trial.score or 0.0), default=None)


def importances(study: optuna.Study) -> dict[str, float]:
    """Share of each key in what makes trials good (PED-ANOVA); empty with too few trials to tell."""
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(finished) < 2 * STARTUP or len({trial.value for trial in finished}) < 2:
        return {}
    try:
        return {key: float(value) for key, value in optuna.importance.get_param_importances(study).items()}
    except (ValueError, RuntimeError, ZeroDivisionError):  # of a key that all trials have the same value of
        return {}
