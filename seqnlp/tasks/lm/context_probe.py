"""Effective context of a language model: the gradient that reaches earlier inputs, and the loss without them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.decoders import NextTokenDecoder
from seqnlp.embeddings import TokenBatch
from seqnlp.errors import DataError, UsageError
from seqnlp.limits import HISTORY
from seqnlp.model import SequenceModel
from seqnlp.nn.encoder import States
from seqnlp.results import ContextProbe
from seqnlp.tasks.lm.dataset import NEXT, StreamDataset
from seqnlp.tasks.loading import open_split
from seqnlp.tasks.registry import task_info

POSITIONS = 256
"""Places in the text that the loss is measured at."""
AT_ONCE = 64
TOLERANCE = 0.01
"""A history is long enough if a longer one makes the loss less than this share smaller."""


def probe(
    run: str | Path, split: str = "dev", data: str | Path | None = None, *, steps: int = 200, trust: bool = False
) -> ContextProbe:
    """Measure the effective context of a language model; save it in the run as `probe.json`.

    Args:
        run: A run of a language model.
        split: `train`, `dev` or `test`.
        data: Another file, instead of a split.
        steps: Longest history, in tokens; less in a shorter text.
        trust: Consent to run the Python that the run brings along; it is remembered.

    Raises:
        seqnlp.errors.UsageError: the run is of another task, or `steps` is under 1.
        seqnlp.errors.DataError: the text is too short.
    """
    HISTORY.check(steps=steps)
    opened = open_split(run, split, data, trust)
    if not isinstance(opened.examples, StreamDataset):
        raise UsageError(f"{run}: expected a language model; this run is {task_info(opened.task.name).noun}")
    tokens = opened.examples.tokens
    steps = min(steps, len(tokens) // 2, len(tokens) - 2)
    if steps < 1:
        raise DataError("too short to look back in", opened.table.name)
    last = np.unique(np.linspace(steps, len(tokens) - 2, POSITIONS).astype(np.int64))
    histories = sorted({min(round(2 ** (power / 2)), steps) for power in range(32)})
    losses = {length: _loss(opened.model, tokens, last, length) for length in histories}
    enough = next(length for length in histories if losses[length] <= losses[histories[-1]] * (1 + TOLERANCE))
    result = ContextProbe(_gradients(opened.model, tokens, last, steps), losses, enough)
    opened.run.save_probe({"split": split if data is None else str(data), **result.to_json()})
    return result


def _gradients(model: SequenceModel, tokens: NDArray[Any], last: NDArray[np.int64], steps: int) -> list[float]:
    """Mean gradient norm of the loss with respect to earlier inputs. They are 0, 1, ... steps before some places."""
    norms = []
    for places in np.array_split(last, range(AT_ONCE, len(last), AT_ONCE)):
        inputs, targets = _windows(tokens, places, steps, model.device)
        batch = TokenBatch(inputs).to(model.device)
        vectors = model.embedding(batch).detach().requires_grad_()
        states = model.encoder(vectors, batch.mask)
        outputs = _last(model, states)
        loss = -outputs.gather(1, targets[:, None]).sum()
        (gradient,) = torch.autograd.grad(loss, vectors)
        norms.append(gradient.norm(dim=-1))
    mean: list[float] = torch.cat(norms).mean(0).flip(0).tolist()
    return mean


@torch.inference_mode()
def _loss(model: SequenceModel, tokens: NDArray[Any], last: NDArray[np.int64], history: int) -> float:
    """Mean loss at some places, with the context cut; in nats."""
    inputs, targets = _windows(tokens, last, history - 1, model.device)
    states = model.encode(TokenBatch(inputs))
    outputs = _last(model, states)
    return -outputs.gather(1, targets[:, None]).mean().item()


def _last(model: SequenceModel, states: States) -> Tensor:
    """Log-probabilities after the last step alone: those of all steps would take much memory."""
    last = States(states.outputs[:, -1:], states.mask[:, -1:])
    return model.decoder(NEXT, NextTokenDecoder).predict(last)[:, -1]


def _windows(tokens: NDArray[Any], last: NDArray[np.int64], steps: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Gather the tokens from some steps before each place up to it; also the token after it."""
    places = last[:, None] + np.arange(-steps, 1)
    inputs, targets = tokens[places].astype(np.int64), tokens[last + 1].astype(np.int64)
    return torch.from_numpy(inputs), torch.from_numpy(targets).to(device)
