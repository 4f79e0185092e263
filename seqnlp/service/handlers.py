"""Request handlers: each kind of request is one call of the library."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from seqnlp.api import load
from seqnlp.errors import RecipeError, UsageError
from seqnlp.limits import HISTORIES
from seqnlp.recipe import find_recipe, load_recipe
from seqnlp.recipe.load import missing_files, path_resolver
from seqnlp.results import Result, Token
from seqnlp.run import Run
from seqnlp.run.summary import read_recipe
from seqnlp.service.protocol import Request
from seqnlp.service.server import Answer
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.classify.predictor import Classifier
from seqnlp.tasks.forecast.predictor import Forecaster
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.registry import import_tasks, task_info
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.tasks.translate.predictor import Translator

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
    """One kind of request: the predictors that can answer it, and their answer."""

    predictor: type
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
    handler = HANDLERS.get(request.do)
    if handler is None or not isinstance(model.predictor, handler.predictor):
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


def forecast(
    forecaster: Forecaster, run: str, file: str, horizon: int | None, level: float | None, before: float
) -> dict[str, Any]:
    """Forecast the series in a file, with their history: `before` times as many steps as are forecast."""
    HISTORIES.check(before=before)
    split = forecaster.recipe.split(file, path_resolver(Run.open(run).recipe_file))
    found = forecaster.forecast(split, horizon, level)
    return {
        "trained": forecaster.horizon,
        "forecasts": [each.to_json() for each in found],
        "history": forecaster.history(split, round(before * len(found[0].values))),
    }


def pack_tokens(tokens: list[Token]) -> list[dict[str, Any]]:
    """Tokens grouped by sample: their text, and of each its length in characters and its log-probability."""
    packed: dict[int, tuple[list[str], list[float]]] = {}
    for token in tokens:
        texts, logprobs = packed.setdefault(token.sample, ([], []))
        texts.append(token.text)
        logprobs.append(round(token.logprob or 0.0, 3))
    return [
        {"sample": sample, "text": "".join(texts), "lengths": [len(text) for text in texts], "logprobs": logprobs}
        for sample, (texts, logprobs) in packed.items()
    ]


def _open(run: str) -> Model:
    predictor = load(run)
    return Model(str(read_recipe(Run.open(run)).get("task", "")), predictor)


def _check(request: Request) -> Iterator[Any]:
    yield check(**request.settings)


def _predict(predictor: Predictor, request: Request) -> Iterator[Any]:
    for result in predictor.predict([request.settings["text"]]):
        yield {"text": str(result), "json": result.to_json()}


def _tag(tagger: Tagger, request: Request) -> Iterator[Any]:
    yield from _to_json(tagger.tag(**request.settings))


def _classify(classifier: Classifier, request: Request) -> Iterator[Any]:
    yield from _to_json(classifier.classify(**request.settings))


def _translate(translator: Translator, request: Request) -> Iterator[Any]:
    yield from _to_json(translator.translate(**request.settings))


def _forecast(forecaster: Forecaster, request: Request) -> Iterator[Any]:
    yield forecast(forecaster, request.run, **request.settings)


def _generate(generator: Generator, request: Request) -> Iterator[Token]:
    yield from generator.generate(**request.settings, alternatives=0)


def _next_tokens(generator: Generator, request: Request) -> Iterator[Any]:
    yield generator.next_tokens(**request.settings)


def _unknown(generator: Generator, request: Request) -> Iterator[Any]:
    yield generator.unknown_in(**request.settings)


def _to_json(found: Result | Iterable[Result]) -> Iterator[Any]:
    """One result or several as JSON objects."""
    for result in found if isinstance(found, Iterable) else [found]:
        yield result.to_json()


HANDLERS = {
    "predict": Handler(Predictor, _predict),
    "tag": Handler(Tagger, _tag),
    "classify": Handler(Classifier, _classify),
    "translate": Handler(Translator, _translate),
    "forecast": Handler(Forecaster, _forecast),
    "generate": Handler(Generator, _generate, pack_tokens),
    "next": Handler(Generator, _next_tokens),
    "unknown": Handler(Generator, _unknown),
}
"""Handlers by kind of request; `predict` is for tasks without one of their own."""
