"""Training with several seeds, and the table of their scores."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqnlp.cli.progress import show_training, stderr_console
from seqnlp.cli.stopping import resuming_command, stop_signals
from seqnlp.cli.tables import print_table
from seqnlp.errors import Interrupted
from seqnlp.events import Done
from seqnlp.run.seeds import SeedSet
from seqnlp.terminal_text import print_path
from seqnlp.units import score

if TYPE_CHECKING:
    from rich.console import Console


def train_several(
    recipe: str,
    seeds: int,
    settings: list[str],
    out: Path | None,
    resume: bool,
    overwrite: bool,
    trust: bool,
    quiet: bool,
) -> None:
    """Train with several seeds; the arguments are those of the command `train`."""
    console = stderr_console()
    with stop_signals() as received:
        with console.status("loading") if not quiet else nullcontext():
            from seqnlp.repeats import seeds_folder, train_seeds

        folder = SeedSet(out or seeds_folder(recipe))
        noted: set[str] = set()

        def notify(line: str) -> None:
            if line not in noted:  # the same data, seed by seed
                console.print(f"note: {line}", soft_wrap=True)
            noted.add(line)

        events = train_seeds(
            recipe, seeds, settings, folder.path, resume=resume, overwrite=overwrite, trust=trust, notify=notify
        )
        with ExitStack() as shown:
            running, view = None, None
            for each in events:
                if each.event is None:
                    _say(console, quiet, f"seed {each.seed}  finished before")
                    continue
                if each.seed != running or view is None:
                    shown.close()
                    _say(console, quiet, f"seed {each.seed}")
                    running, view = each.seed, shown.enter_context(show_training(console, quiet))
                view.event(each.event)
                if received and not isinstance(each.event, Done):
                    events.close()
                    again = resuming_command(recipe, settings, out, seeds)
                    stopped = f"stopped at step {each.event.step} of seed {each.seed}"
                    raise Interrupted(f"{stopped}; go on with: {again}", 128 + received[0])
        if not quiet:
            print_seeds(console, folder.record())
    print_path(folder.path)


def _say(console: Console, quiet: bool, line: str) -> None:
    if not quiet:
        console.print(line, style="bold", soft_wrap=True)


def print_seeds(console: Console, record: Mapping[str, Any]) -> None:
    """Print the scores of a set of runs: a column a seed, and their mean, deviation, least and greatest."""
    finished = [str(seed) for seed in record.get("finished", [])]
    rows = []
    for split, table in record.get("scores", {}).items():
        for name, spread in table.items():
            values = [spread["values"].get(seed) for seed in finished]
            rows.append(
                [f"{split} {name}", *(score(spread[key]) for key in ("mean", "std", "min", "max")), *map(score, values)]
            )
    if not rows:
        console.print("no seed is finished yet", soft_wrap=True)
        return
    print_table(console, ["", "mean", "std", "min", "max", *(f"seed {seed}" for seed in finished)], rows)
    if record.get("best") is not None:
        console.print(f"best on dev by {record['metric']}: seed {record['best']}", soft_wrap=True)
    if missing := [str(seed) for seed in record.get("seeds", []) if str(seed) not in finished]:
        console.print(f"not finished: seed {', '.join(missing)}", soft_wrap=True)
