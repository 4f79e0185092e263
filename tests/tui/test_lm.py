"""The panel of language models, from a service that writes the alphabet."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from seqnlp.service.client import ServiceDied, ServiceError, ServiceState
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.listing import run_at
from seqnlp.tui.panels.lm import LmPanel
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.widgets.alternatives import Alternatives
from seqnlp.tui.widgets.prompt import Prompt
from seqnlp.tui.widgets.settings_panel import SettingsPanel
from seqnlp.tui.widgets.token_view import Legend

pytestmark = pytest.mark.anyio

TEXT = " The lamp was lit, and the boats came in over the bar.\nNobody spoke. 'Is it far?' she asked at last.\n"
LOGPROBS = [-0.02, -0.4, -1.2, -2.5, -4.0, -6.0]


def letters(settings: Mapping[str, Any]) -> Iterator[Any]:
    """Parts of 10 tokens of one character each, for all samples."""
    for begin in range(0, settings["length"], 10):
        count = min(10, settings["length"] - begin)
        places = range(begin, begin + count)
        text = "".join(TEXT[place % len(TEXT)] for place in places)
        logprobs = [LOGPROBS[place % len(LOGPROBS)] for place in places]
        for sample in range(settings.get("samples", 1)):
            yield {"sample": sample, "text": text, "lengths": [1] * count, "logprobs": logprobs}


REPLIES: dict[str, Any] = {
    "load": lambda settings: [{"task": "lm"}],
    "generate": letters,
    "next": lambda settings: [[["e", -0.5], [" ", -1.4], ["\n", -2.3], ["a", -3.0], ["zz", -5.0]]],
}


def opened(fake: Any, runs: Path, **replies: Any) -> SeqnlpApp:
    return SeqnlpApp(runs, fake(REPLIES | replies), run_at(runs / "char_lstm"))


def panel_of(app: SeqnlpApp) -> LmPanel:
    return app.screen.query_one(LmPanel)


@pytest.fixture
def written(settled: Any) -> Any:
    """Type a prompt, and wait until the text is there."""

    async def write(pilot: Any, prompt: str = "The harbour") -> LmPanel:
        panel = panel_of(pilot.app)
        panel.query_one(Prompt).focus().text = prompt
        await pilot.press("enter")
        await settled(pilot)
        return panel

    return write


async def test_the_picture(runs: Path, fake: Any, golden: Any, settled: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        panel_of(app).settings["seed"] = 7
        await written(pilot)
        await pilot.press(*["left"] * 12)
        await settled(pilot)
        await golden(app, "lm")
        await pilot.press("question_mark")
        await pilot.pause()
        await golden(app, "lm-help")


async def test_the_picture_of_several_in_daylight(runs: Path, fake: Any, golden: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        panel_of(app).settings.update(seed=7, samples=3, length=200)
        await pilot.press("ctrl+t")
        await written(pilot)
        await golden(app, "lm-three")


async def test_without_colour_surprise_is_underlined(
    runs: Path, fake: Any, monkeypatch: pytest.MonkeyPatch, written: Any
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = await written(pilot)
        strips = [panel.view.render_line(line) for line in range(3)]
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        assert any(style.underline and not style.bold for style in styles)
        assert any(style.underline and style.bold for style in styles)


async def test_a_prompt_is_written_on(runs: Path, fake: Any, shows: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = await written(pilot)
        assert panel.view.buffer.text == "The harbour" + (TEXT * 9)[:500]
        await shows(app, "length reached  ·  500 tokens")
        asked = dict(app.service.asked[-1][1])  # type: ignore[attr-defined]
        assert asked.pop("seed") >= 0
        assert asked == {
            "prompt": "The harbour",
            "length": 500,
            "temperature": 0.8,
            "top_k": None,
            "top_p": None,
            "min_p": None,
            "repetition_penalty": 1.0,
            "samples": 1,
        }


async def test_space_stops_while_text_streams_and_goes_on(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test() as pilot:
        panel = panel_of(app)
        service.pause = 0.02
        await pilot.press("enter")
        await pilot.pause(0.15)
        assert panel.session.busy
        await pilot.press("space")
        await pilot.pause()
        assert not panel.session.busy
        assert service.open == 0
        before = panel.view.buffer.text
        await pilot.pause(0.1)
        assert panel.view.buffer.text == before != ""
        await shows(app, "stopped")
        service.pause = 0
        await pilot.press("space")
        await settled(pilot)
        assert service.asked[-1][1]["prompt"] == before
        assert len(panel.view.buffer.text) == len(before) + 500
        await shows(app, "length reached")


async def test_a_text_under_other_settings_never_seems_to_have_stopped(
    runs: Path, fake: Any, until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    service.pause = 0.01
    busy: list[bool] = []
    async with app.run_test() as pilot:
        panel = panel_of(app)
        panel.settings["length"] = 100_000
        await pilot.press("enter")
        await until(pilot, lambda: panel.session.has_begun)
        draw = panel._draw

        def noted() -> None:
            busy.append(panel.session.busy)
            draw()

        monkeypatch.setattr(panel, "_draw", noted)
        for turns in (1, 2, 3):
            await pilot.press("d", "right")
            await until(pilot, lambda turns=turns: len(service.asked) > turns + 1)
            asked = [settings["temperature"] for do, settings in service.asked if do == "generate"]
            assert asked[-1] == pytest.approx(0.8 + 0.05 * turns)
        assert service.open == 1
        before = len(panel.view.buffer.text)
        await until(pilot, lambda: len(panel.view.buffer.text) > before + 20)
        assert all(busy)
        await pilot.press("escape")
        assert not panel.session.busy


async def test_the_prompt_offers_the_keys_that_work_there(
    runs: Path, fake: Any, shows: Any, hides: Any, notes: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(110, 24)) as pilot:
        await shows(app, "f2 settings")
        await shows(app, "^s save")
        await pilot.press("ctrl+s")
        assert any("nothing to save" in note for note in notes(app))
        panel = panel_of(app)
        panel.view.focus()
        await shows(app, "space stop, go")
        await shows(app, " s save")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 35)])
async def test_the_footer_begins_with_what_a_newcomer_needs(
    runs: Path, fake: Any, shows: Any, hides: Any, text_of: Any, settled: Any, written: Any, width: int, height: int
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(width, height)) as pilot:
        panel = await written(pilot)
        line = text_of(app).splitlines()[-1]
        assert line.startswith(" ←→ alternatives  esc back  d settings  space stop, go  n anew ")
        await pilot.press("left")
        await shows(app, "←→ alternatives  esc back  d settings  1…0 choose ")
        await settled(pilot)
        before = panel.view.buffer.text
        await pilot.press("3")
        await settled(pilot)
        assert panel.view.buffer.text != before
        await hides(app, "1…0 choose")
        await pilot.press("p", "f2")
        assert panel.query_one(SettingsPanel).has_focus


async def test_a_legend_names_the_tints(runs: Path, fake: Any, shows: Any, hides: Any, settled: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(app, "tint: model's probability")
        await shows(app, "■90% ■50 ■20 ■5 ■1 ■<1")
        panel = panel_of(app)
        panel.view.focus()
        panel.set_class(True, "-looking")  # then the alternatives need the room
        await hides(app, "tint:")
        await pilot.resize_terminal(120, 35)
        await shows(app, "tint: model's probability")
        await pilot.resize_terminal(40, 30)
        await shows(app, "model: ■90% ■50 ■20 ■5 ■1 ■<1")
        legend = panel.query_one(Legend).render()
        colours = [span.style for span in legend.spans if "heat" in str(span.style)]
        assert colours == ["$heat-0", "$heat-1", "$heat-2", "$heat-3", "$heat-4", "bold $heat-5"]


async def test_help_begins_with_the_keys(runs: Path, fake: Any, shows: Any, text_of: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(120, 60)) as pilot:
        await written(pilot)
        await pilot.press("question_mark")
        await shows(app, "Enter lets the model")
        await shows(app, "Another model is surprised")
        seen = text_of(app)
        order = [
            seen.index(text) for text in ("←, → ", "d, f2 ", "^q, ", "Enter lets the model go on", "Another model")
        ]
        assert order == sorted(order)


async def test_a_message_leaves_the_status_line_to_be_read(runs: Path, fake: Any, shows: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        panel = await written(pilot)
        await pilot.press("u")
        await shows(app, "There is no branching to undo.")
        status, (toast,) = panel.query_one("#status").region, app.screen.query("Toast")
        assert toast.region.bottom <= status.y


async def test_a_setting_changed_while_writing_goes_on_with_the_new_value(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test() as pilot:
        panel = panel_of(app)

        def halting(settings: Mapping[str, Any]) -> Iterator[Any]:
            for number, part in enumerate(letters(settings)):
                if number == 3 and settings["temperature"] == 0.8:
                    service.gate.clear()
                yield part

        service.replies["generate"] = halting
        await pilot.press("enter")
        while len(panel.view.buffer.text) < 30:
            await pilot.pause(0.02)
        await pilot.press("d", "right", "right")
        while service.asked[-1][1].get("temperature") != 0.9:
            await pilot.pause(0.02)
        service.gate.set()
        await settled(pilot)
        asked = [settings for do, settings in service.asked if do == "generate"]
        assert (asked[0]["temperature"], asked[-1]["temperature"]) == (0.8, 0.9)
        assert len(panel.view.buffer.text) == 500
        changed = next(settings for settings in asked if settings["temperature"] == 0.9)  # two slow keys ask twice
        assert (len(changed["prompt"]), changed["length"]) == (30, 470)
        assert panel.session.turns[0][-1]["temperature"] == 0.9


async def test_alternatives_branch_and_undo(
    runs: Path, fake: Any, shows: Any, settled: Any, written: Any, notes: Any
) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test() as pilot:
        panel = await written(pilot)
        view, whole = panel.view, panel.view.buffer.text
        await pilot.press("left", "left", "left")
        await settled(pilot)
        begin, _ = view.buffer.span(497)
        assert service.asked[-2] == ("next", {"text": whole[:begin], "most": 20})
        assert service.asked[-1][1]["temperature"] == 0.8
        await shows(app, "60.7%")
        await pilot.press("4")
        await settled(pilot)
        assert view.buffer.text.startswith(whole[:begin] + "a")
        assert len(view.buffer.text) == begin + 1 + 500
        assert service.asked[-1][1]["prompt"] == whole[:begin] + "a"
        await pilot.press("u")
        await settled(pilot)
        assert view.buffer.text == whole
        assert view.cursor == 497
        await pilot.press("u")
        assert any("no branching" in note for note in notes(app))
        await pilot.press("end")
        assert view.cursor is None


async def test_the_alternatives_can_be_chosen_with_arrows_and_mouse(
    runs: Path, fake: Any, settled: Any, written: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = await written(pilot)
        await pilot.press("home")
        await settled(pilot)
        panel.query_one(Alternatives).focus()
        await pilot.press("down", "up", "down", "enter")
        await settled(pilot)
        assert panel.view.buffer.text[len("The harbour")] == "\n"
        await pilot.click(panel.view, offset=(6, 2))
        assert panel.view.cursor is not None
        await settled(pilot)
        await pilot.click(Alternatives, offset=(3, 0))
        await settled(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert panel.view.buffer.text[len("The harbour")] == "\n"  # only the last choice is taken back


async def test_what_is_drawn_and_what_had_influence(
    runs: Path, fake: Any, shows: Any, settled: Any, written: Any, text_of: Any, golden: Any
) -> None:
    tokens = [["e", -0.5, 0.75], [" ", -1.4, 0.25], ["a", -3.0, 0.0]]
    replies = {
        "shares": lambda _: [{"tokens": tokens, "entropy": [2.5, 0.81]}],
        "influence": lambda settings: [[[1, 0.01], [1, -0.5], [1, 1.0]]],
    }
    app = opened(fake, runs, **replies)
    async with app.run_test(size=(120, 35)) as pilot:
        panel_of(app).settings["seed"] = 7
        panel = await written(pilot)
        await pilot.press("home", "right", "right", "right")
        await settled(pilot)
        await shows(app, "2.50 → 0.81 bits")
        await shows(app, "60.7%  75.0%")
        await shows(app, " 10.0%      - ")  # in the column of the model
        assert "surprise " in text_of(app)
        await pilot.press("i")
        await settled(pilot)
        await shows(app, "influence on the token")
        asked = app.service.asked[-1]  # type: ignore[attr-defined]
        assert asked == ("influence", {"text": "The harbour" + TEXT[:3], "token": TEXT[3]})
        assert panel.view._influences == [(12, 13, "against-3"), (13, 14, "for-4")]
        app.service.gate.clear()  # type: ignore[attr-defined]
        await pilot.press("left")
        assert panel.view._influences == []  # at once
        app.service.gate.set()  # type: ignore[attr-defined]
        await settled(pilot)
        assert [end for _, end, _ in panel.view._influences] == [12, 13]
        await golden(app, "lm-influence")
        await pilot.press("i")
        await settled(pilot)
        assert panel.view._influences == []
        await shows(app, "tint: model's probability")


async def test_moving_by_lines_and_pages(runs: Path, fake: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = await written(pilot)
        view = panel.view
        await pilot.press("home")
        assert (view.cursor, view.scroll_offset.y) == (0, 0)
        await pilot.press("down")
        second = view.cursor
        assert second is not None
        assert view._wrap.line_at(view.buffer.span(second)[0]) == 1
        await pilot.press("up", "pagedown", "pageup", "right", "left")
        assert view.cursor is not None
        assert view._wrap.line_at(view.buffer.span(view.cursor)[0]) == 0


async def test_settings(runs: Path, fake: Any, notes: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = panel_of(app)
        panel.query_one(SettingsPanel).focus()
        await pilot.press("left", "down", "right", "right")
        assert (panel.settings["temperature"], panel.settings["top_k"]) == (0.75, 2)
        await pilot.press("delete", "down", "0", ".", "9", "7", "enter")
        assert (panel.settings["top_k"], panel.settings["top_p"]) == (None, 0.97)
        await pilot.press("down", "down", "down", "4", "2", "7", "backspace", "down")
        assert panel.settings["seed"] == 42
        await pilot.press("1", ".", "5", "enter")
        assert panel.settings["length"] == 500
        assert any("no whole number" in note for note in notes(app))
        await pilot.click(SettingsPanel, offset=(25, 0))
        assert panel.settings["temperature"] == 0.8
        await pilot.press("up", "right", "right")
        assert panel.settings["samples"] == 3
        await pilot.pause()
        assert len(panel.views) == 3
        await pilot.press("left")
        await pilot.pause()
        assert len(panel.views) == 2


async def test_resizing_while_text_streams(runs: Path, fake: Any, shows: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test() as pilot:
        panel = panel_of(app)
        service.pause = 0.001
        await pilot.press("enter")
        for width, height in [(40, 12), (200, 60), (20, 5), (81, 24)]:
            await pilot.resize_terminal(width, height)
            await pilot.pause(0.02)
        service.pause = 0
        await settled(pilot)
        assert len(panel.view.buffer.text) == 500
        await shows(app, "asked at last")


async def test_fifty_quick_keys_while_text_streams(runs: Path, fake: Any, settled: Any) -> None:
    app = opened(fake, runs)
    service: Any = app.service
    async with app.run_test() as pilot:
        panel = panel_of(app)
        service.pause = 0.005
        await pilot.press("enter")
        keys = ["space", "left", "up", "3", "u", "n", "right", "tab", "down", "end"]
        await pilot.press(*keys * 5)
        service.pause = 0
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert service.open == 0
        assert app.is_running
        assert not panel.session.busy or app.screen.query(LmPanel)


async def test_saving(runs: Path, fake: Any, written: Any, notes: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        await pilot.press("tab", "tab", "s")
        assert any("nothing to save" in note for note in notes(app))
        panel = panel_of(app)
        panel.settings["seed"] = 7
        await written(pilot, "Once")
        await pilot.press("s", "s")
        assert Path("samples/char_lstm-2.txt").exists()
        text = Path("samples/char_lstm-1.txt").read_text()
        saved = json.loads(Path("samples/char_lstm-1.json").read_text())
        assert text == panel.view.buffer.text + "\n"
        assert (saved["prompt"], saved["settings"]["temperature"]) == ("Once", 0.8)
        assert saved["samples"][0]["turns"][0]["seed"] == 7
        assert "".join(token["text"] for token in saved["samples"][0]["last_tokens"]) == text[4:-1]
        Path("samples/char_lstm-1.json").parent.rename("elsewhere")
        Path("samples").write_text("in the way")
        await pilot.press("s")
        assert any("saving the sample" in note for note in notes(app))


async def test_copying(runs: Path, fake: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = await written(pilot)
        await pilot.press("ctrl+c")
        assert app.clipboard == panel.view.buffer.text


async def test_an_error_is_told_and_ends_the_text(runs: Path, fake: Any, written: Any, notes: Any) -> None:
    def failing(settings: Mapping[str, Any]) -> Iterator[Any]:
        yield next(letters(settings))
        yield ServiceError("UsageError", "temperature 0 always takes the likeliest token, which top_k can't change")

    app = opened(fake, runs, generate=failing)
    async with app.run_test() as pilot:
        panel = await written(pilot)
        assert not panel.session.busy
        assert any("which top_k can't change" in note for note in notes(app))


async def test_a_dead_worker_is_told_and_the_text_kept(
    runs: Path, fake: Any, settled: Any, written: Any, notes: Any
) -> None:
    app = opened(fake, runs)
    service: Any = app.service

    def dying(settings: Mapping[str, Any]) -> Iterator[Any]:
        yield next(letters(settings))
        service.exit_reason = "It was killed; perhaps there was not enough memory."
        service.set_state(ServiceState.DEAD)
        yield ServiceDied(service.exit_reason)

    service.replies["generate"] = dying
    async with app.run_test() as pilot:
        panel = await written(pilot)
        assert len(panel.view.buffer.text) == len("The harbour") + 10
        assert any("not enough memory" in note for note in notes(app))
        service.replies["generate"] = letters
        await pilot.press("space")
        await settled(pilot)
        assert len(panel.view.buffer.text) == len("The harbour") + 510


async def test_escape_goes_step_by_step(runs: Path, fake: Any, settled: Any, written: Any) -> None:
    app = opened(fake, runs)
    async with app.run_test() as pilot:
        panel = await written(pilot)
        await pilot.press("left")
        await settled(pilot)
        await pilot.press("escape")
        assert (panel_of(app), panel.view.cursor) == (panel, None)
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_what_a_prompt_has_that_the_model_does_not_know(runs: Path, fake: Any, settled: Any, notes: Any) -> None:
    app = opened(fake, runs, generate=lambda settings: [], unknown=lambda settings: [["ß", "\t"]])
    async with app.run_test() as pilot:
        await pilot.press("n", "o", "enter")
        await settled(pilot)
        assert notes(app) == ["ß '\\t': it takes them for one and the same sign."]
        await pilot.press("n")  # once is enough
        await settled(pilot)
        assert len([do for do, _ in app.service.asked if do == "unknown"]) == 1  # type: ignore[attr-defined]


async def test_a_text_that_steering_has_ended_is_not_one_that_was_stopped(
    runs: Path, fake: Any, shows: Any, hides: Any, written: Any
) -> None:
    def sentence(settings: Mapping[str, Any]) -> Iterator[Any]:
        yield {"sample": 0, "text": " sat.", "lengths": [1] * 5, "logprobs": [-1.0] * 5}

    def broken(settings: Mapping[str, Any]) -> Iterator[Any]:
        yield from sentence(settings)
        raise ServiceError("UsageError", "no such pattern")

    app = opened(fake, runs, generate=sentence)
    service: Any = app.service
    async with app.run_test() as pilot:
        await written(pilot, "The cat")
        await shows(app, "ended  ·  5 tokens")
        service.replies["generate"] = broken
        await written(pilot, "A dog")
        await shows(app, "stopped  ·  5 tokens")


async def test_what_else_could_stand_there_is_told_of_a_token_alone(
    runs: Path, fake: Any, shows: Any, hides: Any, settled: Any, written: Any
) -> None:
    shares = {"tokens": [["e", -0.5, 0.9]], "entropy": [3.25, 1.5]}
    app = opened(fake, runs, shares=lambda settings: [shares])
    async with app.run_test(size=(100, 30)) as pilot:
        await written(pilot)
        await pilot.press("left")
        await settled(pilot)
        await shows(app, "3.25 → 1.50 bits")
        await pilot.press("escape")
        await settled(pilot)
        await hides(app, "3.25")


async def test_settings_are_seen_while_they_are_turned_on_a_narrow_terminal(
    runs: Path, fake: Any, settled: Any, written: Any
) -> None:
    app = opened(fake, runs)
    async with app.run_test(size=(40, 20)) as pilot:
        panel = await written(pilot)
        await pilot.press("left")
        await settled(pilot)
        for key, shown in (("", 2), ("d", 0), ("o", 1), ("d", 0), ("escape", 2)):
            await pilot.press(*[key] * bool(key))
            await settled(pilot)
            heights = [panel.query_one(name).region.height for name in ("#settings", "#steering", "Alternatives")]
            assert [number for number, height in enumerate(heights) if height] == [shown], key


async def test_the_legend_of_influence_is_seen_at_24_lines(
    runs: Path, fake: Any, settled: Any, shows: Any, hides: Any, written: Any
) -> None:
    app = opened(fake, runs, influence=lambda settings: [[[1, 1.0]]])
    async with app.run_test(size=(80, 24)) as pilot:
        await written(pilot)
        await pilot.press("left", "i")
        await settled(pilot)
        await shows(app, "influence on the token")
        await pilot.press("i")
        await settled(pilot)
        await hides(app, "influence on the token")
