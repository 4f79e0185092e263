"""Every setting of every task has an effect, or the recipe is refused: nothing is ignored in silence.

Each setting in the tree of a recipe is changed, one at a time, in recipes of all kinds of decoders and of several
encoders, embeddings and optimizers. Weights after a few steps, calibration, scores of dev or predictions then differ
from those of the recipe as it was, or the recipe is refused.
"""

import hashlib
import json
import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
import pytest
import tomli_w
import torch
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from seqnlp import api
from seqnlp.errors import DataError, Diverged, RecipeError, UsageError
from seqnlp.events import Stepped
from seqnlp.recipe import RecipeSource, parse_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.spec import Spec
from seqnlp.tasks.base import TaskRecipe, task_class
from seqnlp.tasks.loading import encode, score
from seqnlp.tasks.registry import import_tasks

ROOT = Path(__file__).parents[2]
STEPS = 3
SAMPLE = 15
"""Settings that the default suite changes."""

COURSE = {"plugins", "training.patience", "training.evaluate_every", "training.save_every", "data.test"}
COURSE |= {"training.max_seconds"}  # on a fast machine all is done before
"""Settings of a training's course: when dev is scored, what is saved or scored at last, not what a step computes."""

ELSEWHERE = {"data.reader.gaps", "data.reader.comment", "data.reader.document_separator", "data.missing", "data.repair"}
ELSEWHERE |= {"data.reader.max_line"}
"""Settings about what these corpora do not have: gaps, comments, documents, missing values, wrong tags, long lines."""

Settings = dict[str, Any]
FAST: Settings = {
    "training.threads": 1,
    "training.epochs": 2,
    "training.precision": "fp32",
    "training.ema_decay": 0.2,
    "training.max_grad_norm": 0.01,
}
TEXT: Settings = {
    "embedding.words": {"size": 8, "word_dropout": 1.0},
    "embedding.chars": {"size": 6, "embedding_size": 4},
}
STACK: Settings = {"encoder.size": 6, "encoder.layers": 2, "encoder.weight_drop": 0.2}
POS: Settings = {
    "task": "tag",
    "data.reader": "conllu",
    "data.train": "corpora/pos/dev.conllu[:60]",
    "data.dev": "corpora/pos/test.conllu[:20]",
    "data.labels": ["upos"],
    "training.batch_tokens": 160,
    **TEXT,
    **STACK,
}
SPANS: Settings = {
    **POS,
    "data.reader": {"kind": "columns", "names": ["word", "entity"]},
    "data.train": "corpora/entities/dev.conll[:60]",
    "data.dev": "corpora/entities/test.conll[:20]",
    "data.tokens": "word",
    "data.labels": ["entity"],
    "data.scheme": "bio",
    "data.training_scheme": "bioes",
}
CLASSES: Settings = {
    "task": "classify",
    "data.reader": "csv",
    "data.train": "corpora/sentiment/train.tsv[:60]",
    "data.dev": "corpora/sentiment/dev.tsv[:20]",
    "training.batch_tokens": 160,
    **TEXT,
    **STACK,
}
LM: Settings = {
    "task": "lm",
    "data.reader": "text",
    "data.train": "corpora/prose/dev.txt",
    "data.dev": "corpora/prose/test.txt[:20]",
    "training.batch_tokens": 256,
    "training.bptt": 32,
    "embedding.size": 12,
    "encoder.size": 12,
    "encoder.layers": 2,
    "encoder.bidirectional": False,
}
PAIRS: Settings = {
    "task": "translate",
    "data.reader": "parallel",
    "data.train": "corpora/en_fr/train.tsv[:80]",
    "data.dev": "corpora/en_fr/dev.tsv[:10]",
    "training.batch_tokens": 300,
    "embedding.size": 8,
    **STACK,
    "decoder.size": 8,
    "decoder.embedding_size": 8,
    "data.min_length": 3,
    "data.max_length": 9,
    "decoder.label_smoothing": 0.1,
    "search.beam": 2,
}
SERIES: Settings = {
    "task": "forecast",
    "data.reader": "series",
    "data.train": "corpora/series/series.csv[:200]",
    "data.dev": "corpora/series/series.csv[200:260]",
    "data.lookback": 24,
    "data.horizon": 6,
    "data.season_length": 12,
    "training.batch_tokens": 1200,
}
LAYERS: Settings = {"encoder.size": 8, "encoder.layers": 2, "encoder.bidirectional": False}
LONGER: Settings = {"data.min_length": 12, "data.max_length": 40}
DOT: Settings = {**PAIRS, **LONGER, "decoder.size": 12, "decoder.attention": "dot", "decoder.bridge": "mean"}
SEGMENTS: Settings = {"decoder.kind": "segments", "decoder.segment_length": 3}
CASES: dict[str, Settings] = {
    "tag linear": {**POS, "decoder": "linear"},
    "tag crf": {**POS, "decoder": "crf", "encoder.kind": "gru", "optimizer": {"kind": "sgd", "lr": 0.1}},
    "tag spans": {**SPANS, "decoder": {"kind": "linear", "label_smoothing": 0.1, "calibrate": True}},
    "tag spans crf": {**SPANS, "decoder": "crf", "encoder.kind": "rnn"},
    "tag lstm characters": {**POS, "embedding.chars": {"kind": "lstm", "size": 6, "embedding_size": 4}},
    "tag one layer": {**POS, "encoder": {"kind": "gru", "size": 8}, "encoder.layers": 1},
    "tag no encoder": {**{key: value for key, value in POS.items() if "encoder" not in key}, "encoder": "none"},
    "tag min_gru": {**POS, "encoder": {"kind": "min_gru", "size": 6, "layers": 2}},
    "tag mogrifier": {**POS, "encoder": {"kind": "mogrifier", "size": 6}},
    "tag subwords": {**POS, "embedding": {"subwords": {"size": 6, "vocab_size": 300}}},
    "classify mean": {**CLASSES, "decoder": {"kind": "mean", "calibrate": True, "label_smoothing": 0.1}},
    "classify max": {**CLASSES, "decoder": "max", "ngrams": {"words": 2, "chars": [2, 3]}},
    "classify last": {**CLASSES, "decoder": "last", "encoder.kind": "gru"},
    "classify attention": {**CLASSES, "decoder": {"kind": "attention", "size": 4}},
    "classify multilabel": {**CLASSES, "data.multilabel": True, "decoder": {"kind": "mean", "calibrate": True}},
    "lm characters": {**LM, "data.tokenizer": "characters"},
    "lm words": {**LM, "data.tokenizer": {"kind": "words", "min_count": 2}, "encoder.kind": "gru"},
    "lm subwords": {**LM, "data.tokenizer": {"kind": "subwords", "vocab_size": 300}, "decoder": {"tied": True}},
    "translate additive": {**PAIRS, "decoder.attention": "additive", "data.tokenizer": "words"},
    "translate dot": {**DOT, "data.tokenizer": "characters"},
    "translate general": {
        **PAIRS,
        **LONGER,
        "data.tokenizer": {"kind": "subwords", "vocab_size": 300},
        "decoder.layers": 2,
    },
    "translate greedy": {**PAIRS, "search.beam": 1, "search.length_penalty": "none", "data.tokenizer": "words"},
    "translate shared": {
        **PAIRS,
        **LONGER,
        "data.tokenizer": {"kind": "subwords", "vocab_size": 300},
        "data.joint_vocabulary": True,
        "shared_embedding": True,
        "decoder.cell": "gru",
    },
    "forecast direct": {**SERIES, **LAYERS, "decoder": "direct", "data.calendar": ["hour"]},
    "forecast quantiles": {**SERIES, **LAYERS, "decoder": {"kind": "direct", "output": "quantiles", "calibrate": True}},
    "forecast gaussian": {
        **SERIES,
        **LAYERS,
        "decoder": {"kind": "segments", "segment_length": 3, "output": "gaussian"},
    },
    "forecast recursive": {**SERIES, **LAYERS, "decoder": {"kind": "recursive", "size": 8}, "data.channels": "joint"},
    "forecast linear": {**SERIES, "encoder": "none", "decoder": "linear", "data.instance_norm": "last"},
    "forecast affine": {**SERIES, **LAYERS, "decoder": "direct", "data.instance_norm": "standard", "data.affine": True},
}
INPUTS = ["Anna went to the old harbour .", "it was not so good"]


def nested(settings: Settings) -> Settings:
    """Tables of dotted keys; later keys go into the tables of earlier ones."""
    tables: Settings = {}
    for key, value in settings.items():
        *path, last = key.split(".")
        table = tables
        for name in path:
            inner = table.setdefault(name, {})
            if not isinstance(inner, dict):  # a bare kind
                inner = table[name] = {"kind": inner}
            table = inner
        table[last] = dict(value) if isinstance(value, dict) else value
    return tables


def parse(case: str, changes: tuple[str, ...] = ()) -> TaskRecipe:
    import_tasks()
    recipe = parse_recipe(tomli_w.dumps(nested({**CASES[case], **FAST})), ROOT / "recipe.toml", changes)
    assert isinstance(recipe, TaskRecipe)
    return api._resolve_auto(recipe, None)


def outcome(recipe: TaskRecipe) -> dict[str, Any]:
    """All that a recipe decides, after a few steps."""
    find = path_resolver(ROOT / "recipe.toml")
    corpus = recipe.corpus(find)
    task = task_class(recipe).fit(recipe, corpus.splits["train"], find)
    splits = {name: encode(task, recipe, name, split) for name, split in corpus.splits.items()}
    trainer = api._trainer(recipe, task, splits, task.preview(corpus.splits["dev"], recipe.seed))
    api._check_used(recipe, trainer.model, RecipeSource.of("pos_gru"), ())
    plan = [rows.tolist() if isinstance(rows, np.ndarray) else str(rows) for rows in splits["train"].plan(1, 0)]
    steps = (event for event in trainer.events() if isinstance(event, Stepped))
    losses = [(event.loss, trainer.schedule.rate(event.step / 9)) for event in islice(steps, STEPS)]
    trainer.close()
    model = trainer.model.eval()
    model.load_state_dict(trainer.weights(), strict=False)
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(name.encode() + str(tensor.shape).encode() + tensor.numpy().tobytes())
    with torch.inference_mode():
        calibration = task.calibrate(model, splits["dev"])
    predictor = task.predictor(model)
    try:
        predictions = [str(result) for result in predictor.predict(INPUTS)]
    except UsageError:  # series come in files
        predictions = []
    return {
        "codecs": {name: codec.to_json() for name, codec in task.codecs().items()},
        "plan": plan,
        "steps": trainer.steps,
        "losses": losses,
        "weights": digest.hexdigest(),
        "calibration": calibration,
        "metric": trainer.metric.name,
        "scores": score(task, model, splits["dev"], "fp32"),
        "predictions": predictions,
    }


@cache
def outcome_of(case: str) -> str:
    return as_text(outcome(parse(case)))


def as_text(found: Any) -> str:
    return json.dumps(found, sort_keys=True, default=str)


def leaves(spec: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, Any, list[Any]]]:
    """Settings of a tree: key, type, value, and bounds."""
    for name, field in type(spec).model_fields.items():
        value, key = getattr(spec, name), prefix + (field.alias or name)
        if isinstance(value, BaseModel):
            yield from leaves(value, f"{key}.")
        elif name not in ("kind", "task"):
            yield key, field.annotation, value, list(field.metadata)


def others(kind: Any, value: Any, bounds: list[Any]) -> list[Any]:
    """Other values of a setting, the plainest first."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        inner = arguments[1]
        return others(
            arguments[0], value, [*bounds, *(inner.metadata if isinstance(inner, FieldInfo) else arguments[1:])]
        )
    if origin in (Union, UnionType):
        found = [other for each in arguments if each is not type(None) for other in others(each, value, bounds)]
        return found[:3]
    if origin is Literal:
        return [each for each in arguments if each != value]
    if kind is bool:
        return [not value]
    if kind in (int, float):
        now = value if isinstance(value, int | float) else 0
        candidates: list[Any] = [now * 2 or 1, max(now - 1, 0)] if kind is int else [now / 2 or 0.3, 0.3, 0.6, 1.5]
        return [each for each in candidates if each != value and all(inside(each, bound) for bound in bounds)][:1]
    if origin is list and get_origin(arguments[0]) is Literal:
        return [list(get_args(arguments[0])[:2])]
    if isinstance(kind, type) and issubclass(kind, Spec):
        return [{}]
    return []


def inside(value: Any, bound: Any) -> bool:
    if isinstance(bound, Ge | Gt):
        return bool(value >= bound.ge if isinstance(bound, Ge) else value > bound.gt)
    if isinstance(bound, Le | Lt):
        return bool(value <= bound.le if isinstance(bound, Le) else value < bound.lt)
    return True


def changes(case: str) -> list[tuple[str, Any]]:
    """Changes of one setting each."""
    return [
        (key, other)
        for key, kind, value, bounds in leaves(parse(case))
        if key not in COURSE | ELSEWHERE
        for other in others(kind, value, bounds)
    ]


def has_effect(case: str, key: str, value: Any) -> bool:
    try:
        recipe = parse(case, (f"{key}={json.dumps(value)}",))
        if recipe == parse(case):
            return True  # the value of that kind already
        return as_text(outcome(recipe)) != outcome_of(case)
    except (RecipeError, DataError, UsageError, Diverged):
        return True


def check(chosen: list[tuple[str, str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    ignored = [f"{case}: {key} = {value!r}" for case, key, value in chosen if not has_effect(case, key, value)]
    with capsys.disabled():
        print(f"\nsettings: {len(chosen)} changed, {len(ignored)} without effect")
    assert not ignored, "\n".join(ignored)


def every_change() -> list[tuple[str, str, Any]]:
    return [(case, key, value) for case in CASES for key, value in changes(case)]


def test_a_sample_of_settings_has_an_effect(capsys: pytest.CaptureFixture[str]) -> None:
    check(random.Random(1).sample(every_change(), SAMPLE), capsys)


@pytest.mark.faults
def test_every_setting_has_an_effect(capsys: pytest.CaptureFixture[str]) -> None:
    check(every_change(), capsys)


@pytest.mark.parametrize(
    ("case", "change", "problem"),
    [
        ("tag one layer", "encoder.dropout=0.5", "encoder.dropout: no effect: dropout is between layers"),
        ("tag one layer", "encoder.variational_dropout=false", "encoder.variational_dropout: no effect"),
        ("tag linear", "decoder.constrained=false", "no effect: it is about tags of spans (add data.scheme"),
        ("tag linear", "data.repair=true", "data.repair: no effect"),
        ("tag linear", "encoder={kind='mogrifier',size=4,rounds=0,rank=2}", "encoder.rank: no effect"),
        ("translate greedy", "search.alpha=2", "search.alpha: no effect"),
        ("forecast linear", "data.calendar=['hour']", "data.calendar: no effect: the linear decoder"),
        ("forecast linear", "data.future_covariates=['x']", "data.future_covariates: no effect"),
        ("forecast linear", "data.past_covariates=['x']", "data.past_covariates: no effect"),
        ("forecast direct", "decoder.calibrate=true", "decoder.calibrate: no effect: quantiles are calibrated"),
    ],
)
def test_a_setting_without_effect_is_refused(case: str, change: str, problem: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(problem)) as caught:
        parse(case, (change,))
    assert caught.value.code == 3
    assert "--set" in str(caught.value)


def test_defaults_and_zeros_are_no_faults() -> None:
    assert parse("tag one layer", ("encoder.dropout=0",))
    assert parse("tag one layer", ("encoder.dropout=0.3",))


def test_a_residual_sum_that_never_happens_is_refused() -> None:
    recipe = parse("tag one layer", ("encoder.residual=true",))
    with pytest.raises(RecipeError, match=r"encoder\.residual: no effect: no layer's input is as wide as its output"):
        outcome(recipe)
    assert outcome(parse("tag one layer", ("encoder.residual=true", "encoder.size=7")))
