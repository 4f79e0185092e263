"""Notes about settings that can't work well: each once, with a key and a value that mends it, and none elsewhere."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import numpy as np
import pytest
from numpy.typing import NDArray

from seqnlp import api
from seqnlp.events import Evaluated, Event, Started, Stepped
from seqnlp.model import Batch
from seqnlp.optimizers import AdamW
from seqnlp.recipe import load_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.recipe.shipped import find_recipe
from seqnlp.tasks.advice import rare_labels, unknown_tokens
from seqnlp.tasks.base import TaskRecipe, task_class
from seqnlp.tasks.loading import encode
from seqnlp.tasks.registry import import_tasks
from seqnlp.training import Training
from seqnlp.training.advice import DependenceOnState, FlatLoss, baseline_advice, dev_advice, settings_advice
from seqnlp.training.dataset import BucketedDataset

IN_THE_REPOSITORY = [
    "char_lstm", "digits_ctc", "ner_lstm_crf", "pos_gru", "reverse_words", "sentiment_lstm", "series_gru",
    "translate_en_fr", "word_lstm",
]  # fmt: skip


@final
@dataclass(frozen=True)
class Rows(BucketedDataset):
    """Sequences that have nothing but their lengths."""

    sizes: list[int]
    batch_tokens: int = 1000

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.array(self.sizes, np.int64)

    @property
    def row_items(self) -> NDArray[np.int64]:
        return self.lengths

    def batch(self, rows: NDArray[np.int64]) -> Batch:
        raise NotImplementedError


@dataclass
class Case:
    """Settings, and lengths of the rows of train."""

    sizes: list[int]
    training: dict[str, object] = field(default_factory=dict)
    optimizer: dict[str, object] = field(default_factory=dict)

    def advice(self) -> list[str]:
        training, optimizer = Training.model_validate(self.training), AdamW.model_validate(self.optimizer)
        train = Rows(self.sizes, training.batch_tokens)
        an_epoch = -(-len(train.plan(1, 0)) // training.gradient_accumulation)
        return list(settings_advice(training, optimizer, train, 1, an_epoch * training.epochs))

    def followed(self, line: str) -> "Case":
        """The same with the setting that a line proposes."""
        (section, key, value), *_ = re.findall(r"try (training|optimizer)\.(\w+) = ([\d.]+)", line)
        changed = {key: float(value) if "." in value else int(value)}
        return Case(self.sizes, self.training | (changed if section == "training" else {}),
                    self.optimizer | (changed if section == "optimizer" else {}))  # fmt: skip


CASES = {
    "a batch holds all of train, so that the training has 12 steps: training.batch_tokens = 1000": Case([10] * 80),
    "an epoch has 2 steps, and the training 20: training.batch_tokens = 1000": Case([10] * 180, {"epochs": 10}),
    "an epoch has 2 steps, and the training 24: training.gradient_accumulation = 32": Case(
        [100] * 400, {"gradient_accumulation": 32}
    ),
    "a batch holds all of train, so that the training has 12 steps, which is little to learn in": Case([10] * 4),
    "training.batch_tokens = 20 is less than most sequences of train have, about 30": Case(
        [30] * 999, {"batch_tokens": 20}
    ),
    "optimizer.warmup_ratio = 0.9: the learning rate still rises": Case([30] * 999, {}, {"warmup_ratio": 0.9}),
    "training.patience = 12 never ends a training of 12 evaluations": Case([30] * 999, {"patience": 12}),
    "training.evaluate_every = 5,000 has no effect on a training of": Case([30] * 999, {"evaluate_every": 5000}),
}


@pytest.mark.parametrize("told", CASES)
def test_one_note_each_with_a_value_that_mends_it(told: str) -> None:
    case = CASES[told]
    (line,) = case.advice()
    assert line.startswith(told)
    assert case.followed(line).advice() == []


@pytest.mark.parametrize(
    "case",
    [
        Case([30] * 999),
        Case([10] * 80, {"epochs": 400}),  # one step an epoch, but hundreds of them
        Case([30] * 999, {"patience": 11, "evaluate_every": 100}, {"warmup_ratio": 0.5}),
        Case([30] * 999, {"patience": 3, "epochs": 1}),  # a trial of one epoch
        Case([30] * 999, {"patience": 14, "evaluate_every": 60}),
        Case([], {}),
    ],
)
def test_no_note_about_settings_that_work(case: Case) -> None:
    assert case.advice() == []


def test_small_dev() -> None:
    told = list(dev_advice(Rows([10] * 10), "sentences", "words", drawn=False))
    assert told == [
        "dev has only 10 sentences, so that its score, which chooses the model, is mostly luck; "
        "try a larger file, or a share of train, data.dev = 0.2"
    ]
    assert "data.dev = 0.2" in next(dev_advice(Rows([10]), "texts", "texts", drawn=True))
    assert "only 1 text," in next(dev_advice(Rows([10]), "texts", "texts", drawn=True))
    assert list(dev_advice(Rows([10] * 20), "sentences", "words", drawn=False)) == []


def test_rare_labels_and_unknown_tokens() -> None:
    (line,) = rare_labels("topic", {"a": 9, "b": 1, "c": 1})
    assert line.startswith("topic: 2 labels ('b', 'c') of 3 occur once in train")
    assert list(rare_labels("topic", {"a": 9, "b": 2})) == []
    many = {f"f{n}": 5 for n in range(50)}
    assert list(rare_labels("feats", many | {"g": 1})) == []  # among many labels there always are rare ones
    assert list(rare_labels("feats", many | {f"g{n}": 1 for n in range(20)}))
    (line,) = unknown_tokens(0.634, "the words of train", "data.tokenizer")
    assert line.startswith("63% of the words of train are unknown")
    assert list(unknown_tokens(0.4, "the words of train", "data.tokenizer")) == []


def epochs_of(losses: list[list[float]], resumed: int = 0) -> Iterator[Event]:
    """Events of a training with these losses in each epoch."""
    step = resumed
    yield Started(step, 0.0, 0.0, 100, 9, 5, "words")
    for number, epoch in enumerate(losses, start=1):
        for loss in epoch:
            step += 1
            yield Stepped(step, number - 0.5, 0.0, loss, 0.1, 10, 1.0)
        yield Evaluated(step, float(number), 0.0, {"accuracy": 0.5}, "accuracy", True)


def heard(events: Iterator[Event], lr: float = 1e-4) -> list[str]:
    watch = FlatLoss(lr)
    return [line for line in map(watch.hear, events) if line is not None]


def test_a_flat_loss_is_told_once_with_another_rate() -> None:
    flat = [[2.3, 2.31, 2.29] * 4] * 6
    (line,) = heard(epochs_of(flat))
    assert line == (
        "the loss is flat: 2.300 in the first steps, 2.300 in epoch 3, so that nothing is learned; "
        "try optimizer.lr = 0.001, or check labels and data"
    )
    assert "try optimizer.lr = 0.05," in heard(epochs_of(flat), lr=0.5)[0]
    assert heard(epochs_of([[2.3] * 9, [2.4] * 9, [2.5] * 9]))  # it rises


@pytest.mark.parametrize(
    "losses",
    [
        [[2.3, 2.0, 1.9] * 5, [1.9] * 15, [1.89] * 15],  # it has learned all in the first epoch
        [[-1.0] + [-1.2] * 9, [-1.3] * 10, [-1.4] * 10],  # densities have losses under 0
        [[2.3] * 9, [2.3] * 9],  # two epochs tell too little
    ],
)
def test_a_loss_that_falls_is_not_flat(losses: list[list[float]]) -> None:
    assert heard(epochs_of(losses)) == []
    assert heard(epochs_of([[2.3] * 9] * 5, resumed=50)) == []


def scored_text(nats: float, losses: list[float], *, begun: float = 0.0, reset: float = 0.0) -> list[str]:
    """Advice about a language model with these losses before the first evaluation."""
    watch = DependenceOnState(reset)
    steps = [Stepped(n, begun + 0.1, 0.0, loss, 0.1, 10, 1.0) for n, loss in enumerate(losses, start=1)]
    scores = [Evaluated(len(losses), begun + share, 0.0, {"nats": nats}, "nats", True) for share in (0.5, 1.0)]
    events = [Started(0, begun, 0.0, 100, 9, 5, "characters"), *steps, *scores]
    return [line for line in map(watch.hear, events) if line is not None]


def test_a_language_model_that_needs_its_carried_state_is_told_once() -> None:
    falling = [4.2] * 30 + [2.4] * 20
    (line,) = scored_text(4.78, falling)
    assert line.startswith("dev nats 4.780, but 2.400 in training")
    assert "try training.state_reset = 0.02" in line
    assert "try training.state_reset = 0.1," in scored_text(4.78, falling, reset=0.05)[0]
    assert scored_text(2.6, falling) == []  # dropout and chance
    assert scored_text(0.015, [4.2] * 30 + [0.011] * 20) == []  # a text that repeats itself
    assert scored_text(4.78, falling, begun=1.0) == []  # from the second epoch on train may be known by heart


def test_a_model_that_a_trivial_system_beats() -> None:
    line = baseline_advice("accuracy", 0.7, {"majority class": 0.6, "bag of words": 0.8}, True)
    assert line is not None
    assert "no better (accuracy 0.7000) than 'bag of words' (0.8000)" in line
    assert baseline_advice("mse", 0.7, {"naive": 0.9}, False) is None
    assert baseline_advice("mse", 0.7, {"naive": 0.7}, False)
    assert baseline_advice("accuracy", 1.0, {"bag of words": 1.0}, True) is None
    assert baseline_advice("mse", 0.0, {"naive": 0.0}, False) is None
    assert baseline_advice("nats", 0.7, {}, False) is None


@pytest.mark.parametrize("name", IN_THE_REPOSITORY)
def test_recipes_that_ship_get_no_advice(name: str) -> None:
    import_tasks()
    recipe, file = load_recipe(name), find_recipe(name)
    assert isinstance(recipe, TaskRecipe)
    corpus = recipe.corpus(path_resolver(file))
    task = task_class(recipe).fit(recipe, corpus.splits["train"], path_resolver(file))
    splits = {part: encode(task, recipe, part, corpus.splits[part]) for part in ("train", "dev")}
    steps = len(splits["train"].plan(recipe.seed, 0)) * recipe.training.epochs
    told = [
        *settings_advice(recipe.training, recipe.optimizer, splits["train"], recipe.seed, steps),
        *dev_advice(splits["dev"], recipe.rows_name, task.items_name, False),
        *task.advice(splits),
    ]
    assert told == []


TEXTS = "text,label\n" + "".join(f"word{n} is {kind},{kind}\n" for n in range(12) for kind in ("good", "bad"))


def trained(folder: Path, run: str, *settings: str) -> tuple[list[Event], list[str]]:
    """Events and notes of a training on a few texts."""
    (folder / "texts.csv").write_text(f"{TEXTS}odd one,strange\n", encoding="utf-8")
    (folder / "few.csv").write_text("text,label\nit is good,good\nit is bad,bad\n", encoding="utf-8")
    recipe = 'task = "classify"\n[data]\nreader = "csv"\ntrain = "texts.csv"\ndev = "few.csv"\n[encoder]\nsize = 4\n'
    (folder / "texts.toml").write_text(recipe, encoding="utf-8")
    notes: list[str] = []
    events = list(api.train(folder / "texts.toml", settings, folder / run, notify=notes.append))
    return events, notes


def test_a_training_tells_its_notes_once_and_first(tmp_path: Path) -> None:
    _, notes = trained(tmp_path, "run", "training.epochs=3", "training.patience=9", "embedding.words.min_count=9")
    assert len(set(notes)) == len(notes)
    for begin in (
        "a batch holds all of train",
        "dev has only 2 texts",
        "training.patience = 9 never ends",
        "label: 1 label ('strange') of 3 occurs once",
    ):
        assert [line for line in notes if line.startswith(begin)], (begin, notes)
