"""Pictures in files: the ending decides."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seqnlp.cli.app import app
from seqnlp.errors import DataError, UsageError
from seqnlp.plots.images import MAX_PIXELS, check_image, write_images
from seqnlp.plots.svg import svg_document, text

BLUE = '<rect x="50" y="10" width="30" height="20" fill="rgb(0,0,255)"/>'
COMMANDS = [
    ["errors", "no/run"],
    ["translate", "no/run"],
    ["forecast", "no/run", "x.csv"],
    ["probe", "no/run"],
    ["runs", "plot", "no/run"],
]


@pytest.fixture
def png(tmp_path: Path) -> Path:
    """A file to draw into."""
    pytest.importorskip("resvg_py", reason="the extra `png` is not installed")
    try:
        check_image(tmp_path / "x.png")
    except UsageError as error:
        pytest.skip(str(error))
    return tmp_path / "x.png"


def test_a_png_is_the_same_picture(png: Path, colours_in: Callable[[bytes], dict[tuple[int, ...], int]]) -> None:
    write_images([png], svg_document("t", 100, 40, BLUE))
    drawn = png.read_bytes()
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    assert [int.from_bytes(drawn[place : place + 4], "big") for place in (16, 20)] == [200, 80]
    assert colours_in(drawn) == {(0, 0, 255): 60 * 40, (255, 255, 255): 200 * 80 - 60 * 40}


def test_text_can_be_seen(png: Path, colours_in: Callable[[bytes], dict[tuple[int, ...], int]]) -> None:
    write_images([png], svg_document("t", 100, 40, text(50, 25, "MMMM", "middle")))
    colours = colours_in(png.read_bytes())
    assert colours[0, 0, 0] > 100
    assert colours[255, 255, 255] > 100 * 80


def test_png_without_a_font_is_refused(png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resvg_py

    draw = resvg_py.svg_to_bytes

    def without_fonts(svg_string: str, **settings: object) -> bytes:
        return draw(svg_string=svg_string, skip_system_fonts=True)

    monkeypatch.setattr(resvg_py, "svg_to_bytes", without_fonts)
    with pytest.raises(UsageError, match="no font to write text with is installed"):
        check_image(png)


def test_large_pictures_are_not_drawn_twice_as_large(png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PIXELS == 10_000 * 10_000
    monkeypatch.setattr("seqnlp.plots.images.MAX_PIXELS", 1000 * 1000)
    write_images([png], svg_document("t", 1000, 500, ""))
    assert int.from_bytes(png.read_bytes()[20:24], "big") == 500
    with pytest.raises(DataError, match=r"x\.png: 1,001 x 1,000 pixels are too many"):
        write_images([png], svg_document("t", 1001, 1000, ""))


@pytest.mark.parametrize("command", COMMANDS)
def test_without_the_extra_a_png_is_refused_before_anything_is_done(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    error = CliRunner().invoke(app, [*command, "--png", "x.png"]).exception
    assert isinstance(error, UsageError)
    assert str(error) == 'x.png: a .png needs resvg-py: pip install "seqnlp[png]"'


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", ["x.pdf", "x", ".png"])
def test_other_endings_are_refused_before_anything_is_done(command: list[str], name: str) -> None:
    error = CliRunner().invoke(app, [*command, "--svg", name]).exception
    assert isinstance(error, UsageError)
    assert str(error) == f"{name}: expected a file that ends in .svg or .png"


@pytest.mark.parametrize("command", COMMANDS)
def test_all_files_are_checked_before_anything_is_done(command: list[str]) -> None:
    error = CliRunner().invoke(app, [*command, "--png", "x.pdf", "--svg", "y.svg"]).exception
    assert isinstance(error, UsageError)
    assert str(error) == "x.pdf: expected a file that ends in .svg or .png"


@pytest.mark.parametrize(("name", "problem"), [("no/x.svg", "there is no folder"), ("d.svg", "this is a folder")])
def test_check_picture_refuses_folders_and_missing_ones(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "d.svg").mkdir()
    with pytest.raises(DataError, match=problem):
        check_image(tmp_path / name)


def test_an_svg_needs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    file = tmp_path / "x.SVG"
    check_image(file)
    drawn = svg_document("ß", 10, 10, "")
    write_images([file], drawn)
    assert file.read_text(encoding="utf-8") == drawn
    with pytest.raises(DataError, match="No such file"):
        write_images([tmp_path / "no" / "x.svg"], drawn)
