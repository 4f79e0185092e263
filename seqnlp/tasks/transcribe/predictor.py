"""A trained transcriber: recordings in, texts with times out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, final, overload

import numpy as np
from numpy.typing import NDArray

from seqnlp.codecs import RunningText
from seqnlp.codecs.log_mel import LogMelCodec
from seqnlp.decoders.ctc import CtcDecoder
from seqnlp.errors import UsageError
from seqnlp.model import SequenceModel
from seqnlp.nn.ctc import Hypothesis, Logs, Scorer, align, greedy, log_likelihood, prefix_beam_search
from seqnlp.nn.device import to_numpy
from seqnlp.readers.audio import Waveform, pcm, read_waveform
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.columns import Columns, column_of
from seqnlp.tasks.transcribe.dataset import TEXT, make_batch
from seqnlp.tasks.transcribe.endpoints import Endpointer
from seqnlp.tasks.transcribe.features import Extractor, Features
from seqnlp.tasks.transcribe.language_model import LmScorer, open_language_model
from seqnlp.tasks.transcribe.recipe import CtcSearch, TranscribeRecipe
from seqnlp.tasks.transcribe.result import TimedToken, Transcription
from seqnlp.training.dataset import EVALUATION_TOKENS, in_order
from seqnlp.training.inference import in_parallel, stream_in_windows

AT_ONCE = 64
"""Recordings in memory at once, at most."""

Recording = str | Path | Waveform
Recordings = list[str] | list[Path] | list[Waveform]


@final
class Transcriber(Predictor):
    """A trained transcriber: `print(transcriber.transcribe("seven.wav").text)`."""

    task: ClassVar[str] = "transcribe"

    def __init__(self, model: SequenceModel, codec: LogMelCodec, text: RunningText, recipe: TranscribeRecipe) -> None:
        """Store a model and its codecs.

        Args:
            model: The trained model.
            codec: Codec of the features.
            text: Codec of the labels.
            recipe: The recipe that the model was trained with.
        """
        self.model, self.codec, self.text, self.recipe = model.eval(), codec, text, recipe
        self.extractor = Extractor(recipe.data, codec)
        self.input_column = recipe.data.audio
        self._scorers: dict[tuple[str, float, float], Scorer] = {}

    @property
    def rate(self) -> int:
        """Sample rate of the features, in Hz."""
        return self.codec.rate

    @property
    def step_seconds(self) -> float:
        """Time from one encoder step to the next."""
        return self.codec.seconds * self.recipe.embedding.stride

    def predict(self, lines: Iterable[str]) -> Iterator[Transcription]:
        """Transcribe recordings, the name of a file a line."""
        return self.transcribe(line.strip() for line in lines)

    def predict_columns(self, columns: Columns, column: str | None) -> dict[str, list[Any]]:
        """Predict `transcript`; a cell is a file, or what `datasets` stores or decodes for one."""
        name = column or self.input_column
        cells = enumerate(column_of(columns, name), 1)
        recordings = (_recording(cell, f"row {row}, column {name!r}") for row, cell in cells)
        return {"transcript": [result.text for result in self.transcribe(recordings)]}

    @overload
    def transcribe(
        self, recordings: Recording, *, search: CtcSearch | None = None, resample: bool | None = None
    ) -> Transcription: ...
    @overload
    def transcribe(
        self, recordings: Recordings, *, search: CtcSearch | None = None, resample: bool | None = None
    ) -> list[Transcription]: ...
    @overload
    def transcribe(
        self, recordings: Iterator[Recording], *, search: CtcSearch | None = None, resample: bool | None = None
    ) -> Iterator[Transcription]: ...
    def transcribe(
        self,
        recordings: Recording | Recordings | Iterator[Recording],
        *,
        search: CtcSearch | None = None,
        resample: bool | None = None,
    ) -> Transcription | list[Transcription] | Iterator[Transcription]:
        """Write down what is said in recordings.

        Args:
            recordings: A file or samples; a list or an iterator of them.
            search: Settings of the search; left out: those of the recipe.
            resample: Convert recordings of another sample rate; left out: as the recipe says.

        Returns:
            One transcript, a list, or an iterator of them, as the recordings were given.

        Raises:
            seqnlp.errors.DataError: a recording that is missing, damaged, silent, too short or too long.
            seqnlp.errors.UsageError: the language model is of another task.
        """
        chosen = search or self.recipe.search

        def work(window: list[Recording]) -> list[Transcription]:
            return self._transcribe(window, chosen, resample)

        if isinstance(recordings, str | Path | Waveform):
            return work([recordings])[0]
        stream: Iterator[Recording] = iter(recordings)
        found = stream_in_windows(stream, work, AT_ONCE)
        return found if isinstance(recordings, Iterator) else list(found)

    def stream(
        self, blocks: Iterable[bytes], rate: int, channels: int = 1, *, search: CtcSearch | None = None
    ) -> Iterator[Transcription]:
        """Transcribe a stream of little-endian 16-bit samples, utterance by utterance.

        Args:
            blocks: Parts of the stream, of any sizes.
            rate: Sample rate in Hz.
            channels: Interleaved channels.
            search: Settings of the search; left out: those of the recipe.
        """
        if rate < 1 or channels < 1:
            raise UsageError(f"rate {rate}, channels {channels}: expected 1 or more")
        endpointer, rest, width = Endpointer(rate, self.recipe.data.max_seconds), b"", 2 * channels
        for block in blocks:
            rest += block
            whole = len(rest) // width * width
            part, rest = rest[:whole], rest[whole:]
            yield from self._utterances(endpointer.add(_mono(part, channels)), rate, channels, search)
        yield from self._utterances(endpointer.end(), rate, channels, search)

    def _utterances(
        self, found: Iterable[tuple[int, NDArray[np.float32]]], rate: int, channels: int, search: CtcSearch | None
    ) -> Iterator[Transcription]:
        for start, samples in found:
            if len(samples) >= self.recipe.data.min_seconds * rate:
                waveform = Waveform(samples, rate, channels)
                yield replace(self.transcribe(waveform, search=search, resample=True), start=start / rate)

    def posteriors(self, recording: Recording, resample: bool | None = None) -> Logs:
        """Log-probability of each label at each step; label 0 is the blank; shape (time, labels)."""
        return self._logs([self._features(recording, resample)])[0]

    def scorer(self, search: CtcSearch) -> Scorer | None:
        """Scorer of a search; None without a language model and a bonus."""
        if search.language_model is None:
            return LengthBonus(search.length_bonus) if search.length_bonus else None
        key = (search.language_model, search.lm_weight, search.length_bonus)
        if key not in self._scorers:
            generator = open_language_model(search.language_model)
            self._scorers[key] = LmScorer(generator, self.text, search.lm_weight, search.length_bonus)
        return self._scorers[key]

    def _transcribe(self, recordings: list[Recording], search: CtcSearch, resample: bool | None) -> list[Transcription]:
        scorer = self.scorer(search)
        features = [self._features(recording, resample) for recording in recordings]
        return [
            self._result(recording, each, logs, find(logs, search, scorer))
            for recording, each, logs in zip(recordings, features, self._logs(features), strict=True)
        ]

    def _features(self, recording: Recording, resample: bool | None) -> Features:
        if isinstance(recording, Waveform):
            return self.extractor.extract(recording, "samples", resample)
        return self.extractor.extract(read_waveform(recording), recording, resample)

    def _logs(self, features: Sequence[Features]) -> list[Logs]:
        """Log-probabilities of each recording; in batches of about the same length."""
        embedding = self.recipe.embedding
        lengths = np.array([len(each.frames) for each in features], np.int64)
        found: list[Logs] = [np.empty((0, len(self.text)))] * len(features)
        steps = -(-lengths // embedding.stride)

        def work(rows: NDArray[np.int64]) -> list[tuple[int, Logs]]:
            frames = np.concatenate([features[row].frames for row in rows])
            states = self.model.encode(make_batch(self.codec, embedding, frames, lengths[rows]))
            logs = to_numpy(self.model.decoder(TEXT, CtcDecoder).predict(states)).astype(np.float64)
            return [(row, logs[place, : steps[row]]) for place, row in enumerate(rows.tolist())]

        for batch in in_parallel(work, in_order(steps, EVALUATION_TOKENS), self.model.device):
            for row, logs in batch:
                found[row] = logs
        return found

    def _result(self, recording: Recording, features: Features, logs: Logs, found: Hypothesis) -> Transcription:
        name = None if isinstance(recording, Waveform) else str(recording)
        spans = align(logs, found.labels)
        tokens = [
            TimedToken(
                self.text.decode([label]),
                min(first * self.step_seconds, features.seconds),
                min(last * self.step_seconds, features.seconds),
                float(np.exp(logs[first:last, label].max())),
            )
            for label, (first, last) in zip(found.labels, spans, strict=True)
        ]
        text = self.text.decode(found.labels).strip()
        return Transcription(text, features.seconds, found.logprob, found.score, tokens, name, notes=features.notes)


def _recording(cell: Any, place: str) -> Recording:
    """Recording in a cell; raises `UsageError` for something else."""
    if isinstance(cell, str | Path | Waveform):
        return cell
    if isinstance(cell, Mapping) and cell.get("array") is not None:
        samples = np.asarray(cell["array"], np.float32)
        channels = samples.shape[0] if samples.ndim > 1 else 1
        return Waveform(samples.mean(0) if samples.ndim > 1 else samples, int(cell["sampling_rate"]), channels)
    if isinstance(cell, Mapping) and cell.get("bytes") is not None:
        return read_waveform(cell["bytes"], str(cell.get("path") or place))
    if isinstance(cell, Mapping) and cell.get("path") is not None:
        return str(cell["path"])
    raise UsageError(f"{place} is {type(cell).__name__}; expected a recording")


@final
class LengthBonus(Scorer):
    """Adds a bonus for each label."""

    def __init__(self, bonus: float) -> None:
        self.bonus = bonus

    def begin(self) -> None:
        return None

    def extend(self, state: None, label: int) -> tuple[None, float]:
        return None, self.bonus

    def end(self, state: None) -> float:
        return 0.0


def find(logs: Logs, search: CtcSearch, scorer: Scorer | None) -> Hypothesis:
    """Search for the labels of a recording."""
    if search.beam > 1:
        return prefix_beam_search(logs, search.beam, scorer)[0]
    labels = greedy(logs)
    logprob = log_likelihood(logs, labels)
    return Hypothesis(labels, logprob, logprob)


def _mono(part: bytes, channels: int) -> NDArray[np.float32]:
    samples = pcm(part, 2)
    return samples if channels == 1 else samples.reshape(-1, channels).mean(1, dtype=np.float32)
