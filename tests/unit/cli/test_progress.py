"""What is shown while a training or other long work is going on."""

import io

import pytest
from rich.console import Console

from seqnlp.cli.progress import LiveView, preparing, show_training, track
from seqnlp.events import Done, Evaluated, Event, Saved, Started, Stepped
from seqnlp.notes import progress
from seqnlp.status import TrainingStatus


def training(steps: int = 12, resumed_at: int = 0) -> list[Event]:
    """A training of 4 epochs; a step takes 2 s, an evaluation 1 s."""
    seconds = 1000.0 if resumed_at else 0.0
    events: list[Event] = [Started(resumed_at, resumed_at / 3, seconds, 12, 4.0, 1_234_567, "words")]
    for step in range(resumed_at + 1, steps + 1):
        seconds += 2
        events.append(Stepped(step, step / 3, seconds, 3 / step, 1e-3, step * 1000, 21_300.4))
        if step % 3 == 0:
            seconds += 1
            score = {3: 0.8, 6: 0.9, 9: 0.85, 12: 0.95}[step]
            events.append(Evaluated(step, step / 3, seconds, {"accuracy": score}, "accuracy", score != 0.85))
            events.append(Saved(step, step / 3, seconds))
    if steps == 12:
        events.append(Done(steps, steps / 3, seconds, "finished", {"accuracy": 0.95}))
    return events


def shown(events: list[Event], terminal: bool = False, quiet: bool = False, width: int = 80) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=width, color_system=None, legacy_windows=False)
    with show_training(console, quiet) as view:
        for event in events:
            view.event(event)
    return file.getvalue()


def test_plain_lines_in_a_log() -> None:
    assert shown(training()).splitlines() == [
        "training: 1,234,567 parameters, 4 epochs, 12 steps",
        "epoch  1/4  loss 1.833  dev accuracy 0.8000 (best)  21,300 words/s  7 s, 21 s left",
        "epoch  2/4  loss 0.617  dev accuracy 0.9000 (best)  21,300 words/s  14 s, 14 s left",
        "epoch  3/4  loss 0.379  dev accuracy 0.8500  21,300 words/s  21 s, 7 s left",
        "epoch  4/4  loss 0.274  dev accuracy 0.9500 (best)  21,300 words/s  28 s",
        "finished after 28 s; best dev accuracy 0.9500 (epoch 4)",
    ]


def test_a_resumed_training_says_so_and_measures_its_own_pace() -> None:
    assert shown(training(resumed_at=6)).splitlines()[:2] == [
        "resuming after step 6: 1,234,567 parameters, 4 epochs, 12 steps",
        "epoch  3/4  loss 0.379  dev accuracy 0.8500  21,300 words/s  16 min 47 s, 7 s left",
    ]


def test_the_start_tells_the_expected_time_and_memory_and_counts_in_the_singular() -> None:
    started = Started(0, 0.0, 0.0, 1, 1.0, 1, "words", 125.0, 412_000_000)
    (line,) = shown([started]).splitlines()
    assert line.startswith("training: 1 parameter, 1 epoch, 1 step; expected by a few timed steps: ")
    assert line.endswith(": 2 min 05 s and at least 412.0 MB of memory")


def test_a_long_epoch_gives_a_sign_of_life_each_minute() -> None:
    steps: list[Event] = [Stepped(n, n / 1000, n * 20.0, 2.5, 0.1, n, 50.0) for n in range(1, 8)]
    lines = shown([Started(0, 0.0, 0.0, 2000, 2.0, 5, "words"), *steps]).splitlines()
    assert lines[1:] == [
        "epoch 1/2  loss 2.500  50 words/s  1 min 00 s, 11 h 05 min left",
        "epoch 1/2  loss 2.500  50 words/s  2 min 00 s, 11 h 04 min left",
    ]


def test_evaluations_inside_an_epoch_and_without_a_metric() -> None:
    events: list[Event] = [
        Started(0, 0.0, 0.0, 10, 2.0, 5, "words"),
        Evaluated(5, 1.234567, 10.0, {}, "", False),
        Done(5, 1.234567, 10.0, "no better accuracy on dev for 3 epochs", {"f1": 0.5}),
    ]
    assert shown(events).splitlines()[1:] == [
        "epoch 1.23/2  10 s, 10 s left",
        "no better accuracy on dev for 3 epochs after 10 s; best dev f1 0.5000",
    ]


def test_lines_are_not_broken_or_marked_up() -> None:
    started = Started(0, 0.0, 0.0, 10, 2.0, 5, "[bold]words")
    evaluated = Evaluated(5, 1.0, 10.0, {"m" * 90: 0.5}, "m" * 90, True)
    stepped = Stepped(5, 1.0, 9.0, 1.0, 0.1, 5, 10.0)
    lines = shown([started, stepped, evaluated], width=40).splitlines()
    assert len(lines) == 2
    assert "10 [bold]words/s" in lines[1]


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_shows_nothing(terminal: bool) -> None:
    assert shown(training(), terminal, quiet=True) == ""


def test_a_terminal_gets_a_table_that_stays_and_a_bar_that_goes() -> None:
    text = shown(training(), terminal=True)
    lines = [line.replace("\x1b[?25l", "").split("\x1b[2K")[-1] for line in text.splitlines()]
    assert "training: 1,234,567 parameters, 4 epochs, 12 steps" in lines
    assert any(line.split() == ["epoch", "loss", "dev", "accuracy", "words/s", "time"] for line in lines)
    assert any(line.split() == ["2", "0.617", "0.9000", "21,300", "14", "s", "best"] for line in lines)
    assert any(line.split() == ["3", "0.379", "0.8500", "21,300", "21", "s"] for line in lines)
    assert lines[-1] == "finished after 28 s; best dev accuracy 0.9500 (epoch 4)"
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1, "the cursor is hidden and shown again"


def test_the_cursor_comes_back_after_an_error() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=60)

    def fail() -> None:
        with show_training(console) as view:
            view.event(training()[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert file.getvalue().count("\x1b[?25h") == 1


@pytest.mark.parametrize("width", [80, 50])
def test_the_picture_has_two_lines_of_any_width(width: int) -> None:
    view = LiveView(Console(file=io.StringIO(), force_terminal=True, width=width))
    for event in training(steps=7)[1:]:
        view.status.add(event)
    view.status.started = Started(0, 0.0, 0.0, 12, 4.0, 5, "words")
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(view.footer())
    first, second = file.getvalue().splitlines()
    assert first.rstrip().endswith("58%  epoch 3/4  16 s, 11 s left")
    assert first.startswith("━━━━━")
    assert second.startswith("loss 0.590 · best dev accuracy 0.9000 (epoch 2)"[: width - 1])
    assert max(len(first), len(second)) <= width


def test_the_picture_before_the_first_step() -> None:
    view = LiveView(Console(file=io.StringIO(), force_terminal=True))
    view.status = TrainingStatus()
    file = io.StringIO()
    Console(file=file, width=60).print(view.footer())
    assert "0%  epoch 1/?  0 s" in file.getvalue()


@pytest.mark.parametrize(
    ("terminal", "quiet", "empty"), [(True, False, False), (False, False, True), (True, True, True)]
)
def test_track_draws_on_terminals_only(terminal: bool, quiet: bool, empty: bool) -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=80, color_system=None)
    with track("scoring [test]", 10, console, quiet) as advance:
        for _ in range(5):
            advance(2)
    assert (file.getvalue() == "") is empty
    if not empty:
        assert "scoring [test]" in file.getvalue()
        assert "100%" in file.getvalue()


@pytest.mark.parametrize("quiet", [False, True])
def test_a_slow_preparation_tells_its_share(quiet: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("rich.status.Status.update", lambda status, text: shown.append(text))
    with preparing(Console(file=io.StringIO(), force_terminal=True), "reading", quiet):
        for share in (0.254, 1.0):
            progress("computing", share)
    progress("computing", 0.5)  # nobody watches any more
    assert shown == ([] if quiet else ["computing: 25%", "reading"])
