"""Label columns of a corpus: text, whole numbers, booleans or lists of them, as names of classes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from seqnlp.codecs.labels import same_class
from seqnlp.codecs.text import Column, arrow_cells
from seqnlp.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

WHOLE = re.compile(r"[+-]?\d+(\.0+)?")
"""A whole number, maybe written as pandas writes a column of them that has gaps."""
MISSING = ("NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NaT", "NULL", "null", "None")
"""Texts that programs write where there is no value."""
SEPARATORS = "|;,"
"""Signs that join labels into one text."""
SHOWN = 3
"""Labels in a note, at most."""


def label_column(dataset: Dataset, name: str) -> Column:
    """Read a column of labels, or of lists of labels.

    Whole numbers become their digits, booleans `True` and `False`, as in a file that pandas writes. Whole numbers with
    a fraction of zero, as text or as numbers, are whole numbers, if the column holds no others.

    Raises:
        seqnlp.errors.DataError: no such column; numbers with a fraction; something else; null.
    """
    return with_whole_numbers(label_texts(dataset, name))


def label_texts(dataset: Dataset, name: str) -> Column:
    """Read a column of labels as text; floats that are whole numbers as `1.0`. The same errors as `label_column`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    flat, lengths = arrow_cells(dataset, name)
    if pa.types.is_dictionary(flat.type):
        flat = flat.cast(flat.type.value_type)
    if pa.types.is_boolean(flat.type):
        flat = pc.if_else(flat, "True", "False")
    elif pa.types.is_integer(flat.type):
        flat = flat.cast(pa.string())
    elif pa.types.is_floating(flat.type):
        flat = digits(flat, name)
        if len(lengths) == len(flat):
            flat = pc.binary_join_element_wise(flat, ".0", "")
    return Column.from_arrow(flat, lengths, name)


def digits(numbers: Any, name: str) -> Any:
    """Write whole numbers of a column of floats as text.

    Raises:
        seqnlp.errors.DataError: naming the first one that is not whole.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    fractions = numbers.filter(pc.invert(pc.equal(numbers, pc.floor(numbers))))
    if len(fractions):
        found = fractions[0].as_py()
        raise DataError(f"column {name!r} holds {found}; expected classes: text, whole numbers or booleans")
    return numbers.cast(pa.int64()).cast(pa.string())


def with_whole_numbers(column: Column) -> Column:
    """Write `1.0` as `1` where all labels are whole numbers."""
    if not has_floats(column.distinct):
        return column
    names = list(map(same_class, column.distinct))
    number = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return Column(column.numbered(np.array([number[name] for name in names], np.int64)), list(number))


def has_floats(labels: Sequence[str]) -> bool:
    """True for whole numbers, some of them written as `1.0`."""
    return any("." in label for label in labels) and all(WHOLE.fullmatch(label) for label in labels)


def label_notes(labels: Sequence[str], joined: bool = True) -> Iterator[str]:
    """Warnings about labels that look wrong, one line each.

    Args:
        labels: The different texts of a column.
        joined: Also warn about texts that look like several labels.
    """
    if has_floats(labels):
        yield f"labels such as {shown([label for label in labels if '.' in label])} are taken for whole numbers"
    if missing := [label for label in labels if label.strip() in MISSING]:
        looks = "looks like a missing value, and is a class" if len(missing) == 1 else "look like missing values"
        yield f"{shown(missing)} {looks}"
    if odd := [label for label in labels if not label.isprintable()]:
        yield f"{shown(odd)}: invisible characters in a label"
    yield from near_labels(labels)
    if joined and (several := joined_labels(labels)):
        signs = "".join(sign for sign in SEPARATORS if any(sign in label for label in several)) or ","
        hint = f"data.multilabel = true with data.separator = {signs[0]!r} splits such texts"
        looks = "looks like several labels, and is one class" if len(several) == 1 else "look like several labels each"
        yield f"{shown(several)} {looks}; {hint}"


def near_labels(labels: Sequence[str]) -> Iterator[str]:
    """Warnings about labels that differ in blanks around them, or in case."""
    known = set(labels)
    padded = [label for label in labels if label != label.strip()]
    if twins := [label for label in padded if label.strip() in known]:
        pairs = ", ".join(f"{label!r} and {label.strip()!r}" for label in twins[:SHOWN])
        yield f"{pairs} differ in blanks alone, and are different classes"
    elif padded:
        yield f"{shown(padded)}: blanks around a label"
    folded: dict[str, list[str]] = {}
    for label in dict.fromkeys(label.strip() for label in labels):
        folded.setdefault(label.casefold(), []).append(label)
    if similar := [group for group in folded.values() if len(group) > 1]:
        groups = ", ".join(" and ".join(map(repr, group[:SHOWN])) for group in similar[:SHOWN])
        yield f"{groups} differ in case alone, and are different classes"


def joined_labels(labels: Sequence[str]) -> list[str]:
    """Labels that look like a list: their parts are labels elsewhere, alone or, at `|` and `;`, among others."""
    known = {label.strip() for label in labels}
    found = [label for label in labels if label.strip()[:1] == "[" and label.strip()[-1:] == "]"]
    for sign in SEPARATORS:
        parts = {label: [part.strip() for part in label.split(sign)] for label in labels if sign in label}
        uses = Counter(part for each in parts.values() for part in set(each))
        for label, each in parts.items():
            alone = [part in known for part in each if part]
            among = sign != "," and any(uses[part] > 1 for part in each if part)
            if among or (alone and (all(alone) if sign == "," else any(alone))):
                found.append(label)
    return list(dict.fromkeys(found))


def shown(labels: Sequence[str]) -> str:
    """Some labels, quoted."""
    return ", ".join(map(repr, labels[:SHOWN])) + (" ..." if len(labels) > SHOWN else "")
