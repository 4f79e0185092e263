"""Dependency trees as labels: the head of each word and its relation to it."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, final

import numpy as np
from numpy.typing import NDArray

from seqnlp.arrays import Ragged
from seqnlp.codecs.labels import ONLY, UNSEEN, LabelCodec, LabelEncoding, Labels
from seqnlp.codecs.saved import Distinct, SavedCodec
from seqnlp.codecs.spanning_tree import are_trees
from seqnlp.codecs.text import Column
from seqnlp.errors import DataError

SIGN = ":"
"""Sign between head and relation: `2:nsubj:pass`."""


LONGEST_NUMBER = 9
"""Digits of a head, at most."""


def split_dependency(label: str) -> tuple[int, str]:
    """Split a label into the head's number and the relation.

    Raises:
        seqnlp.errors.DataError: the head is no number.
    """
    head, _, relation = label.partition(SIGN)
    if not (head.isascii() and head.isdigit() and len(head) <= LONGEST_NUMBER):
        raise DataError(f"{head!r} is no head; expected the number of a word, or 0 for the root")
    return int(head), relation


class SavedDependencies(SavedCodec):
    """JSON of the relations of dependency trees."""

    relations: Distinct


@final
class Dependencies(LabelCodec):
    """Head and relation <-> one integer: the head times the number of relations, plus that of the relation."""

    are_classes: ClassVar[bool] = False
    made_of: ClassVar[str] = "relations"

    def __init__(self, relations: Labels, heads: str) -> None:
        """Store the relations, and the name of the column of heads."""
        self.relations, self.heads = relations, heads

    @property
    def decoders(self) -> Mapping[str, Labels]:
        return {ONLY: self.relations}

    def encode_column(self, labels: Column, words: Column) -> dict[str, Ragged]:
        pairs = [split_dependency(label) for label in labels.distinct]
        heads = np.array([head for head, _ in pairs], np.int64)
        relations = self.relations.encode([relation for _, relation in pairs])
        numbers = np.where(relations == UNSEEN, UNSEEN, heads * len(self.relations) + relations)
        return {ONLY: labels.numbered(numbers)}

    def decode_column(self, numbers: Mapping[str, NDArray[np.int64]], words: Column) -> Column:
        distinct, places = np.unique(numbers[ONLY], return_inverse=True)
        names = self.relations.names
        pairs = (divmod(number, len(names)) for number in distinct.tolist())
        texts = [f"{head}{SIGN}{names[relation]}" for head, relation in pairs]
        return Column(Ragged(places.reshape(-1), words.codes.offsets), texts)

    def written(self, name: str, labels: Column) -> dict[str, Column]:
        """Relations and heads, each a column."""
        pairs = [split_dependency(label) for label in labels.distinct]
        return {
            name: _renamed(labels, [each for _, each in pairs]),
            self.heads: _renamed(labels, [str(h) for h, _ in pairs]),
        }

    @property
    def partners(self) -> tuple[str, ...]:
        return (self.heads,)

    def listed(self, labels: Column, words: Column) -> Column:
        return _renamed(labels, [split_dependency(label)[1] for label in labels.distinct])

    def own_scores(self, gold: Column, predicted: Column) -> dict[str, float]:
        """Unlabelled and labelled attachment score (UAS, LAS); as in the shared tasks, subtypes do not count."""
        (right, relation), (given, own) = (_heads_and_relations(column) for column in (gold, predicted))
        same = right == given
        return {"uas": float(same.mean()), "las": float((same & (relation == own)).mean())} if len(same) else {}

    def to_json(self) -> dict[str, Any]:
        return {"relations": self.relations.names}

    @classmethod
    def from_json(cls, data: dict[str, Any], heads: str = "head") -> Self:
        return cls(Labels(SavedDependencies.read(data).relations), heads)


def _renamed(column: Column, names: list[str]) -> Column:
    """The same rows with other strings, each once among the distinct ones."""
    number: dict[str, int] = {}
    codes = np.array([number.setdefault(name, len(number)) for name in names], np.int64)
    return Column(column.numbered(codes), list(number))


def _heads_and_relations(column: Column) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Head of each word, and the universal part of its relation."""
    pairs = [split_dependency(label) for label in column.distinct]
    heads = np.array([head for head, _ in pairs], np.int64)
    relations = np.array([relation.split(SIGN)[0] for _, relation in pairs], object)
    return heads[column.codes.values], relations[column.codes.values]


@final
class DependencyEncoding(LabelEncoding):
    """Dependency trees: relations, with the heads of words in a column beside; predicted by a biaffine parser."""

    codec_class = Dependencies

    kind: Literal["dependencies"] = "dependencies"
    heads: str = "head"
    """Column of the heads: the number of a word in its sentence, 0 for the root."""

    @property
    def partners(self) -> tuple[str, ...]:
        return (self.heads,)

    def merged(self, labels: Column, partners: Mapping[str, Column]) -> Column:
        """Labels of heads and relations.

        Raises:
            seqnlp.errors.DataError: heads that are no words of their sentence, or lead in a circle.
        """
        heads = partners[self.heads]
        pairs = np.stack([heads.codes.values.astype(np.int64), labels.codes.values.astype(np.int64)], 1)
        distinct, places = np.unique(pairs, axis=0, return_inverse=True)
        names = [f"{heads.distinct[head]}{SIGN}{labels.distinct[label]}" for head, label in distinct.tolist()]
        column = Column(Ragged(places.reshape(-1), labels.codes.offsets), names)
        _check_trees(column)
        return column

    def fit(self, labels: Column, words: Column) -> Dependencies:
        relations = {split_dependency(label)[1] for label in labels.distinct}
        return Dependencies(Labels.fit(relations), self.heads)

    def restore(self, data: dict[str, Any]) -> Dependencies:
        return Dependencies.from_json(data, self.heads)


def _check_trees(column: Column) -> None:
    """Check that each sentence is a tree.

    Raises:
        seqnlp.errors.DataError: naming the first sentence that is none.
    """
    offsets, lengths = column.codes.offsets, column.codes.lengths
    heads = np.array([split_dependency(label)[0] for label in column.distinct], np.int64)[column.codes.values]
    rows = np.repeat(np.arange(len(lengths)), lengths)
    beyond = np.flatnonzero(heads > lengths[rows])
    if len(beyond):
        row = int(rows[beyond[0]])
        raise DataError(f"sentence {row + 1:,} has the head {heads[beyond[0]]}, but {lengths[row]} words")
    wrong = np.flatnonzero(~are_trees(heads, offsets) & (lengths > 0))
    if len(wrong):
        row = int(wrong[0])
        roots = int((heads[offsets[row] : offsets[row + 1]] == 0).sum())
        told = "its heads lead in a circle" if roots == 1 else f"{roots} words have the head 0, expected 1"
        raise DataError(f"sentence {row + 1:,} is no tree: {told}")
