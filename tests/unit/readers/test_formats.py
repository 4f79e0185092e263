"""Formats of tables: delimiters, numbers, dates and time zones, as pandas reads them; wrong ones are answered."""

import csv
import io
import math
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers import Csv, Series
from seqnlp.readers.numbers import FORMATS, NumberFormat, likely_format
from seqnlp.readers.table_settings import series_settings, time_settings
from seqnlp.readers.timestamps import likely_date_formats, local_times, parse_times, texts_of, to_utc

FINITE = st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 3))


def written(number: float, numbers: NumberFormat) -> str:
    text = f"{number:,.3f}".replace(",", "T").replace(".", numbers.decimal)
    return text.replace("T", numbers.thousands or "")


@given(st.lists(FINITE, min_size=1, max_size=9), st.sampled_from(FORMATS))
def test_numbers_come_back(numbers: list[float], way: NumberFormat) -> None:
    texts = [written(number, way) for number in numbers]
    np.testing.assert_allclose(way.parse_all(texts), numbers, rtol=1e-12, atol=1e-12)
    text = "x\n" + "\n".join(f'"{each}"' for each in texts)
    read = pd.read_csv(io.StringIO(text), decimal=way.decimal, thousands=way.thousands)
    np.testing.assert_allclose(way.parse_all(texts), read["x"].to_numpy(float))


@given(st.lists(st.integers(10_000_000, 10**12).map(lambda number: number + 0.125), min_size=1, max_size=9))
def test_the_format_of_large_fractions_is_told(numbers: list[float]) -> None:
    for way in FORMATS:
        assert likely_format([[written(number, way) for number in numbers]]) == way


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (NumberFormat(), "1,5"),
        (NumberFormat(), "1_000"),
        (NumberFormat(","), "1.234"),
        (NumberFormat(","), "1.5"),
        (NumberFormat(",", "."), "12.34"),
        (NumberFormat(".", ","), "1,23,4"),
        (NumberFormat(",", "."), ","),
        (NumberFormat(","), "1,2,3"),
        (NumberFormat(","), "five"),
    ],
)
def test_other_texts_are_no_numbers(way: NumberFormat, text: str) -> None:
    assert math.isnan(way.parse(text))


@pytest.mark.parametrize(
    ("way", "text", "number"),
    [
        (NumberFormat(",", " "), "1\u00a0234\u202f567,5", 1234567.5),
        (NumberFormat(".", "'"), "1’234.5", 1234.5),
        (NumberFormat(".", ","), "12,34,567.5", 1234567.5),
        (NumberFormat(","), " \u22123,5e2 ", -350.0),
        (NumberFormat(","), ",5", 0.5),
        (NumberFormat(","), "7,", 7.0),
    ],
)
def test_numbers_of_many_countries(way: NumberFormat, text: str, number: float) -> None:
    assert way.parse(text) == number


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)).map(lambda moment: moment.replace(microsecond=0))
DATE_FORMATS = ["%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y%m%d"]


@given(
    st.lists(MOMENTS, min_size=1, max_size=9),
    st.sampled_from(DATE_FORMATS),
    st.sampled_from(["", " %H:%M", "T%H:%M:%S", " %I:%M %p", " %H:%M%z"]),
)
def test_times_come_back_and_are_those_of_strptime(moments: list[datetime], day: str, hour: str) -> None:
    date_format = day + hour
    texts = [moment.replace(tzinfo=UTC).strftime(date_format) for moment in moments]
    expected = [datetime.strptime(text, date_format).replace(tzinfo=None) for text in texts]
    found = parse_times([f" {text}" for text in texts], date_format=date_format)
    assert found.times.tolist() == expected
    by_pandas = pd.to_datetime(texts, format=date_format).tz_localize(None)
    assert by_pandas.to_pydatetime().tolist() == expected


@pytest.mark.parametrize(
    ("first", "step", "date_format"),
    [
        (datetime(2025, 1, 3), timedelta(days=1), "%d.%m.%Y"),
        (datetime(2025, 1, 3), timedelta(days=1), "%m/%d/%Y"),
        (datetime(2025, 1, 3), timedelta(days=1), "%d/%m/%Y"),
        (datetime(2025, 1, 3), timedelta(days=7), "%d-%m-%y"),
        (datetime(2025, 1, 3), timedelta(hours=1), "%d.%m.%Y %H:%M"),
        (datetime(2025, 1, 3), timedelta(hours=1), "%m/%d/%Y %I:%M %p"),
        (datetime(2025, 1, 3), timedelta(minutes=15), "%Y/%m/%d %H:%M:%S"),
        (datetime(2025, 1, 3), timedelta(days=1), "%d %b %Y"),
        (datetime(2025, 1, 3), timedelta(days=1), "%B %d, %Y"),
        (datetime(2025, 1, 3), timedelta(hours=1), "%Y%m%dT%H%M%S"),
        (datetime(2025, 1, 3), timedelta(hours=1), "%d.%m.%Y %H:%M %z"),
    ],
)
def test_the_format_of_dates_is_told(first: datetime, step: timedelta, date_format: str) -> None:
    texts = [(first.replace(tzinfo=UTC) + number * step).strftime(date_format) for number in range(60)]
    assert likely_date_formats(texts)[:1] == [date_format]


def test_the_order_of_day_and_month_may_be_in_doubt() -> None:
    months = [f"{number % 12 + 1:02}/01/{2020 + number // 12}" for number in range(30)]
    assert likely_date_formats(months) == ["%m/%d/%Y"]
    assert likely_date_formats([f"01/{number % 12 + 1:02}/{2020 + number // 12}" for number in range(30)]) == [
        "%d/%m/%Y"
    ]
    assert likely_date_formats(["01/01/2025", "01/02/2025", "01/03/2025"]) == ["%d/%m/%Y", "%m/%d/%Y"]
    assert likely_date_formats(["soon", "later"]) == likely_date_formats([]) == []


@pytest.mark.parametrize(("unit", "factor"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)])
def test_integers_are_times_since_1970(unit: Any, factor: int) -> None:
    texts = [str((1704067200 + 3600 * number) * factor) for number in range(4)]
    expected = pd.to_datetime([int(text) for text in texts], unit=unit).to_pydatetime().tolist()
    assert parse_times(texts, unit=unit).times.tolist() == expected
    assert time_settings(texts) == {"time_unit": unit}
    assert parse_times(["1.0", "2.0", "3"]).times.tolist() == [1, 2, 3]


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Sydney", "America/St_Johns"]


@given(st.sampled_from(ZONES), st.integers(0, 365 * 24), st.sampled_from([15, 30, 60]))
def test_local_times_come_back_over_the_change_of_clocks(zone: str, first: int, minutes: int) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=first)
    utc = [start + timedelta(minutes=minutes * number) for number in range(24 * 8)]
    # a series that begins in an hour that occurs twice does not tell which of the two
    while utc[0].astimezone(ZoneInfo(zone)).fold:
        utc = utc[1:]
    local = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in utc]
    found = to_utc(np.array(local, "datetime64[s]"), zone, [0])
    assert found.tolist() == [moment.replace(tzinfo=None) for moment in utc]
    assert local_times(found, zone).tolist() == local
    texts = texts_of(found, zone)
    assert [datetime.fromisoformat(text) for text in texts] == utc


def series(path: Path, rows: list[str], **settings: Any) -> Any:
    path.write_text("\n".join(["ds,y", *rows]) + "\n")
    return Series(**settings).read_series(path)


BERLIN = [
    (datetime(2024, 10, 26, 12, tzinfo=UTC) + timedelta(hours=hour)).astimezone(ZoneInfo("Europe/Berlin"))
    for hour in range(30)
]
IN_UTC = [moment.astimezone(UTC).replace(tzinfo=None) for moment in BERLIN]


def test_distances_from_utc_may_change_within_a_column(tmp_path: Path) -> None:
    told: list[str] = []
    rows = [f"{moment.isoformat()},{n}" for n, moment in enumerate(BERLIN)]
    with notes_to(told.append):
        table = series(tmp_path / "s.csv", rows)
    assert (table.times.tolist(), table.time_zone) == (IN_UTC, "UTC")
    assert told == [
        f"{tmp_path / 's.csv'}: distances from UTC change (+01:00 and +02:00), so all times are read as UTC; "
        'data.reader.time_zone = "Europe/Berlin" has them in local time'
    ]
    table = series(tmp_path / "s.csv", rows, time_zone="Europe/Berlin")
    assert (table.times.tolist(), table.time_zone) == (IN_UTC, "Europe/Berlin")
    assert table.local_times.tolist() == [moment.replace(tzinfo=None) for moment in BERLIN]
    as_pandas = pd.to_datetime([moment.isoformat() for moment in BERLIN], utc=True).tz_localize(None)
    assert as_pandas.to_pydatetime().tolist() == IN_UTC


def test_days_are_days_in_summer_and_winter(tmp_path: Path) -> None:
    zone = ZoneInfo("Europe/Berlin")
    days = [datetime(2024, 10, day, tzinfo=zone) for day in range(20, 32)]
    expected = [day.replace(tzinfo=None) for day in days]
    for texts in ([day.isoformat() for day in days], [day.astimezone(UTC).isoformat() for day in days]):
        table = series(tmp_path / "s.csv", [f"{text},1" for text in texts], time_zone="Europe/Berlin")
        assert (table.times.tolist(), table.time_zone) == (expected, None)
    table = series(tmp_path / "s.csv", [f"{day.isoformat()},1" for day in days])
    assert (table.times.tolist(), table.time_zone) == (expected, None)


def test_local_hours_that_are_skipped_or_occur_twice_are_told(tmp_path: Path) -> None:
    rows = [f"{moment.replace(tzinfo=None).isoformat()},1" for moment in BERLIN]
    problem = r"2024-10-27T02:00:00 occurs twice, first in line 14; data.reader.time_zone = \"Europe/Berlin\" \(or an"
    with pytest.raises(DataError, match=problem):
        series(tmp_path / "s.csv", rows)
    assert series(tmp_path / "s.csv", rows, time_zone="Europe/Berlin").times.tolist() == IN_UTC
    spring = [datetime(2025, 3, 30) + timedelta(hours=hour) for hour in (0, 1, 3, 4, 5)]
    rows = [f"{moment.isoformat()},1" for moment in spring]
    with pytest.raises(DataError, match=r"1 step of 1 hour is missing; data.reader.time_zone = \"Europe/Berlin\""):
        series(tmp_path / "s.csv", rows)
    assert len(series(tmp_path / "s.csv", rows, time_zone="Europe/Berlin").times) == 5
    with pytest.raises(DataError, match=r"csv:4: .*2025-03-30T02:00:00 does not exist in Europe/Berlin: the clocks"):
        series(tmp_path / "s.csv", [*rows[:2], "2025-03-30T02:00,1", *rows[2:]], time_zone="Europe/Berlin")
    missing = [row for n, row in enumerate(f"{each.replace(tzinfo=None).isoformat()},1" for each in BERLIN) if n != 12]
    table = series(tmp_path / "s.csv", missing, time_zone="Europe/Berlin", gaps="fill")
    assert len(table.times) == 30
    assert np.isnan(table.values).sum() == 1


def test_series_side_by_side_have_each_their_hour_twice(tmp_path: Path) -> None:
    rows = [f"{name},{moment.replace(tzinfo=None).isoformat()},1" for moment in BERLIN for name in "ab"]
    path = tmp_path / "s.csv"
    path.write_text("\n".join(["unique_id,ds,y", *rows]) + "\n")
    assert Series(time_zone="Europe/Berlin").read_series(path).times.tolist() == IN_UTC * 2


GERMAN = 'Tag;Wert\n31.12.2024;"1.234,5"\n01.01.2025;7,25\n02.01.2025;-\n'
ENGLISH = 'day,value\n12/31/2024,"1,234.5"\n01/01/2025,7.25\n01/02/2025,NA\n'


NUMBERS = {"decimal": ",", "thousands": ".", "na_values": ["-"]}
DAYS = {"date_format": "%d.%m.%Y"}
TABLES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (GERMAN, {"delimiter": ";", **NUMBERS}, DAYS),
    (ENGLISH, {"thousands": ","}, {"date_format": "%m/%d/%Y"}),
    (GERMAN.replace(";", "\t"), {"delimiter": "\t", **NUMBERS}, DAYS),
    (GERMAN.replace(";", "|").replace('"', "'"), {"delimiter": "|", "quotechar": "'", **NUMBERS}, DAYS),
    ('t,"y"\n2024-12-31,"7,5"\n2025-01-01,"8,25"\n2025-01-02,\n', {"decimal": ","}, {}),
]


@pytest.mark.parametrize(("text", "settings", "options"), TABLES)
def test_tables_are_those_of_pandas(
    text: str, settings: dict[str, Any], options: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    words = {"delimiter": "sep"}
    frame = pd.read_csv(
        path, **{words.get(key, key): value for key, value in settings.items()}, parse_dates=[0], **options
    )
    table = Series(**settings, **options).read_series(path)
    assert table.times.tolist() == frame.iloc[:, 0].dt.to_pydatetime().tolist()
    np.testing.assert_array_equal(table.values[:, 0], frame.iloc[:, 1].to_numpy(float))


SETTING = re.compile(r'data\.reader\.\w+ = (?:\[[^]]*\]|"(?:[^"\\]|\\.)*")')


def following(problem: str) -> dict[str, Any]:
    """Settings that a message spells out, as a recipe or `--set` takes them."""
    found: dict[str, Any] = {}
    for text in SETTING.findall(problem.partition("; ")[2]):
        found |= tomllib.loads(text)["data"]["reader"]
    return found


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("t;y\n2024-12-31;1\n2025-01-01;2\n", {"delimiter": ";"}),
        ("t\ty\n2024-12-31\t1\n2025-01-01\t2\n", {"delimiter": "\t"}),
        ('t,y\n2024-12-31,"1,5"\n2025-01-01,"2,25"\n', {"decimal": ","}),
        ('t,y\n2024-12-31,"1,500"\n2025-01-01,"2,250"\n', {"thousands": ","}),
        ('t,y\n2024-12-31,"1.500,5"\n2025-01-01,"2,5"\n', {"decimal": ",", "thousands": "."}),
        ("t,y\n2024-12-31,1\n2025-01-01,-\n2025-01-02,3\n", {"na_values": ["-"]}),
        ("t,y\n2024-12-31,1\n2025-01-01,k.A.\n2025-01-02,3\n", {"na_values": ["k.A."]}),
        ("t,y\n31.12.2024,1\n01.01.2025,2\n", {"date_format": "%d.%m.%Y"}),
        ("t,y\n12/31/2024 11:00 PM,1\n01/01/2025 12:00 AM,2\n", {"date_format": "%m/%d/%Y %I:%M %p"}),
        ("t,y,shop\n2024-12-31,1,n\n2025-01-01,2,n\n", {"numeric_columns": ["y"]}),
        ("t,shop,y\n2024-12-31,n,1\n2024-12-31,s,2\n2025-01-01,n,2\n2025-01-01,s,2\n", {"series": "shop"}),
        ("t,shop,y\n2024-12-31,1,1\n2024-12-31,2,2\n2025-01-01,1,2\n2025-01-01,2,2\n", {"series": "shop"}),
    ],
)
def test_a_wrong_guess_is_answered_with_the_key(text: str, settings: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        Series().read_series(path)
    assert "\n" not in str(caught.value)
    assert following(str(caught.value)) == settings
    assert len(Series(**settings).read_series(path).times) >= 2


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("text;label\nfine, quick;good\nnot fine;bad\n", {"delimiter": ";"}),
        ("text|label\nfine, quick|good\nnot fine|bad\n", {"delimiter": "|"}),
        ("text\tlabel\nfine\tgood\nnot fine\tbad\n", {"delimiter": "\t"}),
        ("text,label\n'fine, quick',good\nnot fine,bad\n", {"quotechar": "'"}),
        ('text,label\n"fine" and quick,good\nnot fine,bad\n', {"quotechar": ""}),
    ],
)
def test_a_wrong_guess_about_a_table_is_answered_with_the_key(
    text: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        Csv().read_columns(path, ["text", "label"])
    assert following(str(caught.value)) == settings
    assert Csv(**settings).read_columns(path, ["text", "label"])["label"][:] == ["good", "bad"]


def test_numbers_of_a_table_have_a_format(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a;y\nx;1.234,5\ny;NA\n")
    reader = Csv(delimiter=";", decimal=",", thousands=".", numeric_columns=["y"], na_values=["NA"])
    assert reader.read(path)["y"][:] == [1234.5, None]
    with pytest.raises(DataError, match=r"data.reader.decimal = \",\" and data.reader.thousands = \".\" read it"):
        Csv(delimiter=";", numeric_columns=["y"]).read(path)


def test_texts_of_missing_values_leave_rows_out(tmp_path: Path) -> None:
    path, told = tmp_path / "x.csv", list[str]()
    path.write_text("text,label\nfine,good\nbad,-\nworse,NA\n")
    with notes_to(told.append):
        from seqnlp.readers.empties import FILLED

        table = Csv(na_values=["-", "NA"]).load(path, {"text": FILLED, "label": FILLED})
    assert table["text"][:] == ["fine"]
    assert told == [f"{path}:3: 'label' is empty; left out 2 of 3 rows for that"]


def test_fields_may_be_of_any_length_within_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    text = "a, " * 300_000 + "\n" + "b" * 300_000
    path.write_text(f'text,label\n"{text}",good\n')
    assert csv.field_size_limit() == 131_072
    assert Csv(max_line=2_000_000).load(path)["text"][0] == text
    assert csv.field_size_limit() == 131_072
    path.write_text(f'text,label\n"{text}!",good\n')
    with pytest.raises(DataError, match=r"x\.csv:2: a field of more than 1,000,000 characters, whose quote is never"):
        Csv().load(path)


def test_columns_without_a_name_are_left_out_or_are_the_times(tmp_path: Path) -> None:
    path, told = tmp_path / "x.csv", list[str]()
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=3), "y": [1.0, 2.0, 3.0]})
    frame.to_csv(path)
    with notes_to(told.append):
        assert Series().read_series(path).columns == ["y"]
    assert told == [f"{path}: left out, as they have no name: 1 column (column1)"]
    frame.set_index("ds").rename_axis(None).to_csv(path)
    table = Series().read_series(path)
    assert (table.columns, len(table.times)) == (["y"], 3)


def test_a_file_without_names_has_them_from_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("2024-01-01,x,1\n2024-01-02,y,2\n")
    table = Series(names=["ds", "_", "y"]).read_series(path)
    assert (table.columns, table.values[:, 0].tolist()) == (["y"], [1, 2])


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"decimal": ",", "thousands": ","}, "both"),
        ({"decimal": "ab"}, "one character"),
        ({"thousands": "5"}, "no letter"),
        ({"delimiter": "\n"}, "no letter"),
        ({"delimiter": ";", "quotechar": ";"}, "both"),
        ({"date_format": "DD.MM.YYYY"}, "with a year"),
        ({"date_format": "%d.%m.%Q"}, "Input should be a format"),
        ({"date_format": "%d.%m."}, "with a year"),
        ({"time_zone": "Europe/Berln"}, "did you mean `Europe/Berlin`"),
        ({"time_zone": "../x"}, "is no time zone"),
        ({"time_unit": "h"}, "Input should be"),
        ({"date_format": "%Y", "time_unit": "s"}, "leave out one of them"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Series(**wrong)


@pytest.mark.parametrize(
    ("rows", "settings", "problem"),
    [
        (["31.12.2024,1", "31.02.2025,2"], {"date_format": "%d.%m.%Y"}, "there is no such day or hour"),
        (["31.12.2024,1", "soon,2"], {"date_format": "%d.%m.%Y"}, "'soon' is not of the form data.reader.date_format"),
        (["31.12.2024 10:00:00.5,1"], {"date_format": "%d.%m.%Y %H:%M:%S.%f"}, "fractions of a second"),
        (["soon,1"], {"time_unit": "s"}, "expects integers since 1970"),
        (["1704067200000,1"], {"time_unit": "s"}, 'data.reader.time_unit = "ms" reads it'),
        (["1704067200500,1"], {"time_unit": "ms"}, "fractions of a second"),
        (["7,1", "8,1"], {"time_zone": "UTC"}, "time_zone = 'UTC' is for timestamps"),
    ],
)
def test_wrong_times_are_told_with_their_line(
    rows: list[str], settings: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=problem):
        series(tmp_path / "s.csv", rows, **settings)


def test_integers_that_look_like_seconds_are_noted(tmp_path: Path) -> None:
    told: list[str] = []
    with notes_to(told.append):
        series(tmp_path / "s.csv", ["1704067200,1", "1704070800,2"])
    assert told == [
        f"{tmp_path / 's.csv'}: times such as 1704067200 look like seconds since 1970; "
        'data.reader.time_unit = "s" reads them as timestamps'
    ]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("ds,y\n" + "".join(f"2024-01-0{n},{n}\n" for n in range(1, 8)), {}),
        (
            "Tag;Wert\n" + "".join(f"0{n}.01.2024;{n},5\n" for n in range(1, 8)),
            {"delimiter": ";", "decimal": ",", "date_format": "%d.%m.%Y"},
        ),
        ("when,y\n" + "".join(f"{1704067200 + n * 60},{n}\n" for n in range(8)), {"time_unit": "s"}),
        ("id,when,y\n" + "".join(f"{n},2024-01-0{n},{n}\n" for n in range(1, 8)), {"time": "when"}),
        ("text,label\n" + "".join(f"some {n} words,{n}\n" for n in range(8)), None),
        ("date,text,stars\n" + "".join(f"2024-01-0{n},it was so good {n},{n}\n" for n in range(1, 8)), None),
        ("n,y\n" + "".join(f"{n},{n}\n" for n in range(8)), None),
    ],
)
def test_series_are_recognised_with_their_settings(text: str, settings: dict[str, Any] | None, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    assert series_settings(path) == settings
