"""Predictions beside the data: records of the input, written with columns added."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, cast

import typer

from seqnlp.cli.inputs import ENDINGS, REFUSED
from seqnlp.cli.progress import track
from seqnlp.cli.workers import Predict, WorkerPool, note_reused, predicted_blocks
from seqnlp.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from seqnlp.records import Added, Block, Records, Values, Writer

Out = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        metavar="<path>",
        help="Write the input with the predictions in columns of their own, in the format of this ending: that of the "
        "input, or .jsonl.",
    ),
]
Beside = Annotated[
    bool, typer.Option("--beside", help="The same to standard output, in the input's format; with --json JSON lines.")
]
ColumnPrefix = Annotated[
    str, typer.Option("--column-prefix", metavar="<str>", help="With them: the beginning of the new columns' names.")
]
Force = Annotated[bool, typer.Option("--force", help="With --out: overwrite an existing file.")]

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".arrow": "arrow",
}
"""Format of a file that is written, by its ending."""
PARTIAL = ".partial"
"""Ending of the folder beside a file that is not complete, with what `--workers` has predicted."""


@dataclass(frozen=True)
class Destination:
    """Options that tell where records with predictions go."""

    out: Path | None
    beside: bool
    prefix: str
    force: bool
    as_json: bool
    workers: int | None = None

    def is_wanted(self, file: Path | None) -> bool:
        """True if records are to be written.

        Args:
            file: The input, which is no place for the output.

        Raises:
            seqnlp.errors.UsageError: options that contradict each other; a file that must not be written.
        """
        if self.out is None:
            for option, given in (("--force", self.force), ("--column-prefix", self.prefix and not self.beside)):
                if given:
                    raise UsageError(f"{option} goes with --out" + (" or --beside" * (option != "--force")))
            if self.workers is not None and not self.beside:
                raise UsageError("--workers goes with --out or --beside")
            return self.beside
        if self.beside or self.as_json:
            hint = ": choose one" if self.beside else ": --out FILE.jsonl writes JSON lines"
            raise UsageError(f"--out and {'--beside' if self.beside else '--json'} contradict each other{hint}")
        if self.out.is_dir():
            raise UsageError(f"--out {self.out}: this is a folder; name a file in it")
        if file is not None and file.exists() and self.out.exists() and self.out.samefile(file):
            raise UsageError(f"--out {self.out}: this is the input itself; name another file")
        if self.out.is_file() and not self.force:
            raise UsageError(f"--out {self.out}: there is a file already; overwrite it with --force, or name another")
        return True

    @property
    def partial(self) -> Path | None:
        """Folder of what several processes have predicted until the file is complete."""
        return None if self.out is None else self.out.with_name(self.out.name + PARTIAL)

    @property
    def extension(self) -> str:
        """Ending of the file, without `.gz`; empty for standard output."""
        return "" if self.out is None else Path(self.out.name.lower().removesuffix(".gz")).suffix

    def is_json_lines(self, what: str, own: Collection[str]) -> bool:
        """True if sentences are to be written as JSON Lines.

        Args:
            what: Name of the format.
            own: Its endings.

        Raises:
            seqnlp.errors.UsageError: another format is to be written.
        """
        found = FORMATS.get(self.extension)
        known = self.extension in ENDINGS or self.extension in REFUSED
        if known and found != "jsonl" and self.extension not in own:
            expected = ", ".join([*own, ".jsonl"])
            raise UsageError(f"--out {self.out}: the input is {what}; expected {expected}")
        return (self.as_json and self.beside) or found == "jsonl"

    def ending(self) -> str:
        """Ending of the file, as `extension`.

        Raises:
            seqnlp.errors.UsageError: that of a format that is not written.
        """
        ending = self.extension
        if ending in REFUSED or (ending in ENDINGS and ending not in FORMATS):
            what = REFUSED.get(ending, f"a {ending} file, which has a word on each line and no column for this")
            raise UsageError(f"--out {self.out}: this is {what}; expected {', '.join(FORMATS)}")
        return ending

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """Open the file, or standard output; the file is there once all is written.

        Raises:
            seqnlp.errors.DataError: it cannot be written.
        """
        from seqnlp.run.files import replacing, saving

        if self.out is None:
            sys.stdout.flush()
            yield cast("IO[bytes]", sys.stdout.buffer)
            return
        target = self.out.resolve() if self.out.is_symlink() else self.out
        special = target.exists() and not target.is_file()  # a pipe or a device keeps its place
        try:
            with saving(target), target.open("wb") if special else replacing(target) as file:
                if target.suffix.lower() == ".gz":
                    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as compressed:
                        yield cast("IO[bytes]", compressed)
                else:
                    yield file
        except KeyboardInterrupt:
            raise Interrupted(f"interrupted; {self.out} was not written") from None


def write_beside(
    records: Records[Any],
    destination: Destination,
    columns: Callable[[bool], Sequence[Added]],
    predict: Predict,
    verb: str,
    observe: Callable[[Any, Values], None] = lambda text, values: None,
) -> None:
    """Write records with predictions beside them.

    Notes count the records without a prediction.

    Args:
        records: The records.
        destination: Where they go.
        columns: Gives the added columns; called with True where the records hold words instead of texts.
        predict: Predicts for some texts.
        verb: Name of the work, for its progress and in messages: classify.
        observe: Called with each text and its added values.

    Raises:
        seqnlp.errors.SeqnlpError: what the records, the destination and the predictor raise.
        seqnlp.errors.Interrupted: the user has pressed Ctrl-C; the file was not written.
    """
    kind, blocks = written_format(records, destination), records.blocks()
    done, empty, first_empty = 0, 0, 0
    with destination.opened() as out, _predicting(predict, destination, records) as predicted_blocks:
        first = next(blocks, None)
        words = first is not None and any(isinstance(text, list) for text in first.texts)
        added = [replace(column, prefix=destination.prefix) for column in columns(words)]
        writer = writer_of(kind, records, out, added)
        quiet = destination.out is None and sys.stdout.isatty()
        try:
            with track(f"{verb} {records.source}", records.total, quiet=quiet) as advance:
                for block, values in predicted_blocks(chain(() if first is None else (first,), blocks)):
                    for text, own in zip(block.texts, values, strict=True):
                        observe(text, own)
                    missing = [number for number, own in enumerate(values, done + 1) if own is None]
                    empty, first_empty = empty + len(missing), first_empty or next(iter(missing), 0)
                    writer.write(block, values)
                    done += len(values)
                    advance(block.size)
        except KeyboardInterrupt:
            writer.abandon()
            if destination.out and destination.workers:  # more is predicted than written
                left = f"; {destination.out} was not written, and the same command goes on from there"
                raise Interrupted(f"interrupted in {records.source}{left}") from None
            left = f"; {destination.out} was not written" if destination.out else ""
            raise Interrupted(f"interrupted after {_counted(done, records.unit)} of {records.source}{left}") from None
        except BaseException:
            writer.abandon()
            raise
        writer.close()
    if not done:
        print(f"note: {records.source} has no {records.unit}s: nothing to {verb}", file=sys.stderr)
    if empty:
        unit = records.unit
        first_one = f"the first of them {unit} {first_empty:,}" if empty > 1 else f"{unit} {first_empty:,}"
        print(f"note: no prediction for {_counted(empty, unit)} without words, {first_one}", file=sys.stderr)
    if destination.out is not None:
        names = ", ".join(column.name for column in added)
        print(f"{destination.out}: {_counted(done, records.unit)}, with {names}", file=sys.stderr)


@contextmanager
def _predicting(
    predict: Predict, destination: Destination, records: Records[Any]
) -> Iterator[Callable[[Iterable[Block]], Iterator[tuple[Block, list[Values]]]]]:
    """Give the function that predicts for blocks: in this process, or in others."""
    if destination.workers is None:
        yield partial(predicted_blocks, predict)
        return
    pool, complete = WorkerPool(predict, destination.workers, destination.partial), False
    try:
        yield pool.predicted_blocks
        complete = True
    finally:
        pool.close(complete)
    note_reused(pool, records.source, records.unit)


def written_format(records: Records[Any], destination: Destination) -> str:
    """Format that records are written in: `same`, csv, tsv or jsonl.

    Raises:
        seqnlp.errors.UsageError: a format that these records cannot be written in.
    """
    ending = destination.ending()
    wanted = "jsonl" if destination.as_json else FORMATS.get(ending, records.format)
    tables = ("csv", "tsv")
    if wanted == records.format or (records.format in tables and wanted in tables and records.source.endswith(ending)):
        if destination.out is None and wanted in ("parquet", "arrow"):
            raise UsageError(f"{records.source} is {wanted}, which is no text: name a file with --out, or add --json")
        return "same"
    if wanted == "jsonl" or (wanted in tables and records.format in ("", *tables)):
        return wanted
    found = records.format or "lines"
    possible = {"jsonl", records.format, *(tables if records.format in ("", *tables) else ())}
    expected = [ending for ending, kind in FORMATS.items() if kind in possible]
    raise UsageError(f"--out {destination.out}: {found} cannot be written as {wanted}; expected {', '.join(expected)}")


def writer_of(kind: str, records: Records[Any], out: IO[bytes], added: Sequence[Added]) -> Writer[Any]:
    """Writer of a format of `written_format`."""
    from seqnlp.records import JsonLinesWriter, TableWriter
    from seqnlp.records.encoded import encoded

    if kind == "same":
        return records.writer(encoded(out, records.encoding), added)
    if kind == "jsonl":
        return JsonLinesWriter(records, out, added)
    return TableWriter(records, out, added, "\t" if kind == "tsv" else ",")


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"
