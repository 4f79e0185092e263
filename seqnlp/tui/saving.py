"""Samples in files: the text, and a JSON object with all that it takes to write it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqnlp.run.files import saving, write_bytes, write_json
from seqnlp.tui.writing import Writing

FOLDER = Path("samples")


def save_samples(
    run: str, prompt: str, settings: Mapping[str, Any], writings: Sequence[Writing], turns: Sequence[Sequence[Any]]
) -> Path:
    """Write the texts to `samples/<run>-<number>.txt`, and beside it what made them as JSON.

    Args:
        run: The directory of the run.
        prompt: What the texts began with.
        settings: As the dials stand.
        writings: The texts.
        turns: Of each text the settings, seed included, that were in force from a character on, where they changed.

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
    texts = [writing.whole() for writing in writings]
    data = {
        "run": run,
        "prompt": prompt,
        "settings": dict(settings),
        "samples": [
            {"text": text, "turns": list(turn), "nats": round(writing.nats(), 6), "last_tokens": writing.to_json()}
            for text, writing, turn in zip(texts, writings, turns, strict=True)
        ],
    }
    write_bytes(file, ("\n-----\n".join(texts) + "\n").encode("utf-8", "surrogatepass"))
    write_json(file.with_suffix(".json"), data)
    return file
