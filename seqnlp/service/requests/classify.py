"""Requests about classifiers."""

from collections.abc import Iterator
from typing import Any

from seqnlp.codecs.splitter import words_of
from seqnlp.service import corrections
from seqnlp.service.handlers import Handler, to_json
from seqnlp.service.protocol import Request
from seqnlp.tasks.classify.predictor import Classifier
from seqnlp.tasks.classify.recipe import ClassifyData


def _classify(classifier: Classifier, request: Request) -> Iterator[Any]:
    yield from to_json(classifier.classify(**request.settings))


def _correct(classifier: Classifier, request: Request) -> Iterator[Any]:
    text, labels = str(request.settings["text"]), list(request.settings["labels"])
    data = corrections.data_of(request.run, ClassifyData)
    value: Any = labels if data.multilabel else labels[0] if labels else ""
    if data.multilabel and data.separator is not None:
        value = data.separator.join(labels)
    column = data.tokens or data.text or "text"
    yield corrections.save(request.run, {column: words_of(text) if data.tokens else text, data.label: value}, column)


def _learn(classifier: Classifier, request: Request) -> Iterator[Any]:
    data = corrections.data_of(request.run, ClassifyData)
    yield corrections.training_recipe(request.run, data.tokens or data.text or "text")


HANDLERS = {"classify": Handler(_classify), "correct": Handler(_correct), "learn": Handler(_learn)}
