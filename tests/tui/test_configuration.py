"""The configuration file: every fault with its place, other keys, themes of one's own, and what a start finds again."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from textual.widgets import Input
from typer.testing import CliRunner

from seqnlp.cli.app import app as program
from seqnlp.errors import ConfigurationError
from seqnlp.tui.app import SeqnlpApp
from seqnlp.tui.configuration.key_names import key_of, known_keys
from seqnlp.tui.configuration.load import Configuration, parse_configuration, read_configuration
from seqnlp.tui.configuration.options import BadValue
from seqnlp.tui.configuration.remembered import Remembered
from seqnlp.tui.configuration.texts import in_effect, schema, template
from seqnlp.tui.screens.home import HomeScreen
from seqnlp.tui.screens.run import RunScreen
from seqnlp.tui.screens.watch import WatchScreen
from seqnlp.tui.widgets.run_list import RunList

CASES = {
    'theme = "papr"': ("1:1", "theme", 'did you mean "paper"?'),
    "\ncolour = 3": ("2:1", "colour", "there are theme, restore, home"),
    "[homee]": ("1:2", "homee", "did you mean 'home'?"),
    "home = 3": ("1:1", "home", "[home]"),
    '[restore]\nscreen = "True"': ("2:1", "restore.screen", "write true"),
    "temperature = 1": ("1:1", "temperature", "did you mean 'generate.temperature'?"),
    "[generate]\ntemprature = 1": ("2:1", "generate.temprature", "did you mean 'temperature'?"),
    "[generate]\ntop_k = true": ("2:1", "generate.top_k", "expected an integer from 1 to 1,000,000, found true"),
    "[generate]\ntop_p = 2": ("2:1", "generate.top_p", "nearest is 1.0"),
    "[generate]\ntop_p = nan": ("2:1", "generate.top_p", "found nan"),
    f"[generate]\nseed = {'9' * 400}": ("2:1", "generate.seed", "nearest is 9,223,372,036,854,775,807"),
    '[keys]\n"home.mark" = "ctrl+o"\nhome.mark = "ctrl+y"': ("3:6", "keys.home.mark", "home.mark is given twice"),
    '[generate]\nseed = "7"': ("2:1", "generate.seed", "write 7, without quotes"),
    '[home]\nsort = "scores"': ("2:1", "home.sort", 'did you mean "score"?'),
    '[keys]\nhome.mark = "ctrl+n"': ("2:6", "keys.home.mark", "is the key of home.train, too"),
    '[keys]\nhome.curves = "f1"': ("2:6", "keys.home.curves", "is the key of app.help, too"),
    '[keys]\nclassify.numbers = "f7"\ntag.scores = "f33"': ("3:5", "keys.tag.scores", 'did you mean "f3"?'),
    '[keys]\n"tag.colum" = "f4"': ("2:1", 'keys."tag.colum"', "did you mean 'tag.column'?"),
    '[keys]\nforecast.interval = ["f9", "l"]': ("2:10", "keys.forecast.interval", "forecast.level, too (level)"),
    '[keys]\nhome.mark = "x"': ("2:6", "keys.home.mark", "is text there"),
    '[keys]\napp.help = "ctrl+i"': ("2:5", "keys.app.help", 'terminals send "tab"'),
    '[keys]\napp.help = "crtl+o"': ("2:5", "keys.app.help", 'did you mean "ctrl"?'),
    "[keys]\napp.help = []": ("2:5", "keys.app.help", "expected a key"),
    "[themes.night]": ("1:9", "themes.night", "is a theme that ships"),
    '[themes.a]\naccent = "e3b778"': ("2:1", "themes.a.accent", 'write "#e3b778"'),
    '[themes.a]\nheat = ["#fff"]': ("2:1", "themes.a.heat", "6 colours, found 1"),
    "[themes]\na = 1": ("2:1", "themes.a", "[themes.a]"),
    "theme = night": ("1:9", "", "a string needs quotes"),
}
"""Text -> place, key, and words of the problem or the hint."""


@pytest.mark.parametrize("text", list(CASES))
def test_a_fault_names_its_place_and_what_is_right(text: str) -> None:
    place, key, words = CASES[text]
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(text, "config.toml")
    (fault,) = caught.value.faults
    assert (fault.place, fault.key) == (f"config.toml:{place}", key)
    assert words in f"{fault.problem} ({fault.hint})"


def test_all_faults_are_told_in_the_order_of_the_file() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration('b = 1\n[generate]\nseed = -1\n[keys]\napp.nothing = "f5"\n[restore]\nsort = 0\n')
    assert [fault.key for fault in caught.value.faults] == ["b", "generate.seed", "keys.app.nothing", "restore.sort"]


def test_two_keys_may_be_swapped() -> None:
    found = parse_configuration('[keys]\nwatch.score = "e"\nwatch.example = "m"\nwatch.stop = "!"\n')
    assert found.keys == {"watch.score": ("e",), "watch.example": ("m",), "watch.stop": ("exclamation_mark",)}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("?", "question_mark"),
        ("+", "plus"),
        ("ctrl++", "ctrl+plus"),
        ("Ctrl+O", "ctrl+o"),
        ("alt+shift+F5", "shift+alt+f5"),
    ],
)
def test_keys_have_the_names_that_terminals_send(text: str, key: str) -> None:
    assert key_of(text) == key


@pytest.mark.parametrize("text", ["", "ctrl+", "hyper+x", "ctrl+nothing", "\n", "ctrl+["])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        key_of(text)


def test_template_and_schema_agree_with_the_check() -> None:
    found = schema(known_keys())
    jsonschema.Draft202012Validator.check_schema(found)
    validator = jsonschema.Draft202012Validator(found)
    on = "\n".join(line.removeprefix("#") for line in template().splitlines() if not line.startswith("# "))
    assert tomllib.loads(template()).keys() <= {"restore", "home", "tag", "classify", "forecast", "generate", "keys"}
    validator.validate(tomllib.loads(on))
    parsed = parse_configuration(f'{on}\n[themes."a b"]\nbase = "paper"\n')
    assert parsed.themes["dusk"]["accent"] == "#e8a0bf"
    again = parse_configuration(in_effect(parsed))
    assert (again.values, again.themes) == (parsed.values, parsed.themes)
    for text in CASES:
        if "heat" in text or "_k = true" in text or "colour" in text:
            assert not validator.is_valid(tomllib.loads(text))


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.delenv("VISUAL", raising=False)
    run = CliRunner()
    file = tmp_path / "seqnlp" / "config.toml"
    assert run.invoke(program, ["config", "path"]).output.strip() == str(file)
    assert "all are defaults" in run.invoke(program, ["config", "check"]).output
    assert run.invoke(program, ["config", "edit"]).output == f"{file}: ok\n"
    monkeypatch.setenv("EDITOR", "  ")
    assert "names an editor" in str(run.invoke(program, ["config", "edit"]).exception)
    file.write_text('theme = "paper"\n')
    assert 'theme = "paper"  # line 1' in run.invoke(program, ["config", "show"]).output
    assert "home.mark" in run.invoke(program, ["config", "keys"]).output
    assert read_configuration().value("", "theme") == "paper"
    file.write_text("theme = 1\n")
    assert isinstance(run.invoke(program, ["config", "check"]).exception, ConfigurationError)


def test_state_survives_and_a_damaged_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "tui.json"
    first, other = (Remembered.read(tmp_path / name, file) for name in ("runs", "others"))
    first.keep(theme="paper", sort="-score")
    other.keep_screen("run", str(tmp_path / "others" / "a"))
    other.keep_screen("run", str(tmp_path / "elsewhere" / "a"))
    again = Remembered.read(tmp_path / "runs", file)
    assert (again.theme, again.sort, again.screen) == ("paper", "-score", ())
    assert Remembered.read(tmp_path / "others", file).screen == ("run", "a")
    newer = json.loads(file.read_text()) | {"version": 99}
    file.write_text(json.dumps(newer))
    Remembered.read(tmp_path / "runs", file).keep(theme="night")
    assert json.loads(file.read_text()) == newer
    for damage in ("{", '{"version": 1, "folders": []}', '{"version": 1, "folders": {"x": 3}}'):
        file.write_text(damage)
        found = Remembered.read(tmp_path / "runs", file)
        assert (found.theme, len(found.notes)) == ("", 1)


@pytest.mark.anyio
async def test_other_keys_and_a_theme_of_ones_own(runs: Path, fake: Any, shows: Any, hides: Any, settled: Any) -> None:
    text = 'theme = "dusk"\n[keys]\nhome.mark = "ctrl+o"\nhome.compare = "f6"\n[themes.dusk]\naccent = "#e8a0bf"\n'
    app = SeqnlpApp(runs, fake({}), configuration=parse_configuration(text))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert app.current_theme.variables["footer-key-foreground"] == "#e8a0bf"  # it is the accent of the base
        await shows(app, "^o mark")
        await pilot.press("ctrl+o", "down", "tab", "ctrl+o")
        assert len(app.screen.query_one(RunList).marked) == 2
        await shows(app, "f6 compare")
        await pilot.press("c")
        assert app.screen.query_one("#filter", Input).value == "c"  # a letter as any other now
        await pilot.resize_terminal(80, 60)
        await pilot.press("question_mark")
        await shows(app, "Some keys are your own here")
        await pilot.press("escape", "ctrl+t")
        assert app.theme == "paper"
        await pilot.press("ctrl+t")
        assert app.theme == "dusk"


@pytest.mark.anyio
async def test_theme_and_last_screen_come_back(runs: Path, fake: Any, settled: Any, tmp_path: Path) -> None:
    file = tmp_path / "tui.json"

    def started(configuration: Configuration | None = None) -> SeqnlpApp:
        replies = {"load": lambda _: [{"task": "tag"}]}
        return SeqnlpApp(runs, fake(replies), None, configuration, Remembered.read(runs, file))

    app = started()
    async with app.run_test() as pilot:
        await settled(pilot)
        assert not file.exists()  # nothing was chosen
        await pilot.press("ctrl+t", "down", "enter")
        await settled(pilot)
        assert isinstance(app.screen, RunScreen)
    app = started()
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.theme == "paper"
        assert isinstance(app.screen, RunScreen)
        assert app.screen.heading == "pos_gru"
        await pilot.press("escape", "ctrl+g")
        await settled(pilot)
    off = parse_configuration('theme = "night"\n[restore]\nscreen = false\n')
    app = started(off)
    async with app.run_test() as pilot:
        await settled(pilot)
        assert app.theme == "night"
        assert isinstance(app.screen, HomeScreen)
    Remembered.read(runs, file).keep_screen("watch", str(runs / "pos_gru"))
    app = started()
    async with app.run_test() as pilot:
        await settled(pilot)
        assert isinstance(app.screen, WatchScreen)
    Remembered.read(runs, file).keep_screen("run", str(runs / "gone"))
    app = started()
    async with app.run_test() as pilot:
        await settled(pilot)
        assert isinstance(app.screen, HomeScreen)
