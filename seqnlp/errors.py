"""Errors that a user can cause; each has the exit code of the command."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class SeqnlpError(Exception):
    """Base of the errors that a user can cause: shown as one clear message, never as a traceback."""

    code = 1


class UsageError(SeqnlpError):
    """A command or a call that contradicts itself."""

    code = 2


@dataclass(frozen=True)
class Fault:
    """One mistake in a recipe."""

    key: str
    """Dotted key, for instance `encoder.size`; empty for the file as a whole."""
    problem: str
    """Value found and the values expected."""
    hint: str = ""
    """Nearest right value, if there is one."""
    place: str = ""
    """`file:line:column`, or `--set key=value`."""

    @property
    def spot(self) -> tuple[str, int, int] | None:
        """File, line and column (0 if unknown), counted from 1; None for a place that has no lines."""
        found = re.fullmatch(r"(.+?):(\d+)(?::(\d+))?", self.place)
        return (found[1], int(found[2]), int(found[3] or 0)) if found and not self.place.startswith("--set") else None

    def __str__(self) -> str:
        parts = (self.place, self.key, self.problem)
        return ": ".join(part for part in parts if part) + (f" ({self.hint})" if self.hint else "")


class RecipeError(SeqnlpError):
    """A recipe with faults; carries every one found."""

    code = 3

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class ConfigurationError(RecipeError):
    """A configuration file with faults, told as those of a recipe are."""


class DataError(SeqnlpError):
    """A problem with a file, a corpus or the network."""

    code = 4

    def __init__(
        self,
        problem: str,
        path: str | Path | None = None,
        line: int | None = None,
        hint: str = "",
        tried: Collection[str] = (),
    ) -> None:
        """Name the problem, the file, a hint, and the places searched."""
        where = "" if path is None else f"{path}:{line}: " if line else f"{path}: "
        places = f"; tried {', '.join(tried)}" if tried else ""
        advice = f"; {hint}" if hint else ""
        super().__init__(where + problem + places + advice)
        self.problem, self.path, self.line, self.hint, self.tried = problem, path, line, hint, tried
        self.brief = where + problem + advice
        """Message without the places that were tried, for whoever has typed the name and can type another."""
        self.found = where + problem + ("" if hint else places)
        """Message without the hint; where there is one, the places that were tried tell nothing more."""

    def replace(self, *, problem: str = "", path: str | Path | None = None, hint: str = "") -> Self:
        """Copy with another problem, path or hint."""
        return type(self)(problem or self.problem, path or self.path, self.line, hint or self.hint, self.tried)


class RunError(DataError):
    """Run directory that is missing, half-written, damaged or from a newer version."""


class UntrustedPlugin(RunError):
    """Plugin of a run to which the user has not consented; nothing of it was run."""


class Diverged(SeqnlpError):
    """A training loss that is not finite."""

    code = 5


class OutOfMemory(SeqnlpError):
    """An allocation that is larger than the memory of this machine."""

    @classmethod
    def from_exception(cls, error: Exception) -> OutOfMemory | None:
        """Convert an allocation error of Python, numpy or torch; None for any other error."""
        message = str(error)
        on_gpu = re.search(r"(?:CUDA|MPS\S*|HIP).* out of memory", message) is not None
        torchs = on_gpu or "allocate memory" in message or "Storage size calculation overflowed" in message
        if not isinstance(error, MemoryError) and not torchs:
            return None
        wanted = re.search(r"tried to allocate (\d+) bytes", message)
        size = f": {int(wanted[1]) / 1e9:,.1f} GB were asked for in one piece" if wanted else ""
        if on_gpu and (piece := re.search(r"Tried to allocate ([\d.]+ \w+)", message)):
            size = f": {piece[1]} were asked for in one piece"
        return cls(f"there is not enough memory{' on the GPU' if on_gpu else ''}{size}")


class Interrupted(SeqnlpError):
    """A training that a signal stopped; a checkpoint was saved."""

    def __init__(self, message: str, code: int = 130) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def error_context(split: str) -> Iterator[None]:
    """Add the name of the split to errors about rows."""
    try:
        yield
    except DataError as error:
        raise error.replace(path=error.path or split) from None
