"""Frames as steps: padding changes nothing, and each step sees the frames that it stands for."""

from typing import Any

import pytest
import torch

from seqnlp.embeddings.audio import AudioBatch, FrameEmbedding

KINDS: list[dict[str, Any]] = [
    {"kind": "stack", "stride": 3},
    {"kind": "stack", "stride": 2, "context": 2, "size": 6},
    {"kind": "conv", "stride": 2, "size": 6, "kernel_size": 5},
    {"kind": "conv", "stride": 4, "size": 6, "kernel_size": 4, "layers": 3},
    {"kind": "conv", "stride": 1, "size": 6, "kernel_size": 1},
]


def batch(lengths: list[int], stride: int) -> AudioBatch:
    frames = torch.zeros(len(lengths), max(lengths), 5)
    for row, length in enumerate(lengths):
        frames[row, :length] = torch.randn(length, 5, generator=torch.Generator().manual_seed(length))
    return AudioBatch(frames, torch.tensor(lengths), stride)


@pytest.mark.parametrize("settings", KINDS)
def test_an_utterance_alone_and_in_a_batch_is_the_same(settings: dict[str, Any]) -> None:
    spec = FrameEmbedding.parse(settings)
    embedder = spec.build(5).eval()
    lengths = [13, 1, 7, 4]
    together = batch(lengths, spec.stride)
    outputs, mask = embedder(together), together.mask
    assert outputs.shape == (4, mask.shape[1], embedder.width)
    for row, length in enumerate(lengths):
        alone = batch([length], spec.stride)
        steps = -(-length // spec.stride)
        assert mask[row].sum() == alone.mask.sum() == steps
        torch.testing.assert_close(outputs[row, :steps], embedder(alone)[0])


@pytest.mark.parametrize("settings", KINDS)
def test_a_step_sees_its_own_frames(settings: dict[str, Any]) -> None:
    spec = FrameEmbedding.parse({**settings, "dropout": 0.0})
    embedder = spec.build(5).eval()
    inputs = batch([12], spec.stride)
    frames = inputs.frames.clone().requires_grad_(True)
    outputs = embedder(AudioBatch(frames, inputs.lengths, spec.stride))
    for step in range(outputs.shape[1]):
        (gradient,) = torch.autograd.grad(outputs[0, step].sum(), frames, retain_graph=True)
        seen = gradient[0].abs().sum(1).nonzero()[:, 0]
        assert seen.min() <= step * spec.stride <= seen.max()


def test_masks_are_drawn_in_training_alone() -> None:
    spec = FrameEmbedding.parse({"kind": "stack", "stride": 1, "dropout": 0.0, "spec_augment": {"freq_width": 5}})
    embedder, inputs = spec.build(5), batch([9, 9], 1)
    assert torch.equal(embedder.eval()(inputs), inputs.frames)
    assert not torch.equal(embedder.train()(inputs), inputs.frames)
