"""`start` of a recipe: transfer learning from another run."""

from collections.abc import Iterator
from typing import Annotated, final

from pydantic import Field, field_validator, model_validator

from seqnlp.spec import Spec

ALL_EPOCHS = 100_000
"""Epochs of the longest training."""


@final
class Start(Spec):
    """Run whose weights and codecs the training starts from (transfer learning).

    Each part of the model that has the same settings there is taken over: rows of words, characters and labels by
    their names, so that new ones have fresh rows. A bare string is the path of the run.
    """

    bare = ("run", "the path of the run")

    run: str
    """Path of the run, of this task or another; once the training has begun, it is not needed any more."""
    fresh: list[str] = []
    """Parts that begin with random weights all the same: `embedding`, `encoder`, `decoder`, or one such as
    `embedding.words`."""
    freeze: dict[str, Annotated[int, Field(ge=1, le=ALL_EPOCHS)]] = {}
    """Epochs for which a layer group is frozen at first: `{ embedding = 2, encoder = 1 }`; a group is the embedding, a
    layer of the encoder such as `"encoder.0"`, all of its layers, or the decoder."""
    gradual_unfreezing: bool = False
    """Train the decoder alone in the first epoch, and unfreeze a layer group more with each epoch, from the top down
    (Howard and Ruder, 2018)."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Layer-wise decay of the learning rate: each layer group learns at this share of the rate of the group above it
    (discriminative fine-tuning; Howard and Ruder, 2018, take 1 / 2.6)."""
    scores: bool = False
    """Score dev of that run, too, at each evaluation, as `start_...`: it shows what the model forgets. For runs of the
    same task."""

    @field_validator("run")
    @classmethod
    def _not_empty(cls, run: str) -> str:
        if not run.strip():
            raise ValueError("expected the path of a run, found nothing")
        return run

    @model_validator(mode="after")
    def _one_schedule(self) -> "Start":
        if self.gradual_unfreezing and self.freeze:
            raise ValueError("expected either 'freeze' or 'gradual_unfreezing', found both")
        return self

    def named_files(self) -> dict[str, str]:
        return {"run": self.run.rstrip("/") + "/"}  # a folder

    def is_fresh(self, part: str) -> bool:
        """True for a part that `fresh` names."""
        return any(part == name or part.startswith(f"{name}.") for name in self.fresh)

    def unknown_parts(self, parts: list[str]) -> Iterator[str]:
        """Entries of `fresh` that name none of the parts of a model."""
        for name in self.fresh:
            if not any(part == name or part.startswith(f"{name}.") for part in parts):
                yield name

    def frozen_epochs(self, groups: list[str]) -> dict[str, int]:
        """Epochs for which each layer group is frozen, by name.

        Args:
            groups: Names of the groups, from the bottom to the top.

        Raises:
            ValueError: `freeze` names none of them, or freezes all.
        """
        if self.gradual_unfreezing:
            return {name: len(groups) - 1 - place for place, name in enumerate(groups)}
        frozen = dict.fromkeys(groups, 0)
        for name, epochs in self.freeze.items():
            chosen = [group for group in groups if group == name or group.startswith(f"{name}.")]
            if not chosen:
                raise ValueError(f"start.freeze: there is no layer group {name!r}; they are {', '.join(groups)}")
            for group in chosen:
                frozen[group] = epochs
        if all(frozen.values()):
            raise ValueError("start.freeze: all layer groups are frozen, so that nothing is trained at first")
        return frozen
