"""Translation with fitted tokenizers."""

import math
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.codecs import Codec
from seqnlp.codecs.saved import check_settings, damaged
from seqnlp.codecs.sentences import UNKNOWN, Sentences
from seqnlp.decoders import AttentionDecoder
from seqnlp.embeddings import PathResolver, TokenLookup
from seqnlp.errors import DataError
from seqnlp.json_text import to_json
from seqnlp.metrics.significance import ItemScore, ItemScores, digest, ratio
from seqnlp.model import SequenceModel
from seqnlp.nn.device import in_widest_float, to_numpy
from seqnlp.results import JudgedTranslation, TranslationReport
from seqnlp.tasks.advice import MOSTLY, unknown_tokens
from seqnlp.tasks.base import Codecs, ItemRow, Part, ReportSettings, Scores, Task
from seqnlp.tasks.lm.embedding import ContextCodec
from seqnlp.tasks.placeholders import placeholder_text
from seqnlp.tasks.streaming import Lacking
from seqnlp.tasks.translate.context import ContextLookup
from seqnlp.tasks.translate.corpus import Pairs
from seqnlp.tasks.translate.dataset import TARGET, LengthFilter, TranslateDataset
from seqnlp.tasks.translate.errors import similarity, translation_report
from seqnlp.tasks.translate.predictor import Translator
from seqnlp.tasks.translate.preview import preview
from seqnlp.tasks.translate.recipe import TranslateRecipe
from seqnlp.tasks.translate.scores import (
    MAX_NGRAM,
    NEEDED,
    exact_match,
    has_sacrebleu,
    metric_name,
    overlap_scores,
    require_sacrebleu,
    sentence_scores,
)
from seqnlp.tasks.translate.search import BeamSearch, hypotheses, spelled
from seqnlp.training import Metric, Preview
from seqnlp.training.inference import in_parallel

CONTEXT = "source_context"
"""Section of the recipe with the language models, and name of their codec."""


@final
class TranslateTask(Task):
    """Translation with fitted codecs."""

    recipe_class = TranslateRecipe
    step_name = "source token"
    items_name = "target tokens"

    def __init__(
        self, recipe: TranslateRecipe, source: Sentences, target: Sentences, context: ContextCodec | None = None
    ) -> None:
        """Store the tokenizers, perhaps one, and the models of `[source_context]`."""
        self.recipe, self.source, self.target, self.context = recipe, source, target, context
        chosen = recipe.training.metric
        name = metric_name(chosen, recipe.data.pretokenized) if chosen == "bleu" else chosen
        self.metric = Metric(name, higher_is_better=chosen != "nats")

    @classmethod
    def fit(cls, recipe: TranslateRecipe, train: Pairs, find: PathResolver) -> "TranslateTask":
        """Fit the tokenizers of both sides, or the one that they share."""
        return cls.fit_from(recipe, train, find, {})

    @classmethod
    def fit_from(
        cls, recipe: TranslateRecipe, train: Pairs, find: PathResolver, before: Mapping[str, Codec]
    ) -> "TranslateTask":
        if recipe.training.metric == "bleu":
            require_sacrebleu()
        data = recipe.data
        sides = [[train.sources, train.targets]] if data.joint_vocabulary else [[train.sources], [train.targets]]
        fitted = [
            Sentences.fit(
                (text for side in group for texts in side() for text in texts),
                data.tokenizer,
                data.lowercase,
                data.unicode_normalization,
                data.pretokenized,
                known.text if isinstance(known := before.get(name), Sentences) else None,
            )
            for name, group in zip(cls._sides(recipe), sides, strict=True)
        ]
        context = None if recipe.source_context is None else recipe.source_context.take(find, CONTEXT)
        return cls(recipe, fitted[0], fitted[-1], context)

    @classmethod
    def restore(cls, recipe: TranslateRecipe, codecs: Codecs) -> "TranslateTask":
        names = cls._sides(recipe)
        restored = [Sentences.from_json(codecs[name]) for name in names]
        for name, codec in zip(names, restored, strict=True):
            settings = {"lowercase": recipe.data.lowercase, "form": recipe.data.unicode_normalization}
            check_settings(codecs[name], codecs[name], settings)
            if codec.tokenizer != recipe.data.tokenizer:
                raise damaged(codecs[name], "expected the settings of the recipe", "tokenizer")
        context = None if recipe.source_context is None else recipe.source_context.restore(codecs[CONTEXT])
        return cls(recipe, restored[0], restored[-1], context)

    @classmethod
    def placeholder(cls, recipe: TranslateRecipe, size: int) -> "TranslateTask | None":
        if recipe.source_context is not None:
            return None  # whose size is that of the language models
        data, lines = recipe.data, placeholder_text(size).splitlines()
        codec = Sentences.fit(lines, data.tokenizer, data.lowercase, data.unicode_normalization, data.pretokenized)
        return cls(recipe, codec, codec)

    @staticmethod
    def _sides(recipe: TranslateRecipe) -> list[str]:
        """Names of the codecs."""
        return ["tokens"] if recipe.data.joint_vocabulary else ["source", "target"]

    def codecs(self) -> dict[str, Codec]:
        sides: dict[str, Codec] = dict(zip(self._sides(self.recipe), (self.source, self.target), strict=False))
        return sides if self.context is None else {**sides, CONTEXT: self.context}

    def parts(self) -> dict[str, Part]:
        recipe = self.recipe
        tokens = "embedding." if self.context is None else "embedding.tokens."
        states = {}
        if recipe.source_context is not None:
            states = {CONTEXT: Part("embedding.context.", recipe.source_context, self.context)}
        return {
            "embedding.tokens": Part(tokens, recipe.embedding, self.source, alias="tokens"),
            **states,
            "encoder": Part("encoder.", recipe.encoder),
            "decoder.target": Part("heads.0.", recipe.decoder, self.target),
        }

    def encode(self, split: Pairs, batch_tokens: int) -> TranslateDataset:
        data = self.recipe.data
        lengths = LengthFilter(data.min_length, data.max_length, data.max_ratio)
        return TranslateDataset.encode(split, self.source, self.target, lengths, batch_tokens, self.context)

    def notices(self, examples: TranslateDataset) -> list[str]:
        notices = [examples.left_out] if examples.left_out else []
        return notices if has_sacrebleu() or examples.pairs.training else [*notices, NEEDED]

    def lacking(self, dataset: TranslateDataset) -> Lacking:
        return {
            f"{side} tokens": (int((encoded.values == UNKNOWN).sum()), len(encoded.values))
            for side, encoded in (("source", dataset.source), ("target", dataset.target))
        }

    def advice(self, splits: Mapping[str, TranslateDataset]) -> Iterator[str]:
        """Find vocabularies that lack most tokens, and too low limits of length."""
        train = splits["train"]
        for side, encoded in (("source", train.source), ("target", train.target)):
            known = (encoded.values != UNKNOWN).mean() if len(encoded.values) else 1.0
            yield from unknown_tokens(1 - float(known), f"the {side} tokens of train", "data.tokenizer")
        if train.too_long > MOSTLY:
            found = f"data.max_length = {self.recipe.data.max_length} leaves out {train.too_long:.0%} of train"
            yield f"{found}; try data.max_length = {train.usual_length}, which most pairs fit into"

    def build(self) -> SequenceModel:
        recipe = self.recipe
        embedding: TokenLookup | ContextLookup = recipe.embedding.build(len(self.source))
        if recipe.source_context is not None and self.context is not None:
            assert isinstance(embedding, TokenLookup)
            embedding = ContextLookup(embedding, recipe.source_context.build(self.context), recipe.embedding.dropout)
        encoder = recipe.encoder.build(embedding.width)
        table = embedding.table.weight if recipe.shared_embedding else None
        return SequenceModel(embedding, encoder, {TARGET: recipe.decoder.build(encoder.width, len(self.target), table)})

    def score(self, model: SequenceModel, examples: TranslateDataset) -> Scores:
        """BLEU and chrF with signatures, exact matches, nats and perplexity."""
        scores, signatures = self._overlap(model, examples, self.recipe.search)
        search = self.recipe.search.model_dump()
        return {**scores, **self._nll_scores(model, examples), "signatures": signatures, "search": search}

    def dev_scores(self, model: SequenceModel, dev: TranslateDataset) -> dict[str, float]:
        """Scores of greedy translations, which are quick to find."""
        if self.recipe.training.metric == "bleu":
            require_sacrebleu()
        greedy = self.recipe.search.model_copy(update={"beam": 1})
        scores = {**self._overlap(model, dev, greedy)[0], **self._nll_scores(model, dev)}
        if self.metric.name not in scores:
            raise DataError(
                f"no reference has {MAX_NGRAM} words, so there is no BLEU: choose another training.metric", "dev"
            )
        return scores

    def _overlap(
        self, model: SequenceModel, examples: TranslateDataset, search: BeamSearch
    ) -> tuple[dict[str, float], dict[str, str]]:
        data = self.recipe.data
        ours = self.translations(model, examples, search)
        theirs = self.references(examples)
        scores, signatures = (
            overlap_scores(ours, theirs, data.lowercase, data.pretokenized) if has_sacrebleu() else ({}, {})
        )
        scores["exact_match"] = exact_match(ours, list(map(self.target.clean, theirs)))
        return scores, signatures

    def translations(self, model: SequenceModel, examples: TranslateDataset, search: BeamSearch) -> list[str]:
        """Translate each source; an empty one stays empty."""
        found = hypotheses([model], examples.source, search.settings(), states=[examples.states])
        texts = list(chain.from_iterable(examples.pairs.sources()))
        written = []
        for row, best in zip(examples.rows.tolist(), found, strict=True):
            copied = search.unknown == "copy" and not self.target.knows_all
            source = self.source.split(texts[row]) if best and copied else []
            written.append(self.target.join(spelled(best[0], source, self.target, search.unknown)) if best else "")
        return written

    def references(self, examples: TranslateDataset) -> list[str]:
        """Reference translations in the recipe's Unicode normal form, with single blanks."""
        texts = list(chain.from_iterable(examples.pairs.targets()))
        return [self.target.clean(texts[row], keep_case=True) for row in examples.rows.tolist()]

    def _nll_scores(self, model: SequenceModel, examples: TranslateDataset) -> dict[str, float]:
        """Nats per target token under teacher forcing, and perplexity."""
        batches = examples.in_order()
        items = sum(map(examples.items_in, batches))
        found = in_parallel(lambda rows: float(nats_of(model, examples, rows).sum()), batches, model.device)
        mean = sum(found) / max(items, 1)
        return {"nats": mean, "perplexity": math.exp(min(mean, 700))}

    def item_scores(self, model: SequenceModel, examples: TranslateDataset) -> ItemScores:
        """BLEU, exact matches and nats by sentence."""
        data, references = self.recipe.data, self.references(examples)
        ours = self.translations(model, examples, self.recipe.search)
        cleaned = list(map(self.target.clean, references))
        found = sentence_scores(ours, references, cleaned, data.lowercase, data.pretokenized)
        batches = examples.in_order()
        counts = np.zeros((len(references), 2))
        per_batch = in_parallel(lambda rows: nats_of(model, examples, rows).sum(1), batches, model.device)
        for rows, nats in zip(batches, per_batch, strict=True):
            counts[rows, 0], counts[rows, 1] = to_numpy(nats), examples.row_items[rows]
        basis = digest(references, to_json(self.target.to_json()))
        return ItemScores("sentences", {**found, "nats": ItemScore(counts, ratio, basis)})

    def judged(self, model: SequenceModel, dataset: TranslateDataset) -> tuple[str, list[JudgedTranslation]]:
        """Every translation beside its reference, and the name of their similarity."""
        name, similar = similarity(self.recipe.data.lowercase)
        ours, theirs = self.translations(model, dataset, self.recipe.search), self.references(dataset)
        texts = list(chain.from_iterable(dataset.pairs.sources()))
        nats = np.zeros(len(ours))
        batches = dataset.in_order()
        sums = in_parallel(lambda rows: nats_of(model, dataset, rows).sum(1), batches, model.device)
        for rows, each in zip(batches, sums, strict=True):
            nats[rows] = to_numpy(each) / np.maximum(dataset.row_items[rows], 1)
        numbers = dataset.rows.tolist()
        return name, [
            JudgedTranslation(row + 1, texts[row], reference, text, similar(text, reference), surprise)
            for row, text, reference, surprise in zip(numbers, ours, theirs, nats.tolist(), strict=True)
        ]

    def item_rows(self, model: SequenceModel, dataset: TranslateDataset, table: Pairs) -> Iterator[ItemRow]:
        """Each pair with its translation, their similarity, and nats."""
        name, judged = self.judged(model, dataset)
        for each in judged:
            yield {
                "row": each.row,
                "source": each.source,
                "gold": each.reference,
                "predicted": each.translation,
                "right": each.translation == self.target.clean(each.reference),
                name: each.score,
                "nats": each.nats,
            }

    def error_reports(
        self, model: SequenceModel, dataset: TranslateDataset, table: Pairs, settings: ReportSettings
    ) -> dict[str, TranslationReport]:
        name, judged = self.judged(model, dataset)
        data, ours = self.recipe.data, [each.translation for each in judged]
        theirs = [each.reference for each in judged]
        scores = overlap_scores(ours, theirs, data.lowercase, data.pretokenized)[0] if has_sacrebleu() else {}
        scores["exact_match"] = exact_match(ours, list(map(self.target.clean, theirs)))
        lengths = dataset.source.lengths.tolist()
        return {
            "translation": translation_report(judged, lengths, scores, name, settings.confusions, settings.examples)
        }

    def preview(self, dev: Pairs, seed: int) -> Preview:
        """Pick a few sentences of dev, to be translated after each evaluation. The translation is greedy."""
        return preview(dev, seed, self.predictor)

    def predictor(self, model: SequenceModel) -> Translator:
        column, contexts = self.recipe.data.source, [self.context]
        return Translator(model, self.source, self.target, self.recipe.search, column=column, contexts=contexts)


def nats_of(model: SequenceModel, examples: TranslateDataset, rows: NDArray[np.int64]) -> Tensor:
    """Negative log-likelihood of each target token of some pairs, in nats; shape (rows, steps)."""
    batch = examples.batch(rows).to(model.device)
    states = model.encode(batch.inputs)
    return in_widest_float(model.decoder(TARGET, AttentionDecoder).nats(states, batch.targets[TARGET]))
