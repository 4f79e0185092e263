"""What `tomllib` says about text that is not TOML, in the words of someone who writes a recipe."""

import re

from seqnlp.errors import Fault
from seqnlp.recipe.locate import DOTTED_KEY

_POSITION = re.compile(r"(.*?) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_QUOTES = 'a string needs quotes: "text"'
_WORDS = [
    (r"Expected '=' after", "expected = after the key, found {rest}", "key = value"),
    (
        r"Expected ']' at the end of a table",
        "expected ] after the name of the section, found {rest}",
        "[section]",
    ),
    (r"Expected newline", "expected the end of the line, found {rest}", f"one key = value a line; {_QUOTES}"),
    (r"Invalid statement", "expected key = value or [section], found {rest}", ""),
    (r"Invalid initial character for a key", "expected a key, found {rest}", ""),
    (r"Invalid value", "expected a value, found {rest}", _QUOTES),
    (r"Invalid date", "there is no such date or time: {rest}", _QUOTES),
    (r"Unclosed array", "expected , or ] in an array, found {rest}", ""),
    (r"Unclosed inline table", "expected , or }} in a table, found {rest}", ""),
    (r"Illegal character '\\n'|Unterminated string|Expected \"?'", "a string is not closed", ""),
    (r"Unescaped '\\'", "a backslash that escapes nothing", r"write \\, or use single quotes: 'C:\data'"),
    (r"Cannot declare", "the section {start} is declared twice", "put its keys into one section"),
    (r"Cannot|Duplicate", "{start} sets something that is set above", "keep one of them"),
]
"""What `tomllib` says, and what that means; `rest` is the line from there on, `start` the key of the line."""
_NOT_TOML = {
    "True": "write true",
    "False": "write false",
    "None": "leave the key out",
    "null": "leave the key out",
}


def syntax_fault(message: str, text: str, path: str) -> Fault:
    """Explain why a text is not TOML.

    Args:
        message: What `tomllib` says.
        text: The whole text.
        path: The name of the file, for the place of the fault.
    """
    match = _POSITION.fullmatch(message)
    if match is None:  # Python's own refusal of a number with thousands of digits
        return Fault("", "a number has too many digits", "", path)
    problem, row, column = match.groups()
    lines = text.replace("\r\n", "\n").split("\n")
    number = int(row) if row else len(lines)
    line = lines[number - 1]
    start = line.strip()
    if problem.startswith(("Cannot", "Duplicate")):  # found only once the key or section has been read
        offset = len(line) - len(line.lstrip())
        key = DOTTED_KEY.match(start)
        start = f"`{key[0]}`" if key else start
    else:
        offset = int(column) - 1 if column else len(line)
    rest = line[offset:].split(" #")[0].strip()
    if not rest:
        rest = "the end of the line" if number < len(lines) else "the end of the file"
    place = f"{path}:{number}:{offset + 1}"
    for pattern, words, hint in _WORDS:
        if re.match(pattern, problem):
            return Fault("", words.format(rest=rest, start=start), _NOT_TOML.get(rest, hint), place)
    return Fault("", f"not TOML: {problem[:1].lower()}{problem[1:]}", "", place)
