"""Utterances of a stream: nothing that was said is lost, whatever the blocks that it comes in."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqnlp.tasks.transcribe.endpoints import MARGIN, Endpointer

RATE = 8000
Samples = NDArray[np.float32]


def noise(seconds: float, loud: float, seed: int = 0) -> Samples:
    found: Samples = (loud * np.random.default_rng(seed).normal(size=round(seconds * RATE))).astype(np.float32)
    return found


def utterances(stream: Samples, cuts: list[int], longest: float = 10) -> list[tuple[int, Samples]]:
    endpointer = Endpointer(RATE, longest)
    found = [each for part in np.split(stream, sorted(cuts)) for each in endpointer.add(part)]
    return [*found, *endpointer.end()]


STREAM = np.concatenate(
    [noise(1, 0.001), noise(0.6, 0.2), noise(0.9, 0.001), noise(0.3, 0.1), noise(0.2, 0.001), noise(0.3, 0.1)]
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_pauses_end_utterances_however_the_stream_is_cut(cuts: list[int]) -> None:
    first, second = utterances(STREAM, cuts)
    for (start, samples), begin, end in ((first, 1.0, 1.6), (second, 2.5, 3.3)):
        assert start / RATE <= begin
        assert (start + len(samples)) / RATE >= min(end, len(STREAM) / RATE) - 1e-9
        assert start / RATE > begin - 2 * MARGIN
        np.testing.assert_array_equal(samples, STREAM[start : start + len(samples)])


def test_long_speech_is_cut() -> None:
    found = utterances(noise(3, 0.2), [], longest=1)
    assert [len(samples) / RATE for _, samples in found] == [1, 1, 1]
    assert [start / RATE for start, _ in found] == [0, 1, 2]


def test_a_louder_background_is_no_speech() -> None:
    background = noise(4, 0.004)
    assert utterances(background, []) == []
    ((start, _),) = utterances(np.concatenate([background, noise(0.5, 0.2), background]), [])
    assert abs(start / RATE - 4) <= MARGIN + 0.02
