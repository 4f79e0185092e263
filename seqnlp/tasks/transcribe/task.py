"""Transcription with fitted codecs."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Self, final

import numpy as np

from seqnlp.arrays import Ragged
from seqnlp.codecs import Codec, Column, RunningText
from seqnlp.codecs.log_mel import LogMelCodec
from seqnlp.codecs.running_text import UNKNOWN
from seqnlp.embeddings import PathResolver
from seqnlp.errors import DataError
from seqnlp.metrics import LabelPairs
from seqnlp.metrics.significance import ItemScores
from seqnlp.model import SequenceModel
from seqnlp.nn.ctc import BLANK, Logs
from seqnlp.tasks.base import Codecs, ItemRow, LabellingTask, Part, Scores
from seqnlp.tasks.placeholders import placeholder_text
from seqnlp.tasks.transcribe.dataset import TEXT, TranscribeDataset
from seqnlp.tasks.transcribe.features import Extractor, Recordings, SplitFeatures, split_features
from seqnlp.tasks.transcribe.predictor import Transcriber
from seqnlp.tasks.transcribe.preview import preview
from seqnlp.tasks.transcribe.recipe import TranscribeRecipe
from seqnlp.tasks.transcribe.scores import (
    GREEDY,
    confused_labels,
    most_frequent_text,
    predict_logs,
    recording_scores,
    text_scores,
    transcripts,
)
from seqnlp.training import Metric, Preview, Training

if TYPE_CHECKING:
    from datasets import Dataset

assert BLANK == UNKNOWN, "no text has the unknown token, so that its number is the blank's"


@final
class TranscribeTask(LabellingTask):
    """Transcription with fitted codecs."""

    recipe_class = TranscribeRecipe
    step_name = "frame"
    metric = Metric("cer", higher_is_better=False)

    def __init__(self, recipe: TranscribeRecipe, features: LogMelCodec, text: RunningText) -> None:
        """Store the codecs."""
        self.recipe, self.features, self.text = recipe, features, text
        self.items_name = recipe.tokenizer.plural

    @classmethod
    def fit(cls, recipe: TranscribeRecipe, train: "Dataset", find: PathResolver) -> Self:
        """Fit the tokenizer, and corpus statistics if features need them."""
        return cls.fit_from(recipe, train, find, {})

    @classmethod
    def fit_from(
        cls, recipe: TranscribeRecipe, train: "Dataset", find: PathResolver, before: Mapping[str, Codec]
    ) -> Self:
        texts = read_texts(recipe, train)
        codec = recipe.features.codec(recipe.data.sample_rate)
        if recipe.features.normalize == "corpus":
            codec.fit(_measured(recipe, codec, train).frames)
        text = recipe.tokenizer.fit_from(before.get("text"), _as_trained(recipe, texts))
        if len(text) < 2:
            raise DataError(
                f"column {recipe.data.text!r}: no token occurs tokenizer.min_count times; there is nothing to learn"
            )
        return cls(recipe, codec, text)

    @classmethod
    def restore(cls, recipe: TranscribeRecipe, codecs: Codecs) -> Self:
        features = LogMelCodec.from_json(dict(codecs["features"]))
        return cls(recipe, features, recipe.tokenizer.restore(dict(codecs["text"])))

    @classmethod
    def placeholder(cls, recipe: TranscribeRecipe, size: int) -> Self:
        text = recipe.tokenizer.fit([placeholder_text(size)])
        return cls(recipe, recipe.features.codec(recipe.data.sample_rate), text)

    def codecs(self) -> dict[str, Codec]:
        return {"features": self.features, "text": self.text}

    def parts(self) -> dict[str, Part]:
        recipe = self.recipe
        return {
            "embedding.frames": Part("embedding.", recipe.embedding),
            "encoder": Part("encoder.", recipe.encoder),
            "decoder.text": Part("heads.0.", recipe.decoder, self.text),
        }

    def encode(self, split: "Dataset", batch_tokens: int) -> TranscribeDataset:
        texts = read_texts(self.recipe, split)
        found = _measured(self.recipe, self.features, split)
        kept = np.flatnonzero(np.diff(found.offsets))  # what was skipped has no frames
        texts = [texts[row] for row in kept.tolist()]
        encoded = self.text.encode_rows(_as_trained(self.recipe, texts))
        known = encoded.values != UNKNOWN
        offsets = np.concatenate([[0], np.cumsum(known)])[encoded.offsets]
        unknown = [] if known.all() else sorted({each for text in set(texts) for each in self.text.unknown_in(text)})
        return TranscribeDataset(
            frames=found.frames,
            offsets=np.concatenate([found.offsets[kept], found.offsets[-1:]]),
            rows=kept,
            labels=Ragged(encoded.values[known], offsets),
            texts=texts,
            codec=self.features,
            embedding=self.recipe.embedding,
            batch_tokens=batch_tokens,
            seconds=found.seconds,
            notes=found.notes,
            unknown=unknown,
        )

    def notices(self, examples: TranscribeDataset) -> list[str]:
        told = list(examples.notes)
        if len(short := examples.too_short):
            row = int(examples.rows[short[0]]) + 1
            told.append(
                f"{len(short):,} recordings have fewer steps than their text needs (the first in row {row}), and teach "
                "nothing; a smaller embedding.stride or features.hop_ms gives more steps"
            )
        if examples.unknown:
            some = ", ".join(map(repr, examples.unknown[:5])) + (" ..." if len(examples.unknown) > 5 else "")
            told.append(f"{some} can't be written, as train does not have it, and always counts as wrong")
        return told

    def build(self) -> SequenceModel:
        embedding = self.recipe.embedding.build(self.features.mels)
        encoder = self.recipe.encoder.build(embedding.width)
        return SequenceModel(embedding, encoder, {TEXT: self.recipe.decoder.build(encoder.width, len(self.text))})

    def score(self, model: SequenceModel, examples: TranscribeDataset) -> Scores:
        """Error rates with the search of the recipe; with a language model also those of the greedy one."""
        logs = predict_logs(model, examples)
        scores = text_scores(examples.texts, self._transcripts(model, logs))
        if self.recipe.search.beam > 1:
            plain = text_scores(examples.texts, transcripts(logs, self.text, GREEDY, None))
            scores |= {f"{name}_greedy": value for name, value in plain.items()}
        return scores

    def item_scores(self, model: SequenceModel, examples: TranscribeDataset) -> ItemScores:
        """Error rates by recording, with the search of the recipe."""
        return recording_scores(examples.texts, self._transcripts(model, predict_logs(model, examples)))

    def _transcripts(self, model: SequenceModel, logs: list[Logs]) -> list[str]:
        search = self.recipe.search
        scorer = self.predictor(model).scorer(search) if search.beam > 1 else None
        return transcripts(logs, self.text, search, scorer)

    def dev_scores(self, model: SequenceModel, dev: TranscribeDataset) -> dict[str, float]:
        """Error rates of the greedy search, which takes no time."""
        return text_scores(dev.texts, transcripts(predict_logs(model, dev), self.text, GREEDY, None))

    def baselines(
        self, splits: Mapping[str, TranscribeDataset], training: Training, seed: int
    ) -> dict[str, dict[str, Scores]]:
        """The most frequent text."""
        train = splits["train"].texts
        return {
            name: {"most frequent text": most_frequent_text(train, examples.texts)}
            for name, examples in splits.items()
            if name != "train"
        }

    def words(self, split: "Dataset") -> Column:
        return Column.from_rows([text.split() for text in read_texts(self.recipe, split)])

    def label_pairs(self, model: SequenceModel, examples: TranscribeDataset) -> dict[str, LabelPairs]:
        """Tokens of references beside those of transcripts, by the cheapest edits."""
        references = _as_trained(self.recipe, examples.texts)
        pairs = confused_labels(references, examples.rows, predict_logs(model, examples), self.text)
        return {self.recipe.data.text: pairs}

    def item_rows(self, model: SequenceModel, dataset: TranscribeDataset, table: "Dataset") -> Iterator[ItemRow]:
        """Each recording with its transcript and the edits between both."""
        found = self._transcripts(model, predict_logs(model, dataset))
        edits = recording_scores(dataset.texts, found).scores
        for number, (row, gold, text) in enumerate(zip(dataset.rows.tolist(), dataset.texts, found, strict=True)):
            rates = {name: each.counts[number] for name, each in edits.items() if name in ("cer", "wer")}
            yield {
                "row": row + 1,
                "gold": gold,
                "predicted": text,
                "right": bool(edits["exact_match"].counts[number, 0]),
                **{name: float(wrong / max(length, 1)) for name, (wrong, length) in rates.items()},
            }

    def preview(self, dev: "Dataset", seed: int) -> Preview:
        return preview(self.encode(dev, 1), seed, self.text)

    def predictor(self, model: SequenceModel) -> Transcriber:
        return Transcriber(model, self.features, self.text, self.recipe)


def read_texts(recipe: TranscribeRecipe, split: "Dataset") -> list[str]:
    """Texts of a split, with single blanks between words.

    Raises:
        seqnlp.errors.DataError: no such column; a recording without a text.
    """
    name = recipe.data.text
    if name not in split.column_names and recipe.data.audio in split.column_names:
        columns = ", ".join(split.column_names)
        hint = "a table of files and texts has it, or data.reader.pattern"
        raise DataError(f"the corpus has no column {name!r} of texts; its columns are {columns}", hint=hint)
    column = Column.from_dataset(split, name)
    if len(column.codes.values) != len(column.codes):
        raise DataError(f"column {name!r} holds lists of texts; expected one a row")
    distinct = [" ".join(text.split()) for text in column.distinct]
    if recipe.data.lowercase:
        distinct = [text.lower() for text in distinct]
    texts = [distinct[code] for code in column.codes.values.tolist()]
    if "" in texts:
        raise DataError(f"column {name!r}: row {texts.index('') + 1} has no text; a recording needs one")
    return texts


def _as_trained(recipe: TranscribeRecipe, texts: list[str]) -> list[str]:
    """Texts whose first word is as any other: words and subwords begin with a blank."""
    return texts if recipe.tokenizer.plural == "characters" else [f" {text}" for text in texts]


def _measured(recipe: TranscribeRecipe, codec: LogMelCodec, split: "Dataset") -> SplitFeatures:
    return split_features(Recordings(split, recipe.data.audio), Extractor(recipe.data, codec))
