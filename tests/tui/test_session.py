"""What is asked for each text, and how much of it is left."""

from seqnlp.tui.panels.lm import SAMPLING_SETTINGS
from seqnlp.tui.session import Session
from seqnlp.tui.widgets.settings_panel import defaults

DEFAULTS = defaults(SAMPLING_SETTINGS)


def part(count: int) -> dict[str, object]:
    return {"text": "x" * count, "lengths": [1] * count, "logprobs": [-1.0] * count}


def test_steering_twice_keeps_the_length() -> None:
    session, settings = Session("", 1, 7), DEFAULTS
    assert session.begin(0, 500, settings)["length"] == 500
    session.add(0, part(100))
    assert session.left(500) == {0: 400}
    session.stop()
    session.begin(0, 400, settings)
    session.add(0, part(50))
    assert session.left(500) == {0: 350}
    assert session.left(1000) == {0: 850}
    session.stop()
    assert session.left(500) == {}
    session.begin(0, 500, settings)
    assert session.left(500) == {0: 500}


def test_a_text_was_stopped_or_has_its_length() -> None:
    session, settings = Session("", 2, 7), {**DEFAULTS, "length": 50}
    session.begin_all(settings)
    session.add(0, part(50))
    session.add(1, part(20))
    assert session.describe(0).startswith("writing")
    session.end([0])
    session.stop()
    assert session.describe(0).startswith("length reached  ·  50 tokens")
    assert session.describe(1).startswith("stopped  ·  20 tokens")
    session.begin(1, 50, settings)
    session.add(1, part(30))
    session.stop()
    assert session.describe(1).startswith("stopped  ·  50 tokens")
    session.begin(1, 50, settings)
    session.add(1, part(50))
    session.end([1])
    assert session.describe(1).startswith("length reached")


def test_undoing_brings_back_whether_the_length_was_reached() -> None:
    session, settings = Session("", 2, 7), {**DEFAULTS, "length": 200}
    session.begin_all(settings)
    session.add(0, part(200))
    session.add(1, part(150))
    session.end([0])
    session.stop()
    for number in (0, 1):
        session.branch(number, 100, "token", [("y", -1.0)])
        session.begin(number, 10 if number else 200, settings)
        session.add(number, part(10))
        session.stop()
    assert session.describe(0).startswith("stopped  ·  111 tokens")
    assert session.describe(1).startswith("length reached  ·  111 tokens")
    for number in (0, 1):
        assert session.undo(number) == 100
    assert session.describe(0).startswith("length reached  ·  200 tokens")
    assert session.describe(1).startswith("stopped  ·  150 tokens")


def test_a_text_that_went_comes_back_as_it_was() -> None:
    session, settings = Session("", 2, 7), {**DEFAULTS, "length": 5}
    session.begin_all(settings)
    for number in (0, 1):
        session.add(number, part(5))
    session.end([0, 1])
    session.resize(1)
    session.resize(2)
    session.add(1, part(3))  # of an answer that had ended
    assert [session.describe(number)[:24] for number in (0, 1)] == ["length reached  ·  5 tok"] * 2
    session.resize(3)
    assert [buffer.tokens for buffer in session.buffers] == [5, 5, 0]


def test_what_comes_after_the_stop_is_not_taken() -> None:
    session = Session("a", 2, 7)
    session.begin(1, 500, DEFAULTS)
    session.stop()
    session.add(1, part(5))
    assert session.buffers[1].text == "a"


def test_a_batch_has_one_seed_and_what_goes_on_alone_has_its_own() -> None:
    session, settings = Session("Once", 2, 7), DEFAULTS
    asked = session.begin_all(settings)
    assert (asked["prompt"], asked["seed"], asked["samples"], asked["length"]) == ("Once", 7, 2, 500)
    session.add(1, part(10))
    session.stop()
    asked = session.begin(1, 500, settings)
    assert (asked["prompt"], asked["seed"], "samples" in asked) == ("Once" + "x" * 10, 18, False)
    assert [(turn["at"], turn["seed"], turn.get("sample")) for turn in session.turns[1]] == [(4, 7, 1), (14, 18, None)]


def test_a_batch_is_begun_with_the_whole_prompt_however_long() -> None:
    assert Session("x" * 10_000, 1, 7).begin_all(DEFAULTS)["prompt"] == "x" * 10_000


def test_steering_a_batch_keeps_each_texts_length() -> None:
    session, settings = Session("", 2, 7), DEFAULTS
    session.begin_all(settings)
    session.add(0, part(100))
    session.add(1, part(99))
    assert session.left(500) == {0: 400, 1: 401}
    session.end([0, 1])
    assert not session.busy


def test_settings_step_on_their_ladder_from_any_value() -> None:
    settings = {setting.name: setting for setting in SAMPLING_SETTINGS}
    temperature, top_k, length = settings["temperature"], settings["top_k"], settings["length"]
    assert (temperature.step(0.8, 1), temperature.step(0.83, 1), temperature.step(0.0, -1)) == (0.85, 0.85, 0.0)
    assert (top_k.step(None, 1), top_k.step(1, -1), top_k.step(7, 1)) == (1, None, 10)
    assert [top_k.format(None), length.format(10**9), length.format(2000)] == ["off", "endless", "2,000"]
    assert (top_k.parse("off"), temperature.parse("1.25")) == (None, 1.25)
