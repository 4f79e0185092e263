from pathlib import Path

import pytest

from seqnlp.errors import DataError, RecipeError
from seqnlp.recipe.source import read_document, read_text


def problem(text: str) -> str:
    with pytest.raises(RecipeError) as caught:
        read_document(text, Path("r.toml"))
    (fault,) = caught.value.faults
    return str(fault)


BACKSLASH = r"(write \\, or use single quotes: 'C:\data')"
QUOTES = '(a string needs quotes: "text")'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", "1:2: expected = after the key, found the end of the file (key = value)"),
        ("a: 3", "1:2: expected = after the key, found : 3 (key = value)"),
        ("x = 1\na = gru # cell", f"2:5: expected a value, found gru {QUOTES}"),
        ("a = \nb = 1", f"1:5: expected a value, found the end of the line {QUOTES}"),
        ("a = True", "1:5: expected a value, found True (write true)"),
        ("a = null", "1:5: expected a value, found null (leave the key out)"),
        ('a = "x\nb = 1', "1:7: a string is not closed"),
        ("a = 'x", "1:7: a string is not closed"),
        ('a = """x\ny', "2:2: a string is not closed"),
        ("a = [1 2]", "1:8: expected , or ] in an array, found 2]"),
        ("a = [1,\n2\nb = 3", "3:1: expected , or ] in an array, found b = 3"),
        ("a = {b = 1", "1:11: expected , or } in a table, found the end of the file"),
        ("[a\nb = 1", "1:3: expected ] after the name of the section, found the end of the line ([section])"),
        ("[a]\r\n[b]\r\n[a]\r\n", "3:1: the section [a] is declared twice (put its keys into one section)"),
        ("a = 1\n  a = 2 # x", "2:3: `a` sets something that is set above (keep one of them)"),
        ("a = 1\n[a.b]", "2:1: [a.b] sets something that is set above (keep one of them)"),
        ("a = 01", f"1:6: expected the end of the line, found 1 (one key = value a line; {QUOTES[1:-1]})"),
        ("= 3", "1:1: expected key = value or [section], found = 3"),
        ("[]", "1:2: expected a key, found ]"),
        ("a = 2024-02-31", f"1:5: there is no such date or time: 2024-02-31 {QUOTES}"),
        (r'a = "C:\x"', f"1:10: a backslash that escapes nothing {BACKSLASH}"),
        ("a = '\x00'", "1:6: not TOML: found invalid character '\\x00'"),
    ],
)
def test_a_syntax_error_is_told_in_plain_words(text: str, expected: str) -> None:
    assert problem(text) == f"r.toml:{expected}"


@pytest.mark.parametrize("text", ["", " \n\n", "# only a comment\n"])
def test_an_empty_file(text: str) -> None:
    assert problem(text) == "r.toml: there are no settings in this file (copy a recipe that ships: seqnlp recipes cp)"


def test_a_number_without_end() -> None:
    assert problem("a = " + 5000 * "1") == "r.toml: a number has too many digits"


def test_nesting_without_end() -> None:
    assert problem("a = " + "[" * 5000) == "r.toml: tables or arrays are nested too deeply"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\n[b]\r\nc = 2\r\n")
    document = read_document(read_text(path), path)
    assert document.data == {"a": 1, "b": {"c": 2}}
    assert str(document.place(("b", "c"))) == f"{path}:3:1"
    assert read_document("\ufeffa = 1", path).data == {"a": 1}


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_bytes(b"a = 1\n\xc3\xa9 \xff\xfe")
    with pytest.raises(RecipeError, match=r"r\.toml:2:3: not a text file in UTF-8: found the byte 0xff"):
        read_text(path)
    with pytest.raises(RecipeError, match="this is a directory; expected a recipe file"):
        read_text(tmp_path)
    with pytest.raises(DataError, match=r"gone\.toml: No such file"):
        read_text(tmp_path / "gone.toml")


def test_extends_lays_a_file_over_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base").mkdir()
    Path("base/root.toml").write_text("a = 1\nl = [1, 2]\n[s]\nx = 1\ny = 1\n", encoding="utf-8")
    Path("base/middle.toml").write_text('extends = "root.toml"\nb = 2\ncell = "gru"\n', encoding="utf-8")
    text = 'extends = "base/middle.toml"\nl = [3]\n[s]\ny = 3\n[cell]\nsize = 1\n'
    document = read_document(text, Path("r.toml"))
    assert document.data == {"a": 1, "b": 2, "l": [3], "s": {"x": 1, "y": 3}, "cell": {"kind": "gru", "size": 1}}
    assert document.source == "r.toml"
    places = {".".join(map(str, keys)): str(place) for keys, place in document.places.items()}
    assert places["a"] == "base/root.toml:1:1"
    assert places["b"] == "base/middle.toml:2:1"
    assert places["s.x"] == "base/root.toml:4:1"
    assert places["s.y"] == "r.toml:4:1"
    assert places["l.0"] == "r.toml:2:6"
    assert "l.1" not in places
    assert places["cell.size"] == "r.toml:6:1"


def test_extends_that_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.toml").write_text('extends = "loop.toml"\n', encoding="utf-8")
    Path("loop.toml").write_text('extends = "base.toml"\n', encoding="utf-8")
    Path("broken.toml").write_text("a = 1\nb = x\n", encoding="utf-8")
    assert problem('\nextends = "bsae.toml"') == (
        "r.toml:2:1: extends: there is no file bsae.toml (did you mean `base.toml`?)"
    )
    assert problem("extends = ['base.toml']") == (
        'r.toml:1:1: extends: expected the name of one recipe file (extends = "base.toml")'
    )
    assert problem('extends = "base.toml"') == (
        "loop.toml:1:1: extends: recipes extend each other in a circle: r.toml -> base.toml -> loop.toml -> base.toml"
    )
    assert problem('extends = "\\u0000"') == "r.toml:1:1: extends: there is no file \0"
    assert problem('extends = "r.toml"').endswith("recipes extend each other in a circle: r.toml -> r.toml")
    assert problem('extends = "broken.toml"').startswith("broken.toml:2:5: expected a value, found x")
    assert problem('extends = "."').endswith(
        "this is a directory; expected a recipe file (seqnlp recipes ls names what ships)"
    )
