"""Maximum spanning trees (Chu and Liu, 1965; Edmonds, 1967): the best heads of the words of a sentence."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Heads = NDArray[np.int64]


def best_tree(scores: Scores) -> Heads:
    """Find the tree with the highest sum of scores.

    One word alone hangs on the root.

    Args:
        scores: Score of each dependent (row) with each head (column), the root before the words; shape
            (words + 1, words + 1). The row of the root is not read, nor are the scores of words with themselves.

    Returns:
        The head of each word, 0 for the root and words from 1; shape (words,).
    """
    own = np.array(scores, np.float64)
    np.fill_diagonal(own, -np.inf)
    finite = own[1:][np.isfinite(own[1:])]
    spread = float(finite.max() - finite.min()) if len(finite) else 0.0
    own[1:, 0] -= (len(own) + 1) * (spread + 1.0)  # two words at the root cost more than any other tree can win
    return _spanning_tree(own)[1:]


class _Contraction(NamedTuple):
    """Cycle that became one node, the last of a smaller graph."""

    heads: Heads
    """Best head of each node before."""
    cycle: NDArray[np.int64]
    others: NDArray[np.int64]
    entered: NDArray[np.int64]
    """Node of the cycle that each other node would enter it at."""
    left: NDArray[np.int64]
    """Node of the cycle that would be the head of each other node."""


def _spanning_tree(scores: Scores) -> Heads:
    """Head of each node; 0 is the root."""
    contractions: list[_Contraction] = []
    while True:
        heads: Heads = scores.argmax(1)
        heads[0] = 0
        cycle = _cycle(heads)
        if cycle is None:
            break
        others = np.setdiff1d(np.arange(len(scores)), cycle)
        into = scores[np.ix_(cycle, others)] - scores[cycle, heads[cycle]][:, None]
        out = scores[np.ix_(others, cycle)]
        contractions.append(_Contraction(heads, cycle, others, cycle[into.argmax(0)], cycle[out.argmax(1)]))
        smaller = np.full((len(others) + 1, len(others) + 1), -np.inf)
        smaller[:-1, :-1] = scores[np.ix_(others, others)]
        smaller[-1, :-1], smaller[:-1, -1] = into.max(0), out.max(1)
        scores = smaller
    for step in reversed(contractions):
        found = step.heads.copy()
        place = len(step.others)  # of the cycle in the smaller graph
        from_cycle = heads[:place] == place
        found[step.others] = np.where(from_cycle, step.left, step.others[np.minimum(heads[:place], place - 1)])
        outside = int(heads[place])
        found[step.entered[outside]] = step.others[outside]
        heads = found
    return heads


def _cycle(heads: Heads) -> NDArray[np.int64] | None:
    """Nodes of a cycle; None if there is none."""
    following = heads.tolist()
    seen = [0] * len(following)
    seen[0] = -1
    for start in range(1, len(following)):
        node = start
        while not seen[node]:
            seen[node] = start
            node = following[node]
        if seen[node] == start:
            cycle = [node]
            while following[cycle[-1]] != node:
                cycle.append(following[cycle[-1]])
            return np.array(cycle, np.int64)
    return None


def are_trees(heads: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True for each sentence that is a tree with a single root.

    Args:
        heads: Head of each word of all sentences, 0 for the root and the words of its sentence from 1.
        offsets: Start of each sentence, and the end of the last one.
    """
    lengths = np.diff(offsets)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.repeat(offsets[:-1], lengths)
    above = np.where(heads > 0, starts + heads - 1, np.arange(len(heads)))
    for _ in range(int(lengths.max(initial=1)).bit_length()):
        above = above[above]
    roots = np.bincount(rows, heads == 0, len(lengths))
    lost = np.bincount(rows, heads[above] != 0, len(lengths))
    found: NDArray[np.bool_] = (roots == 1) & (lost == 0)
    return found
