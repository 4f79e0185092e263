"""Preview of a tagger: sentences of dev with their labels."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from seqnlp.events import Example
from seqnlp.model import SequenceModel
from seqnlp.tasks.previews import sample_rows
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.tasks.tag.recipe import TagData
from seqnlp.training import Preview

if TYPE_CHECKING:
    from datasets import Dataset

WORDS = 40
"""Words of a sentence that are kept."""


def preview(
    dev: "Dataset",
    seed: int,
    first: str,
    data: TagData,
    given: Sequence[str],
    tagger: Callable[[SequenceModel], Tagger],
) -> Preview:
    """Pick sentences of dev, with the labels of one column; `seed` decides which.

    Args:
        dev: The split.
        seed: Seed of the choice.
        first: The label column.
        data: The recipe's `[data]`.
        given: Columns that are read beside the words.
        tagger: Makes the predictor of a model.
    """
    table = dev.select(sample_rows(len(dev), seed))
    words = data.words(table)
    # a tagger predicts in the scheme of the corpus, not in the training scheme
    gold = data.beside(words, table, first) if data.scheme else data.tags(words, table, first)
    beside = {name: data.beside(words, table, name).rows() for name in given}
    expected = gold.rows()
    sentences = [
        {data.tokens: tokens, **{name: column[row] for name, column in beside.items()}}
        for row, tokens in enumerate(words.rows())
    ]

    def predict(model: SequenceModel) -> list[Example]:
        return [
            Example(found.tokens[:WORDS], right[:WORDS], found.tags[:WORDS], labels=True)
            for found, right in zip(tagger(model).tag(iter(sentences)), expected, strict=True)
        ]

    return predict
