"""Contextual embedding by a pretrained transformer, frozen or fine-tuned."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from seqnlp.arrays import IntArray, LazyRows, Ragged
from seqnlp.codecs import TextCodec, TextFeatures, TokenizedText
from seqnlp.codecs.pieces import FIRST, IDS, LAST, PieceTokenizer
from seqnlp.codecs.saved import SavedCodec, check_settings, damaged
from seqnlp.codecs.text import Origin
from seqnlp.embeddings.base import Embedder, Embedding, Features, PathResolver, TextBatch
from seqnlp.embeddings.hub_models import arrays_of, is_path, load_model, rebuild_network, weights_digest
from seqnlp.errors import DataError, SeqnlpError
from seqnlp.json_types import JsonObject
from seqnlp.nn.device import autocast, device_of, to_numpy
from seqnlp.nn.layer_mix import mix_layers
from seqnlp.nn.own_rate import OwnRate
from seqnlp.nn.pretrained import FineTunedEncoder, Pooling, PretrainedEncoder
from seqnlp.shapes import Float

STATES = "states"
"""Name of the states among the features of a frozen transformer."""


@final
class Transformer(Embedding):
    """States of a pretrained transformer (BERT, MiniLM, RoBERTa, ...), frozen or fine-tuned."""

    section: ClassVar[str] = "transformer"
    bare = ("model", "the name of the transformer")
    joins_words = True
    transferable: ClassVar[tuple[str, ...]] = ("lr", "warmup_ratio")

    model: Annotated[str, Field(min_length=1)]
    """Path of a folder, or name on the Hugging Face Hub: an encoder with safetensors and a fast tokenizer."""
    revision: str | None = None
    """Branch, tag or commit on the Hub; naming a commit makes the training repeatable."""
    layers: list[int] | None = None
    """Hidden layers whose states are mixed with learned weights: 0 is the embedding, -1 the last layer; left out: the
    last four, of a trained transformer the last."""
    pooling: Pooling = "mean"
    """State of a word: that of its first or last piece, or the mean of all its pieces."""
    max_length: Annotated[int, Field(ge=8)] | None = None
    """Pieces that are read at once; longer sentences are read in windows that overlap by half; left out: as many as
    the transformer can read."""
    size: Annotated[int, Field(ge=1)] | None = None
    """Features that the states are projected to; left out: no projection."""
    trainable: bool = False
    """Train the transformer too (fine-tuning); else it is frozen, and its states are computed once a corpus."""
    lr: Annotated[float, Field(gt=0)] = 3e-5
    """Peak learning rate of a trained transformer, in place of `optimizer.lr`."""
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the training over which the learning rate of a trained transformer rises from 0."""

    def unused(self) -> Iterator[tuple[str, str]]:
        if not self.trainable:
            for name in self.changed("lr", "warmup_ratio"):
                yield name, "the transformer is frozen; trainable = true trains it too"

    def named_files(self) -> dict[str, str]:
        return {"model": f"{self.model.rstrip('/')}/"} if is_path(self.model) else {}

    def fit(self, train: TokenizedText, find: PathResolver) -> "TransformerCodec":
        found = load_model(self.model, self.revision, find)
        longest = found.window
        if self.max_length is not None and self.max_length > longest:
            raise DataError(f"embedding.transformer.max_length is {self.max_length}, but {self.model} reads {longest}")
        settings = {
            "layers": self._chosen(found.layers - 1),
            "pooling": self.pooling,
            "max_length": self.max_length or longest,
            "trainable": self.trainable,
        }
        return TransformerCodec(found.config, found.tokenizer, found.network, settings, found.origin)

    def _chosen(self, last: int) -> list[int]:
        """Numbers of the chosen layers from 0; `last` is that of the last one.

        Raises:
            seqnlp.errors.DataError: there are not as many.
        """
        if self.layers is None:
            return [last] if self.trainable else list(range(max(last - 3, 0), last + 1))
        found = [layer if layer >= 0 else last + 1 + layer for layer in self.layers]
        for layer, number in zip(self.layers, found, strict=True):
            if not 0 <= number <= last:
                problem = f"embedding.transformer.layers: there is no layer {layer}; {self.model} has 0 to {last}"
                raise DataError(problem)
        if len(set(found)) < len(found) or not found:
            raise DataError(f"embedding.transformer.layers: expected one or more different layers, found {self.layers}")
        return found

    def restore(self, data: dict[str, Any]) -> "TransformerCodec":
        codec = TransformerCodec.from_json(data)
        check_settings(data, codec.settings, {"pooling": self.pooling, "trainable": self.trainable})
        return codec

    def build(self, codec: "TransformerCodec") -> "TransformerEmbedder":
        rate = OwnRate(self.lr, self.warmup_ratio)
        trained = FineTunedEncoder(copy.deepcopy(codec.encoder), rate) if self.trainable else None
        return TransformerEmbedder(len(codec.encoder.layers), codec.width, self.size, trained)


class SavedTransformer(SavedCodec):
    """JSON of a transformer: configuration, tokenizer, and settings."""

    config: dict[str, Any]
    tokenizer: dict[str, Any]
    layers: Annotated[list[Annotated[int, Field(ge=0, le=1000)]], Field(min_length=1)]
    pooling: Pooling
    max_length: Annotated[int, Field(ge=1, le=10**9)]
    trainable: bool
    origin: dict[str, str]


@final
class TransformerCodec(TextCodec):
    """Encodes sentences as pieces; of a frozen transformer as states of words."""

    def __init__(
        self,
        config: Mapping[str, Any],
        tokenizer: PieceTokenizer,
        network: nn.Module,
        settings: Mapping[str, Any],
        origin: Origin,
    ) -> None:
        """Store the parts of a transformer.

        Args:
            config: Content of its `config.json`.
            tokenizer: Its tokenizer.
            network: Its network; of one that is trained the initial weights.
            settings: `layers`, `pooling`, `max_length` and `trainable`.
            origin: Its provenance.

        Raises:
            seqnlp.errors.DataError: `max_length` leaves no room between the special pieces; it returns no states.
        """
        self.config, self.tokenizer, self.settings, self._origin = dict(config), tokenizer, dict(settings), origin
        window = settings["max_length"] - len(tokenizer.prefix) - len(tokenizer.suffix)
        if window < 1:
            raise DataError(f"embedding.transformer.max_length {settings['max_length']} has no room for a word")
        padding = config.get("pad_token_id")
        self.encoder = PretrainedEncoder(
            network.requires_grad_(settings["trainable"]),
            tokenizer.prefix,
            tokenizer.suffix,
            padding if isinstance(padding, int) else 0,
            window,
            settings["layers"],
            settings["pooling"],
        ).eval()
        one = torch.ones(1, 1, dtype=torch.long)
        with torch.inference_mode():
            self.width = int(self.encoder(one, one, one).shape[-1])

    @property
    def origin(self) -> Origin:
        return self._origin

    @property
    def weights(self) -> Mapping[str, NDArray[Any]]:
        """Weights of a frozen transformer; those of another one are among the weights of the model."""
        return {} if self.settings["trainable"] else arrays_of(self.encoder.network)

    def features(self, text: TokenizedText) -> TextFeatures:
        """Split sentences into pieces; of a frozen transformer these are states, computed as they are gathered."""
        pieces = self.tokenizer.encode(text.words)
        if self.settings["trainable"]:
            return TextFeatures(sentences=dict(pieces))
        return TextFeatures(
            sentences={STATES: TransformerStates(self.encoder, pieces, self.width, lambda: self._digest)}
        )

    @cached_property
    def _digest(self) -> str:
        """Digest of all that states depend on, but for the pieces: of the weights, not of what a run says of them."""
        kept = json.dumps([weights_digest(self.encoder.network), self.config, self.settings], sort_keys=True)
        return hashlib.sha256(kept.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        tokenizer = self.tokenizer.to_json()
        return {"config": self.config, "tokenizer": tokenizer, **self.settings, "origin": self._origin.to_json()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "TransformerCodec":
        """Rebuild the transformer with the weights beside the JSON; of a trained one with random weights."""
        saved = SavedTransformer.read(data)
        settings = saved.model_dump(include={"layers", "pooling", "max_length", "trainable"})
        tokenizer = PieceTokenizer.from_json(saved.tokenizer, data)
        weights = data.weights() if isinstance(data, JsonObject) and not saved.trainable else None
        origin = Origin.from_json(saved.origin)
        try:
            return cls(saved.config, tokenizer, rebuild_network(saved.config, weights), settings, origin)
        except SeqnlpError:
            raise
        except Exception as error:  # each network of the package has its own errors
            raise damaged(data, " ".join(str(error).split())[:120], "config") from None


@final
class TransformerStates(LazyRows):
    """States of the words of a corpus by a frozen transformer; in float32, then rounded to half precision."""

    def __init__(
        self, encoder: PretrainedEncoder, pieces: Mapping[str, Ragged], width: int, digest: Callable[[], str]
    ) -> None:
        """Store the encoder and the pieces; `digest` gives that of the encoder."""
        self.encoder, self.pieces, self._digest = encoder, pieces, digest
        self.offsets, self.shape = pieces[FIRST].offsets, (len(encoder.layers), width)

    @property
    def key(self) -> str:
        digest = hashlib.sha256(self._digest().encode())
        for name in (IDS, FIRST, LAST):
            digest.update(np.ascontiguousarray(self.pieces[name].values, "<i8").data)
            digest.update(np.ascontiguousarray(self.pieces[name].offsets, "<i8").data)
        return digest.hexdigest()

    def compute(self, rows: IntArray) -> NDArray[np.float16]:
        padded = (self.pieces[name].pad(rows) for name in (IDS, FIRST, LAST))
        device = device_of(self.encoder)
        ids, first, last = (torch.from_numpy(values.astype(np.int64)).to(device) for values, _ in padded)
        _, mask = self.pieces[FIRST].pad(rows)
        with torch.inference_mode(), autocast(device, None):
            states = to_numpy(self.encoder(ids, first, last).half())
        return states[mask]


@final
class TransformerEmbedder(Embedder):
    """Learned mix of the layers of a transformer (Peters et al., 2018), and maybe a projection of that."""

    def __init__(self, layers: int, width: int, size: int | None, trained: FineTunedEncoder | None) -> None:
        """Build the mix.

        Args:
            layers: Number of layers.
            width: Features of their states.
            size: Features of the projection; None: no projection.
            trained: The transformer, if it is trained; else batches have its states.
        """
        super().__init__()
        self.width, self.trained = size or width, trained
        self.weights = nn.Parameter(torch.zeros(layers)) if layers > 1 else None
        self.scale = nn.Parameter(torch.ones(()))
        self.projection = nn.Linear(width, size) if size is not None else None

    def forward(self, batch: TextBatch, features: Features) -> Float[Tensor, "batch time width"]:
        given = features.sentences
        if self.trained is None:
            states = given[STATES].to(self.scale.dtype)
        else:
            states = self.trained(given[IDS].long(), given[FIRST].long(), given[LAST].long())
        mixed = mix_layers(states, self.weights, self.scale)
        return mixed if self.projection is None else self.projection(mixed)
