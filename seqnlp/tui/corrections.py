"""Corrections of labels by hand, until they are saved; no widget in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

MAX_SENTENCES = 500
"""Sentences whose unsaved corrections are remembered; the oldest go first."""

Answer = Mapping[str, Any]
"""A JSON object of `seqnlp.results.Tagging`."""


@final
class Corrections:
    """Corrected labels of the sentence on the screen; those of earlier sentences come back with these."""

    def __init__(self) -> None:
        self._answer: Answer = {}
        self._all: dict[tuple[str, ...], dict[tuple[str, int], str]] = {}
        self._saved: set[tuple[str, ...]] = set()
        """Sentences that are in a file as they are now."""

    def begin(self, answer: Answer) -> None:
        """Take the answer on the screen."""
        self._answer = answer

    @property
    def _changes(self) -> dict[tuple[str, int], str]:
        return self._all.get(self._key, {})

    def __len__(self) -> int:
        return len(self._changes)

    @property
    def is_saved(self) -> bool:
        """True if the sentence is in a file as it is now."""
        return self._key in self._saved

    @property
    def _key(self) -> tuple[str, ...]:
        return tuple(self._answer.get("tokens", ()))

    def predicted(self, column: str) -> list[str]:
        """Labels of the model."""
        columns: Mapping[str, list[str]] = self._answer.get("columns") or {}
        first: list[str] = self._answer.get("tags", [])
        return columns.get(column, first)

    def labels(self, column: str) -> list[str]:
        """Labels with the corrections."""
        changes = self._changes
        return [changes.get((column, word), label) for word, label in enumerate(self.predicted(column))]

    def changed(self, column: str) -> set[int]:
        """Words whose label was corrected."""
        return {word for name, word in self._changes if name == column}

    def set(self, column: str, word: int, label: str) -> None:
        """Correct the label of a word; the model's own label takes a correction back."""
        key = self._key
        self._saved.discard(key)
        changes = self._all.pop(key, {})
        if label == self.predicted(column)[word]:
            changes.pop((column, word), None)
        else:
            changes[column, word] = label
        if changes:
            self._all[key] = changes  # the one changed last stands last
        while len(self._all) > MAX_SENTENCES:
            oldest = next(iter(self._all))
            self._saved.discard(oldest)
            del self._all[oldest]

    def take_back(self, column: str, word: int) -> None:
        """Give a word the model's label again."""
        self.set(column, word, self.predicted(column)[word])

    def saved(self) -> None:
        """Note that this sentence is in a file now, with its corrections."""
        self._saved.add(self._key)


def spans_of(tags: Sequence[str]) -> list[dict[str, Any]]:
    """Spans that tags of any scheme mark, as `label`, `start`, `end`."""
    spans: list[dict[str, Any]] = []
    is_open = False
    for word, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if tag == "O" or not label:
            is_open = False
            continue
        begins = prefix in "BSUW" or not is_open or spans[-1]["label"] != label
        if begins:
            spans.append({"label": label, "start": word, "end": word + 1})
        else:
            spans[-1]["end"] = word + 1
        is_open = prefix not in "SUWLE"
    return spans
