"""Scores in scores.json: single numbers, and tables such as those of each label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

SPLITS = ("dev", "test")

Table = Mapping[str, Mapping[str, Any]]


def plain_scores(scores: Mapping[str, Any]) -> dict[str, dict[str, float | None]]:
    """Scores that are single numbers: for each metric its value on each split, or `None`."""
    splits = [split for split in SPLITS if split in scores]
    names = dict.fromkeys(name for split in splits for name, value in scores[split].items() if is_number(value))
    return {name: {split: scores[split].get(name) for split in splits} for name in names}


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
