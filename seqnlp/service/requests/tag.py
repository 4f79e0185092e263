"""Requests about taggers."""

from collections.abc import Iterator
from typing import Any

from seqnlp.codecs import Column
from seqnlp.codecs.spans import check_tags
from seqnlp.errors import DataError, UsageError
from seqnlp.service import corrections
from seqnlp.service.handlers import Handler, to_json
from seqnlp.service.protocol import Request
from seqnlp.tasks.tag.predictor import Tagger


def _tag(tagger: Tagger, request: Request) -> Iterator[Any]:
    """Tag; with `alternatives`, a sentence also has as many of the likeliest labels by column and word."""
    settings = {**request.settings}
    number = settings.pop("alternatives", 0)
    for found in to_json(tagger.tag(**settings)):
        if number:
            likeliest = tagger.alternatives(settings["sentences"], number)
            found["alternatives"] = {
                column: [[(label, round(share, 4)) for label, share in word] for word in words]
                for column, words in likeliest.items()
            }
        yield found


def _correct(tagger: Tagger, request: Request) -> Iterator[Any]:
    given = request.settings
    row = {tagger.data.tokens: given["tokens"], **given["columns"]}
    _check_scheme(tagger, row)
    yield corrections.save(request.run, row, tagger.data.tokens, " ".join(str(given["text"]).split()))


def _check_scheme(tagger: Tagger, row: dict[str, list[str]]) -> None:
    """Check that corrected tags of spans are a sequence that training takes.

    Raises:
        seqnlp.errors.UsageError: they are not.
    """
    scheme = tagger.data.scheme
    if scheme is None:
        return
    first = tagger.columns[0]
    try:
        check_tags(Column.from_rows([row[first]]), scheme)
    except DataError as error:
        raise UsageError(str(error)) from None


def _learn(tagger: Tagger, request: Request) -> Iterator[Any]:
    yield corrections.training_recipe(request.run, tagger.data.tokens)


HANDLERS = {"tag": Handler(_tag), "correct": Handler(_correct), "learn": Handler(_learn)}
