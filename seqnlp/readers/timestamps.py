"""Timestamps as texts and integers: formats, distances from UTC, daylight saving."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, cast, final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import numpy as np
from numpy.typing import NDArray

from seqnlp.readers.time_axis import Ints, Step, Times
from seqnlp.spelling import did_you_mean

TimeUnit = Literal["s", "ms", "us", "ns"]

EXPECTED = "expected a timestamp such as 2016-07-31, 2016-07-31 23:00 or 2016-07-31T23:00:00Z"
EPOCH: dict[TimeUnit, range] = {
    "s": range(10**9, 5 * 10**9),
    "ms": range(10**12, 5 * 10**12),
    "us": range(10**15, 5 * 10**15),
    "ns": range(10**18, 5 * 10**18),
}
"""Integers that are likely times since 1970, by their unit: 2001 to 2128."""
ZONES = (
    *("Europe/Berlin", "Europe/London", "Europe/Helsinki", "America/New_York", "America/Chicago", "America/Denver"),
    *("America/Los_Angeles", "America/Anchorage", "America/Halifax", "America/St_Johns", "Australia/Adelaide"),
    *("Pacific/Auckland", "Asia/Tehran", "America/Sao_Paulo", "America/Havana"),
    *("Australia/Sydney", "America/Santiago", "Africa/Cairo", "Asia/Jerusalem", "Asia/Beirut"),
)
"""Time zones that stand for those with the same days of daylight saving, the likeliest first."""
DAYS = (
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%d.%m.%y"),
    *("%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
    *("%b %d %Y", "%a %b %d %Y", "%a, %d %b %Y", "%m.%Y", "%m/%Y", "%Y/%m", "%Y.%m", "%b %Y", "%B %Y", "%b-%y"),
    *("%b-%Y", "%Y-%b"),
)
HOURS = (
    *("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f", ", %H:%M", " %H.%M", " %H"),
    *(" %I:%M %p", " %I:%M:%S %p", " %I %p", " - %H:%M", " %H:%M Uhr"),
)
COMPACT = [f"%Y%m%d{hour}" for hour in ("", "%H", "%H%M", "%H%M%S", "T%H%M", "T%H%M%S", " %H%M", " %H:%M", " %H:%M:%S")]
DISTANCES = ("", "%z", " %z")
TRIED = 300
"""Texts that a format is told by, at most."""

_TIMESTAMP = re.compile(
    r"(?P<date>\d{4}(?:-\d\d(?:-\d\d)?)?)"
    r"(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.0+)?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?"
)
_INTEGER = re.compile(r"([+-]?\d{1,18})(?:\.0*)?")
_WHOLE = re.compile(r"([+-]?\d{1,19})(?:\.0*)?")
_DIRECTIVE, _SIGNS = re.compile("%[A-Za-z]"), re.compile(r"\w")
_COMPACT = re.compile(r"(?:19|20)\d{6}")


class TimestampError(ValueError):
    """A text that is not a timestamp."""

    def __init__(self, index: int, problem: str, of_format: bool = False) -> None:
        """Store the problem of a row; `of_format` if a format might read it."""
        super().__init__(f"{problem}; {EXPECTED}" if of_format else problem)
        self.index, self.problem, self.of_format = index, problem, of_format


@final
@dataclass(frozen=True)
class Stamps:
    """Parsed times in their own local time."""

    times: Times
    """Timestamps in seconds, or integer time steps; shape (rows,)."""
    offsets: Ints | None = None
    """Distance of each from UTC, in seconds; None where none is told."""

    @property
    def is_daily(self) -> bool:
        """True for timestamps at the same time of the day: local time leaves no gaps there."""
        seconds = self.times.astype("datetime64[s]").astype(np.int64) % 86400
        return bool((seconds == seconds[0]).all())


def parse_times(
    texts: Sequence[str], years: bool = False, date_format: str | None = None, unit: TimeUnit | None = None
) -> Stamps:
    """Parse a column of times: ISO 8601 timestamps, dates such as 20160731, or integers.

    Args:
        texts: One or more texts.
        years: Integers of four digits are years.
        date_format: Format of `strptime`; None for the above.
        unit: Unit of integers since 1970; None for time steps.

    Returns:
        Timestamps in seconds; integers where all texts are, but for dates, years and a `unit`.

    Raises:
        TimestampError: with the index of the first text that is not a timestamp, or that has or lacks a distance from
            UTC unlike the first.
    """
    plain = [text.strip() for text in texts]
    if unit is not None:
        return Stamps(_since_1970(plain, unit))
    if date_format is not None:
        return _formatted(plain, date_format)
    whole = [] if years else [_INTEGER.fullmatch(text) for text in plain]
    if years or None in whole:
        return parse_timestamps(texts)
    if all(map(_COMPACT.fullmatch, plain)):
        dashed = [f"{text[:4]}-{text[4:6]}-{text[6:]}" for text in plain]
        if all(map(_exists, dashed)):
            return Stamps(np.array(dashed, "datetime64[s]"))
    return Stamps(np.array([match[1] for match in whole if match], np.int64))


def parse_timestamps(texts: Sequence[str]) -> Stamps:
    """Parse ISO 8601 timestamps to the second. The same errors as `parse_times`."""
    plain: list[str] = []
    zones: list[str] = []
    for index, text in enumerate(texts):
        match = _TIMESTAMP.fullmatch(text.strip())
        if match is None:
            raise TimestampError(index, f"{text!r} is not a timestamp", of_format=True)
        zone = (match["zone"] or "").replace(":", "").replace("Z", "+0000")
        zones.append(zone + "00" if len(zone) == 3 else zone)
        if bool(zones[0]) != bool(zone):
            found, expected = (each or "no time zone" for each in (zone, zones[0]))
            problem = f"{text!r} has {found}, the first row {expected}: mixed time zones; write all of them in UTC"
            raise TimestampError(index, problem)
        plain.append(f"{match['date']}T{match['time']}" if match["time"] else match["date"])
    try:
        times = np.array(plain, "datetime64[s]")
    except ValueError:
        index = next(index for index, text in enumerate(plain) if not _exists(text))
        problem = f"{texts[index]!r}: there is no such day or hour"
        raise TimestampError(index, problem) from None
    return Stamps(times, np.array(list(map(_seconds, zones)), np.int64) if zones[0] else None)


@lru_cache(maxsize=1024)
def _seconds(zone: str) -> int:
    """Seconds of a distance from UTC such as `+0130`."""
    return (-1 if zone[0] == "-" else 1) * (int(zone[1:3]) * 3600 + int(zone[3:5]) * 60)


def _exists(text: str) -> bool:
    try:
        np.datetime64(text, "s")
    except ValueError:
        return False
    return True


def _since_1970(texts: Sequence[str], unit: TimeUnit) -> NDArray[np.datetime64]:
    """Times of integers since 1970."""
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    seconds = []
    for index, text in enumerate(texts):
        match = _WHOLE.fullmatch(text)
        if match is None:
            raise TimestampError(index, f"{text!r}; data.reader.time_unit = {unit!r} expects integers since 1970")
        second, rest = divmod(int(match[1]), per_second)
        if rest:
            raise TimestampError(index, f"{text!r} has fractions of a second; expected whole seconds")
        if abs(second) > 250_000_000_000:
            longer = next((each for each, values in EPOCH.items() if int(match[1]) in values), None)
            hint = f'; data.reader.time_unit = "{longer}" reads it' if longer else ""
            raise TimestampError(index, f"{text!r} {unit} since 1970 are after the year 9999{hint}")
        seconds.append(second)
    return np.array(seconds, np.int64).astype("datetime64[s]")


def _formatted(texts: Sequence[str], date_format: str) -> Stamps:
    """Parse texts by a format of `strptime`."""
    if (times := _by_pandas(texts, date_format)) is not None:
        return Stamps(times)
    moments = []
    read = lru_cache(maxsize=None)(datetime.strptime)
    for index, text in enumerate(texts):
        try:
            moment = read(text, date_format)
        except ValueError as error:
            if "does not match" not in str(error) and "unconverted" not in str(error):
                problem = f"{text!r}: there is no such day or hour (date_format = {date_format!r})"
                raise TimestampError(index, problem) from None
            problem = f'{text!r} is not of the form data.reader.date_format = "{date_format}"'
            raise TimestampError(index, problem, of_format=True) from None
        if moment.microsecond:
            raise TimestampError(index, f"{text!r} has fractions of a second; expected whole seconds")
        moments.append(moment)
    distances = [moment.utcoffset() for moment in moments]
    times = np.array([moment.replace(tzinfo=None) for moment in moments], "datetime64[s]")
    offsets = [None if distance is None else int(distance.total_seconds()) for distance in distances]
    if None in offsets:
        return Stamps(times)
    return Stamps(times, np.array(offsets, np.int64))


def _by_pandas(texts: Sequence[str], date_format: str) -> NDArray[np.datetime64] | None:
    """Parse texts by pandas, which is faster; None for what it may read otherwise, or not at all."""
    import pandas as pd

    if set(re.findall("%(.)", date_format)) - set("YymdHMSbBjIp") or not all(re.search(r"\d", text) for text in texts):
        return None
    try:
        times = pd.to_datetime(list(texts), format=date_format).to_numpy().astype("datetime64[s]")
    except (ValueError, OverflowError):
        return None
    return None if np.isnat(times).any() else cast(NDArray[np.datetime64], times)


def check_date_format(date_format: str) -> None:
    """Check a format of `strptime`.

    Raises:
        ValueError: it is none, or tells no year.
    """
    moment = datetime(2025, 12, 31, 23, 59)
    try:
        text = moment.strftime(date_format)
        datetime.strptime(text, date_format)
    except ValueError as error:
        problem = str(error).partition(" in format")[0]
        raise ValueError(f"Input should be a format such as %d.%m.%Y or %d.%m.%Y %H:%M ({problem})") from None
    if not re.search("%[YycxDFGs]", date_format):
        raise ValueError("Input should be a format with a year, such as %d.%m.%Y or %d.%m.%Y %H:%M")


def way_to_read(texts: Sequence[str], date_format: str | None = None) -> str:
    """Settings that read texts of times, for a message.

    Args:
        texts: The times.
        date_format: Format that failed to read them, if there was one.
    """
    formats = likely_date_formats(texts)
    if not formats and date_format is not None:
        return f"expected a time such as {datetime(2025, 12, 31, 23, tzinfo=UTC).strftime(date_format)}"
    if not formats:
        return EXPECTED + ", or data.reader.date_format"
    others = f" (or {formats[1]}: the numbers do not tell)" if len(formats) > 1 else ""
    return f'data.reader.date_format = "{formats[0]}" reads it{others}'


def likely_date_formats(texts: Iterable[str]) -> list[str]:
    """Formats of `strptime` that fit all of some texts: the likeliest, and others that fit as well.

    Where the order of day and month is in doubt, the one that leaves the steps between rows more even is likelier.
    """
    sample = list(dict.fromkeys(text.strip() for text in texts))
    middle = len(sample) // 2
    sample = [*sample[:TRIED], *sample[max(middle, TRIED) : middle + TRIED], *sample[max(len(sample) - TRIED, TRIED) :]]
    sample = list(dict.fromkeys(text for text in sample if text))
    fitting: dict[str, int] = {}
    signs = _SIGNS.sub("", sample[0]) if sample else ""
    for date_format in _formats():
        own = _SIGNS.sub("", _DIRECTIVE.sub("", date_format))
        if not signs.startswith(own) or (signs != own and "%z" not in date_format):
            continue  # much quicker than to try it
        with_times = list(_parsed(sample, date_format))
        if sample and len(with_times) == len(sample):
            fitting[date_format] = _uneven(np.array(with_times, "datetime64[s]"))
    if not fitting:
        return []
    least = min(fitting.values())
    found = [date_format for date_format, uneven in fitting.items() if uneven == least]
    same = {date_format: list(_parsed(sample, date_format)) for date_format in found}
    return [found[0], *(each for each in found[1:] if same[each] != same[found[0]])]


def _uneven(times: NDArray[np.datetime64]) -> int:
    """Number of rows that are not a step after the row before."""
    falling = int((np.diff(times).astype(np.int64) <= 0).sum())
    step = None if falling else Step.infer([times])
    if step is None:
        return falling * len(times)
    places, exact = step.positions(times)
    return int((np.diff(places) != 1).sum() + (~exact).sum())


def _formats() -> Iterator[str]:
    for distance in DISTANCES:
        for hour in HOURS:
            if distance and not hour:
                continue
            yield from (day + hour + distance for day in DAYS)
        yield from (date_format + distance for date_format in COMPACT)


def _parsed(texts: Sequence[str], date_format: str) -> Iterator[datetime]:
    """Parse texts up to the first that a format does not fit."""
    for text in texts:
        try:
            moment = datetime.strptime(text, date_format)
        except ValueError:
            return
        if moment.microsecond:
            return
        yield moment.replace(tzinfo=None)


def likely_unit(texts: Sequence[str]) -> TimeUnit | None:
    """Unit of integers that are likely times since 1970; None for other texts."""
    whole = [_WHOLE.fullmatch(text.strip()) for text in texts]
    if not whole or None in whole:
        return None
    numbers = [int(match[1]) for match in whole if match]
    return next((unit for unit, values in EPOCH.items() if all(number in values for number in numbers)), None)


def check_time_zone(name: str) -> None:
    """Check the name of a time zone.

    Raises:
        ValueError: naming the nearest one.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        close = did_you_mean(name, available_timezones())
        hint = close or "for instance Europe/Berlin or UTC"
        raise ValueError(f"{name!r} is no time zone; {hint}") from None


def to_utc(times: Times, zone: str, starts: Sequence[int]) -> NDArray[np.datetime64]:
    """Convert local times of a zone to UTC.

    An hour that occurs twice, as the clocks go back, is the first one where that is later than the row before, else
    the second.

    Args:
        times: Local times of some series, one after the other, rising; shape (rows,).
        zone: Name of the zone.
        starts: First row of each series.

    Raises:
        TimestampError: an hour that the zone skips, as the clocks go forward.
    """
    import pandas as pd

    index = pd.DatetimeIndex(times.astype("datetime64[s]"))
    yes = np.ones(len(index), bool)
    summer, winter = (index.tz_localize(zone, ambiguous=flags, nonexistent="NaT") for flags in (yes, ~yes))
    skipped = np.flatnonzero(summer.isna())
    if len(skipped):
        row = int(skipped[0])
        problem = f"{times[row]} does not exist in {zone}: the clocks skip that hour"
        raise TimestampError(row, f"{problem}; are these times in UTC, or in another data.reader.time_zone?")
    early, late = (_naive(each.tz_convert("UTC")) for each in (summer, winter))
    found = early.copy()
    begins = set(starts)
    for row in np.flatnonzero(early != late).tolist():
        if row not in begins and found[row] <= found[row - 1]:
            found[row] = late[row]
    return found


def local_times(times: Times, zone: str | None) -> Times:
    """Convert times in UTC to local times of a zone; None leaves them as they are."""
    import pandas as pd

    if zone is None or times.dtype.kind != "M":
        return times
    return _naive(pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone).tz_localize(None))


def _naive(index: object) -> NDArray[np.datetime64]:
    import pandas as pd

    assert isinstance(index, pd.DatetimeIndex)
    plain = index if index.tz is None else index.tz_localize(None)
    return cast(NDArray[np.datetime64], plain.to_numpy().astype("datetime64[s]"))


def texts_of(times: Times, zone: str | None) -> list[str]:
    """Format times as ISO 8601, in a zone with its offset. Integers stay."""
    local = local_times(times, zone)
    if zone is None or times.dtype.kind != "M":
        return [str(moment) for moment in local]
    distances = (local.astype("datetime64[s]") - times.astype("datetime64[s]")).astype(np.int64) // 60
    signs = ["-" if distance < 0 else "+" for distance in distances]
    pairs = zip(local, signs, (divmod(abs(int(each)), 60) for each in distances), strict=True)
    return [f"{moment}{sign}{hours:02}:{minutes:02}" for moment, sign, (hours, minutes) in pairs]


def zone_of_offsets(times: Times, offsets: Ints) -> str | None:
    """Time zone whose clocks had these distances from UTC; None if there is none among the usual ones."""
    utc = (times - offsets.astype("timedelta64[s]")).astype("datetime64[s]")
    rows = np.unique(np.linspace(0, len(times) - 1, TRIED).astype(int))
    pairs = [(moment.astype(datetime), int(offset)) for moment, offset in zip(utc[rows], offsets[rows], strict=True)]
    for name in ZONES:
        zone = ZoneInfo(name)
        if all(_distance(moment, zone) == offset for moment, offset in pairs):
            return name
    return None


def _distance(moment: datetime, zone: ZoneInfo) -> int:
    """Offset of a zone from UTC, in seconds."""
    distance = moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    assert distance is not None
    return int(distance.total_seconds())


def zone_of_change(moment: np.datetime64) -> str | None:
    """Time zone whose clocks skip or repeat a local hour; None if there is none among the usual ones."""
    when = moment.astype("datetime64[s]").astype(datetime)
    for name in ZONES:
        zone = ZoneInfo(name)
        first, second = (when.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
        if first != second:
            return name
    return None
