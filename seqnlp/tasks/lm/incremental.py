"""A language model that reads several texts one token at a time."""

from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqnlp.codecs.running_text import UNKNOWN
from seqnlp.decoders import NextTokenDecoder
from seqnlp.embeddings import TokenLookup
from seqnlp.model import SequenceModel
from seqnlp.nn.device import CPU, NumpyView, in_widest_float, to_device, to_numpy
from seqnlp.nn.recurrent import packed_linear
from seqnlp.shapes import Float, Int
from seqnlp.tasks.lm.dataset import NEXT
from seqnlp.training.inference import on_one_thread

MANY_ROWS = 32
"""Texts at once that are worth waking the other threads of the processor in each step."""


@final
class IncrementalLm:
    """Weights of a language model for single steps, and its hidden state. The state follows the texts read so far."""

    @torch.inference_mode()
    def __init__(self, model: SequenceModel, state: list[Tensor] | None, rows: int, most: int | None = None) -> None:
        """Start after a text that has been read.

        Args:
            model: The language model; changes of its weights are not seen.
            state: Of its encoder after the text; None: before any text.
            rows: Number of texts that continue from there.
            most: Texts at once, later; `rows` where none are added.
        """
        embedding, decoder = model.embedding, model.decoder(NEXT, NextTokenDecoder)
        assert isinstance(embedding, TokenLookup)
        self._stepper = model.encoder.stepper(most or rows, embedding.table.weight.detach())
        self._stepper.load(state, rows)
        projection = decoder.projection
        self._project = (
            packed_linear(projection.weight, None, most or rows, reuse=True)
            if isinstance(projection, nn.Linear)
            else None
        )
        bias = decoder.output.bias.detach().clone()
        bias[UNKNOWN] = -torch.inf
        self._output = packed_linear(decoder.output.weight, bias, most or rows, reuse=True)
        self._device = model.device
        self._tokens, self._view = torch.empty(rows, dtype=torch.int64), NumpyView()
        self._tokens_array = to_numpy(self._tokens)

    def logits(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Read each text's next token and compute the logits after it.

        Args:
            tokens: As many as there were texts at first; shape (rows,).

        Returns:
            Shape (rows, tokens), minus infinity for the unknown token. The next call overwrites them.
        """
        self._tokens_array[:] = tokens
        return self._view(self._logits(self._tokens))

    def _logits(self, tokens: Tensor) -> Tensor:
        if 1 < len(tokens) < MANY_ROWS:
            with on_one_thread():  # waking the others takes longer than their share of a step
                return self._multiplied(tokens)
        return self._multiplied(tokens)

    def _multiplied(self, tokens: Tensor) -> Tensor:
        hidden = self._stepper.step(tokens if self._device == CPU else to_device(tokens, self._device))
        return self._output(hidden if self._project is None else self._project(hidden))

    def step(self, tokens: Int[Tensor, " rows"]) -> tuple[Float[Tensor, "rows tokens"], Float[Tensor, "rows source"]]:
        """Read the next token of each text. See `seqnlp.nn.beam_search.IncrementalModel`; there is no source."""
        logs = in_widest_float(self._logits(tokens)).log_softmax(1)
        return logs, logs.new_zeros(len(logs), 0)

    def keep(self, rows: Int[Tensor, " chosen"]) -> None:
        """Select texts."""
        self._stepper.keep(rows)
