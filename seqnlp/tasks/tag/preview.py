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
    """Pick sentences and labels of the first label column; `seed` decides which.

    `given` names the columns that are read beside the words.
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
