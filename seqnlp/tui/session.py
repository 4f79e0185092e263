"""Generation session: the texts of a language model's panel, their settings, and their files."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import log
from pathlib import Path
from time import monotonic
from typing import Any, final

from seqnlp.generation.packing import unpacked
from seqnlp.generation.replay import BEGUN
from seqnlp.generation.settings import parse_biases, parse_strings
from seqnlp.generation.sweep import RUN, markdown, title_of
from seqnlp.generation.tree import MAX_UNDOS, ROOT, Branch, Change, TextTree
from seqnlp.json_text import to_json
from seqnlp.limits import SEARCH_LENGTH
from seqnlp.run.files import saving, write_bytes, write_json
from seqnlp.tui.token_buffer import MAX_CHARACTERS, TokenBuffer

MAX_SAMPLES = 9
"""Texts of a session."""

DRAWING = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
STEERING: Mapping[str, Callable[[Any], Any]] = {
    "repetition_window": int,
    "beams": int,
    "stop": parse_strings,
    "ban": parse_strings,
    "bias": parse_biases,
    "pattern": str,
}
"""Settings that requests have only if they are set, and how their texts are parsed."""

SEED = "seed"

FOLDER = Path("samples")
"""Folder of saved samples, in the working directory."""

Settings = dict[str, Any]


@final
class Session:
    """Texts from one prompt: samples of one batch, each continued by itself; or one text each of several models."""

    def __init__(
        self, prompt: str, samples: int, seed: int, same_seed: bool = False, cells: Sequence[Settings] = ()
    ) -> None:
        """Begin with texts that are the prompt alone.

        Args:
            prompt: The beginning of all texts.
            samples: Number of texts.
            seed: Of the batch; a text that is continued alone has a seed of its own.
            same_seed: Each text belongs to another model, so that all draw with the same seed.
            cells: Settings of each text, over those of all; `run` is the path of another run.
        """
        self.prompt, self.seed = prompt, seed
        self.cells = [dict(cell) for cell in cells]
        """Settings of each text of a grid; empty if all have the same."""
        self.current = 0
        """The text that had the focus last."""
        self.tree = TextTree(prompt)
        """All texts, those that are not on the screen too."""
        self.buffers: list[TokenBuffer] = []
        """Texts on the screen; buffer n holds the branch that view n of the tree shows."""
        self._same_seed = same_seed
        self._ended: set[int] = set()
        """Texts that steering has ended: a stop string, or a pattern that nothing can follow."""
        self._growing: dict[int, tuple[int, int]] = {}
        """The growing texts: their tokens at the request, and the tokens that they are to have."""
        self._mark = (monotonic(), 0)
        self._speed = 0.0
        self._written = 0
        self.resize(len(self.cells) or samples)

    @property
    def busy(self) -> bool:
        """True while any text grows."""
        return bool(self._growing)

    @property
    def has_begun(self) -> bool:
        """True if any text has tokens."""
        return any(buffer.tokens for buffer in self.buffers)

    @property
    def turns(self) -> list[list[Settings]]:
        """Settings of each text on the screen, `at` a character."""
        return [self.tree.turns(number) for number in self.tree.shown]

    def is_busy(self, number: int) -> bool:
        """True while this text grows."""
        return number in self._growing

    def resize(self, samples: int) -> None:
        """Set the number of texts.

        Texts at the end are hidden; hidden ones come back before new ones are added.
        """
        while len(self.buffers) > samples:
            self.sync(len(self.buffers) - 1)
            self.buffers.pop()
            self.tree.close_view()
        while len(self.buffers) < samples:
            self._open(self.tree.hidden.pop() if self.tree.hidden else self._from_prompt().number)

    def _from_prompt(self) -> Branch:
        """A branch that leaves the prompt; that of a cell is named by its settings."""
        if not self.cells:
            return self.tree.add(ROOT, len(self.prompt), "sample")
        branch = self.tree.add(ROOT, len(self.prompt), "cell")
        self.tree.rename(branch.number, title_of(named_cell(self.cells[len(self.buffers)])))
        return branch

    def keep(self, number: int) -> None:
        """Show one text alone; the others stay in the tree."""
        self.sync_all()
        branch = self.tree.shown[number]
        past, future = self.tree.past[number], self.tree.future[number]
        while self.buffers:
            self.buffers.pop()
            self.tree.close_view()
        self.tree.hidden.clear()
        self.cells, self.current = [], 0
        self._open(branch)
        self.tree.past[0], self.tree.future[0] = past, future

    def settings_of(self, number: int, settings: Mapping[str, Any]) -> Settings:
        """Settings of a text: those of all, and over them those of its cell."""
        return {**settings, **(self.cells[number] if self.cells else {})}

    def _open(self, number: int) -> None:
        self.tree.open_view(number)
        self.buffers.append(TokenBuffer(self.prompt))
        self._load(len(self.buffers) - 1)

    @property
    def version(self) -> tuple[object, ...]:
        """Version of the state; any change of a text changes it."""
        texts = ((buffer.version, buffer.characters, buffer.tokens) for buffer in self.buffers)
        return (id(self), self.tree.version, *texts)

    def state(self) -> dict[str, Any]:
        """State of the session as a JSON object; a text that grows is one that was stopped there."""
        self.sync_all()
        return {
            "prompt": self.prompt,
            "seed": self.seed,
            "same_seed": self._same_seed,
            "current": self.current,
            "cells": self.cells,
            "tree": self.tree.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Session:
        """Make a session from its `state`.

        Raises:
            ValueError: it is not the state of a session.
        """
        try:
            session = cls(str(state["prompt"]), 0, int(state["seed"]), bool(state["same_seed"]))
            current = int(state["current"])
            session.cells = [dict(cell) for cell in state.get("cells", [])]
            tree = tree_of_version_1(state) if "texts" in state else TextTree.from_state(state["tree"])
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"expected the state of a session ({error!r})") from error
        if not tree.shown or len(tree.shown) > MAX_SAMPLES:
            raise ValueError(f"expected 1 to {MAX_SAMPLES} texts, found {len(tree.shown)}")
        if tree.prompt != session.prompt:
            raise ValueError("expected the prompt as the beginning of all texts")
        if session.cells and len(session.cells) != len(tree.shown):
            raise ValueError("expected settings for each text of a grid")
        session.tree, session.current = tree, min(max(current, 0), len(tree.shown) - 1)
        session.buffers = [TokenBuffer(session.prompt) for _ in tree.shown]
        for number in range(len(tree.shown)):
            session._load(number)
        return session

    # branches

    def sync(self, number: int) -> None:
        """Write a text on the screen into the tree."""
        self.buffers[number].write_to(self.tree[self.tree.shown[number]])

    def sync_all(self) -> int:
        """Write all texts on the screen into the tree, and prune it.

        Returns:
            Branches that were dropped, as there are too many.
        """
        for number in range(len(self.buffers)):
            self.sync(number)
        return self.tree.prune()

    def branch(self, number: int, token: int, kind: str, pieces: Sequence[tuple[str, float]]) -> None:
        """Leave a text at one of its tokens; the old text stays in the tree.

        Args:
            number: The text.
            token: The first token that the new branch does not have.
            kind: One of `seqnlp.generation.tree.KINDS`.
            pieces: Tokens to begin with, each with its log-probability.
        """
        self.sync(number)
        buffer = self.buffers[number]
        at = buffer.dropped + buffer.span(token)[0]
        old = self.tree.shown[number]
        buffer.cut(token)
        new = self.tree.add(old, at, kind, buffer.tokens)
        self.tree.show(number, new.number, at)
        if pieces:
            text = "".join(piece for piece, _ in pieces)
            new.add_turn({"at": at, "text": text})
            buffer.add(text, [len(piece) for piece, _ in pieces], [logprob for _, logprob in pieces])
        self.sync(number)

    def show(self, number: int, branch: int) -> None:
        """Show another branch in the place of a text."""
        self.sync(number)
        self.tree.show(number, branch)
        self._load(number)

    def undo(self, number: int) -> int | None:
        """Take back the last change of what a place shows.

        Returns:
            Offset in the text of the place that changed; None if there is nothing to undo.
        """
        self.sync(number)
        change = self.tree.undo(number)
        return self._changed(number, change)

    def redo(self, number: int) -> int | None:
        """Make a change again that was undone. See `undo`."""
        self.sync(number)
        return self._changed(number, self.tree.redo(number))

    def delete(self, number: int, branch: int) -> str:
        """Delete a branch and all that leave it.

        Returns:
            The reason why it can't be deleted; empty if it was.
        """
        self.sync(number)
        reason = self.tree.can_delete(number, branch)
        if not reason:
            self.tree.delete(number, branch)
            self._load(number)
        return reason

    def _changed(self, number: int, change: Change | None) -> int | None:
        if change is None:
            return None
        self._load(number)
        return max(change.at - self.buffers[number].dropped, 0)

    def _load(self, number: int) -> None:
        self._ended.discard(number)
        self.buffers[number].show(self.tree.whole(self.tree.shown[number], MAX_CHARACTERS))

    def begin_all(self, settings: Mapping[str, Any]) -> Settings:
        """Note that all texts grow from the prompt, and give the request: text n is sample n of its answer."""
        samples = len(self.buffers)
        request = {**_sampling(settings), "seed": self.seed, "samples": samples}
        self._begin_batch(range(samples), request, settings["length"])
        return {"prompt": self.prompt, "length": settings["length"], **request}

    def begin_cells(self, settings: Mapping[str, Any]) -> list[tuple[str, list[int], Settings]]:
        """Begin all cells of a grid, and give the requests.

        Returns:
            Path of the run, empty for the session's own; its texts: number n of them is sample n; the request.
        """
        by_run: dict[str, list[int]] = {}
        for number, cell in enumerate(self.cells):
            by_run.setdefault(cell.get(RUN, ""), []).append(number)
        found = []
        for run, numbers in by_run.items():
            own = [{name: value for name, value in self.cells[number].items() if name != RUN} for number in numbers]
            request = {**_sampling(settings), "seed": self.seed, "cells": own}
            self._begin_batch(numbers, {**request, **({RUN: run} if run else {})}, settings["length"])
            found.append((run, numbers, {"prompt": self.prompt, "length": settings["length"], **request}))
        return found

    def _begin_batch(self, numbers: Sequence[int], request: Settings, length: int) -> None:
        for sample, number in enumerate(numbers):
            turn = {**request, "length": length, "sample": sample, "context": len(self.prompt)}
            self._begin(number, 0, length, turn)

    def begin(self, number: int, length: int, settings: Mapping[str, Any]) -> Settings:
        """Note that a text grows from its end, and give the request."""
        buffer = self.buffers[number]
        own = self.settings_of(number, settings)
        # the seed moves on with the text: the same one again and again would repeat its choices
        first = own[SEED] if self.cells and SEED in self.cells[number] else self.seed
        seed = first + (0 if self._same_seed or self.cells else number) + buffer.tokens
        request = {**_sampling(own), "seed": seed}
        context = buffer.context()
        run = {RUN: own[RUN]} if self.cells and RUN in own else {}
        turn = {**request, **run, "length": length, "context": len(context)}
        if "pattern" in request and not buffer.dropped:
            request[BEGUN] = buffer.text[buffer.start :]
            turn[BEGUN] = len(request[BEGUN])  # a text may be long
        # what was steered had begun when the rest of its length was written
        self._begin(number, buffer.tokens - (settings["length"] - length), length, turn)
        return {"prompt": context, "length": length, **request}

    def drawing(self, number: int, settings: Mapping[str, Any], offset: int) -> Settings:
        """Settings of the draw at an offset of a text."""
        found = _sampling(self.settings_of(number, settings))
        found.pop("beams", None)
        buffer = self.buffers[number]
        if "pattern" in found and not buffer.dropped:
            found[BEGUN] = buffer.text[buffer.start : offset]
        return found

    def _begin(self, number: int, tokens: int, length: int, turn: Settings) -> None:
        """Note the settings and the target length of a text from here."""
        buffer = self.buffers[number]
        buffer.complete = False
        self._ended.discard(number)
        self.tree[self.tree.shown[number]].add_turn({"at": buffer.characters, **turn})
        if not self._growing:
            self._mark, self._speed = (monotonic(), self._written), 0.0
        self._growing[number] = (tokens, buffer.tokens + length)

    def add(self, number: int, part: Mapping[str, Any]) -> None:
        """Append tokens to a text, unless it was stopped."""
        if number in self._growing:
            self.buffers[number].add(part["text"], part["lengths"], part["logprobs"])
            self._written += len(part["text"])

    def end(self, numbers: Iterable[int], by_itself: bool = False) -> None:
        """Note that these texts grow no more; those that were stopped before have ended already."""
        for number in set(numbers) & self._growing.keys():
            _, wanted = self._growing.pop(number)
            self.buffers[number].complete = self.buffers[number].tokens >= wanted
            if by_itself:
                self._ended.add(number)

    def stop(self) -> None:
        """Stop all texts where they are."""
        self.end(list(self._growing))

    def left(self, length: int) -> dict[int, int]:
        """Tokens that each growing text still needs for a length."""
        return {number: length - self.buffers[number].tokens + begun for number, (begun, _) in self._growing.items()}

    def describe(self, number: int, state: str = "") -> str:
        """Status line of a text: its state, its length, its mean bits, and the speed."""
        buffer = self.buffers[number]
        if not buffer.tokens:
            return "writing" if self.busy else ""
        now, (then, before) = monotonic(), self._mark
        if self.busy and now - then > 0.5:
            self._speed = (self._written - before) / (now - then)
            self._mark = (now, self._written)
        parts = [
            state or ("writing" if self.busy else self._end_of(number)),
            f"{buffer.tokens:,} tokens",
            f"{buffer.nll() / log(2):.2f} bits each",
            f"seed {self.seed}",
        ]
        if self.busy and self._speed:
            parts.insert(1, f"{self._speed:,.0f} characters/s")
        return "  ·  ".join(parts)

    def _end_of(self, number: int) -> str:
        if self.buffers[number].complete:
            return "length reached"
        return "ended" if number in self._ended else "stopped"

    def bits_per_character(self, number: int) -> str:
        """Length and mean bits of a text, per character: two models' tokens may not be alike."""
        buffer = self.buffers[number]
        if not buffer.tokens:
            return ""
        characters = max(len(buffer.text) - buffer.start, 1)
        bits = buffer.nll() * buffer.count / log(2) / characters
        return f"{buffer.tokens:,} tokens · {bits:.2f} bits/char"

    def markdown(self) -> str:
        """Markdown table of the cells of a grid."""
        return markdown(self.prompt, self.cells, [buffer.text[buffer.start :] for buffer in self.buffers])

    def cells_json(self) -> str:
        """JSON of the cells of a grid: settings and text of each."""
        cells = [
            {"cell": cell, "text": buffer.text[buffer.start :]}
            for cell, buffer in zip(self.cells, self.buffers, strict=True)
        ]
        return to_json({"prompt": self.prompt, "seed": self.seed, "cells": cells}, indent=2) + "\n"

    def save(self, run: str, settings: Mapping[str, Any]) -> Path:
        """Write the texts to `samples/<run>-<number>.txt`, and beside it their settings as JSON.

        Args:
            run: The directory of the run.
            settings: Of the panel.

        Returns:
            The file with the text.

        Raises:
            seqnlp.errors.DataError: the files can't be written.
        """
        bare = free_name(run, (".json",))
        file = bare.with_name(f"{bare.name}.txt")
        self.sync_all()
        samples = [
            {
                "text": buffer.text,
                "dropped_characters": buffer.dropped,
                "turns": list(turns),
                "nats": round(buffer.nll(), 6),
                "last_tokens": buffer.to_json(),
            }
            for buffer, turns in zip(self.buffers, self.turns, strict=True)
        ]
        texts = "\n-----\n".join(buffer.text for buffer in self.buffers) + "\n"
        write_bytes(file, texts.encode("utf-8", "surrogatepass"))
        data = {
            "run": run,
            "prompt": self.prompt,
            "settings": dict(settings),
            "cells": self.cells,
            "samples": samples,
            "tree": self.tree.state(),
        }
        write_json(file.with_suffix(".json"), data)
        if self.cells:
            write_bytes(file.with_suffix(".md"), self.markdown().encode("utf-8", "surrogatepass"))
        return file


def named_cell(cell: Mapping[str, Any]) -> Settings:
    """Settings of a cell, its run by name instead of path."""
    return {**cell, RUN: Path(cell[RUN]).name} if RUN in cell else dict(cell)


def tree_of_version_1(state: Mapping[str, Any]) -> TextTree:
    """Convert a session of the first version, whose texts had undo stacks."""
    tree = TextTree(str(state["prompt"]))
    for texts, is_shown in (("texts", True), ("hidden", False)):
        for text in state[texts]:
            branch = tree.add(ROOT, len(tree.prompt), "sample")
            branch.turns = [dict(turn) for turn in text["turns"]]
            dropped, start = int(text["dropped"]), int(text["start"])
            branch.start = max(dropped, len(tree.prompt))
            branch.text = str(text["text"])[start:]
            _take_tokens(branch, text, start, bool(text["complete"]))
            branch.tokens = int(text["tokens"])
            changes: list[Change] = []
            newer = branch
            for tail in reversed(text["undo"]):
                at = int(tail["at"])
                left = next((each for each in reversed(tree.path(newer.number)) if each.at < at), branch)
                if at < left.start or at > left.end:
                    break  # the place was dropped
                before = bisect_right(left.ends, at - left.start) + left.tokens_before
                older = tree.add(newer.number, at, "sample", before)
                older.text = str(tail["text"])
                _take_tokens(older, tail, 0, bool(tail["complete"]))
                older.tokens = len(older.ends)
                changes.insert(0, Change(older.number, newer.number, at))
                newer = older
            if is_shown:
                tree.open_view(branch.number)
                tree.past[-1] = changes[-MAX_UNDOS:]
            else:
                tree.hidden.append(branch.number)
    return TextTree.from_state(tree.state())  # which is checked


def _take_tokens(branch: Branch, text: Mapping[str, Any], first: int, complete: bool) -> None:
    branch.ends = array("l", [end - first for end in unpacked("I", text["ends"])])
    branch.logprobs, branch.complete = unpacked("f", text["logprobs"]), complete


def _sampling(settings: Mapping[str, Any]) -> Settings:
    """The settings that decide how a token is drawn; those of steering only if they are set."""
    found = {name: settings[name] for name in DRAWING if name in settings}
    for name, parse in STEERING.items():
        if settings.get(name):
            found[name] = parse(settings[name])
    return found


def free_name(run: str, endings: Sequence[str]) -> Path:
    """Find a free file name for a sample, without its ending.

    Args:
        run: The directory of the run.
        endings: Endings with which there is no such file yet.

    Raises:
        seqnlp.errors.DataError: the folder can't be made.
    """
    with saving(FOLDER, "saving the sample"):
        FOLDER.mkdir(exist_ok=True)
        name = Path(run).resolve().name
        names = (f"{name}-{number}" for number in range(1, 10**9))
        return FOLDER / next(each for each in names if not any((FOLDER / f"{each}{end}").exists() for end in endings))


def search_request(request: Mapping[str, Any]) -> Settings:
    """Request of a beam search, which has no settings of sampling."""
    length = min(request["length"], SEARCH_LENGTH.high)
    return {"prompt": request["prompt"], "beams": request["beams"], "length": length}


def unknown_in_words(unknown: Sequence[str]) -> str:
    """Warning of characters or words of a prompt outside the vocabulary."""
    listed = " ".join(repr(piece) if piece.isspace() else piece for piece in unknown[:8])
    return f"{listed}{' ...' if len(unknown) > 8 else ''}: it takes them for one and the same sign."
