"""Requests about segmenters."""

from collections.abc import Iterator
from typing import Any

from seqnlp.service.handlers import Handler, to_json
from seqnlp.service.protocol import Request
from seqnlp.tasks.segment.predictor import Segmenter


def _segment(segmenter: Segmenter, request: Request) -> Iterator[Any]:
    yield {"sentences": list(to_json(segmenter.segment(**request.settings)))}


HANDLERS = {"segment": Handler(_segment)}
