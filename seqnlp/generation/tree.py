"""Tree of texts: each branch leaves its parent at a character, and has the tokens after it.

Offsets count characters from the beginning of a text, the prompt included. The root is the prompt.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isnan, log
from typing import Any, final

from seqnlp.generation.packing import packed, unpacked

ROOT = 0
"""Number of the prompt."""

MAX_BRANCHES = 500
MAX_CHARACTERS = 1_000_000
"""Bounds of a tree, the second one for all branches together; unmarked branches go first, the oldest of them."""

MAX_UNDOS = 50
"""Changes that can be undone in each view."""

MAX_TURNS = 1000
"""Requests and insertions that are remembered for each branch."""

MAX_NAME = 40
"""Characters of a name."""

KINDS = ("sample", "token", "edit", "again", "cell")
"""Origins of a branch: the prompt, a token that was chosen, a word that was edited, the same settings once more."""


def _ints() -> array[int]:
    return array("l")


def _floats() -> array[float]:
    return array("f")


@dataclass
class Branch:
    """Text after a fork, token by token."""

    number: int
    parent: int
    at: int
    """Offset of the fork."""
    kind: str = "sample"
    text: str = ""
    start: int = 0
    """Offset of the first kept character: `at`, unless the beginning of a very long text was dropped."""
    ends: array[int] = field(default_factory=_ints)
    """Ends of the kept tokens, counted from `start`."""
    logprobs: array[float] = field(default_factory=_floats)
    """Log-probability of each kept token, in nats."""
    tokens_before: int = 0
    """Tokens between the prompt and the fork."""
    tokens: int = 0
    """Tokens of the branch, dropped ones too."""
    complete: bool = False
    """True if it has reached the requested length."""
    turns: list[dict[str, Any]] = field(default_factory=list)
    """Requests and insertions that made it, each `at` a character."""
    name: str = ""
    marked: bool = False

    @property
    def end(self) -> int:
        """Offset of its end."""
        return self.start + len(self.text)

    def bits(self) -> float | None:
        """Mean surprise of its kept tokens, in bits; None without tokens."""
        return -sum(self.logprobs) / len(self.logprobs) / log(2) if self.logprobs else None

    def add_turn(self, turn: Mapping[str, Any]) -> None:
        """Remember a request or an insertion."""
        self.turns = [*self.turns[-MAX_TURNS:], dict(turn)]

    def state(self) -> dict[str, Any]:
        """State as a JSON object."""
        return {
            "number": self.number,
            "parent": self.parent,
            "at": self.at,
            "kind": self.kind,
            "text": self.text,
            "start": self.start,
            "ends": packed("I", self.ends),
            "logprobs": packed("f", self.logprobs),
            "tokens_before": self.tokens_before,
            "tokens": self.tokens,
            "complete": self.complete,
            "turns": list(self.turns),
            "name": self.name,
            "marked": self.marked,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Branch:
        """Restore a branch.

        Raises:
            ValueError: it is not the state of one.
        """
        text, ends, logprobs = str(state["text"]), array("l", unpacked("I", state["ends"])), state["logprobs"]
        counts = [state[name] for name in ("number", "parent", "at", "start", "tokens_before", "tokens")]
        if not all(isinstance(count, int) and count >= 0 for count in counts):
            raise ValueError("expected counts of 0 or more")
        number, parent, at, start, before, tokens = counts
        branch = cls(number, parent, at, str(state["kind"]), text, start, ends, unpacked("f", logprobs), before, tokens)
        in_order = [0, *ends]
        if len(ends) != len(branch.logprobs) or in_order != sorted(in_order) or start < at:
            raise ValueError("expected a log-probability for each token, and ends in their order")
        if number != ROOT and (ends[-1] if ends else 0) != len(text):
            raise ValueError("expected tokens up to the end of the text")
        if any(map(isnan, branch.logprobs)):
            raise ValueError("expected log-probabilities, found NaN")
        branch.complete, branch.marked = bool(state["complete"]), bool(state["marked"])
        branch.turns, branch.name = [dict(turn) for turn in state["turns"]], str(state["name"])[:MAX_NAME]
        return branch


@dataclass(frozen=True)
class Whole:
    """Whole text of a branch, as far as it is kept."""

    text: str
    dropped: int
    """Characters before `text`."""
    start: int
    """Offset of the first token in `text`."""
    ends: array[int]
    """Ends of the kept tokens in `text`."""
    logprobs: array[float]
    tokens: int
    """Tokens in all."""
    complete: bool


@dataclass(frozen=True)
class Line:
    """Line of a drawn tree."""

    branch: Branch
    guides: str
    """Lines that lead to it, two cells for each level."""


@dataclass
class Change:
    """A change of what a view shows, which can be undone."""

    before: int
    after: int
    at: int
    """Offset of the place that changed."""
    removed: list[Branch] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        """State as a JSON object."""
        removed = [branch.state() for branch in self.removed]
        return {"before": self.before, "after": self.after, "at": self.at, "removed": removed}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Change:
        """Restore a change."""
        removed = [Branch.from_state(branch) for branch in state["removed"]]
        return cls(int(state["before"]), int(state["after"]), int(state["at"]), removed)


@final
class TextTree:
    """Branches of one prompt, the shown ones, and the undo history."""

    def __init__(self, prompt: str = "") -> None:
        self.branches = {ROOT: Branch(ROOT, ROOT, 0, text=prompt)}
        """By number, the oldest first."""
        self.shown: list[int] = []
        """Branch of each view."""
        self.hidden: list[int] = []
        """Branches of views that were closed, a stack."""
        self.version = 0
        """Grows with each change but those of the texts themselves."""
        self.past: list[list[Change]] = []
        self.future: list[list[Change]] = []
        """Changes of each view, to undo and to redo; the next one is the last."""
        self._next = 1
        self._states: dict[int, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        """State of each branch, and the version that it is of."""

    @property
    def prompt(self) -> str:
        """Beginning of all texts."""
        return self.branches[ROOT].text

    def __len__(self) -> int:
        return len(self.branches) - 1

    def __contains__(self, number: int) -> bool:
        return number in self.branches

    def __getitem__(self, number: int) -> Branch:
        return self.branches[number]

    # making

    def add(self, parent: int, at: int, kind: str, tokens_before: int = 0) -> Branch:
        """Make a branch.

        Args:
            parent: The text that it leaves. If the fork is in a part that this one shares with its own parent, the new
                branch becomes a child of that.
            at: Offset of the fork.
            kind: One of `KINDS`.
            tokens_before: Tokens between the prompt and the fork.
        """
        while parent != ROOT and at <= self.branches[parent].at:
            parent = self.branches[parent].parent
        branch = Branch(self._next, parent, at, kind, start=at, tokens_before=tokens_before)
        self.branches[branch.number] = branch
        self._next += 1
        self.version += 1
        return branch

    def open_view(self, number: int) -> None:
        """Add a view that shows a branch."""
        self.shown.append(number)
        self.past.append([])
        self.future.append([])

    def close_view(self) -> None:
        """Remove the last view; its branch comes back first."""
        self.hidden.append(self.shown.pop())
        self.past.pop()
        self.future.pop()

    # reading

    def path(self, number: int) -> list[Branch]:
        """Branches from the root to one."""
        path = [self.branches[number]]
        while path[-1].number != ROOT:
            path.append(self.branches[path[-1].parent])
        return path[::-1]

    def whole(self, number: int, most: int) -> Whole:
        """Text of a branch with all before it.

        Args:
            number: The branch.
            most: Characters from which older tokens are left out.
        """
        path = self.path(number)
        pieces: list[tuple[Branch, int]] = []  # a part of each branch, up to the fork of the next one
        until, length = path[-1].end, 0
        for branch in reversed(path):
            pieces.append((branch, until))
            length += until - max(branch.start, branch.at)
            if branch.start > branch.at or length > most:
                break
            until = branch.at
            parent = self.branches[branch.parent]
            if branch.number != ROOT and until < parent.start:  # what it left was dropped
                break
        pieces.reverse()
        first, _ = pieces[0]
        ends, logprobs, text = _ints(), _floats(), ""
        for branch, until in pieces:
            count = bisect_right(branch.ends, until - branch.start)
            ends.extend(end + len(text) for end in branch.ends[:count])
            logprobs.extend(branch.logprobs[:count])
            text += branch.text[: until - branch.start]
        start = max(0, len(self.prompt) - first.start)
        last = path[-1]
        return Whole(text, first.start, start, ends, logprobs, last.tokens_before + last.tokens, last.complete)

    def turns(self, number: int) -> list[dict[str, Any]]:
        """Requests and insertions that made a text, from the prompt on."""
        path = self.path(number)
        forks = [*(branch.at for branch in path[1:]), inf]
        return [turn for branch, fork in zip(path, forks, strict=True) for turn in branch.turns if turn["at"] < fork]

    def children(self, number: int) -> list[Branch]:
        """Branches that leave one, in the order of their forks."""
        found = [each for each in self.branches.values() if each.parent == number and each.number != ROOT]
        return sorted(found, key=lambda branch: (branch.at, branch.number))

    def lines(self) -> list[Line]:
        """All branches in drawing order, each child below its parent."""
        below: dict[int, list[Branch]] = {}
        for branch in self.branches.values():
            if branch.number != ROOT:
                below.setdefault(branch.parent, []).append(branch)
        found: list[Line] = []
        waiting = [(branch, "", "") for branch in sorted(below.get(ROOT, []), key=_place, reverse=True)]
        while waiting:
            branch, sign, guides = waiting.pop()
            found.append(Line(branch, guides + sign))
            inner = guides + {"├╴": "│ ", "└╴": "  "}.get(sign, "")
            children = sorted(below.get(branch.number, []), key=_place)
            signs = ["├╴"] * (len(children) - 1) + ["└╴"]
            waiting += reversed([(child, own, inner) for child, own in zip(children, signs, strict=False)])
        return found

    def first_words(self, branch: Branch, most: int) -> str:
        """Beginning of a branch, in one line."""
        return " ".join(branch.text[: 4 * most].split())[:most]

    # changing

    def show(self, view: int, number: int, at: int | None = None) -> None:
        """Show another branch in a view, which can be undone."""
        before = self.shown[view]
        if number != before:
            place = self.fork_of(before, number) if at is None else at
            self._did(view, Change(before, number, place))
            self.shown[view] = number

    def fork_of(self, one: int, other: int) -> int:
        """Offset where two texts part."""
        here, there = self.path(one), self.path(other)
        common = sum(1 for left, right in zip(here, there, strict=False) if left is right)
        forks = [path[common].at for path in (here, there) if len(path) > common]
        return min(forks, default=0)

    def undo(self, view: int) -> Change | None:
        """Take back the last change of a view; None if there is none."""
        while self.past[view]:
            change = self.past[view].pop()
            is_free = change.before in {branch.number for branch in change.removed} | self.branches.keys()
            is_free = is_free and change.before not in self._others(view)
            if is_free and self._restore(change.removed):
                self.future[view].append(change)
                self.shown[view] = change.before
                self.version += 1
                return change
        return None

    def redo(self, view: int) -> Change | None:
        """Make a change again that was undone; None if there is none."""
        while self.future[view]:
            change = self.future[view].pop()
            gone = {branch.number for branch in change.removed}
            if change.after in self.branches.keys() - gone - self._others(view) and not gone & self._others(view):
                self._remove(gone)
                self.past[view].append(change)
                self.shown[view] = change.after
                self.version += 1
                return change
        return None

    def can_delete(self, view: int, number: int) -> str:
        """Reason why a branch can't be deleted; empty if it can."""
        if number not in self.branches or number == ROOT:
            return "there is no branch to delete"
        gone = {branch.number for branch in self.below(number)}
        if gone & self._others(view):
            return "it is on the screen, in another sample"
        if self.shown[view] in gone and self._instead(view, number, gone) is None:
            return "it is the only text"
        return ""

    def delete(self, view: int, number: int) -> bool:
        """Delete a branch and all that leave it, which can be undone; false if it can't be."""
        if self.can_delete(view, number):
            return False
        removed = self.below(number)
        gone = {branch.number for branch in removed}
        before, at = self.shown[view], self.branches[number].at
        after = self._instead(view, number, gone) if before in gone else before
        assert after is not None
        self._remove(gone)
        self._did(view, Change(before, after, at, removed))
        self.shown[view] = after
        return True

    def mark(self, number: int) -> None:
        """Mark a branch, or take the mark away. Marked ones are never pruned."""
        self.branches[number].marked = not self.branches[number].marked
        self.version += 1

    def rename(self, number: int, name: str) -> None:
        """Give a branch a name; an empty one takes it away."""
        self.branches[number].name = " ".join(name.split())[:MAX_NAME]
        self.version += 1

    def below(self, number: int) -> list[Branch]:
        """A branch and all that leave it, directly or not."""
        found = [self.branches[number]]
        for branch in found:
            found += self.children(branch.number)
        return found

    def prune(self) -> int:
        """Drop the oldest branches past the bounds; those in view, marked or left by others stay.

        Returns:
            The number of dropped branches.
        """
        characters = sum(len(branch.text) for branch in self.branches.values())
        dropped = 0
        while len(self) > MAX_BRANCHES or characters > MAX_CHARACTERS:
            kept = {ROOT, *self.shown, *self.hidden, *(branch.parent for branch in self.branches.values())}
            spare = [each for each in self.branches.values() if each.number not in kept]
            oldest = next((each for each in spare if not each.marked), None)
            if oldest is None:
                break
            characters -= len(oldest.text)
            self._remove([oldest.number])
            dropped += 1
        for changes in self.past:
            while sum(len(branch.text) for change in changes for branch in change.removed) > MAX_CHARACTERS:
                changes.pop(0)
        return dropped

    # keeping

    def state(self) -> dict[str, Any]:
        """State as a JSON object."""
        return {
            "branches": [self._state_of(branch) for branch in self.branches.values()],
            "next": self._next,
            "shown": list(self.shown),
            "hidden": list(self.hidden),
            "past": [[change.state() for change in changes] for changes in self.past],
            "future": [[change.state() for change in changes] for changes in self.future],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TextTree:
        """Restore a tree.

        Raises:
            ValueError: it is not the state of one.
        """
        try:
            branches = [Branch.from_state(branch) for branch in state["branches"]]
            tree = cls()
            tree.branches = {branch.number: branch for branch in branches}
            tree.shown, tree.hidden = ([int(number) for number in state[name]] for name in ("shown", "hidden"))
            tree.past, tree.future = (
                [[Change.from_state(change) for change in changes] for changes in state[name]]
                for name in ("past", "future")
            )
            tree._next = max(int(state["next"]), max(tree.branches, default=0) + 1)
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"expected the state of a tree of texts ({error!r})") from error
        tree._check(len(branches))
        return tree

    def _state_of(self, branch: Branch) -> dict[str, Any]:
        """State of a branch; that of one that has not changed is kept, for packing takes time."""
        texts = branch.start, len(branch.text), branch.tokens, branch.complete, sum(branch.logprobs[-1:])
        key = id(branch), texts, branch.turns, branch.name, branch.marked
        known = self._states.get(branch.number)
        if known is None or known[0] != key:
            known = self._states[branch.number] = key, branch.state()
        return known[1]

    def _check(self, count: int) -> None:
        if ROOT not in self.branches or len(self.branches) != count or self.branches[ROOT].parent != ROOT:
            raise ValueError("expected branches with a number each, the prompt among them")
        for branch in self.branches.values():
            if branch.number != ROOT and (branch.parent not in self.branches or branch.parent >= branch.number):
                raise ValueError("expected each branch after its parent")
            if branch.at > self.branches[branch.parent].end:
                raise ValueError("expected forks within the text")
        if {*self.shown, *self.hidden} - self.branches.keys() or len(set(self.shown)) != len(self.shown):
            raise ValueError("expected a branch of its own for each view")
        if not len(self.past) == len(self.future) == len(self.shown):
            raise ValueError("expected changes for each view")
        for change in (change for changes in (*self.past, *self.future) for change in changes):
            known: dict[int, Branch] = {}
            for branch in change.removed:
                inside = not known or (branch.parent in known and branch.at <= known[branch.parent].end)
                if not inside or branch.number == ROOT or branch.parent >= branch.number:
                    raise ValueError("expected removed branches behind their parents")
                known[branch.number] = branch

    def _did(self, view: int, change: Change) -> None:
        self.past[view] = [*self.past[view][1 - MAX_UNDOS :], change]
        self.future[view] = []
        self.version += 1

    def _others(self, view: int) -> set[int]:
        return {number for place, number in enumerate(self.shown) if place != view}

    def _instead(self, view: int, number: int, gone: set[int]) -> int | None:
        """Branch to show in the place of a deleted one: what it left, or else one of the same fork."""
        taken = gone | self._others(view)
        parent = self.branches[number].parent
        nearest = [parent, *(branch.number for branch in self.children(parent)), *self.branches]
        return next((each for each in nearest if each != ROOT and each not in taken), None)

    def _remove(self, numbers: Iterable[int]) -> None:
        for number in list(numbers):
            self.branches.pop(number, None)
            self._states.pop(number, None)
        self.hidden = [number for number in self.hidden if number in self.branches]
        self.version += 1

    def _restore(self, removed: Sequence[Branch]) -> bool:
        """Bring back branches; false if what they left is gone."""
        if removed:
            if removed[0].parent not in self.branches:
                return False
            self.branches.update({branch.number: branch for branch in removed})
            self.branches = dict(sorted(self.branches.items()))
        return True


def _place(branch: Branch) -> tuple[int, int]:
    return branch.at, branch.number
