"""Two texts that two models write from the same prompt, under the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any, final

from seqnlp.tui.writing import Writing

LENGTH = 600
"""Tokens that are written at a time."""


@final
class Duet:
    """What both have written, and who of them still writes."""

    def __init__(self, prompt: str = "", seed: int = 1, temperature: float = 0.8) -> None:
        self.seed, self.temperature = seed, temperature
        self.writings = (Writing(prompt), Writing(prompt))
        self.busy: set[int] = set()

    @property
    def has_begun(self) -> bool:
        """Whether there is something to go on with."""
        return any(writing.tokens for writing in self.writings)

    def begin(self, number: int) -> dict[str, Any]:
        """One of them writes; the settings to ask for."""
        writing = self.writings[number]
        self.busy.add(number)
        return {
            "prompt": writing.context(),
            "length": LENGTH,
            "seed": self.seed + writing.tokens,  # the same one again would repeat what it has drawn
            "temperature": self.temperature,
        }

    def add(self, number: int, part: Mapping[str, Any]) -> None:
        """Take in some tokens, unless the text was stopped."""
        if number in self.busy:
            self.writings[number].add(part["text"], part["lengths"], part["logprobs"])

    def stop(self) -> None:
        """Nobody writes any more."""
        self.busy.clear()

    def close(self) -> None:
        """Stop, and keep nothing."""
        self.stop()
        for writing in self.writings:
            writing.close()

    def describe(self, number: int) -> str:
        """How long a text is and how surprising, per character: two models' tokens may not be alike."""
        writing = self.writings[number]
        if not writing.tokens:
            return ""
        characters = max(len(writing.text) - writing.start, 1)
        bits = writing.nats() * writing.count / log(2) / characters
        return f"{writing.tokens:,} tokens · {bits:.2f} bits/char"
