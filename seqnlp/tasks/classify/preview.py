"""Preview of a classifier: texts of dev with their classes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from seqnlp.events import Example
from seqnlp.model import SequenceModel
from seqnlp.tasks.classify.predictor import Classifier
from seqnlp.tasks.classify.recipe import ClassifyRecipe
from seqnlp.tasks.previews import sample_rows, shorten
from seqnlp.training import Preview

if TYPE_CHECKING:
    from datasets import Dataset


def preview(
    dev: "Dataset",
    seed: int,
    recipe: ClassifyRecipe,
    classifier: Callable[[SequenceModel], Classifier],
    pretokenized: bool,
) -> Preview:
    """Pick texts and their classes; `seed` decides which, `pretokenized` if they are split into words by the recipe."""
    table = dev.select(sample_rows(len(dev), seed))
    expected = recipe.labels(table).rows()
    texts: Any = recipe.words(table).rows() if pretokenized else list(table[recipe.column])

    def predict(model: SequenceModel) -> list[Example]:
        return [
            Example(
                [shorten(text if isinstance(text, str) else " ".join(text))],
                [_joined(right)],
                [_joined(found.labels)],
                labels=True,
            )
            for text, right, found in zip(texts, expected, classifier(model).classify(texts), strict=True)
        ]

    return predict


def _joined(labels: list[str]) -> str:
    return ", ".join(labels) or "-"
