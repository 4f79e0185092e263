"""A trained translator, or an ensemble; word alignment from its attention."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, TypedDict, Unpack, final, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from seqnlp.arrays import Ragged
from seqnlp.codecs.sentences import Sentences
from seqnlp.errors import UsageError
from seqnlp.model import SequenceModel
from seqnlp.nn.beam_search import Hypothesis
from seqnlp.results import Translation
from seqnlp.tasks.base import Predictor
from seqnlp.tasks.columns import Columns, checked_texts, column_of, is_missing
from seqnlp.tasks.lm.embedding import ContextCodec
from seqnlp.tasks.translate.context import source_states
from seqnlp.tasks.translate.search import BeamSearch, hypotheses, spelled
from seqnlp.training.inference import stream_in_windows

AT_ONCE = 512
"""Sentences that are translated at once, at most."""
LONGEST = 1000
"""Tokens of a source that are read, at most."""


class SearchSettings(TypedDict, total=False):
    """Keywords of `Translator.translate`."""

    beam: int | None
    best: int
    length_penalty: Literal["gnmt", "average", "none"] | None
    alpha: float | None
    no_repeat_ngram_size: int | None
    unknown: Literal["copy", "keep", "avoid"] | None
    prefix: str
    attention: bool


@final
class Translator(Predictor):
    """A trained translator: `translator.translate("Ein Mann liest .")`."""

    task: ClassVar[str] = "translate"

    def __init__(
        self,
        model: SequenceModel,
        source: Sentences,
        target: Sentences,
        search: BeamSearch,
        others: Sequence[SequenceModel] = (),
        column: str = "source",
        contexts: Sequence[ContextCodec | None] = (None,),
    ) -> None:
        """Store a model and its codecs.

        Args:
            model: The trained model.
            source: The codec of the sources.
            target: The codec of the targets.
            search: Settings of the search where nothing else is asked for.
            others: Further models of an ensemble, of the same tokens.
            column: Column of the sources in the corpus.
            contexts: For each model the language models whose states it reads, if any.
        """
        self.contexts = list(contexts)
        self.input_column = column
        self.models = [each.eval() for each in (model, *others)]
        self.source, self.target, self.search = source, target, search

    def joined(self, other: "Translator") -> "Translator":
        """An ensemble: at each token the mean of the probabilities decides.

        Raises:
            seqnlp.errors.UsageError: the other one has other tokens.
        """
        for side, ours, theirs in (("source", self.source, other.source), ("target", self.target, other.target)):
            if ours.to_json() != theirs.to_json():
                raise UsageError(
                    f"its {side} tokens ({len(theirs):,}) are not those of the first ({len(ours):,}); an ensemble "
                    "needs runs of one recipe and one train split that differ in seed or sizes"
                )
        models = [*self.models[1:], *other.models]
        contexts = [*self.contexts, *other.contexts]
        return Translator(self.models[0], self.source, self.target, self.search, models, self.input_column, contexts)

    def predict(self, lines: Iterable[str]) -> Iterator[Translation]:
        return self.translate(iter(lines))

    def predict_columns(self, columns: Columns, column: str | None) -> dict[str, list[Any]]:
        """Predict `translation` and `score`."""
        texts = column_of(columns, column or self.input_column)
        found = self.translate(["" if is_missing(text) else text for text in texts])
        rows = [(result.text, result.score) if result.source_tokens else (None, None) for result in found]
        return {"translation": [text for text, _ in rows], "score": [score for _, score in rows]}

    @overload
    def translate(self, texts: str, **settings: Unpack[SearchSettings]) -> Translation: ...
    @overload
    def translate(self, texts: list[str], **settings: Unpack[SearchSettings]) -> list[Translation]: ...
    @overload
    def translate(self, texts: Iterator[str], **settings: Unpack[SearchSettings]) -> Iterator[Translation]: ...

    def translate(
        self,
        texts: str | list[str] | Iterator[str],
        *,
        beam: int | None = None,
        best: int = 1,
        length_penalty: Literal["gnmt", "average", "none"] | None = None,
        alpha: float | None = None,
        no_repeat_ngram_size: int | None = None,
        unknown: Literal["copy", "keep", "avoid"] | None = None,
        prefix: str = "",
        attention: bool = False,
    ) -> Translation | list[Translation] | Iterator[Translation]:
        """Translate a sentence, a list of sentences, or a stream of sentences.

        Args:
            texts: The sentences.
            beam: Hypotheses that are followed at once; 1 is greedy search. This setting and those below are the
                recipe's, in `[search]`, where None is given.
            best: Translations of each sentence; see `Translation.alternatives`.
            length_penalty: Length normalisation of the scores; see `BeamSearch`.
            alpha: The exponent of the length penalty `gnmt`.
            no_repeat_ngram_size: Write no n-gram of this many tokens twice; 0: allow it.
            unknown: Treatment of target tokens that train did not have.
            prefix: Forced beginning of every translation.
            attention: Also give the attention, and the alignment of words that follows from it.

        Returns:
            A `Translation` for a string, a list for a list, and for an iterator another one that reads ahead no
            further than some hundred sentences. The translation of an empty sentence is empty.

        Raises:
            seqnlp.errors.UsageError: settings that make no sense; a prefix with unknown tokens.
        """
        overrides = {
            "beam": beam,
            "length_penalty": length_penalty,
            "alpha": alpha,
            "no_repeat_ngram_size": no_repeat_ngram_size,
            "unknown": unknown,
        }
        search = _updated(self.search, {name: value for name, value in overrides.items() if value is not None})
        if not 1 <= best <= max(search.beam, 1):
            raise UsageError(f"{best} best: a beam of {search.beam} finds between 1 and {search.beam} translations")
        search.settings(best)  # raises for contradictions before anything is read
        forced = self._encode_prefix(prefix)
        if isinstance(texts, str):
            return self._translate([texts], search, best, forced, attention)[0]
        is_stream = isinstance(texts, Iterator)
        stream = stream_in_windows(
            _sentences(texts),
            lambda window: self._translate(window, search, best, forced, attention),
            AT_ONCE,
            are_there=not is_stream,
        )
        return stream if is_stream else list(stream)

    def _encode_prefix(self, prefix: str) -> list[int]:
        if unknown := self.target.unknown_in(prefix):
            raise UsageError(f"the prefix {prefix!r} has tokens that train did not have: {', '.join(unknown)}")
        forced: list[int] = self.target.encode([prefix])[0].tolist()
        return forced

    def _translate(
        self, texts: list[str], search: BeamSearch, best: int, prefix: list[int], attention: bool
    ) -> list[Translation]:
        encoded = self.source.encode(texts)
        numbers = [encoded[row].tolist() for row in range(len(encoded))]
        read = Ragged.from_rows([row[:LONGEST] for row in numbers])
        states = [source_states(context, self.source, texts, read.offsets) for context in self.contexts]
        found = hypotheses(self.models, read, search.settings(best), prefix, states)
        return [
            self._result(self.source.spelled(text, row), each, search, attention) if each else _empty(attention)
            for text, row, each in zip(texts, numbers, found, strict=True)
        ]

    def _result(self, pieces: list[bytes], found: list[Hypothesis], search: BeamSearch, attention: bool) -> Translation:
        first, *others = (self._translation(hypothesis, pieces, search, attention) for hypothesis in found)
        return replace(first, alternatives=others)

    def _translation(
        self, hypothesis: Hypothesis, pieces: list[bytes], search: BeamSearch, attention: bool
    ) -> Translation:
        read = pieces[:LONGEST]
        written = spelled(hypothesis, read, self.target, search.unknown)
        result = Translation(
            self.target.join(written),
            hypothesis.score,
            hypothesis.logprob,
            self.target.shown(written),
            self.source.shown(read),
            len(pieces) - len(read),
        )
        if not attention:
            return result
        words = word_attention(hypothesis.attention, self.source.words(read), self.target.words(written))
        return replace(result, attention=hypothesis.attention.tolist(), alignment=align(words))


def _sentences(texts: Iterable[Any]) -> Iterator[str]:
    """Sentences; raises `UsageError` for something else."""
    return (text if isinstance(text, str) else " ".join(text) for text in checked_texts(texts))


def _updated(search: BeamSearch, overrides: Mapping[str, object]) -> BeamSearch:
    """Search settings with overrides; raises `UsageError` for invalid ones."""
    try:
        return BeamSearch.model_validate({**search.model_dump(), **overrides})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]} {first['input']!r}: {first['msg'].replace('Input', 'it')}") from None


def _empty(attention: bool) -> Translation:
    """Translation of an empty sentence."""
    return Translation("", 0.0, 0.0, [], [], 0, [], [] if attention else None, [] if attention else None)


def word_attention(
    attention: NDArray[np.float32], source_words: Sequence[int], target_words: Sequence[int]
) -> NDArray[np.float32]:
    """Sum attention between tokens to attention between words.

    Args:
        attention: Of each token to each token of the source; shape (tokens, source tokens).
        source_words: For each source token the number of its word, which never falls.
        target_words: The same for the target.

    Returns:
        The sums over the tokens of a source word, on average over those of a target word; shape (words, source words).
    """
    sums = np.zeros((max(target_words, default=-1) + 1, max(source_words, default=-1) + 1), np.float32)
    rows, columns = np.meshgrid(np.asarray(target_words, int), np.asarray(source_words, int), indexing="ij")
    np.add.at(sums, (rows, columns), attention)
    sizes = np.bincount(np.asarray(target_words, int), minlength=len(sums))
    sums /= np.maximum(sizes, 1)[:, None]
    return sums


def align(words: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Align each target word to its most attended source word, given `word_attention`."""
    if not words.size:
        return []
    return sorted((int(source), target) for target, source in enumerate(words.argmax(1)))
