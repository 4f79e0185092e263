"""Settings of a recipe in Python, validated as a recipe file is."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seqnlp.errors import DataError
from seqnlp.recipe import RecipeSource, settings_toml
from seqnlp.tasks.registry import import_tasks


class RecipeSettings(Mapping[str, Any], ABC):
    """Settings of a recipe: a mapping from its sections, as plain values, for `seqnlp.train`."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Validate settings; the section `[data]` need not name any data.

        Raises:
            seqnlp.errors.RecipeError: with every fault; its key is its place.
        """
        import_tasks()
        source = RecipeSource.of(settings)
        source.load()
        self._settings = source.named().data

    def __getitem__(self, key: str) -> Any:
        return self._settings[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings!r})"

    def to_toml(self) -> str:
        """Recipe file with these settings."""
        return settings_toml(self._settings)

    def save(self, path: str | Path) -> None:
        """Write a recipe file; one that is there is replaced.

        Raises:
            seqnlp.errors.DataError: it can't be written.
        """
        try:
            Path(path).write_text(self.to_toml(), encoding="utf-8")
        except OSError as error:
            raise DataError(f"can't be written: {error.strerror or error}", path) from None
