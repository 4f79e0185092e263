"""Log-mel features and resampling beside librosa, and beside the same equations in numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqnlp.codecs.log_mel import LogMel, LogMelCodec
from seqnlp.nn.log_mel import FLOOR, log_mel, resample
from seqnlp.nn.spec_augment import SpecAugment

Floats = NDArray[np.float64]


def noise(samples: int, seed: int = 0) -> NDArray[np.float32]:
    random = np.random.default_rng(seed)
    swell = np.sin(np.arange(samples) / 500) ** 2
    return (0.3 * swell * random.normal(size=samples)).astype(np.float32)


def features(samples: NDArray[np.float32], codec: LogMelCodec) -> Floats:
    filters = torch.from_numpy(codec.filters())
    return log_mel(torch.from_numpy(samples), codec.window, codec.hop, codec.n_fft, filters).numpy()


def by_definition(samples: NDArray[np.float32], codec: LogMelCodec) -> Floats:
    """Frame by frame, with a Fourier transform written out."""
    size, window = codec.n_fft, codec.window
    hann = np.zeros(size)
    start = (size - window) // 2
    hann[start : start + window] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    padded = np.pad(samples.astype(np.float64), size // 2)
    turns = np.exp(-2j * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(size)) / size)
    rows = []
    for frame in range(1 + len(samples) // codec.hop):
        part = padded[frame * codec.hop : frame * codec.hop + size] * hann
        rows.append(codec.filters() @ np.abs(turns @ part) ** 2)
    return np.log(np.maximum(rows, FLOOR))


@pytest.mark.parametrize(
    "settings", [{}, {"mels": 20, "window_ms": 32.0, "hop_ms": 12.5}, {"f_min": 60, "f_max": 3500}]
)
def test_features_are_those_of_the_definition(settings: dict[str, float]) -> None:
    codec = LogMel.model_validate(settings).codec(8000)
    for samples in (noise(1600), noise(31), np.zeros(400, np.float32)):
        found = features(samples, codec)
        assert len(found) == codec.frames(len(samples))
        np.testing.assert_allclose(found, by_definition(samples, codec), atol=1e-8)


@pytest.mark.parametrize(
    ("rate", "settings"), [(8000, {}), (16000, {"mels": 80}), (8000, {"f_min": 50, "f_max": 3800})]
)
def test_features_are_librosas(rate: int, settings: dict[str, float]) -> None:
    librosa = pytest.importorskip("librosa")
    codec, samples = LogMel.model_validate(settings).codec(rate), noise(5000)
    energies = librosa.feature.melspectrogram(
        y=samples.astype(np.float64),
        sr=rate,
        n_fft=codec.n_fft,
        win_length=codec.window,
        hop_length=codec.hop,
        n_mels=codec.mels,
        fmin=codec.f_min,
        fmax=codec.f_max,
        center=True,
        pad_mode="constant",
        dtype=np.float64,
    )
    np.testing.assert_allclose(features(samples, codec), np.log(np.maximum(energies.T, FLOOR)), atol=1e-5)


def test_energies_below_the_loudest_are_clipped_as_librosa_does() -> None:
    librosa = pytest.importorskip("librosa")
    codec, samples = LogMel(top_db=30).codec(8000), noise(3000)
    energies = features(samples, codec)
    expected = librosa.power_to_db(np.exp(energies), ref=np.max, amin=FLOOR, top_db=30)
    found = codec.keep(energies).astype(np.float64) * 10 / np.log(10) - 15
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert (found.min(), found.max()) == pytest.approx((-30, 0), abs=0.02)


def test_bands_below_the_resolution_are_found() -> None:
    assert LogMel(mels=40).codec(8000).empty_filters == 0
    assert LogMel(mels=200).codec(8000).empty_filters > 0


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.integers(0, 1000))
def test_an_utterance_is_normalised_by_itself(lengths: list[int], seed: int) -> None:
    codec = LogMel(mels=4).codec(8000)
    frames = np.random.default_rng(seed).normal(3, 2, (sum(lengths), 4)).astype(np.float16)
    found = codec.normalized(frames, np.array(lengths))
    start = 0
    for length in lengths:
        own = frames[start : start + length]
        alone = codec.normalized(own, np.array([length]))
        np.testing.assert_array_equal(found[start : start + length], alone)
        exact = own.astype(np.float64)
        expected = (exact - exact.mean(0)) / np.maximum(exact.std(0), 1e-5)
        np.testing.assert_allclose(alone, expected, atol=2e-3 if length > 1 else 0.1)
        start += length


def test_corpus_statistics_are_those_of_train() -> None:
    codec = LogMel(mels=3, normalize="corpus").codec(8000)
    frames = np.random.default_rng(0).normal([1, 5, -2], [1, 2, 3], (70_000, 3)).astype(np.float16)
    codec.fit(frames)
    again = LogMelCodec.from_json(codec.to_json())
    found = again.normalized(frames, np.array([len(frames)])).astype(np.float64)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(found.std(0), 1, atol=1e-3)


@pytest.mark.parametrize(
    ("before", "after"), [(16000, 8000), (44100, 8000), (8000, 16000), (11025, 8000), (8000, 8001)]
)
def test_resampling_keeps_what_both_rates_can_hold(before: int, after: int) -> None:
    seconds = 0.5
    for frequency in (100.0, 1000.0, 3300.0):
        here, there = (np.arange(round(seconds * rate)) / rate for rate in (before, after))
        tone = torch.from_numpy(np.sin(2 * np.pi * frequency * here))
        found = resample(tone, before, after).numpy()
        assert abs(len(found) - len(there)) <= 1
        inside = slice(len(there) // 8, -len(there) // 8)
        np.testing.assert_allclose(
            found[: len(there)][inside], np.sin(2 * np.pi * frequency * there)[inside], atol=2e-3
        )


def test_resampling_removes_what_the_lower_rate_cannot_hold() -> None:
    tone = torch.from_numpy(np.sin(2 * np.pi * 5000 * np.arange(8000) / 16000))
    assert resample(tone, 16000, 8000)[500:-500].abs().max() < 2e-3


def test_masks_are_of_training_alone_and_within_the_utterance() -> None:
    augment = SpecAugment(freq_masks=2, freq_width=3, time_masks=2, time_width=10, time_share=0.25)
    frames, lengths = torch.ones(64, 20, 8), torch.tensor([20, 8] * 32)
    found = augment.train()(frames, lengths)
    assert torch.equal(augment.eval()(frames, lengths), frames)
    for row, length in zip(found, lengths.tolist(), strict=True):
        times = (row.sum(1) == 0).nonzero()[:, 0]
        assert len(times) <= 2 * int(length * 0.25)
        assert (times < length).all()
        assert ((row[~(row.sum(1) == 0)].sum(0) == 0).sum()) <= 6
    assert (found == 0).any(2).any(1).float().mean() > 0.9


def test_bands_are_warped_as_by_longer_and_shorter_vocal_tracts() -> None:
    augment = SpecAugment(freq_masks=0, freq_width=0, time_masks=0, time_width=0, time_share=0.0, freq_warp=0.2).train()
    bands = torch.arange(10.0)
    frames = bands.expand(50, 3, 10).clone()  # each band holds its own number
    found = augment(frames, torch.full((50,), 3))
    factors = found[:, 0, 5] / 5
    assert ((factors >= 0.8 - 1e-6) & (factors <= 1.2 + 1e-6)).all()
    assert factors.std() > 0.05
    for row, factor in zip(found, factors, strict=True):
        torch.testing.assert_close(row, (bands * factor).clamp(max=9).expand(3, 10))
