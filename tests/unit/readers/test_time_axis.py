"""The time axis of a series: timestamps, steps, and what comes after the last row."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.readers.time_axis import Step, times_after
from seqnlp.readers.timestamps import TimestampError, parse_timestamps


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016", "2016-01-01T00:00:00"),
        ("2016-07", "2016-07-01T00:00:00"),
        (" 2016-07-31 ", "2016-07-31T00:00:00"),
        ("2016-07-31 23:00", "2016-07-31T23:00:00"),
        ("2016-07-31T23:00:59", "2016-07-31T23:00:59"),
        ("2016-07-31 23:00:00.000", "2016-07-31T23:00:00"),
        ("2016-07-31T23:00:00Z", "2016-07-31T23:00:00"),
        ("2016-07-31T23:00+02:00", "2016-07-31T23:00:00"),
    ],
)
def test_iso_8601_is_read(text: str, expected: str) -> None:
    assert parse_timestamps([text, text]).times.astype(str).tolist() == [expected] * 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'' is not a timestamp; expected"),
        ("soon", "'soon' is not a timestamp"),
        ("31.07.2016", "'31.07.2016' is not a timestamp"),
        ("07/31/2016", "'07/31/2016' is not a timestamp"),
        ("20160731", "'20160731' is not a timestamp"),
        ("2016-07-31 23:00:00.5", "is not a timestamp"),
        ("2016-02-30", "'2016-02-30': there is no such day"),
        ("2016-02-03 25:00", "'2016-02-03 25:00': there is no such day or hour"),
        ("2016-02-03 01:00Z", "has +0000, the first row no time zone: mixed time zones; write all of them in UTC"),
    ],
)
def test_what_is_not_a_timestamp_is_told_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(TimestampError) as caught:
        parse_timestamps(["2016-07-01", text])
    assert caught.value.index == 1
    assert problem in str(caught.value)


def test_winter_and_summer_time_keep_their_distances_from_utc() -> None:
    stamps = parse_timestamps(["2016-03-27T01:00+01:00", "2016-03-27T03:00+02", "2016-03-27T02:00Z"])
    assert stamps.offsets is not None
    assert stamps.offsets.tolist() == [3600, 7200, 0]
    assert stamps.times.astype(str).tolist() == [f"2016-03-27T0{hour}:00:00" for hour in (1, 3, 2)]


def moments(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[s]")


STEPS = {
    "B": Step(1, "weekdays", "1111100"),
    "s": Step(1, "seconds"),
    "15min": Step(900, "seconds"),
    "h": Step(3600, "seconds"),
    "D": Step(86400, "seconds"),
    "2W": Step(1209600, "seconds"),
    "M": Step(1, "months"),
    "Q": Step(3, "months"),
    "Y": Step(12, "months"),
}


@pytest.mark.parametrize("text", STEPS)
def test_a_step_is_written_in_short(text: str) -> None:
    assert Step.parse(text) == STEPS[text]


@pytest.mark.parametrize("text", ["", "hourly", "0h", "-1h", "m", "1.5h", "h h"])
def test_what_is_no_step_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="for instance h or 15min"):
        Step.parse(text)


def test_a_step_is_told_in_words() -> None:
    told = {text: str(step) for text, step in STEPS.items()}
    assert told == {
        "s": "1 second",
        "15min": "15 minutes",
        "h": "1 hour",
        "D": "1 day",
        "2W": "2 weeks",
        "M": "1 month",
        "Q": "1 quarter",
        "Y": "1 year",
        "B": "1 business day",
    }


@given(
    st.sampled_from(list(STEPS.values())) | st.just(Step(2, "month ends")),
    st.datetimes(max_value=datetime(9000, 1, 1)).map(lambda moment: np.datetime64(moment.replace(microsecond=0), "s")),
    st.lists(st.integers(0, 40), min_size=8, max_size=30, unique=True).map(sorted),
)
def test_places_are_those_that_moments_were_made_of(step: Step, start: np.datetime64, places: list[int]) -> None:
    start = start.astype("datetime64[M]").astype("datetime64[s]") + np.timedelta64(3600, "s")  # there is no 30 February
    if step.unit == "month ends":
        start -= np.timedelta64(86400, "s")
    times = step.after(start, np.array(places))
    found, exact = step.positions(times)
    assert exact.all()
    assert found.tolist() == [place - places[0] for place in places] or times[0] != start
    even = step.after(start, np.arange(20))
    assert Step.infer([even]) == step


def in_months(times: np.ndarray, ends: bool) -> tuple[np.ndarray, np.ndarray]:
    """The month of each timestamp, and the seconds since it began, or, below 0, until it ends."""
    months = times.astype("datetime64[M]")
    return months.astype(int), (times - (months + int(ends)).astype("datetime64[s]")).astype(int)


@given(
    st.integers(1, 14),
    st.sampled_from(["months", "month ends"]),
    st.lists(st.datetimes(max_value=datetime(9000, 1, 1)), min_size=1, max_size=9),
    st.integers(0, 27 * 86400),
    st.lists(st.integers(0, 40), min_size=1, max_size=9),
)
def test_months_are_those_of_numpy(
    count: int, unit: Literal["months", "month ends"], dates: list[datetime], into: int, positions: list[int]
) -> None:
    step, ends = Step(count, unit), unit == "month ends"
    times = np.array([date.replace(microsecond=0) for date in dates], "datetime64[s]")
    times[::2] = times[::2].astype("datetime64[M]").astype("datetime64[s]") + into
    found, exact = step.positions(times)
    months, rest = in_months(times, ends)
    assert found.tolist() == ((months - months[0]) // count).tolist()
    assert exact.tolist() == (((months - months[0]) % count == 0) & (rest == rest[0])).tolist()
    (month,), (rest,) = in_months(times[:1], ends)
    if -27 * 86400 <= rest <= 27 * 86400:  # there is no 30 February
        border = (month + np.array(positions) * count + int(ends)).astype("datetime64[M]").astype("datetime64[s]")
        assert step.after(times[0], np.array(positions)).tolist() == (border + rest).tolist()


def test_a_day_that_a_month_has_not_is_its_last_one() -> None:
    found = Step(1, "months").after(np.datetime64("2020-01-31T08:00:00"), np.arange(4))
    assert found.astype(str).tolist() == [
        "2020-01-31T08:00:00",
        "2020-02-29T08:00:00",
        "2020-03-31T08:00:00",
        "2020-04-30T08:00:00",
    ]


def test_steps_are_inferred_over_gaps_and_several_series() -> None:
    days = np.datetime64("2020-01-30T00:00:00") + np.array([0, 1, 2, 4, 9, 10]) * np.timedelta64(1, "D")
    assert Step.infer([days, days[:1]]) == STEPS["D"]
    assert Step.infer([days[:1]]) is None
    assert Step.infer([moments("2020-01-31", "2020-02-29", "2020-04-30")]) == Step(1, "month ends")
    assert Step.infer([moments("2019-06-01", "2020-06-01")]) == STEPS["Y"]
    assert Step.infer([moments("2020-01-01", "2020-01-29", "2020-02-26")]) == Step(28 * 86400, "seconds")


def test_a_moment_between_two_steps_is_not_exact() -> None:
    places, exact = STEPS["h"].positions(moments("2020-01-01T00:00", "2020-01-01T01:10", "2020-01-01T02:00"))
    assert (places.tolist(), exact.tolist()) == ([0, 1, 2], [True, False, True])
    _, exact = STEPS["M"].positions(moments("2020-01-05", "2020-02-05", "2020-03-06"))
    assert exact.tolist() == [True, True, False]


def test_the_end_of_a_month_is_its_last_day() -> None:
    found = Step(1, "month ends").after(np.datetime64("2019-12-31", "s"), np.arange(4))
    assert found.astype("datetime64[D]").astype(str).tolist() == [
        "2019-12-31",
        "2020-01-31",
        "2020-02-29",
        "2020-03-31",
    ]


@pytest.mark.parametrize(
    ("rows", "coming"),
    [
        (["2020-01-31 22:00", "2020-01-31 23:00"], ["2020-02-01T00:00:00", "2020-02-01T01:00:00"]),
        (["2020-02-14", "2020-02-21"], ["2020-02-28T00:00:00", "2020-03-06T00:00:00"]),
        (["2020-11-05", "2020-12-05"], ["2021-01-05T00:00:00", "2021-02-05T00:00:00"]),
        (["2019-11-30", "2019-12-31"], ["2020-01-31T00:00:00", "2020-02-29T00:00:00"]),
        (["2020-07-01", "2020-10-01"], ["2021-01-01T00:00:00", "2021-04-01T00:00:00"]),
        (["2019", "2020"], ["2021-01-01T00:00:00", "2022-01-01T00:00:00"]),
    ],
)
def test_a_series_goes_on_with_its_step(rows: list[str], coming: list[str]) -> None:
    times = np.array([row.replace(" ", "T") for row in rows], "datetime64[s]")
    assert times_after(times, 2, "s", Path("s.csv")).astype(str).tolist() == coming


@pytest.mark.parametrize("rows", [["2020-01-01"], ["2020-01-01", "2020-01-02", "2020-01-04"]])
def test_rows_without_a_step_have_none_after_them(rows: list[str]) -> None:
    with pytest.raises(DataError, match=r"s\.csv: series 's': its last rows are not evenly spaced"):
        times_after(np.array(rows, "datetime64[s]"), 2, "s", Path("s.csv"))


def test_the_calendar_ends() -> None:
    with pytest.raises(DataError, match="2 steps of 1 month go past the year 9999"):
        times_after(moments("9999-10-01", "9999-11-01"), 2, "s", Path("s.csv"))
