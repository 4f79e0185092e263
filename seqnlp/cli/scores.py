"""Scores, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def show_scores(console: Console, scores: dict[str, Any]) -> None:
    """One line a split with its plain scores, and what the training took."""
    for split in ("dev", "test"):
        if split in scores:
            console.print(f"{split:<5} {one_line(scores[split])}", highlight=False, soft_wrap=True)
            show_baselines(console, scores[split].get("baselines", {}))
    if training := scores.get("training"):
        epochs = f"{training['epochs']} epoch{'' if training['epochs'] == 1 else 's'}"
        console.print(
            f"trained {epochs}, {training['steps']:,} steps in {training['seconds']:.0f} s, "
            f"{training['tokens_per_second']:,.0f} a second",
            highlight=False,
            soft_wrap=True,
        )


def show_baselines(console: Console, baselines: dict[str, dict[str, float]]) -> None:
    """One line for each trivial system, to be compared with."""
    for name, scores in baselines.items():
        console.print(f"      {one_line(scores)}  ({name})", highlight=False, soft_wrap=True)


def one_line(scores: dict[str, Any]) -> str:
    """The plain scores, side by side."""
    return "  ".join(f"{name} {score:.4f}" for name, score in scores.items() if isinstance(score, float))
