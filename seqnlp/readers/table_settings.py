"""Settings that read a table, of series too, guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from seqnlp.errors import DataError
from seqnlp.readers.csv import Csv
from seqnlp.readers.delimited import HEAD, QUOTES, delimiter_of, rows_by, usual_delimiter
from seqnlp.readers.encodings import UTF8, is_utf8, likely_encoding
from seqnlp.readers.files import BLOCK, open_bytes, open_text, suffix_of
from seqnlp.readers.numbers import FORMATS, is_missing, likely_format, number_or_nan
from seqnlp.readers.series import LONG, ODD, SERIES, TIMES
from seqnlp.readers.timestamps import (
    Stamps,
    TimestampError,
    likely_date_formats,
    likely_unit,
    parse_times,
    zone_of_change,
    zone_of_offsets,
)

DIGIT = re.compile(r"\d")
LONGEST = 40
"""Characters of a timestamp, at most."""
WORDS = 3
"""Words in a cell of text, on the average, from which on a table is no series but of texts."""
FEW = 3
"""Rows that a series is told by, at least."""


def encoding_of(path: Path) -> str:
    """Likeliest encoding of a text file."""
    with open_bytes(path) as file:
        return likely_encoding(iter(lambda: file.read(BLOCK), b""))


def encoding_settings(path: Path) -> dict[str, Any]:
    """Setting of the encoding of a file; none for UTF-8."""
    encoding = encoding_of(path)
    return {} if is_utf8(encoding) else {"encoding": encoding}


def is_ascii(path: Path) -> bool:
    """True for a file of ASCII, which nearly all encodings share."""
    with open_bytes(path) as file:
        return all(block.isascii() for block in iter(lambda: file.read(BLOCK), b""))


def table_settings(path: Path, lines: Sequence[str] | None = None) -> dict[str, Any]:
    """Encoding, delimiter and quote of a table, unless the defaults."""
    settings = encoding_settings(path)
    if lines is None:
        lines = list(islice(open_text(path, settings.get("encoding", UTF8)), HEAD))
    usual = "" if are_tabs_alone(lines) else Csv().quote_in(path)
    for quote in dict.fromkeys((usual, *QUOTES)):
        if delimiter := delimiter_of(lines, quote):
            settings |= {} if delimiter == usual_delimiter(path) else {"delimiter": delimiter}
            return settings if quote == Csv(**settings).quote_in(path) else {**settings, "quotechar": quote}
    return settings


def are_tabs_alone(lines: Sequence[str]) -> bool:
    """True for columns between tabs whose quotes are letters: none encloses a field."""
    if delimiter_of(lines, "") != "\t":
        return False
    begun = [field for line in lines for field in line.split("\t") if field.startswith('"')]
    return not all(len(field) > 1 and field.endswith('"') for field in begun) or not begun


def time_settings(cells: Sequence[str]) -> dict[str, Any] | None:
    """Settings that read a column of timestamps; None for one that tells no days."""
    if not cells or not all(len(cell) <= LONGEST and DIGIT.search(cell) for cell in cells):
        return None
    if unit := likely_unit(cells):
        return {"time_unit": unit}
    try:
        stamps, found = parse_times(list(cells)), {}
    except TimestampError as error:
        formats = likely_date_formats(cells) if error.of_format else []
        if not formats:
            return None
        found = {"date_format": formats[0]}
        try:
            stamps = parse_times(list(cells), date_format=formats[0])
        except TimestampError:
            return None
    if stamps.times.dtype.kind != "M":
        return None
    zone = _zone(stamps)
    return {**found, "time_zone": zone} if zone else found


def _zone(stamps: Stamps) -> str | None:
    """Time zone of rows whose local times leap; None for others."""
    if stamps.is_daily:
        return None
    if stamps.offsets is not None:
        several = len(np.unique(stamps.offsets)) > 1
        return (zone_of_offsets(stamps.times, stamps.offsets) or "UTC") if several else None
    times = np.sort(stamps.times.astype("datetime64[s]"))
    steps = np.diff(times).astype(np.int64)
    usual = np.unique(steps[steps > 0], return_counts=True)
    if not len(usual[0]):
        return None
    step = int(usual[0][usual[1].argmax()])
    if step > 3600:
        return None
    skipped = times[:-1][(steps > step) & (steps <= step + 3600)] + np.timedelta64(step, "s")
    doubled = times[1:][steps == 0]
    doubled = doubled if 20 * len(doubled) < len(times) else doubled[:0]  # more are several series
    named = {zone for moment in [*skipped, *doubled] if (zone := zone_of_change(moment))}
    return named.pop() if len(named) == 1 else None


def series_settings(path: Path, lines: Sequence[str] | None = None) -> dict[str, Any] | None:
    """Settings of a reader of series that differ from its defaults; None for a table of something else.

    Args:
        path: The file.
        lines: Its first lines; None to read them.

    Raises:
        seqnlp.errors.DataError: as `open_text`.
    """
    if suffix_of(path) not in (".csv", ".tsv", ".txt"):
        return None
    found = encoding_settings(path)
    if lines is None:
        lines = list(islice(open_text(path, found.get("encoding", UTF8)), HEAD))
    usual = usual_delimiter(path)
    delimiter = delimiter_of(lines) or usual
    rows = rows_by(lines, delimiter)
    if len(rows) <= FEW or len({len(row) for row in rows}) > 1 or len(rows[0]) < 2:
        return None
    if delimiter != usual:
        found["delimiter"] = delimiter
    header, *body = rows
    headless = _is_row(header, body)
    columns = list(zip(*(rows if headless else body), strict=True))
    timed = _time_column([] if headless else header, columns)
    if timed is None:
        return None
    place, of_time = timed
    others = {at: cells for at, cells in enumerate(columns) if at != place}
    if any(sum(len(cell.split()) for cell in cells) >= WORDS * len(cells) for cells in others.values()):
        return None
    signs = sorted({sign for cells in others.values() for sign in _odd(cells)})
    present = {at: [cell for cell in cells if not is_missing(cell, signs)] for at, cells in others.items()}
    numbers = likely_format(present.values(), delimiter)
    if numbers is None:
        return None
    found |= numbers.settings() | ({"na_values": signs} if signs else {})
    if headless:
        of_numbers = [at for at, cells in present.items() if cells and not np.isnan(numbers.parse_all(cells)).any()]
        names = {place: "ds"} | ({of_numbers[0]: "y"} if len(of_numbers) == 1 else {})
        found["names"] = [names.get(at, f"column{at + 1}") for at in range(len(columns))]
    elif header[place].strip() and header[place] != next((name for name in TIMES if name in header), header[0]):
        found["time"] = header[place]
    return found | of_time


def _is_row(header: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """True for a first line of values: as the rows below, it has numbers where they have some."""
    numeric = [at for at, cells in enumerate(zip(*body, strict=True)) if likely_format([cells]) is not None]
    return bool(numeric) and all(is_missing(header[at]) or likely_format([[header[at]]]) for at in numeric)


def _time_column(header: Sequence[str], columns: Sequence[Sequence[str]]) -> tuple[int, dict[str, Any]] | None:
    """Column of times and the settings that read it; columns with a usual name come first."""
    usual = [at for at, name in enumerate(header) if name in TIMES]
    for at in [*usual, *(at for at in range(len(columns)) if at not in usual)]:
        cells = columns[at]
        likely = at in usual or at == 0
        if not likely and not any(isnan(number_or_nan(cell)) for cell in cells[:FEW]):
            continue  # numbers such as 12.2025
        settings = time_settings(cells)
        if settings is None and at in usual and all(cell.strip().removeprefix("-").isdecimal() for cell in cells):
            return at, {}  # time steps
        if settings is not None:
            return at, settings
    return None


def _odd(cells: Sequence[str]) -> list[str]:
    """Texts of missing values in a column of numbers."""
    present = [cell.strip() for cell in cells if not is_missing(cell)]
    odd = [cell for cell in present if all(isnan(each.parse(cell)) for each in FORMATS)]
    different = sorted(set(odd))
    few = len(different) <= ODD and all(len(cell) <= LONG for cell in different)
    return different if few and 2 * len(odd) < len(present) else []


def looks_like_series(path: Path) -> bool:
    """True for a table whose first row is a timestamp and numbers."""
    if suffix_of(path) not in (".csv", ".tsv"):
        return False
    try:
        header, first = islice((row for _, row in Csv().records(path)), 2)
        row = dict(zip(header, first, strict=True))
        time = next(name for name in TIMES if name in row)
        parse_times([row.pop(time)])
    except (DataError, TimestampError, ValueError, StopIteration):
        return False
    row.pop(SERIES, None)
    return bool(row) and all(is_missing(cell) or np.isfinite(number_or_nan(cell)) for cell in row.values())
