"""Names of key bindings; the configuration file gives them other keys."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import final

from textual.binding import Binding, BindingType
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from seqnlp.spelling import did_you_mean
from seqnlp.tasks.registry import known_tasks
from seqnlp.tui.configuration.options import BadValue

MODIFIERS = ("ctrl", "shift", "alt", "super")

SAME_AS = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+h": "backspace",
    "ctrl+j": "enter",
    "ctrl+left_square_bracket": "escape",
}
"""Keys that terminals can't tell from others."""

SPECIAL = frozenset(key.value for key in Keys if key.value.isalnum()) - {"return"}
"""Names of keys that write nothing, and of space."""

SPELLINGS = {"esc": "escape", "return": "enter", "del": "delete", "pgup": "pageup", "pgdn": "pagedown"}

TYPING = ("home", "train")
"""Places where letters are text, whatever has the focus."""

PANELS = ("tag", "classify", "generate", "translate", "forecast", "transcribe", "segment")
"""Places of which one at most is on the screen, as is one of home, train and watch."""

INSIDE = {
    "home": ("home",),
    "train": ("train",),
    "watch": ("watch",),
    **{panel: (panel,) for panel in PANELS},
    "answers": ("tag", "classify"),
    "words": ("tag", "classify"),
    "settings": ("generate", "translate"),
    "translations": ("translate",),
    **dict.fromkeys(("alternatives", "tokens", "tree"), ("generate",)),
    "attention": ("translate",),
    **dict.fromkeys(("panel", "text", "run", "compare"), PANELS),
    # `app` and `screen` are everywhere
}
"""Screens and panels that the widgets of a place are in; of others any."""


@final
@dataclass(frozen=True)
class NamedKey:
    """Bindings that go by one name."""

    name: str
    """Place and description, `home.mark`."""
    keys: tuple[str, ...]
    """Usual keys."""
    what: str

    @property
    def place(self) -> str:
        """Screen, panel or widget with the key."""
        return self.name.partition(".")[0]


_KNOWN: dict[str, NamedKey] = {}
_ORDER: dict[str, int] = {}


def named(place: str, *bindings: Binding) -> list[BindingType]:
    """Give bindings their names, `PLACE.DESCRIPTION`.

    Bindings of a place with the same key have one name, and move together; one that has a name keeps it. A binding
    without a description has none, nor have different actions with the same description.

    Args:
        place: The screen, panel or widget.
        bindings: In the order of the footer.
    """
    slugs = {id(each): _slug(each.description) for each in bindings}
    actions: dict[str, set[str]] = {}
    for each in bindings:
        actions.setdefault(slugs[id(each)], set()).add(each.action)
    by_key: dict[str, str] = {}
    found: list[BindingType] = []
    for each in bindings:
        slug = slugs[id(each)]
        keys = tuple(key.strip() for key in each.key.split(","))
        name = each.id or next((by_key[key] for key in keys if key in by_key), "")
        if not name and slug and len(actions[slug]) == 1:
            name = f"{place}.{slug}"
        if not name:
            found.append(each)
            continue
        by_key |= dict.fromkeys(keys, name)
        known = _KNOWN.get(name)
        if known is None or known.what != (each.tooltip or each.description) or not set(keys) <= set(known.keys):
            before = known.keys if known is not None else ()
            what = known.what if known is not None else each.tooltip or each.description
            _KNOWN[name] = NamedKey(name, tuple(dict.fromkeys([*before, *keys])), what)
        _ORDER.setdefault(name, len(_ORDER))
        found.append(replace(each, id=name))
    return found


def place_in_footer(binding: Binding) -> int:
    """Number of a binding in the order in which all were named; those without a name come first."""
    return _ORDER.get(binding.id or "", -1)


def known_keys() -> dict[str, NamedKey]:
    """All names, by place; imports every screen and panel."""
    for module in ("app", "screens.home", "screens.train", "screens.watch", "screens.compare", "screens.run"):
        import_module(f"seqnlp.tui.{module}")
    for info in known_tasks():
        if info.panel:
            import_module(info.panel.partition(":")[0])
    return dict(sorted(_KNOWN.items()))


def key_of(text: str) -> str:
    """Name of a key as Textual has it: `?` is `question_mark`.

    Raises:
        BadValue: there is no such key, or terminals take it for another one.
    """
    *modifiers, last = text.split("+") if text != "+" and not text.endswith("++") else [*text[:-2].split("+"), "+"]
    modifiers = [each.lower() for each in modifiers if each]
    for each in modifiers:
        if each not in MODIFIERS:
            raise BadValue(f'expected a key, found "{text}"', did_you_mean(each, MODIFIERS, '"'))
    if len(last) == 1:
        if not last.isprintable() or last.isspace():
            raise BadValue(f'expected a key, found "{text}"', 'write "space"' if last == " " else "")
        name = last if last.isalnum() else _character_name(last)
        if "ctrl" in modifiers and last.isalpha():
            name = last.lower()
    else:
        name = last.lower()
        if name not in SPECIAL and name not in CHARACTERS:
            near = SPELLINGS.get(name)
            hint = f'did you mean "{near}"?' if near else did_you_mean(name, SPECIAL, '"')
            raise BadValue(f'expected a key, found "{text}"', hint)
    whole = "+".join([*(each for each in MODIFIERS if each in modifiers), name])
    if whole in SAME_AS:
        raise BadValue(f'terminals send "{SAME_AS[whole]}" for {text}', "choose another letter")
    return whole


def collisions(keymap: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Faults of other keys.

    Args:
        keymap: Keys by name, all of them known.

    Yields:
        The name, and its problem: a key that another binding has there, or that is text there.
    """
    known = known_keys()
    now = {name: tuple(keymap.get(name, each.keys)) for name, each in known.items()}
    for name in keymap:
        place = known[name].place
        for key in now[name]:
            if place in TYPING and _writes(key) and key not in known[name].keys:
                yield name, f'"{key}" is text there: expected a key with ctrl, or one that writes nothing'
            for other, others in now.items():
                is_new = key not in known[name].keys or key not in known[other].keys
                counted = other not in keymap or other > name  # two that were both changed are told once
                if other != name and key in others and is_new and counted and _meet(place, known[other].place):
                    yield name, f'"{key}" is the key of {other}, too ({known[other].what})'


def _writes(key: str) -> bool:
    """True for a key that writes a character."""
    last = key.rpartition("+")[2]
    return (len(last) == 1 or last in CHARACTERS or last == "space") and key in (last, f"shift+{last}")


def _meet(place: str, other: str) -> bool:
    """True if two places may be on one screen."""
    everywhere = ("home", "train", "watch", *PANELS)
    return not set(INSIDE.get(place, everywhere)).isdisjoint(INSIDE.get(other, everywhere))


def _character_name(character: str) -> str:
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


CHARACTERS = frozenset(map(_character_name, string.punctuation))
"""Names of characters that are neither letters nor digits, as `slash`."""


def _slug(description: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", description.lower()).strip("_")
