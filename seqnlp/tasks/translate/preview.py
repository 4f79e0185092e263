"""Preview of a translator: sentences of dev and their greedy translations."""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

from seqnlp.events import Example
from seqnlp.model import SequenceModel
from seqnlp.tasks.previews import sample_rows, shorten
from seqnlp.tasks.translate.corpus import Pairs
from seqnlp.tasks.translate.predictor import Translator
from seqnlp.training import Preview


def preview(dev: Pairs, seed: int, translator: Callable[[SequenceModel], Translator]) -> Preview:
    """Pick sentences and their reference translations; `seed` decides which."""
    pairs = replace(dev, table=dev.table.select(sample_rows(len(dev), seed)))
    sources, expected = list(chain(*pairs.sources())), list(chain(*pairs.targets()))

    def predict(model: SequenceModel) -> list[Example]:
        found = translator(model).translate(sources, beam=1)
        return [
            Example([shorten(source)], [shorten(right)], [shorten(each.text)])
            for source, right, each in zip(sources, expected, found, strict=True)
        ]

    return predict
