"""The `[training]` section."""

from typing import Annotated, Literal

from pydantic import Field

from seqnlp.spec import Spec


class Training(Spec):
    """How long, in what portions and how carefully to train."""

    epochs: Annotated[int, Field(ge=1)] = 12
    """Passes over the training data, at most."""
    batch_tokens: Annotated[int, Field(ge=1)] = 1000
    """Steps in a batch, padding included."""
    accumulate: Annotated[int, Field(ge=1)] = 1
    """Batches whose gradients are added up before the weights move."""
    clip: Annotated[float, Field(gt=0)] = 5.0
    """The longest that the gradient may be; a longer one is shortened."""
    patience: Annotated[int, Field(ge=1)] | None = None
    """Stop after this many evaluations without a better dev score; left out: never."""
    evaluate_every: Annotated[int, Field(ge=1)] | None = None
    """Steps after which dev is scored also in the middle of an epoch; left out: only after each epoch."""
    average: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Keep an exponential moving average of the weights with this decay, say 0.998, and use it; 0: no."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Number format of the large products; `auto` takes bf16 where the processor has instructions for it."""
    threads: Annotated[int, Field(ge=0)] = 0
    """Processor threads, each with its share of every batch; 0: one a core. Resuming takes the number it began with."""
    save_every: Annotated[float, Field(gt=0)] = 60.0
    """Seconds between checkpoints; one is also saved after each epoch."""
