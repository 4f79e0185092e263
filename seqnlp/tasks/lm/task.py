"""Language modelling over characters, words or subwords."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import final

from seqnlp.codecs import Codec, RunningText
from seqnlp.codecs.running_text import UNKNOWN
from seqnlp.embeddings import PathResolver
from seqnlp.errors import DataError, UsageError
from seqnlp.limits import CONTEXT
from seqnlp.metrics.significance import ItemScores
from seqnlp.model import SequenceModel
from seqnlp.results import SurpriseReport
from seqnlp.tasks.advice import unknown_tokens
from seqnlp.tasks.base import Codecs, ItemRow, Part, ReportSettings, Scores, Task
from seqnlp.tasks.lm.corpus import TextSplit
from seqnlp.tasks.lm.dataset import NEXT, StreamDataset
from seqnlp.tasks.lm.predictor import Generator
from seqnlp.tasks.lm.preview import preview
from seqnlp.tasks.lm.recipe import LmRecipe
from seqnlp.tasks.lm.scores import EvaluationSettings, block_scores, predict_tokens, total_nats
from seqnlp.tasks.lm.surprise import surprise_report, token_rows
from seqnlp.tasks.placeholders import placeholder_text
from seqnlp.tasks.registry import TaskInfo
from seqnlp.training import Metric, Preview

BLOCK = 1 << 20
"""Tokens in memory at once, where a text may not fit."""


@final
class LmTask(Task):
    """Language modelling with a fitted codec."""

    recipe_class = LmRecipe
    step_name = "token"

    def __init__(self, recipe: LmRecipe, codec: RunningText, evaluation: EvaluationSettings | None = None) -> None:
        """Store the codec, and the settings of the evaluation."""
        self.recipe, self.codec, self.evaluation = recipe, codec, evaluation or EvaluationSettings()
        self.items_name = recipe.data.tokenizer.plural
        self.metric = Metric("nats", higher_is_better=False)

    @classmethod
    def fit(cls, recipe: LmRecipe, train: TextSplit, find: PathResolver) -> "LmTask":
        return cls.fit_from(recipe, train, find, {})

    @classmethod
    def fit_from(cls, recipe: LmRecipe, train: TextSplit, find: PathResolver, before: Mapping[str, Codec]) -> "LmTask":
        length, window = train.characters - 1, recipe.training.bptt
        if length < window:
            problem = f"{length:,} characters to predict are fewer than one window (training.bptt = {window})"
            raise DataError(problem, train.name)
        return cls(recipe, recipe.data.tokenizer.fit_from(before.get("text"), train.chunks()))

    @classmethod
    def restore(cls, recipe: LmRecipe, codecs: Codecs) -> "LmTask":
        return cls(recipe, recipe.data.tokenizer.restore(codecs["text"]))

    @classmethod
    def placeholder(cls, recipe: LmRecipe, size: int) -> "LmTask":
        return cls(recipe, recipe.data.tokenizer.fit([placeholder_text(size)]))

    def rescored(self, context: int | None, dynamic: float | None) -> "LmTask":
        """Score texts in windows, or by dynamic evaluation; see `EvaluationSettings`.

        Raises:
            seqnlp.errors.UsageError: for both at once, or what is not over 0.
        """
        if context is not None and dynamic is not None:
            raise UsageError("context and dynamic contradict each other: one forgets, the other learns on")
        if context is not None and context < 1:
            raise UsageError(f"context {context}: expected 1 token or more")
        CONTEXT.check(context=context or 1)
        if dynamic is not None and not 0 < dynamic < 1:
            raise UsageError(f"dynamic {dynamic:g}: expected a learning rate over 0, for instance 3e-4")
        return LmTask(self.recipe, self.codec, replace(self.evaluation, context=context, dynamic=dynamic))

    @property
    def info(self) -> TaskInfo:
        if self.recipe.data.direction == "forward":
            return super().info
        return replace(
            super().info,
            does="reads a text from its end, and predicts each token from those after it",
            example='for token in model.score("Once upon a time"):\n    print(token.text, token.logprob)',
            usage="seqnlp score RUN FILE",
            pipeline="",
        )

    def codecs(self) -> dict[str, Codec]:
        return {"text": self.codec}

    def parts(self) -> dict[str, Part]:
        recipe, kind = self.recipe, dict(self.recipe.encoder).get("kind")
        backward = recipe.data.direction == "backward"
        return {
            "embedding.tokens": Part("embedding.", recipe.embedding, self.codec, alias="tokens"),
            "encoder": Part("encoder.", recipe.encoder, alias=f"backward {kind}" if backward else None),
            "decoder.next_token": Part("heads.0.", recipe.decoder, self.codec),
        }

    def encode(self, split: TextSplit, batch_tokens: int) -> StreamDataset:
        training = self.recipe.training
        tokens = split.tokens(self.codec, self.recipe.data.keep_in_memory)
        if len(tokens) < 2:
            problem = f"too short: {len(tokens)} {self.items_name}, of which the first can't be predicted"
            raise DataError(problem, split.name)
        streams = batch_tokens // training.bptt
        shape = streams, training.bptt, training.variable_bptt
        backward = self.recipe.data.direction == "backward"
        return StreamDataset(tokens, split.characters, *shape, backward, training.state_reset)

    def notices(self, examples: StreamDataset) -> list[str]:
        tokens = examples.tokens
        unknown = sum(int((tokens[start : start + BLOCK] == UNKNOWN).sum()) for start in range(0, len(tokens), BLOCK))
        share = f"{unknown / len(tokens):.2%} of its {self.items_name} ({unknown:,})"
        return [f"{share} are unknown to the model, which counts them as one"] if unknown else []

    def advice(self, splits: Mapping[str, StreamDataset]) -> Iterator[str]:
        """Find a vocabulary that lacks most of the tokens of train."""
        known = (splits["train"].tokens[:BLOCK] != UNKNOWN).mean()
        yield from unknown_tokens(1 - float(known), f"the {self.items_name} of train", "data.tokenizer")

    def build(self) -> SequenceModel:
        recipe = self.recipe
        embedding = recipe.embedding.build(len(self.codec))
        encoder = recipe.encoder.build(embedding.width)
        decoder = recipe.decoder.build(encoder.width, len(self.codec), embedding.table.weight)
        return SequenceModel(embedding, encoder, {NEXT: decoder})

    def score(self, model: SequenceModel, examples: StreamDataset) -> Scores:
        """Nats per token, perplexity, and bits per character."""
        total = total_nats(model, examples, self.evaluation)
        mean = total / examples.items
        return {
            "nats": mean,
            "perplexity": math.exp(min(mean, 700)),
            "bits_per_char": total / math.log(2) / examples.characters,
        }

    def item_scores(self, model: SequenceModel, examples: StreamDataset) -> ItemScores:
        """Nats by block of tokens."""
        return block_scores(model, examples, self.codec)

    def item_rows(self, model: SequenceModel, dataset: StreamDataset, table: TextSplit) -> Iterator[ItemRow]:
        """Each token with the likeliest one and its own surprise."""
        yield from token_rows(dataset, self.codec, predict_tokens(model, dataset))

    def error_reports(
        self, model: SequenceModel, dataset: StreamDataset, table: TextSplit, settings: ReportSettings
    ) -> dict[str, SurpriseReport]:
        found = predict_tokens(model, dataset)
        return {"surprise": surprise_report(dataset, self.codec, found, settings.confusions)}

    def preview(self, dev: TextSplit, seed: int) -> Preview:
        if self.recipe.data.direction == "backward":
            return lambda model: []  # it continues no prompt
        return preview(dev, seed, self.predictor)

    def predictor(self, model: SequenceModel) -> Generator:
        data = self.recipe.data
        return Generator(model, self.codec, data.text, data.direction == "backward")
