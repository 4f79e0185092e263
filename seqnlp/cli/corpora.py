"""`seqnlp corpora`: what ships, what can be fetched, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from seqnlp.readers import Reader
    from seqnlp.readers.local import LocalCorpus

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
        list[str], typer.Argument(help="Files, folders, names of corpora, or recipes: the splits of one.")
    ],
    reader: Annotated[
        str | None,
        typer.Option(help='How to read them: a kind, or a table such as \'{kind="columns", names=["word", "tag"]}\'.'),
    ] = None,
    tokens: Annotated[str | None, typer.Option(help="The column of tokens; by default the likeliest.")] = None,
    into: Into = Path("corpora"),
    as_json: AsJson = False,
) -> None:
    """Describe corpora: sequences, lengths, labels, the share of words that train lacks; or series of numbers."""
    import json
    from dataclasses import asdict

    from seqnlp.cli.corpus_tables import show_descriptions, show_series
    from seqnlp.readers import Series
    from seqnlp.readers.describe import describe
    from seqnlp.readers.describe_series import describe_series
    from seqnlp.readers.local import open_corpus

    chosen = parse_reader(reader) if reader is not None else None
    for number, target in enumerate(targets):
        corpus = of_recipe(target, into) if chosen is None else None
        corpus = corpus or open_corpus(target, into, chosen)
        splits = {split: corpus.reader.load(place) for split, place in corpus.splits.items()}
        if not as_json:
            typer.echo(f"{'' if number == 0 else chr(10)}{target}")
        plain: dict[str, Any]
        if isinstance(corpus.reader, Series):
            series = {split: describe_series(dataset) for split, dataset in splits.items()}
            plain = {split: [asdict(each) for each in found] for split, found in series.items()}
        else:
            descriptions = describe(splits, tokens)
            plain = {split: asdict(description) for split, description in descriptions.items()}
        if as_json:
            typer.echo(json.dumps({"corpus": target, "splits": plain}, ensure_ascii=False))
        elif isinstance(corpus.reader, Series):
            show_series(series)
        else:
            show_descriptions(descriptions)


def of_recipe(target: str, into: Path) -> LocalCorpus | None:
    """What a recipe trains on, if this is one: a .toml file, or a bare name that no corpus has."""
    from seqnlp.readers.catalogue import CATALOGUE
    from seqnlp.readers.local import LocalCorpus, shipped_corpora
    from seqnlp.recipe import find_recipe, known_recipes

    is_corpus = target in CATALOGUE or target in shipped_corpora() or Path(target).exists() or (into / target).exists()
    if not target.endswith(".toml") and (is_corpus or target not in known_recipes()):
        return None
    from seqnlp.recipe import load_recipe
    from seqnlp.recipe.paths import path_resolver
    from seqnlp.tasks.registry import import_tasks

    import_tasks()
    path = find_recipe(target)
    data, find = load_recipe(path).data, path_resolver(path)
    return LocalCorpus(data.reader, {split: data.reader.locate(source, find) for split, source in data.splits.items()})


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
