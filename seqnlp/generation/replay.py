"""Replay of a tree of texts: each request that made it is made again, and each insertion is inserted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from seqnlp.errors import DataError, UsageError
from seqnlp.generation.settings import NumberSetting, check_settings
from seqnlp.generation.sweep import RUN
from seqnlp.generation.tree import ROOT, Branch, TextTree
from seqnlp.limits import LENGTH, SAMPLES, Range
from seqnlp.run.files import read_json

NOTES = ("at", "context", "sample", "text")
"""Keys of a turn that are no settings of generation."""

BEGUN = "begun"
"""Key of a turn with the number of characters that its pattern has read already."""

OPTIONAL = ("top_k", "top_p", "min_p", "repetition_window", "bias", "pattern", "seed", "beams")
"""Settings that may be off: None."""

COUNTS = {
    **dict.fromkeys(("at", "context", "sample", BEGUN), NumberSetting(Range(0, 10**12))),
    "length": NumberSetting(LENGTH),
    "samples": NumberSetting(SAMPLES),
}
"""Keys of a turn that are numbers, beside its settings."""

Generate = Callable[[str, dict[str, Any]], Iterator[tuple[int, str]]]
"""From a prompt and settings to the pieces of the texts of a batch, each with its index."""


@dataclass(frozen=True)
class Saved:
    """Texts of a file."""

    tree: TextTree
    runs: list[str]
    """Paths of the runs that wrote them."""


def read_saved(path: Path) -> Saved:
    """Read texts saved by the terminal application, or from its history.

    Raises:
        seqnlp.errors.DataError: there are none, or they lack what a replay needs.
        seqnlp.errors.RunError: the file can't be read, or is no JSON.
    """
    data = read_json(path)
    session = data["session"] if isinstance(data.get("session"), dict) else data
    if "tree" not in session:
        raise DataError("expected texts that the terminal application has saved (key `tree`)", path)
    try:
        tree = TextTree.from_state(session["tree"])
    except ValueError as error:
        raise DataError(f"the texts are damaged: {error}", path) from None
    runs = data.get("runs", [data.get("run", "")])
    for branch in tree.branches.values():
        if branch.text and branch.number != ROOT and not branch.turns:
            raise DataError(f"branch {branch.number} has no settings: an older version has written it", path)
        for turn in branch.turns:
            if "text" not in turn and "context" not in turn:
                raise DataError(f"branch {branch.number} lacks what was read before it: it is too old", path)
            try:
                _check_turn(turn)
            except UsageError as error:
                raise DataError(f"branch {branch.number} is damaged: {error}", path) from None
    return Saved(tree, [str(run) for run in runs] if isinstance(runs, list) else [])


def _check_turn(turn: Mapping[str, Any]) -> None:
    """Check the keys of a turn, and their values.

    Raises:
        seqnlp.errors.UsageError: one is missing, unknown, of another type or out of its range.
    """
    needed = ("at",) if "text" in turn else ("at", "context", "length")
    for name in needed:
        COUNTS[name].check(name, turn.get(name))
    for name, value in turn.items():
        if name in COUNTS:
            COUNTS[name].check(name, value)
        elif name in ("text", RUN):
            if not isinstance(value, str):
                raise UsageError(f"{name} {value!r}: expected a string")
        elif name == "cells":
            if not isinstance(value, list) or not all(isinstance(cell, dict) for cell in value):
                raise UsageError(f"{name} {value!r}: expected a list of settings")
            for cell in value:
                check_settings({key: each for key, each in cell.items() if each is not None})
        elif value is not None or name not in OPTIONAL:
            check_settings({name: value})


@final
class Replay:
    """Texts of a tree, written again."""

    def __init__(self, tree: TextTree, generate: Generate) -> None:
        """Set up.

        Args:
            tree: The tree.
            generate: Begins a text; it is left where a branch ends or changes its settings.
        """
        self._tree, self._generate = tree, generate
        self._texts: dict[int, str] = {ROOT: tree.prompt}
        self._batches: dict[str, _Batch] = {}

    def text(self, number: int) -> str:
        """Text of a branch with all before it, the prompt included."""
        if number not in self._texts:
            for branch in self._tree.path(number):
                if branch.number not in self._texts:
                    self._texts[branch.number] = self._write(branch)
        return self._texts[number]

    def difference(self, number: int) -> int | None:
        """Offset of the first character that differs from the saved text; None if it is the same."""
        branch, text = self._tree[number], self.text(number)
        if text[branch.start :] == branch.text:
            return None
        pairs = zip(text[branch.start :], branch.text, strict=False)
        same = next((place for place, (new, old) in enumerate(pairs) if new != old), None)
        return branch.start + (min(len(text) - branch.start, len(branch.text)) if same is None else same)

    def _write(self, branch: Branch) -> str:
        text = self._texts[branch.parent][: branch.at]
        ends = [*(turn["at"] for turn in branch.turns[1:]), branch.end]
        for turn, end in zip(branch.turns, ends, strict=False):
            missing = end - len(text)
            if missing <= 0:
                continue
            if "text" in turn:
                text += str(turn["text"])[:missing]
                continue
            settings = {name: value for name, value in turn.items() if name not in NOTES}
            if BEGUN in settings:
                settings[BEGUN] = text[len(text) - settings[BEGUN] :] if settings[BEGUN] else ""
            prompt = text[len(text) - turn["context"] :] if turn["context"] else ""
            text += self._batch(prompt, settings).text(turn.get("sample", 0), missing)
        return text

    def _batch(self, prompt: str, settings: Mapping[str, Any]) -> _Batch:
        """Samples of one batch, which is made once for all of them."""
        key = json.dumps([prompt, settings], sort_keys=True)
        if key not in self._batches:
            self._batches[key] = _Batch(self._generate(prompt, dict(settings)))
        return self._batches[key]


@final
class _Batch:
    """Texts of one request, as far as they were asked for."""

    def __init__(self, pieces: Iterator[tuple[int, str]]) -> None:
        self._pieces = pieces
        self._texts: dict[int, list[str]] = {}
        self._lengths: dict[int, int] = {}

    def text(self, sample: int, length: int) -> str:
        """First characters of a sample; fewer if it ends before."""
        while self._lengths.get(sample, 0) < length:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._texts.setdefault(piece[0], []).append(piece[1])
            self._lengths[piece[0]] = self._lengths.get(piece[0], 0) + len(piece[1])
        return "".join(self._texts.get(sample, []))[:length]


def shown_by(saved: Saved, run: Path) -> Sequence[int]:
    """Branches on the screen that a run has written; in a comparison each text has a run of its own."""
    own = [number for number, path in zip(saved.tree.shown, saved.runs, strict=False) if _is_same(path, run)]
    return own if len(saved.runs) > 1 and own else saved.tree.shown


def _is_same(path: str, run: Path) -> bool:
    return Path(path).resolve() == run.resolve()
