"""Settings of generation by name, and their checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from seqnlp.errors import UsageError
from seqnlp.limits import BEAM, BIAS, REPETITION_PENALTY, SEED, SHARE, TEMPERATURE, TOP_K, WINDOW, Range
from seqnlp.spelling import nearest_or_all


@final
@dataclass(frozen=True)
class NumberSetting:
    """A setting that is a number; its range tells if it is a whole one."""

    range: Range

    def parse(self, name: str, text: str) -> int | float:
        """Parse a value.

        Raises:
            seqnlp.errors.UsageError: it is none, or out of its range.
        """
        kind = type(self.range.low)
        try:
            value = kind(text)
        except ValueError:
            raise UsageError(f"{name} {text.strip()}: expected {self.expected}") from None
        return self.check(name, value)

    def check(self, name: str, value: object) -> int | float:
        """Check a value.

        Raises:
            seqnlp.errors.UsageError: it is of another type, or out of its range.
        """
        kind = type(self.range.low)
        is_number = isinstance(value, kind) or (kind is float and isinstance(value, int))
        if isinstance(value, bool) or not isinstance(value, int | float) or not is_number:
            raise UsageError(f"{name} {value!r}: expected {self.expected}")
        if not self.range.low <= value <= self.range.high:
            raise UsageError(f"{name} {value:,}: expected {self.expected}")
        return value

    @property
    def expected(self) -> str:
        """The range in words."""
        whole = "whole " if isinstance(self.range.low, int) else ""
        return f"a {whole}number from {self.range.low:,} to {self.range.high:,}"


NUMBERS = {
    "temperature": NumberSetting(TEMPERATURE),
    "top_k": NumberSetting(TOP_K),
    "top_p": NumberSetting(SHARE),
    "min_p": NumberSetting(SHARE),
    "repetition_penalty": NumberSetting(REPETITION_PENALTY),
    "repetition_window": NumberSetting(WINDOW),
    "seed": NumberSetting(SEED),
    "beams": NumberSetting(BEAM),
}
"""Settings that are numbers."""

STRINGS = ("stop", "ban")
"""Settings that are lists of strings."""

NEUTRAL: Mapping[str, Any] = {
    **dict.fromkeys(NUMBERS),
    "temperature": 1.0,
    "repetition_penalty": 1.0,
    **dict.fromkeys(STRINGS, ()),
    **dict.fromkeys(("bias", "pattern")),
}
"""All settings of a preset, each with the value that changes nothing."""

NAMES = tuple(NEUTRAL)
"""Their names."""


def check_settings(settings: Mapping[str, object]) -> dict[str, Any]:
    """Check settings by name.

    Raises:
        seqnlp.errors.UsageError: for a name that is none, or a value of another type or out of its range.
    """
    return {name: _checked(name, value) for name, value in settings.items()}


def _checked(name: str, value: object) -> Any:
    if name in NUMBERS:
        return NUMBERS[name].check(name, value)
    if name in STRINGS:
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            raise UsageError(f'{name} {value!r}: expected a list of strings, such as ["a", "b"]')
        return value
    if name == "bias":
        if not isinstance(value, dict):
            raise UsageError(f"{name} {value!r}: expected a table of tokens, such as {{ e = -2.0 }}")
        return {token: NumberSetting(BIAS).check(f"{name} of {token!r}", number) for token, number in value.items()}
    if name == "pattern":
        if not isinstance(value, str) or not value:
            raise UsageError(f"{name} {value!r}: expected a regular expression")
        return value
    raise UsageError(f"{name}: there is no such setting; {nearest_or_all(name, NAMES)}")


def parse_bias(text: str) -> tuple[str, float]:
    """Parse `TOKEN=NUMBER`.

    Raises:
        seqnlp.errors.UsageError: it is not of this form.
    """
    token, sign, number = text.rpartition("=")
    if not sign or not token:
        raise UsageError(f"bias {text!r}: expected a token and a number, such as e=-2.5")
    return token, float(NumberSetting(BIAS).parse(f"bias of {token!r}:", number))


_SIGNS = {"n": "\n", "t": "\t"}


def parse_strings(text: str) -> list[str]:
    r"""Parse strings with commas between them; `\n`, `\t`, `\,` and `\\` stand for signs."""
    found, escaped = [""], False
    for sign in text:
        if escaped:
            found[-1] += _SIGNS.get(sign, sign)
        elif sign == ",":
            found.append("")
        elif sign != "\\":
            found[-1] += sign
        escaped = sign == "\\" and not escaped
    return [string for string in found if string]


def strings_text(strings: Sequence[str]) -> str:
    """Text from which `parse_strings` makes these strings."""
    signs = {"\\": "\\\\", ",": "\\,", "\n": "\\n", "\t": "\\t"}
    return ",".join("".join(signs.get(sign, sign) for sign in string) for string in strings)


def parse_biases(text: str) -> dict[str, float]:
    """Parse `TOKEN=NUMBER` with commas between them.

    Raises:
        seqnlp.errors.UsageError: one is not of this form.
    """
    return dict(map(parse_bias, parse_strings(text)))


def biases_text(biases: Mapping[str, float]) -> str:
    """Text from which `parse_biases` makes these."""
    return strings_text([f"{token}={number:g}" for token, number in biases.items()])
