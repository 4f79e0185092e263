"""Requests about transcribers."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqnlp.nn.ctc import BLANK
from seqnlp.readers.audio import read_waveform
from seqnlp.recipe.load import path_resolver
from seqnlp.run import Run
from seqnlp.service.handlers import Handler
from seqnlp.service.protocol import Request
from seqnlp.tasks.transcribe.predictor import Transcriber
from seqnlp.tasks.transcribe.recipe import CtcSearch

PEAKS = 2000
"""Points of a waveform, at most: more than a terminal has dots."""


def transcribe(transcriber: Transcriber, run: str, file: str, beam: int | None) -> dict[str, Any]:
    """Transcribe a recording: its text with times, the outline of its wave, and probabilities by label over time."""
    path = path_resolver(Run.open(run).recipe_file)(file)
    waveform = read_waveform(path)
    search = transcriber.recipe.search if beam is None else CtcSearch(beam=beam)
    # told by its notes: a panel refuses no sample rate
    result = transcriber.transcribe(waveform, search=search, resample=True)
    shares = np.exp(transcriber.posteriors(waveform, resample=True))
    chosen = [
        label for label in np.argsort(-shares.max(0)).tolist() if label != BLANK and shares[:, label].max() > 0.05
    ]
    parts = np.array_split(waveform.samples, min(PEAKS, len(waveform.samples)))
    return {
        **result.to_json(),
        "file": str(path),
        "peaks": [[round(float(part.min()), 3), round(float(part.max()), 3)] for part in parts],
        "labels": [transcriber.text.decode([label]) for label in chosen],
        "posteriors": [[round(share, 2) for share in shares[:, label].tolist()] for label in chosen],
        "step_seconds": transcriber.step_seconds,
    }


def _transcribe(transcriber: Transcriber, request: Request) -> Iterator[Any]:
    yield transcribe(transcriber, request.run, **request.settings)


HANDLERS = {"transcribe": Handler(_transcribe)}
