"""Scores by item sum to the scores of the task."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqnlp.codecs import Column, EncodedText, Labels
from seqnlp.codecs.spans import read_spans
from seqnlp.metrics import multilabel_scores, span_scores
from seqnlp.metrics.forecasts import crps_gaussian, crps_gaussian_losses, crps_quantile_losses, crps_quantiles
from seqnlp.metrics.significance import ItemScores, f1
from seqnlp.metrics.spans import span_counts
from seqnlp.tasks.classify.dataset import ClassifyDataset
from seqnlp.tasks.classify.scores import text_scores as text_item_scores
from seqnlp.tasks.forecast.dataset import EncodedSeries, Windows, WindowShape
from seqnlp.tasks.loading import item_scores, open_split, score
from seqnlp.tasks.transcribe.scores import recording_scores, text_scores
from seqnlp.tasks.translate.scores import corpus_bleu, sentence_scores
from seqnlp.training.precision import for_scores

ROOT = Path(__file__).parents[3]
RUNS = ROOT / "tests/data/run_v2"
MAIN = {
    "tag": {"accuracy"},
    "classify": {"accuracy", "log_loss"},
    "lm": {"nats"},
    "translate": {"exact_match", "nats"},
    "forecast": {"mse", "mae"},
}


def both(run: Path) -> tuple[dict[str, Any], ItemScores]:
    opened = open_split(run)
    precision = for_scores(opened.recipe.training.precision)
    found = item_scores(opened.task, opened.model, opened.examples, precision)
    assert found is not None
    return score(opened.task, opened.model, opened.examples, precision), found


@pytest.mark.parametrize("task", MAIN)
def test_scores_by_item_sum_to_those_of_the_task(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    whole, found = both(RUNS / task)
    assert set(found.scores) >= MAIN[task]
    for name, each in found.scores.items():
        assert each.value == pytest.approx(whole[name], rel=1e-6), name
    assert len({len(each.counts) for each in found.scores.values()}) == 1


def words_of(random: np.random.Generator, shortest: int) -> str:
    return " ".join(random.choice(["the", "cat", "sat", "on", "a", "mat", "."], random.integers(shortest, 9)))


def test_bleu_of_resampled_sentences_is_that_of_sacrebleu() -> None:
    sacrebleu = pytest.importorskip("sacrebleu")
    for seed in range(30):
        random = np.random.default_rng(seed)
        references = [words_of(random, 4) for _ in range(6)]
        ours = [words_of(random, 0) if random.random() < 0.6 else each for each in references]
        score = sentence_scores(ours, references, references, False, False)["bleu"]
        drawn = random.integers(0, 6, random.integers(1, 7))
        expected = sacrebleu.corpus_bleu([ours[n] for n in drawn], [[references[n] for n in drawn]]).score
        assert float(corpus_bleu(score.counts[drawn].sum(0))) == pytest.approx(expected, abs=1e-9)


def test_error_rates_by_recording() -> None:
    references, found = ["one two three", "four", "five six"], ["one too three", "", "five six"]
    whole = text_scores(references, found)
    scores = recording_scores(references, found).scores
    assert {name: each.value for name, each in scores.items()} == pytest.approx(whole)
    assert scores["wer"].counts.tolist() == [[1, 3], [1, 1], [0, 2]]


def test_spans_of_each_sentence() -> None:
    gold = Column.from_rows([["B-A", "I-A", "O"], [], ["B-B"], ["O", "B-A"]])
    found = Column.from_rows([["B-A", "I-A", "B-B"], [], ["B-A"], ["B-A", "B-A"]])
    right, given = (read_spans(each, "bio") for each in (gold, found))
    counts = span_counts(right, given, gold.codes.offsets)
    assert counts.tolist() == [[1, 2, 1], [0, 0, 0], [0, 1, 1], [1, 2, 1]]
    assert float(f1(counts.sum(0))) == pytest.approx(span_scores(right, given).f1)


def test_several_labels_of_a_text() -> None:
    random = np.random.default_rng(1)
    rows = [["a"], [], ["b", "c"], ["a", "z"], ["c"], ["z"]]
    labels, column = Labels(["a", "b", "c"]), Column.from_rows(rows)
    words = Column.from_rows([["word"]] * len(rows))
    text = EncodedText(words, {})
    examples = ClassifyDataset(text, column.numbered(labels.encode(column.distinct)), ["z"], 3, 100)
    chances = random.random((len(rows), 3)).astype(np.float32)
    gold = examples.gold(np.arange(len(rows)))
    whole = multilabel_scores(gold, chances, labels.names, examples.missing)
    for name, each in text_item_scores(chances, examples, labels).scores.items():
        assert each.value == pytest.approx(whole[name], rel=1e-6), name


def test_blocks_of_windows_end_with_their_series() -> None:
    values = np.zeros((2, 30), np.float32)
    none = np.zeros((30, 0), np.float32)
    encoded = EncodedSeries(values, np.ones((2, 30), bool), none, none, np.repeat([0, 1], [16, 14]))
    starts = np.array([4, 5, 6, 7, 8, 9, 10, 20, 21, 22, 23])
    windows = Windows(encoded, starts, WindowShape(4, 2, False, "none", False, 1), 100)
    assert windows.blocks(3).tolist() == [0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 4]
    apart = Windows(encoded, starts, WindowShape(4, 2, True, "none", False, 1), 100)
    assert apart.blocks(3).tolist() == np.repeat([0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 4], 2).tolist()


def test_losses_of_values_have_the_score_as_their_mean() -> None:
    random = np.random.default_rng(2)
    truth, mean, deviation = random.normal(size=50), random.normal(size=50), random.random(50) + 0.1
    levels = [0.05, 0.1, 0.5, 0.8]
    each = crps_quantile_losses(truth, lambda level: mean + level, levels)
    assert each.mean() == pytest.approx(crps_quantiles(truth, lambda level: mean + level, levels))
    assert crps_gaussian_losses(truth, mean, deviation).mean() == pytest.approx(crps_gaussian(truth, mean, deviation))
