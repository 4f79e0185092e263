"""`seqnlp runs`: list, show, plot and compare runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli.common import RunPath, image_option, number_option
from seqnlp.cli.tables import print_line_charts, print_score_tables, print_table, stdout_console
from seqnlp.errors import RunError, UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import HEIGHT, WIDTH
from seqnlp.plots.images import write_images
from seqnlp.run import Run
from seqnlp.run.directory import PLUGINS
from seqnlp.run.summary import Summary, curves, differing_settings, flat_recipe, plain_scores, summarize
from seqnlp.units import duration, file_size, score

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(help="List, show, plot and compare runs.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
RunPaths = Annotated[list[Path], typer.Argument(help="Run directories.")]

ROOT = Path("runs")


@app.command("ls")
def ls(
    root: Annotated[Path, typer.Argument(help="The folder that holds the runs.")] = ROOT, as_json: AsJson = False
) -> None:
    """List the runs in a folder, with the score of each."""
    if not root.is_dir() and root != ROOT:
        raise RunError("expected a folder of runs, found " + ("a file" if root.exists() else "nothing"), root)
    summaries = [summarize(run) for run in Run.find(root)]
    if as_json:
        typer.echo(to_json([summary.to_json() for summary in summaries]))
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
    """Show a run: its recipe, its scores, and the time of its training."""
    opened = Run.at(run)
    recipe, scores, meta = flat_recipe(opened), opened.scores(), opened.meta()
    summary = summarize(opened)
    if as_json:
        found = {"summary": summary.to_json(), "recipe": recipe, "scores": scores, "meta": meta}
        typer.echo(to_json(found))
        return
    print_run(stdout_console(), summary, recipe, scores, meta)
    for note in [*opened.notes(), *_untrusted(opened)]:
        typer.echo(f"note: {note}", err=True)


def _untrusted(run: Run) -> Iterator[str]:
    from seqnlp.recipe import consent

    for name, content in run.load_plugins().items():
        if not consent.is_trusted(content):
            yield f"{run.path / PLUGINS / name}: Python that this run brings along, run only with --trust"


@app.command("plot")
def plot(
    runs: RunPaths,
    metric: Annotated[str | None, typer.Option(help="A dev score; by default the one that chose the model.")] = None,
    width: Annotated[int | None, number_option(WIDTH, "Columns; by default those of the terminal.")] = None,
    height: Annotated[int, number_option(HEIGHT, "Lines of each chart.")] = 16,
    pictures: Annotated[list[Path] | None, image_option("Also draw them")] = None,
) -> None:
    """Plot the training loss and a dev score over epochs."""
    found = {name: curves(run.events()) for name, run in _named([Run.at(path) for path in runs]).items()}
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


@app.command("compare")
def compare(runs: RunPaths, as_json: AsJson = False) -> None:
    """Compare runs: their scores, and the settings in which they differ."""
    if len(runs) < 2:
        raise UsageError("compare: expected two runs or more, found one")
    named = _named([Run.at(path) for path in runs])
    settings = differing_settings({name: flat_recipe(run) for name, run in named.items()})
    if as_json:
        scores = {name: run.scores() for name, run in named.items()}
        typer.echo(to_json({"scores": scores, "settings": settings}))
        return
    print_comparison(stdout_console(), named, settings)


def _named(runs: list[Run]) -> dict[str, Run]:
    """Runs by name, or by path where two have the same name."""
    names = [run.name for run in runs]
    return {run.name if names.count(run.name) == 1 else str(run.path): run for run in runs}


def print_summaries(console: Console, summaries: Sequence[Summary]) -> None:
    """Print a table with one line a run."""
    rows = [
        [
            summary.name,
            summary.task,
            summary.state,
            local_time(summary.created),
            f"{summary.split} {summary.metric}".strip(),
            score(summary.score),
            size_text(summary.model_bytes),
        ]
        for summary in summaries
    ]
    print_table(console, ["run", "task", "state", "begun", "metric", "score", "model"], rows, left=5)


def print_run(
    console: Console, summary: Summary, recipe: Mapping[str, Any], scores: Mapping[str, Any], meta: Mapping[str, Any]
) -> None:
    """Print a run: settings by dotted key, scores as in scores.json, meta as in meta.json."""
    console.print(f"{summary.path}  {summary.task}, {summary.state}", style="bold", soft_wrap=True)
    begun = f"begun {local_time(summary.created)}" if summary.created else ""
    device = f"on {meta['device']}" if "device" in meta else ""
    model = f"model {file_size(summary.model_bytes)}" if summary.model_bytes else "no model yet"
    console.print(
        ", ".join(filter(None, [begun, device, *(f"{name} {value}" for name, value in effort(scores).items()), model])),
        soft_wrap=True,
    )
    console.print()
    for section, settings in sections(recipe).items():
        console.print(f"[{section}]  {settings}" if section else settings, soft_wrap=True)
    table = plain_scores(scores)
    if table:
        splits = list(next(iter(table.values())))
        console.print()
        print_table(console, ["", *splits], [[name, *map(score, row.values())] for name, row in table.items()])
    print_score_tables(console, scores.get("test", scores.get("dev", {})))


def print_comparison(console: Console, runs: Mapping[str, Run], settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Print scores, effort and differing settings, a column a run."""
    scores = {name: run.scores() for name, run in runs.items()}
    columns = {
        name: {
            **{
                f"{split} {metric}": score(value)
                for metric, row in plain_scores(scores[name]).items()
                for split, value in row.items()
            },
            **effort(scores[name]),
            "model": size_text(run.model_bytes),
        }
        for name, run in runs.items()
    }
    labels = dict.fromkeys(label for column in columns.values() for label in column)
    print_table(
        console, ["", *runs], [[label, *(column.get(label, "-") for column in columns.values())] for label in labels]
    )
    console.print()
    if not settings:
        console.print("all settings are the same", soft_wrap=True)
        return
    rows = [[key, *map(setting_text, values.values())] for key, values in settings.items()]
    print_table(console, ["settings that differ", *runs], rows)


def effort(scores: Mapping[str, Any]) -> dict[str, str]:
    """Time and speed of a training, by name."""
    training = scores.get("training", {})
    found = {}
    if "seconds" in training:
        found["training time"] = duration(training["seconds"])
    if "tokens_per_second" in training:
        found["speed"] = f"{training['tokens_per_second']:,.0f} tokens/s"
    return found


def sections(recipe: Mapping[str, Any]) -> dict[str, str]:
    """Settings of each section in one line, by the section's name."""
    lines: dict[str, list[str]] = {}
    for key, value in recipe.items():
        section, _, name = key.rpartition(".")
        lines.setdefault(section, []).append(f"{name} = {setting_text(value)}")
    return {section: "  ".join(settings) for section, settings in lines.items()}


def setting_text(value: Any) -> str:
    """Value of a setting as JSON; `-` for none."""
    return "-" if value is None else to_json(value, default=str)


def size_text(size: int) -> str:
    """Size of a model; `-` if there is none."""
    return file_size(size) if size else "-"


def local_time(moment: str) -> str:
    """Convert an ISO 8601 time to local time; other text is unchanged."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):  # an OverflowError: the years 1 and 9999 in some time zones
        return moment
