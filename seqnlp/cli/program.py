"""The program as Typer sees it: its commands, each in a file that is imported when it is needed."""

from collections.abc import Iterable
from importlib import import_module
from typing import Annotated, Any

import typer

COMMANDS = {
    "init": "init:init",
    "train": "train:train",
    "search": "search:search",
    "evaluate": "evaluate:evaluate",
    "errors": "errors:errors",
    "predict": "predict:predict",
    "tag": "tag:tag",
    "classify": "classify:classify",
    "generate": "generate:generate",
    "forecast": "forecast:forecast",
    "score": "generate:score",
    "probe": "probe:probe",
    "segment": "segment:segment",
    "annotate": "annotate:annotate",
    "translate": "translate:translate",
    "transcribe": "transcribe:transcribe",
    "tui": "tui:tui",
    "help": "help:show_help",
    "recipes": "recipes:app",
    "corpora": "corpora:app",
    "runs": "runs:app",
    "config": "config:app",
}
"""Files of `seqnlp.cli`, with the function of a command or the Typer of a group of them, in the order of the help."""


def _version(requested: bool) -> None:
    if requested:
        from seqnlp.version import VERSION

        typer.echo(f"seqnlp {VERSION}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def program(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Import commands, and make the program of them."""
    app = typer.Typer(
        name="seqnlp",
        help="Label and transform sequences: train a model from a recipe, score it, use it.",
        epilog="Start with: seqnlp train pos_gru; with a file of your own: seqnlp init FILE. Read: seqnlp help.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in names:
        file, _, attribute = COMMANDS[name].partition(":")
        command: Any = getattr(import_module(f"seqnlp.cli.{file}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app
