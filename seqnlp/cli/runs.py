"""`seqnlp runs`: what was trained, its curves, and runs side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.pictures import picture_option
from seqnlp.plots.files import write_pictures

if TYPE_CHECKING:
    from seqnlp.run import Run

app = typer.Typer(
    help="What was trained: list it, look at it, draw its curves, compare it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
RunPath = Annotated[Path, typer.Argument(help="A run directory, for instance runs/pos_gru.")]
RunPaths = Annotated[list[Path], typer.Argument(help="Run directories.")]

ROOT = Path("runs")


@app.command("ls")
def ls(
    root: Annotated[Path, typer.Argument(help="The folder that holds the runs.")] = ROOT,
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder, with the score of each."""
    from seqnlp.cli.runs_text import print_summaries
    from seqnlp.cli.tables import stdout_console
    from seqnlp.errors import RunError
    from seqnlp.run import Run
    from seqnlp.run.summary import summarize

    if not root.is_dir() and root != ROOT:
        raise RunError("expected a folder of runs, found " + ("a file" if root.exists() else "nothing"), root)
    summaries = [summarize(run) for run in Run.find(root)]
    if as_json:
        typer.echo(json.dumps([summary.to_json() for summary in summaries], ensure_ascii=False))
        return
    if not summaries:
        typer.echo(f"no runs in {root}; `seqnlp train` leaves them there", err=True)
        return
    print_summaries(stdout_console(), summaries)
    for summary in summaries:
        if summary.problem:
            typer.echo(f"note: {summary.problem}", err=True)


@app.command("show")
def show(run: RunPath, as_json: AsJson = False) -> None:
    """Show a run: its recipe, its scores, and what it took."""
    from seqnlp.cli.runs_text import print_run
    from seqnlp.cli.tables import stdout_console
    from seqnlp.run import Run
    from seqnlp.run.summary import flat_recipe, summarize

    opened = Run.at(run)
    recipe, scores, meta = flat_recipe(opened), opened.scores(), opened.meta()
    summary = summarize(opened)
    if as_json:
        found = {"summary": summary.to_json(), "recipe": recipe, "scores": scores, "meta": meta}
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    print_run(stdout_console(), summary, recipe, scores, meta)


@app.command("plot")
def plot(
    runs: RunPaths,
    metric: Annotated[str | None, typer.Option(help="A score on dev; by default the one that decided.")] = None,
    width: Annotated[int | None, typer.Option(min=20, help="Columns; by default those of the terminal.")] = None,
    height: Annotated[int, typer.Option(min=6, help="Lines of each chart.")] = 16,
    pictures: Annotated[list[Path] | None, picture_option("Also draw them")] = None,
) -> None:
    """Draw the training loss and a score on dev, over epochs."""
    from seqnlp.cli.tables import PIPE_WIDTH, has_braille, has_colours, print_picture, stdout_console
    from seqnlp.errors import UsageError
    from seqnlp.plots.terminal import chart
    from seqnlp.run import Run
    from seqnlp.run.summary import curves

    found = {name: curves(run.events()) for name, run in _named([Run.at(path) for path in runs]).items()}
    known = list(dict.fromkeys(score for curve in found.values() for score in curve.dev))
    wanted = metric or next((curve.metric for curve in found.values() if curve.metric), "")
    if metric and metric not in known:
        raise UsageError(f"--metric {metric}: expected one of {', '.join(known) or 'none: nothing was scored yet'}")
    charts = {"training loss over epochs": {name: curve.loss for name, curve in found.items()}}
    if wanted:
        charts[f"dev {wanted} over epochs"] = {name: curve.dev.get(wanted, []) for name, curve in found.items()}
    if pictures:
        from seqnlp.plots.lines_svg import draw

        write_pictures(pictures, draw("Training loss and score on dev", charts))
    console = stdout_console()
    columns = width or (80 if console.width == PIPE_WIDTH else console.width)
    plain = not has_braille(console) or (len(found) > 1 and not has_colours(console))
    for number, (title, lines) in enumerate(charts.items()):
        if number:
            console.print()
        print_picture(console, chart(lines, columns, height, title, plain))


@app.command("compare")
def compare(runs: RunPaths, as_json: AsJson = False) -> None:
    """Put runs side by side: their scores, and the settings in which they differ."""
    from seqnlp.cli.runs_text import print_comparison
    from seqnlp.cli.tables import stdout_console
    from seqnlp.errors import UsageError
    from seqnlp.run import Run
    from seqnlp.run.summary import differing_settings, flat_recipe

    if len(runs) < 2:
        raise UsageError("compare: expected two runs or more, found one")
    named = _named([Run.at(path) for path in runs])
    settings = differing_settings({name: flat_recipe(run) for name, run in named.items()})
    if as_json:
        scores = {name: run.scores() for name, run in named.items()}
        typer.echo(json.dumps({"scores": scores, "settings": settings}, ensure_ascii=False))
        return
    print_comparison(stdout_console(), named, settings)


def _named(runs: list[Run]) -> dict[str, Run]:
    """Runs by name, or by path where two have the same name."""
    names = [run.name for run in runs]
    return {run.name if names.count(run.name) == 1 else str(run.path): run for run in runs}
