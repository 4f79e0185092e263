"""`seqnlp corpora`: list, fetch and describe corpora."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqnlp.cli import corpora_cache
from seqnlp.cli.common import Trust
from seqnlp.cli.progress import track
from seqnlp.cli.tables import print_table, stdout_console
from seqnlp.errors import UsageError
from seqnlp.json_text import to_json
from seqnlp.notes import notes_to
from seqnlp.tasks.registry import import_tasks
from seqnlp.terminal_text import print_path

if TYPE_CHECKING:
    from seqnlp.readers import Reader
    from seqnlp.readers.describe import Description, Lengths, SeriesDescription
    from seqnlp.readers.local import Listing, LocalCorpus

app = typer.Typer(help="List, fetch and describe corpora.", no_args_is_help=True)
app.add_typer(corpora_cache.app, name="cache")

Into = Annotated[Path, typer.Option("--into", help="The folder of corpora.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]

BAR = 40
"""Characters of the longest bar of a histogram."""
BLOCKS: tuple[str, ...] = ("", *"▏▎▍▌▋▊▉█")
"""Parts of a block, by the number of eighths."""
LEAST_SHARE = 0.001
"""Smallest share that is written as a number."""
SHOWN_LABELS = 20
"""Labels of a column in the table, at most."""
SIZES = ("sequences", "tokens", "types", "min", "median", "mean", "p95", "max", "unseen")


@app.command("ls")
def ls(into: Into = Path("corpora"), as_json: AsJson = False) -> None:
    """List shipped corpora, and public ones that can be fetched."""
    from seqnlp.readers.local import list_corpora

    listings = list_corpora(into)
    if as_json:
        typer.echo(to_json(listings, default=asdict))
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
    """Download a public corpus and verify it; an interrupted download is resumed."""
    from seqnlp.readers.catalogue import CATALOGUE
    from seqnlp.readers.fetch import fetch

    done: dict[str, int] = {}
    total = CATALOGUE[name].size if name in CATALOGUE else None
    with track(f"fetching {name}", total) as advance:

        def progress(file: str, here: int, size: int) -> None:
            advance(here - done.get(file, 0))
            done[file] = here

        folder = fetch(name, into, source, progress)
    print_path(folder)


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
    trust: Trust = False,
) -> None:
    """Describe corpora: sequences, lengths, labels, out-of-vocabulary rates; or time series."""
    from seqnlp.readers import Series
    from seqnlp.readers.describe import describe, describe_series
    from seqnlp.readers.local import open_corpus

    chosen = parse_reader(reader) if reader is not None else None
    for number, target in enumerate(targets):
        corpus = of_recipe(target, into, trust) if chosen is None else None
        corpus = corpus or open_corpus(target, into, chosen)
        with notes_to(partial(print, "note:", file=sys.stderr)):
            splits = {split: corpus.reader.load(place) for split, place in corpus.splits.items()}
        if not as_json:
            typer.echo(f"{'' if number == 0 else chr(10)}{target}")
        found: dict[str, Any]
        show: Callable[[Any], None]
        if isinstance(corpus.reader, Series):
            found, show = {split: describe_series(dataset) for split, dataset in splits.items()}, show_series
        else:
            found, show = dict(describe(splits, tokens)), show_descriptions
        if as_json:
            typer.echo(to_json({"corpus": target, "splits": found}, default=asdict))
        else:
            show(found)


def of_recipe(target: str, into: Path, trust: bool = False) -> LocalCorpus | None:
    """Corpus of a recipe, if this is one: a .toml file, or a bare name that no corpus has."""
    from seqnlp.readers.catalogue import CATALOGUE
    from seqnlp.readers.local import LocalCorpus, shipped_corpora
    from seqnlp.recipe import find_recipe, known_recipes

    is_corpus = target in CATALOGUE or target in shipped_corpora() or Path(target).exists() or (into / target).exists()
    if not target.endswith(".toml") and (is_corpus or target not in known_recipes()):
        return None
    from seqnlp.recipe import load_recipe
    from seqnlp.recipe.load import path_resolver

    import_tasks()
    path = find_recipe(target)
    data, find = load_recipe(path, trust=trust).data, path_resolver(path)
    if data.streaming:
        raise UsageError(f"{path}: its train is streamed, and is no table to describe; name a shard of it, or dev")
    return LocalCorpus(data.reader, {split: data.reader.locate(source, find) for split, source in data.splits.items()})


def parse_reader(text: str) -> Reader:
    """Parse a reader from a kind or an inline TOML table.

    Raises:
        seqnlp.errors.UsageError: naming the error in it.
    """
    import tomllib

    from pydantic import TypeAdapter, ValidationError

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
        raise UsageError(f"--reader {text}: {listed}; the kinds are {', '.join(sorted(Reader.members))}") from None


def show_corpora(listings: Sequence[Listing]) -> None:
    """Print a table of shipped corpora and public ones to be fetched."""
    rows = []
    for corpus in listings:
        here = "ships" if corpus.ships else "fetched" if corpus.path else ""
        size = f"{corpus.size / 1e6:.1f} MB"
        rows.append([corpus.name, here, size, corpus.licence, corpus.description])
    print_table(stdout_console(), ["name", "here", "size", "licence", "description"], rows, left=5)


def show_descriptions(descriptions: Mapping[str, Description]) -> None:
    """Print sizes, lengths, labels and number columns of each split."""
    console = stdout_console()
    print_table(console, ["", *SIZES], [[split, *sizes(found)] for split, found in descriptions.items()])
    split, first = next(iter(descriptions.items()))
    if first.lengths is not None:
        console.print(f"\nlengths in {split}, counting {first.column}")
        for line in bars(first.lengths):
            console.print(line, soft_wrap=True)
    for name in dict.fromkeys(name for found in descriptions.values() for name in found.labels):
        console.print()
        counts = [found.labels.get(name, {}) for found in descriptions.values()]
        header = [name, *(heading for split in descriptions for heading in (split, "%"))]
        print_table(console, header, label_rows(counts))
    rows = [
        [split, name, *(f"{number:.4g}" for number in (span.minimum, span.mean, span.maximum))]
        for split, found in descriptions.items()
        for name, span in found.numbers.items()
    ]
    if rows:
        console.print()
        print_table(console, ["", "column", "min", "mean", "max"], rows, left=2)


def show_series(splits: Mapping[str, Sequence[SeriesDescription]]) -> None:
    """Print the series of each split: one line per column of numbers."""
    header = ["", "series", "column", "step", "from", "to", "rows", "missing", "min", "mean", "sd", "max"]
    rows = []
    for split, found in splits.items():
        for each in found:
            measures = (each.minimum, each.mean, each.deviation, each.maximum)
            numbers = ["" if number is None else f"{number:.4g}" for number in measures]
            counts = [f"{each.rows:,}", f"{each.missing:,}"]
            rows.append([split, each.series, each.column, each.step or "", each.first, each.last, *counts, *numbers])
    print_table(stdout_console(), header, rows, left=6)


def sizes(found: Description) -> list[str]:
    """Cells of the sizes of a split: counts, lengths and out-of-vocabulary rate."""
    unseen = "" if found.unseen is None else f"{found.unseen:.1%}"
    if (lengths := found.lengths) is None:
        return [f"{found.sequences:,}", *[""] * (len(SIZES) - 1)]
    counts = [f"{count:,}" for count in (found.sequences, found.tokens, found.types, lengths.minimum)]
    middle = [f"{lengths.median:,g}", f"{lengths.mean:,.1f}", f"{lengths.p95:,g}", f"{lengths.maximum:,}"]
    return [*counts, *middle, unseen]


def bars(lengths: Lengths) -> list[str]:
    """Histogram with a line for each range of lengths."""
    most, total = max(lengths.histogram.values()), sum(lengths.histogram.values())
    lines = []
    for start, count in lengths.histogram.items():
        label = f"{start}" if start < 2 else f"{start}-{2 * start - 1}"
        share = f"{count / total:.1%}" if count == 0 or count / total >= LEAST_SHARE else f"<{LEAST_SHARE:.1%}"
        lines.append(f"{label:>13} {bar(count / most):<{BAR}} {share:>6}")
    return lines


def bar(share: float) -> str:
    """Bar of eighths of a block; nothing for zero alone."""
    eighths = max(round(8 * BAR * share), int(share > 0))
    return BLOCKS[-1] * (eighths // 8) + BLOCKS[eighths % 8]


def label_rows(counts: Sequence[Mapping[str, int]]) -> list[list[str]]:
    """Rows of label counts and percentages in each split, most frequent first."""
    labels = list(dict.fromkeys(label for split in counts for label in split))
    rows = []
    for label in labels[:SHOWN_LABELS]:
        shares = [(split.get(label, 0), max(1, sum(split.values()))) for split in counts]
        rows.append([label or '""', *(cell for n, all_ in shares for cell in (f"{n:,}", f"{100 * n / all_:.1f}"))])
    if len(labels) > SHOWN_LABELS:
        rows.append([f"and {len(labels) - SHOWN_LABELS} more", *[""] * 2 * len(counts)])
    return rows
