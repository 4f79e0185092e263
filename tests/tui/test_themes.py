"""Colours that can be read: each text colour on each ground; `golden` looks at the texts of all screens besides."""

from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.theme import Theme

from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.themes import HEAT, LABELS, NIGHT, PAPER
from tests.tui.conftest import contrast_of


@pytest.mark.parametrize("theme", [NIGHT, PAPER])
def test_each_text_colour_has_enough_contrast_on_each_ground(theme: Theme) -> None:
    names = ("primary", "secondary", "accent", "warning", "error", "success", "foreground")
    texts = {name: str(getattr(theme, name)) for name in names}
    variables = ("muted", "footer-key-foreground", "footer-description-foreground", *HEAT, *LABELS)
    texts |= {name: theme.variables[name] for name in variables}
    grounds = {name: str(getattr(theme, name)) for name in ("background", "surface", "panel")}
    ratios = {
        (text, ground): contrast_of(Segment("a", Style.parse(f"{colour} on {behind}")))
        for text, colour in texts.items()
        for ground, behind in grounds.items()
    }
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}
    cursor = f"{theme.variables['input-cursor-foreground']} on {theme.variables['input-cursor-background']}"
    assert contrast_of(Segment("a", Style.parse(cursor))) >= 4.5


def test_the_ratio_is_that_of_wcag() -> None:
    assert contrast_of(Segment("a", Style.parse("#000000 on #ffffff"))) == 21
    assert contrast_of(Segment("a", Style.parse("#777777 on #ffffff"))) == 4.48  # the example of many checkers


@pytest.mark.anyio
async def test_every_theme_of_textual_can_be_chosen(runs: Path, fake: Any, settled: Any) -> None:
    app = SeqnlpApp(runs, fake({}))
    async with app.run_test() as pilot:
        await settled(pilot)
        for name in ("nord", "textual-light"):
            app.theme = name
            await settled(pilot)
            assert app.theme_variables["muted"].startswith("#")
        await pilot.press("ctrl+t")
        assert app.current_theme.dark
        await pilot.press("ctrl+t")
        assert app.theme == "textual-light"  # the light one that was chosen last
