"""What predictors return; plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol


class Result(Protocol):
    """Prediction for one input; `str` gives its plain text."""

    def to_json(self) -> dict[str, Any]:
        """Its JSON object."""


@dataclass(frozen=True)
class Span:
    """Some words of a sentence that belong together."""

    label: str
    start: int
    """Its first word, counted from 0."""
    end: int
    """The word after its last one."""
    start_char: int
    """Where it begins in the text, in characters; in words joined by single blanks where words were given."""
    end_char: int
    """Where it ends there: the character after its last one."""
    score: float
    """The lowest among the probabilities that the model gives to the tags of its words."""


@dataclass(frozen=True)
class TagSequence:
    """Tags for all of a sentence."""

    tags: list[str]
    logprob: float
    """The logarithm of the probability of just these tags, all together."""


@dataclass(frozen=True)
class Tagging:
    """A sentence with its tags."""

    tokens: list[str]
    tags: list[str]
    """One tag a token, of the recipe's first label column."""
    scores: list[float]
    """The probability that the model gives to each tag."""
    columns: dict[str, list[str]]
    """Every label column's tags by the name of the column; the first one is `tags`."""
    column_scores: dict[str, list[float]]
    """The probabilities of these, likewise; the first ones are `scores`."""
    spans: list[Span] | None = None
    """The spans that the tags stand for; None if they stand for none (the recipe has no `data.scheme`)."""
    best: list[TagSequence] | None = None
    """The likeliest sequences of tags of the first label column, the likeliest first, if they were asked for."""

    def to_json(self) -> dict[str, Any]:
        """A JSON object; columns are left out where they say nothing new, and what there can't be or nobody wanted."""
        data = asdict(self)
        if len(self.columns) == 1:
            del data["columns"], data["column_scores"]
        for name in ("spans", "best"):
            if data[name] is None:
                del data[name]
        return data


@dataclass(frozen=True)
class Classification:
    """A text with its class, or with its labels where it may have several."""

    tokens: list[str]
    labels: list[str]
    """The chosen classes, the likeliest first: one, or any number. A text without words has none."""
    scores: dict[str, float]
    """The probability that the model gives to each class, the likeliest first."""
    contributions: list[float] | None = None
    """How much each token did for the likeliest class, if that was asked for."""

    @property
    def label(self) -> str | None:
        """The likeliest of the chosen classes; None if there is none."""
        return self.labels[0] if self.labels else None

    def to_json(self) -> dict[str, Any]:
        """A JSON object; `contributions` is left out if nobody asked for them."""
        data = {"label": self.label, **asdict(self)}
        if self.contributions is None:
            del data["contributions"]
        return data


@dataclass(frozen=True)
class Mistake:
    """A wrong answer, where it was given."""

    tokens: list[str]
    """The sentence or text."""
    place: int | None
    """Which token was labelled wrongly; None if the label is of the whole text."""
    confidence: float
    """The probability that the model gave to its answer."""


@dataclass(frozen=True)
class Confusion:
    """A label that was taken for another."""

    gold: str
    predicted: str
    count: int
    mistakes: list[Mistake]
    """Some of them, those first that the model was surest of."""


@dataclass(frozen=True)
class ErrorReport:
    """What a model gets wrong in one label column."""

    labels: list[str]
    """The columns of the matrix: all labels that the model may choose."""
    rows: list[str]
    """The rows of the matrix: the right labels; the same, and perhaps one for labels that train did not have."""
    matrix: list[list[int]]
    """How often each label (row) was taken for each (column)."""
    items: int
    """How many labels were to be chosen."""
    accuracy: float
    words: dict[str, dict[str, float]] | None
    """`count` and `accuracy` for `known` and `unknown` words; None if the items are not words."""
    confusions: list[Confusion]
    """The most frequent ones, the most frequent first."""
    calibration_error: float
    """How far confidence and accuracy are apart, on average over the items (expected calibration error)."""
    reliability: list[dict[str, float]]
    """For each tenth of confidence that was used: `low`, `high`, `count`, mean `confidence` and `accuracy`."""


@dataclass(frozen=True)
class Token:
    """A piece of text that a language model has written, or read."""

    text: str
    """What it adds to the text; may be empty where a character is spread over several tokens."""
    sample: int = 0
    """Which of the texts that are written at once it belongs to."""
    logprob: float | None = None
    """The model's own log-probability of it, in nats; None if it was not asked for."""
    alternatives: list[tuple[str, float]] | None = None
    """The likeliest other tokens and their log-probabilities, the likeliest first; None if not asked for."""

    def to_json(self) -> dict[str, Any]:
        """A JSON object of what is known."""
        data: dict[str, Any] = {"text": self.text}
        if self.logprob is not None:
            data["logprob"] = round(self.logprob, 6)
        if self.alternatives is not None:
            data["alternatives"] = [[text, round(logprob, 6)] for text, logprob in self.alternatives]
        return data


@dataclass(frozen=True)
class Continuation:
    """A prompt and the text that a language model wrote after it."""

    prompt: str
    text: str

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Translation:
    """A sentence translated."""

    text: str
    score: float
    """The log-probability with the search's penalty for lengths, which translations are ordered by."""
    logprob: float
    """The log-probability of the translation and of its end, in nats."""
    tokens: list[str]
    """What the text was written of."""
    source_tokens: list[str]
    """What was read."""
    unread: int = 0
    """Tokens at the end of the source that were not read, because it is too long."""
    alternatives: list[Translation] = field(default_factory=list)
    """The next best translations, the best first, if more than one was asked for."""
    attention: list[list[float]] | None = None
    """How much each token attended to each source token, a row a token; None if it was not asked for."""
    alignment: list[tuple[int, int]] | None = None
    """For each word the source word that it attended to most, as pairs (source, target) of words between blanks,
    counted from 0; None if it was not asked for."""

    def to_json(self) -> dict[str, Any]:
        """A JSON object of what was asked for."""
        data: dict[str, Any] = {
            "text": self.text,
            "score": round(self.score, 6),
            "logprob": round(self.logprob, 6),
            "tokens": self.tokens,
            "source_tokens": self.source_tokens,
        }
        if self.unread:
            data["unread"] = self.unread
        if self.alternatives:
            data["alternatives"] = [other.to_json() for other in self.alternatives]
        if self.attention is not None:
            data["attention"] = [[round(weight, 4) for weight in row] for row in self.attention]
        if self.alignment is not None:
            data["alignment"] = [list(pair) for pair in self.alignment]
        return data


@dataclass(frozen=True)
class MemoryProbe:
    """How far back a language model looks."""

    gradients: list[float]
    """The norm of the gradient of the loss with respect to the input 0, 1, 2, ... tokens before, on average."""
    losses: dict[int, float]
    """The loss, in nats per token, of the model with a history of so many tokens."""
    effective_context: int
    """The shortest of these histories with which the loss is less than 1 % above that with the longest."""

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class SeriesForecast:
    """How a series goes on."""

    name: str
    times: list[str]
    """When each step is, ISO 8601."""
    values: list[float]
    """What to expect, in the units of the series."""
    low: list[float] | None = None
    """The lower ends of the intervals; None if the model says nothing of its error."""
    high: list[float] | None = None
    level: float | None = None
    """The share of values that is to lie in the intervals, in percent."""

    def to_json(self) -> dict[str, Any]:
        """A JSON object of what is known."""
        return {name: value for name, value in asdict(self).items() if value is not None}
