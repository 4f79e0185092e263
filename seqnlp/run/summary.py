"""A run in one line, and the curves of its training."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from seqnlp.errors import RunError
from seqnlp.run.directory import RECIPE, Run
from seqnlp.run.scores import SPLITS, is_number

POINTS = 200
"""A curve of more points than this is smoothed down to so many."""


@dataclass(frozen=True)
class Summary:
    """What a list of runs says of one."""

    name: str
    path: str
    task: str
    state: str
    """`finished`, `unfinished` or `damaged`."""
    split: str
    """Where the score is from: `test`, or `dev` if there is no other."""
    metric: str
    """The score that decided which model was kept; empty if none is known."""
    score: float | None
    model_bytes: int
    created: str
    """When the training began, ISO 8601 in UTC."""
    problem: str = ""
    """What is wrong with a damaged run."""

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)


def summarize(run: Run) -> Summary:
    """A run in one line; one that is damaged is told as such rather than raised."""
    try:
        meta, recipe = run.meta(), read_recipe(run)
        split, metric, value = main_score(run)
        state, problem = "finished" if run.is_finished else "unfinished", ""
    except RunError as error:
        meta, recipe, split, metric, value, state, problem = {}, {}, "", "", None, "damaged", str(error)
    return Summary(
        name=run.name,
        path=str(run.path),
        task=str(recipe.get("task", "")),
        state=state,
        split=split,
        metric=metric,
        score=value,
        model_bytes=run.model_bytes,
        created=str(meta.get("created", "")),
        problem=problem,
    )


def read_recipe(run: Run) -> dict[str, Any]:
    """The tables of the resolved recipe.

    Raises:
        seqnlp.errors.RunError: it is missing or damaged.
    """
    try:
        return tomllib.loads(run.recipe_text())
    except tomllib.TOMLDecodeError as error:
        raise RunError(f"damaged: not TOML ({error})", run.path / RECIPE) from error


def data_section(run: Run) -> dict[str, Any]:
    """What a run's recipe says below `[data]`; empty if it can't be read."""
    try:
        data = read_recipe(run).get("data")
    except RunError:
        return {}
    return data if isinstance(data, dict) else {}


def tag_set(run: Run) -> set[str]:
    """The tags that a tagger's first label column may hold, but for `O`; empty if they are not known."""
    try:
        return {*run.load_codecs()[f"labels.{data_section(run)['labels'][0]}"]["labels"]} - {"O"}
    except (RunError, LookupError):
        return set()


def flat_recipe(run: Run) -> dict[str, Any]:
    """The settings of the resolved recipe by their dotted keys."""

    def flatten(table: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for key, value in table.items():
            flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        return flat

    return flatten(read_recipe(run), "")


def differing_settings(recipes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The settings that are not the same in all recipes: for each key its value by recipe, or `None`."""
    keys = dict.fromkeys(key for recipe in recipes.values() for key in recipe)
    table = {key: {name: recipe.get(key) for name, recipe in recipes.items()} for key in keys}
    return {key: values for key, values in table.items() if len(set(map(repr, values.values()))) > 1}


def main_score(run: Run) -> tuple[str, str, float | None]:
    """The split, the metric and the value of the score to know a run by; on test, or else on dev."""
    metric = next((event["metric"] for event in reversed(run.recent_events()) if event["event"] == "evaluated"), "")
    scores = run.scores()
    for split in reversed(SPLITS):
        numbers = {name: value for name, value in scores.get(split, {}).items() if is_number(value)}
        if numbers:
            name = metric if metric in numbers else next(iter(numbers))
            return split, name, numbers[name]
    best = [event for event in run.events() if event["event"] == "evaluated" and event["best"]]
    return ("dev", best[-1]["metric"], best[-1]["scores"].get(best[-1]["metric"])) if best else ("", "", None)


@dataclass(frozen=True)
class Curves:
    """How a training went, over epochs."""

    loss: list[tuple[float, float | None]]
    """The training loss per item."""
    dev: dict[str, list[tuple[float, float | None]]]
    """Each score on dev."""
    metric: str
    """The score that decided which model was kept; empty if nothing was scored."""


def curves(events: Sequence[Mapping[str, Any]]) -> Curves:
    """Gather the curves from the events of a run."""
    loss = [(event["epoch"], event["loss"]) for event in events if event["event"] == "stepped"]
    evaluated = [event for event in events if event["event"] == "evaluated"]
    names = dict.fromkeys(name for event in evaluated for name in event["scores"])
    dev = {name: [(event["epoch"], event["scores"].get(name)) for event in evaluated] for name in names}
    return Curves(thinned(loss), dev, evaluated[-1]["metric"] if evaluated else "")


def thinned(points: list[tuple[float, float | None]]) -> list[tuple[float, float | None]]:
    """Means of neighbouring points where there are more than `POINTS`, those without a number left out."""
    known = [(x, y) for x, y in points if y is not None]
    size = -(-len(known) // POINTS)
    if size <= 1:
        return points
    groups = [known[start : start + size] for start in range(0, len(known), size)]
    return [(fmean(x for x, _ in group), fmean(y for _, y in group)) for group in groups]
