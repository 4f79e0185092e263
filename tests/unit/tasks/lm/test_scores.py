"""Scores against the plain definition: the whole text in one go."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from seqnlp.embeddings import TokenBatch
from seqnlp.errors import UsageError
from seqnlp.model import SequenceModel
from seqnlp.tasks.lm import scores as lm_scores
from seqnlp.tasks.lm.dataset import StreamDataset
from seqnlp.tasks.lm.scores import EvaluationSettings, total_nats
from seqnlp.tasks.lm.task import LmTask


@pytest.fixture
def model(task: Callable[..., LmTask]) -> Iterator[SequenceModel]:
    torch.manual_seed(1)
    model = task().build().eval()
    for parameter in model.parameters():
        torch.nn.init.uniform_(parameter, -0.5, 0.5)
    with torch.inference_mode():
        yield model


def reference(model: SequenceModel, tokens: torch.Tensor) -> float:
    logs = model.decoders["next"].predict(model.encode(TokenBatch(tokens[None, :-1])))
    return -logs[0].gather(1, tokens[1:, None]).sum().item()  # type: ignore[no-any-return]


def tokens_of(examples: StreamDataset) -> torch.Tensor:
    return torch.from_numpy(examples.tokens.astype(np.int64))


def test_the_state_is_carried_through(
    model: SequenceModel, examples: Callable[..., StreamDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = examples()
    expected = reference(model, tokens_of(made))
    assert total_nats(model, made, EvaluationSettings()) == pytest.approx(expected, rel=1e-5)
    monkeypatch.setattr(lm_scores, "BATCH_TOKENS", 50)
    assert total_nats(model, made, EvaluationSettings()) == pytest.approx(expected, rel=1e-5)


def test_a_long_text_is_read_in_parts_that_warm_up(
    model: SequenceModel, examples: Callable[..., StreamDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = examples()
    monkeypatch.setattr(lm_scores, "SHORTEST", 100)
    monkeypatch.setattr(lm_scores, "WARM_UP", 60)
    assert total_nats(model, made, EvaluationSettings()) == pytest.approx(reference(model, tokens_of(made)), rel=1e-4)


def test_windows_know_nothing_of_each_other(model: SequenceModel, examples: Callable[..., StreamDataset]) -> None:
    made = examples()
    tokens = tokens_of(made)
    expected = sum(reference(model, tokens[start : start + 33]) for start in range(0, made.items, 32))
    assert total_nats(model, made, EvaluationSettings(context=32)) == pytest.approx(expected, rel=1e-5)
    whole = total_nats(model, made, EvaluationSettings())
    assert total_nats(model, made, EvaluationSettings(context=10**6)) == pytest.approx(whole, rel=1e-5)
    assert total_nats(model, made, EvaluationSettings(context=2)) != pytest.approx(whole, rel=1e-3)


def test_a_model_that_learns_on_is_less_surprised_and_ends_as_it_was(
    model: SequenceModel, examples: Callable[..., StreamDataset]
) -> None:
    made = examples()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    static, dynamic = (
        total_nats(model, made, EvaluationSettings()),
        total_nats(model, made, EvaluationSettings(dynamic=0.01)),
    )
    assert dynamic < static * 0.9
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert total_nats(model, made, EvaluationSettings(dynamic=1e-12)) == pytest.approx(static, rel=1e-4)


@pytest.mark.parametrize("unit", ["characters", "words", "subwords"])
def test_bits_are_of_characters_whatever_a_token_is(
    unit: str, task: Callable[..., LmTask], examples: Callable[..., StreamDataset]
) -> None:
    made, data = task(data={"tokenizer": unit}), examples(data={"tokenizer": unit})
    with torch.inference_mode():
        scores = made.score(made.build().eval(), data)
    assert list(scores) == ["nats", "perplexity", "bits_per_char"]
    assert scores["perplexity"] == pytest.approx(math.exp(scores["nats"]))
    assert scores["bits_per_char"] == pytest.approx(scores["nats"] * data.items / math.log(2) / data.characters)


@pytest.mark.parametrize(("context", "dynamic"), [(0, None), (None, 0.0), (None, -1.0), (64, 0.001)])
def test_wrong_evaluation_settings(task: Callable[..., LmTask], context: int | None, dynamic: float | None) -> None:
    with pytest.raises(UsageError):
        task().rescored(context, dynamic)
