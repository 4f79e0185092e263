"""`seqnlp runs compare`: scores, settings and the significance of a difference."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Annotated, Any, final

import typer

from seqnlp.cli.common import Device, Trust, number_option
from seqnlp.cli.progress import track
from seqnlp.cli.run_tables import effort, setting_text, size_text
from seqnlp.cli.tables import print_table, stdout_console
from seqnlp.errors import RunError, SeqnlpError, UsageError
from seqnlp.json_text import to_json
from seqnlp.limits import RESAMPLES, SEED
from seqnlp.run import Run
from seqnlp.run.sets import RunSet, Unit
from seqnlp.run.summary import differing_settings, flat_recipe, plain_scores
from seqnlp.units import score

if TYPE_CHECKING:
    from rich.console import Console

    from seqnlp.comparisons import Comparison


def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Run directories, or folders of `seqnlp train --seeds` or `--folds`.")
    ],
    significance: Annotated[
        bool | None,
        typer.Option(
            "--significance/--no-significance",
            help="Test whether the difference between two is more than chance; done unless it can't be.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Split whose items are resampled: train, dev or test.")] = "test",
    data: Annotated[Path | None, typer.Option(help="Another file to score both on, instead of a split.")] = None,
    samples: Annotated[int, number_option(RESAMPLES, "Resamples of the items.", metavar="<n>")] = 10_000,
    seed: Annotated[int, number_option(SEED, "Seed of the resamples.", metavar="<n>")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    device: Device = None,
    trust: Trust = False,
) -> None:
    """Compare runs: their scores, the settings in which they differ, and whether the difference is significant.

    Of two runs, or sets of runs, the main scores are tested on the sentences (texts, windows, ...) of the test split:
    the p-value is of approximate randomisation, the 95 % interval of the paired bootstrap.
    """
    if len(runs) < 2:
        raise UsageError("compare: expected two runs or more, found one")
    systems = _by_name([System.at(path) for path in runs])
    if significance and len(systems) != 2:
        raise UsageError(f"compare --significance: expected two runs or sets of runs, found {len(systems)}")
    settings = differing_settings({name: system.settings() for name, system in systems.items()})
    scores = {name: system.scores() for name, system in systems.items()}
    if not as_json:
        print_comparison(stdout_console(), systems, settings)
    found = None
    if len(systems) == 2 and significance is not False:
        try:
            found = _significance(list(systems.values()), split, data, samples, seed, trust)
        except SeqnlpError as error:
            if significance:
                raise
            typer.echo(f"note: no test of significance: {error}", err=True)
    if as_json:
        shown = {name: scores[name] if system.is_set else scores[name][0] for name, system in systems.items()}
        tested = found.to_json() if found is not None else None
        typer.echo(to_json({"scores": shown, "settings": settings, "significance": tested}))
    elif found is not None:
        print_significance(stdout_console(), found, list(systems))


@final
@dataclass(frozen=True)
class System:
    """A run, or the finished runs of a set."""

    path: Path
    name: str
    runs: list[Run]
    unit: Unit | None
    """Difference between the runs of a set; None of a single run."""

    @property
    def is_set(self) -> bool:
        """True for a set of runs."""
        return self.unit is not None

    @classmethod
    def at(cls, path: Path) -> System:
        """Open a run or a set of runs.

        Raises:
            seqnlp.errors.RunError: it is neither, or no run of it is finished.
        """
        if not RunSet.is_set(path):
            run = Run.at(path)
            return cls(path, run.name, [run], None)
        found = RunSet.at(path)
        if not (runs := list(found.finished().values())):
            raise RunError("no run of this set is finished", path)
        return cls(path, found.name, runs, found.unit)

    def scores(self) -> list[dict[str, Any]]:
        """Scores of each run, as in scores.json."""
        return [run.scores() for run in self.runs]

    def settings(self) -> dict[str, Any]:
        """Settings by dotted key; of a set with the seeds, or folds, of all its runs."""
        recipe = flat_recipe(self.runs[0])
        if self.unit is None:
            return recipe
        key = {"seed": "seed", "fold": "data.fold"}[self.unit]
        return {**recipe, key: [flat_recipe(run).get(key) for run in self.runs]}


def _by_name(systems: Sequence[System]) -> dict[str, System]:
    """Systems by name, or by path where two have the same name."""
    names = [system.name for system in systems]
    return {system.name if names.count(system.name) == 1 else str(system.path): system for system in systems}


def _significance(
    systems: Sequence[System], split: str, data: Path | None, samples: int, seed: int, trust: bool
) -> Comparison:
    """Test the difference between two, with a bar while it takes."""
    for run in [run for system in systems for run in system.runs]:
        Run.open(run.path)  # before torch is loaded
    from seqnlp.comparisons import compare_runs

    told: set[str] = set()

    def notify(line: str) -> None:
        if line not in told:
            print("note:", line, file=sys.stderr)
        told.add(line)

    one, other = (system.path for system in systems)
    with track("testing the difference", 1.0) as advance:
        return compare_runs(
            one, other, split, data, samples=samples, seed=seed, trust=trust, notify=notify, advance=advance
        )


def print_comparison(
    console: Console, systems: Mapping[str, System], settings: Mapping[str, Mapping[str, Any]]
) -> None:
    """Print scores, effort and differing settings, a column a system."""
    columns = {}
    for name, system in systems.items():
        scores = system.scores()
        cost = {"runs": str(len(system.runs))} if system.is_set else effort(scores[0])
        columns[name] = {**_score_column(scores), **cost, "model": size_text(system.runs[0].model_bytes)}
    labels = dict.fromkeys(label for column in columns.values() for label in column)
    print_table(
        console, ["", *systems], [[label, *(column.get(label, "-") for column in columns.values())] for label in labels]
    )
    console.print()
    if not settings:
        console.print("all settings are the same", soft_wrap=True)
        return
    rows = [[key, *map(setting_text, values.values())] for key, values in settings.items()]
    print_table(console, ["settings that differ", *systems], rows)


def _score_column(scores: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Scores by split and name; of several runs the mean, with the standard deviation."""
    tables = [
        {f"{split} {metric}": value for metric, row in plain_scores(each).items() for split, value in row.items()}
        for each in scores
    ]
    found = {}
    for label in tables[0]:
        values = [value for table in tables if (value := table.get(label)) is not None]
        found[label] = score(fmean(values) if values else None)
        if len(values) > 1:
            found[label] += f" ± {score(stdev(values))}"
    return found


def print_significance(console: Console, found: Comparison, names: Sequence[str]) -> None:
    """Print the difference in each main score with its interval and p-values."""
    header = ["significance", *names, "difference", "95 % interval", "p"]
    rows = [
        [
            f"{found.split} {name}",
            score(each.first),
            score(each.second),
            signed(each.difference),
            f"{signed(each.low)} to {signed(each.high)}",
            p_text(each.p),
            *(p_text(by_run[name]) for by_run in (found.seeds, found.folds) if by_run),
        ]
        for name, each in found.scores.items()
    ]
    console.print()
    over = [f"p over {unit}" for unit, by_run in (("seeds", found.seeds), ("folds", found.folds)) if by_run]
    print_table(console, [*header, *over], rows)
    items = next(iter(found.scores.values())).items
    console.print(
        "p: approximate randomisation, interval: paired bootstrap; "
        f"{found.samples:,} samples of {items:,} {found.unit}, seed {found.seed}",
        soft_wrap=True,
    )
    if found.folds:
        console.print(
            "of the items of all folds, each by the run that has not learnt from it; runs share most of their data, so "
            "that p over folds is rather too small",
            soft_wrap=True,
        )
    if min(found.runs) == 1:
        console.print("of one run: another seed may differ as much; `seqnlp train --seeds 5` tells", soft_wrap=True)
    if found.left_out:
        console.print(f"not comparable, as measured against different things: {', '.join(found.left_out)}")


def signed(value: float) -> str:
    """Format a difference with its sign."""
    return f"{'-' if value < 0 else '+'}{score(abs(value))}"


def p_text(p: float) -> str:
    """Format a p-value."""
    return f"{p:.4f}" if p >= 0.0001 else "< 0.0001"
