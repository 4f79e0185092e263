"""Scores, one-line summary and training curves of a run."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, TypeGuard

from seqnlp.errors import DataError, RunError
from seqnlp.run.directory import RECIPE, Run
from seqnlp.run.edits import flatten

IN_MEMORY = "memory:"
"""Beginning of sources that are in no file: `seqnlp.readers.held.PREFIX`, without what readers need."""
SPLITS = ("dev", "test")

Table = Mapping[str, Mapping[str, Any]]


def plain_scores(scores: Mapping[str, Any]) -> dict[str, dict[str, float | None]]:
    """Scores that are single numbers: for each metric its value on each split, or `None`."""
    splits = [split for split in SPLITS if split in scores]
    names = dict.fromkeys(name for split in splits for name, value in scores[split].items() if is_number(value))
    cells = {name: {split: scores[split].get(name) for split in splits} for name in names}
    return {
        name: {split: value if is_number(value) else None for split, value in row.items()}
        for name, row in cells.items()
    }


def score_tables(scores: Mapping[str, Any]) -> Iterator[tuple[str, Table]]:
    """Tables among the scores of one split, by name: `labels`, or `labels.upos` inside a deeper table."""
    for name, value in scores.items():
        if not isinstance(value, Mapping):
            continue
        rows = [row for row in value.values() if isinstance(row, Mapping)]
        if any(isinstance(cell, Mapping) for row in rows for cell in row.values()):
            yield from ((f"{name}.{inner}", table) for inner, table in score_tables(value))
        elif rows:
            yield name, value


def is_number(value: object) -> TypeGuard[float]:
    """True for a score that is a single number: no table or remark."""
    return isinstance(value, int | float) and not isinstance(value, bool)


POINTS = 200
"""Most points of a curve; a longer one is averaged down to this."""


@dataclass(frozen=True)
class Summary:
    """Summary of a run in a list of runs."""

    name: str
    path: str
    task: str
    state: str
    """`finished`, `unfinished` or `damaged`."""
    split: str
    """Split of the score: `test`, or `dev` if there is no other."""
    metric: str
    """Score that decided which model was kept; empty if unknown."""
    score: float | None
    model_bytes: int
    created: str
    """Start of the training, ISO 8601 in UTC."""
    problem: str = ""
    """Error message of a damaged run, or about its note."""
    note: str = ""
    """Note of the user."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object."""
        return asdict(self)


def summarize(run: Run) -> Summary:
    """Summarize a run; a damaged one has the state `damaged` instead of raising."""
    try:
        run.check_own()
        meta, recipe = run.meta(), read_recipe(run)
        split, metric, value = main_score(run)
        state, problem = "finished" if run.is_finished else "unfinished", ""
        size = run.model_bytes
        try:
            note = run.note()
        except RunError as error:  # which decides nothing
            note, problem = "", str(error)
    except (DataError, OSError) as error:
        size, note = 0, ""
        meta, recipe, split, metric, value, state, problem = {}, {}, "", "", None, "damaged", str(error)
    return Summary(
        name=run.name,
        path=str(run.path),
        task=str(recipe.get("task", "")),
        state=state,
        split=split,
        metric=metric,
        score=value,
        model_bytes=size,
        created=str(meta.get("created", "")),
        problem=problem,
        note=note,
    )


def read_recipe(run: Run) -> dict[str, Any]:
    """Parse the resolved recipe.

    Raises:
        seqnlp.errors.RunError: it is missing or damaged.
    """
    try:
        return tomllib.loads(run.recipe_text())
    except (ValueError, RecursionError) as error:
        raise RunError(f"damaged: not TOML ({error})", run.path / RECIPE) from error


def data_section(run: Run) -> dict[str, Any]:
    """Section `[data]` of a run's recipe; empty if it can't be read."""
    try:
        data = read_recipe(run).get("data")
    except RunError:
        return {}
    return data if isinstance(data, dict) else {}


def last_source(data: Mapping[str, Any]) -> str:
    """Source of test in `[data]`, or else of dev or train.

    Splits that are drawn from train, or were given in Python, have none.
    """
    splits = ("dev", "train") if data.get("folds") else ("test", "dev", "train")
    sources = (data.get(split) for split in splits)
    return next((each for each in sources if isinstance(each, str) and not each.startswith(IN_MEMORY)), "")


def tag_set(run: Run) -> set[str]:
    """Tag set of a tagger's first label column, without `O`; empty if unknown."""
    try:
        return {*run.load_codecs()[f"labels.{data_section(run)['labels'][0]}"]["labels"]} - {"O"}
    except (RunError, LookupError, TypeError):
        return set()


def label_columns(run: Run) -> list[str]:
    """Label columns of a tagger; empty if unknown."""
    found = data_section(run).get("labels")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def lemma_columns(run: Run) -> set[str]:
    """Label columns of a tagger that hold lemmas: their codecs are edit scripts; none if unknown."""
    try:
        codecs = run.load_codecs()
    except RunError:
        return set()
    return {name.removeprefix("labels.") for name, codec in codecs.items() if "scripts" in codec}


def flat_recipe(run: Run) -> dict[str, Any]:
    """Settings of the resolved recipe by dotted key."""
    return flatten(read_recipe(run))


def differing_settings(recipes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Settings that differ between recipes: for each key its value by recipe, or `None`."""
    keys = dict.fromkeys(key for recipe in recipes.values() for key in recipe)
    table = {key: {name: recipe.get(key) for name, recipe in recipes.items()} for key in keys}
    return {key: values for key, values in table.items() if len(set(map(repr, values.values()))) > 1}


def main_score(run: Run) -> tuple[str, str, float | None]:
    """Main score of a run: split, metric and value; on test, or else on dev."""
    recent = reversed(run.recent_events())  # read without its checks
    metric = next((event.get("metric") for event in recent if event["event"] == "evaluated"), "")
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
    """Training curves over epochs."""

    loss: list[tuple[float, float | None]]
    """Training loss per item."""
    dev: dict[str, list[tuple[float, float | None]]]
    """Scores on dev by name."""
    metric: str
    """Score that decided which model was kept; empty if nothing was scored."""


def curves(events: Sequence[Mapping[str, Any]]) -> Curves:
    """Collect the curves from the events of a run."""
    loss = [(event["epoch"], event["loss"]) for event in events if event["event"] == "stepped"]
    evaluated = [event for event in events if event["event"] == "evaluated"]
    names = dict.fromkeys(name for event in evaluated for name in event["scores"])
    dev = {name: [(event["epoch"], event["scores"].get(name)) for event in evaluated] for name in names}
    return Curves(thinned(loss), dev, evaluated[-1]["metric"] if evaluated else "")


def thinned(points: list[tuple[float, float | None]]) -> list[tuple[float, float | None]]:
    """Average neighbouring points down to at most `POINTS`; those that are None are left out."""
    known = [(x, y) for x, y in points if y is not None]
    size = -(-len(known) // POINTS)
    if size <= 1:
        return points
    groups = [known[start : start + size] for start in range(0, len(known), size)]
    return [(fmean(x for x, _ in group), fmean(y for _, y in group)) for group in groups]
