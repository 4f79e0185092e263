"""Sweeps and presets: what may be written, and how faults are told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError, UsageError
from seqnlp.generation.presets import SHIPPED, preset, presets, save_preset
from seqnlp.generation.settings import check_settings, parse_bias
from seqnlp.generation.sweep import Sweep, cells_of, markdown, title_of


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("temperature=0.4:1.2:5", "temperature", (0.4, 0.6, 0.8, 1.0, 1.2)),
        ("temperature 0.4 .. 1.2", "temperature", (0.4, 0.6, 0.8, 1.0, 1.2)),
        ("temperature 0.4..1.2 3", "temperature", (0.4, 0.8, 1.2)),
        ("temperature=1:0:2", "temperature", (1.0, 0.0)),
        ("top-k=off, 5,1", "top_k", (None, 5, 1)),
        ("top_k=1:10:4", "top_k", (1, 4, 7, 10)),
        ("seed=1,2,2", "seed", (1, 2)),
        ("run=runs/a, runs/b", "run", ("runs/a", "runs/b")),
    ],
)
def test_sweeps(text: str, name: str, values: tuple[object, ...]) -> None:
    assert Sweep.parse(text) == Sweep(name, values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a setting and its values"),
        ("temperature", "expected a setting and its values"),
        ("temprature=1,2", "temprature can't be swept; did you mean 'temperature'"),
        ("temperature=1", "two values or more that differ"),
        ("temperature=1,1", "two values or more that differ"),
        ("temperature=1,x", "temperature x: expected a number from 0.0 to 100.0"),
        ("temperature=off,1", "temperature off: expected"),
        ("top_k=0.5,1", "top_k 0.5: expected a whole number from 1"),
        ("top_k=0,1", "top_k 0: expected a whole number from 1"),
        ("temperature=0:1:1", "expected a number of values from 2 to 100, found 1"),
        ("temperature=0:1:x", "expected a number of values from 2 to 100, found x"),
        ("temperature=0:1:1000000000", "expected a number of values from 2 to 100, found 1000000000"),
        ("run=a,", "expected runs"),
        ("temperature=nan,1", "temperature nan: expected"),
    ],
)
def test_faults_of_sweeps(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message.replace(".", r"\.")):
        Sweep.parse(text)


def test_two_sweeps_are_combined() -> None:
    cells = cells_of([Sweep.parse("seed=1,2"), Sweep.parse("top_k=off,5")], 9)
    assert [title_of(cell) for cell in cells] == [
        "seed 1, top_k off",
        "seed 1, top_k 5",
        "seed 2, top_k off",
        "seed 2, top_k 5",
    ]
    with pytest.raises(UsageError, match="4 cells; expected 3 or less"):
        cells_of([Sweep.parse("seed=1,2"), Sweep.parse("top_k=off,5")], 3)
    with pytest.raises(UsageError, match="seed is swept twice"):
        cells_of([Sweep.parse("seed=1,2"), Sweep.parse("seed=3,4")], 9)


@given(texts=st.lists(st.text("a|\\\n*` _", max_size=8), min_size=2, max_size=4))
def test_each_text_is_one_cell_of_the_table(texts: list[str]) -> None:
    cells = [{"seed": number} for number in range(len(texts))]
    lines = markdown("", cells, texts).splitlines()
    assert len(lines) == len(texts) + 2
    for line, text in zip(lines[2:], texts, strict=True):
        bars = [place for place, sign in enumerate(line) if sign == "|" and not escaped(line, place)]
        assert len(bars) == 3
        assert line.count("<br>") == text.strip("\n").count("\n")


def escaped(line: str, place: int) -> bool:
    before = line[:place]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def test_presets_of_the_user_are_read_and_take_the_place_of_shipped_ones(tmp_path: Path) -> None:
    file = tmp_path / "presets.toml"
    assert presets(file) == {name: dict(settings) for name, settings in SHIPPED.items()}
    file.write_text(
        '[bold]\ntemperature = 2\n\n[mine]\nstop = ["\\n"]\nbias = { e = -2, " the" = 1.5 }\npattern = "a+"\n'
    )
    assert preset("bold", file) == {"temperature": 2}
    assert preset("mine", file) == {"stop": ["\n"], "bias": {"e": -2, " the": 1.5}, "pattern": "a+"}
    with pytest.raises(UsageError, match="preset mime: there is no such preset; did you mean 'mine'"):
        preset("mime", file)


@given(
    stop=st.lists(st.text('a"\\\\\n\x7f\x01é', min_size=1, max_size=4), max_size=3),
    temperature=st.floats(0, 2),
    pattern=st.text("a\\\\\"'", max_size=4),
)
def test_a_saved_preset_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, stop: list[str], temperature: float, pattern: str
) -> None:
    file = tmp_path_factory.mktemp("config") / "deep/presets.toml"
    first = {"temperature": temperature, "stop": stop, "pattern": pattern, "bias": {' "e\\\\': -1.5}, "top_k": None}
    save_preset("first", first, file)
    save_preset("second", {"seed": 3}, file)
    assert preset("first", file) == {name: value for name, value in first.items() if value not in (None, [], "")}
    assert preset("second", file) == {"seed": 3}


def test_a_preset_needs_a_new_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="preset bold: there is one already"):
        save_preset("bold", {}, tmp_path / "presets.toml")
    with pytest.raises(UsageError, match="expected letters, digits"):
        save_preset("a b", {}, tmp_path / "presets.toml")


def test_shipped_presets_are_right() -> None:
    for settings in SHIPPED.values():
        assert check_settings(settings) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\ntemperature = 1\ntopk = 5\n", r":3: \[a\] topk: there is no such setting; did you mean 'top_k'"),
        ("[a]\n[b]\ntop_k = 0\n", r":3: \[b\] top_k 0: expected a whole number from 1"),
        ('[a]\ntemperature = "hot"\n', r":2: \[a\] temperature 'hot': expected a number from 0"),
        ("[a]\ntop_k = true\n", r"top_k True: expected"),
        ("[a]\ntop_k = 1.5\n", r"top_k 1.5: expected a whole number"),
        ('[a]\nstop = "x"\n', r"stop 'x': expected a list of strings"),
        ('[a]\nban = [""]\n', r"expected a list of strings"),
        ("[a]\nbias = 3\n", r"bias 3: expected a table of tokens"),
        ("[a]\nbias = { e = 1000 }\n", r"bias of 'e' 1,000: expected a number from -100"),
        ('[a]\npattern = ""\n', r"pattern '': expected a regular expression"),
        ("seed = 1\n", r":1: seed: expected a table of settings"),
        ("[a\n", r"presets.toml: this is no TOML"),
        ("a = " + "[" * 10_000, r"presets.toml: tables or arrays are nested too deeply"),
        ("[a]\nseed = " + "9" * 5_000, r"presets.toml: this is no TOML"),
    ],
)
def test_faults_of_presets_name_their_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "presets.toml"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        presets(file)


def test_a_bias_is_a_token_and_a_number() -> None:
    assert parse_bias("e=-2.5") == ("e", -2.5)
    assert parse_bias("==1") == ("=", 1.0)
    for text in ("e", "=1", "e=x", "e=1000"):
        with pytest.raises(UsageError, match="bias"):
            parse_bias(text)
