"""The program `seqnlp`. Heavy imports are deferred to the commands that need them."""

import atexit
import gc
import os
import sys
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer

from seqnlp.errors import OutOfMemory, RecipeError, SeqnlpError
from seqnlp.notes import notes_to
from seqnlp.terminal_text import flush_output, guard_streams, open_streams

COMMANDS = {
    "init": "init:init",
    "train": "train:train",
    "search": "search:search",
    "evaluate": "evaluate:evaluate",
    "errors": "errors:errors",
    "predict": "predict:predict",
    "tag": "tag:tag",
    "classify": "classify:classify",
    "generate": "generate:generate",
    "forecast": "forecast:forecast",
    "score": "generate:score",
    "probe": "probe:probe",
    "segment": "segment:segment",
    "annotate": "annotate:annotate",
    "translate": "translate:translate",
    "transcribe": "transcribe:transcribe",
    "tui": "tui:tui",
    "help": "help:show_help",
    "recipes": "recipes:app",
    "corpora": "corpora:app",
    "runs": "runs:app",
    "config": "config:app",
}
"""Files of `seqnlp.cli`, with the function of a command or the Typer of a group of them, in the order of the help."""

YOUNG_OBJECTS = 50_000
"""Objects after which Python looks for garbage: a start makes hundreds of thousands, nearly all of which stay."""


def _version(requested: bool) -> None:
    if requested:
        from seqnlp.version import VERSION

        typer.echo(f"seqnlp {VERSION}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def __getattr__(name: str) -> typer.Typer:
    """Make `app`, the program with all commands, when it is asked for: one command needs none of the others."""
    if name != "app":
        raise AttributeError(f"module 'seqnlp.cli.app' has no attribute {name!r}")
    return _program(COMMANDS)


def _program(names: Iterable[str]) -> typer.Typer:
    """Import commands, and make the program of them."""
    app = typer.Typer(
        name="seqnlp",
        help="Label and transform sequences: train a model from a recipe, score it, use it.",
        epilog="Start with: seqnlp train pos_gru; with a file of your own: seqnlp init FILE. Read: seqnlp help.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in names:
        file, _, attribute = COMMANDS[name].partition(":")
        command: Any = getattr(import_module(f"seqnlp.cli.{file}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def main() -> NoReturn:
    """Run the command line; a user's error ends in one message and an exit code."""
    gc.set_threshold(YOUNG_OBJECTS)
    atexit.register(gc.freeze)  # at its exit Python would search all objects for garbage, which takes half a second
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
    named = sys.argv[1:2]
    if sys.argv[1:] == ["tui"]:  # Typer would import pydantic to read no options, for a tenth of the first paint
        _open_tui()
    try:
        _program([*named] if COMMANDS.keys() & named else COMMANDS)()
    except SystemExit as leaving:  # typer ends so, also where the reader of our output has gone
        if isinstance(leaving.__context__, BrokenPipeError):
            raise leaving.__context__ from None
        sys.stdout.flush()  # here, as errors after main has returned are not caught
        raise


def _open_tui() -> None:
    from seqnlp.cli.tui import tui

    try:
        tui()
    except typer.Exit as leaving:
        sys.exit(leaving.exit_code)


def _show(error: SeqnlpError) -> None:
    if isinstance(error, RecipeError):
        from seqnlp.cli.faults import show_faults
        from seqnlp.cli.progress import stderr_console

        show_faults(error, stderr_console())
    else:
        print(f"error: {error}", file=sys.stderr)
