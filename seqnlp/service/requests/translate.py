"""Requests about translators."""

from collections.abc import Iterator
from typing import Any

from seqnlp.service.handlers import Handler, to_json
from seqnlp.service.protocol import Request
from seqnlp.tasks.translate.predictor import Translator


def _translate(translator: Translator, request: Request) -> Iterator[Any]:
    yield from to_json(translator.translate(**request.settings))


HANDLERS = {"translate": Handler(_translate)}
