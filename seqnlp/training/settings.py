"""The `[training]` section."""

from typing import Annotated, Literal

from pydantic import Field

from seqnlp.spec import Spec


class Training(Spec):
    """Length, batches and safeguards of a training."""

    renamed = {"accumulate": "gradient_accumulation", "average": "ema_decay", "clip": "max_grad_norm"}

    epochs: Annotated[int, Field(ge=1)] = 12
    """Passes over the training data, at most."""
    batch_tokens: Annotated[int, Field(ge=1)] = 1000
    """Steps in a batch, padding included."""
    gradient_accumulation: Annotated[int, Field(ge=1)] = 1
    """Batches whose gradients are summed before each step of the optimizer."""
    max_grad_norm: Annotated[float, Field(gt=0)] = 5.0
    """Clip the norm of the gradient to this."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """Stop after this many evaluations without a better dev score; left out: never."""
    evaluate_every: Annotated[int, Field(ge=1)] | None = None
    """Evaluate on dev after this many steps, too; left out: only after each epoch."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Decay of an exponential moving average of the weights, say 0.998, which is then the model; 0: none."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Number format of the large products; `auto` takes bf16 where the processor has instructions for it."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Processor threads, each with its share of every batch; 0: one a core. Resuming takes the number it began with."""
    save_every: Annotated[float, Field(gt=0)] = 60.0
    """Seconds between checkpoints; one is also saved after each epoch."""
