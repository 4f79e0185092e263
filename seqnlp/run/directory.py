"""Run directory of a training; the only owner of its file names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from seqnlp.errors import RunError, UsageError
from seqnlp.events import Event
from seqnlp.run import events_log, files
from seqnlp.run.events_log import EVENTS
from seqnlp.run.lock import HOLDER, LOCK
from seqnlp.spelling import nearest

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 2
"""Version of the layout of a run directory; a run with a higher one is from a newer seqnlp."""

RUNS = Path("runs")
"""Default folder of runs."""

RECIPE = "recipe.toml"
META = "meta.json"
CODECS = "codecs"
MODEL = "model.safetensors"
STATE = "state/last.safetensors"
SCORES = "scores.json"
CARD = "README.md"
PROBE = "probe.json"


@dataclass(frozen=True)
class Run:
    """A run directory. Every file in it is written atomically; a `DataError` says why not."""

    path: Path

    @classmethod
    def create(cls, path: str | Path, overwrite: bool = False) -> Run:
        """Create a run in a new or empty folder. With `overwrite` it may hold an older run.

        Raises:
            seqnlp.errors.UsageError: there is a run already, or something that is not a run.
            seqnlp.errors.DataError: the folder cannot be written.
        """
        run = cls(Path(path))
        with files.saving(run.path, "beginning a run"):
            cls.check_free(run.path, overwrite)
            run._clear()
            run.path.mkdir(parents=True, exist_ok=True)
        run.save_meta({"format": FORMAT})
        run._prepare()
        return run

    @classmethod
    def resume(cls, path: str | Path) -> Run:
        """Open a run to resume its training; remove unfinished files of a killed process.

        Raises:
            seqnlp.errors.RunError: it is no run, or one from a newer seqnlp.
            seqnlp.errors.DataError: the folder cannot be written.
        """
        run = cls.at(path)
        run._prepare()
        events_log.drop_broken_line(run.path / EVENTS)
        return run

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Open a run to use its model.

        Raises:
            seqnlp.errors.RunError: it is missing, no run, half-written, damaged or of another format.
        """
        run = cls.at(path)
        for name in (RECIPE, CODECS, MODEL):
            if not run._has(name):
                raise RunError(f"half-written: {name} is missing ({run._way_out()})", path)
        return run

    @classmethod
    def at(cls, path: str | Path) -> Run:
        """Open a run that may have no model yet.

        Raises:
            seqnlp.errors.RunError: it is missing, no run, or of another format.
        """
        run = cls(Path(path))
        path = run.path
        if not os.path.lexists(path):
            raise RunError(f"no such run{nearest_run(path)}", path)
        if not path.is_dir():
            raise RunError("expected a run, the folder that `seqnlp train` leaves behind, found a file", path)
        if not run._has(META):
            if any(map(run._has, (RECIPE, MODEL, STATE))):
                raise RunError(f"half-written: {META} is missing ({run._way_out()})", path)
            raise RunError(f"not a run: it has no {META}{nearest_run(path / '*')}", path)
        found = run.meta().get("format")
        if not isinstance(found, int):
            raise RunError("damaged: expected a format number under `format`", path / META)
        if found > FORMAT:
            raise RunError(f"its format {found} is newer than this seqnlp, which reads {FORMAT}: upgrade seqnlp", path)
        if found < FORMAT:
            raise RunError(f"its format {found} is older than this seqnlp, which reads {FORMAT}: train it again", path)
        return run

    @classmethod
    def find(cls, root: str | Path = RUNS) -> list[Run]:
        """Find the runs directly in a folder, by name; half-written ones included."""
        return [cls(meta.parent) for meta in sorted(Path(root).glob(f"*/{META}"))]

    @classmethod
    def is_run(cls, path: str | Path) -> bool:
        """True for a run directory of any version, complete or not."""
        try:
            return "format" in cls(Path(path)).meta()
        except RunError:
            return False

    @property
    def name(self) -> str:
        """Name of the folder."""
        return Path(os.path.abspath(self.path)).name

    @property
    def is_finished(self) -> bool:
        """True if its last training reached its end."""
        names = [event["event"] for event in self.recent_events()]
        return self._has(MODEL) and self._has(SCORES) and names[-1:] == ["done"]

    @property
    def model_bytes(self) -> int:
        """Size of the model on disk in bytes; 0 as long as there is none."""
        return os.path.getsize(self.path / MODEL) if self._has(MODEL) else 0

    def save_recipe(self, text: str) -> None:
        """Save the resolved recipe, defaults and `--set` included."""
        files.write_bytes(self.path / RECIPE, text.encode())

    def recipe_text(self) -> str:
        """Resolved recipe, TOML."""
        return files.read_text(self.path / RECIPE)

    def save_meta(self, meta: dict[str, Any]) -> None:
        """Save the provenance of the run; see `seqnlp.run.meta.describe_training`."""
        files.write_json(self.path / META, meta)

    def meta(self) -> dict[str, Any]:
        """Provenance of the run; a `RunError` if the file is damaged."""
        meta = files.read_json(self.path / META)
        if not isinstance(meta.get("corpus", {}), dict):
            raise RunError("damaged: expected a table under `corpus`", self.path / META)
        return meta

    @property
    def recipe_file(self) -> Path:
        """File that the recipe was read from: files that it names are looked up beside it."""
        return Path(str(self.meta().get("recipe_file", "")))

    def save_codec(self, name: str, codec: dict[str, Any]) -> None:
        """Save a codec under a name, which may be any text."""
        files.write_json(self.path / CODECS / codec_file(name), codec)

    def load_codecs(self) -> dict[str, dict[str, Any]]:
        """Load the codecs by name; a missing name raises `RunError` rather than `KeyError`."""
        return Codecs(self.path / CODECS)

    def save_model(self, tensors: dict[str, Tensor]) -> None:
        """Save the best model so far."""
        self._write_tensors(MODEL, tensors, {})

    def load_model(self) -> dict[str, Tensor]:
        """Load the best model, on the CPU."""
        return self._read_tensors(MODEL)[0]

    def save_state(self, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
        """Save a checkpoint: tensors, and whatever else JSON can hold as `meta`."""
        self._write_tensors(STATE, tensors, meta)

    def load_state(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Load the last checkpoint, on the CPU; None if there is none."""
        return self._read_tensors(STATE) if self.has_state else None

    @property
    def has_state(self) -> bool:
        """True if there is a checkpoint to resume from."""
        return self._has(STATE)

    @property
    def has_model(self) -> bool:
        """True once a dev score has chosen a model."""
        return self._has(MODEL)

    def append(self, event: Event) -> None:
        """Append an event to the log."""
        events_log.append_event(self.path / EVENTS, event)

    def events(self) -> list[dict[str, Any]]:
        """Events of the log as if the training had never been interrupted; empty if there is none."""
        return events_log.read_events(self.path / EVENTS)

    def recent_events(self) -> list[dict[str, Any]]:
        """Last events of the log, read in constant time."""
        return events_log.read_recent_events(self.path / EVENTS)

    def save_scores(self, scores: dict[str, Any]) -> None:
        """Save scores by split (`dev`, `test`), the main metric first, and the cost of `training`."""
        files.write_json(self.path / SCORES, files.without_infinities(scores))

    def scores(self) -> dict[str, Any]:
        """Load the scores; empty as long as there are none."""
        scores = files.read_json(self.path / SCORES) if self._has(SCORES) else {}
        if odd := [name for name, table in scores.items() if not isinstance(table, dict)]:
            raise RunError(f"damaged: expected a table of scores under {odd[0]!r}", self.path / SCORES)
        return scores

    def save_probe(self, probe: dict[str, Any]) -> None:
        """Save the measured context of a language model."""
        files.write_json(self.path / PROBE, probe)

    def save_card(self, text: str) -> None:
        """Save the model card."""
        files.write_bytes(self.path / CARD, text.encode())

    @classmethod
    def check_free(cls, path: str | Path, overwrite: bool = False) -> None:
        """Check that `create` would accept this folder, without touching it.

        Raises:
            seqnlp.errors.UsageError: there is a run already, or something that is not a run.
        """
        self = cls(Path(path))
        if self.is_run(self.path):
            if not overwrite:
                raise UsageError(
                    f"{self.path} is already a run: --resume continues it, --overwrite replaces it, "
                    "--out names another folder"
                )
        elif self.path.is_dir():
            if any(file.name not in (LOCK, HOLDER) and not file.match(files.LEFTOVERS) for file in self.path.iterdir()):
                raise UsageError(f"{self.path} is not a run and holds other files: name another folder with --out")
        elif os.path.lexists(self.path):
            raise UsageError(f"{self.path} is a file, but a run is a folder: name another with --out")

    def _has(self, name: str) -> bool:
        return os.path.exists(self.path / name)

    def _way_out(self) -> str:
        if self.has_state:
            return "its training was interrupted: `seqnlp train` with --resume may finish it"
        return "there is no state to resume from: train it again with --overwrite"

    def _prepare(self) -> None:
        with files.saving(self.path, "opening the run"):
            for folder in (self.path, self.path / CODECS, (self.path / STATE).parent):
                folder.mkdir(exist_ok=True)
                files.remove_leftovers(folder)
            files.sync_folder(self.path)

    def _clear(self) -> None:
        """Remove the files of a run and nothing else; meta.json stays, so that it is always a run."""
        for name in (STATE, SCORES, MODEL, EVENTS, CARD, PROBE, RECIPE):
            (self.path / name).unlink(missing_ok=True)
        for codec in (self.path / CODECS).glob("*.json"):
            codec.unlink(missing_ok=True)

    def _write_tensors(self, name: str, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
        from seqnlp.run.tensors import write_tensors  # brings torch, which listing runs can do without

        write_tensors(self.path / name, tensors, meta)

    def _read_tensors(self, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
        from seqnlp.run.tensors import read_tensors

        return read_tensors(self.path / name)


def nearest_run(path: Path) -> str:
    """Hint at a run of a similar name; `*` is similar to any. It lies beside `path` or in `runs`."""
    runs = {run.name: run for run in Run.find(path.parent) or Run.find(RUNS)}
    name = next(iter(runs), None) if path.name == "*" else nearest(path.name, runs)
    return "" if name is None else f" (did you mean {runs[name].path}?)"


class Codecs(dict[str, dict[str, Any]]):
    """Codecs of a run by name; a missing one raises `RunError`."""

    def __init__(self, folder: Path) -> None:
        super().__init__({codec_name(file): files.read_json(file) for file in sorted(folder.glob("*.json"))})
        self.folder = folder

    def __missing__(self, name: str) -> dict[str, Any]:
        raise RunError("missing", self.folder / codec_file(name))


def codec_file(name: str) -> str:
    """File name of a codec, percent-encoded: codec names may come from columns of a corpus."""
    return quote(name, safe=" ", errors="surrogatepass") + ".json"


def codec_name(file: Path) -> str:
    """Codec name of a file."""
    return unquote(file.name.removesuffix(".json"), errors="surrogatepass")
