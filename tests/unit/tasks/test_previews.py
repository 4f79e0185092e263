"""The examples of dev that a training shows, with untrained models of the shipped recipes."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from seqnlp.events import Example
from seqnlp.model import SequenceModel
from seqnlp.recipe import load_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.tasks.base import Task, TaskRecipe, task_class
from seqnlp.tasks.lm.corpus import TextSplit
from seqnlp.tasks.lm.preview import LENGTH
from seqnlp.tasks.previews import CHARACTERS, EXAMPLES, sample_rows
from seqnlp.tasks.registry import import_tasks
from seqnlp.tasks.tag.preview import WORDS

ROOT = Path(__file__).parents[3]
import_tasks()

SMALL = ["encoder.size=8", "training.threads=1"]


class Prepared(NamedTuple):
    """A recipe's task, a model of it that has learned nothing, and dev as it was read."""

    task: Any
    model: SequenceModel
    dev: Any


def prepared(name: str, *settings: str) -> Prepared:
    file = ROOT / f"recipes/{name}.toml"
    recipe = load_recipe(file, [*SMALL, *settings])
    assert isinstance(recipe, TaskRecipe)
    corpus = recipe.corpus(path_resolver(file))
    task: Task = task_class(recipe).fit(recipe, corpus.splits["train"], path_resolver(file))
    torch.manual_seed(recipe.seed)
    return Prepared(task, task.build(), corpus.splits["dev"])


def shown(found: Prepared, seed: int = 1) -> list[Example]:
    """The examples; looking at them must change nothing that training goes on with."""
    found.model.eval()
    before, weights = torch.get_rng_state(), [each.clone() for each in found.model.state_dict().values()]
    with torch.inference_mode():
        show = found.task.preview(found.dev, seed)
        examples: list[Example] = show(found.model)
        assert show(found.model) == examples
    assert torch.equal(torch.get_rng_state(), before)
    assert all(map(torch.equal, weights, found.model.state_dict().values()))
    assert 1 <= len(examples) <= EXAMPLES
    assert all(len(each.given) == len(each.expected) == len(each.predicted) for each in examples)
    return examples


@pytest.mark.parametrize("name", ["pos_gru", "ner_lstm_crf"])
def test_sentences_with_their_labels(name: str) -> None:
    found = prepared(name)
    data, labels = found.task.recipe.data, found.task.columns[0]
    known = [(row[data.tokens][:WORDS], row[labels][:WORDS]) for row in found.dev]
    for example in shown(found):
        assert (example.given, example.expected) in known
        assert example.labels
        assert set(example.predicted) <= set(found.task.label_codecs[labels].names)


def test_tags_are_compared_in_the_scheme_of_the_corpus() -> None:
    found = prepared("ner_lstm_crf", 'data.training_scheme="bioes"')
    known = [row[found.task.columns[0]][:WORDS] for row in found.dev]
    assert all(example.expected in known for example in shown(found))


def test_texts_with_their_classes() -> None:
    found = prepared("sentiment_lstm")
    classes = set(found.task.labels.names)
    for example in shown(found):
        assert len(example.given) == 1
        assert {*example.expected, *example.predicted} <= classes
        assert example.labels
        assert len(example.given[0]) <= CHARACTERS


@pytest.mark.parametrize("name", ["char_lstm", "word_lstm"])
def test_pieces_of_a_text_and_how_they_go_on(name: str) -> None:
    found = prepared(name)
    text = "".join(found.dev.chunks())
    examples = shown(found)
    for example in examples:
        ((prompt,), (right,), (written,)) = example.given, example.expected, example.predicted
        assert prompt + right in text
        assert text[text.index(prompt) - 1] == "\n"
        assert 0 < len(prompt) <= LENGTH == len(right)
        assert 0 < len(written) <= LENGTH
        assert not example.labels
    assert len({example.predicted[0] for example in examples}) == EXAMPLES, "each has chance of its own"


@pytest.mark.parametrize("name", ["translate_en_fr", "reverse_words"])
def test_sentences_and_their_translations(name: str) -> None:
    found = prepared(name, "decoder.size=8")
    known = {
        source: target
        for sources, targets in zip(found.dev.sources(), found.dev.targets(), strict=True)
        for source, target in zip(sources, targets, strict=True)
    }
    for example in shown(found):
        assert [known[example.given[0]]] == example.expected
        assert not example.labels


def test_what_came_in_a_series_and_what_was_expected() -> None:
    found = prepared("series_gru")
    horizon = found.task.recipe.data.horizon
    tables = [found.dev.table(number, found.dev.columns) for number in range(len(found.dev.names))]
    values = {f"{value:.4g}" for value in np.concatenate(tables).ravel()}
    for example in shown(found):
        assert example.given[0] == "+1"
        assert example.given[-1] == f"+{horizon}"
        assert set(example.expected) <= values
        assert np.isfinite([float(value) for value in example.predicted]).all()


def test_another_seed_shows_others() -> None:
    found = prepared("pos_gru")
    assert shown(found, 1) != shown(found, 2)


def test_a_split_with_fewer_rows() -> None:
    assert sample_rows(2, 1).tolist() == [0, 1]
    assert sorted(set(sample_rows(1000, 1).tolist())) == sample_rows(1000, 1).tolist()


@pytest.mark.parametrize("text", ["ab", "abc de\n", "short line\n" * 9, "a line without any end " * 9])
def test_a_text_that_is_soon_at_its_end(text: str) -> None:
    found = prepared("char_lstm")
    dev = TextSplit("short", lambda: iter([text[:1], text[1:]]))
    for example in shown(Prepared(found.task, found.model, dev)):
        ((prompt,), (right,), _) = example.given, example.expected, example.predicted
        assert prompt
        assert right
        assert prompt + right in text
