"""State of the application from one start to the next: theme, last screen, order of the runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, final
from weakref import WeakKeyDictionary

from seqnlp.cache import state_folder
from seqnlp.errors import DataError, RunError
from seqnlp.run.files import read_json, saving, write_json

VERSION = 1
"""Version of the file; that of a later one is left alone."""

MAX_FOLDERS = 200
"""Folders of runs that are known; those that were used longest ago go first."""


@final
@dataclass
class Remembered:
    """State that a start finds again, saved with each change.

    Two applications may be open: each reads the file before it writes its own part.
    """

    file: Path | None = None
    """None: nothing is kept."""
    root: str = ""
    """The folder of runs, absolute."""
    theme: str = ""
    """Name of the theme that was chosen last; empty if none was."""
    screen: tuple[str, ...] = ()
    """Last screen: `run`, `watch` or `compare` with its runs, relative to the folder; `train`; none for the runs."""
    sort: str = ""
    """Order of the runs, `score` or `-score`; empty if none was chosen."""
    notes: list[str] = field(default_factory=list)
    """Notes for the user; whoever shows them clears the list."""

    @classmethod
    def read(cls, root: Path, file: Path | None = None) -> Self:
        """Read the state; a damaged file counts as none, which is noted.

        Args:
            root: The folder of runs.
            file: By default the user's.
        """
        found = cls(file or state_folder() / "tui.json", str(root.resolve()))
        data = found._data()
        of_root = data.get("folders", {}).get(found.root, {})
        found.theme = str(data.get("theme", ""))
        screen = of_root.get("screen", [])
        found.screen = tuple(map(str, screen)) if isinstance(screen, list) else ()
        found.sort = str(of_root.get("sort", ""))
        return found

    def keep(self, *, theme: str | None = None, screen: tuple[str, ...] | None = None, sort: str | None = None) -> None:
        """Save changes; None leaves a value as it is."""
        before = (self.theme, self.screen, self.sort)
        self.theme = self.theme if theme is None else theme
        self.screen = self.screen if screen is None else screen
        self.sort = self.sort if sort is None else sort
        if (self.theme, self.screen, self.sort) == before or self.file is None:
            return
        data = self._data()
        if data.get("version", VERSION) > VERSION:
            return
        known = data.get("folders", {})
        folders = {name: value for name, value in known.items() if name != self.root}
        own = dict(known.get(self.root, {}))
        own |= {} if screen is None else {"screen": list(screen)}
        own |= {} if sort is None else {"sort": sort}
        latest = dict([*folders.items(), (self.root, own)][-MAX_FOLDERS:])
        chosen = str(data.get("theme", "")) if theme is None else theme
        try:
            with saving(self.file, "keeping the state of the application"):
                self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_json(self.file, {"version": VERSION, "theme": chosen, "folders": latest})
        except DataError as error:
            self.notes.append(f"Theme and screen are not kept: {error}")
            self.file = None  # told once

    def keep_screen(self, kind: str, *runs: str) -> None:
        """Save the last screen; one of runs outside of the folder is not kept."""
        names = tuple(os.path.relpath(run, self.root) for run in runs) if self.root else runs
        if not any(name.startswith("..") for name in names):
            self.keep(screen=(kind, *names) if kind else ())

    def _data(self) -> Mapping[str, Any]:
        """Contents of the file; nothing if there is none, or it is damaged."""
        if self.file is None:
            return {}
        try:
            data = read_json(self.file)
        except RunError as error:
            if self.file.exists():
                self.notes.append(f"{error}; it is replaced")
            return {}
        folders, version = data.get("folders", {}), data.get("version")
        right = isinstance(version, int) and isinstance(folders, dict)
        if not right or not all(isinstance(each, dict) for each in folders.values()):
            self.notes.append(f"{self.file}: damaged, so it is replaced")
            return {}
        return data


_REMEMBERED: WeakKeyDictionary[object, Remembered] = WeakKeyDictionary()


def remember(app: object, remembered: Remembered) -> None:
    """Set the state of an application."""
    _REMEMBERED[app] = remembered


def remembered_of(app: object) -> Remembered:
    """State of an application; one that is kept nowhere if none was set."""
    return _REMEMBERED.setdefault(app, Remembered())
