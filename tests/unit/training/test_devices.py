"""Whatever a model makes of a batch lies on the batch's device: on another one all results are the same."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from seqnlp.api import read_splits
from seqnlp.model import Batch, SequenceModel
from seqnlp.nn.device import CPU, device_of
from seqnlp.nn.dropout import seed_thread
from seqnlp.recipe import find_recipe, load_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.tasks.base import Task, TaskRecipe, task_class
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.registry import import_tasks
from seqnlp.training import EncodedDataset, Trainer
from tests.unit.fake_device import FAKE, fake_device, moved_here

ELSEWHERE = torch.device("meta")
"""Tensors that are made without a device of their own come to lie here, and can't be computed with others."""

SMALL = ["encoder.size=16", "training.threads=1", "training.precision=fp32", "training.epochs=1"]
SENTENCES = ["The cat sat on the mat .", "A dog"]
CASES: dict[str, tuple[str, list[str]]] = {
    "linear tags": ("pos_gru", ["data.train=corpora/pos/train.conllu[:80]", "data.dev=corpora/pos/dev.conllu[:20]"]),
    "lemmas": ("pos_lemma", ["data.train=corpora/pos/train.conllu[:80]", "data.dev=corpora/pos/dev.conllu[:20]"]),
    "crf": (
        "ner_lstm_crf",
        ["data.train=corpora/entities/train.conll[:80]", "data.dev=corpora/entities/dev.conll[:20]"],
    ),
    "words and ngrams": (
        "sentiment_lstm",
        ["data.train=corpora/sentiment/train.tsv[:80]", "data.dev=corpora/sentiment/dev.tsv[:20]"],
    ),
    "tokens": ("char_lstm", ["embedding.token_dropout=0.1", "encoder.weight_drop=0.2"]),
    "attention": (
        "translate_en_fr",
        ["decoder.size=16", "data.train=corpora/en_fr/train.tsv[:80]", "data.dev=corpora/en_fr/dev.tsv[:5]"],
    ),
    "direct": ("series_gru", ["decoder.kind=direct"]),
    "recursive": ("series_gru", ["decoder.kind=recursive"]),
    "segments": ("series_gru", ["decoder.kind=segments"]),
    "segmenter": ("pos_segment", ["data.train=corpora/pos/train.conllu[:40]", "data.dev=corpora/pos/dev.conllu[:10]"]),
    "ctc": ("digits_ctc", ["embedding.size=16", "data.train=corpora/digits/train.csv[:30]"]),
}


@dataclass(frozen=True)
class Prepared:
    """A fitted task, and its encoded dev split."""

    recipe: TaskRecipe
    task: Task
    split: Any
    dataset: EncodedDataset

    def model(self) -> SequenceModel:
        torch.manual_seed(1)
        return self.task.build()


@cache
def prepared(case: str) -> Prepared:
    name, settings = CASES[case]
    import_tasks()
    file = find_recipe(name)
    recipe: Any = load_recipe(file, [*SMALL, *settings])
    assert isinstance(recipe, TaskRecipe)
    find = path_resolver(file)
    corpus = read_splits(recipe, find, test=False)
    task = task_class(recipe).fit(recipe, corpus.splits["train"], find)
    return Prepared(recipe, task, corpus.splits["dev"], task.encode(corpus.splits["dev"], 200))


def trained(model: SequenceModel, batch: Batch) -> list[torch.Tensor]:
    """The loss and the gradients of a step."""
    seed_thread(1)
    model.train()
    loss, _ = model.loss(batch)
    loss.total.backward()
    # kernels differ in whether they give a state that is a constant zero a gradient
    found = [loss.total.detach(), *(torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters())]
    model.zero_grad()
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_model_makes_nothing_on_the_default_device(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = prepared(case)
    dataset, model = ready.dataset, ready.model()
    batch = dataset.batch(dataset.plan(1, 0)[0])
    expected = trained(model, batch)
    with ELSEWHERE:
        found = trained(model, batch)
    assert len(found) == len(expected) > 5
    for mine, right in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, right, rtol=0, atol=0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)  # other threads would have another default device
    model.eval()
    with torch.inference_mode():
        scores = ready.task.score(model, dataset)
        with ELSEWHERE:
            assert ready.task.score(model, dataset) == scores


def predictions(ready: Prepared, model: SequenceModel) -> list[Any]:
    """Everything that a model is used for after a training."""
    model.eval()
    with torch.inference_mode():
        found: list[Any] = [ready.task.score(model, ready.dataset), ready.task.calibrate(model, ready.dataset)]
        found += [str(example) for example in ready.task.preview(ready.split, 1)(model)]
    predictor = ready.task.predictor(model)
    if ready.task.name in ("tag", "classify", "translate", "segment"):
        found += [str(each) for each in predictor.predict(SENTENCES)]
    if isinstance(predictor, Generator):
        scored = [list(predictor.score(SENTENCES)), predictor.search(SENTENCES[1], length=3, beams=2)]
        found += [[token.text for token in tokens] for tokens in scored]
        found += [{str(place): token.logprob for place, token in enumerate(tokens)} for tokens in scored]
    return found


NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def numbers(value: Any) -> list[float]:
    """Numbers in a table, or in a text."""
    if isinstance(value, dict):
        return [each for part in value.values() for each in numbers(part)]
    if isinstance(value, str):
        return [float(found) for found in NUMBER.findall(value)]
    return [float(value)] if isinstance(value, int | float) else []


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.slow] if case in ("recursive", "segments", "segmenter") else [])
        for case in CASES
    ],
)
def test_results_are_the_same_on_another_device(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = prepared(case)
    dataset, model = ready.dataset, ready.model()
    batch = dataset.batch(dataset.plan(1, 0)[0])
    with fake_device(monkeypatch) as device:
        expected, known = trained(model, batch), predictions(ready, model)
        before = device.operations
        moved = moved_here(ready.model())
        assert device_of(moved) == FAKE
        found, results = trained(moved, batch), predictions(ready, moved)
        assert device.operations > before
        assert len(found) == len(expected) > 5
        for mine, right in zip(found, expected, strict=True):
            assert mine.device == FAKE
            torch.testing.assert_close(mine.to(CPU), right, rtol=1e-4, atol=1e-5)
    for mine, right in zip(results, known, strict=True):
        assert numbers(mine) == pytest.approx(numbers(right), rel=1e-3, abs=1e-4, nan_ok=True)
        if isinstance(mine, str):
            assert NUMBER.sub("", mine) == NUMBER.sub("", right)
        assert isinstance(mine, dict | str) or mine == right


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.to(CPU) for name, tensor in trainer.weights().items()}


def test_a_training_on_another_device_ends_as_on_the_cpu(
    make_trainer: Callable[..., Trainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"gradient_accumulation": 2, "threads": 3}
    with fake_device(monkeypatch):
        expected = make_trainer(training={**settings, "threads": 1})
        known = [str(event) for event in expected.events()]
        trainer = make_trainer(training=settings, device=FAKE)
        gather, threads = trainer.train.batch, set[str]()

        def noted(rows: NDArray[np.int64]) -> Batch:
            threads.add(threading.current_thread().name)
            return gather(rows)

        monkeypatch.setattr(trainer.train, "batch", noted)
        found = [str(event) for event in trainer.events()]
        assert "prefetch" in threads
        assert len(trainer.replicas.models) == 1, "a batch is not divided"
        trainer.close()
        assert not any(thread.name == "prefetch" for thread in threading.enumerate())
        assert len(found) == len(known)
        for name, mine in weights(trainer).items():
            torch.testing.assert_close(mine, weights(expected)[name], rtol=1e-4, atol=1e-5)


def test_a_training_stopped_on_a_device_resumes_there_and_on_the_cpu(
    make_trainer: Callable[..., Trainer], lanes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(device: torch.device, threads: int = 3) -> Trainer:
        return make_trainer(
            lanes([4] * 15, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 13, 14]]),
            encoder={"kind": "lstm", "bidirectional": False},
            training={"threads": threads},
            device=device,
            dropout=0.0,
        )

    with fake_device(monkeypatch):
        whole = make(FAKE)
        for number, _ in enumerate(whole.events(), start=1):
            if number == 3:  # the first two batches are done, the next ones are gathered already
                tensors, progress = whole.state()
                saved = {name: tensor.to(CPU).clone() for name, tensor in tensors.items()}, json.dumps(progress)
        whole.close()
        for device, tolerance in ((FAKE, 0.0), (CPU, 1e-5)):
            resumed = make(device, threads=1)  # others would drop other words
            kept = {name: tensor.clone() for name, tensor in saved[0].items()}  # an optimizer counts on in its steps
            resumed.restore(kept, json.loads(saved[1]), micro_batches=1)
            assert resumed.progress.position == 2
            for _ in resumed.events():
                pass
            resumed.close()
            for name, mine in weights(resumed).items():
                torch.testing.assert_close(mine, weights(whole)[name], rtol=0, atol=tolerance)
