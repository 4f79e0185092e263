"""Types of parsed JSON: the first mistake is told with its key."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import pytest

from seqnlp.events import event_problem
from seqnlp.json_types import JsonObject, mismatch
from seqnlp.run.records import meta_problem, scores_problem


@dataclass
class Point:
    x: int
    names: list[str] = field(default_factory=list)


class Table(TypedDict, total=False):
    score: float | None
    point: Point


CASES: list[tuple[Any, Any, str]] = [
    (3, int, ""),
    (True, int, "k: expected an integer, found true"),
    (2**63, int, "k: expected an integer, found a number beyond 64 bits"),
    (3, float, ""),
    (float("nan"), float, "k: expected a number, found nan"),
    (10**400, float, "k: expected a number, found a number beyond 64 bits"),
    (None, float | None, ""),
    ("x", float | None, "k: expected a number or null, found 'x'"),
    ([1, 2], list[int], ""),
    ([1, "2"], list[int], "k.1: expected an integer, found '2'"),
    ({"a": {"b": []}}, dict[str, dict[str, int]], "k.a.b: expected an integer, found a list of 0"),
    ({"x": 1, "more": 2}, Point, ""),
    ({"names": []}, Point, "k.x: missing"),
    ({"x": 1, "names": "ab"}, Point, "k.names: expected a list, found 'ab'"),
    ([], Point, "k: expected a table, found a list of 0"),
    ({}, Table, ""),
    ({"point": {"x": None}}, Table, "k.point.x: expected an integer, found null"),
    ("y" * 90, int, "k: expected an integer, found 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…"),
]


@pytest.mark.parametrize(("value", "expected", "problem"), CASES)
def test_the_first_mistake_is_told(value: Any, expected: Any, problem: str) -> None:
    assert mismatch(value, expected, "k") == problem


def test_an_object_inside_another_has_its_file_and_its_key() -> None:
    outer = JsonObject({"a": {"b": {"c": 1}}}, Path("x.json"))
    inner = JsonObject.inside(JsonObject.inside(outer, "a"), "b")
    assert (inner, inner.file, inner.key) == ({"c": 1}, Path("x.json"), "a.b")
    assert JsonObject.inside({"a": {}}, "a").file is None


@pytest.mark.parametrize(
    ("meta", "problem"),
    [
        ({"format": 2}, ""),
        ({"corpus": ["x"]}, "corpus: expected a table, found a list of 1"),
        ({"corpus": {"train": 3}}, "corpus.train: expected a text, found 3"),
        ({"created": 0}, "created: expected a text, found 0"),
        ({"recipe_file": None}, "recipe_file: expected a text, found null"),
        ({"versions": {"torch": 2.0}}, "versions.torch: expected a text, found 2.0"),
    ],
)
def test_meta_is_checked(meta: dict[str, Any], problem: str) -> None:
    assert meta_problem(meta) == problem


@pytest.mark.parametrize(
    ("scores", "problem"),
    [
        ({"dev": {"f1": 0.5, "labels": {"N": {"f1": None, "support": 3}}, "signatures": {"bleu": "x"}}}, ""),
        ({"dev": 3}, "dev: expected a table, found 3"),
        ({"dev": {"f1": 10**30}}, "dev.f1: expected .* found a number beyond 64 bits"),
        ({"dev": {"labels": {"N": {"support": "3"}}}}, "dev.labels.N.support: expected an integer, found '3'"),
        ({"test": {"baselines": {"majority": 3}}}, "test.baselines.majority: expected a table, found 3"),
        ({"training": {"seconds": "3"}}, "training.seconds: expected a number, found '3'"),
    ],
)
def test_scores_are_checked(scores: dict[str, Any], problem: str) -> None:
    import re

    assert re.fullmatch(problem, scores_problem(scores))


STEP = {"event": "stepped", "step": 1, "epoch": 0.5, "seconds": 1, "loss": 2.0, "lr": 0.1, "items": 3}
STEP |= {"items_per_second": 4.0}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"loss": None}, ""),
        ({"more": 3}, ""),
        ({"event": "danced"}, ""),
        ({"event": 3}, "event: expected a text, found 3"),
        ({"epoch": None}, "epoch: expected a number, found null"),
        ({"loss": "2"}, "loss: expected a number or null, found '2'"),
        ({"step": True}, "step: expected an integer, found true"),
        ({"step": -1}, "a negative number"),
        ({"event": "evaluated", "scores": {"f1": "x"}}, "scores.f1: expected a number or null, found 'x'"),
        ({"event": "evaluated", "examples": [{"given": []}]}, "examples.0.expected: missing"),
        ({"event": "started"}, "steps: missing"),
    ],
)
def test_events_are_checked(change: dict[str, Any], problem: str) -> None:
    assert event_problem({**STEP, **change}) == problem
