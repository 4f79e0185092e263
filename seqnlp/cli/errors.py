"""`seqnlp errors`."""

from pathlib import Path
from typing import Annotated

import typer

from seqnlp.cli.pictures import check_picture, write_picture


def errors(
    run: Annotated[Path, typer.Argument(help="A run directory, for instance runs/pos_gru.")],
    split: Annotated[str, typer.Option(help="Which split of the run's corpus: train, dev or test.")] = "test",
    data: Annotated[Path | None, typer.Option(help="Another file to look at, of the same kind as the corpus.")] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--svg", "--png", "--plot", help="Also draw the confusion matrix into this file, .svg or .png."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with everything.")] = False,
) -> None:
    """Show what a run gets wrong: confusions with examples, words never seen, and how sure it may be."""
    import json
    from dataclasses import asdict

    if plot is not None:
        check_picture(plot)

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
        write_picture(plot, draw(f"{run.name}, {source}", reports))
