"""The program `seqnlp`. Heavy imports are deferred to the commands that need them."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from seqnlp.errors import OutOfMemory, RecipeError, SeqnlpError
from seqnlp.notes import notes_to
from seqnlp.terminal_text import flush_output, guard_streams, open_streams

if TYPE_CHECKING:
    import typer

YOUNG_OBJECTS = 50_000
"""Objects after which Python looks for garbage: a start makes hundreds of thousands, nearly all of which stay."""


def __getattr__(name: str) -> typer.Typer:
    """Make `app`, the program with all commands, when it is asked for: one command needs none of the others."""
    if name != "app":
        raise AttributeError(f"module 'seqnlp.cli.app' has no attribute {name!r}")
    from seqnlp.cli.program import program

    return program()


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
    words = sys.argv[1:]
    if words == ["tui"]:  # Typer and pydantic would read no options, for an eighth of the time to the first paint
        from seqnlp.cli.terminal import open_application

        _leave(open_application(Path("runs")))
    from seqnlp.cli.program import COMMANDS, program

    try:
        alone = words and words[0] in COMMANDS and words[0] != "help"  # help tells of all commands
        program(words[:1] if alone else COMMANDS)()
    except SystemExit as leaving:  # typer ends so, also where the reader of our output has gone
        if isinstance(leaving.__context__, BrokenPipeError):
            raise leaving.__context__ from None
        sys.stdout.flush()  # here, as errors after main has returned are not caught
        raise


def _show(error: SeqnlpError) -> None:
    if isinstance(error, RecipeError):
        from seqnlp.cli.faults import show_faults
        from seqnlp.cli.progress import stderr_console

        show_faults(error, stderr_console())
    else:
        print(f"error: {error}", file=sys.stderr)
