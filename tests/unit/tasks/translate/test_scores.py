import importlib.machinery
from collections.abc import Callable
from typing import Any

import pytest
import sacrebleu

from seqnlp.errors import DataError, UsageError
from seqnlp.model import SequenceModel
from seqnlp.notes import notes_to, once
from seqnlp.tasks.translate import scores as translation_scores
from seqnlp.tasks.translate.scores import exact_match, overlap_scores
from seqnlp.tasks.translate.task import TranslateTask

OURS = ["the cat sat on a mat .", "It is late , friend ."]
THEIRS = ["the cat sat on the mat .", "it is late, friend."]
Make = Callable[..., tuple[TranslateTask, SequenceModel]]


def test_scores_are_those_of_sacrebleu_with_their_signatures() -> None:
    scores, signatures = overlap_scores(OURS, THEIRS, lowercase=False, tokenised=False)
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(OURS, [THEIRS]).score)
    assert scores["chrf"] == pytest.approx(sacrebleu.corpus_chrf(OURS, [THEIRS]).score)
    assert signatures["bleu"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    assert "nc:6|nw:0" in signatures["chrf"]


def test_scores_on_words_as_they_are_have_a_name_of_their_own() -> None:
    scores, signatures = overlap_scores(OURS, THEIRS, lowercase=True, tokenised=True)
    expected = sacrebleu.corpus_bleu(OURS, [THEIRS], tokenize="none", lowercase=True).score
    assert scores["bleu_tokenised"] == pytest.approx(expected)
    assert set(scores) == set(signatures) == {"bleu_tokenised", "chrf_tokenised"}
    assert "case:lc" in signatures["bleu_tokenised"]
    assert "tok:none" in signatures["bleu_tokenised"]


def test_there_is_no_bleu_where_it_has_nothing_to_count() -> None:
    assert set(overlap_scores(["a b c"], ["a b c"], False, False)[0]) == {"chrf"}


def test_exact_matches_are_counted() -> None:
    assert exact_match(["a", "b"], ["a", "c"]) == 0.5
    assert exact_match([], []) == 0


@pytest.fixture
def without_sacrebleu(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    hidden: Callable[[str], Any] = lambda name: None if name == "sacrebleu" else found(name)  # noqa: E731
    monkeypatch.setattr(translation_scores, "find_spec", hidden)


@pytest.mark.usefixtures("without_sacrebleu")
def test_without_sacrebleu_all_other_scores_are_there(make: Make, pairs: Callable[..., Any]) -> None:
    task, model = make()
    examples = task.encode(pairs(), 100)
    assert set(task.dev_scores(model, examples)) == {"exact_match", "nats", "perplexity"}
    assert task.notices(examples) == ["BLEU and chrF need sacrebleu: pip install 'seqnlp[mt]'"]


@pytest.mark.usefixtures("without_sacrebleu")
def test_a_training_by_bleu_says_at_once_what_to_install(make: Make) -> None:
    with pytest.raises(UsageError, match=r"pip install 'seqnlp\[mt\]'"):
        make(training={"metric": "bleu"})


def test_a_training_by_bleu_needs_references_of_some_words(make: Make, pairs: Callable[..., Any]) -> None:
    task, model = make(training={"metric": "bleu"})
    with pytest.raises(DataError, match="choose another"):
        task.dev_scores(model, task.encode(pairs(["a"], ["A"]), 100))


def test_warnings_of_sacrebleu_are_one_note(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    notes: list[str] = []
    lines = ["It rains in the town ."] * 120
    listener = once(notes.append)
    for _ in range(3):  # as evaluations of one training do
        with notes_to(listener):
            overlap_scores(lines, lines, False, False)
    assert len(notes) == 1
    assert "data.pretokenized = true" in notes[0]
    assert caplog.records == []
    assert capfd.readouterr().err == ""
    with notes_to(listener):
        overlap_scores(lines, lines, False, True)
    assert len(notes) == 1
