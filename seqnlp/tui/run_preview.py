"""Preview of a run: scores, curves, recipe in five lines, last text; read from files alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from seqnlp.errors import SeqnlpError
from seqnlp.run import Run
from seqnlp.run.summary import Summary, curves, plain_scores, read_recipe
from seqnlp.tui.listing import BROKEN, FAILED
from seqnlp.tui.trainings import Training
from seqnlp.units import counted

LOSS = "loss"

Curve = tuple[str, list[float | None]]
"""Name of a curve, and its values."""


@final
@dataclass(frozen=True)
class Preview:
    """Contents of a preview."""

    run: Summary
    scores: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    """Scores on each split by name."""
    curves: Sequence[Curve] = ()
    recipe: Sequence[tuple[str, str]] = ()
    """Section and its settings in words."""
    text: str = ""
    """The last text or prompt."""
    output: Sequence[str] = ()
    """Last output of a training that has failed."""

    @classmethod
    def read(cls, run: Summary, training: Training | None = None) -> Preview:
        """Read what there is of a run; damaged parts are left out, since its summary tells of them.

        Args:
            run: In a list of runs.
            training: Its last training, as far as it is known.
        """
        output = training.last_words() if training is not None and run.state == FAILED else []
        opened = Run(Path(run.path))
        scores: Mapping[str, Any] = {}
        found: list[Curve] = []
        recipe: dict[str, Any] = {}
        text = ""
        if run.state != BROKEN and opened.path.is_dir():
            with suppress(SeqnlpError, OSError):
                scores = plain_scores(opened.scores())
            with suppress(SeqnlpError, OSError, KeyError, TypeError):
                found = _curves(opened, run.metric)
            with suppress(SeqnlpError, OSError):
                recipe = read_recipe(opened)
            text = last_text(run)
        return cls(run, scores, found, recipe_in_words(recipe), text, output)


def _curves(run: Run, metric: str) -> list[Curve]:
    """Training loss, and the score on dev that decides."""
    found = curves(run.events())
    named = [(LOSS, found.loss), (found.metric or metric, found.dev.get(found.metric, []))]
    return [(name, [value for _, value in points]) for name, points in named if points]


def last_text(run: Summary) -> str:
    """Text that was written with a run last, or its last prompt."""
    from seqnlp.tui.history import History  # not needed for the first paint

    found = History.of([run]).open()
    if found.session is not None:
        return found.session.buffers[found.session.current].text
    return found.draft or found.sent


def recipe_in_words(recipe: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A recipe in five lines at most: data, embedding, encoder, decoder, training."""
    lines = [
        ("data", _data(recipe)),
        ("embedding", _embedding(_table(recipe, "embedding"))),
        ("encoder", _layer(_table(recipe, "encoder"))),
        ("decoder", _layer(_table(recipe, "decoder"))),
        ("training", _training(recipe)),
    ]
    return [(name, words) for name, words in lines if words]


def _data(recipe: Mapping[str, Any]) -> str:
    data = _table(recipe, "data")
    named = [data.get(name) for name in ("labels", "label", "text", "source", "target")]
    columns = [str(each) for value in named for each in (value if isinstance(value, list) else [value]) if each]
    return ", ".join(filter(None, [str(data.get("train", "")), " ".join(dict.fromkeys(columns))]))


def _embedding(table: Mapping[str, Any]) -> str:
    parts = [f"{name} {_layer(value)}".strip() for name, value in table.items() if isinstance(value, dict) and value]
    own = [f"{table['size']:,}"] if isinstance(table.get("size"), int) else []
    return ", ".join([*own, *parts])


def _layer(table: Mapping[str, Any]) -> str:
    """Kind, layers and size of a part of the model."""
    size, layers = table.get("size"), table.get("layers")
    width = f"{layers} × {size:,}" if isinstance(layers, int) and layers > 1 and isinstance(size, int) else ""
    width = width or (f"{size:,}" if isinstance(size, int) else "")
    both = "bidirectional" if table.get("bidirectional") is True else ""
    attention = f"attention {table['attention']}" if isinstance(table.get("attention"), str) else ""
    tied = "tied" if table.get("tied") is True else ""
    return " ".join(filter(None, [str(table.get("kind", "")), width, both, attention, tied]))


def _training(recipe: Mapping[str, Any]) -> str:
    training, optimizer = _table(recipe, "training"), _table(recipe, "optimizer")
    return ", ".join(_parts_of(training, optimizer))


def _parts_of(training: Mapping[str, Any], optimizer: Mapping[str, Any]) -> Iterator[str]:
    if "epochs" in training:
        epochs = training["epochs"]
        yield counted(epochs, "epochs") if isinstance(epochs, int | float) else f"{epochs} epochs"
    if optimizer:
        yield f"{optimizer.get('kind', '')} {optimizer.get('lr', '')}".strip()
    if "batch_tokens" in training:
        yield f"batches of {training['batch_tokens']:,}"


def _table(recipe: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = recipe.get(name)
    return value if isinstance(value, dict) else {}
