r"""Regular expressions as automata over characters: Thompson's construction, and states made as they are needed.

A text matches as a whole. There are alternatives, groups, sets, `.`, the classes `\d \w \s` and their complements,
`* + ? {m,n}`, and the anchors `^ $`. A backtracking matcher such as `re` can't tell what may come next.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heappop, heappush
from typing import NamedTuple, final

from seqnlp.errors import UsageError

MAX_NODES = 20_000
"""Nodes of an automaton; repetitions are written out."""

MAX_REPEAT = 1000
"""Repetitions of a part, where they are counted."""

MAX_DEPTH = 50
"""Groups inside of each other."""

ASCII = tuple(map(chr, range(128)))

Characters = Callable[[str], bool]
"""Test of a character."""

_CLASSES: dict[str, Characters] = {
    "d": str.isdecimal,
    "w": lambda sign: sign.isalnum() or sign == "_",
    "s": str.isspace,
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0", "a": "\a"}
_HEX = {"x": 2, "u": 4, "U": 8}
_QUANTIFIERS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass
class _Node:
    """Node of the nondeterministic automaton."""

    free: list[int] = field(default_factory=list)
    """Nodes that are reached without a character."""
    first: list[int] = field(default_factory=list)
    """The same, at the beginning of the text alone."""
    last: list[int] = field(default_factory=list)
    """The same, at the end of the text alone."""
    reads: list[tuple[Characters, int]] = field(default_factory=list)


class State(NamedTuple):
    """State after some characters."""

    nodes: frozenset[int]
    """Nodes from which a character can be read."""
    accepts: bool
    """True if the text may end."""


@final
class RegularExpression:
    """Deterministic automaton of a pattern, made lazily."""

    def __init__(self, pattern: str, alphabet: Collection[str] | None = None) -> None:
        """Parse a pattern.

        Args:
            pattern: The regular expression, which a whole text has to match.
            alphabet: Characters that there are, so that no state is a dead end; None: all.

        Raises:
            seqnlp.errors.UsageError: it is no regular expression, or no text matches it.
        """
        self.pattern = pattern
        graph = _Graph(pattern)
        begin, self._end = _Parser(pattern).parse()(graph)
        self._nodes = graph.nodes
        self._alphabet = None if alphabet is None else set(alphabet)
        self._least: dict[Characters, int] = {}
        self._tokens: dict[int, int] = {}
        """Fewest tokens from a node to the end of a text; without an alphabet a bound."""
        self._drop_dead_ends()
        self._steps: dict[tuple[State, str], State] = {}
        self._any: dict[tuple[Characters, bytes], bool] = {}
        self.start = self._closure([begin], at_beginning=True)
        if self.is_dead(self.start):
            raise UsageError(f"pattern {pattern!r}: no text matches it that is spelled with known characters")

    def step(self, state: State, character: str) -> State:
        """State after one more character."""
        key = state, character
        found = self._steps.get(key)
        if found is None:
            reached = [to for node in state.nodes for reads, to in self._nodes[node].reads if reads(character)]
            found = self._steps[key] = self._closure(reached)
        return found

    def walk(self, state: State, text: str) -> State:
        """State after more characters."""
        for character in text:
            if not state.nodes:
                return DEAD
            state = self.step(state, character)
        return state

    def is_dead(self, state: State) -> bool:
        """True if no text that begins so can match."""
        return not (state.nodes or state.accepts)

    def matches(self, text: str) -> bool:
        """True if a whole text matches."""
        return self.walk(self.start, text).accepts

    def tokens_to_end(self, state: State) -> int:
        """Fewest tokens to the end of a text: where there is no alphabet its bytes, else its characters.

        Without an alphabet it is a bound: a character outside ASCII counts as four.
        """
        return 0 if state.accepts else min(self._tokens[node] for node in state.nodes)

    def can_read(self, state: State, beginning: bytes) -> bool:
        """True if a character whose UTF-8 begins with some bytes can follow."""
        tests = {reads for node in state.nodes for reads, _ in self._nodes[node].reads}
        return any(self._reads_any(reads, beginning) for reads in tests)

    def _reads_any(self, reads: Characters, beginning: bytes) -> bool:
        key = reads, beginning
        if key not in self._any:
            self._any[key] = any(map(reads, characters_from(beginning)))
        return self._any[key]

    def _closure(self, nodes: Iterable[int], at_beginning: bool = False) -> State:
        reached, waiting = set[int](), list(nodes)
        while waiting:
            node = waiting.pop()
            if node not in reached:
                reached.add(node)
                waiting += self._nodes[node].free
                waiting += self._nodes[node].first if at_beginning else []
        ending, waiting = set[int](), list(reached)
        while waiting:
            node = waiting.pop()
            if node not in ending:
                ending.add(node)
                waiting += self._nodes[node].free + self._nodes[node].last
                waiting += self._nodes[node].first if at_beginning else []
        return State(frozenset(node for node in reached if self._nodes[node].reads), self._end in ending)

    def _drop_dead_ends(self) -> None:
        """Drop transitions to nodes from which no end can be reached."""
        back: list[list[int]] = [[] for _ in self._nodes]
        for number, node in enumerate(self._nodes):
            node.reads = [(reads, to) for reads, to in node.reads if self._occurs(reads)]
            for to in [*node.free, *node.last]:
                back[to].append(number)
        ending, waiting = set[int](), [self._end]
        while waiting:  # without a character
            number = waiting.pop()
            if number not in ending:
                ending.add(number)
                waiting += back[number]
        costs = self._costs(ending)
        for number, node in enumerate(self._nodes):
            node.reads = [(reads, to) for reads, to in node.reads if to in costs]
            if node.reads:
                self._tokens[number] = min(costs[to] + self._least_tokens(reads) for reads, to in node.reads)

    def _costs(self, ending: Collection[int]) -> dict[int, int]:
        """Fewest tokens from each node to an end (Dijkstra)."""
        back: list[list[tuple[int, int]]] = [[] for _ in self._nodes]
        for number, node in enumerate(self._nodes):
            for to in node.free:
                back[to].append((number, 0))
            for reads, to in node.reads:
                back[to].append((number, self._least_tokens(reads)))
        costs: dict[int, int] = {}
        waiting = [(0, node) for node in ending]
        while waiting:
            cost, number = heappop(waiting)
            if number not in costs:
                costs[number] = cost
                for before, more in back[number]:
                    heappush(waiting, (cost + more, before))
        return costs

    def _least_tokens(self, reads: Characters) -> int:
        """Fewest tokens of a character that passes a test: one, or where there is no alphabet its bytes."""
        if self._alphabet is not None:
            return 1
        if reads not in self._least:
            self._least[reads] = 1 if any(map(reads, ASCII)) else 4
        return self._least[reads]

    def _occurs(self, reads: Characters) -> bool:
        return self._alphabet is None or any(map(reads, self._alphabet))


@lru_cache(maxsize=256)
def characters_from(beginning: bytes) -> str:
    """Characters whose UTF-8 begins with some bytes."""
    length = 2 if beginning[0] < 0xE0 else 3 if beginning[0] < 0xF0 else 4
    missing = length - len(beginning)
    low, high = (beginning + bytes([bound]) * missing for bound in (0x80, 0xBF))
    first, last = max(_code_point(low), (0x80, 0x800, 0x10000)[length - 2]), min(_code_point(high), 0x10FFFF)
    return "".join(chr(code) for code in range(first, last + 1) if not 0xD800 <= code < 0xE000)


def _code_point(encoded: bytes) -> int:
    """Code point of UTF-8 bytes, even of a too long spelling."""
    code = encoded[0] & (0x7F >> len(encoded))
    for byte in encoded[1:]:
        code = code << 6 | byte & 0x3F
    return code


DEAD = State(frozenset(), False)


@final
class _Graph:
    """Nodes of a pattern, as they are made."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.nodes: list[_Node] = []

    def node(self) -> int:
        """Make a node."""
        if len(self.nodes) >= MAX_NODES:
            raise UsageError(f"pattern {_short(self.pattern)}: too large, with its repetitions written out")
        self.nodes.append(_Node())
        return len(self.nodes) - 1


Part = Callable[[_Graph], tuple[int, int]]
"""Part of a pattern: adds its nodes to a graph, and gives the first and the last one."""


def _reading(reads: Characters) -> Part:
    def build(graph: _Graph) -> tuple[int, int]:
        begin, end = graph.node(), graph.node()
        graph.nodes[begin].reads.append((reads, end))
        return begin, end

    return build


def _anchor(at_end: bool) -> Part:
    def build(graph: _Graph) -> tuple[int, int]:
        begin, end = graph.node(), graph.node()
        (graph.nodes[begin].last if at_end else graph.nodes[begin].first).append(end)
        return begin, end

    return build


def _sequence(parts: Sequence[Part]) -> Part:
    def build(graph: _Graph) -> tuple[int, int]:
        begin = end = graph.node()
        for part in parts:
            first, last = part(graph)
            graph.nodes[end].free.append(first)
            end = last
        return begin, end

    return build


def _alternatives(parts: Sequence[Part]) -> Part:
    def build(graph: _Graph) -> tuple[int, int]:
        begin, end = graph.node(), graph.node()
        for part in parts:
            first, last = part(graph)
            graph.nodes[begin].free.append(first)
            graph.nodes[last].free.append(end)
        return begin, end

    return build


def _repeated(part: Part, least: int, most: int | None) -> Part:
    def build(graph: _Graph) -> tuple[int, int]:
        begin, end = graph.node(), graph.node()
        at = begin
        for number in range(max(least, 1) if most is None else most):
            if number >= least:
                graph.nodes[at].free.append(end)
            first, last = part(graph)
            graph.nodes[at].free.append(first)
            if most is None and number + 1 >= least:
                graph.nodes[last].free.append(first)
            at = last
        graph.nodes[at].free.append(end)
        return begin, end

    return build


@final
class _Parser:
    """Recursive descent over a pattern."""

    def __init__(self, pattern: str) -> None:
        self._pattern, self._at, self._depth = pattern, 0, 0
        self._ignores_case = False

    def parse(self) -> Part:
        """Parse the whole pattern."""
        if self._pattern.startswith("(?i)"):
            self._ignores_case, self._at = True, 4
        found = self._alternatives()
        if self._at < len(self._pattern):
            raise self._fault("expected a `(` before this `)`; \\) is the sign itself")
        return found

    def _alternatives(self) -> Part:
        parts = [self._sequence()]
        while self._takes("|"):
            parts.append(self._sequence())
        return _alternatives(parts) if len(parts) > 1 else parts[0]

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            part, begin = self._atom(), self._at
            quantifiers = 0
            while (bounds := self._bounds()) is not None:
                part, quantifiers = _repeated(part, *bounds), quantifiers + 1
                if quantifiers > MAX_DEPTH:
                    raise self._fault(f"expected {MAX_DEPTH} repetitions of repetitions at most", begin)
                _ = self._takes("?") or self._takes("+")  # lazy or possessive: the same texts match
            parts.append(part)
        return _sequence(parts)

    def _bounds(self) -> tuple[int, int | None] | None:
        """Least and greatest number of repetitions, if there is a quantifier; None for no greatest one."""
        for sign, bounds in _QUANTIFIERS.items():
            if self._takes(sign):
                return bounds
        if not self._pattern.startswith("{", self._at):
            return None
        close = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at + 1 : max(close, 0)].partition(",")
        if close < 0 or not all(_is_number(part) for part in (low, high) if part) or not (low or high):
            raise self._fault("expected a repetition such as {2}, {2,} or {2,5}; \\{ is the sign itself")
        least = int(low or 0)
        most = least if not comma else int(high) if high else None
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
            raise self._fault(f"expected {MAX_REPEAT:,} repetitions at most, the smaller number first")
        self._at = close + 1
        return least, most

    def _atom(self) -> Part:
        sign = self._pattern[self._at]
        if sign == "(":
            return self._group()
        if sign in "*+?{":
            raise self._fault(f"expected something before `{sign}` that it repeats; \\{sign} is the sign itself")
        self._at += 1
        if sign in "^$":
            return _anchor(at_end=sign == "$")
        if sign == ".":
            return _reading(lambda character: character != "\n")
        if sign == "[":
            return _reading(self._set())
        if sign == "\\":
            if self._takes("A") or self._takes("Z"):
                return _anchor(at_end=self._pattern[self._at - 1] == "Z")
            escaped = self._escape()
            return _reading(escaped if callable(escaped) else self._one(escaped))
        return _reading(self._one(sign))

    def _group(self) -> Part:
        begin = self._at
        self._at += 1
        if self._takes("?") and not self._takes(":"):
            name = self._pattern[self._at : self._pattern.find(">", self._at) + 1]
            if not (name.startswith("P<") and name[2:-1].isidentifier()):
                raise self._fault("only groups (...), (?:...) and (?P<name>...) are known here", begin)
            self._at += len(name)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._fault(f"expected {MAX_DEPTH} groups inside of each other at most", begin)
        found = self._alternatives()
        self._depth -= 1
        if not self._takes(")"):
            raise self._fault("expected a `)` for this `(`; \\( is the sign itself", begin)
        return found

    def _set(self) -> Characters:
        """Parse a set of characters, up to its `]`."""
        begin = self._at - 1
        is_complement = self._takes("^")
        singles, ranges, classes = set[str](), list[tuple[str, str]](), list[Characters]()
        is_first = True
        while is_first or not self._pattern.startswith("]", self._at):
            is_first = False
            low = self._member(begin)
            if self._pattern.startswith("-", self._at) and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._member(begin)
                if callable(low) or callable(high) or high < low:
                    raise self._fault("expected a range from a lower to a higher character")
                ranges.append((low, high))
            elif callable(low):
                classes.append(low)
            else:
                singles.add(low)
        self._at += 1

        def inside(sign: str) -> bool:
            return sign in singles or any(a <= sign <= b for a, b in ranges) or any(each(sign) for each in classes)

        def contains(sign: str) -> bool:
            return any(map(inside, _cases(sign))) if self._ignores_case else inside(sign)

        return lambda sign: contains(sign) != is_complement

    def _member(self, begin: int) -> str | Characters:
        if self._at >= len(self._pattern):
            raise self._fault("expected a `]` for this `[`", begin)
        sign = self._pattern[self._at]
        self._at += 1
        return self._escape() if sign == "\\" else sign

    def _escape(self) -> str | Characters:
        """Parse what stands after a backslash."""
        if self._at >= len(self._pattern):
            raise self._fault("expected a character after `\\`", self._at - 1)
        sign = self._pattern[self._at]
        self._at += 1
        if sign.lower() in _CLASSES:
            inside = _CLASSES[sign.lower()]
            return inside if sign.islower() else lambda character: not inside(character)
        if sign in _HEX:
            digits = self._pattern[self._at : self._at + _HEX[sign]]
            try:
                code = int(digits, 16) if len(digits) == _HEX[sign] and digits.isalnum() else -1
                self._at += len(digits)
                return chr(code)
            except (ValueError, OverflowError):
                raise self._fault(f"expected {_HEX[sign]} hexadecimal digits after `\\{sign}`") from None
        if sign in _ESCAPES:
            return _ESCAPES[sign]
        if sign.isalnum():
            self._at -= 2
            raise self._fault(f"`\\{sign}` is not known here; there are \\d, \\w, \\s, \\n, \\t and escaped signs")
        return sign

    def _one(self, sign: str) -> Characters:
        if self._ignores_case:
            cases = set(_cases(sign))
            return lambda character: not cases.isdisjoint(_cases(character))
        return sign.__eq__

    def _takes(self, sign: str) -> bool:
        found = self._pattern.startswith(sign, self._at)
        self._at += found
        return found

    def _fault(self, problem: str, at: int | None = None) -> UsageError:
        place = self._at if at is None else at
        return UsageError(f"pattern {_short(self._pattern)}, character {place + 1}: {problem}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _cases(sign: str) -> Iterator[str]:
    yield from {sign, sign.lower(), sign.upper()}


def _short(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 60 else f"{pattern[:59]}…")
