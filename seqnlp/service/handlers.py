"""What can be asked of a worker: each question is one call of the library."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from seqnlp.api import load
from seqnlp.errors import RecipeError, UsageError
from seqnlp.recipe import find_recipe, load_recipe
from seqnlp.results import Token
from seqnlp.run import Run
from seqnlp.service.protocol import Request
from seqnlp.service.server import Answer
from seqnlp.tasks.classify.predictor import Classifier
from seqnlp.tasks.forecast.predictor import Forecaster
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.loading import missing_files, path_resolver
from seqnlp.tasks.registry import import_tasks, task_info
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.tasks.translate.predictor import Translator

KEPT = 3
"""Models that stay in memory, those that were used last."""


class Models:
    """Opened runs; one that was trained again is opened again."""

    def __init__(self) -> None:
        self._opened: dict[tuple[str, int], Any] = {}

    def open(self, run: str) -> Any:
        """The predictor of a run.

        Raises:
            seqnlp.errors.RunError: it is missing or damaged.
        """
        path = Path(run, "model.safetensors")
        key = (run, os.stat(path).st_mtime_ns if path.exists() else 0)
        predictor = self._opened.pop(key, None) or load(run)
        self._opened[key] = predictor  # the one used last stands last
        while len(self._opened) > KEPT:
            del self._opened[next(iter(self._opened))]
        return predictor


def answer(request: Request, models: Models) -> Answer:
    """Begin to answer: the run is opened at once, all else waits for the answer's turn, for it may be stopped before.

    Raises:
        seqnlp.errors.SeqnlpError: the run can't be opened, or can't do this.
    """
    if request.do == "check":  # the only question that is about no run
        return Answer(_one(check, request.settings))
    predictor, settings = models.open(request.run), request.settings
    match request.do, predictor:
        case "load", _:
            return Answer(iter([{"task": predictor.task}]))
        case "generate", Generator():
            return Answer(_tokens(predictor, settings), pack_tokens)
        case "next", Generator():
            return Answer(_one(predictor.next_tokens, settings))
        case "unknown", Generator():
            return Answer(_one(predictor.unknown_in, settings))
        case "tag", Tagger():
            return Answer(_results(predictor.tag, settings))
        case "classify", Classifier():
            return Answer(_results(predictor.classify, settings))
        case "translate", Translator():
            return Answer(_results(predictor.translate, settings))
        case "forecast", Forecaster():
            return Answer(_one(partial(forecast, predictor, request.run), settings))
    raise UsageError(f"{request.run}: can't {request.do}: this run is {task_info(predictor.task).noun}")


def check(recipe: str, overrides: list[str]) -> dict[str, Any]:
    """All that is wrong with a recipe, or else the files that it lacks, as `seqnlp recipes check` tells them."""
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
    """How the series in a file go on, and what came before: `before` times as many steps as are forecast."""
    split = forecaster.recipe.split(file, path_resolver(Run.open(run).recipe_file))
    found = forecaster.forecast(split, horizon, level)
    return {
        "trained": forecaster.horizon,
        "forecasts": [each.to_json() for each in found],
        "history": forecaster.history(split, round(before * len(found[0].values))),
    }


def pack_tokens(tokens: list[Token]) -> list[dict[str, Any]]:
    """Tokens by sample: their text, and of each how many characters it has and its log-probability."""
    packed: dict[int, tuple[list[str], list[float]]] = {}
    for token in tokens:
        texts, logprobs = packed.setdefault(token.sample, ([], []))
        texts.append(token.text)
        logprobs.append(round(token.logprob or 0.0, 3))
    return [
        {"sample": sample, "text": "".join(texts), "lengths": [len(text) for text in texts], "logprobs": logprobs}
        for sample, (texts, logprobs) in packed.items()
    ]


def _one(question: Callable[..., Any], settings: dict[str, Any]) -> Iterator[Any]:
    """What a call returns, as one item."""
    yield question(**settings)


def _tokens(generator: Generator, settings: dict[str, Any]) -> Iterator[Token]:
    """A text as it is written; even its prompt is read no earlier."""
    yield from generator.generate(**settings, alternatives=0)


def _results(verb: Callable[..., Any], settings: dict[str, Any]) -> Iterator[Any]:
    """What a verb answers, one result or several, as JSON objects."""
    found = verb(**settings)
    for result in found if isinstance(found, Iterable) else [found]:
        yield result.to_json()
