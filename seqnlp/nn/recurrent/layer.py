"""The contract of a recurrent layer."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from seqnlp.nn.encoder import Stepper, TensorStepper
from seqnlp.shapes import Float


class RecurrentLayer(nn.Module, ABC):
    """One direction of one recurrent layer, over time-major steps."""

    size: int
    """Features of an output step."""

    @abstractmethod
    def forward(
        self, steps: Float[Tensor, "time batch width"], state: list[Tensor] | None
    ) -> tuple[Float[Tensor, "time batch size"], list[Tensor]]:
        """Read all steps.

        Args:
            steps: The inputs.
            state: The state to go on from; None: that before the first step. The first axis of each tensor is
                the batch.

        Returns:
            The outputs, and the state after the last step.
        """

    @abstractmethod
    def reset_parameters(self) -> None:
        """Draw fresh weights."""

    def stepper(self, rows: int = 1, table: Float[Tensor, "tokens width"] | None = None) -> Stepper:
        """Make a stepper with the present weights. See `EncoderModule.stepper`."""
        return TensorStepper(self._one_step, table)

    def _one_step(self, inputs: Tensor, state: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        outputs, state = self(inputs[None], state)
        return outputs[0], state
