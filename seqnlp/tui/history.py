"""History of a run: texts, prompts and drafts, in the user's state folder.

A folder for each run: that of its name, its path and the start of its training, so that a run that is trained anew
begins a history of its own. An application writes only files of its own, which have its process in their names: two
that are open at once never write the same file. Prompts and drafts that an application has left behind, which has
ended, are deleted once another one has written them to its own file.

| file | what is in it |
|---|---|
| `text-ID.json` | one session of a language model: all its samples, token by token |
| `prompts-ID.json` | what was asked, the latest last |
| `draft-ID.json` | what stood in the line last, sent or not |
| `*.damaged` | a file that could not be read, moved aside |
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import time
from typing import Any, final

import psutil

from seqnlp.errors import DataError, RunError
from seqnlp.generation.tree import TextTree
from seqnlp.run.files import read_json, saving, write_bytes
from seqnlp.run.summary import Summary
from seqnlp.tui.session import Session
from seqnlp.tui.token_buffer import MAX_CHARACTERS
from seqnlp.tui.trainings import SAME_TIME

VERSION = 2
"""Version of the files; those of a later one are left alone. In the first one texts had no branches."""

MAX_TEXTS, MAX_BYTES = 200, 32 << 20
"""Bounds of the texts of a run; the oldest go first."""

MAX_PROMPTS, MAX_PROMPT_CHARACTERS = 1000, 1_000_000
"""Bounds of the prompts of a run, all together; the oldest go first."""

MAX_TOTAL = 512 << 20
"""Bytes of all runs together; the files that were not changed for longest go first."""

MAX_DAMAGED = 5
"""Damaged files that are kept aside."""

TEXT, PROMPTS, DRAFT = "text", "prompts", "draft"

SEEN = 2_000
"""Characters of an earlier text that a list of them knows."""

NAME = re.compile(r"(?:text|prompts|draft)-([0-9a-f]{12})-(\d+)-[0-9a-f]{8}\.json")


@dataclass(frozen=True)
class Entry:
    """One earlier text or prompt."""

    path: str
    """Its file, and for a prompt its number there."""
    kind: str
    """`text` or `prompts`."""
    at: float
    """Time of its last change, in seconds since the epoch."""
    prompt: str
    text: str
    """The beginning of what was written after the prompt."""
    tokens: int = 0
    samples: int = 1


@dataclass(frozen=True)
class Found:
    """Latest contents of a history when it was opened."""

    prompts: list[str] = field(default_factory=list)
    """The latest last."""
    sent: str = ""
    """The latest of them that is no draft."""
    draft: str = ""
    session: Session | None = None
    """The last text; None if there is none."""
    at: float = 0.0
    """Time of its last change."""
    path: str = ""
    """Its file."""


@final
class History:
    """History of one run, or of two that are compared. Only its methods touch files; all may be called in threads."""

    def __init__(self, folder: Path, runs: Sequence[str] = ()) -> None:
        """Set up; nothing is read or written yet.

        Args:
            folder: Made when something is written.
            runs: Paths that are noted in the files.
        """
        self.folder, self._runs = folder, list(runs)
        self.notes: list[str] = []
        """Notes for the user, about a damaged file for instance; whoever shows them clears the list."""
        self._prompts: list[tuple[float, str]] = []
        self._own = {kind: _new_name(kind) for kind in (PROMPTS, DRAFT)}
        self._left: dict[str, list[Path]] = {PROMPTS: [], DRAFT: []}
        """Files of applications that have ended, whose prompts are known here."""
        self._lock = Lock()
        self._written: set[str] = set()
        self._is_swept = self._cannot_write = False

    @classmethod
    def of(cls, runs: Sequence[Summary]) -> History:
        """History of these runs."""
        paths = [str(Path(run.path).resolve()) for run in runs]
        key = sha256("\0".join(f"{path}\0{run.created}" for path, run in zip(paths, runs, strict=True)).encode())
        name = "+".join(re.sub(r"[^\w.-]+", "_", Path(path).name)[:40] for path in paths)
        return cls(state_folder() / f"{name}-{key.hexdigest()[:16]}", paths)

    # reading

    def open(self) -> Found:
        """Read the prompts, and what was there last."""
        with self._lock:
            prompts: dict[str, float] = {}
            drafts: list[tuple[float, str]] = []
            sent: list[tuple[float, str]] = []
            for kind in (PROMPTS, DRAFT):
                for file, data in self._read(kind):
                    if file.name == self._own[DRAFT]:
                        continue  # the user is typing it
                    with self._checking(file):
                        found = _prompts_in(data) if kind == PROMPTS else [(float(data["at"]), _text(data["text"]))]
                        (drafts if kind == DRAFT else sent).extend(found)
                        for at, text in found:
                            prompts[text] = max(at, prompts.get(text, 0.0))
                        if not _is_in_use(file):
                            self._left[kind].append(file)
            prompts.pop("", None)
            self._prompts = _bounded(sorted((at, text) for text, at in prompts.items()))
            latest, draft = (max(texts, default=(0.0, ""))[1] for texts in (sent, drafts))
            for file in reversed(self._files(TEXT)):
                last = self._read_file(file)
                if last is not None:
                    with self._checking(file):
                        session = Session.from_state(last["session"])
                        return Found(self.prompts, latest, draft, session, float(last["at"]), str(file))
            return Found(self.prompts, latest, draft)

    def entries(self) -> list[Entry]:
        """Earlier texts, and prompts that belong to none of them; the latest first."""
        with self._lock:
            found: list[Entry] = []
            for file, data in self._read(TEXT):
                with self._checking(file):
                    found.append(_entry(file, data))
            written = {entry.prompt for entry in found}
            for number, (at, text) in enumerate(self._prompts):
                if text not in written:
                    found.append(Entry(f"{self.folder}#{number}", PROMPTS, at, text, ""))
            return sorted(found, key=lambda entry: entry.at, reverse=True)

    def session(self, entry: Entry) -> Session | None:
        """The text of an entry; None if it is gone."""
        with self._lock:
            data = self._read_file(Path(entry.path))
            if data is not None:
                with self._checking(Path(entry.path)):
                    return Session.from_state(data["session"])
            return None

    @property
    def prompts(self) -> list[str]:
        """All prompts, the latest last."""
        return [text for _, text in self._prompts]

    # writing

    def add_prompt(self, text: str) -> None:
        """Keep a prompt as the latest one."""
        if not text.strip():
            return
        with self._lock:
            others = [(at, other) for at, other in self._prompts if other != text]
            self._prompts = _bounded([*others, (time(), text)])
            self._write_prompts()

    def set_draft(self, text: str) -> None:
        """Keep what stands in the line."""
        with self._lock:
            if self._left[DRAFT]:
                self._write_prompts()  # older drafts are among them
            if self._write(self._own[DRAFT], {"at": time(), "text": text}):
                _remove(self._left[DRAFT])
                self._left[DRAFT] = []

    def save_text(self, name: str, session: Mapping[str, Any], before: str = "") -> None:
        """Keep a text.

        Args:
            name: Of its file, from `name_for`.
            session: State of its session.
            before: File of the text that it goes on from, whose place it takes unless that is still written elsewhere.
        """
        with self._lock:
            done = self._write(name, {"at": time(), "session": session})
            if done and before and Path(before).name != name and not _is_in_use(Path(before)):
                _remove([Path(before)])
            self._prune(name)

    def name_for(self, path: str = "") -> str:
        """Name for the file of a text: the same as before if it was written here, or else a new one."""
        name = Path(path).name
        return name if name in self._written else _new_name(TEXT)

    def close(self) -> None:
        """Leave the files to whoever opens this history next."""
        with self._lock:
            _in_use.difference_update({self.folder / name for name in self._written})

    def _write_prompts(self) -> None:
        prompts = [{"at": at, "text": text} for at, text in self._prompts]
        if self._write(self._own[PROMPTS], {"prompts": prompts}):
            _remove(self._left[PROMPTS])
            self._left[PROMPTS] = []

    def _write(self, name: str, data: Mapping[str, Any]) -> bool:
        """Write a file atomically; tell once if that can't be done."""
        whole = json.dumps({"version": VERSION, "runs": self._runs, **data}, ensure_ascii=False)
        try:
            with saving(self.folder, "keeping a text"):
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_bytes(self.folder / name, whole.encode("utf-8", "surrogatepass"))
        except DataError as error:
            if not self._cannot_write:
                self.notes.append(f"What is written here is not kept: {error}")
            self._cannot_write = True
            return False
        self._cannot_write = False
        self._written.add(name)
        _in_use.add(self.folder / name)
        return True

    def _prune(self, current: str) -> None:
        """Delete the oldest texts past the bounds; once, the oldest files of all runs."""
        files = [file for file in self._files(TEXT) if file.name != current]
        left = MAX_BYTES - _size(self.folder / current)
        for number, file in enumerate(reversed(files), 2):
            left -= _size(file)
            if left < 0 or number > MAX_TEXTS:
                _remove([file])
        if not self._is_swept:
            self._is_swept = True
            _sweep(self.folder)

    # files

    def _files(self, kind: str) -> list[Path]:
        """Files of a kind, the oldest first."""
        with suppress(OSError):
            files = [file for file in self.folder.glob(f"{kind}-*.json") if NAME.fullmatch(file.name)]
            return sorted(files, key=lambda file: (_mtime(file), file.name))
        return []

    def _read(self, kind: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        for file in self._files(kind):
            data = self._read_file(file)
            if data is not None:
                yield file, data

    def _read_file(self, file: Path) -> dict[str, Any] | None:
        """Contents of a file; None for one that can't be read, which is told."""
        try:
            data = read_json(file)
        except RunError as error:
            if not isinstance(error.__cause__, OSError):
                self._damaged(file, str(error))
            elif file.exists():
                self.notes.append(str(error))
            return None
        version = data.get("version")
        if not isinstance(version, int):
            self._damaged(file, "expected a version")
        elif version > VERSION:
            self.notes.append(f"{file} is of a newer seqnlp, and is left alone.")
        return data if isinstance(version, int) and version <= VERSION else None

    @contextmanager
    def _checking(self, file: Path) -> Iterator[None]:
        """Move a damaged file aside if the block fails on its contents."""
        try:
            yield
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            self._damaged(file, f"{type(error).__name__}: {error}")

    def _damaged(self, file: Path, problem: str) -> None:
        aside = file.with_name(f"{file.name}.damaged")
        with suppress(OSError):
            file.replace(aside)
            self.notes.append(f"An earlier text was damaged, and is kept as {aside} ({problem.rpartition(': ')[2]}).")
            _remove(sorted(self.folder.glob("*.damaged"), key=_mtime)[:-MAX_DAMAGED])


_in_use: set[Path] = set()
"""Files of the histories that are open in this process."""


def state_folder() -> Path:
    """Folder of all histories: `$XDG_STATE_HOME/seqnlp/texts` or `~/.local/state/seqnlp/texts` on Linux."""
    from platformdirs import user_state_path  # slow to import

    return user_state_path("seqnlp", appauthor=False) / "texts"


def _new_name(kind: str) -> str:
    return f"{kind}-{int(1000 * time()):012x}-{os.getpid()}-{secrets.token_hex(4)}.json"


def _is_in_use(file: Path) -> bool:
    """True while the process that wrote a file may still change it."""
    found = NAME.fullmatch(file.name)
    if found is None:
        return False
    begun, process = int(found[1], 16) / 1000, int(found[2])
    if process == os.getpid():
        return file in _in_use
    with suppress(psutil.Error):
        return psutil.Process(process).create_time() <= begun + SAME_TIME  # else the number went to a later process
    return False


def _bounded(prompts: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """The latest prompts within the bounds, the last one whatever its length."""
    left = MAX_PROMPT_CHARACTERS
    kept: list[tuple[float, str]] = []
    for at, text in reversed(prompts[-MAX_PROMPTS:]):
        left -= len(text)
        if left < 0 and kept:
            break
        kept.append((at, text))
    return kept[::-1]


def _prompts_in(data: Mapping[str, Any]) -> list[tuple[float, str]]:
    return [(float(prompt["at"]), _text(prompt["text"])) for prompt in data["prompts"]]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, found {type(value).__name__}")
    return value


def _entry(file: Path, data: Mapping[str, Any]) -> Entry:
    state = data["session"]
    if "texts" in state:  # of the first version
        texts = state["texts"]
        shown = texts[min(max(int(state["current"]), 0), len(texts) - 1)]
        text = _text(shown["text"])[int(shown["start"]) :][:SEEN]
        tokens, samples = sum(int(each["tokens"]) for each in texts), len(texts)
    else:
        tree = TextTree.from_state(state["tree"])
        whole = tree.whole(tree.shown[min(max(int(state["current"]), 0), len(tree.shown) - 1)], MAX_CHARACTERS)
        text, samples = whole.text[whole.start :][:SEEN], len(tree.shown)
        tokens = sum(tree[number].tokens_before + tree[number].tokens for number in tree.shown)
    return Entry(str(file), TEXT, float(data["at"]), _text(state["prompt"]), text, tokens, samples)


def _sweep(current: Path) -> None:
    """Delete the oldest files of other runs beyond `MAX_TOTAL` bytes. Files in use stay."""
    files = [file for file in current.parent.glob("*/*") if NAME.fullmatch(file.name)]
    left = MAX_TOTAL
    for file in sorted(files, key=_mtime, reverse=True):
        left -= _size(file)
        if left < 0 and file.parent != current and not _is_in_use(file):
            _remove([file])


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        with suppress(OSError):
            file.unlink(missing_ok=True)


def _mtime(file: Path) -> float:
    with suppress(OSError):
        return file.stat().st_mtime
    return 0.0


def _size(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_size
    return 0


@final
class PromptWalk:
    """Walk through earlier prompts, as in a shell: the draft, and what was changed on the way, are kept."""

    def __init__(self) -> None:
        self._prompts: list[str] = []
        self._changed: dict[int, str] = {}
        self._place = 0

    def set_prompts(self, prompts: Sequence[str]) -> None:
        """Begin at the draft again, with these prompts, the latest last."""
        self._prompts, self._changed, self._place = list(prompts), {}, len(prompts)

    def step(self, by: int, now: str) -> str | None:
        """The prompt before (-1) or after (1) the one in the line; None if there is none.

        Args:
            by: Direction.
            now: What stands in the line, which is shown again when one comes back.
        """
        place = self._place + by
        while 0 <= place < len(self._prompts) and self._at(place) == now:
            place += by
        if not 0 <= place <= len(self._prompts):
            return None
        self._changed[self._place] = now
        self._place = place
        return self._at(place)

    def _at(self, place: int) -> str:
        return self._changed.get(place, self._prompts[place] if place < len(self._prompts) else "")
