"""Moments in text."""

import pytest

from seqnlp.readers.moments import MomentError, parse_moments


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
    assert parse_moments([text, text]).astype(str).tolist() == [expected] * 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'' is no moment; expected"),
        ("soon", "'soon' is no moment"),
        ("31.07.2016", "'31.07.2016' is no moment"),
        ("07/31/2016", "'07/31/2016' is no moment"),
        ("20160731", "'20160731' is no moment"),
        ("2016-07-31 23:00:00.5", "is no moment"),
        ("2016-02-30", "'2016-02-30': there is no such day"),
        ("2016-02-03 25:00", "'2016-02-03 25:00': there is no such day or hour"),
        ("2016-02-03 01:00Z", "has +0000, the first row no time zone: mixed time zones; write all of them in UTC"),
    ],
)
def test_bad_moments_are_refused_with_their_place(text: str, problem: str) -> None:
    with pytest.raises(MomentError) as caught:
        parse_moments(["2016-07-01", text])
    assert caught.value.index == 1
    assert problem in caught.value.problem


def test_winter_and_summer_time_are_two_zones() -> None:
    assert len(parse_moments(["2016-03-27T01:00+01:00", "2016-03-27T04:00+0100"])) == 2
    with pytest.raises(MomentError, match=r"\+0200, the first row \+0100: mixed time zones"):
        parse_moments(["2016-03-27T01:00+01:00", "2016-03-27T03:00+02:00"])
