"""States of a trained language model at words: contextual string embeddings (Akbik et al., 2018)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from seqnlp.arrays import IntArray, LazyRows, Ragged
from seqnlp.codecs import Column, RunningText, Tokenizer
from seqnlp.codecs.running_text import CharacterText, WordText
from seqnlp.codecs.text import Origin
from seqnlp.embeddings import TokenBatch, TokenEmbedding, TokenLookup
from seqnlp.encoders import Encoder, EncoderModule
from seqnlp.errors import DataError, RunError
from seqnlp.json_text import to_json
from seqnlp.nn.device import CPU, to_numpy
from seqnlp.nn.initial import weights_are_loaded
from seqnlp.run import Run
from seqnlp.run.directory import MODEL
from seqnlp.tasks.lm.recipe import LmRecipe
from seqnlp.tasks.loading import rebuild, recipe_of
from seqnlp.tasks.registry import task_info
from seqnlp.training.checkpoint import check_shapes
from seqnlp.training.dataset import in_order
from seqnlp.training.precision import computing_in

Direction = Literal["forward", "backward"]

AT_ONCE = 6000
"""Tokens of a batch, padding included."""
WINDOW = 4096
"""Tokens of a longer sentence that are read at once; the state is carried on."""


class SavedModel(BaseModel):
    """JSON of an embedded language model; its weights are saved beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    direction: Direction
    layers: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
    """Layers whose states are taken, counted from 1."""
    tokenizer: dict[str, Any]
    text: dict[str, Any]
    """Codec that this tokenizer has fitted."""
    embedding: dict[str, Any]
    encoder: dict[str, Any]
    digest: str
    """SHA-256 of all that its states depend on."""
    origins: dict[str, dict[str, str]]
    """Provenance of the model, and under names of what it had been trained from."""


@final
@dataclass(frozen=True)
class Spans:
    """Sentence with spans that want vectors, in bytes of its UTF-8."""

    text: str
    starts: IntArray
    ends: IntArray

    @classmethod
    def of_words(cls, words: Sequence[str]) -> Self:
        """Join words by blanks."""
        lengths = np.array([len(word.encode("utf-8", "surrogatepass")) for word in words], np.int64)
        ends = np.cumsum(lengths + 1) - 1
        return cls(" ".join(words), ends - lengths, ends)


@final
@dataclass(frozen=True)
class EmbeddedLm:
    """Language model without its decoder, frozen."""

    saved: SavedModel
    codec: RunningText
    embedding: TokenLookup
    encoder: EncoderModule

    @classmethod
    def open(cls, run: str, direction: Direction, layers: Sequence[int] | None, key: str) -> Self:
        """Take the language model of a run.

        Args:
            run: The run directory.
            direction: Direction that it must read in.
            layers: Layers whose states are wanted, counted from 1; None: the last.
            key: Key of the recipe that names the run, for messages.

        Raises:
            seqnlp.errors.DataError: it is missing or damaged, of another task, direction or kind of tokens, has fewer
                layers, or brings Python along.
        """
        try:
            opened = Run.open(run)
            if plugins := opened.load_plugins():
                problem = f"{key}: expected a language model without Python of its own, found {', '.join(plugins)}"
                raise RunError(f"{problem}: a run can't carry that of another", run)
            recipe = recipe_of(opened)
            _check_recipe(recipe, direction, run, key)
            assert isinstance(recipe, LmRecipe)
            task, model = rebuild(opened, recipe)
        except DataError as error:
            if key in error.problem:
                raise
            raise error.replace(problem=f"{error.problem} ({key})") from None
        embedding, codec = model.embedding, task.codecs()["text"]
        assert isinstance(embedding, TokenLookup)
        assert isinstance(codec, RunningText)
        depth = len(_layers(embedding, model.encoder))
        if high := [layer for layer in layers or [] if layer > depth]:
            wanted = f"{key.rpartition('.')[0]}.layers asks for layer {high[0]}"
            raise DataError(f"{wanted}, this language model has {depth}", run)
        origin = Origin(f"{opened.name} ({direction} language model)", _sha256(opened))
        earlier = opened.meta().get("knowledge", {})
        data: dict[str, Any] = {
            "direction": direction,
            "layers": list(layers or [depth]),
            "tokenizer": recipe.data.tokenizer.model_dump(),
            "text": codec.to_json(),
            "embedding": recipe.embedding.model_dump(),
            "encoder": recipe.encoder.model_dump(exclude_none=True),
        }
        own = cls(
            SavedModel(**data, digest="", origins={"": origin.to_json(), **earlier}), codec, embedding, model.encoder
        )
        saved = own.saved.model_copy(update={"digest": own._digest()})
        return cls(saved, codec, embedding.requires_grad_(False), model.encoder.requires_grad_(False))

    @classmethod
    def restore(cls, saved: SavedModel, weights: Mapping[str, torch.Tensor]) -> Self:
        """Rebuild a model from its JSON and weights.

        Raises:
            ValueError: they do not fit each other.
        """
        codec = Tokenizer.parse(saved.tokenizer).restore(saved.text)
        with weights_are_loaded():
            embedding = TokenEmbedding.model_validate(saved.embedding).build(len(codec))
            encoder = Encoder.parse(saved.encoder).build(embedding.width)
        parts = {"embedding": embedding, "encoder": encoder}
        expected = {
            f"{part}.{name}": value for part, module in parts.items() for name, value in module.state_dict().items()
        }
        check_shapes(weights, expected)
        for part, module in parts.items():
            own = {name: weights[f"{part}.{name}"] for name in module.state_dict()}
            module.load_state_dict(own)
            module.eval().requires_grad_(False)
        if high := [layer for layer in saved.layers if layer > len(_layers(embedding, encoder))]:
            raise ValueError(f"there is no layer {high[0]}")
        restored = cls(saved, codec, embedding, encoder)
        if saved.digest != restored._digest():
            raise ValueError("the digest is that of another model")  # whose kept states these would be taken for
        return restored

    def _digest(self) -> str:
        """Digest of all that states depend on but the choice of layers."""
        data = self.saved.model_dump(exclude={"digest", "origins"}) | {"layers": None}
        found = hashlib.sha256(to_json(data).encode("utf-8", "surrogatepass"))
        for name, array in sorted(self.weights.items()):
            found.update(name.encode() + array.tobytes())
        return found.hexdigest()

    @property
    def weights(self) -> dict[str, NDArray[Any]]:
        """Weights by name."""
        parts = {"embedding": self.embedding, "encoder": self.encoder}
        return {
            f"{part}.{name}": to_numpy(value)
            for part, module in parts.items()
            for name, value in module.state_dict().items()
        }

    @property
    def size(self) -> int:
        """Features of a layer."""
        return self.encoder.width

    @property
    def is_backward(self) -> bool:
        """True for a model that reads sentences from their ends."""
        return self.saved.direction == "backward"

    def tokens(self, sentence: Spans) -> tuple[IntArray, IntArray]:
        """Tokens of a sentence in reading order, a line break first.

        Returns:
            The tokens, and for each span the step whose state stands for it: that of the token with its last byte, or,
            read from the end, its first.
        """
        numbers = self.codec.encode(sentence.text)
        if isinstance(self.codec, CharacterText):
            sizes = [len(character.encode("utf-8", "surrogatepass")) for character in sentence.text]
        else:
            sizes = [len(self.codec.pieces[number]) for number in numbers.tolist()]
        bounds = np.cumsum(np.array(sizes, np.int64))
        if self.is_backward:
            first = np.searchsorted(bounds, sentence.starts, side="right")
            return np.append(self.codec.start, numbers[::-1]), len(numbers) - first
        last = np.searchsorted(bounds, sentence.ends, side="left") + 1
        return np.append(self.codec.start, numbers), np.where(sentence.ends > 0, last, 0)

    @torch.inference_mode()
    def states(self, sentences: Sequence[Spans]) -> list[NDArray[np.float32]]:
        """States at the spans of each sentence; shape (spans, layers * size)."""
        found: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(sentences)
        encoded = [self.tokens(sentence) for sentence in sentences]
        tokens = Ragged.from_rows([numbers.tolist() for numbers, _ in encoded])
        with computing_in("fp32", CPU):
            for rows in in_order(tokens.lengths, AT_ONCE):
                steps = self._read(*tokens.pad(rows))
                for place, row in enumerate(rows.tolist()):
                    found[row] = steps[place, encoded[row][1]]
        return found

    def _read(self, numbers: NDArray[np.int64], real: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Read padded rows of tokens; shape (rows, steps, layers * size)."""
        parts, state = [], None
        for start in range(0, numbers.shape[1], WINDOW):
            window = slice(start, start + WINDOW)
            batch = TokenBatch(torch.from_numpy(numbers[:, window].copy()), torch.from_numpy(real[:, window].copy()))
            layers = self.encoder.every_layer(self.embedding(batch), batch.mask, state)
            state = layers[-1].state
            chosen = [layers[layer - 1].outputs for layer in self.saved.layers]
            parts.append(to_numpy(torch.cat(chosen, -1)))
        return np.concatenate(parts, 1) if len(parts) > 1 else parts[0]


@final
class SpanStates(LazyRows):
    """States of a language model at spans, computed when they are gathered."""

    def __init__(
        self, model: EmbeddedLm, offsets: NDArray[np.int64], digest: bytes, sentence: Callable[[int], Spans]
    ) -> None:
        """Store the model and the sentences.

        Args:
            model: The language model.
            offsets: Number of spans before each sentence, and of all; shape (sentences + 1,).
            digest: Of all sentences and their spans.
            sentence: Gives a sentence by its row.
        """
        self.model, self.offsets, self._sentence = model, offsets, sentence
        self.shape = (len(model.saved.layers) * model.size,)
        self._digest = digest

    @property
    def key(self) -> str:
        own = to_json([self.model.saved.digest, self.model.saved.layers]).encode()
        return hashlib.sha256(own + self._digest + self.offsets.tobytes()).hexdigest()

    def compute(self, rows: IntArray) -> NDArray[np.float16]:
        states = self.model.states([self._sentence(row) for row in rows.tolist()])
        with np.errstate(over="ignore"):  # infinite ones are an error of those who ask
            return np.concatenate(states).astype(np.float16) if states else np.empty((0, *self.shape), np.float16)


def word_states(model: EmbeddedLm, words: Column) -> SpanStates:
    """States of a language model at words, which are joined by blanks."""
    distinct, codes = words.distinct, words.codes
    digest = hashlib.sha256(to_json(distinct).encode("utf-8", "surrogatepass"))
    digest.update(codes.values.astype(np.int64).tobytes())

    def sentence(row: int) -> Spans:
        return Spans.of_words([distinct[code] for code in codes[row].tolist()])

    return SpanStates(model, codes.offsets, digest.digest(), sentence)


def _layers(embedding: TokenLookup, encoder: EncoderModule) -> list[Any]:
    """States of each layer after a single token."""
    batch = TokenBatch(torch.zeros(1, 1, dtype=torch.long))
    with torch.inference_mode():
        return encoder.every_layer(embedding(batch), batch.mask)


def _check_recipe(recipe: Any, direction: Direction, run: str, key: str) -> None:
    """Check task, direction and tokens of a run by its recipe."""
    expected = f"{key}: expected a language model that reads {direction}, over characters or subwords"
    if not isinstance(recipe, LmRecipe):
        raise DataError(f"{expected}; this run is {task_info(recipe.task).noun}", run)
    if recipe.data.direction != direction:
        raise DataError(f"{expected}; this one reads {recipe.data.direction}", run)
    if recipe.data.tokenizer.codec_class is WordText:
        raise DataError(f"{expected}; this one is over {recipe.data.tokenizer.plural}", run)


def _sha256(run: Run) -> str:
    with (run.path / MODEL).open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
