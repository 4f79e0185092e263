"""N-grams that vote beside a classifier's network."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset

from seqnlp.embeddings import TextBatch
from seqnlp.embeddings.ngrams import WithVotes
from seqnlp.model import SequenceModel
from seqnlp.nn.dropout import seed_thread
from seqnlp.tasks.classify.recipe import ClassifyRecipe
from seqnlp.tasks.classify.scores import predict_classes
from seqnlp.tasks.classify.task import ClassifyTask

TEXTS = ["A fine film!", "so dull, so long", "fine music", "dull", "not fine at all", "A fine film!"]
TRAIN = {"text": TEXTS, "label": ["good", "bad", "good", "bad", "bad", "good"]}


def nowhere(name: str) -> Path:
    pytest.fail(f"looked for {name}")


def table_of(decoder: Any, ngrams: Any) -> dict[str, Any]:
    return {
        "task": "classify",
        "data": {"reader": "csv", "train": "train", "dev": "dev"},
        "embedding": {"words": {"size": 6}, "dropout": 0.0},
        "encoder": {"kind": "lstm", "size": 5},
        "decoder": decoder,
        "ngrams": ngrams,
    }


def voting(decoder: Any = "max", ngrams: Any = None) -> ClassifyTask:
    """Fitted, with n-grams that vote."""
    table = table_of(decoder, {"min_count": 1, "initial_weight": 1.0, "lr_multiplier": 2.0, **(ngrams or {})})
    torch.manual_seed(1)
    return ClassifyTask.fit(ClassifyRecipe.model_validate(table), Dataset.from_dict(TRAIN), nowhere)


def votes_of(model: SequenceModel, batch: TextBatch) -> torch.Tensor:
    """The votes at each step."""
    assert isinstance(model.embedding, WithVotes)
    return model.embedding.votes(batch, batch.features["ngrams"]).detach()  # type: ignore[no-any-return,unused-ignore]


def test_votes_are_the_linear_model_beside_the_network() -> None:
    """Logits with votes minus logits without are the prior times weights times a dense bag of n-grams."""
    task = voting()
    assert task.ngrams is not None
    model: Any = task.build().eval()
    weight = model.embedding.votes.weight
    torch.nn.init.normal_(weight)
    examples = task.encode(Dataset.from_dict(TRAIN), 1000)
    inside, phrases = task.ngrams.inside(examples.words.distinct), task.ngrams.phrases(examples.words)
    bag = torch.zeros(examples.items, len(task.ngrams))
    for row in range(examples.items):
        for code in examples.words.codes[row]:
            for number in inside[code]:
                bag[row, number] += 1
        for number in phrases[2][row]:
            bag[row, number] += 1
    bag[:, 0] = 0
    with torch.no_grad():
        logits = torch.from_numpy(predict_classes(model, examples, task.labels).logits)
        expected = bag @ (task.prior * weight * 2.0)
        weight.zero_()
        silent = torch.from_numpy(predict_classes(model, examples, task.labels).logits)
    torch.testing.assert_close(logits - silent, expected, rtol=1e-4, atol=1e-4)
    assert expected.abs().max() > 0.1


def test_before_training_votes_are_naive_bayes() -> None:
    task = voting(ngrams={"words": 1, "chars": []})
    model = task.build().eval()
    votes = votes_of(model, task.encode(Dataset.from_dict(TRAIN), 1000).batch(np.array([3])).inputs)
    words = [(word.lower(), label) for text, label in zip(TEXTS, TRAIN["label"], strict=True) for word in _split(text)]
    counts = {label: Counter(word for word, other in words if other == label) for label in ("bad", "good")}
    size = len({word for word, _ in words})
    share = {label: (1 + each["dull"]) / (size + each.total()) for label, each in counts.items()}
    ratio = np.log(share["bad"] / share["good"])
    assert votes[0, 0].tolist() == pytest.approx([ratio, -ratio], abs=1e-5)


def _split(text: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]", text)


@pytest.mark.parametrize("kind", ["max", "attention"])
def test_with_votes_contributions_are_gradient_times_input_and_exact_for_the_votes(kind: str) -> None:
    task = voting(kind)
    model: Any = task.build().eval()
    model.heads[0].output.weight.data.zero_()
    classifier = task.predictor(model)
    for text in ["A fine film!", "so dull, so long", "unseen"]:
        result = classifier.classify(text, explain=True)
        batch = task.encode(Dataset.from_dict({"text": [text], "label": ["good"]}), 1000).batch(np.array([0])).inputs
        votes = votes_of(model, batch)[0]
        chosen = task.labels.names.index(result.label or "")
        assert result.contributions == pytest.approx(votes[:, chosen].tolist(), abs=1e-5)
        bias = model.heads[0].output.bias
        logits = (votes.sum(0) + bias).detach()
        assert list(result.scores.values()) == pytest.approx(sorted(logits.softmax(0).tolist(), reverse=True), abs=1e-5)


def test_padding_changes_no_vote() -> None:
    task = voting()
    classifier = task.predictor(task.build())
    together = classifier.classify(TEXTS, explain=True)
    for text, result in zip(TEXTS, together, strict=True):
        alone = classifier.classify(text, explain=True)
        assert result.scores == pytest.approx(alone.scores, abs=1e-5)
        assert result.contributions == pytest.approx(alone.contributions, abs=1e-5)


def test_votes_are_restored_from_what_a_run_saves() -> None:
    task = voting()
    saved = {name: json.loads(json.dumps(codec.to_json())) for name, codec in task.codecs().items()}
    again = ClassifyTask.restore(task.recipe, saved)
    model, other = task.build().eval(), again.build().eval()
    other.load_state_dict(model.state_dict())
    texts = [*TEXTS, "quite unseen"]
    for one, two in zip(task.predictor(model).classify(texts), again.predictor(other).classify(texts), strict=True):
        assert one.scores == pytest.approx(two.scores)


@pytest.mark.parametrize("chars", [[3], [5, 2], [1, 2, 3]])
def test_lengths_of_parts_that_make_no_sense(chars: list[int]) -> None:
    table = table_of("max", {"chars": chars})
    problems = [str(fault) for fault in ClassifyRecipe.model_validate(table).faults()]
    assert problems == [f"ngrams.chars: expected a shortest and a longest length, found {chars} ([2, 5])"]


@pytest.mark.parametrize("frozen", [("embedder", "encoder"), ("encoder",), ()])
def test_votes_ask_for_no_gradient_through_what_is_frozen(frozen: tuple[str, ...]) -> None:
    task = voting()
    model: Any = task.build()
    for name in frozen:
        part = model.embedding.embedder if name == "embedder" else model.encoder
        part.requires_grad_(False)
    seen: list[bool] = []
    model.encoder.encoder.register_forward_hook(lambda _, __, states: seen.append(states.outputs.requires_grad))
    model.loss(task.encode(Dataset.from_dict(TRAIN), 1000).batch(np.arange(3)))[0].total.backward()
    assert seen == [frozen != ("embedder", "encoder")]
    assert model.embedding.votes.weight.grad.abs().sum() > 0


def test_dropout_takes_all_votes_of_a_text_or_none() -> None:
    model: Any = voting(ngrams={"dropout": 0.5}).build()
    batch = voting().encode(Dataset.from_dict(TRAIN), 1000).batch(np.arange(6)).inputs
    whole, dropped = votes_of(model.eval(), batch), 0
    assert votes_of(model, batch).equal(whole)
    for seed in range(20):
        seed_thread(seed)
        for own, all_votes in zip(votes_of(model.train(), batch), whole, strict=True):
            assert own.equal(all_votes) or not own.any()
            dropped += not own.any()
    assert 40 < dropped < 80
