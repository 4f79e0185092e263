"""`seqnlp errors`."""

from pathlib import Path
from typing import Annotated

import typer

from seqnlp.cli.pictures import picture_option
from seqnlp.plots.files import write_pictures


def errors(
    run: Annotated[Path, typer.Argument(help="A run directory, for instance runs/pos_gru.")],
    split: Annotated[str, typer.Option(help="Which split of the run's corpus: train, dev or test.")] = "test",
    data: Annotated[Path | None, typer.Option(help="Another file to look at, of the same kind as the corpus.")] = None,
    pictures: Annotated[list[Path] | None, picture_option("Also draw the confusion matrix", "--plot")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object with everything.")] = False,
) -> None:
    """Show what a run gets wrong: confusions with examples, words never seen, and how sure it may be."""
    import json
    from dataclasses import asdict

    from seqnlp.cli.error_tables import show_report
    from seqnlp.cli.tables import stdout_console
    from seqnlp.plots.confusion_svg import draw
    from seqnlp.tasks.error_analysis import analyse

    reports = analyse(run, split, data)
    source = split if data is None else str(data)
    if as_json:
        columns = {name: asdict(report) for name, report in reports.items()}
        typer.echo(json.dumps({"run": str(run), "split": source, "columns": columns}, ensure_ascii=False))
    else:
        console = stdout_console()
        for name, report in reports.items():
            show_report(console, f"{source}  {name}", report)
    if pictures:
        write_pictures(pictures, draw(f"{run.name}, {source}", reports))
