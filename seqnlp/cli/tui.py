"""`seqnlp tui`: the terminal application, in the terminal or in a browser."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from seqnlp.errors import UsageError


def tui(
    run: Annotated[Path | None, typer.Argument(help="A run to open at once; otherwise a list of the runs.")] = None,
    runs: Annotated[Path, typer.Option(help="The folder that holds the runs.")] = Path("runs"),
    web: Annotated[bool, typer.Option("--web", help="Show it in a browser: prints its secret address.")] = False,
    host: Annotated[str, typer.Option(help="With --web: the address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="With --web: the port.", min=1, max=65535)] = 8000,
) -> None:
    """Play with trained models in the terminal."""
    if run is not None:
        from seqnlp.run import Run
        from seqnlp.run.summary import summarize

        opened = summarize(Run.open(run))
    else:
        opened = None
    if web:
        _serve([sys.executable, "-m", "seqnlp", "tui", *([str(run)] if run else []), "--runs", str(runs)], host, port)
        return
    in_browser = "TEXTUAL_DRIVER" in os.environ  # begun by --web
    if not in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("tui: expected a terminal; in a pipe use generate, tag, classify or predict")
    gc.disable()  # until home is drawn: what is imported stays anyway
    from seqnlp.tui.app import SeqnlpApp
    from seqnlp.tui.client import WorkerPredictor

    app = SeqnlpApp(runs, WorkerPredictor(), opened)
    app.run()
    raise typer.Exit(app.return_code or 0)


def _serve(command: list[str], host: str, port: int) -> None:
    try:
        from seqnlp.tui.web import Website
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("textual_serve", "aiohttp", "jinja2")):
            raise
        raise UsageError('tui --web needs textual-serve: pip install "seqnlp[web]"') from error
    website = Website(command, host, port)
    if not website.is_private:
        print(
            f"warning: {host} can be reached from other machines, and nothing is encrypted: "
            "whoever reads the address on its way uses models, starts trainings and writes files as you",
            file=sys.stderr,
        )
    website.serve()
