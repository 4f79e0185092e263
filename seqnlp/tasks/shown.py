"""Examples of dev that a training shows: picked once, and what the model makes of them told after each evaluation."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seqnlp.decoders.forecast import ForecastModule
from seqnlp.events import Example
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.tasks.forecast.dataset import NEXT
from seqnlp.training import Preview

if TYPE_CHECKING:
    from datasets import Dataset

    from seqnlp.tasks.classify.task import ClassifyTask
    from seqnlp.tasks.forecast.corpus import SeriesSplit
    from seqnlp.tasks.forecast.task import ForecastTask
    from seqnlp.tasks.lm.corpus import TextSplit
    from seqnlp.tasks.lm.task import LmTask
    from seqnlp.tasks.tag.task import TagTask
    from seqnlp.tasks.translate.corpus import Pairs
    from seqnlp.tasks.translate.task import TranslateTask

SHOWN = 3
"""Examples in all."""
WORDS = 40
"""Of a longer sentence only the beginning is told."""
CHARACTERS = 240
"""The same of a text."""
WRITTEN = 80
"""Characters that a language model reads, and then writes."""
LOOKED_AT = 100_000
"""Characters of a text that the pieces are taken from."""
TEMPERATURE = 0.7
"""It writes at; what an untrained model finds likely would be noise at 1."""
STEPS = 8
"""Of a horizon; they lie at equal distances."""


def some_rows(number: int, seed: int) -> NDArray[np.int64]:
    """A few of so many rows, in their order."""
    random = np.random.default_rng([seed, number])
    return np.sort(random.choice(number, min(SHOWN, number), replace=False))


def tags(task: TagTask, dev: Dataset, seed: int) -> Preview:
    """Sentences with their words' labels, of the main column."""
    data, first = task.recipe.data, task.columns[0]
    table = dev.select(some_rows(len(dev), seed))
    words = data.words(table)
    # a tagger speaks in the scheme of the corpus, whatever it is trained in
    gold = data.beside(words, table, first) if data.scheme else data.tags(words, table, first)
    given = {name: data.beside(words, table, name).rows() for name in task.given}
    expected = gold.rows()
    sentences = [
        {data.tokens: tokens, **{name: column[row] for name, column in given.items()}}
        for row, tokens in enumerate(words.rows())
    ]

    def show(model: SequenceModel) -> list[Example]:
        return [
            Example(found.tokens[:WORDS], right[:WORDS], found.tags[:WORDS], labels=True)
            for found, right in zip(task.predictor(model).tag(iter(sentences)), expected, strict=True)
        ]

    return show


def classes(task: ClassifyTask, dev: Dataset, seed: int) -> Preview:
    """Texts with their classes."""
    table = dev.select(some_rows(len(dev), seed))
    texts, expected = task.recipe.words(table).rows(), task.recipe.labels(table).rows()

    def show(model: SequenceModel) -> list[Example]:
        return [
            Example([_cut(" ".join(text))], [_listed(right)], [_listed(found.labels)], labels=True)
            for text, right, found in zip(texts, expected, task.predictor(model).classify(texts), strict=True)
        ]

    return show


def continuations(task: LmTask, dev: TextSplit, seed: int) -> Preview:
    """Pieces of the text, how they go on, and how the model would go on."""
    text = ""
    for chunk in dev.chunks():
        text += chunk
        if len(text) > LOOKED_AT:
            break
    pieces = []
    for start in some_rows(max(len(text) - 3 * WRITTEN, 1), seed).tolist():
        begin = text.find("\n", start, start + WRITTEN) + 1 or start  # the beginning of a line, if one is near
        if begin + WRITTEN >= len(text):
            begin = 0  # there is not much of it
        end = text.rfind(" ", begin + 1, min(begin + WRITTEN, len(text) - 1))
        end = end if end > begin else min(begin + WRITTEN, len(text) // 2)
        pieces.append((text[begin:end], text[end : end + WRITTEN]))

    def show(model: SequenceModel) -> list[Example]:
        generator, examples = task.predictor(model), []
        for number, (prompt, right) in enumerate(pieces):
            written = ""
            for token in generator.generate(prompt, length=WRITTEN, temperature=TEMPERATURE, seed=seed + number):
                written += token.text
                if len(written) >= WRITTEN:
                    break
            examples.append(Example([prompt], [right], [written[:WRITTEN]]))
        return examples

    return show


def translations(task: TranslateTask, dev: Pairs, seed: int) -> Preview:
    """Sentences, how people have translated them, and the greedy translations of the model."""
    pairs = replace(dev, table=dev.table.select(some_rows(len(dev), seed)))
    sources, expected = list(chain(*pairs.sources())), list(chain(*pairs.targets()))

    def show(model: SequenceModel) -> list[Example]:
        return [
            Example([_cut(source)], [_cut(right)], [_cut(found.text)])
            for source, right, found in zip(
                sources, expected, task.predictor(model).translate(sources, beam=1), strict=True
            )
        ]

    return show


def forecasts(task: ForecastTask, dev: SeriesSplit, seed: int) -> Preview:
    """Windows: what came at some steps of the horizon, and what the model expects there, in original units."""
    windows = task.examples(dev, 1)
    rows = some_rows(len(windows), seed)
    batch, (values, there) = windows.batch(rows), windows.values(rows)
    look, horizon = windows.shape.lookback, windows.shape.horizon
    came = np.where(there, values, np.nan)[:, look:, 0]
    steps = np.unique(np.linspace(0, horizon - 1, min(STEPS, horizon)).astype(int))
    series, channel = np.divmod(windows.lanes(rows) * values.shape[2], windows.channels)
    deviation, mean = task.scaler.deviation[series, channel], task.scaler.mean[series, channel]

    def told(scaled: NDArray[np.float32], row: int) -> list[str]:
        units = scaled[row, steps] * deviation[row] + mean[row]
        return ["-" if np.isnan(value) else f"{value:.4g}" for value in units]

    def show(model: SequenceModel) -> list[Example]:
        decoder = model.decoders[NEXT]
        assert isinstance(decoder, ForecastModule)
        moved = batch.to(model.device)
        parameters = decoder.predict(model.encode(moved.inputs), moved.targets[NEXT].ahead)
        points = to_numpy(task.output.point(parameters)[:, :, 0])
        return [
            Example([f"+{step + 1}" for step in steps], told(came, row), told(points, row)) for row in range(len(rows))
        ]

    return show


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 1] + "…"


def _listed(labels: list[str]) -> str:
    return ", ".join(labels) or "-"
