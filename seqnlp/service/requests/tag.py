"""Requests about taggers."""

from collections.abc import Iterator
from typing import Any

from seqnlp.service.handlers import Handler, to_json
from seqnlp.service.protocol import Request
from seqnlp.tasks.tag.predictor import Tagger


def _tag(tagger: Tagger, request: Request) -> Iterator[Any]:
    yield from to_json(tagger.tag(**request.settings))


HANDLERS = {"tag": Handler(_tag)}
