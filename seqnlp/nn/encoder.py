"""The contract of an encoder's network."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from seqnlp.nn.states import States
from seqnlp.nn.stepper import Stepper, TensorStepper
from seqnlp.shapes import Bool, Float


class EncoderModule(nn.Module, ABC):
    """Maps embedded sequences to states.

    One that never reads ahead is causal: it also serves language models and the decoders of translations and
    forecasts. Its state is then all that later steps need of earlier ones, a list of tensors whose first axis
    is the batch.
    """

    width: int
    """Features of an output step."""

    @abstractmethod
    def forward(
        self,
        inputs: Float[Tensor, "batch time width"],
        mask: Bool[Tensor, "batch time"],
        state: list[Tensor] | None = None,
    ) -> States:
        """Encode a padded batch.

        Args:
            inputs: The embedded sequences.
            mask: True on real steps.
            state: The state to go on from, as an earlier call returned it; None: the beginning.
        """

    def stepper(self, rows: int = 1, table: Float[Tensor, "tokens width"] | None = None) -> Stepper:
        """Make a stepper with the present weights; only causal encoders can be stepped.

        Args:
            rows: Sequences that will be read at once, more or less; weights may be packed for that number.
            table: Vectors of tokens, where steps will be given as their numbers.
        """
        return TensorStepper(self._one_step, table)

    def _one_step(self, inputs: Tensor, state: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        mask = torch.ones(len(inputs), 1, dtype=torch.bool, device=inputs.device)
        states: States = self(inputs[:, None], mask, state)
        return states.outputs[:, 0], states.state
