"""Negative log-likelihood of a text: with full context, in windows, or by dynamic evaluation."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.codecs import Codec
from seqnlp.decoders import NextTokenDecoder
from seqnlp.embeddings import TokenBatch
from seqnlp.json_text import to_json
from seqnlp.metrics.significance import ItemScore, ItemScores, digest, ratio
from seqnlp.model import SequenceModel
from seqnlp.nn.device import in_widest_float, to_numpy
from seqnlp.nn.encoder import States
from seqnlp.nn.private import lerp_all
from seqnlp.optimizers.eager import eager
from seqnlp.tasks.lm.dataset import NEXT, StreamDataset

STREAMS = 32
"""Parts of a long text that are read side by side."""
SHORTEST = 4096
"""Tokens of such a part, at least."""
WARM_UP = 1024
"""Tokens before a part that are read for the state alone."""
BATCH_TOKENS = 8192
LOGITS = 1 << 22
"""Log-probabilities computed at once."""
BLOCK = 128
"""Tokens of a block that is resampled as a whole."""
ADAPTING_WINDOW = 32
"""Tokens between the steps of dynamic evaluation."""


@dataclass(frozen=True)
class EvaluationSettings:
    """Settings of the scoring of a text."""

    context: int | None = None
    """Score it in independent windows of this many tokens; None: carry the state through."""
    dynamic: float | None = None
    """Learning rate of dynamic evaluation, which learns from the scored text; None: no learning."""


def total_nats(model: SequenceModel, examples: StreamDataset, settings: EvaluationSettings) -> float:
    """Sum the negative log-likelihood of all tokens but the first; in nats."""
    if settings.dynamic is not None:
        return _while_learning(model, examples.tokens, settings.dynamic)
    if settings.context is not None:
        return _in_windows(model, examples.tokens, settings.context)
    return float(sum(nats.sum().item() for _, nats in _carried_through(model, examples.tokens)))


def block_scores(model: SequenceModel, examples: StreamDataset, codec: Codec) -> ItemScores:
    """Nats by block of tokens, read with the state carried through: neighbouring tokens are not independent."""
    totals = np.zeros(-(-examples.items // BLOCK))
    for places, nats in _carried_through(model, examples.tokens):
        totals += np.bincount(places // BLOCK, to_numpy(nats), len(totals))
    sizes = np.full(len(totals), BLOCK)
    sizes[-1] = examples.items - BLOCK * (len(totals) - 1)
    direction = ("backward",) if examples.backward else ()  # whose blocks are other ones
    basis = digest(to_json(codec.to_json()), examples.items, *direction)
    score = ItemScore(np.stack([totals, sizes], 1), ratio, basis)
    return ItemScores(f"blocks of {BLOCK} tokens", {"nats": score})


@dataclass(frozen=True)
class TokenPredictions:
    """Predictions of every token of a text but the first; shape (items,)."""

    nats: NDArray[np.float32]
    """Negative log-likelihood of the token."""
    likeliest: NDArray[np.int64]
    """Token that the model thought likeliest."""


def predict_tokens(model: SequenceModel, examples: StreamDataset) -> TokenPredictions:
    """Predict every token of a text, with the state carried through."""
    tokens, decoder = examples.tokens, model.decoder(NEXT, NextTokenDecoder)
    found = TokenPredictions(np.zeros(examples.items, np.float32), np.zeros(examples.items, np.int64))
    for places, counted, states in _read_streams(model, tokens):
        rows, steps, _ = states.outputs.shape
        size = max(1, LOGITS // (rows * decoder.output.out_features))
        for start in range(0, steps, size):
            part = slice(start, start + size)
            logs = decoder.predict(States(states.outputs[:, part], states.mask[:, part]))
            real, where = counted[:, part], places[:, part]
            targets = tokens[np.minimum(where, examples.items - 1) + 1].astype(np.int64)
            own = logs.gather(-1, torch.from_numpy(targets).to(logs.device)[..., None])[..., 0]
            found.nats[where[real]] = -to_numpy(own)[real]
            found.likeliest[where[real]] = to_numpy(logs.argmax(-1))[real]
    return found


def _carried_through(model: SequenceModel, tokens: NDArray[Any]) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Compute the negative log-likelihoods of all tokens but the first.

    Yields:
        Places of tokens, and the negative log-likelihoods of those after them, in nats.
    """
    decoder, items = model.decoder(NEXT, NextTokenDecoder), len(tokens) - 1
    for places, counted, states in _read_streams(model, tokens):
        targets = torch.from_numpy(tokens[np.minimum(places, items - 1) + 1].astype(np.int64))
        nats = decoder.nats(states, targets.to(model.device))
        yield places[counted], in_widest_float(nats[torch.from_numpy(counted).to(model.device)])


def _read_streams(
    model: SequenceModel, tokens: NDArray[Any]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_], States]]:
    """Read a long text in equal parts side by side; each but the first has a start to warm up on.

    Yields:
        Places of tokens, shape (parts, steps), true for those that count, and the states after them.
    """
    items = len(tokens) - 1
    streams = max(1, min(STREAMS, items // SHORTEST))
    warm_up = WARM_UP if streams > 1 else 0
    length = ceil((items - warm_up) / streams)
    starts = np.arange(streams)[:, None] * length
    begins = np.where(starts > 0, starts + warm_up, 0)  # the first part is scored from its very start
    state = None
    for offset in range(0, warm_up + length, BATCH_TOKENS // streams):
        steps = np.arange(offset, min(offset + BATCH_TOKENS // streams, warm_up + length))
        places = starts + steps
        inputs = torch.from_numpy(tokens[np.minimum(places, items - 1)].astype(np.int64))
        states = model.encode(TokenBatch(inputs), state)
        yield places, (places >= begins) & (places < items), states
        state = states.state


def _in_windows(model: SequenceModel, tokens: NDArray[Any], context: int) -> float:
    """Read a text in windows that begin without a state."""
    items = len(tokens) - 1
    whole = np.arange(items // context) * context
    rows = max(1, BATCH_TOKENS // context)
    total = 0.0
    for start in range(0, len(whole), rows):
        places = whole[start : start + rows, None] + np.arange(context)
        total += in_widest_float(_read(model, tokens, places)).sum().item()
    if rest := items % context:
        total += in_widest_float(_read(model, tokens, np.arange(items - rest, items)[None])).sum().item()
    return total


def _read(model: SequenceModel, tokens: NDArray[Any], places: NDArray[np.int64]) -> Tensor:
    """Compute the negative log-likelihood, in nats, of the tokens after some places."""
    inputs, targets = (torch.from_numpy(tokens[where].astype(np.int64)) for where in (places, places + 1))
    states = model.encode(TokenBatch(inputs))
    return model.decoder(NEXT, NextTokenDecoder).nats(states, targets.to(model.device))


def _while_learning(model: SequenceModel, tokens: NDArray[Any], rate: float) -> float:
    """Dynamic evaluation (Krause et al., 2018): learn from each window once it has been scored.

    Steps are scaled by the gradients' running size, and after each the weights decay towards those of the
    training. Afterwards they are restored.
    """
    decoder, items, total = model.decoder(NEXT, NextTokenDecoder), len(tokens) - 1, 0.0
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    trained = [parameter.detach().clone() for parameter in parameters]
    with torch.inference_mode(False), torch.enable_grad():
        optimizer = eager(torch.optim.Adam)(parameters, rate, betas=(0.0, 0.999), fused=True)
        state: list[Tensor] | None = None
        for start in range(0, items, ADAPTING_WINDOW):
            window = torch.from_numpy(tokens[start : start + ADAPTING_WINDOW + 1].astype(np.int64))[None]
            window = window.to(model.device)
            states = model.encode(TokenBatch(window[:, :-1]), state)
            loss = decoder.loss(states, window[:, 1:])
            total += loss.total.item()
            loss.mean.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            optimizer.zero_grad()
            lerp_all([parameter.data for parameter in parameters], trained, rate)
            state = [part.detach() for part in states.state]
    for parameter, before in zip(parameters, trained, strict=True):
        parameter.data.copy_(before)
    return total
