"""`seqnlp train`."""

from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from seqnlp.cli.common import Trust, number_option
from seqnlp.cli.progress import show_training, stderr_console
from seqnlp.cli.stopping import resuming_command, stop_signals
from seqnlp.cli.tables import show_scores
from seqnlp.errors import Interrupted
from seqnlp.events import Done
from seqnlp.limits import SEEDS
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
    trust: Trust = False,
    seeds: Annotated[
        int | None,
        number_option(SEEDS, "Train with this many seeds, and write a folder of runs with a summary.", metavar="<n>"),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="No progress, only the last line.")] = False,
) -> None:
    """Train a model, and write a run directory: the model, its recipe, its scores.

    Progress goes to standard error; the only line on standard output is the run directory. Ctrl-C saves a
    checkpoint; `--resume` continues from it and ends with the very same model.

    With `--seeds N` the seed of the recipe and those after it are trained one after the other, into
    runs/NAME_seeds/seed_1 and so on; seeds.json beside them has mean and deviation of each score.
    """
    if seeds is not None:
        from seqnlp.cli.seeds import train_several

        train_several(recipe, seeds, settings or [], out, resume, overwrite, trust, quiet)
        return
    console = stderr_console()
    with stop_signals() as received:
        with console.status("loading") if not quiet else nullcontext():
            from seqnlp import api
            from seqnlp.recipe import find_recipe
            from seqnlp.run import Run

        run = out or Path("runs") / find_recipe(recipe).stem
        events = api.train(
            recipe,
            settings or [],
            run,
            resume=resume,
            overwrite=overwrite,
            trust=trust,
            notify=lambda line: console.print(f"note: {line}", soft_wrap=True),
        )
        with console.status("reading the corpus") if not quiet else nullcontext():
            first = next(events)
        with show_training(console, quiet) as view:
            for event in chain([first], events):
                view.event(event)
                if received and not isinstance(event, Done):
                    events.close()
                    again = resuming_command(recipe, settings or [], out)
                    raise Interrupted(f"stopped at step {event.step}; go on with: {again}", 128 + received[0])
        if not quiet:
            show_scores(console, Run.open(run).scores())
    print_path(run)
