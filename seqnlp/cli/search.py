"""`seqnlp search`: the best settings of a recipe, by trials."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli.common import TrainingDevice, Trust, device_settings, image_option, number_option
from seqnlp.cli.progress import stderr_console
from seqnlp.cli.stopping import resuming_command, stop_signals
from seqnlp.cli.tables import print_table, stdout_console
from seqnlp.errors import Interrupted, UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import MINUTES, TRIALS, WORKERS
from seqnlp.plots.images import write_images
from seqnlp.terminal_text import print_path
from seqnlp.units import duration, score

if TYPE_CHECKING:
    from rich.console import Console, Group

    from seqnlp.hyperparameters.folder import SearchFolder, SearchRecord, Trial

SHOWN = 12
"""Trials in the live table: the latest, and the best."""


def search(
    recipe: Annotated[str, typer.Argument(help="A recipe with a section [search], or the name of one that ships.")],
    trials: Annotated[
        int, number_option(TRIALS, "Number of trials, those of an earlier call included.", metavar="<n>")
    ] = 50,
    minutes: Annotated[
        float | None, number_option(MINUTES, "Stop after this time; --resume goes on.", metavar="<minutes>")
    ] = None,
    workers: Annotated[int, number_option(WORKERS, "Processes that train side by side.", metavar="<n>")] = 1,
    settings: Annotated[
        list[str] | None,
        typer.Option("-s", "--set", metavar="<key=value>", help="Override a setting, for instance training.epochs=5."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the search.", show_default="runs/NAME OF THE RECIPE_trials")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the search that is there.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the search that is there.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show the trials of the search that is there.")] = False,
    pictures: Annotated[list[Path] | None, image_option("Also draw the trials, as parallel coordinates,")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The trials as JSON on standard output.")] = False,
    device: TrainingDevice = None,
    trust: Trust = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, only the last line.")] = False,
) -> None:
    """Search the settings in [search] for the best dev score.

    Test data is not looked at.

    Trials are drawn by TPE (Optuna), the recipe itself first, and stopped early where they are worse than the median of
    the others. The best recipe is written as best.toml into the folder of the search; only the run of the best trial
    is kept. Ctrl-C ends the search with what there is; `--resume` goes on with it.
    """
    check_optuna("search")
    console = stderr_console()
    with stop_signals() as received:
        with console.status("loading") if not quiet else nullcontext():
            from seqnlp.hyperparameters import search as searches
            from seqnlp.hyperparameters.folder import SearchFolder

        overrides = [*(settings or []), *device_settings(device)]
        path = out or searches.search_folder(recipe)
        if not show:
            found = searches.search(
                recipe,
                trials,
                minutes,
                overrides,
                path,
                workers=workers,
                resume=resume,
                overwrite=overwrite,
                trust=trust,
                notify=lambda line: console.print(f"note: {line}", soft_wrap=True),
            )
            view = SearchView(console, trials, minutes, quiet)
            try:
                for snapshot in found:
                    view.update(SearchFolder(path), snapshot)
                    if received:
                        found.close()
                        break
            finally:
                view.close()
        folder = SearchFolder.at(path)
        if received:
            options = ["--trials", str(trials), *([] if workers == 1 else ["--workers", str(workers)])]
            again = resuming_command(recipe, overrides, out, options, "search")
            if folder.best_recipe.is_file():
                console.print(f"best recipe so far: {folder.best_recipe}", soft_wrap=True)
            raise Interrupted(f"stopped; go on with: {again}", 128 + received[0])
        report(folder, pictures or [], as_json, show, quiet)


def check_optuna(command: str) -> None:
    """Check that Optuna is installed, which a command needs."""
    if find_spec("optuna") is None:
        raise UsageError(f'{command}: this needs optuna: pip install "seqnlp[search]"')


def report(
    folder: SearchFolder, pictures: Sequence[Path] = (), as_json: bool = False, whole: bool = True, quiet: bool = False
) -> None:
    """Print the trials of a search, and draw them.

    Args:
        folder: The search.
        pictures: Files to draw into.
        as_json: Print JSON.
        whole: Print all trials on standard output, rather than the best ones beside it.
        quiet: Print nothing but the path of the best recipe.
    """
    from seqnlp.hyperparameters.search import show
    from seqnlp.hyperparameters.study import best_trial

    record, (trials, importance) = folder.record(), show(folder)
    if pictures:
        write_images(pictures, _picture(record, trials))
    best = best_trial(trials, record["higher_is_better"])
    if as_json:
        found = {
            "metric": record["metric"],
            "best": None if best is None else best.number,
            "recipe": str(folder.best_recipe) if best is not None else None,
            "importance": importance,
            "trials": [trial.to_json() for trial in trials],
        }
        typer.echo(to_json(found))
        return
    if whole or not quiet:
        console = stdout_console() if whole else stderr_console()
        print_trials(console, record, trials if whole else _top(record, trials))
        if importance:
            shares = ", ".join(f"{key} {share:.0%}" for key, share in importance.items())
            console.print(f"importance of the keys: {shares}", soft_wrap=True)
    if best is None:
        print("note: no trial has finished, so that there is no best recipe", file=sys.stderr)
    elif not whole:
        print_path(folder.best_recipe)


def print_trials(console: Console, record: SearchRecord, trials: Sequence[Trial]) -> None:
    """Print trials with their values, a line each."""
    keys = [each["key"] for each in record["space"]]
    header = ["trial", "state", f"dev {record['metric']}", "epochs", *short_names(keys), "time"]
    rows = [
        [
            str(trial.number),
            trial.state,
            score(trial.score),
            f"{trial.epochs:g}",
            *(value_text(trial.values.get(key)) for key in keys),
            duration(trial.seconds),
        ]
        for trial in trials
    ]
    print_table(console, header, rows, left=2)
    for trial in trials:
        if trial.problem:
            console.print(f"trial {trial.number} {trial.state}: {trial.problem}", soft_wrap=True)


def _top(record: SearchRecord, trials: Sequence[Trial]) -> list[Trial]:
    """Finished trials, the best first, ten at most; and those that have failed."""
    sign = -1 if record["higher_is_better"] else 1
    finished = sorted(
        (trial for trial in trials if trial.state == "finished"), key=lambda trial: sign * (trial.score or 0.0)
    )
    return [*finished[:10], *(trial for trial in trials if trial.problem)]


def short_names(keys: Sequence[str]) -> list[str]:
    """Last parts of dotted keys, as many as tell them apart."""
    names = []
    for key in keys:
        parts = key.split(".")
        for count in range(1, len(parts) + 1):
            name = ".".join(parts[-count:])
            if sum(other == name or other.endswith(f".{name}") for other in keys) == 1:
                break
        names.append(name)
    return names


def value_text(value: Any) -> str:
    """Format a value of a trial; `-` for none."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else to_json(value)


def _picture(record: SearchRecord, trials: Sequence[Trial]) -> str:
    from seqnlp.plots.svg_parallel import Coordinate, Polyline, parallel_svg

    coordinates, named = [], set()
    for each in record["space"]:
        if "choices" in each:
            named.add(each["key"])
            coordinates.append(Coordinate(each["key"], list(map(value_text, each["choices"]))))
        else:
            coordinates.append(Coordinate(each["key"], log=each["log"]))

    def values(trial: Trial) -> Mapping[str, Any]:
        return {key: value_text(value) if key in named else value for key, value in trial.values.items()}

    lines = [
        Polyline(f"trial {trial.number}", values(trial), trial.score, trial.state == "finished")
        for trial in trials
        if trial.score is not None and trial.has_ended
    ]
    title = f"{record['recipe']}: {len(lines)} trials"
    return parallel_svg(title, coordinates, lines, f"dev {record['metric']}", record["higher_is_better"])


class SearchView:
    """Trials while they are trained: a live table on a terminal, a line a trial elsewhere."""

    def __init__(self, console: Console, limit: int, minutes: float | None, quiet: bool) -> None:
        """Take the console.

        Args:
            console: Standard error.
            limit: Number of trials of the search.
            minutes: Time of the search.
            quiet: Show nothing.
        """
        self.console, self.limit, self.quiet = console, limit, quiet
        self.begun, self.seconds = time.monotonic(), None if minutes is None else 60 * minutes
        self.trials: list[Trial] = []
        self.record: SearchRecord | None = None
        self.told: set[int] | None = None
        """Trials that have ended, and were told; None before the first look: those of an earlier call are not told."""
        self.live: Any = None

    def update(self, folder: SearchFolder, trials: list[Trial]) -> None:
        """Show the trials as they are now."""
        self.trials = trials
        if self.record is None:
            self.record = folder.record()
            if not self.quiet and self.console.is_interactive:
                from rich.live import Live

                self.live = Live(
                    get_renderable=self._table,
                    console=self.console,
                    transient=True,
                    redirect_stdout=False,
                    refresh_per_second=4,
                )
                self.live.start(refresh=True)
        ended = {trial.number: trial for trial in trials if trial.has_ended}
        if self.told is None:
            self.told = set() if len(ended) <= 1 else set(ended)
        for number, trial in ended.items():
            if number not in self.told and self.live is None and not self.quiet:
                self.console.print(self._line(trial), soft_wrap=True)
            self.told.add(number)

    def close(self) -> None:
        """Restore the terminal."""
        if self.live is not None:
            self.live.stop()

    def _line(self, trial: Trial) -> str:
        assert self.record is not None
        values = "  ".join(f"{key} = {value_text(value)}" for key, value in trial.values.items())
        result = trial.problem or f"dev {self.record['metric']} {score(trial.score)}"
        return f"trial {trial.number}/{self.limit} {trial.state}: {result}  {values}{self._best()}"

    def _best(self) -> str:
        from seqnlp.hyperparameters.study import best_trial

        assert self.record is not None
        best = best_trial(self.trials, self.record["higher_is_better"])
        return "" if best is None else f"  (best so far: trial {best.number}, {score(best.score)})"

    def _table(self) -> Group:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        from seqnlp.hyperparameters.study import best_trial

        assert self.record is not None
        record, trials = self.record, self.trials
        keys = [each["key"] for each in record["space"]]
        best = best_trial(trials, record["higher_is_better"])
        shown = trials[-SHOWN:]
        if best is not None and best not in shown:
            shown = [best, *shown[1:]]
        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, name in enumerate(["trial", "state", record["metric"], "epochs", *short_names(keys)]):
            table.add_column(Text(name), justify="left" if number == 1 else "right", no_wrap=True)
        for trial in shown:
            cells = [str(trial.number), trial.state, score(trial.score), f"{trial.epochs:g}"]
            cells += [value_text(trial.values.get(key)) for key in keys]
            style = "green" if trial is best else "dim" if trial.has_ended else ""
            table.add_row(*(Text(cell, style) for cell in cells))
        ended = sum(trial.has_ended for trial in trials)
        spent = time.monotonic() - self.begun
        parts = [f"{ended} of {self.limit} trials", duration(spent)]
        if self.seconds is not None:
            parts.append(f"{duration(max(self.seconds - spent, 0.0))} left at most")
        line = " · ".join(parts) + self._best()
        return Group(table, Text(line, no_wrap=True, overflow="ellipsis"))
