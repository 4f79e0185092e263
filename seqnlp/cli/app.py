"""The program `seqnlp`. Heavy imports are deferred to the commands that need them."""

import os
import sys
from functools import partial
from typing import Annotated, NoReturn

import typer

from seqnlp.cli import (
    annotate,
    classify,
    config,
    corpora,
    errors,
    evaluate,
    forecast,
    generate,
    help,
    init,
    predict,
    probe,
    recipes,
    runs,
    search,
    segment,
    tag,
    train,
    transcribe,
    translate,
    tui,
)
from seqnlp.cli.progress import stderr_console
from seqnlp.errors import OutOfMemory, RecipeError, SeqnlpError
from seqnlp.notes import notes_to
from seqnlp.terminal_text import flush_output, guard_streams, open_streams

app = typer.Typer(
    name="seqnlp",
    help="Label and transform sequences: train a model from a recipe, score it, use it.",
    epilog="Start with: seqnlp train pos_gru; with a file of your own: seqnlp init FILE. Read: seqnlp help.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(init.init)
app.command("train")(train.train)
app.command("search")(search.search)
app.command("evaluate")(evaluate.evaluate)
app.command("errors")(errors.errors)
app.command("predict")(predict.predict)
app.command("tag")(tag.tag)
app.command("classify")(classify.classify)
app.command("generate")(generate.generate)
app.command("forecast")(forecast.forecast)
app.command("score")(generate.score)
app.command("probe")(probe.probe)
app.command("segment")(segment.segment)
app.command("annotate")(annotate.annotate)
app.command("translate")(translate.translate)
app.command("transcribe")(transcribe.transcribe)
app.command("tui")(tui.tui)
app.command("help")(help.show_help)
app.add_typer(recipes.app, name="recipes")
app.add_typer(corpora.app, name="corpora")
app.add_typer(runs.app, name="runs")
app.add_typer(config.app, name="config")


def _version(requested: bool) -> None:
    if requested:
        from seqnlp.version import VERSION

        typer.echo(f"seqnlp {VERSION}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line; a user's error ends in one message and an exit code."""
    # numpy multiplies where text is generated: step by step, so that threads would wait for each other most of the time
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    open_streams()
    guard_streams()
    try:
        with notes_to(partial(print, "note:", file=sys.stderr)):
            _run()
    except SeqnlpError as error:
        _show(error)
        _leave(error.code)
    except (MemoryError, RuntimeError) as error:
        out_of_memory = OutOfMemory.from_exception(error)
        if out_of_memory is None:
            raise
        _show(OutOfMemory(f"{out_of_memory}; a smaller model, or smaller batches, need less"))
        _leave(out_of_memory.code)
    except BrokenPipeError:  # the reader of our output has gone, which is its right
        _leave(0)
    except KeyboardInterrupt:
        _leave(130)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        print(f"error: {name}{error.strerror or error}", file=sys.stderr)
        _leave(4)
    _leave(0)


def _leave(code: int) -> NoReturn:
    flush_output()  # at exit Python would retry a failed write, with a traceback
    sys.exit(code)


def _run() -> None:
    try:
        app()
    except SystemExit as leaving:  # typer ends so, also where the reader of our output has gone
        if isinstance(leaving.__context__, BrokenPipeError):
            raise leaving.__context__ from None
        sys.stdout.flush()  # here, as errors after main has returned are not caught
        raise


def _show(error: SeqnlpError) -> None:
    if isinstance(error, RecipeError):
        from seqnlp.cli.faults import show_faults

        show_faults(error, stderr_console())
    else:
        print(f"error: {error}", file=sys.stderr)
