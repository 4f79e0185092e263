"""Plugins: Python files of the user, `plugins = ["highway.py"]`, imported for the components they define."""

from __future__ import annotations

import os
import sys
import traceback
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from seqnlp.errors import Fault, RecipeError
from seqnlp.recipe.document import Document
from seqnlp.spelling import did_you_mean

_imported: dict[str, bytes] = {}
"""Content of each plugin at its last import, by module name."""


def import_plugins(document: Document) -> None:
    """Import each plugin of a recipe; one that was imported before, only if its file has changed.

    Raises:
        RecipeError: with a fault for each plugin that is missing or fails, at the line that failed.
    """
    names = document.data.get("plugins")
    if not isinstance(names, list):
        return
    faults = []
    for index, name in enumerate(names):
        if isinstance(name, str):
            place = str(document.place(("plugins", index)))
            fault = _import(Path(os.path.expanduser(name)).absolute(), place)
            faults += [fault] if fault else []
    if faults:
        raise RecipeError(faults)


def _import(path: Path, place: str) -> Fault | None:
    spec = spec_from_file_location(f"seqnlp_plugin_{path.stem}_{sha256(bytes(path)).hexdigest()[:8]}", path)
    if spec is None:
        return Fault("plugins", f"expected a Python file, found {path}", "", place)
    if not path.is_file():
        hint = did_you_mean(path.name, (file.name for file in path.parent.glob("*.py")))
        return Fault("plugins", f"there is no file {path}", hint, place)
    try:
        content = path.read_bytes()
    except OSError as error:
        return Fault("plugins", f"can't read {path}: {error.strerror}", "", place)
    if _imported.get(spec.name) == content:
        return None
    sys.modules[spec.name] = module = module_from_spec(spec)
    try:
        # Not by the loader: its cache ignores a change within the same second and of the same size.
        exec(compile(content, path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:  # any error of a user's file
        del sys.modules[spec.name]
        message = f"this plugin failed: {type(error).__name__}: {error}"
        return Fault("plugins", message, f"named at {place}", f"{path}:{_line(error, path)}")
    _imported[spec.name] = content
    return None


def _line(error: BaseException, path: Path) -> int:
    """Line of the plugin that raised an error."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno or 1 for frame in reversed(frames) if frame.filename == str(path)), 1)
