"""Session: the texts of a screen as they are written, and the settings that each part of them was written with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import monotonic
from typing import Any, final

from seqnlp.tui.writing import Writing

TURNS = 1000
"""Changes of settings that are remembered for each text."""

Settings = dict[str, Any]


@final
class Session:
    """Some texts from one prompt: begun together as the samples of one batch, gone on with one by one."""

    def __init__(self, prompt: str, samples: int, seed: int) -> None:
        self.prompt, self.seed = prompt, seed
        self.current = 0
        """The text that had the focus last."""
        self.writings = [Writing(prompt) for _ in range(samples)]
        self.turns: list[list[Settings]] = [[] for _ in range(samples)]
        """Of each text what it was written with, `at` a character, counted from its beginning."""
        self._growing: dict[int, tuple[int, int]] = {}
        """The texts that grow, with their tokens when somebody asked for more, and those that they are to have."""
        self._mark = (monotonic(), 0)
        self._speed = 0.0
        self._written = 0

    @property
    def busy(self) -> bool:
        """Whether any text grows."""
        return bool(self._growing)

    def is_busy(self, number: int) -> bool:
        """Whether this text grows."""
        return number in self._growing

    def resize(self, samples: int) -> None:
        """Have so many texts: those at the end go, or new ones come."""
        for writing in self.writings[samples:]:
            writing.close()
        del self.writings[samples:], self.turns[samples:]
        while len(self.writings) < samples:
            self.writings.append(Writing(self.prompt))
            self.turns.append([])

    def begin_all(self, settings: Mapping[str, Any]) -> Settings:
        """Note that all texts grow from the prompt, and say what to ask for that: text n is sample n of the answer."""
        samples = len(self.writings)
        asked = {**_sampling(settings), "seed": self.seed, "samples": samples}
        for number in range(samples):
            self._begin(number, 0, settings["length"], {**asked, "sample": number})
        return {"prompt": self.prompt, "length": settings["length"], **asked}

    def begin(self, number: int, length: int, settings: Mapping[str, Any]) -> Settings:
        """Note that a text grows from here, and say what to ask for that."""
        writing = self.writings[number]
        # the seed moves on with the text: the same one again and again would repeat its choices
        asked = {**_sampling(settings), "seed": self.seed + number + writing.tokens}
        # what was steered had begun when the rest of its length was written
        self._begin(number, writing.tokens - (settings["length"] - length), length, asked)
        return {"prompt": writing.context(), "length": length, **asked}

    def _begin(self, number: int, tokens: int, length: int, turn: Settings) -> None:
        """Note what a text is written with from here, how long, and its tokens when somebody asked for more."""
        writing = self.writings[number]
        writing.complete = False
        self.turns[number] = [*self.turns[number][-TURNS:], {"at": writing.characters, **turn}]
        if not self._growing:
            self._mark, self._speed = (monotonic(), self._written), 0.0
        self._growing[number] = (tokens, writing.tokens + length)

    def add(self, number: int, part: Mapping[str, Any]) -> None:
        """Take in some tokens, unless the text was stopped."""
        if number in self._growing:
            self.writings[number].add(part["text"], part["lengths"], part["logprobs"])
            self._written += len(part["text"])

    def end(self, numbers: Iterable[int]) -> None:
        """These texts grow no more; those that were stopped before have ended already."""
        for number in set(numbers) & self._growing.keys():
            _, wanted = self._growing.pop(number)
            self.writings[number].complete = self.writings[number].tokens >= wanted

    def stop(self) -> None:
        """No text grows any more."""
        self.end(list(self._growing))

    def close(self) -> None:
        """Stop, and keep nothing."""
        self.stop()
        for writing in self.writings:
            writing.close()

    def left(self, length: int) -> dict[int, int]:
        """Of the texts that grow, how many tokens they still need to have as many as are wanted now."""
        return {number: length - self.writings[number].tokens + begun for number, (begun, _) in self._growing.items()}

    def describe(self, number: int) -> str:
        """One line on a text: how long it is, how surprising, and how fast it grows."""
        writing = self.writings[number]
        if not writing.tokens:
            return "writing" if self.busy else ""
        now, (then, before) = monotonic(), self._mark
        if self.busy and now - then > 0.5:
            self._speed = (self._written - before) / (now - then)
            self._mark = (now, self._written)
        parts = [
            "writing" if self.busy else "length reached" if writing.complete else "stopped",
            f"{writing.tokens:,} tokens",
            f"{writing.nats() / 0.6931471805599453:.2f} bits each",
            f"seed {self.seed}",
        ]
        if self.busy and self._speed:
            parts.insert(1, f"{self._speed:,.0f} characters/s")
        return "  ·  ".join(parts)


def _sampling(settings: Mapping[str, Any]) -> Settings:
    """The settings that say how a token is chosen."""
    return {name: value for name, value in settings.items() if name not in ("samples", "length", "seed")}


def unknown_in_words(unknown: Sequence[str]) -> str:
    """A line on the characters or words of a prompt that a model takes for one another."""
    shown = " ".join(repr(piece) if piece.isspace() else piece for piece in unknown[:8])
    return f"{shown}{' ...' if len(unknown) > 8 else ''}: it takes them for one and the same sign."
