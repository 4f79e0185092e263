"""Shallow fusion: a text's score is its log-probability under the language model, however it comes."""

from pathlib import Path

import pytest

import seqnlp
from seqnlp.codecs.running_text import CharacterText, WordText
from seqnlp.errors import RunError, UsageError
from seqnlp.tasks.transcribe.language_model import LmScorer, open_language_model

RUNS = Path(__file__).parents[3] / "data" / "run_v2"
TEXT = "the ferry was quiet"


def total(scorer: LmScorer, labels: list[int]) -> float:
    state, score = scorer.begin(), 0.0
    for label in labels:
        state, added = scorer.extend(state, label)
        score += added
    return score + scorer.end(state)


@pytest.mark.parametrize("by_words", [False, True])
def test_the_score_is_the_language_models(by_words: bool) -> None:
    generator = seqnlp.load(RUNS / "lm")
    pieces = WordText.fit([f" {TEXT}"]) if by_words else CharacterText.fit([TEXT])
    labels = pieces.encode(f" {TEXT}" if by_words else TEXT).tolist()
    expected = sum(token.logprob for token in generator.score(f"{TEXT}\n"))
    for weight, bonus in ((1.0, 0.0), (0.4, 0.25)):
        scorer = LmScorer(generator, pieces, weight, bonus)
        assert total(scorer, labels) == pytest.approx(weight * expected + bonus * len(labels), rel=1e-4)


def test_a_model_of_words_reads_each_word_once_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = seqnlp.load(RUNS / "lm")
    pieces = CharacterText.fit([TEXT])
    scorer = LmScorer(generator, pieces, 1.0, 0.0)
    expected = total(scorer, pieces.encode(TEXT).tolist())
    scorer = LmScorer(generator, pieces, 1.0, 0.0)
    scorer._by_character = False  # as if its tokens were words
    state, added = scorer.begin(), []
    for label in pieces.encode(TEXT).tolist():
        state, score = scorer.extend(state, label)
        added.append(score)
    assert [place for place, score in enumerate(added) if score] == [
        place for place, letter in enumerate(TEXT) if letter == " "
    ]
    assert sum(added) + scorer.end(state) == pytest.approx(expected, rel=1e-4)


def test_only_language_models_score_texts() -> None:
    with pytest.raises(UsageError, match="expected a language model to score texts; this run is a tagger"):
        open_language_model(RUNS / "tag")
    with pytest.raises(RunError, match="no such run"):
        open_language_model(RUNS / "nothing")
