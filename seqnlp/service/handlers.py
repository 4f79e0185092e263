"""Handling of requests: runs are opened, and each kind of request is one call of the library."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, final

from seqnlp.api import load
from seqnlp.errors import RecipeError, UsageError
from seqnlp.recipe import find_recipe, load_recipe
from seqnlp.recipe.load import missing_files
from seqnlp.results import Result
from seqnlp.run import Run
from seqnlp.run.summary import read_recipe
from seqnlp.service.protocol import Request
from seqnlp.service.server import Answer
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.registry import import_tasks, task_info

CACHED_MODELS = 3
"""Models that stay in memory, the most recently used ones."""


@dataclass(frozen=True)
class Model:
    """An opened run: its task's name and its predictor."""

    task: str
    predictor: Any


@final
class Models:
    """Least-recently-used cache of opened runs; a run that was trained again is opened again."""

    def __init__(self) -> None:
        self._opened: dict[tuple[str, int], Model] = {}

    def open(self, run: str) -> Model:
        """Open a run, or take it from the cache.

        Raises:
            seqnlp.errors.RunError: it is missing or damaged.
        """
        path = Path(run, "model.safetensors")
        key = (run, os.stat(path).st_mtime_ns if path.exists() else 0)
        model = self._opened.pop(key, None) or _open(run)
        self._opened[key] = model  # the one used last stands last
        while len(self._opened) > CACHED_MODELS:
            del self._opened[next(iter(self._opened))]
        return model


@dataclass(frozen=True)
class Handler:
    """Answer to one kind of request about the runs of a task."""

    answer: Callable[[Any, Request], Iterator[Any]]
    """A generator, for a request may be stopped before its turn, and then costs nothing."""
    pack: Callable[[list[Any]], list[Any]] = list


def answer(request: Request, models: Models) -> Answer:
    """Begin to answer: the run is opened at once, all else waits for the answer's turn.

    Raises:
        seqnlp.errors.SeqnlpError: the run can't be opened, or can't answer this kind of request.
    """
    if request.do == "check":  # the only request without a run
        return Answer(_check(request))
    model = models.open(request.run)
    if request.do == "load":
        return Answer(iter([{"task": model.task, "noun": task_info(model.task).noun}]))
    handler = handlers_of(model.task).get(request.do)
    if handler is None:
        raise UsageError(f"{request.run}: can't {request.do}: this run is {task_info(model.task).noun}")
    return Answer(handler.answer(model.predictor, request), handler.pack)


def check(recipe: str, overrides: list[str]) -> dict[str, Any]:
    """Faults of a recipe, or else its missing files; as `seqnlp recipes check`."""
    import_tasks()
    file = find_recipe(recipe)
    try:
        faults = missing_files(load_recipe(file, overrides), file, overrides)
    except RecipeError as error:
        faults = error.faults
    return {"faults": [{**asdict(fault), "spot": fault.spot} for fault in faults]}


def _open(run: str) -> Model:
    predictor = load(run)
    return Model(str(read_recipe(Run.open(run)).get("task", "")), predictor)


def _check(request: Request) -> Iterator[Any]:
    yield check(**request.settings)


def _predict(predictor: Predictor, request: Request) -> Iterator[Any]:
    for result in predictor.predict([request.settings["text"]]):
        yield {"text": str(result), "json": result.to_json()}


def to_json(found: Result | Iterable[Result]) -> Iterator[Any]:
    """Convert one result or several to JSON objects."""
    for result in found if isinstance(found, Iterable) else [found]:
        yield result.to_json()


def handlers_of(task: str) -> Mapping[str, Handler]:
    """Handlers of a task's runs by kind of request: `predict`, and those of the module that the registry names."""
    module = task_info(task).requests
    return {"predict": Handler(_predict)} | (import_module(module).HANDLERS if module else {})
