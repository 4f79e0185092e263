"""Statistics of a corpus: lengths, labels and the out-of-vocabulary rate of each split; of series, their range."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqnlp.errors import DataError
from seqnlp.readers.series import SERIES, TIME, rows_of_series
from seqnlp.readers.time_axis import Step
from seqnlp.spelling import nearest_or_all

if TYPE_CHECKING:
    from datasets import Dataset

TOKEN_COLUMNS = ("form", "tokens", "words", "token", "word", "text", "sentence", "source")
"""Likely names of the column of tokens, the likeliest first."""
NEVER_LABELS = ("head", "misc", "sent_id")
MOST_LABELS = 100
"""Most different values of a column of labels."""
OCCURRENCES = 5
"""Least mean frequency of the values of a column of labels."""


@dataclass(frozen=True)
class Lengths:
    """Distribution of the tokens in a sequence."""

    minimum: int
    median: float
    mean: float
    p95: float
    maximum: int
    histogram: dict[int, int]
    """Histogram of lengths in bins that begin at 0, 1, 2, 4, 8, ..."""


@dataclass(frozen=True)
class Span:
    """Range and mean of a column of numbers."""

    minimum: float
    mean: float
    maximum: float


@dataclass(frozen=True)
class Description:
    """Statistics of one split of a corpus."""

    sequences: int
    column: str | None
    """Column that was counted; None if there is no text at all."""
    tokens: int
    types: int
    """Number of different tokens."""
    lengths: Lengths | None
    unseen: float | None
    """Out-of-vocabulary rate: share of tokens that do not occur in train; None for train itself, and without one."""
    labels: dict[str, dict[str, int]]
    """Counts of labels, the most frequent first, for each column that looks like labels."""
    numbers: dict[str, Span]


def describe(splits: Mapping[str, Dataset], column: str | None = None) -> dict[str, Description]:
    """Describe the splits of a corpus.

    Args:
        splits: Tables by name; the others are compared with `train`.
        column: The column of tokens, as lists or as text between spaces; by default the likeliest one.

    Raises:
        seqnlp.errors.DataError: if there is no such column, or it holds no text.
    """
    descriptions: dict[str, Description] = {}
    known: Counter[str] | None = None
    for split in sorted(splits, key=lambda name: name != "train"):
        dataset = splits[split]
        name = token_column(dataset, column)
        counts, lengths = count_tokens(dataset, name)
        total = counts.total()
        missing = sum(count for token, count in counts.items() if token not in known) if known is not None else 0
        descriptions[split] = Description(
            sequences=len(dataset),
            column=name,
            tokens=total,
            types=len(counts),
            lengths=summarize(lengths) if name is not None else None,
            unseen=missing / total if known is not None and total else None,
            labels=count_labels(dataset, name),
            numbers=spans(dataset),
        )
        known = counts if split == "train" and name is not None else known
    return {split: descriptions[split] for split in splits}


def token_column(dataset: Dataset, column: str | None) -> str | None:
    """Column of tokens: the one asked for, the likeliest one, or none."""
    kinds = {name: kind_of(feature) for name, feature in dataset.features.items()}
    if column is None:
        likely = [name for name in TOKEN_COLUMNS if kinds.get(name) in ("text", "texts")]
        return next(iter(likely + [name for name, kind in kinds.items() if kind == "texts"]), None)
    if column not in kinds:
        raise DataError(f"no column {column!r}: {nearest_or_all(column, kinds)}")
    if kinds[column] not in ("text", "texts"):
        raise DataError(f"the column {column!r} holds no text")
    return column


def kind_of(feature: Any) -> str:
    """Kind of the cells of a column: text, texts, whole, number or other."""
    from datasets import List, Value

    if isinstance(feature, List) and isinstance(feature.feature, Value):
        return "texts" if "string" in feature.feature.dtype else "other"
    if not isinstance(feature, Value):
        return "other"
    kinds = {"string": "text", "int": "whole", "uint": "whole", "float": "number"}
    return kinds.get(feature.dtype.removeprefix("large_").rstrip("0123456789"), "other")


def cells_of(dataset: Dataset, name: str) -> Any:
    """Column as one Arrow array, with lists flattened."""
    import pyarrow as pa

    column = dataset.select_columns(name).with_format("arrow")[:].column(name)
    chunks = [chunk.flatten() if pa.types.is_list(chunk.type) else chunk for chunk in column.chunks]
    return pa.chunked_array(chunks) if chunks else column


def value_counts(dataset: Dataset, name: str) -> Counter[str]:
    """Counts of the values of a column, as text; missing values are left out."""
    pairs = cells_of(dataset, name).drop_null().value_counts()
    values, counts = pairs.field("values").to_pylist(), pairs.field("counts").to_pylist()
    return Counter(dict(zip(map(str, values), counts, strict=True)))


def count_tokens(dataset: Dataset, name: str | None) -> tuple[Counter[str], NDArray[np.int64]]:
    """Counts of tokens, and the length of each sequence."""
    import pyarrow.compute as pc

    if name is None:
        return Counter(), np.zeros(0, np.int64)
    if kind_of(dataset.features[name]) == "texts":
        column = dataset.select_columns(name).with_format("arrow")[:].column(name)
        return value_counts(dataset, name), pc.list_value_length(column).fill_null(0).to_numpy().astype(np.int64)
    counts: Counter[str] = Counter()
    lengths = np.zeros(len(dataset), np.int64)
    for index, text in enumerate(cells_of(dataset, name)):
        tokens = (text.as_py() or "").split()
        counts.update(tokens)
        lengths[index] = len(tokens)
    return counts, lengths


def summarize(lengths: NDArray[np.int64]) -> Lengths:
    """Summarize lengths, with a histogram by powers of two."""
    buckets, counts = np.unique(
        np.where(lengths > 0, 2 ** np.log2(np.maximum(lengths, 1)).astype(int), 0), return_counts=True
    )
    return Lengths(
        minimum=int(lengths.min()),
        median=float(np.median(lengths)),
        mean=float(lengths.mean()),
        p95=float(np.percentile(lengths, 95)),
        maximum=int(lengths.max()),
        histogram=dict(zip(buckets.tolist(), counts.tolist(), strict=True)),
    )


def count_labels(dataset: Dataset, tokens: str | None) -> dict[str, dict[str, int]]:
    """Counts of labels in every column with few and frequent values."""
    labels: dict[str, dict[str, int]] = {}
    for name, feature in dataset.features.items():
        if name == tokens or name in NEVER_LABELS or kind_of(feature) not in ("text", "texts", "whole"):
            continue
        counts = value_counts(dataset, name)
        few = len(counts) <= MOST_LABELS and len(counts) * OCCURRENCES <= counts.total()
        if few and counts.keys() - {"", "_"}:
            labels[name] = dict(counts.most_common())
    return labels


def spans(dataset: Dataset) -> dict[str, Span]:
    """Range of every column of numbers."""
    columns = [name for name, feature in dataset.features.items() if kind_of(feature) == "number"]
    found: dict[str, Span] = {}
    for name in columns:
        values = cells_of(dataset, name).drop_null().to_numpy()
        if len(values):
            found[name] = Span(float(values.min()), float(values.mean()), float(values.max()))
    return found


@dataclass(frozen=True)
class SeriesDescription:
    """Statistics of one column of one series."""

    series: str
    column: str
    rows: int
    missing: int
    """Number of rows without a value."""
    first: str
    """Time of the first row: ISO 8601, or an integer."""
    last: str
    step: str | None
    """Step between rows; None for a single row."""
    minimum: float | None
    """Minimum of the values; None if all are missing."""
    mean: float | None
    deviation: float | None
    """Standard deviation."""
    maximum: float | None


def describe_series(dataset: Dataset) -> list[SeriesDescription]:
    """Describe each column of each series in a table of time series."""
    table = dataset.with_format("arrow")[:]
    names, times = (table.column(name).to_numpy() for name in (SERIES, TIME))
    found = []
    for begin, end in rows_of_series(names):
        moments = times[begin:end]
        if moments.dtype.kind == "M":
            moments = moments.astype("datetime64[s]")
        step = Step.infer([moments])
        for column in table.column_names:
            if column in (SERIES, TIME):
                continue
            values = table.column(column).to_numpy()[begin:end]
            present = values[~np.isnan(values)]
            measures = (present.min(), present.mean(), present.std(), present.max()) if len(present) else (None,) * 4
            numbers = [None if measure is None else float(measure) for measure in measures]
            found.append(
                SeriesDescription(
                    str(names[begin]),
                    column,
                    len(values),
                    len(values) - len(present),
                    str(moments[0]),
                    str(moments[-1]),
                    None if step is None else str(step),
                    *numbers,
                )
            )
    return found
