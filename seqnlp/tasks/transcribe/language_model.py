"""Language model as a scorer of transcripts (shallow fusion)."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.codecs import RunningText
from seqnlp.codecs.running_text import CharacterText
from seqnlp.embeddings import TokenBatch
from seqnlp.errors import UsageError
from seqnlp.nn.ctc import Scorer
from seqnlp.nn.device import to_numpy
from seqnlp.run import Run
from seqnlp.tasks.lm.dataset import NEXT
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.loading import rebuild, recipe_of
from seqnlp.tasks.registry import task_info


@dataclass(frozen=True)
class LmState:
    """A text that was read, and what may come next."""

    hidden: list[Tensor]
    logs: NDArray[np.float32]
    """Log-probability of each next token."""
    pending: str
    """Text of a word that may go on; read once it ends."""
    begun: bool
    """True once there is a text."""


@final
class LmScorer(Scorer):
    """Log-probability of the text under a language model, and a length bonus.

    A model of characters reads each token as it comes, one of words or subwords each word once it has ended.
    """

    def __init__(self, generator: Generator, pieces: RunningText, weight: float, bonus: float) -> None:
        """Store the parts.

        Args:
            generator: The language model.
            pieces: Codec of the transcriber's labels.
            weight: Weight of the log-probability.
            bonus: Added for each label.
        """
        self._model, self._codec = generator.model, generator.codec
        self._decoder = generator.model.decoders[NEXT]
        self._texts = [pieces.decode([label]) for label in range(len(pieces))]
        self._weight, self._bonus = weight, bonus
        self._by_character = isinstance(generator.codec, CharacterText)
        self._ends = b"\n" in generator.codec.pieces
        self._first: LmState | None = None

    def begin(self) -> LmState:
        if self._first is None:  # as the first line of a text begins: after a line break
            hidden, logs = self._read(self._codec.start, None)
            self._first = LmState(hidden, logs, "", False)
        return self._first

    def extend(self, state: LmState, label: int) -> tuple[LmState, float]:
        text = self._texts[label]
        if not state.begun:
            text = text.lstrip(" ")
        if self._by_character:
            state, score = self._spell(state, text)
        elif text.startswith(" ") and state.pending:
            state, score = self._spell(state, state.pending)
            state = LmState(state.hidden, state.logs, text, True)
        else:
            state, score = LmState(state.hidden, state.logs, state.pending + text, True), 0.0
        return state, self._weight * score + self._bonus

    def end(self, state: LmState) -> float:
        rest = state.pending.rstrip(" ") + ("\n" if self._ends else "")
        return self._weight * self._spell(state, rest)[1]

    def _spell(self, state: LmState, text: str) -> tuple[LmState, float]:
        """Read a text token by token."""
        hidden, logs, total = state.hidden, state.logs, 0.0
        for token in self._codec.encode(text).tolist():
            total += float(logs[token])
            hidden, logs = self._read(token, hidden)
        return LmState(hidden, logs, "", state.begun or bool(text)), total

    @torch.inference_mode()
    def _read(self, token: int, hidden: list[Tensor] | None) -> tuple[list[Tensor], NDArray[np.float32]]:
        states = self._model.encode(TokenBatch(torch.tensor([[token]])), hidden)
        return states.state, to_numpy(self._decoder.predict(states)[0, -1])


def open_language_model(run: str | Path) -> Generator:
    """Open the run of a language model.

    Raises:
        seqnlp.errors.RunError: it is missing or damaged.
        seqnlp.errors.UsageError: it is of another task.
    """
    opened = Run.open(run)
    recipe = recipe_of(opened)
    task, model = rebuild(opened, recipe)
    predictor = task.predictor(model)
    if not isinstance(predictor, Generator):
        raise UsageError(f"{run}: expected a language model to score texts; this run is {task_info(task.name).noun}")
    if predictor.backward:
        raise UsageError(f"{run}: expected a language model that reads forward; this one reads backward")
    return predictor
