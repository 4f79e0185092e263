"""Utterances of a stream, told apart by the pauses between them."""

from collections import deque
from collections.abc import Iterator
from typing import final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

FRAME = 0.02
"""Seconds of a frame whose energy is measured."""
PAUSE = 0.5
"""Seconds of quiet that end an utterance."""
MARGIN = 0.2
"""Seconds of quiet kept before and after an utterance."""
LOUDER = 4.0
"""Times the amplitude of the background from which on a frame is speech."""
FLOOR = 0.005
"""Least amplitude of speech, of 1."""
MEMORY = 0.95
"""Weight of the past in the running amplitude of the background."""


@final
class Endpointer:
    """Energy-based detector of utterances: each ends with a pause, or at a greatest length."""

    def __init__(self, rate: int, longest: float) -> None:
        """Begin before the stream.

        Args:
            rate: Sample rate in Hz.
            longest: Seconds of an utterance, at most.
        """
        self._size = max(int(rate * FRAME), 1)
        self._pause, self._margin = round(PAUSE / FRAME), round(MARGIN / FRAME)
        self._longest = max(int(longest / FRAME), 1)
        self._rest: Samples = np.empty(0, np.float32)
        self._before: deque[Samples] = deque(maxlen=self._margin)
        self._frames: list[Samples] = []
        self._quiet, self._done, self._background = 0, 0, FLOOR / LOUDER

    def add(self, samples: Samples) -> Iterator[tuple[int, Samples]]:
        """Read on; yield utterances that have ended, each after the place of its first sample."""
        stream = np.concatenate([self._rest, samples])
        whole = len(stream) // self._size
        self._rest = stream[whole * self._size :]
        for frame in stream[: whole * self._size].reshape(whole, self._size):
            yield from self._add_frame(frame)

    def end(self) -> Iterator[tuple[int, Samples]]:
        """Yield the utterance that the end of the stream has cut short."""
        if self._frames:
            if len(self._rest):
                self._frames.append(self._rest)
            yield self._utterance(len(self._rest))

    def _add_frame(self, frame: Samples) -> Iterator[tuple[int, Samples]]:
        amplitude = float(np.sqrt(np.square(frame - frame.mean()).mean()))
        is_speech = amplitude > max(FLOOR, LOUDER * self._background)
        self._done += len(frame)
        if not self._frames and not is_speech:
            self._background = MEMORY * self._background + (1 - MEMORY) * amplitude
            self._before.append(frame)
            return
        if not self._frames:
            self._frames = [*self._before]
        self._frames.append(frame)
        self._quiet = 0 if is_speech else self._quiet + 1
        if self._quiet >= self._pause or len(self._frames) >= self._longest:
            yield self._utterance(0)

    def _utterance(self, rest: int) -> tuple[int, Samples]:
        """Take the utterance, without most of the pause after it."""
        samples = np.concatenate(self._frames)
        start = self._done + rest - len(samples)
        spare = max(self._quiet - self._margin, 0) * self._size
        self._before.extend(self._frames[len(self._frames) - min(self._quiet, self._margin) :])
        self._frames, self._quiet = [], 0
        return start, samples[: len(samples) - spare]
