"""Summary of a recipe's model before any training: layers, shapes, parameters, operations, equations of cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from pydantic import BaseModel
from torch import nn

from seqnlp.embeddings import PathResolver
from seqnlp.embeddings.ngrams import WithVotes
from seqnlp.embeddings.text import TextEmbedder
from seqnlp.encoders import Encoder
from seqnlp.errors import DataError, SeqnlpError
from seqnlp.model import SequenceModel
from seqnlp.nn.flops import count_flops
from seqnlp.nn.initial import weights_are_loaded
from seqnlp.nn.recurrent import RecurrentLayer
from seqnlp.results import LayerSummary, ModelSummary
from seqnlp.tasks.base import Task, TaskRecipe, task_class
from seqnlp.tasks.loading import encode
from seqnlp.tasks.starting import StartRun, fit_task
from seqnlp.training import EncodedDataset

SIZES = (3, 5)
"""Entries of two placeholder vocabularies: shapes that differ between them depend on the corpus."""
STEPS = 16
"""Steps of a sequence that an encoder reads where there is no corpus."""


def summarize(recipe: TaskRecipe, find: PathResolver) -> ModelSummary:
    """Describe the model that a recipe would train.

    Args:
        recipe: The recipe.
        find: Looks its files up. The corpus is read for its vocabularies and labels; if it can't be, sizes that depend
            on it are None, and `unknown` says why.
    """
    try:
        corpus = recipe.corpus(find)
        begun = None if recipe.start is None else StartRun.open(recipe.start, find)
        task = fit_task(recipe, corpus.splits["train"], find, begun)
        examples = encode(task, recipe, "dev", corpus.splits["dev"])
    except DataError as error:
        return replace(_without_corpus(recipe), unknown=str(error))
    model = _built(task)
    example = _example(model, examples)
    layers = list(_layers(model, example.flops, example.steps))
    return ModelSummary(
        task=task.name,
        layers=layers,
        equations=equations(recipe),
        parameters=sum(each.numel() for each in model.parameters()),
        trained=sum(each.numel() for each in model.parameters() if each.requires_grad),
        step=task.step_name,
        flops=sum(example.flops.values()) / example.steps,
        example={task.step_name: example.steps, "items": example.items},
        items=task.items_name,
    )


def equations(recipe: TaskRecipe) -> dict[str, list[str]]:
    """Equations of each recurrence in a recipe, by its key: `encoder`, `decoder.cell`."""
    return {key: list(each.equations) for key, each in _recurrences(recipe, "") if each.equations}


def _recurrences(section: BaseModel, key: str) -> Iterator[tuple[str, Encoder]]:
    for name, value in section:
        inside = f"{key}.{name}".lstrip(".")
        if isinstance(value, Encoder):
            yield inside, value
        elif isinstance(value, BaseModel):
            yield from _recurrences(value, inside)


@torch.enable_grad()
def _built(task: Task) -> SequenceModel:
    """Build a model that does not learn; random weights would cost most of the time."""
    with weights_are_loaded():
        return task.build().eval()


@final
@dataclass(frozen=True)
class _Example:
    """Operations for one sequence, which has no padding."""

    flops: Mapping[str, int]
    """By the path of a module."""
    steps: int
    """Steps that the encoder read."""
    items: int


def _example(model: SequenceModel, examples: EncodedDataset) -> _Example:
    """Read the sequence of median length."""
    batches = examples.in_order()
    rows = batches[len(batches) // 2]
    batch = examples.batch(rows[len(rows) // 2 :][:1]).to(model.device)
    learns = [each.requires_grad for each in model.parameters()]
    model.requires_grad_(False)  # else the loss would count its gradient; with gradients disabled, steps are numpy's
    flops: dict[str, int] = {}
    found: list[Any] = []
    with torch.enable_grad():
        parts = {"embedding": _Call(lambda: model.embedding(batch.inputs), model.embedding)}
        parts["encoder"] = _Call(lambda: model.encoder(found[0], batch.inputs.mask, None), model.encoder)
        for number, (name, decoder) in enumerate(model.decoders.items()):
            target = batch.targets[name]
            parts[f"heads.{number}"] = _Call(lambda d=decoder, t=target: d.loss(found[1], t), decoder)
        for path, call in parts.items():
            counted = count_flops(call, lambda call=call: found.append(call()))  # type: ignore[misc]
            for inside, count in counted.items():
                where = f"{path}.{inside.removeprefix('part').removeprefix('.')}".rstrip(".")
                flops[where] = flops.get(where, 0) + count
    for each, before in zip(model.parameters(), learns, strict=True):
        each.requires_grad_(before)
    return _Example(flops, int(found[1].mask.sum()), batch.items)


@final
class _Call(nn.Module):
    """Call of another module's method, counted as that module's."""

    def __init__(self, work: Any, part: nn.Module) -> None:
        super().__init__()
        self.work, self.part = work, part

    def forward(self) -> Any:
        """Do the work."""
        return self.work()


def _layers(model: SequenceModel, flops: Mapping[str, int], steps: int) -> Iterator[LayerSummary]:
    """Describe each module that has weights of its own or does products; a recurrent layer is one, with all of its."""
    seen: set[int] = set()
    names = {f"heads.{number}": name for number, name in enumerate(_decoders(model))}
    inside = ""
    for path, module in model.named_modules():
        if inside and path.startswith(inside):
            continue
        if isinstance(module, TextEmbedder):
            names |= {f"{path}.parts.{number}": f"{path}.{name}" for number, name in enumerate(module.names)}
        whole = isinstance(module, RecurrentLayer)
        inside = f"{path}." if whole else ""
        weights = dict(module.named_parameters(recurse=whole, remove_duplicate=False))
        done = sum(count for where, count in flops.items() if where == path or (whole and where.startswith(inside)))
        if not weights and not done:
            continue
        tied = [key for key, each in weights.items() if id(each) in seen]
        fresh = {id(each): each for key, each in weights.items() if key not in tied}
        yield LayerSummary(
            name=_name(path, names),
            kind=type(module).__name__,
            weights={key.removeprefix("rnn."): list(each.shape) for key, each in weights.items()},
            parameters=sum(each.numel() for each in fresh.values()),
            tied=tied,
            flops=done / steps,
        )
        seen |= set(fresh)


def _decoders(model: SequenceModel) -> list[str]:
    """Paths of the decoders: with their names, if there are several."""
    return ["decoder"] if len(model.decoders) == 1 else [f"decoder.{name}" for name in model.decoders]


def _name(path: str, names: Mapping[str, str]) -> str:
    """Path of a module, with names for places in lists."""
    for part, name in names.items():
        if path == part or path.startswith(f"{part}."):
            return f"{name}{path[len(part) :]}"
    return path


def _without_corpus(recipe: TaskRecipe) -> ModelSummary:
    """Describe what is known without a corpus: shapes that placeholders of two sizes have in common."""
    kind = task_class(recipe)
    plain = ModelSummary(
        task=str(type(recipe).model_fields["task"].default),
        layers=[],
        equations=equations(recipe),
        parameters=None,
        trained=None,
        step=kind.step_name,
        flops=None,
        example={},
        items="items",
    )
    try:
        tasks = [kind.placeholder(recipe, size) for size in SIZES]
    except (SeqnlpError, ValueError):
        return plain
    if any(task is None for task in tasks):
        return plain
    models = [_built(task) for task in tasks if task is not None]
    small, large = (list(_layers(model, {}, 1)) for model in models)
    if [layer.name for layer in small] != [layer.name for layer in large]:
        return plain
    flops = _encoder_flops(models[0])
    layers = [_common(*pair, flops.get(pair[0].name)) for pair in zip(small, large, strict=True)]
    sizes = [sum(each.numel() for each in model.parameters()) for model in models]
    total = sizes[0] if sizes[0] == sizes[1] else None
    return replace(plain, layers=layers, parameters=total, trained=total)


def _common(one: LayerSummary, other: LayerSummary, flops: float | None) -> LayerSummary:
    weights = {
        name: [a if a == b else None for a, b in zip(shape, other.weights[name], strict=True)]
        for name, shape in one.weights.items()
    }
    known = one.parameters if one.parameters == other.parameters else None
    return replace(one, weights=weights, parameters=known, flops=flops)


def _encoder_flops(model: SequenceModel) -> dict[str, float]:
    """Operations of the encoder's layers for a step, over random vectors."""
    whole = model.embedding
    parts = [whole.embedder, whole.votes] if isinstance(whole, WithVotes) else [whole]
    width = sum(int(str(part.width)) for part in parts)
    inputs, mask = torch.zeros(1, STEPS, width), torch.ones(1, STEPS, dtype=torch.bool)
    model.requires_grad_(False)
    call = _Call(lambda: model.encoder(inputs, mask, None), model.encoder)
    counted = count_flops(call, call)
    found: dict[str, float] = {}
    for layer in _layers(model, {f"encoder{path.removeprefix('part')}": n for path, n in counted.items()}, STEPS):
        if layer.name.startswith("encoder"):
            assert layer.flops is not None
            found[layer.name] = layer.flops
    return found
