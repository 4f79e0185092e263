"""Types of the JSON files of a run. A file is checked against its type whenever it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from seqnlp.json_types import mismatch


class MetaRecord(TypedDict, total=False):
    """Type of meta.json. A run that was just begun has the format alone."""

    recipe: str
    created: str
    command: list[str]
    device: str
    threads: int
    platform: str
    versions: dict[str, str]
    corpus: dict[str, str]
    knowledge: dict[str, dict[str, str]]
    start: dict[str, Any]
    recipe_file: str


class Effort(TypedDict, total=False):
    """Type of the cost of a training, `training` in scores.json."""

    seconds: float
    tokens_per_second: float
    epochs: int
    steps: int


TABLES = {"baselines"}
"""Tables of tables: each row has scores by name."""


def meta_problem(meta: Mapping[str, Any]) -> str:
    """First mistake in meta.json; empty if there is none."""
    return mismatch(meta, MetaRecord)


def scores_problem(scores: Mapping[str, Any]) -> str:
    """First mistake in scores.json; empty if there is none."""
    if problem := mismatch(scores, dict[str, dict[str, Any]]):
        return problem
    if problem := mismatch(scores.get("training", {}), Effort, "training"):
        return problem
    found = (_cells(table, split) for split, table in scores.items() if split != "training")
    return next(filter(None, found), "")


def _cells(table: Mapping[str, Any], key: str) -> str:
    """First mistake in a table of scores; empty if there is none.

    Each cell, also of the tables in it, is a score, a remark or a setting.
    """
    for name, cell in table.items():
        place = f"{key}.{name}"
        if name in TABLES and (problem := mismatch(cell, dict[str, dict[str, Any]], place)):
            return problem
        if name == "support" and (problem := mismatch(cell, int, place)):
            return problem
        inner = _cells(cell, place) if isinstance(cell, dict) else mismatch(cell, CELL, place)
        if inner:
            return inner
    return ""


CELL = int | float | str | bool | None | list[Any]
"""Score, remark or setting; null for a score that was not finite."""
