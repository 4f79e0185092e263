"""Requests about classifiers."""

from collections.abc import Iterator
from typing import Any

from seqnlp.service.handlers import Handler, to_json
from seqnlp.service.protocol import Request
from seqnlp.tasks.classify.predictor import Classifier


def _classify(classifier: Classifier, request: Request) -> Iterator[Any]:
    yield from to_json(classifier.classify(**request.settings))


HANDLERS = {"classify": Handler(_classify)}
