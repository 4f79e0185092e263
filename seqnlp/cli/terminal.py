"""The terminal application in this terminal, opened without Typer."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seqnlp.errors import RunError, SeqnlpError, UsageError

if TYPE_CHECKING:
    from seqnlp.run.summary import Summary


def check_folder(runs: Path) -> None:
    """Check that a folder of runs is none, or a folder.

    Raises:
        seqnlp.errors.RunError: it is a file.
    """
    if runs.exists() and not runs.is_dir():
        raise RunError("expected a folder of runs, found a file", runs)


def open_application(runs: Path, opened: Summary | None = None) -> int:
    """Run the terminal application to its end.

    Args:
        runs: The folder that holds the runs.
        opened: Run that is opened at once.

    Returns:
        The exit code.

    Raises:
        seqnlp.errors.UsageError: standard input or output is no terminal.
        seqnlp.errors.SeqnlpError: the configuration is faulty; or it crashed, with the place of the traceback.
    """
    check_folder(runs)
    from seqnlp.tui.configuration.load import read_configuration

    configuration = read_configuration()
    in_browser = "TEXTUAL_DRIVER" in os.environ  # started by --web
    if not in_browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("tui: expected a terminal; in a pipe use generate, tag, classify or predict")
    gc.disable()  # until home is drawn: imported modules stay anyway
    from seqnlp.service.client import ServiceClient
    from seqnlp.tui.app import SeqnlpApp
    from seqnlp.tui.configuration.remembered import Remembered

    remembered = Remembered.read(runs)
    app = SeqnlpApp(runs, ServiceClient(), opened, configuration, remembered)
    app.run()
    if traceback := app.crash.getvalue():
        from seqnlp.tui.errors import log_crash

        remembered.keep(screen=())  # the next start must not end in the same way
        raise SeqnlpError(log_crash(traceback))
    return app.return_code or 0
