"""Texts of the configuration file: a template, the values in effect, and the JSON schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seqnlp.recipe.document import dotted
from seqnlp.tui.configuration.key_names import NamedKey
from seqnlp.tui.configuration.load import SHIPPED_THEMES, Configuration
from seqnlp.tui.configuration.options import OPTIONS, SECTIONS, THEME, Keys, Option, shown

INTRODUCTION = """\
# Configuration of `seqnlp tui`. Lines that begin with # are off; each shows its default, or an example.
# `seqnlp config check` checks this file, `seqnlp config keys` lists the keys.
"""


def template() -> str:
    """A file with every option as a comment."""
    lines = [INTRODUCTION]
    for section, options in OPTIONS.items():
        if section:
            lines.append(f"\n[{section}]  # {SECTIONS[section]}")
        for name, option in options.items():
            value = option.default if option.default is not None else option.example
            lines += [f"# {option.help}", f"#{name} = {shown(value)}"]
    lines += [
        f"\n[keys]  # {SECTIONS['keys']}",
        '#home.mark = "ctrl+o"',
        '#tag.scores = ["f2", "f6"]',
        f"\n# {SECTIONS['themes']}",
        "#[themes.dusk]",
        '#base = "night"',
        '#accent = "#e8a0bf"',
    ]
    return "\n".join(lines) + "\n"


def in_effect(configuration: Configuration) -> str:
    """All values as TOML: each with its line in the file, or as a default."""
    lines: list[str] = []
    for section, options in OPTIONS.items():
        if section:
            lines.append(f"\n[{section}]")
        for name, option in options.items():
            lines.append(_line(configuration, section, name, option))
    if configuration.keys:
        lines.append("\n[keys]")
        lines += [
            f"{name} = {shown(keys[0] if len(keys) == 1 else list(keys))}" for name, keys in configuration.keys.items()
        ]
    for theme, values in configuration.themes.items():
        lines.append(f"\n[{dotted(('themes', theme))}]")
        lines += [f"{name} = {_toml(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def schema(keys: Mapping[str, NamedKey]) -> dict[str, Any]:
    """JSON schema of the file, Draft 2020-12.

    Args:
        keys: The names of all keys.
    """
    properties: dict[str, Any] = {name: _schema_of(option) for name, option in OPTIONS[""].items()}
    for section, options in OPTIONS.items():
        if section:
            properties[section] = _table({name: _schema_of(option) for name, option in options.items()})
            properties[section]["description"] = SECTIONS[section]
    places: dict[str, dict[str, Any]] = {}
    for each in keys.values():
        described = {"description": f"{each.what}; usually {', '.join(each.keys)}"}
        places.setdefault(each.place, {})[each.name.partition(".")[2]] = {**Keys().schema(), **described}
    by_name = {name: place[name.partition(".")[2]] for name, place in ((k, places[k.partition(".")[0]]) for k in keys)}
    properties["keys"] = _table({**{name: _table(inner) for name, inner in places.items()}, **by_name})
    properties["keys"]["description"] = SECTIONS["keys"]
    theme = _table({name: _schema_of(option) for name, option in THEME.items()})
    names = {"not": {"enum": list(SHIPPED_THEMES)}}
    properties["themes"] = {
        "type": "object",
        "description": SECTIONS["themes"],
        "propertyNames": names,
        "additionalProperties": theme,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of seqnlp",
        **_table(properties),
    }


def keys_table(keys: Mapping[str, NamedKey], configuration: Configuration) -> Iterator[str]:
    """A line for each name of a key: its keys now, and their action."""
    width = max(map(len, keys), default=0)
    now = {name: ", ".join(configuration.keys.get(name, each.keys)) for name, each in keys.items()}
    room = max(map(len, now.values()), default=0)
    for name, each in keys.items():
        yield f"{name:{width}}  {now[name]:{room}}  {each.what}"


def _line(configuration: Configuration, section: str, name: str, option: Option) -> str:
    key = f"{section}.{name}" if section else name
    value = configuration.value(section, name)
    if key in configuration.values:
        return f"{name} = {_toml(value)}  # line {configuration.lines[key]}"
    if value is None:
        return f"# {name}: {option.help[0].lower()}{option.help[1:]}"
    return f"{name} = {_toml(value)}  # default"


def _toml(value: object) -> str:
    return "[" + ", ".join(map(_toml, value)) + "]" if isinstance(value, tuple) else shown(value)


def _schema_of(option: Option) -> dict[str, Any]:
    found = {**option.kind.schema(), "description": option.help}
    return found if option.default is None else {**found, "default": option.default}


def _table(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}
