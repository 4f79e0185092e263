"""Files of texts to be written again: what is wrong with one is told in a line."""

import json
from pathlib import Path
from typing import Any

import pytest

from seqnlp.errors import DataError
from seqnlp.generation.replay import read_saved
from seqnlp.generation.tree import ROOT, TextTree

TURN = {"at": 2, "context": 2, "length": 3, "seed": 1, "sample": 0, "top_k": None, "run": "runs/x"}


def saved(path: Path, turn: dict[str, Any]) -> Path:
    tree = TextTree("ab")
    branch = tree.add(ROOT, 2, "sample")
    branch.text, branch.tokens = "c", 1
    branch.ends.append(1)
    branch.logprobs.append(-1.0)
    branch.add_turn(turn)
    tree.open_view(branch.number)
    path.write_text(json.dumps({"tree": tree.state(), "run": "x"}))
    return path


@pytest.mark.parametrize("turn", [TURN, {**TURN, "cells": [{"seed": 1, "top_p": None}]}, {"at": 2, "text": "c"}])
def test_turns_are_read(tmp_path: Path, turn: dict[str, Any]) -> None:
    (own,) = read_saved(saved(tmp_path / "a.json", turn)).tree[1].turns
    assert own == turn


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"at": None}, "at None: expected a whole number"),
        ({"at": "2"}, "at '2': expected a whole number"),
        ({"context": -1}, "context -1: expected a whole number"),
        ({"length": None}, "length None: expected a whole number"),
        ({"sample": []}, "sample .*: expected a whole number"),
        ({"begun": "ab"}, "begun 'ab': expected a whole number"),
        ({"seed": "1"}, "seed '1': expected a whole number"),
        ({"temperature": None}, "temperature None: expected a number"),
        ({"beams": 10**9}, "beams 1,000,000,000: expected"),
        ({"bias": [1]}, "bias .*: expected a table"),
        ({"stop": 5}, "stop 5: expected a list"),
        ({"pattern": 5}, "pattern 5: expected a regular expression"),
        ({"run": 5}, "run 5: expected a string"),
        ({"text": 5}, "text 5: expected a string"),
        ({"cells": [1]}, "cells .*: expected a list of settings"),
        ({"cells": [{"seed": -1}]}, "seed -1: expected"),
        ({"alternatives": 1}, "alternatives: there is no such setting"),
    ],
)
def test_a_damaged_turn_is_named(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    with pytest.raises(DataError, match=f"a.json: branch 1 is damaged: {problem}"):
        read_saved(saved(tmp_path / "a.json", {**TURN, **change}))
