"""Preview of a transcriber: recordings of dev with their texts."""

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs import RunningText
from seqnlp.decoders.ctc import CtcDecoder
from seqnlp.events import Example
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.tasks.previews import sample_rows, shorten
from seqnlp.tasks.transcribe.dataset import TEXT, TranscribeDataset
from seqnlp.tasks.transcribe.scores import GREEDY, transcripts
from seqnlp.training import Preview


def preview(dev: TranscribeDataset, seed: int, text: RunningText) -> Preview:
    """Pick recordings by `seed`; compare their texts with transcripts."""
    rows: NDArray[np.int64] = sample_rows(len(dev.texts), seed)

    def predict(model: SequenceModel) -> list[Example]:
        logs = to_numpy(model.decoder(TEXT, CtcDecoder).predict(model.encode(dev.inputs(rows)))).astype(np.float64)
        each = [logs[place, : dev.lengths[row]] for place, row in enumerate(rows.tolist())]
        return [
            Example([f"recording {dev.rows[row] + 1}"], [shorten(dev.texts[row])], [shorten(found) or "-"])
            for row, found in zip(rows.tolist(), transcripts(each, text, GREEDY, None), strict=True)
        ]

    return predict
