"""`seqnlp train`."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from seqnlp.cli.common import TrainingDevice, Trust, device_settings, number_option
from seqnlp.cli.progress import preparing, show_training, stderr_console
from seqnlp.cli.repeats import show_repeats
from seqnlp.cli.stopping import resuming_command, stop_signals
from seqnlp.cli.tables import show_scores
from seqnlp.errors import Diverged, Interrupted, SeqnlpError, UsageError
from seqnlp.events import Done, Event
from seqnlp.json_text import to_json
from seqnlp.limits import FOLDS, PROCESSES, SEEDS
from seqnlp.processes import Place, module_command
from seqnlp.terminal_text import print_path


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of one that ships (`seqnlp recipes ls`).")],
    settings: Annotated[
        list[str] | None,
        typer.Option("-s", "--set", metavar="<key=value>", help="Override a setting, for instance encoder.size=256."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run directory to write.", show_default="runs/NAME OF THE RECIPE")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the existing run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the existing run.")] = False,
    start: Annotated[
        str | None, typer.Option(metavar="<run>", help="Start from the weights of this run: `start.run` of the recipe.")
    ] = None,
    device: TrainingDevice = None,
    trust: Trust = False,
    seeds: Annotated[
        int | None,
        number_option(SEEDS, "Train with this many seeds, and write a folder of runs with a summary.", metavar="<n>"),
    ] = None,
    folds: Annotated[
        int | None,
        number_option(FOLDS, "Cross-validate with this many folds of train; each is the test of one run.", "<n>"),
    ] = None,
    nproc: Annotated[
        int | None, number_option(PROCESSES, "Train with this many processes, each on its share of a batch.", "<n>")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, only the last line.")] = False,
) -> None:
    """Train a model, and write a run directory: the model, its recipe, its scores.

    Progress goes to standard error; the only line on standard output is the run directory. Ctrl-C saves a
    checkpoint; `--resume` continues from it and ends with the very same model.

    With `--seeds N` the seed of the recipe and those after it are trained one after the other, into
    runs/NAME_seeds/seed_1 and so on; seeds.json beside them has mean and deviation of each score.

    With `--folds N`, or `data.folds` in the recipe, train is parted into folds, and a run is trained for each, which
    tests on it and learns from the others, into runs/NAME_folds/fold_1 and so on, with folds.json beside them.

    With `--start RUN` the parts of the model that have the same settings in another run begin with its weights.

    With `--nproc N`, or started by torchrun or srun (`torchrun --nproc-per-node 2 -m seqnlp train RECIPE`), several
    processes train one model, which is the same for any number of them; see `seqnlp help processes`.
    """
    if seeds is not None and folds is not None:
        raise UsageError("--seeds and --folds contradict each other: choose one")
    console = stderr_console()
    with stop_signals() as received:
        with console.status("loading") if not quiet else nullcontext():
            from seqnlp import api, repeats
            from seqnlp.recipe import find_recipe
            from seqnlp.run import Run

        place = Place.read(os.environ)
        if place.size == 1 and nproc is not None and nproc > 1:
            if seeds is not None or folds is not None:
                raise UsageError("--nproc trains one run: leave --seeds and --folds out")
            _launch(nproc)
            return
        if place.size > 1:
            try:
                if seeds is not None or folds is not None or api.asks_for_folds(recipe, settings or [], trust):
                    raise UsageError(f"{place.size} processes train one run: leave out seeds and folds")
                if nproc not in (None, place.size):
                    raise UsageError(f"--nproc {nproc}, but {place.size} processes were started")
            except SeqnlpError as error:
                if place.rank:  # all find it, and the first one tells
                    raise typer.Exit(error.code) from None
                raise
        begun = [] if start is None else [f"start.run={to_json(start)}"]
        overrides = [*(settings or []), *begun, *device_settings(device)]
        if seeds is not None:
            again = resuming_command(recipe, overrides, out, ["--seeds", str(seeds)])
            train_seeds = partial(
                repeats.train_seeds, recipe, seeds, overrides, resume=resume, overwrite=overwrite, trust=trust
            )
            where = out or repeats.seeds_folder(recipe)
            show_repeats(
                console, where, "seed", lambda path, tell: train_seeds(path, notify=tell), again, received, quiet
            )
            return
        if folds is not None or api.asks_for_folds(recipe, overrides, trust):
            again = resuming_command(recipe, overrides, out, [] if folds is None else ["--folds", str(folds)])
            train_folds = partial(
                repeats.train_folds, recipe, folds, overrides, resume=resume, overwrite=overwrite, trust=trust
            )
            where = out or repeats.folds_folder(recipe)
            show_repeats(
                console, where, "fold", lambda path, tell: train_folds(path, notify=tell), again, received, quiet
            )
            return
        options = [] if nproc is None else ["--nproc", str(nproc)]
        if place.rank:
            _follow(partial(api.train, recipe, overrides, out, resume=resume, overwrite=overwrite, trust=trust))
            return  # only the process that leads is stopped by a signal: it tells the others
        run = out or Path("runs") / find_recipe(recipe).stem
        events = api.train(
            recipe,
            overrides,
            run,
            resume=resume,
            overwrite=overwrite,
            trust=trust,
            notify=lambda line: console.print(f"note: {line}", soft_wrap=True),
        )
        with preparing(console, "reading the corpus", quiet):
            first = next(events)
        with show_training(console, quiet) as view:
            for event in chain([first], events):
                view.event(event)
                if received and not isinstance(event, Done):
                    events.close()
                    again = resuming_command(recipe, overrides, out, options)
                    raise Interrupted(f"stopped at step {event.step}; go on with: {again}", 128 + received[0])
        if not quiet:
            show_scores(console, Run.open(run).scores())
    print_path(run)


def _launch(processes: int) -> None:
    """Run this command in several processes; the first of them prints."""
    from seqnlp.training.launcher import launch

    code, problem = launch([*module_command("seqnlp"), *sys.argv[1:]], processes)
    if problem:
        print(f"error: {problem}", file=sys.stderr)
    if code:
        raise typer.Exit(code)


def _follow(begin: Callable[[], Iterator[Event]]) -> None:
    """Train as another process leads, which tells what happens; this one tells what only it can know."""
    from seqnlp.training.distributed import Followed

    try:
        for _ in begin():
            pass
    except (Followed, Diverged) as error:
        raise typer.Exit(error.code) from None
