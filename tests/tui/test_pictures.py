"""The pictures that the README shows: they are there, the script makes them, and they fetch nothing from elsewhere."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CAPTIONS = dict(re.findall(r"!\[[^\]]+\]\(([^)]+\.svg)\)<br>([^|]+)", (ROOT / "README.md").read_text(encoding="utf8")))
"""What the README says under each picture, by its file."""


def test_the_script_makes_what_the_readme_shows() -> None:
    script = [sys.executable, "tests/tui/pictures.py", "--names"]
    made = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert made
    assert sorted(CAPTIONS) == sorted(f"tests/tui/pictures/{name}.svg" for name in made)


@pytest.mark.parametrize("name", CAPTIONS)
def test_a_picture_is_complete_in_itself(name: str) -> None:
    picture = (ROOT / name).read_text(encoding="utf8")
    addresses = set(re.findall(r"\w+://[^\"' )]+", picture))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of the format
    assert not re.search(r"@font-face|@import|href=|url\((?!#)", picture)
    assert "/tmp" not in picture
    assert str(Path.home()) not in picture


@pytest.mark.parametrize("name", CAPTIONS)
def test_what_the_caption_says_was_typed_is_seen(name: str) -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", (ROOT / name).read_text(encoding="utf8"))
    seen = "".join(html.unescape("".join(texts)).split())
    for typed in re.findall("“(.+?)”", CAPTIONS[name]):
        assert "".join(typed.split()) in seen
