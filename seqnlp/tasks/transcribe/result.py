"""Transcripts: plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class TimedToken:
    """Token of a transcript, and its place in the recording."""

    text: str
    start: float
    """Seconds from the beginning of the recording."""
    end: float
    score: float
    """Highest probability of the token at one of its steps."""


@dataclass(frozen=True)
class Transcription:
    """Text of a recording."""

    text: str
    seconds: float
    """Duration of the recording."""
    logprob: float
    """Log-probability of the text under the acoustic model, in nats."""
    score: float
    """The same, with what a language model adds."""
    tokens: list[TimedToken]
    """Tokens of the text by forced alignment; blanks between words are tokens of a text of characters."""
    file: str | None = None
    """Name of the recording; None for samples."""
    start: float = 0.0
    """Seconds from the beginning of a stream to that of this recording."""
    notes: tuple[str, ...] = ()
    """Changes that were made to the samples: resampled, channels mixed."""

    def __str__(self) -> str:
        return self.text

    @property
    def words(self) -> list[TimedToken]:
        """Words between blanks, with their places; the score is that of the least certain token."""
        found: list[list[TimedToken]] = []
        for token in self.tokens:
            if token.text.startswith(" ") or not found:
                found.append([])
            if token.text.strip():
                found[-1].append(token)
        return [
            TimedToken(
                "".join(part.text for part in word).strip(),
                word[0].start,
                word[-1].end,
                min(part.score for part in word),
            )
            for word in found
            if word
        ]

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object, with rounded times and scores."""
        data: dict[str, Any] = {
            "text": self.text,
            "seconds": round(self.seconds, 3),
            "logprob": round(self.logprob, 6),
            "score": round(self.score, 6),
            "words": [_rounded(word) for word in self.words],
            "tokens": [_rounded(token) for token in self.tokens],
        }
        if self.file is not None:
            data = {"file": self.file, **data}
        if self.start:
            data["start"] = round(self.start, 3)
        if self.notes:
            data["notes"] = list(self.notes)
        return data


def _rounded(token: TimedToken) -> dict[str, Any]:
    numbers = {"start": 3, "end": 3, "score": 4}
    return {name: round(value, numbers[name]) if name in numbers else value for name, value in asdict(token).items()}
