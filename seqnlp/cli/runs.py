"""`seqnlp runs`: list, show, plot, compare, remove and annotate runs."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from seqnlp.cli.common import RunPath, image_option, number_option
from seqnlp.cli.compare import compare
from seqnlp.cli.repeats import print_set
from seqnlp.cli.run_tables import print_run, print_summaries
from seqnlp.cli.search import check_optuna, report
from seqnlp.cli.tables import print_line_charts, stdout_console
from seqnlp.errors import RunError, UsageError
from seqnlp.hyperparameters.folder import SearchFolder
from seqnlp.json_text import to_json
from seqnlp.limits import HEIGHT, WIDTH
from seqnlp.plots.images import write_images
from seqnlp.run import Run
from seqnlp.run.directory import PLUGINS, SEARCH, holds_runs
from seqnlp.run.lock import RunLock
from seqnlp.run.sets import RunSet
from seqnlp.run.summary import Summary, curves, flat_recipe, summarize
from seqnlp.spelling import nearest_or_all

app = typer.Typer(
    help="List, show, plot, compare, annotate and remove runs.", no_args_is_help=True, rich_markup_mode=None
)
app.command("compare")(compare)

AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
RunPaths = Annotated[
    list[Path], typer.Argument(help="Run directories, or folders of `seqnlp train --seeds` or `--folds`.")
]

ROOT = Path("runs")

COLUMNS: dict[str, Callable[[Summary], Any]] = {
    "run": lambda summary: summary.name,
    "task": lambda summary: summary.task,
    "state": lambda summary: summary.state,
    "begun": lambda summary: summary.created,
    "split": lambda summary: summary.split,
    "metric": lambda summary: summary.metric,
    "score": lambda summary: summary.score,
    "model": lambda summary: summary.model_bytes,
    "note": lambda summary: summary.note,
}
"""Columns of a list of runs, for sorting and CSV."""


@app.command("ls")
def ls(
    root: Annotated[Path, typer.Argument(help="The folder that holds the runs.")] = ROOT,
    sort: Annotated[
        str | None,
        typer.Option(metavar="<key>", help=f"Sort by {', '.join(COLUMNS)}; with - in front, the greatest first."),
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output, with all digits.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the runs in a folder, with the score of each; also those of several seeds or folds."""
    if as_csv and as_json:
        raise UsageError("--csv and --json contradict each other: choose one")
    if not root.is_dir() and root != ROOT:
        raise RunError("expected a folder of runs, found " + ("a file" if root.exists() else "nothing"), root)
    summaries = [summarize(run) for run in Run.find(root)]
    if sort is not None:
        summaries = _sorted(summaries, sort)
    if as_json:
        typer.echo(to_json([summary.to_json() for summary in summaries]))
        return
    if as_csv:
        typer.echo(_csv(summaries), nl=False)
        return
    if not summaries:
        typer.echo(f"no runs in {root}; `seqnlp train` leaves them there", err=True)
        return
    print_summaries(stdout_console(), summaries)
    for summary in summaries:
        if summary.problem:
            typer.echo(f"note: {summary.problem}", err=True)


def _sorted(summaries: Sequence[Summary], key: str) -> list[Summary]:
    """Sort by a column; runs without a value come last, either way."""
    name = key.removeprefix("-")
    if name not in COLUMNS:
        raise UsageError(f"--sort {key}: expected a column ({nearest_or_all(name, COLUMNS)})")
    value = COLUMNS[name]
    known = [summary for summary in summaries if value(summary) not in (None, "")]
    return [
        *sorted(known, key=value, reverse=key.startswith("-")),
        *(summary for summary in summaries if value(summary) in (None, "")),
    ]


def _csv(summaries: Sequence[Summary]) -> str:
    """List of runs as CSV: a line of names, and a line a run."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([*COLUMNS, "path", "problem"])
    for summary in summaries:
        writer.writerow([*(value(summary) for value in COLUMNS.values()), summary.path, summary.problem])
    return lines.getvalue()


@app.command("show")
def show(run: RunPath, as_json: AsJson = False) -> None:
    """Show a run: its recipe, its scores, and the time of its training.

    Of several seeds or folds it shows their scores, of a search its trials.
    """
    if RunSet.is_set(run):
        runs = RunSet.at(run)
        if as_json:
            typer.echo(to_json(runs.record()))
        else:
            print_set(stdout_console(), runs)
        return
    if (run / SEARCH).is_file():
        check_optuna("runs show")
        report(SearchFolder.at(run), as_json=as_json)
        return
    opened = Run.at(run)
    recipe, scores, meta = flat_recipe(opened), opened.scores(), opened.meta()
    summary = summarize(opened)
    if as_json:
        found = {"summary": summary.to_json(), "recipe": recipe, "scores": scores, "meta": meta}
        typer.echo(to_json(found))
        return
    print_run(stdout_console(), summary, recipe, scores, meta)
    problem = [summary.problem] if summary.problem else []
    for note in [*problem, *opened.notes(), *_untrusted(opened)]:
        typer.echo(f"note: {note}", err=True)


def _untrusted(run: Run) -> Iterator[str]:
    from seqnlp.recipe import consent

    for name, content in run.load_plugins().items():
        if not consent.is_trusted(content):
            yield f"{run.path / PLUGINS / name}: Python that this run brings along, run only with --trust"


@app.command("note")
def note(
    run: RunPath,
    text: Annotated[str | None, typer.Argument(help="The note; an empty one removes it, none shows it.")] = None,
) -> None:
    """Write a note on a run; it replaces an earlier one. `runs ls` and `runs show` show it."""
    opened = Run.at(run)
    if text is None:
        typer.echo(opened.note())
        return
    try:
        before = opened.note()
    except RunError as error:
        typer.echo(f"note: {error}; it is replaced", err=True)
        before = ""
    opened.save_note(" ".join(text.split()))
    if before:
        typer.echo(f"note: it was: {before}", err=True)


@app.command("rm")
def remove(runs: RunPaths, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Remove runs for good. What is no run, is being trained or is a link stays; so do other files in a run."""
    sets: list[RunSet | SearchFolder] = []
    for path in runs:
        if not path.is_symlink() and holds_runs(path):
            sets.append(RunSet.at(path) if RunSet.is_set(path) else SearchFolder.at(path))
    found = [run for each in sets for run in Run.find(each.path)]
    found += [Run(path) for path in runs if path not in {each.path for each in sets}]
    found = list({run.path.resolve(): run for run in found}.values())
    with ExitStack() as locks:
        for each in sets:
            if isinstance(each, SearchFolder):  # between two trials no run of it is locked
                locks.enter_context(RunLock(each.path)).acquire()
        for run in found:
            run.check_removable()
            locks.enter_context(RunLock(run.path)).acquire()
        names = ", ".join(str(run.path) for run in found) or ", ".join(str(each.path) for each in sets)
        question = f"remove {names}?"
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError(f"{question} --yes answers, where nobody can be asked")
            if not typer.confirm(question, err=True):
                return
        left = {run.path: run.remove() for run in found}
        left |= {each.path: each.remove() for each in sets}
    for folder in {run.path.parent for run in found}:
        if RunSet.is_set(folder):
            RunSet.at(folder).refresh()
    for path, others in left.items():
        typer.echo(f"removed {path}", err=True)
        if others:
            typer.echo(f"note: {path}: not of the run, so kept: {', '.join(others)}", err=True)


@app.command("plot")
def plot(
    runs: RunPaths,
    metric: Annotated[str | None, typer.Option(help="A dev score; by default the one that chose the model.")] = None,
    width: Annotated[int | None, number_option(WIDTH, "Columns; by default those of the terminal.")] = None,
    height: Annotated[int, number_option(HEIGHT, "Lines of each chart.")] = 16,
    pictures: Annotated[list[Path] | None, image_option("Also draw them")] = None,
) -> None:
    """Plot the training loss and a dev score over epochs."""
    opened = [run for path in runs for run in (Run.find(path) if RunSet.is_set(path) else [Run.at(path)])]
    found = {name: curves(run.events()) for name, run in _named(opened).items()}
    known = list(dict.fromkeys(score for curve in found.values() for score in curve.dev))
    chosen = metric or next((curve.metric for curve in found.values() if curve.metric), "")
    if metric and metric not in known:
        raise UsageError(f"--metric {metric}: expected one of {', '.join(known) or 'none: nothing was scored yet'}")
    charts = {"training loss over epochs": {name: curve.loss for name, curve in found.items()}}
    if chosen:
        charts[f"dev {chosen} over epochs"] = {name: curve.dev.get(chosen, []) for name, curve in found.items()}
    if pictures:
        from seqnlp.plots.svg_charts import line_chart_svg

        write_images(pictures, line_chart_svg("Training loss and score on dev", charts))
    print_line_charts(stdout_console(), charts, width, height)


def _named(runs: list[Run]) -> dict[str, Run]:
    """Runs by name, or by path where two have the same name."""
    names = [run.name for run in runs]
    return {run.name if names.count(run.name) == 1 else str(run.path): run for run in runs}
