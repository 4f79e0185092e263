"""Classification: one label, or several, for a whole text."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.codecs import Codec, Column, EncodedText, Labels, NGrams, RunningText, TextCodec, TokenizedText, Vocabulary
from seqnlp.codecs.labels import UNSEEN
from seqnlp.codecs.tokens import tokenize
from seqnlp.embeddings import PathResolver
from seqnlp.embeddings.ngrams import Bypass, WithVotes, naive_bayes
from seqnlp.embeddings.text import codec_name
from seqnlp.errors import DataError
from seqnlp.metrics import LabelPairs, class_scores, multilabel_scores
from seqnlp.metrics.significance import ItemScores
from seqnlp.model import SequenceModel
from seqnlp.optimizers import AdamW
from seqnlp.tasks.advice import lacking_words, rare_labels, unknown_words
from seqnlp.tasks.base import Codecs, ItemRow, LabellingTask, Part, Scores, embedding_parts, extended, plain_scores
from seqnlp.tasks.classify.baselines import bag_of_words
from seqnlp.tasks.classify.dataset import LABEL, ClassifyDataset, each_text
from seqnlp.tasks.classify.predictor import Classifier
from seqnlp.tasks.classify.preview import preview
from seqnlp.tasks.classify.recipe import ClassifyRecipe
from seqnlp.tasks.classify.scores import calibrate_classes, predict_classes, text_scores
from seqnlp.tasks.kept_states import keep_states
from seqnlp.tasks.placeholders import placeholder_text, placeholder_words, unknown_file
from seqnlp.tasks.streaming import Lacking
from seqnlp.training import Metric, Preview, Trainer, Training

if TYPE_CHECKING:
    from datasets import Dataset


NGRAMS = "ngrams"
"""Name of the n-grams that vote, among codecs and features."""
TEXT = "text"
"""Name of the tokenizer among the codecs, as in a language model."""


@final
class ClassifyTask(LabellingTask):
    """Classification with fitted codecs."""

    recipe_class = ClassifyRecipe
    step_name = "word"
    items_name = "texts"

    def __init__(
        self,
        recipe: ClassifyRecipe,
        text_codecs: dict[str, TextCodec],
        labels: Labels,
        class_weights: Tensor,
        ngrams: NGrams | None = None,
        prior: Tensor | None = None,
        tokenizer: RunningText | None = None,
    ) -> None:
        """Store the codecs.

        Args:
            recipe: The recipe.
            text_codecs: Of each part of the embedding.
            labels: Of the labels.
            class_weights: Weight of each class in the loss.
            ngrams: Of the n-grams that vote, if any do.
            prior: Their votes of weight 1; left out: those are among the weights of a saved model.
            tokenizer: Of the texts; None: they are split into words by rule.
        """
        self.recipe, self.labels, self.class_weights, self.tokenizer = recipe, labels, class_weights, tokenizer
        self.embedding_codecs, self.ngrams = text_codecs, ngrams
        self.text_codecs = text_codecs if ngrams is None else {**text_codecs, NGRAMS: ngrams}
        self.prior = torch.zeros(0 if ngrams is None else len(ngrams), len(labels)) if prior is None else prior
        self.multilabel = recipe.data.multilabel
        self.metric = Metric("micro_f1" if self.multilabel else "accuracy")

    @classmethod
    def fit(cls, recipe: ClassifyRecipe, train: "Dataset", find: PathResolver) -> "ClassifyTask":
        return cls.fit_from(recipe, train, find, {})

    @classmethod
    def fit_from(
        cls, recipe: ClassifyRecipe, train: "Dataset", find: PathResolver, before: Mapping[str, Codec]
    ) -> "ClassifyTask":
        tokenizer = None
        if recipe.data.tokenizer is not None:
            texts = (f"{text}\n" for text in each_text(train, recipe.column))
            tokenizer = recipe.data.tokenizer.fit_from(before.get(TEXT), texts)
        words, labels = recipe.words(train, tokenizer), recipe.labels(train)
        codec = extended(Labels.fit(labels.distinct), before, "labels")
        if len(codec) < 2 and not recipe.data.multilabel:
            raise DataError(f"there is only one class, {codec.names[0]!r}; a classifier chooses from two or more")
        if not len(codec):
            raise DataError(f"column {recipe.data.label!r}: there are no labels, every list is empty")
        weights = class_weights(recipe.decoder.class_weights, codec, labels, recipe.data.multilabel)
        fitted = recipe.embedding.fit(TokenizedText(words), find)
        text_codecs = {name: extended(each, before, codec_name(name)) for name, each in fitted.items()}
        if recipe.ngrams is None:
            return cls(recipe, text_codecs, codec, weights, tokenizer=tokenizer)
        words = words.composed()
        ngrams, gold = recipe.ngrams.fit(words), labels.numbered(codec.encode(labels.distinct))
        prior = naive_bayes(ngrams, words, gold, len(codec))
        return cls(recipe, text_codecs, codec, weights, ngrams, prior, tokenizer)

    @classmethod
    def restore(cls, recipe: ClassifyRecipe, codecs: Codecs) -> "ClassifyTask":
        """Restore the task; class weights and prior are among the weights of the model."""
        labels = Labels.from_json(codecs["labels"])
        ngrams = None if recipe.ngrams is None else recipe.ngrams.restore(codecs[NGRAMS])
        tokenizer = None if recipe.data.tokenizer is None else recipe.data.tokenizer.restore(codecs[TEXT])
        text_codecs = recipe.embedding.restore(codecs)
        return cls(recipe, text_codecs, labels, torch.ones(len(labels)), ngrams, tokenizer=tokenizer)

    @classmethod
    def placeholder(cls, recipe: ClassifyRecipe, size: int) -> "ClassifyTask":
        words = placeholder_words(size)
        labels = Labels.fit(words.distinct)
        tokenizer = None
        if recipe.data.tokenizer is not None:
            text = placeholder_text(size)
            tokenizer = recipe.data.tokenizer.fit([text])
            words = tokenize(text.splitlines(), tokenizer)
        ngrams = None if recipe.ngrams is None else recipe.ngrams.fit(words)
        codecs = recipe.embedding.fit(TokenizedText(words), unknown_file)
        return cls(recipe, codecs, labels, torch.ones(len(labels)), ngrams, tokenizer=tokenizer)

    def codecs(self) -> dict[str, Codec]:
        text = {codec_name(name): codec for name, codec in self.embedding_codecs.items()}
        ngrams = {} if self.ngrams is None else {NGRAMS: self.ngrams}
        tokenizer = {} if self.tokenizer is None else {TEXT: self.tokenizer}
        return {**tokenizer, **text, "labels": self.labels, **ngrams}

    def parts(self) -> dict[str, Part]:
        recipe, votes = self.recipe, self.recipe.ngrams is not None
        embedding = embedding_parts(recipe.embedding, self.embedding_codecs, "embedder." if votes else "")
        if self.tokenizer is not None and "embedding.tokens" in embedding:
            embedding["embedding.tokens"] = replace(embedding["embedding.tokens"], codec=self.tokenizer, alias="tokens")
        encoder = Part("encoder.encoder." if votes else "encoder.", recipe.encoder)
        return {**embedding, "encoder": encoder, "decoder.label": Part("heads.0.", recipe.decoder, self.labels)}

    def encode(self, split: "Dataset", batch_tokens: int) -> ClassifyDataset:
        words, labels = self.words(split), self.recipe.labels(split)
        numbers = self.labels.encode(labels.distinct)
        unseen = [label for label, number in zip(labels.distinct, numbers, strict=True) if number == UNSEEN]
        text = keep_states(EncodedText.encode(TokenizedText(words), self.text_codecs))
        classes = len(self.labels) if self.multilabel else None
        notes = tuple(self.recipe.label_notes(split))
        return ClassifyDataset(text, labels.numbered(numbers), unseen, classes, batch_tokens, notes)

    def notices(self, examples: ClassifyDataset) -> list[str]:
        if not examples.unseen:
            return list(examples.notes)
        some = ", ".join(map(repr, examples.unseen[:5])) + (" ..." if len(examples.unseen) > 5 else "")
        verbs = ("does", "counts") if len(examples.unseen) == 1 else ("do", "count")
        return [*examples.notes, f"{some} {verbs[0]} not occur in train, and always {verbs[1]} as wrong"]

    def build(self) -> SequenceModel:
        embedding = self.recipe.embedding.build(self.embedding_codecs)
        encoder = self.recipe.encoder.build(embedding.width)
        votes = self.recipe.ngrams is not None
        decoder = self.recipe.decoder.build(
            encoder.width, self.class_weights, self.multilabel, self.recipe.encoder.reads_ahead, votes
        )
        if self.recipe.ngrams is None:
            return SequenceModel(embedding, encoder, {LABEL: decoder})
        ngrams = self.recipe.ngrams.build(self.prior)
        bypass = Bypass(encoder, len(self.labels), embedding)
        return SequenceModel(WithVotes(embedding, ngrams, NGRAMS), bypass, {LABEL: decoder}, votes=ngrams)

    def score(self, model: SequenceModel, examples: ClassifyDataset) -> Scores:
        """Score predicted classes: accuracy, F1, log loss, or exact matches of multilabel texts."""
        return self.scores(predict_classes(model, examples, self.labels).scores, examples)

    def item_scores(self, model: SequenceModel, examples: ClassifyDataset) -> ItemScores:
        """Accuracy and log loss by text; of several labels micro F1 and exact matches."""
        return text_scores(predict_classes(model, examples, self.labels).scores, examples, self.labels)

    def scores(self, probabilities: NDArray[np.float32], examples: ClassifyDataset) -> Scores:
        """Scores of predicted probabilities, shape (texts, labels)."""
        gold = examples.gold(np.arange(examples.items))
        if self.multilabel:
            return multilabel_scores(gold, probabilities, self.labels.names, examples.missing)
        return class_scores(gold, probabilities, self.labels.names)

    def lacking(self, dataset: ClassifyDataset) -> Lacking:
        unseen = int((dataset.labels.values == UNSEEN).sum())
        return {**lacking_words(dataset.text), "labels": (unseen, len(dataset.labels.values))}

    def advice(self, splits: Mapping[str, ClassifyDataset]) -> Iterator[str]:
        """Find classes that occur once, and words that most are unknown."""
        train = splits["train"]
        counts = np.bincount(train.labels.values[train.labels.values != UNSEEN], minlength=len(self.labels))
        yield from rare_labels(self.recipe.data.label, dict(zip(self.labels.names, counts.tolist(), strict=True)))
        yield from unknown_words(train.text)

    def baselines(
        self, splits: Mapping[str, ClassifyDataset], training: Training, seed: int
    ) -> dict[str, dict[str, Scores]]:
        """Majority class, and logistic regression over a bag of words."""
        vocabulary = Vocabulary.fit(splits["train"].words.composed().counts(), lowercase=True)
        bags = {name: examples.encoded_by({"words": vocabulary}) for name, examples in splits.items()}
        model = bag_of_words(len(vocabulary), len(self.labels), self.multilabel)
        settings, optimizer = Training(epochs=8, threads=training.threads), AdamW(lr=0.02, weight_decay=0.5)

        def score(model: SequenceModel) -> dict[str, float]:
            return plain_scores(self.score(model, bags["dev"]))

        Trainer(model, bags["train"], score, self.metric, optimizer, settings, seed, "texts").fit()
        shares = self.shares(splits["train"])
        found = {}
        for name, examples in splits.items():
            if name != "train":
                trivial = self.scores(np.tile(shares, (examples.items, 1)), examples)
                words = self.score(model, bags[name])
                found[name] = {"majority class": plain_scores(trivial), "bag of words": plain_scores(words)}
        return found

    def shares(self, train: ClassifyDataset) -> NDArray[np.float32]:
        """Frequency of each label in train, per text; shape (labels,)."""
        known = train.labels.values[
            train.labels.values != UNSEEN
        ]  # all, but for a run whose labels somebody has edited
        counts = np.bincount(known, minlength=len(self.labels))
        return (counts / train.items).astype(np.float32)

    def words(self, split: "Dataset") -> Column:
        return self.recipe.words(split, self.tokenizer)

    def label_pairs(self, model: SequenceModel, examples: ClassifyDataset) -> dict[str, LabelPairs]:
        """Gold and predicted class of each text; with several labels, each one's presence."""
        scores = predict_classes(model, examples, self.labels).scores
        rows = np.arange(examples.items)
        gold = examples.gold(rows)
        if not self.multilabel:
            return {self.recipe.data.label: LabelPairs(self.labels.names, gold, scores.argmax(1), scores.max(1), rows)}
        return {
            label: LabelPairs(
                ["no", "yes"], gold[:, n], (score > 0.5).astype(np.int64), np.maximum(score, 1 - score), rows
            )
            for n, (label, score) in enumerate(zip(self.labels.names, scores.T, strict=True))
        }

    def item_rows(self, model: SequenceModel, dataset: ClassifyDataset, table: "Dataset") -> Iterator[ItemRow]:
        """Each text with gold and predicted classes, probability, and log loss."""
        scores = predict_classes(model, dataset, self.labels).scores
        losses = text_scores(scores, dataset, self.labels).scores["log_loss"].counts[:, 0]
        gold, texts = self.recipe.labels(table), table[self.recipe.column]
        separator = self.recipe.data.separator or "|"
        for row, own in enumerate(scores):
            right = [gold.distinct[code] for code in gold.codes[row].tolist()]
            chosen = np.flatnonzero(own > 0.5) if self.multilabel else own.argmax(keepdims=True)
            found = [self.labels.names[number] for number in chosen.tolist()]
            sure = float(np.maximum(own, 1 - own).min()) if self.multilabel else float(own.max())
            text = texts[row]
            yield {
                "row": row + 1,
                "text": text if isinstance(text, str) else " ".join(text),
                "gold": separator.join(right),
                "predicted": separator.join(found),
                "right": set(right) == set(found),
                "score": sure,
                "log_loss": max(float(losses[row]), 0.0),  # not -0.0
            }

    def calibrate(self, model: SequenceModel, dev: ClassifyDataset) -> dict[str, float]:
        """Fit the temperature on dev, if `decoder.calibrate` asks for it."""
        if not self.recipe.decoder.calibrate:
            return {}
        return calibrate_classes(model, dev, self.labels)

    def preview(self, dev: "Dataset", seed: int) -> Preview:
        return preview(dev, seed, self.recipe, self.predictor, pretokenized=self.tokenizer is None)

    def predictor(self, model: SequenceModel) -> Classifier:
        return Classifier(
            model, self.text_codecs, self.labels, self.multilabel, self.recipe.column, tokenizer=self.tokenizer
        )


def class_weights(
    asked: Literal["balanced"] | dict[str, float] | None, codec: Labels, labels: Column, multilabel: bool
) -> Tensor:
    """Weights of the classes in the loss; shape (labels,).

    Args:
        asked: `decoder.class_weights` of the recipe.
        codec: The classes.
        labels: The label column of train.
        multilabel: True if a text may have several.

    Raises:
        seqnlp.errors.DataError: a weight for a class that train does not have.
    """
    if asked == "balanced":
        counts = labels.counts()
        each = torch.tensor([max(counts.get(name, 0), 1) for name in codec.names], dtype=torch.float)
        if multilabel:
            return (len(labels.codes) - each).clamp(min=1) / each
        return each.sum() / (len(codec) * each)
    given = asked if isinstance(asked, dict) else {}
    for name in given:
        if name not in codec.names:
            classes = ", ".join(map(repr, codec.names[:10]))
            raise DataError(
                f"no class {name!r}, for which decoder.class_weights has a weight; the classes are {classes}"
            )
    return torch.tensor([given.get(name, 1.0) for name in codec.names])
