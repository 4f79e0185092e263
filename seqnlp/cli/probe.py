"""`seqnlp probe`."""

from math import log10
from pathlib import Path
from typing import Annotated

import typer

from seqnlp.cli.common import Device, Trust, image_option, number_option
from seqnlp.cli.tables import print_line_charts, stdout_console
from seqnlp.json_text import to_json
from seqnlp.limits import HEIGHT, HISTORY, WIDTH
from seqnlp.plots.images import write_images


def probe(
    runs: Annotated[list[Path], typer.Argument(help="Run directories of language models.")],
    split: Annotated[str, typer.Option(help="Which split of the corpus: train, dev or test.")] = "dev",
    data: Annotated[Path | None, typer.Option(help="Another text to measure on.")] = None,
    steps: Annotated[int, number_option(HISTORY, "The longest history to measure, in tokens.")] = 200,
    width: Annotated[int | None, number_option(WIDTH, "Columns of the chart.")] = None,
    height: Annotated[int, number_option(HEIGHT, "Lines of the chart.")] = 16,
    pictures: Annotated[list[Path] | None, image_option("Also draw it")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a run.")] = False,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Measure the effective context of language models.

    The chart shows the norm of the gradient of the loss with respect to earlier inputs; the effective context is
    the history without which the loss grows by 1 %. The numbers are saved in probe.json in each run.
    """
    from seqnlp.tasks.lm import context_probe

    found = {str(run): context_probe.probe(run, split, data, steps=steps, trust=trust) for run in runs}
    lines = {
        name: [(back, log10(norm) if norm > 0 else None) for back, norm in enumerate(result.gradients)]
        for name, result in found.items()
    }
    title = "gradient norm (power of 10) over tokens back"
    if pictures:
        from seqnlp.plots.svg_charts import line_chart_svg

        write_images(pictures, line_chart_svg("Effective context of language models", {title: lines}))
    if as_json:
        for name, result in found.items():
            typer.echo(to_json({"run": name, **result.to_json()}))
        return
    print_line_charts(stdout_console(), {title: lines}, width, height)
    for name, result in found.items():
        longest = max(result.losses)
        typer.echo(
            f"{name}  effective context {result.effective_context} tokens: "
            f"{result.losses[result.effective_context]:.4f} nats, {result.losses[longest]:.4f} with {longest}"
        )
