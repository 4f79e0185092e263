"""Provenance of a run, meta.json: program, machine and data."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from seqnlp.run.directory import FORMAT
from seqnlp.version import VERSION

PACKAGES = ("torch", "tokenizers", "datasets", "numpy", "safetensors")


def describe_training(
    recipe: str,
    device: str,
    threads: int,
    corpus: Mapping[str, str],
    command: Sequence[str] | None = None,
    processes: int = 1,
) -> dict[str, Any]:
    """Describe this training for meta.json.

    Args:
        recipe: the recipe's name.
        device: Device of the training, for instance `cpu` or `cuda:0`.
        threads: processor threads used.
        corpus: the hash of each split by its name.
        command: the command line, by default that of this process.
        processes: number of processes that train together.
    """
    return {
        "format": FORMAT,
        "recipe": recipe,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": list(sys.argv if command is None else command),
        "device": device,
        "threads": threads,
        **({"processes": processes} if processes > 1 else {}),
        "platform": platform.platform(),
        "versions": {"seqnlp": VERSION, "python": platform.python_version()} | package_versions(),
        "corpus": dict(corpus),
    }


def package_versions() -> dict[str, str]:
    """Versions of the packages a result depends on, read without importing them."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions
