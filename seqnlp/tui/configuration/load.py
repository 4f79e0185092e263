"""Reading of the configuration file: checked values, or all faults at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final
from weakref import WeakKeyDictionary

from seqnlp.errors import ConfigurationError, DataError, Fault
from seqnlp.recipe.document import dotted
from seqnlp.recipe.locate import Keys, locate
from seqnlp.recipe.source import syntax_fault
from seqnlp.spelling import did_you_mean, nearest_or_all
from seqnlp.tui.configuration.options import OPTIONS, SECTIONS, THEME, BadValue, Option, shown
from seqnlp.tui.configuration.options import Keys as KeysKind

FILE = "config.toml"

SHIPPED_THEMES = ("night", "paper", "plain")
"""Dark, light, and without colours."""


@final
@dataclass(frozen=True)
class Configuration:
    """Values of the configuration file; of all else the defaults."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """Values that the file sets, by dotted key; without themes and keys."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys by the name of their binding, as Textual names them."""
    themes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Options of each theme of the user."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line of each value that the file sets."""

    def value(self, section: str, name: str) -> Any:
        """Value of an option, or its default."""
        return self.values.get(f"{section}.{name}" if section else name, OPTIONS[section][name].default)

    def section(self, section: str) -> dict[str, Any]:
        """Values that the file sets in a section."""
        return {name: self.value(section, name) for name in OPTIONS[section] if f"{section}.{name}" in self.values}


_CONFIGURATIONS: WeakKeyDictionary[object, Configuration] = WeakKeyDictionary()


def configure(app: object, configuration: Configuration) -> None:
    """Set the configuration of an application."""
    _CONFIGURATIONS[app] = configuration


def configuration_of(app: object) -> Configuration:
    """Configuration of an application."""
    return _CONFIGURATIONS.get(app) or Configuration()


def configuration_file() -> Path:
    """Path of the file: `$XDG_CONFIG_HOME/seqnlp/config.toml` or `~/.config/seqnlp/config.toml` on Linux."""
    from platformdirs import user_config_path  # slow to import

    return user_config_path("seqnlp", appauthor=False) / FILE


def read_configuration(path: Path | None = None) -> Configuration:
    """Read and check the configuration file; without a file all are defaults.

    Args:
        path: The file; by default the user's.

    Raises:
        seqnlp.errors.ConfigurationError: with every fault in it.
        seqnlp.errors.DataError: it can't be read.
    """
    path = path or configuration_file()
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Configuration()
    except OSError as error:
        raise DataError((error.strerror or str(error)).lower(), path) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        problem = f"not a text file in UTF-8: found the byte 0x{content[error.start]:02x}"
        raise ConfigurationError([Fault("", problem, "save it as UTF-8", f"{path}:{line}")]) from None
    return parse_configuration(text, str(path))


def parse_configuration(text: str, source: str = FILE) -> Configuration:
    """Parse and check the text of a configuration file.

    Args:
        text: TOML.
        source: Name of the file in faults.

    Raises:
        seqnlp.errors.ConfigurationError: with every fault in it.
    """
    try:
        data = tomllib.loads(text)
    except ValueError as error:
        raise ConfigurationError([syntax_fault(error, text, source)]) from None
    except RecursionError:
        raise ConfigurationError([Fault("", "tables or arrays are nested too deeply", "", source)]) from None
    return _Check(data, locate(text), source).configuration()


@final
class _Check:
    """Check of one file."""

    def __init__(self, data: Mapping[str, Any], spots: Mapping[Keys, tuple[int, int]], source: str) -> None:
        self._data, self._spots, self._source = data, spots, source
        self._faults: list[tuple[tuple[int, int], Fault]] = []
        self._values: dict[str, Any] = {}
        self._themes: dict[str, dict[str, Any]] = {}
        self._keys: dict[str, tuple[str, ...]] = {}

    def configuration(self) -> Configuration:
        for name, value in self._data.items():
            if name in SECTIONS:
                if not isinstance(value, dict):
                    self._fault((name,), f"expected a section, found {shown(value)}", f"[{name}]")
                elif name == "keys":
                    self._check_keys(value)
                elif name == "themes":
                    self._check_themes(value)
                else:
                    self._values |= {
                        f"{name}.{key}": found for key, found in self._checked((name,), value, OPTIONS[name])
                    }
        rest = {name: value for name, value in self._data.items() if name not in SECTIONS}
        self._values |= dict(self._checked((), rest, OPTIONS[""], SECTIONS))
        self._check_theme()
        if self._faults:
            raise ConfigurationError([fault for _, fault in sorted(self._faults, key=lambda each: each[0])])
        lines = {dotted(keys): line for keys, (line, _) in self._spots.items()}
        return Configuration(self._values, self._keys, self._themes, lines)

    def _checked(
        self, path: Keys, table: Mapping[str, Any], options: Mapping[str, Option], others: Mapping[str, str] = {}
    ) -> Iterator[tuple[str, Any]]:
        """Values of a table that are right; all others become faults."""
        for name, value in table.items():
            if name not in options:
                self._unknown((*path, name), [*options, *others])
                continue
            try:
                yield name, options[name].kind.parse(value)
            except BadValue as bad:
                self._fault((*path, name), bad.problem, bad.hint)

    def _check_theme(self) -> None:
        theme = self._values.get("theme")
        themes = self._data.get("themes")
        known = list(dict.fromkeys([*SHIPPED_THEMES, *(themes if isinstance(themes, dict) else ())]))
        if theme is not None and theme not in known:
            hint = did_you_mean(theme, known, '"')
            self._fault(("theme",), f"expected one of {', '.join(map(shown, known))}, found {shown(theme)}", hint)

    def _check_themes(self, themes: Mapping[str, Any]) -> None:
        for name, table in themes.items():
            if name in SHIPPED_THEMES:
                self._fault(("themes", name), f"{name} is a theme that ships", "give yours another name")
            elif not isinstance(table, dict):
                self._fault(("themes", name), f"expected a table, found {shown(table)}", f"[themes.{name}]")
            else:
                self._themes[name] = dict(self._checked(("themes", name), table, THEME))

    def _check_keys(self, table: Mapping[str, Any]) -> None:
        from seqnlp.tui.configuration.key_names import collisions, key_of, known_keys  # imports all screens

        known = known_keys()
        nested = {
            f"{place}.{name}": (("keys", place, name), value)
            for place, inner in table.items()
            if isinstance(inner, dict)
            for name, value in inner.items()
        }
        flat = nested | {name: (("keys", name), value) for name, value in table.items() if not isinstance(value, dict)}
        for name in nested.keys() & table.keys():
            self._fault(nested[name][0], f"{name} is given twice", "leave out one of them")
        for name, (path, value) in flat.items():
            if name not in known:
                place = name.partition(".")[0]
                places = sorted({each.place for each in known.values()})
                of_place = [each.name for each in known.values() if each.place == place]
                near = did_you_mean(name, of_place or known, "'") or (
                    f"{place} has {', '.join(each.partition('.')[2] for each in of_place)}"
                    if of_place
                    else did_you_mean(place, places, "'")
                )
                self._fault(path, "no key has this name", near or "seqnlp config keys lists them")
                continue
            try:
                self._keys[name] = tuple(map(key_of, KeysKind().parse(value)))
            except BadValue as bad:
                self._fault(path, bad.problem, bad.hint)
        for name, problem in collisions(self._keys):
            self._fault(flat[name][0], problem)

    def _unknown(self, path: Keys, known: list[str]) -> None:
        name = str(path[-1])
        elsewhere = (f"{section}.{name}" for section, options in OPTIONS.items() if section and name in options)
        found = next(elsewhere, "")
        hint = f"did you mean '{found}'?" if found else nearest_or_all(name, known)
        self._fault(path, "unknown key", hint)

    def _fault(self, path: Keys, problem: str, hint: str = "") -> None:
        spot = next((self._spots[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self._spots), (1, 1))
        self._faults.append((spot, Fault(dotted(path), problem, hint, f"{self._source}:{spot[0]}:{spot[1]}")))
