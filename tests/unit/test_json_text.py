"""JSON that is printed and saved is standard JSON."""

import ast
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from seqnlp.json_text import to_json

ROOT = Path(__file__).parents[2]


def strict(text: str) -> Any:
    def refuse(name: str) -> NoReturn:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


@dataclass
class Score:
    value: float


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_become_null(number: float) -> None:
    value = {"a": number, "b": [1, number, "NaN", {"c": (number,)}], "d": Score(number), "é": "Infinity"}
    expected = {"a": None, "b": [1, None, "NaN", {"c": [None]}], "d": {"value": None}, "é": "Infinity"}
    text = to_json(value, default=asdict)
    assert strict(text) == expected
    assert "é" in text
    assert strict(to_json(value, default=asdict, indent=2)) == expected


def test_numbers_that_have_to_come_back_are_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": float("nan")}, finite=True)


def test_all_else_is_as_the_library_writes_it() -> None:
    value = {"a": [1, 2.5, None, True, "é\n"], "b": {}}
    assert to_json(value) == json.dumps(value, ensure_ascii=False)
    assert to_json(value, indent=1) == json.dumps(value, ensure_ascii=False, indent=1)


def test_the_command_line_and_runs_write_json_at_one_address() -> None:
    for folder in ("seqnlp/cli", "seqnlp/run"):
        for file in (ROOT / folder).glob("*.py"):
            calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Attribute)]
            used = {node.attr for node in calls if isinstance(node.value, ast.Name) and node.value.id == "json"}
            # tensors.py: the header of a state, where infinities have to come back
            assert "dumps" not in used or file.name == "tensors.py", file
