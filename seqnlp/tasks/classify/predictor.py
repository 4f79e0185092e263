"""A trained classifier, with explanations of its predictions."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, final, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqnlp.codecs import Column, EncodedText, Labels, RunningText, TextCodec, TokenizedText
from seqnlp.codecs.splitter import words_of
from seqnlp.codecs.tokens import shown_pieces, tokenize
from seqnlp.decoders import PoolClassifier
from seqnlp.embeddings import TextBatch
from seqnlp.model import SequenceModel
from seqnlp.nn.device import to_numpy
from seqnlp.readers.empties import is_blank
from seqnlp.results import Classification
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.classify.dataset import LABEL
from seqnlp.tasks.columns import Columns, checked_texts, column_of, is_missing
from seqnlp.training.dataset import EVALUATION_TOKENS, in_order
from seqnlp.training.inference import stream_in_windows

Texts = str | list[str] | list[list[str]] | Iterator[str | list[str]]


@final
class Classifier(Predictor):
    """A trained classifier: `classifier.classify("What a fine film !")`."""

    task: ClassVar[str] = "classify"

    def __init__(
        self,
        model: SequenceModel,
        codecs: Mapping[str, TextCodec],
        labels: Labels,
        multilabel: bool,
        column: str = "text",
        tokenizer: RunningText | None = None,
    ) -> None:
        """Store a model and its codecs.

        Args:
            model: The trained model.
            codecs: Codec of each part of the embedding, and of n-grams that vote.
            labels: The classes.
            multilabel: Give a text each label that is likelier than not, rather than the likeliest one.
            column: Column of the texts in the corpus.
            tokenizer: Of the texts; None: they are split into words by rule.
        """
        self.input_column, self.tokenizer = column, tokenizer
        self.model, self.codecs, self.labels, self.multilabel = model.eval(), codecs, labels, multilabel

    def predict(self, lines: Iterable[str]) -> Iterator[Classification]:
        return self.classify(iter(lines))

    def predict_columns(self, columns: Columns, column: str | None) -> dict[str, list[Any]]:
        """Predict `label` and `score`, or of a multi-label model `labels`; a text may be a list of words."""
        texts = column_of(columns, column or self.input_column)
        found = self.classify(["" if is_missing(text) else text for text in texts])
        if self.multilabel:
            return {"labels": [result.labels if result.tokens else None for result in found]}
        scores = [None if result.label is None else result.scores[result.label] for result in found]
        return {"label": [result.label for result in found], "score": scores}

    @overload
    def classify(self, texts: str, *, explain: bool = False, pretokenized: bool = False) -> Classification: ...
    @overload
    def classify(
        self, texts: list[str] | list[list[str]], *, explain: bool = False, pretokenized: bool = False
    ) -> list[Classification]: ...
    @overload
    def classify(
        self, texts: Iterator[str | list[str]], *, explain: bool = False, pretokenized: bool = False
    ) -> Iterator[Classification]: ...

    def classify(
        self, texts: Texts, *, explain: bool = False, pretokenized: bool = False
    ) -> Classification | list[Classification] | Iterator[Classification]:
        """Classify one text, a list of texts, or a stream of texts.

        Args:
            texts: Text, split into words by rule, or, for a text that is a list, the words themselves. A classifier
                with a tokenizer of its own joins them by blanks.
            explain: Also give the contribution of each word to the likeliest class: its weight, if the decoder
                pools by attention (weights sum to 1) and no n-grams vote, or else gradient times input, which is
                negative for a word that speaks against it. A phrase's vote counts for its last word.
            pretokenized: Split text at blanks only.

        Returns:
            A `Classification` for a string, a list for a list or a column of a table, and for an iterator another one
            that reads ahead no further than a few thousand texts. A text without words gets no label and no scores.
        """
        if self.tokenizer is not None:
            return self._tokenized(texts, explain)
        split = str.split if pretokenized else words_of
        if isinstance(texts, str):
            return self._classify([split(texts)], explain)[0]
        split_up = (split(each) if isinstance(each, str) else each for each in checked_texts(texts))
        stream = stream_in_windows(split_up, lambda window: self._classify(window, explain))
        return stream if isinstance(texts, Iterator) else list(stream)

    def _tokenized(
        self, texts: Texts, explain: bool
    ) -> Classification | list[Classification] | Iterator[Classification]:
        """Classify texts by the classifier's own tokenizer."""
        assert self.tokenizer is not None
        codec = self.tokenizer

        def classify(window: list[str]) -> list[Classification]:
            window = ["" if is_blank(text) else text for text in window]
            tokens = [shown_pieces(codec, codec.split(text)) for text in window]
            return self._classify(tokens, explain, tokenize(window, codec))

        if isinstance(texts, str):
            return classify([texts])[0]
        whole = (each if isinstance(each, str) else " ".join(each) for each in checked_texts(texts))
        stream = stream_in_windows(whole, classify)
        return stream if isinstance(texts, Iterator) else list(stream)

    def _classify(self, texts: list[list[str]], explain: bool, encoded: Column | None = None) -> list[Classification]:
        """Classify texts given as words; `encoded` has their numbers, where these are not found by the words."""
        words = Column.from_rows(texts) if encoded is None else encoded
        text = EncodedText.encode(TokenizedText(words), self.codecs)
        results = [Classification(words, [], {}, [] if explain else None) for words in texts]
        for rows in in_order(text.codes.lengths, EVALUATION_TOKENS):
            rows = rows[text.codes.lengths[rows] > 0]
            if not len(rows):
                continue
            inputs = TextBatch.gather(text, rows)
            scores, contributions = self._explained(inputs) if explain else (self._scores(inputs), None)
            for place, (row, given) in enumerate(zip(rows.tolist(), scores.tolist(), strict=True)):
                why = None if contributions is None else contributions[place, : len(texts[row])].tolist()
                results[row] = self._result(texts[row], given, why)
        return results

    def _result(self, words: list[str], scores: list[float], contributions: list[float] | None) -> Classification:
        ranked = dict(sorted(zip(self.labels.names, scores, strict=True), key=lambda item: -item[1]))
        chosen = [name for name, score in ranked.items() if score > 0.5] if self.multilabel else list(ranked)[:1]
        return Classification(words, chosen, ranked, contributions)

    @torch.inference_mode()
    def _scores(self, inputs: TextBatch) -> NDArray[np.float32]:
        return to_numpy(self._decoder.predict(self.model.encode(inputs)).scores)

    @torch.enable_grad()
    def _explained(self, inputs: TextBatch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scores, and the contribution of each step to the likeliest class; shape (batch, time)."""
        inputs = inputs.to(self.model.device)
        vectors: Tensor = self.model.embedding(inputs).detach().requires_grad_()
        classes = self._decoder.predict(self.model.encoder(vectors, inputs.mask, None))
        if classes.weights is not None:
            contributions = classes.weights
        else:
            (gradient,) = torch.autograd.grad(classes.logits.amax(1).sum(), vectors)
            contributions = (gradient * vectors).sum(-1)
        return to_numpy(classes.scores), to_numpy(contributions)

    @property
    def _decoder(self) -> PoolClassifier:
        decoder = self.model.decoders[LABEL]
        assert isinstance(decoder, PoolClassifier)
        return decoder
