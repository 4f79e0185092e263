"""`seqnlp corpora`: what ships, what can be fetched, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from seqnlp.readers import Reader

app = typer.Typer(help="List, fetch and describe corpora.", no_args_is_help=True)

Into = Annotated[Path, typer.Option("--into", help="The folder of corpora.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@app.command("ls")
def ls(into: Into = Path("corpora"), as_json: AsJson = False) -> None:
    """List the corpora that ship, and the public ones that can be fetched."""
    import json
    from dataclasses import asdict

    from seqnlp.cli.corpus_tables import show_corpora
    from seqnlp.readers.local import list_corpora

    listings = list_corpora(into)
    if as_json:
        typer.echo(json.dumps([asdict(listing) for listing in listings], ensure_ascii=False))
    else:
        show_corpora(listings)


@app.command("get")
def get(
    name: Annotated[str, typer.Argument(help="A name that `seqnlp corpora ls` lists.")],
    source: Annotated[
        str | None, typer.Option("--from", help="A folder, or its URL, instead of the public source.")
    ] = None,
    into: Into = Path("corpora"),
) -> None:
    """Fetch a public corpus and check it; run again, it goes on where it broke off."""
    from seqnlp.cli.progress import track
    from seqnlp.readers.catalogue import CATALOGUE
    from seqnlp.readers.fetch import fetch

    done: dict[str, int] = {}
    total = CATALOGUE[name].size if name in CATALOGUE else None
    with track(f"fetching {name}", total) as advance:

        def progress(file: str, here: int, size: int) -> None:
            advance(here - done.get(file, 0))
            done[file] = here

        folder = fetch(name, into, source, progress)
    typer.echo(folder)


@app.command("stats")
def stats(
    targets: Annotated[
        list[str], typer.Argument(help="Files, folders, or names of corpora.", metavar="FILE_OR_NAME...")
    ],
    reader: Annotated[
        str | None,
        typer.Option(help='How to read them: a kind, or a table such as \'{kind="columns", names=["word", "tag"]}\'.'),
    ] = None,
    tokens: Annotated[str | None, typer.Option(help="The column of tokens; by default the likeliest.")] = None,
    into: Into = Path("corpora"),
    as_json: AsJson = False,
) -> None:
    """Describe corpora: sequences, lengths, labels, and the share of words that train lacks."""
    import json
    from dataclasses import asdict

    from seqnlp.cli.corpus_tables import show_descriptions
    from seqnlp.readers.describe import describe
    from seqnlp.readers.local import open_corpus

    chosen = parse_reader(reader) if reader is not None else None
    for number, target in enumerate(targets):
        corpus = open_corpus(target, into, chosen)
        splits = {split: corpus.reader.load(place) for split, place in corpus.splits.items()}
        descriptions = describe(splits, tokens)
        if as_json:
            plain = {split: asdict(description) for split, description in descriptions.items()}
            typer.echo(json.dumps({"corpus": target, "splits": plain}, ensure_ascii=False))
        else:
            typer.echo(f"{'' if number == 0 else chr(10)}{target}")
            show_descriptions(descriptions)


def parse_reader(text: str) -> Reader:
    """A reader from a kind or an inline TOML table.

    Raises:
        seqnlp.errors.UsageError: naming what is wrong with it.
    """
    import tomllib

    from pydantic import TypeAdapter, ValidationError

    from seqnlp.errors import UsageError
    from seqnlp.readers import Reader

    try:
        value: Any = tomllib.loads(f"reader = {text}")["reader"]
    except tomllib.TOMLDecodeError:
        value = text
    try:
        return TypeAdapter(Reader).validate_python(value)
    except ValidationError as error:
        faults = [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        listed = "; ".join(f"{key}: {message}" for key, message in faults)
        raise UsageError(f"--reader {text}: {listed}; the kinds are {', '.join(Reader.members)}") from None
