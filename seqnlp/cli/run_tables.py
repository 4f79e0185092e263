"""Tables of runs: lists, single runs, comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from seqnlp.cli.progress import part_lines
from seqnlp.cli.tables import print_score_tables, print_table
from seqnlp.json_text import to_json
from seqnlp.run.summary import Summary, plain_scores
from seqnlp.units import duration, file_size, score

if TYPE_CHECKING:
    from rich.console import Console


def print_summaries(console: Console, summaries: Sequence[Summary]) -> None:
    """Print a table with one line a run; a column of notes if there are any."""
    noted = any(summary.note for summary in summaries)
    rows = [
        [
            summary.name,
            summary.task,
            summary.state,
            local_time(summary.created),
            f"{summary.split} {summary.metric}".strip(),
            score(summary.score),
            size_text(summary.model_bytes),
            *([summary.note] if noted else []),
        ]
        for summary in summaries
    ]
    header = ["run", "task", "state", "begun", "metric", "score", "model", *(["note"] if noted else [])]
    print_table(console, header, rows, left=5)


def print_run(
    console: Console, summary: Summary, recipe: Mapping[str, Any], scores: Mapping[str, Any], meta: Mapping[str, Any]
) -> None:
    """Print a run: settings by dotted key, scores as in scores.json, meta as in meta.json."""
    console.print(f"{summary.path}  {summary.task}, {summary.state}", style="bold", soft_wrap=True)
    if summary.note:
        console.print(summary.note, soft_wrap=True)
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
    for part, origin in meta.get("knowledge", {}).items():
        if part == "start":
            continue
        digest, license = origin.get("sha256", "unknown"), origin.get("license") or "unknown"
        found = f"{part} is from {origin.get('name', '')}, SHA-256 {digest}, licence {license}"
        console.print(found, soft_wrap=True, highlight=False)
    if start := meta.get("start"):
        console.print(f"started from {start.get('run', '')}, digest {start.get('sha256', '')}:", soft_wrap=True)
        for line in part_lines(start.get("parts", {})):
            console.print(line, soft_wrap=True)
    table = plain_scores(scores)
    if table:
        splits = list(next(iter(table.values())))
        console.print()
        print_table(console, ["", *splits], [[name, *map(score, row.values())] for name, row in table.items()])
    print_score_tables(console, scores.get("test", scores.get("dev", {})))


def effort(scores: Mapping[str, Any]) -> dict[str, str]:
    """Time and speed of a training, by name."""
    training = scores.get("training", {})
    found = {}
    if "seconds" in training:
        found["training time"] = duration(training["seconds"])
    if "tokens_per_second" in training:
        found["speed"] = f"{training['tokens_per_second']:,.0f} tokens/s"
    return found


def sections(recipe: Mapping[str, Any]) -> dict[str, str]:
    """Settings of each section in one line, by the section's name."""
    lines: dict[str, list[str]] = {}
    for key, value in recipe.items():
        section, _, name = key.rpartition(".")
        lines.setdefault(section, []).append(f"{name} = {setting_text(value)}")
    return {section: "  ".join(settings) for section, settings in lines.items()}


def setting_text(value: Any) -> str:
    """Value of a setting as JSON; `-` for none."""
    return "-" if value is None else to_json(value, default=str)


def size_text(size: int) -> str:
    """Size of a model; `-` if there is none."""
    return file_size(size) if size else "-"


def local_time(moment: str) -> str:
    """Convert an ISO 8601 time to local time; other text is unchanged."""
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):  # an OverflowError: the years 1 and 9999 in some time zones
        return moment
