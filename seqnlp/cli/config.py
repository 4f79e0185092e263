"""`seqnlp config`: the configuration file of the terminal application."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from seqnlp.errors import DataError, UsageError
from seqnlp.json_text import to_json

app = typer.Typer(
    help="Show, edit and check the configuration file of the terminal application.",
    epilog="Begin with: seqnlp config edit",
    no_args_is_help=True,
)


@app.command("path")
def path() -> None:
    """Print the path of the configuration file; it need not exist."""
    from seqnlp.terminal_text import print_path
    from seqnlp.tui.configuration.load import configuration_file

    print_path(configuration_file())


@app.command("show")
def show() -> None:
    """Print the values in effect as TOML: those of the file, and the defaults."""
    from seqnlp.tui.configuration.load import read_configuration
    from seqnlp.tui.configuration.texts import in_effect

    typer.echo(in_effect(read_configuration()), nl=False)


@app.command("check")
def check(
    file: Annotated[Path | None, typer.Argument(help="Another file; by default that of `seqnlp config path`.")] = None,
) -> None:
    """Check the configuration file; all faults are shown at once, and it exits with 3 if there is one."""
    from seqnlp.tui.configuration.load import configuration_file, read_configuration

    chosen = file or configuration_file()
    if not chosen.exists():
        if file is not None:
            raise DataError("no such file", file)
        typer.echo(f"there is no {chosen}, so all are defaults; seqnlp config edit writes one", err=True)
        return
    read_configuration(chosen)
    typer.echo(f"{chosen}: ok")


@app.command("edit")
def edit() -> None:
    """Open the configuration file in $VISUAL or $EDITOR, and check it; without one, write a template first."""
    from seqnlp.tui.configuration.load import configuration_file, read_configuration
    from seqnlp.tui.configuration.texts import template

    chosen = configuration_file()
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not chosen.exists():
        _write(chosen, template())
    if not command or not command.strip():
        raise UsageError(f"neither VISUAL nor EDITOR names an editor; edit {chosen} with one of your own")
    try:
        words = shlex.split(command)
    except ValueError:
        raise UsageError(f"VISUAL or EDITOR: a quotation mark has no partner in {command}") from None
    try:
        code = subprocess.run([*words, str(chosen)], check=False).returncode
    except OSError as error:
        raise UsageError(f"{words[0]} can't be run: {(error.strerror or str(error)).lower()}") from None
    if code:
        print(f"note: {words[0]} has ended with code {code}", file=sys.stderr)
    read_configuration(chosen)
    typer.echo(f"{chosen}: ok")


@app.command("keys")
def keys() -> None:
    """List all keys and their names, for the section [keys]."""
    from seqnlp.tui.configuration.key_names import known_keys
    from seqnlp.tui.configuration.load import read_configuration
    from seqnlp.tui.configuration.texts import keys_table

    for line in keys_table(known_keys(), read_configuration()):
        typer.echo(line)


@app.command("schema")
def schema(
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
) -> None:
    """Print the JSON schema of the configuration file, for editors.

    Save it as config.schema.json beside the file, and begin that with the line: #:schema ./config.schema.json
    """
    from seqnlp.tui.configuration.key_names import known_keys
    from seqnlp.tui.configuration.texts import schema as schema_of

    text = to_json(schema_of(known_keys()), indent=2) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    _write(out, text)
    typer.echo(f"wrote {out}", err=True)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"can't write this file: {(error.strerror or str(error)).lower()}", file) from None
