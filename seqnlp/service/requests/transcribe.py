"""Requests about transcribers."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqnlp.errors import UsageError
from seqnlp.nn.ctc import BLANK
from seqnlp.readers.audio import AUDIO, Audio, read_waveform
from seqnlp.recipe.load import path_resolver
from seqnlp.run import Run
from seqnlp.service.handlers import Handler
from seqnlp.service.protocol import Request
from seqnlp.tasks.transcribe.predictor import Transcriber
from seqnlp.tasks.transcribe.recipe import CtcSearch

PEAKS = 2000
"""Points of a waveform, at most: more than a terminal has dots."""
SEEN = 0.05
"""Highest probability from which on a label is shown."""


def transcribe(transcriber: Transcriber, run: str, file: str, index: int, beam: int | None) -> dict[str, Any]:
    """Transcribe a recording: its text with times, the outline of its wave, and probabilities by label over time.

    Args:
        transcriber: The model.
        run: Its run directory.
        file: A recording, or a table, folder or pattern of recordings, as a recipe names a split.
        index: Which of them; counted round.
        beam: Prefixes of the search; None: the recipe's search.
    """
    data = transcriber.recipe.data
    reader = data.reader if isinstance(data.reader, Audio) else Audio()
    if reader.pattern is not None and file.lower().endswith(".wav") and "*" not in file:
        reader = Audio()  # a recording of one's own has any name
    table = reader.load(reader.locate(file, path_resolver(Run.open(run).recipe_file)))
    row = table[index % len(table)]
    path = row[AUDIO]["path"]
    waveform = read_waveform(path)
    search = transcriber.recipe.search if beam is None else CtcSearch(beam=beam)
    try:
        result = transcriber.transcribe(path, search=search, resample=True)  # its notes tell
    except UsageError as error:
        raise UsageError(f"search.language_model: {error}") from None
    shares = np.exp(transcriber.posteriors(path, resample=True))
    likely = [label for label in np.argsort(shares.argmax(0)).tolist() if label != BLANK]
    chosen = [label for label in likely if shares[:, label].max() > SEEN]
    parts = np.array_split(waveform.samples, min(PEAKS, len(waveform.samples)))
    return {
        **result.to_json(),
        "reference": row.get(data.text),
        "index": index % len(table),
        "count": len(table),
        "peaks": [[round(float(part.min()), 3), round(float(part.max()), 3)] for part in parts],
        "labels": [transcriber.text.decode([label]) for label in chosen],
        "posteriors": [[round(share, 2) for share in shares[:, label].tolist()] for label in chosen],
    }


def _transcribe(transcriber: Transcriber, request: Request) -> Iterator[Any]:
    yield transcribe(transcriber, request.run, **request.settings)


HANDLERS = {"transcribe": Handler(_transcribe)}
