"""How far apart the rows of a series are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.readers.steps import Step


def moments(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[s]")


STEPS = {
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
def test_bad_steps_are_refused(text: str) -> None:
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
    }


@given(
    st.sampled_from(list(STEPS.values())) | st.just(Step(2, "month ends")),
    st.datetimes().map(lambda moment: np.datetime64(moment.replace(microsecond=0), "s")),
    st.lists(st.integers(0, 40), min_size=8, max_size=30, unique=True).map(sorted),
)
def test_places_are_those_that_moments_were_made_of(step: Step, start: np.datetime64, places: list[int]) -> None:
    start = start.astype("datetime64[M]").astype("datetime64[s]") + np.timedelta64(3600, "s")  # there is no 30 February
    if step.unit == "month ends":
        start -= np.timedelta64(86400, "s")
    times = step.after(start, np.array(places))
    found, exact = step.places(times)
    assert exact.all()
    assert found.tolist() == [place - places[0] for place in places] or times[0] != start
    even = step.after(start, np.arange(20))
    assert Step.infer([even]) == step


def test_steps_are_inferred_over_gaps_and_several_series() -> None:
    days = np.datetime64("2020-01-30T00:00:00") + np.array([0, 1, 2, 4, 9, 10]) * np.timedelta64(1, "D")
    assert Step.infer([days, days[:1]]) == STEPS["D"]
    assert Step.infer([days[:1]]) is None
    assert Step.infer([moments("2020-01-31", "2020-02-29", "2020-04-30")]) == Step(1, "month ends")
    assert Step.infer([moments("2019-06-01", "2020-06-01")]) == STEPS["Y"]
    assert Step.infer([moments("2020-01-01", "2020-01-29", "2020-02-26")]) == Step(28 * 86400, "seconds")


def test_a_moment_between_two_steps_is_not_exact() -> None:
    places, exact = STEPS["h"].places(moments("2020-01-01T00:00", "2020-01-01T01:10", "2020-01-01T02:00"))
    assert (places.tolist(), exact.tolist()) == ([0, 1, 2], [True, False, True])
    _, exact = STEPS["M"].places(moments("2020-01-05", "2020-02-05", "2020-03-06"))
    assert exact.tolist() == [True, True, False]


def test_the_end_of_a_month_is_its_last_day() -> None:
    found = Step(1, "month ends").after(np.datetime64("2019-12-31", "s"), np.arange(4))
    assert found.astype("datetime64[D]").astype(str).tolist() == [
        "2019-12-31",
        "2020-01-31",
        "2020-02-29",
        "2020-03-31",
    ]
