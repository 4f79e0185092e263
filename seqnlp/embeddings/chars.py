"""Word vectors from spelling, also for words that train did not have."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, final

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from seqnlp.codecs import Characters
from seqnlp.codecs.characters import PADDING
from seqnlp.codecs.saved import check_settings
from seqnlp.embeddings.base import PathResolver, WordEmbedder, WordEmbedding
from seqnlp.nn.device import CPU
from seqnlp.nn.recurrent import LstmLayer, RecurrentStack
from seqnlp.shapes import Bool, Float, Int
from seqnlp.spec import Family

SUM, MAX = 0, 2
"""Modes of `torch.embedding_bag`."""


class Chars(WordEmbedding, Family, ABC):
    """Character-level word embedding, computed once for each distinct word of a batch."""

    transferable = ("min_count",)

    section: ClassVar[str] = "chars"
    default_kind: ClassVar[str | None] = "cnn"
    renamed = {"embedding": "embedding_size", "longest": "max_length"}

    size: Annotated[int, Field(ge=1)] = 64
    """Features of the word's vector."""
    embedding_size: Annotated[int, Field(ge=1)] = 32
    """Features of a character."""
    min_count: Annotated[int, Field(ge=1)] = 1
    """Occurrences in train that a character needs to be known."""
    max_length: Annotated[int, Field(ge=4)] = 40
    """Characters of a word, at most; of longer words both ends are read."""

    def fit_words(self, counts: Mapping[str, int], find: PathResolver) -> Characters:
        return Characters.fit(counts, self.min_count, self.max_length)

    def restore(self, data: dict[str, Any]) -> Characters:
        codec = Characters.from_json(data)
        check_settings(data, data, {"max_length": self.max_length})
        return codec

    @abstractmethod
    def build(self, codec: Characters) -> WordEmbedder:
        """Make the network."""


@final
class CharCnn(Chars):
    """Convolution over characters with max-pooling (dos Santos and Zadrozny, 2014)."""

    renamed = {"window": "kernel_size"}

    kind: Literal["cnn"] = "cnn"
    kernel_size: Annotated[int, Field(ge=1, le=15)] = 5
    """Characters under a filter."""

    def build(self, codec: Characters) -> "CharConvolution":
        return CharConvolution(len(codec), self.embedding_size, self.size, self.kernel_size)


@final
class CharConvolution(WordEmbedder):
    """Embeds characters, convolves, and takes the maximum over the word.

    A filter's answer is a sum of one number for each character it sees, which depends only on the character
    and its place. So embedding and filters are multiplied first, into a small table, and a window is a sum
    of its rows.
    """

    named_axes = {"table.weight": (0,)}

    def __init__(self, characters: int, embedding: int, size: int, window: int) -> None:
        super().__init__()
        self.width, self.window = size, window
        self.table = nn.Embedding(characters, embedding, padding_idx=PADDING)
        self.filters = nn.Parameter(torch.empty(window, embedding, size))
        self.bias = nn.Parameter(torch.zeros(size))
        nn.init.uniform_(self.filters, -((window * embedding) ** -0.5), (window * embedding) ** -0.5)

    def embed_words(self, ids: Int[Tensor, "distinct longest"]) -> Float[Tensor, "distinct width"]:
        real = ids != PADDING
        around = nn.functional.pad(ids, ((self.window - 1) // 2, self.window // 2), value=PADDING)
        places = torch.arange(self.window, device=ids.device) * self.table.num_embeddings
        windows = around.unfold(1, self.window, 1)[real] + places
        rows = (self.table.weight @ self.filters).flatten(0, 1).to(self.bias.dtype)
        # on an accelerator `scatter_add_` adds in any order, so that a resumed training would be another
        maximum = max_over_windows if rows.device == CPU else max_over_grid
        return (maximum(rows, windows, real) + self.bias).relu()


def max_over_windows(
    rows: Float[Tensor, "rows width"], windows: Int[Tensor, "windows window"], real: Bool[Tensor, "words longest"]
) -> Float[Tensor, "words width"]:
    """Maximum of the sums of rows over each word's windows.

    Args:
        rows: Table of the rows.
        windows: Rows of each window.
        real: True for each window of a word; the windows are in this order.
    """
    best: Tensor = _MaxOverWindows.apply(rows, windows, real.sum(1))  # type: ignore[no-untyped-call]
    return best


def max_over_grid(
    rows: Float[Tensor, "rows width"], windows: Int[Tensor, "windows window"], real: Bool[Tensor, "words longest"]
) -> Float[Tensor, "words width"]:
    """Maximum over windows in a padded grid.

    Its gradient is deterministic on any device.
    """
    answers = nn.functional.embedding_bag(windows, rows, mode="sum")
    # Not torch.segment_reduce: where several windows are the strongest, its gradient is wrong.
    grid = answers.new_full((*real.shape, rows.shape[1]), -torch.inf)
    grid[real] = answers
    return grid.amax(1)


class _MaxOverWindows(torch.autograd.Function):
    """Autograd function of `max_over_windows`.

    Only the strongest window of a word and feature has a gradient, the first if there are several: a small share of
    all, which `amax` over a padded grid would search as a whole.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, windows: Tensor, lengths: Tensor) -> Tensor:
        count, window = windows.shape
        starts = torch.arange(0, windows.numel(), window, device=rows.device)
        answers = torch.embedding_bag(rows, windows.flatten(), starts, mode=SUM)[0]
        words = lengths.cumsum(0) - lengths
        every = torch.arange(count, device=rows.device)
        best, _, _, strongest = torch.embedding_bag(answers, every, words, mode=MAX)
        ctx.save_for_backward(windows, strongest)
        ctx.rows = len(rows)
        return best

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        windows, strongest = ctx.saved_tensors
        gradient = slope.new_zeros(ctx.rows, slope.shape[1])
        for places in windows.t().contiguous():
            gradient.scatter_add_(0, places.index_select(0, strongest.flatten()).view_as(strongest), slope)
        return gradient, None, None


@final
class CharLstm(Chars):
    """Two final states of a BiLSTM over characters (Lample et al., 2016)."""

    kind: Literal["lstm"] = "lstm"

    def build(self, codec: Characters) -> "CharRecurrent":
        return CharRecurrent(len(codec), self.embedding_size, self.size)


@final
class CharRecurrent(WordEmbedder):
    """Embeds characters and reads them in both directions."""

    named_axes = {"table.weight": (0,)}

    def __init__(self, characters: int, embedding: int, size: int) -> None:
        super().__init__()
        self.width = size + size % 2
        self.table = nn.Embedding(characters, embedding, padding_idx=PADDING)
        self.recurrent = RecurrentStack(lambda width: LstmLayer(width, self.width // 2), embedding, bidirectional=True)

    def embed_words(self, ids: Int[Tensor, "distinct longest"]) -> Float[Tensor, "distinct width"]:
        mask = ids != PADDING
        outputs = self.recurrent(self.table(ids), mask).outputs
        half = self.width // 2
        last = mask.sum(1) - 1
        words = torch.arange(len(ids), device=ids.device)
        return torch.cat([outputs[words, last, :half], outputs[:, 0, half:]], 1)
