"""Results of predictors; plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol


class Result(Protocol):
    """Prediction for one input; `str` gives its plain text."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object."""


@dataclass(frozen=True)
class Span:
    """A labelled span of words in a sentence."""

    label: str
    start: int
    """Index of the first word."""
    end: int
    """Index of the word after the last one."""
    start_char: int
    """Index of its first character in the text; in words joined by single blanks where words were given."""
    end_char: int
    """Index of the character after its last one."""
    score: float
    """Lowest probability among the tags of its words."""
    text: str
    """Its text; words joined by single blanks where words were given."""


@dataclass(frozen=True)
class TagSequence:
    """A sequence of tags for a whole sentence."""

    tags: list[str]
    logprob: float
    """Log-probability of the whole sequence, in nats."""


@dataclass(frozen=True)
class Tagging:
    """A sentence with its tags."""

    tokens: list[str]
    tags: list[str]
    """One tag per token, of the recipe's first label column."""
    scores: list[float]
    """Probability of each tag."""
    columns: dict[str, list[str]]
    """Tags of every label column by name; the first one is `tags`."""
    column_scores: dict[str, list[float]]
    """Probabilities of these; the first ones are `scores`."""
    spans: list[Span] | None = None
    """Spans that the tags encode; None if the recipe has no `data.scheme`."""
    best: list[TagSequence] | None = None
    """Likeliest tag sequences of the first label column, best first; None unless asked for."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object. Columns that repeat `tags` and fields that are None are left out."""
        data = asdict(self)
        if len(self.columns) == 1:
            del data["columns"], data["column_scores"]
        for name in ("spans", "best"):
            if data[name] is None:
                del data[name]
        return data


@dataclass(frozen=True)
class Classification:
    """A text with its class, or its labels in multi-label classification."""

    tokens: list[str]
    labels: list[str]
    """Predicted classes, the likeliest first: one, or any number. A text without words has none."""
    scores: dict[str, float]
    """Probability of each class, the likeliest first."""
    contributions: list[float] | None = None
    """Contribution of each token to the likeliest class; None unless asked for."""

    @property
    def label(self) -> str | None:
        """Likeliest predicted class; None if there is none."""
        return self.labels[0] if self.labels else None

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object, without `contributions` if they are None."""
        data = {"label": self.label, **asdict(self)}
        if self.contributions is None:
            del data["contributions"]
        return data


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction and its context."""

    tokens: list[str]
    """Sentence or text."""
    place: int | None
    """Index of the token that was labelled wrongly; None if the label is of the whole text."""
    confidence: float
    """Probability of the prediction."""
    gold: str | None = None
    """Right label, where the confusion is one of classes of labels: a lemma; else None."""
    predicted: str | None = None
    """Predicted label, likewise."""


@dataclass(frozen=True)
class Confusion:
    """A pair of gold and predicted label that differ."""

    gold: str
    predicted: str
    count: int
    mistakes: list[Mistake]
    """Examples of the confusion, the most confident first."""


@dataclass(frozen=True)
class ErrorReport:
    """Error analysis of one label column."""

    labels: list[str]
    """Columns of the matrix: all labels that the model may predict."""
    rows: list[str]
    """Rows of the matrix: the gold labels; the same, and perhaps one for labels that train did not have."""
    matrix: list[list[int]]
    """Confusion matrix: counts by gold label (row) and predicted label (column)."""
    items: int
    """Number of labels to predict."""
    accuracy: float
    words: dict[str, dict[str, float]] | None
    """`count` and `accuracy` for `known` and `unknown` words; None if the items are not words."""
    confusions: list[Confusion]
    """Most frequent confusions, the most frequent first."""
    calibration_error: float
    """Expected calibration error: mean distance of confidence and accuracy over the items."""
    reliability: list[dict[str, float]]
    """Reliability diagram: for each tenth of confidence `low`, `high`, `count`, mean `confidence` and `accuracy`."""
    features: dict[str, ErrorReport] = field(default_factory=dict)
    """Reports of the single features, by name, where labels are lists such as `Case=Nom|Number=Sing`."""


@dataclass(frozen=True)
class SurpriseShare:
    """Surprise of some of the tokens of a text."""

    name: str
    """Kind, position or text of the tokens."""
    count: int
    bits: float
    """Mean surprise of a token, in bits."""
    share: float
    """Share of the surprise of the whole text, from 0 to 1."""


@dataclass(frozen=True)
class Surprise:
    """Surprising token and its context."""

    before: str
    """Text before it; empty if the model reads backward."""
    gold: str
    """The token."""
    predicted: str
    """Token that the model thought likeliest."""
    bits: float
    row: int
    """Its number in the text, from 1."""
    after: str = ""
    """Text after it if the model reads backward."""


@dataclass(frozen=True)
class SurpriseReport:
    """Analysis of where a language model is surprised."""

    items: int
    """Number of tokens."""
    bits: float
    """Mean surprise of a token."""
    bits_per_char: float
    accuracy: float
    """Share of tokens that the model thought likeliest, from 0 to 1."""
    kinds: list[SurpriseShare]
    """By kind of token."""
    line: list[SurpriseShare]
    """By number of tokens since the last line break."""
    text: list[SurpriseShare]
    """By tenth of the text."""
    tokens: list[SurpriseShare]
    """Tokens with the most surprise in all."""
    contexts: list[Surprise]
    """Most surprising tokens, the most surprising first."""


@dataclass(frozen=True)
class JudgedTranslation:
    """Translation beside its reference."""

    row: int
    """Number of the pair in its split, from 1."""
    source: str
    reference: str
    translation: str
    score: float
    """Similarity to the reference, from 0 to 100."""
    nats: float
    """Negative log-likelihood of the reference, for each of its tokens."""


@dataclass(frozen=True)
class LengthScore:
    """Score of the pairs whose source has some length."""

    low: int
    """Tokens of the source, at least."""
    high: int
    """And at most."""
    count: int
    score: float
    """Mean similarity, from 0 to 100."""
    nats: float
    """Mean negative log-likelihood of a token of the references."""
    ratio: float
    """Characters of the translations for each of the references."""


@dataclass(frozen=True)
class TranslationFlaw:
    """Translations that go wrong in one way."""

    name: str
    count: int
    examples: list[JudgedTranslation]


@dataclass(frozen=True)
class TranslationReport:
    """Error analysis of a translator."""

    items: int
    scores: dict[str, float]
    """BLEU, chrF and exact matches of the split."""
    score_name: str
    """Name of the similarity of single sentences."""
    lengths: list[LengthScore]
    """By length of the source."""
    flaws: list[TranslationFlaw]
    """Empty, untranslated, over-long, too short and repeating translations."""
    worst: list[JudgedTranslation]
    """Translations with the lowest score, the worst first."""


Report = ErrorReport | SurpriseReport | TranslationReport
"""Error analysis of a run."""


@dataclass(frozen=True)
class Token:
    """A token that a language model has generated, or read."""

    text: str
    """Text of the token; may be empty where a character is spread over several tokens."""
    sample: int = 0
    """Index of the sample that it belongs to, among those generated at once."""
    logprob: float | None = None
    """Log-probability under the model, in nats; None unless asked for."""
    alternatives: list[tuple[str, float]] | None = None
    """Likeliest other tokens and their log-probabilities, best first; None unless asked for."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object, without fields that are None."""
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
    """Translation of a sentence."""

    text: str
    score: float
    """Log-probability with the length penalty of the search, by which translations are ranked."""
    logprob: float
    """Log-probability of the translation, its end included, in nats."""
    tokens: list[str]
    """Target tokens."""
    source_tokens: list[str]
    """Source tokens."""
    unread: int = 0
    """Number of source tokens that were cut off at the end, because the source is too long."""
    alternatives: list[Translation] = field(default_factory=list)
    """Next best translations, best first, if more than one was asked for."""
    attention: list[list[float]] | None = None
    """Attention weights, a row a target token over the source tokens; None unless asked for."""
    alignment: list[tuple[int, int]] | None = None
    """Word alignment: for each word the source word with the most attention, as pairs (source, target) of indices of
    words between blanks; None unless asked for."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object of the fields that were asked for."""
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
class ContextProbe:
    """Effective context of a language model."""

    gradients: list[float]
    """Mean norm of the gradient of the loss with respect to the input 0, 1, 2, ... tokens before."""
    losses: dict[int, float]
    """Loss in nats per token, by the length of the history that the model sees."""
    effective_context: int
    """Shortest of these histories whose loss is less than 1 % above that of the longest."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class SeriesForecast:
    """Forecast of a series over the horizon."""

    name: str
    times: list[str]
    """Timestamp of each step, ISO 8601."""
    values: list[float]
    """Point forecasts, in the units of the series."""
    low: list[float] | None = None
    """Lower ends of the prediction intervals; None for a model of points alone."""
    high: list[float] | None = None
    """Upper ends."""
    level: float | None = None
    """Nominal coverage of the intervals, in percent."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object, without fields that are None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class StepScore:
    """Errors of a backtest at one step of the horizon."""

    step: int
    """Step of the horizon, from 1."""
    count: int
    """Number of values that came."""
    mae: float | None
    """Mean absolute error, in standard deviations of train; None without values."""
    mae_units: float | None
    """The same in original units."""
    rmse_units: float | None
    """Root of the mean squared error, in original units."""
    bias_units: float | None
    """Mean error: over 0 where forecasts are too high."""
    coverage: float | None
    """Share of values inside the interval; None for a model of points alone."""


@dataclass(frozen=True)
class BacktestSeries:
    """Series of a backtest: what came, and the last forecasts that do not overlap."""

    name: str
    times: list[str]
    """Timestamp of each step, ISO 8601."""
    actual: list[float | None]
    """Values that came; None where one is missing."""
    begins: list[int]
    """Index of the first step of each forecast."""
    forecasts: list[SeriesForecast]


@dataclass(frozen=True)
class BacktestReport:
    """Backtest over rolling windows."""

    run: str
    split: str
    """The split, or the file."""
    windows: int
    """Number of windows, those of all series together."""
    level: float | None
    """Nominal coverage of the intervals, in percent; None for a model of points alone."""
    steps: list[StepScore]
    """Scores by step of the horizon."""
    series: list[BacktestSeries]

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class LayerSummary:
    """Layer of a model: its weights and its work."""

    name: str
    """Path in the model; decoders by their names."""
    kind: str
    """Class of the layer."""
    weights: dict[str, list[int | None]]
    """Shape of each weight by its name; None for a size that is unknown without the corpus."""
    parameters: int | None
    """Number of its weights, those that an earlier layer has counted left out; None if unknown."""
    tied: list[str]
    """Weights that it shares with an earlier layer."""
    flops: float | None
    """Floating-point operations of its products for a step, two for a multiplication with its addition; None if
    unknown."""


@dataclass(frozen=True)
class ModelSummary:
    """Model that a recipe would train."""

    task: str
    layers: list[LayerSummary]
    equations: dict[str, list[str]]
    """Equations of one step of each recurrence, by its key in the recipe."""
    parameters: int | None
    """Number of all weights; None if unknown."""
    trained: int | None
    """Number of those that are trained."""
    step: str
    """Name of a step of the encoder, in the singular: word, frame, ..."""
    flops: float | None
    """Floating-point operations of all products of a forward pass, for a step; None if unknown."""
    example: dict[str, int]
    """Steps and items of the sequence that they were counted on."""
    items: str
    """Name of the items, which decoders predict."""
    unknown: str = ""
    """Reason why sizes are unknown; empty if none is."""

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object, without `unknown` if it is empty."""
        return {name: value for name, value in asdict(self).items() if value != ""}
