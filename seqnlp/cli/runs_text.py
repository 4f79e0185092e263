"""Runs as they are told on standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from seqnlp.cli.tables import print_score_tables, print_table
from seqnlp.run.scores import plain_scores
from seqnlp.units import duration, file_size, score

if TYPE_CHECKING:
    from rich.console import Console

    from seqnlp.run import Run
    from seqnlp.run.summary import Summary


def print_summaries(console: Console, summaries: Sequence[Summary]) -> None:
    """One line a run."""
    rows = [
        [
            summary.name,
            summary.task,
            summary.state,
            local_time(summary.created),
            f"{summary.split} {summary.metric}".strip(),
            score(summary.score),
            size_text(summary.model_bytes),
        ]
        for summary in summaries
    ]
    print_table(console, ["run", "task", "state", "begun", "metric", "score", "model"], rows, left=5)


def print_run(
    console: Console,
    summary: Summary,
    recipe: Mapping[str, Any],
    scores: Mapping[str, Any],
    meta: Mapping[str, Any],
) -> None:
    """All that there is to say of a run.

    Args:
        console: where to.
        summary: the run in one line.
        recipe: its settings by their dotted keys.
        scores: as in scores.json.
        meta: as in meta.json.
    """
    console.print(f"{summary.path}  {summary.task}, {summary.state}", style="bold", soft_wrap=True)
    begun = f"begun {local_time(summary.created)}" if summary.created else ""
    device = f"on {meta['device']}" if "device" in meta else ""
    model = f"model {file_size(summary.model_bytes)}" if summary.model_bytes else "no model yet"
    console.print(
        ", ".join(filter(None, [begun, device, *(f"{name} {value}" for name, value in effort(scores).items()), model])),
        soft_wrap=True,
    )
    console.print()
    for section, settings in sections(recipe).items():
        console.print(f"[{section}]  {settings}" if section else settings, soft_wrap=True)
    table = plain_scores(scores)
    if table:
        splits = list(next(iter(table.values())))
        console.print()
        print_table(console, ["", *splits], [[name, *map(score, row.values())] for name, row in table.items()])
    print_score_tables(console, scores.get("test", scores.get("dev", {})))


def print_comparison(console: Console, runs: Mapping[str, Run], settings: Mapping[str, Mapping[str, Any]]) -> None:
    """Scores, effort and differing settings, a column a run."""
    scores = {name: run.scores() for name, run in runs.items()}
    columns = {
        name: {
            **{f"{split} {metric}": score(value) for metric, split, value in _split_scores(scores[name])},
            **effort(scores[name]),
            "model": size_text(run.model_bytes),
        }
        for name, run in runs.items()
    }
    labels = dict.fromkeys(label for column in columns.values() for label in column)
    print_table(
        console,
        ["", *runs],
        [[label, *(column.get(label, "-") for column in columns.values())] for label in labels],
    )
    console.print()
    if not settings:
        console.print("all settings are the same", soft_wrap=True)
        return
    rows = [[key, *map(setting_text, values.values())] for key, values in settings.items()]
    print_table(console, ["settings that differ", *runs], rows)


def effort(scores: Mapping[str, Any]) -> dict[str, str]:
    """What a training took, by name: its time and its speed."""
    training = scores.get("training", {})
    found = {}
    if "seconds" in training:
        found["training time"] = duration(training["seconds"])
    if "tokens_per_second" in training:
        found["speed"] = f"{training['tokens_per_second']:,.0f} tokens/s"
    return found


def sections(recipe: Mapping[str, Any]) -> dict[str, str]:
    """The settings of each section in one line, by the section's name."""
    lines: dict[str, list[str]] = {}
    for key, value in recipe.items():
        section, _, name = key.rpartition(".")
        lines.setdefault(section, []).append(f"{name} = {setting_text(value)}")
    return {section: "  ".join(settings) for section, settings in lines.items()}


def setting_text(value: Any) -> str:
    """A value of a recipe; `-` for one that is not there."""
    return "-" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def size_text(size: int) -> str:
    """The size of a model; `-` if there is none."""
    return file_size(size) if size else "-"


def local_time(moment: str) -> str:
    """An ISO 8601 time as the clock on the wall shows it; what is no such time is left as it is."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return moment


def _split_scores(scores: Mapping[str, Any]) -> list[tuple[str, str, float | None]]:
    return [(name, split, value) for name, row in plain_scores(scores).items() for split, value in row.items()]
