"""`seqnlp errors`."""

from pathlib import Path
from typing import Annotated

import typer

from seqnlp.errors import DataError, UsageError


def errors(
    run: Annotated[Path, typer.Argument(help="A run directory, for instance runs/pos_gru.")],
    split: Annotated[str, typer.Option(help="Which split of the run's corpus: train, dev or test.")] = "test",
    data: Annotated[Path | None, typer.Option(help="Another file to look at, of the same kind as the corpus.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--svg", "--plot", help="Also draw the confusion matrix into this SVG file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with everything.")] = False,
) -> None:
    """Show what a run gets wrong: confusions with examples, words never seen, and how sure it may be."""
    import json
    from dataclasses import asdict

    if plot is not None and plot.suffix.lower() != ".svg":
        raise UsageError(f"--svg {plot}: expected a file that ends in .svg")

    from seqnlp.analysis import analyse
    from seqnlp.cli.confusion_svg import draw
    from seqnlp.cli.error_tables import show_report
    from seqnlp.cli.tables import stdout_console

    reports = analyse(run, split, data)
    source = split if data is None else str(data)
    if as_json:
        columns = {name: asdict(report) for name, report in reports.items()}
        typer.echo(json.dumps({"run": str(run), "split": source, "columns": columns}, ensure_ascii=False))
    else:
        console = stdout_console()
        for name, report in reports.items():
            show_report(console, f"{source}  {name}", report)
    if plot is not None:
        try:
            plot.write_text(draw(f"{run.name}, {source}", reports), encoding="utf-8")
        except OSError as error:
            raise DataError(error.strerror or str(error), plot) from None
