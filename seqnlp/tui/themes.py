"""Themes: a dark one, a light one, and one without colour; and the colours of labels."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, final

from textual.theme import BUILTIN_THEMES, Theme

HEAT = tuple(f"heat-{level}" for level in range(6))
"""Tints of tokens by negative log-likelihood, from almost certain to very unlikely."""

LABELS = tuple(f"label-{number}" for number in range(8))
"""Colours of labels, in the order in which these are seen."""

NIGHT = Theme(
    name="night",
    dark=True,
    primary="#7fb0c8",
    secondary="#8fae7e",
    accent="#e3b778",
    warning="#e39a5f",
    error="#e0736f",
    success="#8fae7e",
    foreground="#d5d9e0",
    background="#12151a",
    surface="#171b21",
    panel="#20262e",
    variables={
        "muted": "#868e9b",
        "faint": "#3a424d",
        **dict(zip(HEAT, ("#aab2bf", "#d5d9e0", "#e0d0a8", "#e3b778", "#e39a5f", "#e8706a"), strict=True)),
        **dict(
            zip(
                LABELS,
                ("#7fb0c8", "#e3b778", "#8fae7e", "#c79ac0", "#e39a5f", "#6fb8a8", "#e0736f", "#a3a0d8"),
                strict=True,
            )
        ),
        "footer-background": "#171b21",
        "footer-key-foreground": "#e3b778",
        "footer-description-foreground": "#9aa3b0",
        "input-cursor-background": "#e3b778",
        "input-cursor-foreground": "#12151a",
        "scrollbar": "#2b323c",
        "scrollbar-hover": "#3a424d",
        "scrollbar-active": "#7fb0c8",
        "scrollbar-background": "#12151a",
        "scrollbar-background-hover": "#12151a",
        "scrollbar-background-active": "#12151a",
        "scrollbar-corner-color": "#12151a",
    },
)

PAPER = Theme(
    name="paper",
    dark=False,
    primary="#1f6a87",
    secondary="#497031",
    accent="#945700",
    warning="#a14f0e",
    error="#b02a25",
    success="#497031",
    foreground="#2a2e35",
    background="#fbf9f4",
    surface="#f3f0e7",
    panel="#e9e5d9",
    variables={
        "muted": "#616670",
        "faint": "#cfcabb",
        **dict(zip(HEAT, ("#5d636d", "#2a2e35", "#75581c", "#945700", "#ac460a", "#b3202a"), strict=True)),
        **dict(
            zip(
                LABELS,
                ("#1f6a87", "#945700", "#497031", "#8a4a80", "#a14f0e", "#1d7261", "#b02a25", "#5a55a8"),
                strict=True,
            )
        ),
        "footer-background": "#f3f0e7",
        "footer-key-foreground": "#945700",
        "footer-description-foreground": "#5b616c",
        "input-cursor-background": "#945700",
        "input-cursor-foreground": "#fbf9f4",
        "scrollbar": "#ddd8c9",
        "scrollbar-hover": "#cfcabb",
        "scrollbar-active": "#1f6a87",
        "scrollbar-background": "#fbf9f4",
        "scrollbar-background-hover": "#fbf9f4",
        "scrollbar-background-active": "#fbf9f4",
        "scrollbar-corner-color": "#fbf9f4",
    },
)

PLAIN = Theme(
    name="plain",
    ansi=True,
    primary="ansi_default",
    secondary="ansi_default",
    accent="ansi_default",
    warning="ansi_default",
    error="ansi_default",
    success="ansi_default",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        **BUILTIN_THEMES["ansi-dark"].variables,
        "muted": "ansi_default",
        "faint": "ansi_default",
        **dict.fromkeys((*HEAT, *LABELS), "ansi_default"),
        "input-cursor-text-style": "reverse",
        "footer-key-foreground": "ansi_default",
        "footer-description-foreground": "ansi_default",
    },
)

THEMES = (NIGHT, PAPER, PLAIN)


def own_theme(name: str, options: Mapping[str, Any]) -> Theme:
    """Theme of the user: another one with other colours.

    What has the colour of something else there, such as the keys in the footer, has it here, too.

    Args:
        name: Of the theme.
        options: As in the configuration file: `base`, colours, `heat`, `labels`.
    """
    base = PAPER if options.get("base") == PAPER.name else NIGHT
    fields = {key: value for key, value in options.items() if key in _FIELDS}
    changed = {getattr(base, key): value for key, value in fields.items()}
    changed |= {base.variables[key]: options[key] for key in ("muted", "faint") if key in options}
    variables = {key: changed.get(value, value) for key, value in base.variables.items()}
    for names, colours in ((HEAT, options.get("heat")), (LABELS, options.get("labels"))):
        variables |= dict(zip(names, colours, strict=True)) if colours else {key: base.variables[key] for key in names}
    return replace(base, name=name, variables=variables, **fields)


_FIELDS = (
    *("primary", "secondary", "accent", "warning", "error", "success"),
    *("foreground", "background", "surface", "panel"),
)
"""Options of a theme that Textual has, too."""


@final
class LabelColours:
    """Assigns the next colour to each new label; after the last one they begin again."""

    def __init__(self, count: int = len(LABELS)) -> None:
        """Take the first colours of the theme."""
        self._numbers: dict[str, int] = {}
        self._count = count

    def of(self, label: str) -> str:
        """Theme variable of a label."""
        number = self._numbers.setdefault(label, len(self._numbers))
        return f"${LABELS[number % self._count]}"
