"""`seqnlp help`: pages, and the reference of all keys of recipes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from seqnlp import pages
from seqnlp.errors import UsageError

WIDTH = 100
"""Columns of a page, at most: longer lines are hard to read."""


def _topics(incomplete: str) -> list[str]:
    return [name for name in pages.topics() if name.startswith(incomplete)]


def show_help(
    topic: Annotated[
        str,
        typer.Argument(help="A page or a key, such as tag, encoder.lstm or training.epochs.", autocompletion=_topics),
    ] = "",
    site: Annotated[
        Path | None,
        typer.Option("--site", metavar="<folder>", help="Write all pages as HTML into this folder instead."),
    ] = None,
) -> None:
    """Explain a topic: your own data, a reader, a section of recipes, a key.

    Without a topic, list them.
    """
    if site is not None:
        if topic:
            raise UsageError(f"--site writes all pages; leave out {topic!r}")
        from seqnlp.pages.site import write_site
        from seqnlp.terminal_text import print_path

        print_path(write_site(site))
        return
    if not topic:
        listed = pages.listed()
        width = max(len(page.name) for page in listed) + 2
        for page in listed:
            typer.echo(f"{page.name:{width}}{page.title}")
        typer.echo("read one with: seqnlp help TOPIC, such as tag, encoder.lstm, training.epochs", err=True)
        return
    text = pages.in_terminal(pages.find(topic))
    if sys.stdout.isatty():
        _draw(text)
    else:
        typer.echo(text, nl=False)


def _draw(text: str) -> None:
    from seqnlp.cli.markdown import PageMarkdown
    from seqnlp.cli.tables import stdout_console

    console = stdout_console()
    console.width = min(console.width, WIDTH)
    console.print(PageMarkdown(text, hyperlinks=False), crop=False)
