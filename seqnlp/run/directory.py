"""Run directory of a training; the only owner of its file names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.events import Event
from seqnlp.json_text import to_json
from seqnlp.json_types import JsonObject
from seqnlp.run import events_log, files
from seqnlp.run.digests import DIGEST, ZEROS, digest_of, seal, sealed_digest
from seqnlp.run.edits import describe_edits
from seqnlp.run.events_log import EVENTS
from seqnlp.run.lock import HOLDER, LOCK
from seqnlp.run.records import meta_problem, scores_problem
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
WEIGHTS = ".safetensors"
"""End of the name of a file with the weights of a codec's frozen network, beside its JSON."""
CODEC_FILES = ("*.json", f"*{WEIGHTS}")
PLUGINS = "plugins"
MODEL = "model.safetensors"
STATE = "state/last.safetensors"
SCORES = "scores.json"
CARD = "README.md"
PROBE = "probe.json"
NOTE = "note.json"
SEEDS = "seeds.json"
"""Summary in a folder of runs of one recipe with several seeds; no part of a run."""
FOLDS = "folds.json"
"""Summary in a folder of runs of one recipe on several folds."""
SEARCH = "search.json"
"""Settings in a folder of the trials of a search."""

SETS = (SEEDS, FOLDS, SEARCH)
"""Files that make a folder one of runs that belong together."""

DIGESTS = "digests"
"""Key of meta.json."""


@dataclass(frozen=True)
class Run:
    """A run directory. Every file in it is written atomically; a `DataError` says why not."""

    path: Path

    @classmethod
    def create(cls, path: str | Path, overwrite: bool = False) -> Run:
        """Create a run in a new or empty folder. With `overwrite` it may hold an older run.

        Raises:
            seqnlp.errors.UsageError: there is a run already, or something that is not a run.
            seqnlp.errors.RunError: a part of the run is a link.
            seqnlp.errors.DataError: the folder cannot be written.
        """
        run = cls(Path(path))
        with files.saving(run.path, "beginning a run"):
            cls.check_free(run.path, overwrite)
            run._clear()
            files.make_folder(run.path)
        run.save_meta({"format": FORMAT})
        run._prepare()
        return run

    @classmethod
    def resume(cls, path: str | Path) -> Run:
        """Open a run to resume its training; remove unfinished files of a killed process.

        Raises:
            seqnlp.errors.RunError: it is no run, one from a newer seqnlp, or damaged.
            seqnlp.errors.DataError: the folder cannot be written.
        """
        run = cls.at(path)
        run.check()
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
            seqnlp.errors.RunError: it is missing, no run, of another format, or a part of it is a link.
            seqnlp.errors.UsageError: an object that is no path.
        """
        try:
            run = cls(Path(path))
        except TypeError:
            lazy = isinstance(path, Iterator)  # seqnlp.train, called and never iterated
            way = "; seqnlp.train trains while its events are asked for: list(seqnlp.train(..., out=...))"
            raise UsageError(f"expected the path of a run, found {type(path).__name__}{way if lazy else ''}") from None
        path = run.path
        if not os.path.lexists(path):
            raise RunError(f"no such run{nearest_run(path)}", path)
        if not path.is_dir():
            raise RunError("expected a run, the folder that `seqnlp train` leaves behind, found a file", path)
        if not run._has(META):
            if any(map(run._has, (RECIPE, MODEL, STATE))):
                raise RunError(f"half-written: {META} is missing ({run._way_out()})", path)
            raise RunError(f"not a run: it has no {META}{nearest_run(path / '*')}", path)
        run.check_own()
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
        """Find the runs in a folder and in its sets of runs.

        They are sorted by name; damaged and half-written ones are included.
        """
        folders = [Path(root), *(file.parent for name in SETS for file in Path(root).glob(f"*/{name}"))]
        paths = {file.parent for name in (META, RECIPE) for folder in folders for file in folder.glob(f"*/{name}")}
        return sorted((run for run in map(cls, paths) if run._looks_like_a_run), key=lambda run: run.path)

    @property
    def _looks_like_a_run(self) -> bool:
        """True for a folder with meta.json, or with other parts."""
        return self._has(META) or self._has_parts

    @property
    def _has_parts(self) -> bool:
        """True for a recipe beside a model, a checkpoint or events."""
        return self._has(RECIPE) and any(map(self._has, (MODEL, STATE, EVENTS)))

    @classmethod
    def is_run(cls, path: str | Path) -> bool:
        """True for a run directory of any version, complete or not."""
        run = cls(Path(path))
        if run._has(META) and run._has_parts:
            return True  # be meta.json damaged: nobody else's folder holds all three
        try:
            return "format" in files.read_json(run.path / META)
        except RunError:
            return False

    @property
    def name(self) -> str:
        """Name of the folder; in a set of runs after the name of that."""
        path = Path(os.path.abspath(self.path))
        return f"{path.parent.name}/{path.name}" if holds_runs(path.parent) else path.name

    @property
    def is_finished(self) -> bool:
        """True if its last training reached its end."""
        names = [event["event"] for event in self.recent_events()]
        return self._has(MODEL) and self._has(SCORES) and names[-1:] == ["done"]

    @property
    def model_bytes(self) -> int:
        """Size of the model on disk in bytes, frozen networks included; 0 as long as there is none."""
        if not self._has(MODEL):
            return 0
        return sum(os.path.getsize(file) for file in (self.path / MODEL, *self._files(CODECS, f"*{WEIGHTS}")))

    def save_recipe(self, text: str) -> None:
        """Save the resolved recipe, defaults and `--set` included."""
        files.write_bytes(self.path / RECIPE, text.encode())

    def replace_recipe(self, text: str) -> None:
        """Replace the recipe by one whose settings a resumed training has adjusted.

        For a moment meta.json has both digests, so that a kill between the two files damages nothing.
        """
        before, now = digest_of(files.read_bytes(self.path / RECIPE)), digest_of(text.encode())
        meta, digests = self.meta(), self.digests()
        if digests is None:  # a run of a version that kept none
            self.save_recipe(text)
            return
        if digests.get(RECIPE) == now:
            return
        files.write_sealed_json(self.path / META, {**meta, DIGESTS: {**digests, RECIPE: f"{before} {now}"}})
        self.save_recipe(text)
        files.write_sealed_json(self.path / META, {**meta, DIGESTS: {**digests, RECIPE: now}})

    def recipe_text(self) -> str:
        """Resolved recipe, TOML; a `RunError` if it is not the one of the training."""
        return files.decode_text(self._read(RECIPE, self.digests()), self.path / RECIPE)

    def save_meta(self, meta: dict[str, Any], digests: bool = False) -> None:
        """Save the provenance of the run.

        Args:
            meta: See `seqnlp.run.meta.describe_training`.
            digests: Add those of the files that a training writes once, at its beginning: recipe, codecs, plugins.
                All others carry their own, for they are written again while somebody may read them.
        """
        if digests:
            once = [self.path / RECIPE, *self._files(CODECS, *CODEC_FILES), *self._files(PLUGINS, "*.py")]
            found = {file.relative_to(self.path).as_posix(): digest_of(files.read_bytes(file)) for file in once}
            meta = {**meta, DIGESTS: found}
        files.write_sealed_json(self.path / META, meta)

    def digests(self) -> dict[str, str] | None:
        """Digests of the files that do not carry their own, by path; None for a run of a version that kept none."""
        digests = self.meta().get(DIGESTS)
        if digests is not None and not isinstance(digests, dict):
            raise RunError(f"damaged: expected a table under `{DIGESTS}`", self.path / META)
        return digests

    def check(self) -> None:
        """Check the digests of recipe, codecs, weights and checkpoint.

        They decide what the model predicts, and what a resumed training does.

        Raises:
            seqnlp.errors.RunError: one is missing or not as it was written; it is named.
        """
        digests = self.digests()
        for name in [] if digests is None else [RECIPE, *self._codec_files(digests)]:
            self._read(name, digests)  # not plugins: before these are run, somebody has to consent to their bytes
        from seqnlp.run.tensors import check_digest, check_tensors

        for name, digest in (digests or {}).items():
            if name.endswith(WEIGHTS):
                check_digest(self.path / CODECS / os.path.basename(name), digest)
        for name in (MODEL, STATE):
            if self._has(name):
                check_tensors(self.path / name, digests is not None)

    def fingerprint(self) -> str:
        """Digest of recipe, codecs, plugins and weights."""
        found = [to_json(self.digests()), digest_of(files.read_bytes(self.path / MODEL))]
        return digest_of("".join(found).encode())

    def version(self) -> str:
        """Digest of recipe, codecs, plugins and the digest that the weights carry.

        Other than for `fingerprint` the weights are not read again.
        """
        from seqnlp.run.tensors import carried_digest_of

        carried = carried_digest_of(self.path / MODEL)
        return self.fingerprint() if carried is None else digest_of(f"{to_json(self.digests())}{carried}".encode())

    def has_changed(self, plugin: Path) -> bool:
        """Test whether a plugin of the run has changed since the training."""
        digest = (self.digests() or {}).get(f"{PLUGINS}/{plugin.name}")
        return digest is not None and digest != digest_of(files.read_bytes(plugin))

    def meta(self) -> dict[str, Any]:
        """Provenance of the run; a `RunError` if the file is damaged."""
        meta = files.read_sealed_json(self.path / META, sealed_with=DIGESTS)
        if problem := meta_problem(meta):
            raise RunError(f"damaged: {problem}", self.path / META)
        return meta

    @property
    def recipe_file(self) -> Path:
        """File that the recipe was read from: files that it names are looked up beside it.

        Raises:
            seqnlp.errors.RunError: it is no name that a file can have.
        """
        name = str(self.meta().get("recipe_file", ""))
        try:
            os.fsencode(name)
        except UnicodeEncodeError:
            raise RunError("damaged: recipe_file is no name that a file can have", self.path / META) from None
        return Path(name)

    def save_codec(self, name: str, codec: dict[str, Any]) -> None:
        """Save a codec under a name, which may be any text.

        Raises:
            seqnlp.errors.DataError: it has numbers that are not finite, which would not come back.
        """
        path = self.path / CODECS / codec_file(name)
        try:
            text = to_json(codec, indent=2, finite=True)
        except ValueError:
            raise DataError("this codec, fitted to the training data, has numbers that are not finite", path) from None
        files.write_bytes(path, (text + "\n").encode("utf-8", "surrogatepass"))

    def save_codec_weights(self, name: str, weights: Mapping[str, Any]) -> None:
        """Save the weights of a codec's frozen network, numpy arrays by name."""
        from seqnlp.run.tensors import write_arrays

        write_arrays(self.path / CODECS / codec_file(name, WEIGHTS), weights)

    def load_codecs(self) -> dict[str, dict[str, Any]]:
        """Load the codecs by name; a missing name raises `RunError` rather than `KeyError`.

        Each is a `JsonObject`, whose `weights` loads those of a frozen network.
        """
        digests = self.digests()
        found = {}
        for name in self._codec_files(digests):
            path = self.path / name
            own = codec_name(path)
            value = files.parse_json(self._read(name, digests), path)
            found[own] = JsonObject(value, path, weights=partial(self._codec_weights, own, digests))
        return Codecs(self.path / CODECS, found)

    def _codec_weights(self, name: str, digests: Mapping[str, str] | None) -> dict[str, Tensor]:
        """Load the weights of a codec's frozen network, on the CPU.

        Raises:
            seqnlp.errors.RunError: they are missing, or not those of the training.
        """
        from seqnlp.run.tensors import check_digest, read_tensors

        file = f"{CODECS}/{codec_file(name, WEIGHTS)}"
        check_digest(self.path / file, (digests or {}).get(file, ""))
        return read_tensors(self.path / file, sealed=True)[0]

    def save_plugin(self, name: str, content: bytes) -> Path:
        """Save the copy of a plugin under the name of its file; returns its path."""
        path = self.path / PLUGINS / name
        with files.saving(path):
            path.parent.mkdir(exist_ok=True)
        files.write_bytes(path, content)
        return path

    def load_plugins(self) -> dict[str, bytes]:
        """Load the plugins by the name of their file."""
        return {file.name: files.read_bytes(file) for file in self._files(PLUGINS, "*.py")}

    def save_model(self, tensors: dict[str, Tensor]) -> None:
        """Save the best model so far."""
        self._write_tensors(MODEL, tensors, {})

    def load_model(self) -> dict[str, Tensor]:
        """Load the best model, on the CPU.

        Raises:
            seqnlp.errors.RunError: it is missing, damaged, or not finite.
        """
        from seqnlp.run.tensors import not_finite

        tensors = self._read_tensors(MODEL)[0]
        if name := not_finite(tensors):
            raise RunError(f"damaged: the weights {name!r} are not finite", self.path / MODEL)
        return tensors

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
        return events_log.read_events(self.path / EVENTS, self.digests() is not None)

    def recent_events(self) -> list[dict[str, Any]]:
        """Last events of the log, read in constant time."""
        return events_log.read_recent_events(self.path / EVENTS)

    def save_scores(self, scores: dict[str, Any]) -> None:
        """Save scores by split (`dev`, `test`), the main metric first, and the cost of `training`."""
        files.write_sealed_json(self.path / SCORES, scores)

    def scores(self) -> dict[str, Any]:
        """Load the scores; empty as long as there are none."""
        if not self._has(SCORES):
            return {}
        scores = files.read_sealed_json(self.path / SCORES, sealed=self.digests() is not None)
        if problem := scores_problem(scores):
            raise RunError(f"damaged: {problem}", self.path / SCORES)
        return scores

    def save_probe(self, probe: dict[str, Any]) -> None:
        """Save the measured context of a language model."""
        files.write_sealed_json(self.path / PROBE, probe)

    def save_card(self, text: str) -> None:
        """Save the model card; its digest, in a comment, tells later that nobody has edited it."""
        # a lone surrogate may come from an escape in JSON; a card is for people, who can read its number
        content = f'{text}\n<!-- "{DIGEST}": "{ZEROS}" -->\n'.encode("utf-8", "backslashreplace")
        files.write_bytes(self.path / CARD, seal(content))

    def save_note(self, text: str) -> None:
        """Save a note of the user about the run; an empty one removes it."""
        files.check_own(self.path / NOTE)
        if text:
            files.write_sealed_json(self.path / NOTE, {"note": text})
            return
        with files.saving(self.path / NOTE, "removing a note"):
            (self.path / NOTE).unlink(missing_ok=True)

    def note(self) -> str:
        """Note of the user about the run; empty without one.

        Raises:
            seqnlp.errors.RunError: it is damaged.
        """
        if not self._has(NOTE):
            return ""
        note = files.read_sealed_json(self.path / NOTE, sealed=True).get("note")
        if not isinstance(note, str):
            raise RunError("damaged: expected a text under `note`", self.path / NOTE)
        return note

    def notes(self) -> Iterator[str]:
        """Notes on files that decide no prediction: they are for people, who may edit them."""
        for name in (CARD, PROBE):
            if self._has(name):
                found = sealed_digest(files.read_bytes(self.path / name))
                if (self.digests() is not None) if found is None else (found[0] != found[1]):
                    yield f"{self.path / name}: edited or damaged since seqnlp wrote it; no prediction depends on it"

    def check_removable(self) -> None:
        """Check that `remove` would touch nothing but a run, be it damaged.

        Raises:
            seqnlp.errors.RunError: it is missing, no run, or a link; a part of it is a link.
        """
        if self.path.is_symlink():
            raise RunError("this is a link to a run: remove the link itself, or name the run", self.path)
        if not (self.is_run(self.path) or self._has_parts):
            self.at(self.path)  # which says what is wrong
            raise RunError("not a run", self.path)
        self.check_own()

    def remove(self) -> list[str]:
        """Remove the files of the run, and its folder once empty.

        Call `check_removable` before.

        Returns:
            The names of files and folders that are not of the run, and stay.

        Raises:
            seqnlp.errors.DataError: one can't be removed.
        """
        folders = [self.path / CODECS, self.path / PLUGINS, (self.path / STATE).parent]
        with files.saving(self.path, "removing the run"):
            for folder in (self.path, *folders):
                files.remove_leftovers(folder)
            self._clear()
            for folder in folders:
                if folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
            for name in (HOLDER, LOCK, META):  # meta.json at last: until then it is a run, which can be removed
                (self.path / name).unlink(missing_ok=True)
            left = sorted(file.name for file in self.path.iterdir())
            if not left:
                self.path.rmdir()
        return left

    @classmethod
    def check_free(cls, path: str | Path, overwrite: bool = False) -> None:
        """Check that `create` would accept this folder, without touching it.

        Raises:
            seqnlp.errors.UsageError: there is a run already, or something that is not a run.
            seqnlp.errors.RunError: a part of the run is a link: what it points to is not the run's to be replaced.
        """
        self = cls(Path(path))
        if self.is_run(self.path):
            self.check_own()
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

    def check_own(self) -> None:
        """Check that the parts of the run are its own; the folder of the run itself may be a link.

        Raises:
            seqnlp.errors.RunError: one is a link, or no file at all.
        """
        for name in (RECIPE, META, MODEL, EVENTS, SCORES, CARD, PROBE, NOTE, LOCK, HOLDER):
            files.check_own(self.path / name)
        for folder in (CODECS, PLUGINS, os.path.dirname(STATE)):
            files.check_own(self.path / folder)
            for file in self._files(folder, "*"):
                files.check_own(file)

    def _files(self, folder: str, *patterns: str) -> list[Path]:
        return sorted(file for pattern in patterns for file in (self.path / folder).glob(pattern))

    def _codec_files(self, digests: Mapping[str, str] | None) -> list[str]:
        """Files of the codecs, relative to the run: those of the training, or of an earlier version all."""
        names = (
            (file.name for file in self._files(CODECS, "*.json")) if digests is None else map(os.path.basename, digests)
        )
        return sorted(f"{CODECS}/{name}" for name in names if name.endswith(".json"))

    def _read(self, name: str, digests: Mapping[str, str] | None) -> bytes:
        """Read a file that does not carry its own digest.

        Raises:
            seqnlp.errors.RunError: it is missing, or not the one that the training wrote.
        """
        content = files.read_bytes(self.path / name)
        if digests is not None and digest_of(content) not in digests.get(name, "").split():
            if name == RECIPE:
                edits = self._edits(content, digests.get(name, ""))
                raise RunError(
                    f"edited or damaged since the training{edits}, and weights fit no other recipe: undo that, "
                    "or train an edited copy with --out",
                    self.path / name,
                )
            raise RunError("damaged: not what the training wrote (meta.json has another digest)", self.path / name)
        return content

    def _edits(self, recipe: bytes, digest: str) -> str:
        """Edits of the recipe, in brackets; empty if unknown."""
        try:
            edits = describe_edits(recipe, (self.path / CARD).read_text(encoding="utf-8"), digest)
        except (OSError, ValueError):
            return ""
        return f" ({edits})" if edits else ""

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
            files.remove_leftovers(self.path / PLUGINS)
            files.sync_folder(self.path)

    def _clear(self) -> None:
        """Remove the files of a run and nothing else; meta.json stays, so that it is always a run."""
        for name in (STATE, SCORES, MODEL, EVENTS, CARD, PROBE, NOTE, RECIPE):
            (self.path / name).unlink(missing_ok=True)
        for file in [*self._files(CODECS, *CODEC_FILES), *self._files(PLUGINS, "*.py")]:
            file.unlink(missing_ok=True)

    def _write_tensors(self, name: str, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
        from seqnlp.run.tensors import write_tensors  # brings torch, which listing runs can do without

        write_tensors(self.path / name, tensors, meta)

    def _read_tensors(self, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
        from seqnlp.run.tensors import read_tensors

        return read_tensors(self.path / name, self.digests() is not None)


def holds_runs(folder: Path) -> bool:
    """True for a folder whose runs belong together: seeds, folds, trials of a search."""
    return any((folder / name).is_file() for name in SETS)


def nearest_run(path: Path) -> str:
    """Hint at a run of a similar name; `*` is similar to any. It lies beside `path` or in `runs`."""
    runs = {run.name: run for run in Run.find(path.parent) or Run.find(RUNS)}
    name = next(iter(runs), None) if path.name == "*" else nearest(path.name, runs)
    return "" if name is None else f" (did you mean {runs[name].path}?)"


class Codecs(dict[str, dict[str, Any]]):
    """Codecs of a run by name; a missing one raises `RunError`."""

    def __init__(self, folder: Path, codecs: Mapping[str, dict[str, Any]]) -> None:
        super().__init__(codecs)
        self.folder = folder

    def __missing__(self, name: str) -> dict[str, Any]:
        raise RunError("missing", self.folder / codec_file(name))


def codec_file(name: str, end: str = ".json") -> str:
    """File name of a codec, percent-encoded: codec names may come from columns of a corpus."""
    return quote(name, safe=" ", errors="surrogatepass") + end


def codec_name(file: Path) -> str:
    """Codec name of a file."""
    return unquote(file.name.removesuffix(".json"), errors="surrogatepass")
