"""Tables of a model that is not trained yet: layers, weights, operations, and the equations of its cells."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import typer

from seqnlp.cli.progress import stderr_console
from seqnlp.cli.tables import print_table, stdout_console
from seqnlp.json_text import to_json

if TYPE_CHECKING:
    from rich.console import Console

    from seqnlp.results import LayerSummary, ModelSummary

LEGEND = "x: input, h and c: state before the step, h′ and c′: after it; σ: sigmoid, ⊙: product of elements"


def show_model(recipe: str, overrides: Sequence[str], as_json: bool, trust: bool) -> None:
    """Print the model that a recipe would train."""
    with stderr_console().status("building the model"):
        from seqnlp import api

        notify = partial(print, "note:", file=sys.stderr)
        summary = api.model_summary(recipe, overrides, trust=trust, notify=notify)
    if summary.unknown:
        notify(f"{summary.unknown}: sizes that depend on the corpus are unknown, and shown as ?")
    if as_json:
        typer.echo(to_json(summary.to_json()))
        return
    print_model(stdout_console(), summary)


def print_model(console: Console, summary: ModelSummary) -> None:
    """Print the table of layers, the totals and the equations."""
    header = ["layer", "kind", "weights", "parameters", f"FLOPs/{summary.step}"]
    rows = [
        [each.name, each.kind, shapes_text(each), number_text(each.parameters), number_text(each.flops)]
        for each in summary.layers
    ]
    if rows:
        rows.append(["all", "", "", number_text(summary.parameters), number_text(summary.flops)])
        print_table(console, header, rows, left=3)
    if summary.trained != summary.parameters and summary.trained is not None:
        console.print(f"{summary.trained:,} of the parameters are trained", highlight=False, soft_wrap=True)
    if summary.example:
        steps, items = summary.example[summary.step], summary.example["items"]
        counts = f"{steps:,} {summary.step}{'' if steps == 1 else 's'}"
        if f"{summary.step}s" != summary.items and items != steps:
            counts += f" with {items:,} {summary.items if items != 1 else summary.items.removesuffix('s')}"
        text = f"FLOPs: products of a forward pass, counted on a sequence of {counts}; training takes about three times"
        console.print(f"{text} as many", highlight=False, soft_wrap=True)
    told: dict[tuple[str, ...], str] = {}
    for key, lines in summary.equations.items():
        console.print()
        if (before := told.get(tuple(lines))) is not None:
            console.print(f"{key}: as {before}", highlight=False, soft_wrap=True)
            continue
        console.print(key if told else f"{key}  ({LEGEND})", highlight=False, soft_wrap=True)
        told[tuple(lines)] = key
        for line in lines:
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)


def shapes_text(layer: LayerSummary) -> str:
    """Shapes of the weights, without their names; a size that is unknown is a question mark."""
    shapes = {
        name: "×".join("?" if size is None else str(size) for size in shape) for name, shape in layer.weights.items()
    }
    return ", ".join(f"{text} (tied)" if name in layer.tied else text or "1" for name, text in shapes.items())


def number_text(value: float | None) -> str:
    """Whole number with separators; a question mark if unknown."""
    return "?" if value is None else f"{value:,.0f}"
