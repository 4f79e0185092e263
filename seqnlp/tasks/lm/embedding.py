"""`[embedding.context]`: states of one's own language models as vectors of words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, cast, final

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from seqnlp.codecs import TextCodec, TextFeatures, TokenizedText
from seqnlp.codecs.saved import SavedCodec, damaged
from seqnlp.codecs.text import Origin
from seqnlp.embeddings import Embedder, Embedding, Features, PathResolver, TextBatch
from seqnlp.errors import DataError, RunError
from seqnlp.json_types import JsonObject
from seqnlp.nn.layer_mix import mix_layers
from seqnlp.run.directory import nearest_run
from seqnlp.shapes import Float
from seqnlp.tasks.lm.word_states import Direction, EmbeddedLm, SavedModel, word_states

DIRECTIONS: tuple[Direction, ...] = ("forward", "backward")


@final
class Context(Embedding):
    """States of frozen language models at each word (contextual string embeddings; Akbik et al., 2018)."""

    section: ClassVar[str] = "context"
    joins_words = True
    some_of = ("forward", "backward")
    transferable = ("forward", "backward")

    forward: Annotated[str | None, Field(examples=["runs/ewt_chars"])] = None
    """Run of a language model over characters or subwords: its state after the last character of a word."""
    backward: Annotated[str | None, Field(examples=["runs/ewt_chars_backward"])] = None
    """Run of one with `data.direction = "backward"`, which reads from the end of a sentence: its state after the first
    character of a word, the last one of it that is read."""
    layers: Annotated[list[Annotated[int, Field(ge=1, le=64)]] | None, Field(min_length=1, examples=[[1, 2]])] = None
    """Layers of the language models, counted from 1; of several a weighted mean is learned (Peters et al., 2018). Left
    out: the last one."""
    size: Annotated[int, Field(ge=1)] | None = 64
    """Features of the vector, by a learned linear layer over the states: few cost little time, and keep what counts."""

    @field_validator("layers")
    @classmethod
    def _different(cls, layers: list[int] | None) -> list[int] | None:
        if layers is not None and len(set(layers)) < len(layers):
            raise ValueError(f"expected each layer once, found {layers}")
        return layers

    @property
    def runs(self) -> dict[Direction, str]:
        """Runs of the language models by their direction."""
        named = {"forward": self.forward, "backward": self.backward}
        return {name: named[name] or "" for name in DIRECTIONS if named[name] is not None}

    def named_files(self) -> dict[str, str]:
        return {name: f"{run.rstrip('/')}/" for name, run in self.runs.items()}

    def fit(self, train: TokenizedText, find: PathResolver) -> "ContextCodec":
        """Take the language models out of their runs; nothing depends on train."""
        return self.take(find, f"embedding.{self.section}")

    def take(self, find: PathResolver, section: str) -> "ContextCodec":
        """Take the language models out of their runs.

        Args:
            find: Looks the runs up.
            section: Key of this section in the recipe, for messages.

        Raises:
            seqnlp.errors.DataError: what `EmbeddedLm.open` raises, or there is no such run.
        """
        models = {}
        for name, run in self.runs.items():
            key = f"{section}.{name}"
            try:
                path = find(f"{run.rstrip('/')}/")
            except DataError as error:
                problem = f"no such run{nearest_run(Path(run))}; {key} names the run of a language model"
                raise RunError(problem, run, hint=error.hint, tried=error.tried) from None
            models[name] = EmbeddedLm.open(str(path), name, self.layers, key)
        return ContextCodec(models)

    def restore(self, data: dict[str, Any]) -> "ContextCodec":
        return ContextCodec.from_json(data)

    def build(self, codec: "ContextCodec") -> "StateProjection":
        return StateProjection(codec, self.size)


class SavedContext(SavedCodec):
    """JSON of the language models."""

    forward: SavedModel | None = None
    backward: SavedModel | None = None


@final
class ContextCodec(TextCodec):
    """Frozen language models, which encode sentences as states."""

    def __init__(self, models: Mapping[Direction, EmbeddedLm]) -> None:
        """Store the models by their direction."""
        self.models = dict(models)

    @property
    def origins(self) -> dict[str, Origin]:
        return {
            f"{direction}.{name}".rstrip("."): Origin.from_json(origin)
            for direction, model in self.models.items()
            for name, origin in model.saved.origins.items()
        }

    @property
    def weights(self) -> dict[str, Any]:
        return {f"{name}.{key}": array for name, model in self.models.items() for key, array in model.weights.items()}

    def features(self, text: TokenizedText) -> TextFeatures:
        """States at the words, computed when they are gathered."""
        return TextFeatures(sentences={name: word_states(model, text.words) for name, model in self.models.items()})

    def to_json(self) -> dict[str, Any]:
        return {name: model.saved.model_dump() for name, model in self.models.items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Inverse of `to_json`; the weights are those that were saved beside it."""
        saved = SavedContext.read(data)
        found = {name: model for name in DIRECTIONS if (model := getattr(saved, name)) is not None}
        if not found:
            raise damaged(data, "expected a language model, found none")
        weights: Mapping[str, Tensor] = data.weights() if isinstance(data, JsonObject) else {}
        models = {}
        for name, model in found.items():
            own = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
            try:
                models[name] = EmbeddedLm.restore(model, own)
            except (ValueError, RuntimeError) as error:
                raise damaged(data, " ".join(str(error).split())[:120], name) from None
        return cls(models)


@final
class StateProjection(Embedder):
    """Learned mix of layers, and a linear layer over all states."""

    def __init__(self, codec: ContextCodec, size: int | None) -> None:
        """Build the layers; without `size` the states themselves are the vectors."""
        super().__init__()
        self.names = list(codec.models)
        self.mixes = nn.ModuleList(LayerMix(len(model.saved.layers), model.size) for model in codec.models.values())
        states = sum(model.size for model in codec.models.values())
        self.projection = None if size is None else nn.Linear(states, size)
        self.width = states if size is None else size

    def forward(self, batch: TextBatch, features: Features) -> Float[Tensor, "batch time width"]:
        return self.project(features.sentences)

    def project(self, states: Mapping[str, Tensor]) -> Float[Tensor, "batch time width"]:
        """Mix and project the states of each model, by its direction."""
        parts = [mix(states[name].float()) for name, mix in zip(self.names, self.mixes, strict=True)]
        joined = torch.cat(parts, -1) if len(parts) > 1 else parts[0]
        return cast(Tensor, joined if self.projection is None else self.projection(joined))


@final
class LayerMix(nn.Module):
    """Weighted mean of layers, scaled; the weights are learned (Peters et al., 2018)."""

    def __init__(self, layers: int, size: int) -> None:
        """Begin with the plain mean; a single layer is left as it is."""
        super().__init__()
        self.layers, self.size = layers, size
        if layers > 1:
            self.logits, self.scale = nn.Parameter(torch.zeros(layers)), nn.Parameter(torch.ones(()))

    def forward(self, states: Float[Tensor, "batch time features"]) -> Float[Tensor, "batch time size"]:
        if self.layers == 1:
            return states
        apart = states.reshape(*states.shape[:-1], self.layers, self.size)
        return mix_layers(apart, self.logits, self.scale)
