"""Preview of a segmenter: sentences of dev with their tokens."""

from collections.abc import Callable

from seqnlp.events import Example
from seqnlp.model import SequenceModel
from seqnlp.tasks.previews import sample_rows, shorten
from seqnlp.tasks.segment.corpus import SegmentSplit
from seqnlp.tasks.segment.predictor import Segmenter
from seqnlp.training import Preview


def preview(dev: SegmentSplit, seed: int, segmenter: Callable[[SequenceModel], Segmenter]) -> Preview:
    """Pick places in dev by `seed`; compare three sentences there with what the segmenter finds."""
    parts = [dev.sentences[row : row + 3] for row in sample_rows(len(dev), seed).tolist()]
    splits = [SegmentSplit(dev.name, part) for part in parts]

    def predict(model: SequenceModel) -> list[Example]:
        found = [segmenter(model).segment(split.text) for split in splits]
        return [
            Example(
                [shorten(split.text.replace("\n", " "))],
                [shorten(" | ".join(" ".join(sentence.tokens) for sentence in split.sentences))],
                [shorten(" | ".join(map(str, sentences))) or "-"],
            )
            for split, sentences in zip(splits, found, strict=True)
        ]

    return predict
