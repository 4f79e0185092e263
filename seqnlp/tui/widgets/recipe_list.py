"""The recipes in a list, with those left out that do not match what was typed."""

from __future__ import annotations

from typing import final

from textual.content import Content

from seqnlp.recipe.shipped import RecipeSummary
from seqnlp.tui.widgets.choice_list import ChoiceList
from seqnlp.tui.widgets.lines import column


@final
class RecipeList(ChoiceList[RecipeSummary]):
    """Names of recipes with their tasks."""

    def searched(self, item: RecipeSummary) -> str:
        """The name, the task and the first line."""
        return f"{item.name} {item.task} {item.about}"

    def describe(self, item: RecipeSummary, width: int) -> Content:
        """The name, and the task if there is room for it."""
        task = min(max(width - 18, 0), 10)
        name = column(item.name, width - task - 1)
        return name.append(" ").append(column(item.task or "✕", task, "$muted" if item.task else "$error"))
