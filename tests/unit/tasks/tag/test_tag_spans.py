"""Tagging spans: schemes, constraints, scores, and what the corpus gives beside the words."""

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset

from seqnlp.codecs.spans import allowed_transitions
from seqnlp.errors import DataError, UsageError
from seqnlp.tasks.tag.predictor import Tagger
from seqnlp.tasks.tag.recipe import TagRecipe
from seqnlp.tasks.tag.task import TagTask

TRAIN = {
    "word": [["Ann", "Lee", "left", "Rome"], ["Rome", "Ann", "Bo"], ["it", "rained"]],
    "pos": [["N", "N", "V", "N"], ["N", "N", "N"], ["P", "V"]],
    "tag": [["B-P", "I-P", "O", "B-L"], ["B-L", "B-P", "B-P"], ["O", "O"]],
}
IOB1 = {**TRAIN, "tag": [["I-P", "I-P", "O", "I-L"], ["I-L", "I-P", "B-P"], ["O", "O"]]}
BROKEN = {**TRAIN, "tag": [["B-P", "I-P", "O", "I-L"], ["I-L", "B-P", "B-P"], ["O", "O"]]}


def nowhere(name: str) -> Path:
    pytest.fail(f"looked for {name}")


def recipe(decoder: str = "crf", columns: bool = False, **data: Any) -> TagRecipe:
    table = {
        "task": "tag",
        "data": {"reader": "conllu", "train": "t", "dev": "d", "tokens": "word", "labels": ["tag"], **data},
        "embedding": {"words": {"size": 6}, "columns": {"pos": {"size": 3}} if columns else {}},
        "encoder": {"kind": "gru", "size": 5},
        "decoder": decoder,
    }
    return TagRecipe.model_validate(table)


def fitted(table: dict[str, Any] = TRAIN, **settings: Any) -> TagTask:
    return TagTask.fit(recipe(**settings), Dataset.from_dict(table), nowhere)


def tagger(**settings: Any) -> Tagger:
    torch.manual_seed(1)
    task = fitted(**settings)
    return task.predictor(task.build())


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (
            {"scheme": "bio", "labels": ["tag", "pos"]},
            "data.scheme: one label column has a scheme, but there are several: tag, pos",
        ),
        (
            {"training_scheme": "bioes"},
            'data.training_scheme: the scheme of the corpus is not known (add data.scheme, for instance "bio")',
        ),
    ],
)
def test_schemes_that_make_no_sense(data: dict[str, Any], fault: str) -> None:
    assert [str(found) for found in recipe(**data).faults()] == [fault]


def test_a_column_is_either_given_or_predicted() -> None:
    faults = [str(fault) for fault in recipe(columns=True, labels=["tag", "pos"]).faults()]
    assert faults == ["embedding.columns.pos: this is a column to predict, which can't be given beside the words"]


@pytest.mark.parametrize(
    ("table", "data"),
    [
        (TRAIN, {"scheme": "bio"}),
        (IOB1, {"scheme": "iob1"}),
        (BROKEN, {"scheme": "bio", "repair": True}),
        (TRAIN, {"scheme": "bio", "training_scheme": "bioes"}),
        (IOB1, {"scheme": "iob1", "training_scheme": "bioes"}),
    ],
)
def test_the_corpus_is_converted_to_the_scheme_to_train_in(table: dict[str, Any], data: dict[str, Any]) -> None:
    task = fitted(table, **data)
    examples = task.encode(Dataset.from_dict(table), 100)
    names = task.labels["tag"].names
    rows = [[names[number] for number in examples.targets["tag"][row]] for row in range(3)]
    if data.get("training_scheme") == "bioes":
        assert rows == [["B-P", "E-P", "O", "S-L"], ["S-L", "S-P", "S-P"], ["O", "O"]]
    else:
        assert rows == TRAIN["tag"]


def test_an_invalid_tag_is_refused_with_its_place() -> None:
    with pytest.raises(DataError) as caught:
        fitted(BROKEN, scheme="bio")
    assert str(caught.value) == (
        "column 'tag': I-L after O is not allowed in the scheme bio (sentence 1, word 4); "
        "data.repair = true reads such tags as conlleval does"
    )
    assert caught.value.hint == "data.repair = true reads such tags as conlleval does"


@pytest.mark.parametrize("decoder", ["crf", "linear"])
@pytest.mark.parametrize("encode", ["bio", "bioes"])
def test_an_untrained_tagger_gives_valid_tags_and_the_spans_that_they_mean(decoder: str, encode: str) -> None:
    model = tagger(decoder=decoder, scheme="bio", training_scheme=encode)
    names = ["B-L", "B-P", "I-L", "I-P", "O"]
    allowed = allowed_transitions(names, "bio")
    for text in ("Ann  Lee left Rome, Bo !", "it", "Rome Rome Rome Rome x y z"):
        for pretokenized in (True, False):
            tagging = model.tag(text, pretokenized=pretokenized)
            path = [len(names), *map(names.index, tagging.tags), len(names)]
            assert all(allowed[pair] for pair in pairwise(path))
            assert tagging.spans is not None
            starts = [number for number, tag in enumerate(tagging.tags) if tag.startswith("B")]
            assert [span.start for span in tagging.spans] == starts
            for span in tagging.spans:
                inside = [f"B-{span.label}", *[f"I-{span.label}"] * (span.end - span.start - 1)]
                assert tagging.tags[span.start : span.end] == inside
                assert span.text == text[span.start_char : span.end_char]
                assert text[span.start_char : span.end_char].split(" ")[0].startswith(tagging.tokens[span.start])
                assert text[: span.end_char].endswith(tagging.tokens[span.end - 1])
                assert span.score == min(tagging.scores[span.start : span.end])


def test_words_are_placed_as_if_joined_by_blanks() -> None:
    model = tagger(scheme="bio")
    words = ["Ann", "Lee", "left", "Rome", ",", "Bo"]
    (given,), joined = model.tag([words]), model.tag(" ".join(words), pretokenized=True)
    assert given.spans == joined.spans
    assert given.to_json()["spans"] == [vars(span) for span in given.spans or []]


def test_without_a_scheme_there_are_no_spans() -> None:
    tagging = tagger().tag("Ann left")
    assert tagging.spans is None
    assert "spans" not in tagging.to_json()


def test_scores_are_of_spans() -> None:
    task = fitted(scheme="bio", training_scheme="bioes")
    model = task.build().eval()
    scores = task.score(model, task.encode(Dataset.from_dict(TRAIN), 100))
    assert task.metric.name == "f1"
    found = [span for tagging in task.predictor(model).tag(TRAIN["word"]) for span in tagging.spans or []]
    assert sum(row["support"] for row in scores["labels"].values()) == 5
    assert set(scores["labels"]) <= {"P", "L"}
    right = round(scores["precision"] * len(found))
    assert scores["recall"] == pytest.approx(right / 5)
    assert scores["strict.f1"] == scores["f1"]  # as only valid sequences are predicted


def test_a_column_given_beside_the_words_is_read() -> None:
    model = tagger(columns=True, scheme="bio")
    assert model.inputs == ["word", "pos"]
    row: dict[str, list[str]] = {"word": ["Ann", "left"], "pos": ["N", "V"]}
    one = model.tag(row)
    rows: list[Mapping[str, list[str]]] = [row, row]
    assert model.tag(rows) == [one, one] == list(model.tag(iter([row, row])))
    other = model.tag({**row, "pos": ["V", "a tag never seen"]})
    assert one.tokens == other.tokens == ["Ann", "left"]
    assert one.scores != other.scores


def test_a_saved_column_codec_is_the_same() -> None:
    task = fitted(columns=True)
    saved = {name: codec.to_json() for name, codec in task.codecs().items()}
    again = TagTask.restore(recipe(columns=True), saved)
    assert {name: codec.to_json() for name, codec in again.codecs().items()} == saved
    assert "embedding.columns.pos" in saved


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        ("Ann left", "this tagger reads 'pos' beside the words: give it columns"),
        ({"word": ["Ann"]}, "no column 'pos' in the sentence; it has word"),
        ({"word": ["Ann"], "pos": ["N", "V"]}, "1 words, but 2 in column 'pos'"),
    ],
)
def test_a_column_that_is_not_given_is_missed(sentence: Any, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        tagger(columns=True).tag(sentence)


def test_columns_of_different_lengths_are_refused() -> None:
    table = {**TRAIN, "pos": [["N", "N", "V", "N"], ["N", "N"], ["P", "V"]]}
    with pytest.raises(DataError, match="sequence 2 has 3 of column 'word', but 2 of 'pos'"):
        fitted(table, columns=True)


def test_a_tag_of_no_scheme_is_refused() -> None:
    with pytest.raises(DataError) as caught:
        fitted({**TRAIN, "tag": TRAIN["pos"]}, scheme="bio", repair=True)
    assert str(caught.value) == "column 'tag': 'N' is no tag of the scheme bio: expected O, B-..., I-..."


def test_empty_sentences_have_no_spans() -> None:
    model = tagger(scheme="bio")
    empty, full, blank = model.tag(["", "Ann left", "  "])
    assert empty == blank == model.tag("")
    assert (empty.tags, empty.spans) == ([], [])
    assert full.tokens == ["Ann", "left"]


@pytest.mark.parametrize("data", [{"scheme": "bio"}, {"scheme": "bio", "training_scheme": "bioes"}])
def test_the_likeliest_sequences_of_tags(data: dict[str, Any]) -> None:
    made = tagger(**data)
    sentences = [["Ann", "Lee", "left"], [], ["Rome"]]
    for tagging, plain in zip(made.tag(sentences, best=4), made.tag(sentences), strict=True):
        assert tagging.best is not None
        assert plain.best is None
        if not tagging.tokens:
            assert tagging.best == []
            continue
        assert tagging.best[0].tags == plain.tags
        logs = [found.logprob for found in tagging.best]
        assert logs == sorted(logs, reverse=True)
        assert sum(map(math.exp, logs)) <= 1 + 1e-6
        assert len({tuple(found.tags) for found in tagging.best}) == len(tagging.best) > 1
        assert {len(found.tags) for found in tagging.best} == {len(tagging.tokens)}
    everything = made.tag(["Rome"], best=99)[0].best
    assert everything is not None
    assert sum(math.exp(found.logprob) for found in everything) == pytest.approx(1, abs=1e-5)  # all there are
    assert "best" not in made.tag("Rome").to_json()


def test_only_a_crf_can_rank_sequences() -> None:
    with pytest.raises(UsageError, match="only a decoder of the kind crf can rank sequences of tags"):
        tagger(decoder="linear").tag("Rome", best=2)
