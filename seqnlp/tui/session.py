"""Generation session: the texts of a language model's panel, their settings, and their files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log
from pathlib import Path
from time import monotonic
from typing import Any, final

from seqnlp.run.files import saving, write_bytes, write_json
from seqnlp.tui.token_buffer import TokenBuffer

MAX_TURNS = 1000
"""Changes of settings that are remembered for each text."""

MAX_SAMPLES = 6
"""Texts of a session."""

FOLDER = Path("samples")
"""Folder of saved samples, in the working directory."""

Settings = dict[str, Any]


@final
class Session:
    """Texts from one prompt: samples of one batch, each continued by itself; or one text each of several models."""

    def __init__(self, prompt: str, samples: int, seed: int, same_seed: bool = False) -> None:
        """Begin with texts that are the prompt alone.

        Args:
            prompt: The beginning of all texts.
            samples: Number of texts.
            seed: Of the batch; a text that is continued alone has a seed of its own.
            same_seed: Each text belongs to another model, so that all draw with the same seed.
        """
        self.prompt, self.seed = prompt, seed
        self.current = 0
        """The text that had the focus last."""
        self.buffers = [TokenBuffer(prompt) for _ in range(samples)]
        self.turns: list[list[Settings]] = [[] for _ in range(samples)]
        """Settings of each text, `at` a character, counted from its beginning."""
        self.hidden: list[tuple[TokenBuffer, list[Settings]]] = []
        """Texts beyond the number of samples, a stack: the last one comes back first."""
        self._same_seed = same_seed
        self._growing: dict[int, tuple[int, int]] = {}
        """The growing texts: their tokens at the request, and the tokens that they are to have."""
        self._mark = (monotonic(), 0)
        self._speed = 0.0
        self._written = 0

    @property
    def busy(self) -> bool:
        """True while any text grows."""
        return bool(self._growing)

    @property
    def has_begun(self) -> bool:
        """True if any text has tokens."""
        return any(buffer.tokens for buffer in self.buffers)

    def is_busy(self, number: int) -> bool:
        """True while this text grows."""
        return number in self._growing

    def resize(self, samples: int) -> None:
        """Set the number of texts.

        Texts at the end are hidden; hidden ones come back before new ones are added.
        """
        while len(self.buffers) > samples:
            self.hidden.append((self.buffers.pop(), self.turns.pop()))
        while len(self.buffers) < samples:
            buffer, turns = self.hidden.pop() if self.hidden else (TokenBuffer(self.prompt), [])
            self.buffers.append(buffer)
            self.turns.append(turns)

    @property
    def version(self) -> tuple[object, ...]:
        """Version of the state; any change of a text changes it."""
        return (id(self), *((buffer.version, buffer.characters, buffer.tokens) for buffer in self.buffers))

    def state(self) -> dict[str, Any]:
        """State of the session as a JSON object; a text that grows is one that was stopped there."""
        return {
            "prompt": self.prompt,
            "seed": self.seed,
            "same_seed": self._same_seed,
            "current": self.current,
            "texts": [
                {**buffer.state(), "turns": [*turns]} for buffer, turns in zip(self.buffers, self.turns, strict=True)
            ],
            "hidden": [{**buffer.state(), "turns": [*turns]} for buffer, turns in self.hidden],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Session:
        """Make a session from its `state`.

        Raises:
            ValueError: it is not the state of a session.
        """
        try:
            texts, hidden = ([_text_from(text) for text in state[name]] for name in ("texts", "hidden"))
            session = cls(str(state["prompt"]), 0, int(state["seed"]), bool(state["same_seed"]))
            current = int(state["current"])
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"expected the state of a session ({error!r})") from error
        if not texts or len(texts) > MAX_SAMPLES:
            raise ValueError(f"expected 1 to {MAX_SAMPLES} texts, found {len(texts)}")
        session.buffers, session.turns = [buffer for buffer, _ in texts], [turns for _, turns in texts]
        session.hidden, session.current = hidden, min(max(current, 0), len(texts) - 1)
        return session

    def begin_all(self, settings: Mapping[str, Any]) -> Settings:
        """Note that all texts grow from the prompt, and give the request: text n is sample n of its answer."""
        samples = len(self.buffers)
        request = {**_sampling(settings), "seed": self.seed, "samples": samples}
        for number in range(samples):
            self._begin(number, 0, settings["length"], {**request, "sample": number})
        return {"prompt": self.prompt, "length": settings["length"], **request}

    def begin(self, number: int, length: int, settings: Mapping[str, Any]) -> Settings:
        """Note that a text grows from its end, and give the request."""
        buffer = self.buffers[number]
        # the seed moves on with the text: the same one again and again would repeat its choices
        seed = self.seed + (0 if self._same_seed else number) + buffer.tokens
        request = {**_sampling(settings), "seed": seed}
        # what was steered had begun when the rest of its length was written
        self._begin(number, buffer.tokens - (settings["length"] - length), length, request)
        return {"prompt": buffer.context(), "length": length, **request}

    def _begin(self, number: int, tokens: int, length: int, turn: Settings) -> None:
        """Note the settings and the target length of a text from here."""
        buffer = self.buffers[number]
        buffer.complete = False
        self.turns[number] = [*self.turns[number][-MAX_TURNS:], {"at": buffer.characters, **turn}]
        if not self._growing:
            self._mark, self._speed = (monotonic(), self._written), 0.0
        self._growing[number] = (tokens, buffer.tokens + length)

    def add(self, number: int, part: Mapping[str, Any]) -> None:
        """Append tokens to a text, unless it was stopped."""
        if number in self._growing:
            self.buffers[number].add(part["text"], part["lengths"], part["logprobs"])
            self._written += len(part["text"])

    def end(self, numbers: Iterable[int]) -> None:
        """Note that these texts grow no more; those that were stopped before have ended already."""
        for number in set(numbers) & self._growing.keys():
            _, wanted = self._growing.pop(number)
            self.buffers[number].complete = self.buffers[number].tokens >= wanted

    def stop(self) -> None:
        """End all texts."""
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
            state or ("writing" if self.busy else "length reached" if buffer.complete else "stopped"),
            f"{buffer.tokens:,} tokens",
            f"{buffer.nll() / log(2):.2f} bits each",
            f"seed {self.seed}",
        ]
        if self.busy and self._speed:
            parts.insert(1, f"{self._speed:,.0f} characters/s")
        return "  ·  ".join(parts)

    def bits_per_character(self, number: int) -> str:
        """Length and mean bits of a text, per character: two models' tokens may not be alike."""
        buffer = self.buffers[number]
        if not buffer.tokens:
            return ""
        characters = max(len(buffer.text) - buffer.start, 1)
        bits = buffer.nll() * buffer.count / log(2) / characters
        return f"{buffer.tokens:,} tokens · {bits:.2f} bits/char"

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
        with saving(FOLDER, "saving the sample"):
            FOLDER.mkdir(exist_ok=True)
            name = Path(run).resolve().name
            number = next(n for n in range(1, 10**9) if not (FOLDER / f"{name}-{n}.json").exists())
        file = FOLDER / f"{name}-{number}.txt"
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
        data = {"run": run, "prompt": self.prompt, "settings": dict(settings), "samples": samples}
        write_json(file.with_suffix(".json"), data)
        return file


def _text_from(state: Mapping[str, Any]) -> tuple[TokenBuffer, list[Settings]]:
    return TokenBuffer.from_state(state), [dict(turn) for turn in state["turns"]]


def _sampling(settings: Mapping[str, Any]) -> Settings:
    """The settings that decide how a token is drawn."""
    return {name: value for name, value in settings.items() if name not in ("samples", "length", "seed")}


def unknown_in_words(unknown: Sequence[str]) -> str:
    """Warning of characters or words of a prompt outside the vocabulary."""
    listed = " ".join(repr(piece) if piece.isspace() else piece for piece in unknown[:8])
    return f"{listed}{' ...' if len(unknown) > 8 else ''}: it takes them for one and the same sign."
