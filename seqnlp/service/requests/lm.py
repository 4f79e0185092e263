"""Requests about language models."""

from collections.abc import Iterator
from typing import Any

from seqnlp.results import Token
from seqnlp.service.handlers import Handler
from seqnlp.service.protocol import Request
from seqnlp.tasks.lm.predictor import Generator


def pack_tokens(tokens: list[Token]) -> list[dict[str, Any]]:
    """Tokens grouped by sample: their text, and of each its length in characters and its log-probability."""
    packed: dict[int, tuple[list[str], list[float]]] = {}
    for token in tokens:
        texts, logprobs = packed.setdefault(token.sample, ([], []))
        texts.append(token.text)
        logprobs.append(round(token.logprob or 0.0, 3))
    return [
        {"sample": sample, "text": "".join(texts), "lengths": [len(text) for text in texts], "logprobs": logprobs}
        for sample, (texts, logprobs) in packed.items()
    ]


def _generate(generator: Generator, request: Request) -> Iterator[Token]:
    yield from generator.generate(**request.settings, alternatives=0)


def _search(generator: Generator, request: Request) -> Iterator[Token]:
    yield from generator.search(**request.settings)


def _next_tokens(generator: Generator, request: Request) -> Iterator[Any]:
    yield generator.next_tokens(**request.settings)


def _unknown(generator: Generator, request: Request) -> Iterator[Any]:
    yield generator.unknown_in(**request.settings)


def _score(generator: Generator, request: Request) -> Iterator[Any]:
    yield [[token.text, token.logprob] for token in generator.score_after(**request.settings)]


def _shares(generator: Generator, request: Request) -> Iterator[Any]:
    yield generator.shares(**request.settings)


def _influence(generator: Generator, request: Request) -> Iterator[Any]:
    yield [[len(text), round(score, 5)] for text, score in generator.influence(**request.settings)]


HANDLERS = {
    "generate": Handler(_generate, pack_tokens),
    "search": Handler(_search, pack_tokens),
    "next": Handler(_next_tokens),
    "shares": Handler(_shares),
    "influence": Handler(_influence),
    "unknown": Handler(_unknown),
    "score": Handler(_score),
}
