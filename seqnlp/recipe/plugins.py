"""Plugins: Python files of the user, `plugins = ["highway.py"]`, imported for the components they define.

Those that a run carries are run only with the user's consent (`seqnlp.recipe.consent`). Every file is read once: the
bytes that were consented to are those that are run, and no cache of compiled files is read or written.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from seqnlp.errors import Fault, RecipeError, UntrustedPlugin
from seqnlp.recipe import consent
from seqnlp.recipe.document import Document
from seqnlp.spelling import did_you_mean


@dataclass(frozen=True)
class Plugin:
    """A plugin as it was read."""

    path: Path
    content: bytes
    place: str
    """Place in the recipe that names it."""
    foreign: bool
    """A run carries it."""

    @property
    def module(self) -> str:
        """Name of its module; the same bytes are the same module, wherever they lie."""
        return f"seqnlp_plugin_{self.path.stem}_{sha256(self.content).hexdigest()[:16]}"


_imported: dict[str, Plugin] = {}
"""Plugins of the last recipe that had others than the one before, by path."""


def import_plugins(document: Document, trust: bool = False) -> None:
    """Import each plugin of a recipe; if they are those of the last one, nothing is run again.

    Args:
        document: The recipe.
        trust: The user consents to the plugins of a run, which is remembered.

    Raises:
        UntrustedPlugin: a plugin of a run to which the user has not consented; nothing was run.
        RecipeError: with a fault for each plugin that is missing or fails, at the line that failed.
    """
    names = document.data.get("plugins")
    if not isinstance(names, list):
        return
    plugins, faults = [], []
    for index, name in enumerate(names):
        if isinstance(name, str):
            path, place = _absolute(name), str(document.place(("plugins", index)))
            found = _read(path, place, foreign=name in document.foreign_plugins)
            plugins += [found] if isinstance(found, Plugin) else []
            faults += [found] if isinstance(found, Fault) else []
    if faults:
        raise RecipeError(faults)
    _ask([plugin for plugin in plugins if plugin.foreign], trust)
    if {plugin.module for plugin in plugins} <= {plugin.module for plugin in _imported.values()}:
        _imported.update({str(plugin.path): plugin for plugin in plugins})
        return
    _imported.clear()  # all are run: another recipe's plugins may have defined the same kinds in between
    if faults := [fault for plugin in plugins if (fault := _run(plugin))]:
        raise RecipeError(faults)
    _imported.update({str(plugin.path): plugin for plugin in plugins})


def _absolute(name: str) -> Path:
    """Absolute path of a plugin; one that `--set` names is relative to the working directory."""
    return Path(os.path.expanduser(name)).absolute()


def copies(paths: Iterable[str]) -> dict[str, bytes]:
    """Bytes of imported plugins by the file names of their copies.

    Args:
        paths: `plugins` of the recipe that was loaded last.
    """
    named: dict[str, bytes] = {}
    for path in paths:
        content, stem, number = _imported[str(_absolute(path))].content, Path(path).stem, 1
        name = f"{stem}.py"
        while named.setdefault(name, content) != content:  # two files of the same name
            number += 1
            name = f"{stem}_{number}.py"
    return named


def _ask(plugins: list[Plugin], trust: bool) -> None:
    """Refuse plugins without consent; nothing is run before."""
    if trust:
        for plugin in plugins:
            consent.remember(plugin.content, plugin.path)
        return
    strange = [plugin.path for plugin in plugins if not consent.is_trusted(plugin.content)]
    if strange:
        others = f" (and {', '.join(path.name for path in strange[1:])})" if len(strange) > 1 else ""
        raise UntrustedPlugin(
            f"this run brings Python of its own{others}, which was not run: read it, and if you trust it, "
            "say so with --trust, as in `seqnlp tui RUN --trust` (trust=True in Python)",
            strange[0],
        )


def _read(path: Path, place: str, foreign: bool) -> Plugin | Fault:
    """Read a plugin, once: what is hashed here is what is run."""
    if path.suffix != ".py":
        return Fault("plugins", f"expected a Python file, found {path}", "", place)
    if not path.is_file():
        hint = did_you_mean(path.name, (file.name for file in path.parent.glob("*.py")))
        return Fault("plugins", f"there is no file {path}", hint, place)
    try:
        return Plugin(path, path.read_bytes(), place, foreign)
    except OSError as error:
        return Fault("plugins", f"can't read {path}: {error.strerror}", "", place)


def _run(plugin: Plugin) -> Fault | None:
    """Run a plugin as a module."""
    path = plugin.path
    spec = spec_from_file_location(plugin.module, path)
    assert spec is not None
    sys.modules[plugin.module] = module = module_from_spec(spec)
    try:
        # Not by the loader: it would read the file again, and its cache ignores a change within the same second.
        exec(compile(plugin.content, path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:  # any error of a user's file
        del sys.modules[plugin.module]
        message = f"this plugin failed: {type(error).__name__}: {error}"
        return Fault("plugins", message, f"named at {plugin.place}", f"{path}:{_line(error, path)}")
    return None


def _line(error: BaseException, path: Path) -> int:
    """Line of the plugin that raised an error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 1 for frame in reversed(frames) if frame.filename == str(path)), 1)
