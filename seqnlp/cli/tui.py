"""`seqnlp tui`: the terminal application, in the terminal or in a browser."""

from __future__ import annotations

import sys
from errno import EADDRINUSE
from pathlib import Path
from socket import gaierror
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.common import Device, number_option
from seqnlp.cli.terminal import check_folder, open_application
from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.limits import PORT
from seqnlp.processes import module_command

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary


def tui(
    run: Annotated[Path | None, typer.Argument(help="A run to open; by default the list of runs.")] = None,
    runs: Annotated[Path, typer.Option(help="The folder that holds the runs.")] = Path("runs"),
    web: Annotated[bool, typer.Option("--web", help="Show it in a browser: prints its secret address.")] = False,
    host: Annotated[
        str | None, typer.Option(help="With --web: the address to listen on.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[int | None, number_option(PORT, "With --web: the port.  [default: 8000]")] = None,
    device: Device = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the Python that RUN brings along, its plugins. This is remembered.")
    ] = False,
) -> None:
    """Explore, train and compare models in the terminal."""
    for option, value in {"--host": host, "--port": port}.items():
        if value is not None and not web:
            raise UsageError(f"{option} needs --web")
    if trust and run is None:
        raise UsageError("--trust is for the plugins of one run: name it")
    check_folder(runs)
    opened = None if run is None else _summary_of(run, trust)
    if web:
        from seqnlp.tui.configuration.load import read_configuration

        read_configuration()  # its faults are told here
        chosen = [] if device is None else ["--device", device]
        command = [*module_command("seqnlp"), "tui", *([str(run)] if run else []), "--runs", str(runs), *chosen]
        _serve(command, host or "127.0.0.1", port or 8000)
        return
    raise typer.Exit(open_application(runs, opened))


def _summary_of(path: Path, trust: bool) -> Summary:
    from seqnlp.run import Run
    from seqnlp.run.summary import summarize

    if not Run.is_run(path) and Run.find(path):
        raise RunError("this is a folder of runs", path, hint=f"did you mean --runs {path}?")
    opened = Run.open(path)
    if trust:
        from seqnlp.recipe import consent
        from seqnlp.run.directory import PLUGINS

        for name, content in opened.load_plugins().items():
            consent.remember(content, opened.path / PLUGINS / name)
    return summarize(opened)


def _serve(command: list[str], host: str, port: int) -> None:
    try:
        from seqnlp.tui.web import Website
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("textual_serve", "aiohttp")):
            raise
        raise UsageError('tui --web needs textual-serve: pip install "seqnlp[web]"') from error
    website = Website(command, host, port)
    if not website.is_private:
        print(
            f"warning: {host} can be reached from other machines, and nothing is encrypted: "
            "whoever reads the address on its way uses models, starts trainings and writes files as you",
            file=sys.stderr,
        )
    try:
        website.serve()
    except gaierror as error:
        raise DataError(f"--host {host}: {error.strerror}") from None
    except OSError as error:
        if error.errno != EADDRINUSE:
            raise
        raise DataError(f"port {port} is taken: --port names another") from None
