"""Runs of formats that were in use once can be loaded for ever, and predict what they predicted."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import seqnlp
from seqnlp.run import Run

VERSION = 2
RUNS = Path(__file__).parent / f"run_v{VERSION}"
RECORDINGS = Path(__file__).parents[2] / "corpora/digits/recordings"
SENTENCES = ["The cat sat on the mat.", "", "Nobody knows 12:30 isn't late!"]
PREDICT: dict[str, Callable[[Any], list[Any]]] = {
    "tag": lambda tagger: tagger.tag(SENTENCES),
    "classify": lambda classifier: classifier.classify(SENTENCES, explain=True),
    "lm": lambda generator: [
        *generator.generate("The harbour", length=20, temperature=0.0),
        *generator.score("The harbour was quiet."),
    ],
    "translate": lambda translator: translator.translate(["abc", "", "stressed"], best=2, attention=True),
    "forecast": lambda forecaster: forecaster.forecast(RUNS / "series.csv", level=80),
    "transcribe": lambda transcriber: [
        replace(each, file=None) for each in transcriber.transcribe(sorted(RECORDINGS.glob("21[4-6]_*.wav")))
    ],
    "segment": lambda segmenter: segmenter.segment("The cat sat on the mat. Don't\nwake it!\n\nNobody knows 12:30"),
}


def predictions(task: str, run: Path) -> Any:
    """JSON of predictions for fixed inputs."""
    results = [result.to_json() for result in PREDICT[task](seqnlp.load(run))]
    return json.loads(json.dumps(results))


def differences(found: Any, expected: Any, place: str = "") -> list[str]:
    """Places at which two JSON values differ; numbers may do so by what processors round differently."""
    if isinstance(expected, dict) and isinstance(found, dict):  # a later version may tell more
        return [each for key in expected for each in differences(found.get(key), expected[key], f"{place}.{key}")]
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return [each for number, pair in pairs for each in differences(*pair, f"{place}[{number}]")]
    if isinstance(expected, float) and isinstance(found, float):
        return [] if math.isclose(found, expected, rel_tol=2e-3, abs_tol=2e-3) else [f"{place}: {found} != {expected}"]
    return [] if found == expected else [f"{place}: {found!r} != {expected!r}"]


@pytest.mark.parametrize("task", PREDICT)
def test_a_frozen_run_predicts_what_it_did(task: str) -> None:
    expected = json.loads((RUNS / f"{task}.json").read_text(encoding="utf-8"))
    assert differences(predictions(task, RUNS / task), expected) == []


@pytest.mark.parametrize("task", PREDICT)
def test_a_frozen_run_tells_of_its_training(task: str) -> None:
    run = Run.open(RUNS / task)
    assert run.is_finished
    assert run.meta()["format"] == VERSION
    assert {"dev", "test"} <= set(run.scores())
    assert [event["event"] for event in run.events()][-1] == "done"
