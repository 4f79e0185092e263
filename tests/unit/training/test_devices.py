"""Whatever a model makes of a batch lies on the batch's device: where the default is another one, nothing changes."""

from typing import Any

import pytest
import torch

from seqnlp.model import Batch, SequenceModel
from seqnlp.nn.dropout import seed_thread
from seqnlp.recipe import find_recipe, load_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.tasks.base import TaskRecipe, task_class
from seqnlp.tasks.registry import import_tasks

ELSEWHERE = torch.device("meta")
"""Tensors that are made without a device of their own come to lie here, and can't be computed with others."""

SMALL = ["encoder.size=16", "training.threads=1"]
CASES: dict[str, tuple[str, list[str]]] = {
    "linear tags": ("pos_gru", ["data.dev=corpora/pos/dev.conllu[:40]"]),
    "crf": ("ner_lstm_crf", []),
    "words and ngrams": ("sentiment_lstm", []),
    "tokens": ("char_lstm", ["embedding.token_dropout=0.1", "encoder.weight_drop=0.2"]),
    "attention": ("translate_en_fr", ["decoder.size=16", "data.dev=corpora/en_fr/dev.tsv[:40]"]),
    "direct": ("series_gru", ["decoder.kind=direct"]),
    "recursive": ("series_gru", ["decoder.kind=recursive"]),
    "segments": ("series_gru", ["decoder.kind=segments"]),
}


def trained(model: SequenceModel, batch: Batch) -> list[torch.Tensor]:
    """The loss and the gradients of a step."""
    seed_thread(1)
    model.train()
    loss, _ = model.loss(batch)
    loss.total.backward()
    found = [loss.total.detach(), *(p.grad for p in model.parameters() if p.grad is not None)]
    model.zero_grad()
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_model_makes_nothing_on_the_default_device(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, settings = CASES[case]
    import_tasks()
    file = find_recipe(name)
    recipe: Any = load_recipe(file, [*SMALL, *settings])
    assert isinstance(recipe, TaskRecipe)
    find = path_resolver(file)
    corpus = recipe.corpus(find)
    task = task_class(recipe).fit(recipe, corpus.splits["train"], find)
    dataset = task.encode(corpus.splits["dev"], 200)
    torch.manual_seed(1)
    model = task.build()
    batch = dataset.batch(dataset.plan(1, 0)[0])
    expected = trained(model, batch)
    with ELSEWHERE:
        found = trained(model, batch)
    assert len(found) == len(expected) > 5
    for mine, right in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, right, rtol=0, atol=0)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)  # other threads would have another default device
    model.eval()
    with torch.inference_mode():
        scores = task.score(model, dataset)
        with ELSEWHERE:
            assert task.score(model, dataset) == scores
