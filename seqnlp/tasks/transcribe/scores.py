"""Transcripts of a split, their error rates, and confused labels."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs import RunningText
from seqnlp.decoders.ctc import CtcDecoder
from seqnlp.metrics.edit_distance import edit_alignment, edit_distance, error_rates
from seqnlp.metrics.labels import LabelPairs
from seqnlp.metrics.significance import ItemScore, ItemScores, digest, ratio
from seqnlp.model import SequenceModel
from seqnlp.nn.ctc import Logs, Scorer, align
from seqnlp.nn.device import to_numpy
from seqnlp.tasks.base import Scores
from seqnlp.tasks.transcribe.dataset import TEXT, TranscribeDataset
from seqnlp.tasks.transcribe.predictor import find
from seqnlp.tasks.transcribe.recipe import CtcSearch
from seqnlp.training.inference import in_parallel

NOTHING = "(nothing)"
"""Label beside one that was inserted or deleted."""
GREEDY = CtcSearch()


def predict_logs(model: SequenceModel, examples: TranscribeDataset) -> list[Logs]:
    """Log-probabilities of the labels at each step, of each recording."""
    found: list[Logs] = [np.empty((0, 0))] * len(examples.texts)
    steps, decoder = examples.lengths, model.decoder(TEXT, CtcDecoder)

    def work(rows: NDArray[np.int64]) -> list[tuple[int, Logs]]:
        logs = to_numpy(decoder.predict(model.encode(examples.inputs(rows)))).astype(np.float64)
        return [(row, logs[place, : steps[row]]) for place, row in enumerate(rows.tolist())]

    for batch in in_parallel(work, examples.in_order(), model.device):
        for row, logs in batch:
            found[row] = logs
    return found


def transcripts(logs: Sequence[Logs], text: RunningText, search: CtcSearch, scorer: Scorer | None) -> list[str]:
    """Texts that a search finds."""
    return [text.decode(find(each, search, scorer).labels).strip() for each in logs]


def text_scores(references: Sequence[str], found: Sequence[str]) -> Scores:
    """Error rates, as scores by name."""
    rates = error_rates(references, found)
    return {"cer": rates.cer, "wer": rates.wer, "exact_match": rates.exact_match}


def recording_scores(references: Sequence[str], found: Sequence[str]) -> ItemScores:
    """Error rates by recording."""
    pairs = [(one.split(), other.split()) for one, other in zip(references, found, strict=True)]
    plain = [(" ".join(one), " ".join(other)) for one, other in pairs]
    counts = {
        "cer": [(edit_distance(*pair), len(pair[0])) for pair in plain],
        "wer": [(edit_distance(*pair), len(pair[0])) for pair in pairs],
        "exact_match": [(one == other, 1) for one, other in plain],
    }
    basis = digest(list(references))
    return ItemScores(
        "recordings", {name: ItemScore(np.array(rows, np.float64), ratio, basis) for name, rows in counts.items()}
    )


def most_frequent_text(train: Sequence[str], references: Sequence[str]) -> Scores:
    """Scores of the text that is most frequent in train."""
    (text, _), *_ = Counter(train).most_common(1)
    return text_scores(references, [text] * len(references))


def confused_labels(
    references: Sequence[str], rows: NDArray[np.int64], logs: Sequence[Logs], text: RunningText
) -> LabelPairs:
    """Align references and transcripts, token by token; one that was inserted or deleted stands beside nothing.

    Args:
        references: Right texts, as the codec was fitted on them.
        rows: Row of each in the table.
        logs: Log-probabilities of the labels, of each recording.
        text: Codec of the labels.
    """
    names = [NOTHING]
    number = {NOTHING: 0}
    gold: list[int] = []
    predicted: list[int] = []
    confidence: list[float] = []
    places: list[int] = []
    for row, reference, each in zip(rows.tolist(), references, logs, strict=True):
        labels = find(each, GREEDY, None).labels
        certain = [
            float(np.exp(each[a:b, label].max())) for label, (a, b) in zip(labels, align(each, labels), strict=True)
        ]
        right = [part.decode(errors="replace") for part in text.split(reference)]
        found = [text.decode([label]) for label in labels]
        for name in (*right, *found):
            if name not in number:
                number[name] = len(names)
                names.append(name)
        for one, other in edit_alignment(right, found):
            gold.append(0 if one is None else number[right[one]])
            predicted.append(0 if other is None else number[found[other]])
            confidence.append(1.0 if other is None else certain[other])
            places.append(row)
    shown = ["(blank)" if name == " " else name.strip() for name in names]
    return LabelPairs(
        shown,
        np.array(gold, np.int64),
        np.array(predicted, np.int64),
        np.array(confidence, np.float32),
        np.array(places, np.int64),
    )
