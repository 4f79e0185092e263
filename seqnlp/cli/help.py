"""`seqnlp help`: pages, and the reference of all keys of recipes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from seqnlp import pages
from seqnlp.errors import UsageError

WIDTH = 100
"""Columns of a page, at most: longer lines are hard to read."""


def _topics(incomplete: str) -> list[str]:
    return [name for name in pages.topics() if name.startswith(incomplete)]


def show_help(
    context: typer.Context,
    topic: Annotated[
        str,
        typer.Argument(
            help="A page, a key or a command, such as tag, encoder.lstm, training.epochs or generate.",
            autocompletion=_topics,
        ),
    ] = "",
    site: Annotated[
        Path | None,
        typer.Option("--site", metavar="<folder>", help="Write all pages as HTML into this folder instead."),
    ] = None,
) -> None:
    """Explain a topic: your own data, a reader, a section of recipes, a key, a command.

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
    about = _about_command(context, topic)
    try:
        text = pages.in_terminal(about + pages.find(topic))
    except UsageError:
        if not about:
            raise
        text = pages.in_terminal(about)
    if sys.stdout.isatty():
        _draw(text)
    else:
        typer.echo(text, nl=False)


def _about_command(context: typer.Context, topic: str) -> str:
    """Markdown about a command that has no page; empty for any other topic."""
    group, name = context.find_root().command, topic.strip().lower().removeprefix("seqnlp ")
    command = group.get_command(context, name) if isinstance(group, TyperGroup) else None
    if command is None or any(page.name == name for page in pages.pages()):
        return ""
    inner = ", ".join(command.list_commands(context)) if isinstance(command, TyperGroup) else ""
    options = f"its commands ({inner})" if inner else "its arguments and options"
    lines = [f"# seqnlp {name}", command.get_short_help_str(WIDTH), f"`seqnlp {name} --help` lists {options}."]
    if nearest := pages.nearest_to_command(name):
        listed = " and ".join(f"[{page.title}]({page.path.name})" for page in nearest)
        lines.append(f"{'Pages' if len(nearest) > 1 else 'A page'} with examples of it: {listed}.")
    return "\n\n".join(lines) + "\n\n"


def _draw(text: str) -> None:
    from seqnlp.cli.markdown import PageMarkdown
    from seqnlp.cli.tables import stdout_console

    console = stdout_console()
    console.width = min(console.width, WIDTH)
    console.print(PageMarkdown(text, hyperlinks=False), crop=False)
