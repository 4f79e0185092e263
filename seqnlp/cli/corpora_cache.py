"""`seqnlp corpora cache`: the tables, tokens, columns and states that were made of corpora."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from seqnlp.cli.tables import print_table, stdout_console
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json

if TYPE_CHECKING:
    from seqnlp.readers.cache import CacheEntry

app = typer.Typer(
    help="List and clear the cache of tables, tokens, columns and states made of corpora.", no_args_is_help=True
)

MEGABYTE = 1e6


@app.command("ls")
def ls(as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False) -> None:
    """List what the cache holds: sizes, the files it was made from, and the last use."""
    from seqnlp.readers.cache import entries

    found = sorted(entries(), key=lambda entry: -entry.used)
    if as_json:
        typer.echo(to_json([asdict(entry) for entry in found], default=str))
        return
    rows = [[_size(entry.size), entry.kind, _day(entry), ", ".join(entry.files) or str(entry.path)] for entry in found]
    if rows:
        print_table(stdout_console(), ["size", "kind", "last used", "made from"], rows, left=4)
    typer.echo(f"{len(found):,} entries, {_size(sum(entry.size for entry in found))}")


@app.command("clear")
def clear(yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Remove all entries; those that are needed are made again. Entries that another process has open stay."""
    from seqnlp.readers import cache

    found = list(cache.entries())
    if not found:
        typer.echo("the cache is empty", err=True)
        return
    question = f"remove {len(found):,} entries, {_size(sum(entry.size for entry in found))}?"
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"{question} --yes answers, where nobody can be asked")
        if not typer.confirm(question, err=True):
            return
    removed, kept = cache.clear()
    typer.echo(f"removed {len(removed):,} entries, {_size(sum(entry.size for entry in removed))}", err=True)
    for entry in kept:
        print(f"note: {entry.path} is in use, or cannot be removed", file=sys.stderr)


def _size(count: int) -> str:
    return f"{count / MEGABYTE:,.1f} MB"


def _day(entry: CacheEntry) -> str:
    return datetime.fromtimestamp(entry.used, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
