"""Pipelines: running text in, annotated sentences out; and their scores on a treebank."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final, overload

from seqnlp import api
from seqnlp.errors import DataError, UsageError
from seqnlp.metrics.conllu import Analysis, Score, as_percent, evaluate_analysis
from seqnlp.notes import note, notes_to
from seqnlp.readers.conll import SKIPPED
from seqnlp.readers.files import open_text
from seqnlp.readers.treebank import RawSentence, parse_treebank
from seqnlp.tasks.registry import task_info
from seqnlp.tasks.segment.conllu import PLACES, TREE, check_columns, conllu_sentence
from seqnlp.tasks.segment.corpus import SegmentSplit
from seqnlp.tasks.segment.predictor import Segmenter
from seqnlp.tasks.segment.result import SegmentedSentence
from seqnlp.tasks.segment.scores import gold_analysis
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.training.inference import stream_ahead

SENTENCES = 1024
"""Sentences that are tagged at once, at most."""


@dataclass(frozen=True)
class AnnotatedSentence:
    """A sentence with the labels of its words."""

    sentence: SegmentedSentence
    columns: dict[str, list[str]]
    """Label of each word by column."""

    def __str__(self) -> str:
        labels = next(iter(self.columns.values()), None)
        words = self.sentence.words
        return " ".join(words if labels is None else map("/".join, zip(words, labels, strict=True)))

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON object: that of the sentence, and `columns` with the `form` of each word first."""
        return {**self.sentence.to_json(), "columns": {"form": self.sentence.words, **self.columns}}

    def to_conllu(self, number: int, tree: bool = False) -> str:
        """Convert to CoNLL-U; `number` is that of the sentence, `tree` writes a flat dummy tree."""
        return conllu_sentence(self.sentence, number, self.columns, tree)


@final
class Pipeline:
    """A segmenter and taggers: `pipeline.annotate("It rains.")`."""

    def __init__(self, segmenter: Segmenter, taggers: Sequence[Tagger]) -> None:
        """Store the predictors.

        Raises:
            seqnlp.errors.UsageError: two taggers for one column.
        """
        self.segmenter, self.taggers = segmenter, list(taggers)
        self.columns = [name for tagger in taggers for name in tagger.columns]
        for name in self.columns:
            if self.columns.count(name) > 1:
                raise UsageError(f"two taggers give the column {name!r}")

    @overload
    def annotate(self, text: str) -> list[AnnotatedSentence]: ...
    @overload
    def annotate(self, text: Iterator[str]) -> Iterator[AnnotatedSentence]: ...

    def annotate(self, text: str | Iterator[str]) -> list[AnnotatedSentence] | Iterator[AnnotatedSentence]:
        """Segment and tag running text.

        Args:
            text: The text, or an iterator of its chunks, cut anywhere.

        Returns:
            The sentences: a list, or for an iterator another one, in flat memory.
        """
        if isinstance(text, str):
            return self._tagged(self.segmenter.segment(text))
        return stream_ahead(self.segmenter.segment(text), self._tagged, SENTENCES)

    def _tagged(self, sentences: list[SegmentedSentence]) -> list[AnnotatedSentence]:
        columns = tag_words(self.taggers, [sentence.words for sentence in sentences])
        return [AnnotatedSentence(*pair) for pair in zip(sentences, columns, strict=True)]


def tag_words(taggers: Sequence[Tagger], sentences: Sequence[list[str]]) -> list[dict[str, list[str]]]:
    """Labels of the words of sentences by column; a tagger may read the columns of those before it."""
    found: list[dict[str, list[str]]] = [{} for _ in sentences]
    for tagger in taggers:
        name = tagger.data.tokens
        given = [{**columns, name: words} for words, columns in zip(sentences, found, strict=True)]
        for columns, tagging in zip(found, tagger.tag(iter(given)), strict=True):
            columns.update(tagging.columns)
    return found


def pipeline(runs: Sequence[Any], *, trust: bool = False) -> Pipeline:
    """Make a pipeline of runs: a segmenter, then any number of taggers.

    Args:
        runs: Run directories, or predictors that `seqnlp.load` has returned.
        trust: Consent to run the Python that runs bring along; it is remembered.

    Raises:
        seqnlp.errors.UsageError: no segmenter at the beginning, or something else than a tagger behind it.
    """
    if isinstance(runs, str | Path) or not runs:
        raise UsageError("expected a list of runs: a segmenter, then taggers")
    first, *others = (_opened(run, trust) for run in runs)
    if not isinstance(first, Segmenter):
        raise UsageError(f"{_named(runs[0], first)}; a pipeline begins with a segmenter")
    for run, other in zip(runs[1:], others, strict=True):
        if not isinstance(other, Tagger):
            raise UsageError(f"{_named(run, other)}; after the segmenter come taggers")
    return Pipeline(first, others)


def _opened(run: Any, trust: bool) -> Any:
    return api.load(run, trust=trust) if isinstance(run, str | Path) else run


def _named(run: Any, predictor: Any) -> str:
    name = f"{run}: this run" if isinstance(run, str | Path) else "this"
    return f"{name} is {task_info(getattr(predictor, 'task', '')).noun}"


def evaluate_raw(
    runs: Sequence[Any], file: str | Path, *, trust: bool = False, notify: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Score runs on the raw text of a treebank.

    The scores are those of the CoNLL 2018 shared task.

    Args:
        runs: A segmenter, then any number of taggers; taggers alone get the gold words.
        file: The treebank, in CoNLL-U.
        trust: Consent to run the Python that runs bring along; it is remembered.
        notify: Called with each warning about the data, one line each.

    Returns:
        `runs`, `data`, `scores` (F1 in percent by name), `table` (precision, recall and F1 in percent by name), the
        number of `words` in gold and the `seconds` it took.

    Raises:
        seqnlp.errors.UsageError: runs that are no pipeline, or columns that CoNLL-U lacks.
        seqnlp.errors.DataError: what is wrong with the treebank.
    """
    with notes_to(notify):
        opened = [_opened(run, trust) for run in runs]
        sentences = list(parse_treebank(open_text(Path(file)), file, with_rows=True))
        if not sentences:
            raise DataError("no sentences in it", file)
        begun = time.perf_counter()
        if opened and isinstance(opened[0], Tagger):
            system, columns = _on_gold(sentences, opened)
        else:
            whole = pipeline(opened, trust=trust)
            columns = whole.columns
            check_columns(columns)
            system = system_of(whole.annotate(SegmentSplit(str(file), sentences).text))
        has_tree = set(TREE) <= set(columns)
        if columns and (missing := [name for name in ("upos", "xpos", "feats", "lemma") if name not in columns]):
            note(f"no run gives {', '.join(missing)}: `_` stands there, which counts as it is")
        gold = gold_analysis(sentences)
        if has_tree and not all(row[6].isdecimal() for each in sentences for token in each.rows or [] for row in token):
            note(f"{file}: it has words without HEAD, so trees are not scored")
            has_tree = False
        scores = evaluate_analysis(gold, system, tags=bool(columns), trees=has_tree)
    return {
        "runs": [str(run) for run in runs],
        "data": str(file),
        "scores": as_percent(scores),
        "table": {name: _percent(score) for name, score in scores.items()},
        "words": len(gold.words),
        "seconds": round(time.perf_counter() - begun, 3),
    }


def _percent(score: Score) -> dict[str, float]:
    return {"precision": 100 * score.precision, "recall": 100 * score.recall, "f1": 100 * score.f1}


def _on_gold(sentences: Sequence[RawSentence], taggers: Sequence[Any]) -> tuple[Analysis, list[str]]:
    """Analysis with the gold words and the taggers' labels; also the columns of these."""
    for tagger in taggers:
        if not isinstance(tagger, Tagger):
            raise UsageError("expected a segmenter and then taggers, or taggers alone")
    names = [name for tagger in taggers for name in tagger.columns]
    check_columns(names)
    rows = [[row for token in sentence.rows or [] for row in token] for sentence in sentences]
    columns = tag_words(taggers, [[row[1] for row in own] for own in rows])
    analysis = Analysis()
    for sentence, found in zip(sentences, columns, strict=True):
        analysis.add(_labelled(zip(sentence.tokens, sentence.words, strict=True), found))
    return analysis, names


def system_of(annotated: Iterable[AnnotatedSentence]) -> Analysis:
    """Analysis of annotated sentences."""
    analysis = Analysis()
    for each in annotated:
        analysis.add(_labelled(((token.text, token.words) for token in each.sentence.tokens), each.columns))
    return analysis


def _labelled(
    tokens: Iterable[tuple[str, Sequence[str]]], columns: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, list[list[str]]]]:
    """Tokens with their words as rows."""
    number = 0
    for text, words in tokens:
        rows = []
        for form in words:
            row = ["", form, *[SKIPPED] * 8]
            for name, values in columns.items():
                row[PLACES[name]] = values[number]
            rows.append(row)
            number += 1
        yield text, rows
