"""The tree of texts against plain strings: whatever is done, each branch has the text that was written."""

import json

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from seqnlp.generation import tree as trees
from seqnlp.generation.tree import ROOT, Branch, TextTree

PROMPT = "Once"


def write(branch: Branch, text: str) -> None:
    """Write a text, each character a token."""
    for character in text:
        branch.text += character
        branch.ends.append(len(branch.text))
        branch.logprobs.append(-1.0)
        branch.tokens += 1


class Trees(RuleBasedStateMachine):
    """Branches are made, shown, deleted, undone, redone and stored, in two views."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = TextTree(PROMPT)
        self.texts: dict[int, str] = {}
        for _ in range(2):
            branch = self.tree.add(ROOT, len(PROMPT), "sample")
            self.tree.open_view(branch.number)
            self.texts[branch.number] = PROMPT

    def text_of(self, number: int) -> str:
        return self.tree.whole(number, 10**6).text

    @rule(view=st.integers(0, 1), text=st.text("ab ", min_size=1, max_size=4))
    def grow(self, view: int, text: str) -> None:
        number = self.tree.shown[view]
        write(self.tree[number], text)
        self.texts[number] += text

    @rule(view=st.integers(0, 1), place=st.integers(0, 30), text=st.text("xy", max_size=3))
    def leave(self, view: int, place: int, text: str) -> None:
        old = self.tree.shown[view]
        at = len(PROMPT) + place % (len(self.texts[old]) - len(PROMPT) + 1)
        branch = self.tree.add(old, at, "token", at - len(PROMPT))
        self.texts[branch.number] = self.texts[old][:at] + text
        write(branch, text)
        self.tree.show(view, branch.number, at)
        assert self.tree.fork_of(old, branch.number) <= at

    @rule(view=st.integers(0, 1), place=st.integers(0, 30))
    def walk(self, view: int, place: int) -> None:
        free = [number for number in self.tree.branches if number != ROOT and number != self.tree.shown[1 - view]]
        self.tree.show(view, free[place % len(free)])

    @rule(view=st.integers(0, 1), place=st.integers(0, 30))
    def delete(self, view: int, place: int) -> None:
        number = list(self.tree.branches)[place % len(self.tree.branches)]
        gone = set() if number == ROOT else {branch.number for branch in self.tree.below(number)}
        reason = self.tree.can_delete(view, number)
        assert self.tree.delete(view, number) == (not reason)
        if not reason:
            assert not gone & self.tree.branches.keys()
            assert self.tree.undo(view) is not None
            assert gone <= self.tree.branches.keys()
            assert self.tree.redo(view) is not None
            assert not gone & self.tree.branches.keys()

    @rule(view=st.integers(0, 1))
    def undo_and_redo(self, view: int) -> None:
        before, shown = self.tree.state(), self.tree.shown[view]
        change = self.tree.undo(view)
        if change is not None and change.after == shown:  # else a step whose branch is gone was left out
            assert self.tree.redo(view) is change
            after = self.tree.state()
            assert (after["shown"], after["branches"]) == (before["shown"], before["branches"])

    @rule(view=st.integers(0, 1), back=st.booleans())
    def step(self, view: int, back: bool) -> None:
        change = self.tree.undo(view) if back else self.tree.redo(view)
        if change is not None:
            assert self.tree.shown[view] == (change.before if back else change.after)

    @rule(place=st.integers(0, 30), name=st.text(max_size=60))
    def note(self, place: int, name: str) -> None:
        number = list(self.tree.branches)[place % len(self.tree.branches)]
        self.tree.mark(number)
        self.tree.rename(number, name)

    @precondition(lambda self: len(self.tree) > 2)
    @rule()
    def store(self) -> None:
        state = json.loads(json.dumps(self.tree.state()))
        self.tree = TextTree.from_state(state)
        assert self.tree.state() == state

    @invariant()
    def each_has_its_text(self) -> None:
        for number in self.tree.branches.keys() - {ROOT}:
            whole = self.tree.whole(number, 10**6)
            assert whole.text == self.texts[number]
            assert list(whole.ends) == list(range(len(PROMPT) + 1, len(whole.text) + 1))
            assert (whole.dropped, whole.start, whole.tokens) == (0, len(PROMPT), len(whole.text) - len(PROMPT))

    @invariant()
    def all_are_drawn_below_their_parents(self) -> None:
        drawn = [line.branch for line in self.tree.lines()]
        assert sorted(branch.number for branch in drawn) == sorted(self.tree.branches.keys() - {ROOT})
        for place, branch in enumerate(drawn):
            assert branch.parent == ROOT or branch.parent in [each.number for each in drawn[:place]]
        assert len(set(self.tree.shown)) == 2


TestTrees = Trees.TestCase
TestTrees.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_the_drawing_of_a_tree() -> None:
    tree = TextTree(PROMPT)
    first = tree.add(ROOT, 4, "sample")
    write(first, " upon a time")
    tree.open_view(first.number)
    second = tree.add(first.number, 10, "token", 6)
    write(second, "the sea")
    third = tree.add(second.number, 14, "edit", 10)
    write(third, "ship")
    tree.add(second.number, 6, "again", 2)  # in the part that it shares with the first one
    lines = tree.lines()
    assert [(line.guides, tree.first_words(line.branch, 20), line.branch.at) for line in lines] == [
        ("", "upon a time", 4),
        ("├╴", "", 6),
        ("└╴", "the sea", 10),
        ("  └╴", "ship", 14),
    ]
    assert tree.whole(third.number, 100).text == "Once upon the ship"
    assert lines[0].branch.bits() == pytest.approx(1.4427, abs=1e-4)


def test_the_oldest_unmarked_branches_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "MAX_BRANCHES", 5)
    tree = TextTree(PROMPT)
    tree.open_view(tree.add(ROOT, 4, "sample").number)
    for number in range(8):
        branch = tree.add(ROOT, 4, "again")
        if number == 0:
            tree.mark(branch.number)
    assert tree.prune() == 4
    assert list(tree.branches) == [ROOT, 1, 2, 7, 8, 9]
    monkeypatch.setattr(trees, "MAX_CHARACTERS", 20)
    write(tree[9], "x" * 30)
    assert tree.prune() == 3
    assert list(tree.branches) == [ROOT, 1, 2]


def test_a_text_whose_beginning_was_dropped_keeps_its_branches() -> None:
    tree = TextTree(PROMPT)
    long = tree.add(ROOT, 4, "sample")
    write(long, "0123456789")
    tree.open_view(long.number)
    early, late = tree.add(long.number, 6, "token", 2), tree.add(long.number, 12, "token", 8)
    write(early, "early")
    write(late, "late")
    long.start, long.text, long.ends = 10, "6789", long.ends[:4]
    long.logprobs = long.logprobs[6:]
    found = [tree.whole(number, 100) for number in (long.number, early.number, late.number)]
    assert [(whole.text, whole.dropped, whole.start) for whole in found] == [
        ("6789", 10, 0),
        ("early", 6, 0),
        ("67late", 10, 0),
    ]


@pytest.mark.parametrize(
    "damage", [{"branches": []}, {"shown": [9]}, {"shown": [1, 1]}, {"past": []}, {"next": None}, {"hidden": [-1]}]
)
def test_a_damaged_state_is_refused(damage: dict[str, object]) -> None:
    tree = TextTree(PROMPT)
    tree.open_view(tree.add(ROOT, 4, "sample").number)
    with pytest.raises(ValueError, match="expected"):
        TextTree.from_state({**tree.state(), **damage})


def test_damaged_branches_are_refused() -> None:
    tree = TextTree(PROMPT)
    branch = tree.add(ROOT, 4, "sample")
    write(branch, "abc")
    tree.open_view(branch.number)
    good = branch.state()
    for key, value in {
        "parent": 7,
        "at": 99,
        "start": 2,
        "ends": "",
        "text": "abcd",
        "number": 0,
        "tokens": -1,
    }.items():
        with pytest.raises(ValueError, match="expected"):
            TextTree.from_state({**tree.state(), "branches": [tree[ROOT].state(), {**good, key: value}]})


@pytest.mark.parametrize("damage", [{"number": 0}, {"parent": 5}, {"parent": 3}, {"at": 99}])
def test_damaged_branches_that_can_be_brought_back_are_refused(damage: dict[str, int]) -> None:
    tree = TextTree(PROMPT)
    tree.open_view(tree.add(ROOT, 4, "sample").number)
    parent = tree.add(ROOT, 4, "sample")
    write(parent, "abc")
    child = tree.add(parent.number, 6, "token")
    assert tree.delete(0, parent.number)
    assert TextTree.from_state(tree.state()).undo(0) is not None
    state = tree.state()
    assert state["past"][0][0]["removed"][1]["number"] == child.number
    state["past"][0][0]["removed"][1] |= damage
    with pytest.raises(ValueError, match="expected"):
        TextTree.from_state(state)
