"""How translations are searched for, as dials that begin where the run's recipe put them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from seqnlp.errors import SeqnlpError
from seqnlp.run import Run
from seqnlp.run.summary import read_recipe
from seqnlp.tui.dialling import Dial

WIDTHS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 30, 50, 100)
SHOWN = 5
"""Translations that are shown at first, if the beam is that wide."""

DIALS = (
    Dial("beam", "beam", 5, WIDTHS, "", True, "hypotheses that are followed at once; 1: greedy", bounded=True),
    Dial("best", "n-best", SHOWN, WIDTHS, "", True, "translations to show; as wide must the beam be", bounded=True),
    Dial(
        "length_penalty",
        "length",
        "gnmt",
        ("none", "gnmt", "average"),
        tip="what scores are divided by, so that long ones stand a chance: nothing, ((5 + n) / 6)^alpha, n",
    ),
    Dial(
        "alpha",
        "alpha",
        0.6,
        tuple(number / 10 for number in range(21)),
        tip="exponent of the length penalty gnmt: larger ones favour longer translations",
    ),
)


def dials_of(run: str) -> tuple[Dial, ...]:
    """The dials of a run; a recipe that can't be read leaves them as they are in all recipes."""
    try:
        search: dict[str, Any] = read_recipe(Run.at(run)).get("search", {})
    except SeqnlpError:
        search = {}
    standing = {
        dial.name: search[dial.name]
        for dial in DIALS
        if isinstance(search.get(dial.name), (type(dial.default), int))  # else the recipe is damaged
    }
    standing["best"] = min(SHOWN, standing.get("beam", SHOWN))
    return tuple(replace(dial, default=standing.get(dial.name, dial.default)) for dial in DIALS)


def agree(values: Mapping[str, Any], turned: str) -> dict[str, Any]:
    """The values once one was turned: no more translations can be shown than are followed at once."""
    beam, best = values["beam"], values["best"]
    return {**values, "beam": max(beam, best)} if turned == "best" else {**values, "best": min(best, beam)}
