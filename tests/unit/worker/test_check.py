"""What a worker says of a recipe is what `seqnlp recipes check` says."""

from pathlib import Path

import pytest

from seqnlp.errors import DataError, Fault
from seqnlp.worker.answers import Models, answer
from seqnlp.worker.protocol import Request

ROOT = Path(__file__).parents[3]


def check(recipe: Path | str, *overrides: str) -> list[dict[str, object]]:
    request = Request(1, "check", "", {"recipe": str(recipe), "overrides": list(overrides)})
    (found,) = answer(request, Models()).items
    faults: list[dict[str, object]] = found["faults"]
    return faults


@pytest.mark.parametrize("name", ["pos_gru", "char_lstm"])
def test_recipes_that_ship_are_right(name: str) -> None:
    assert check(ROOT / f"recipes/{name}.toml") == []


def test_faults_have_their_spot(tmp_path: Path) -> None:
    text = (ROOT / "recipes/pos_gru.toml").read_text()
    lines = text.split("\n")
    place = next(number for number, line in enumerate(lines) if line.startswith("[encoder]"))
    lines.insert(place + 1, "siez = 5")
    recipe = tmp_path / "mine.toml"
    recipe.write_text("\n".join(lines))
    found, other = check(recipe, "training.epoch=3")
    assert found["spot"] == (str(recipe), place + 2, 1)
    assert found["problem"] == "unknown key"
    assert (other["spot"], other["place"]) == (None, "--set training.epoch=3")
    assert "epochs" in str(other["hint"])


def test_text_that_is_no_toml_has_a_spot_too(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('task = "lm"\nseed = = 3\n')
    (found,) = check(recipe)
    assert isinstance(found["spot"], tuple)
    assert found["spot"][:2] == (str(recipe), 2)


def test_a_missing_recipe_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such recipe"):
        check(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("place", "spot"),
    [
        ("a b.toml:3:4", ("a b.toml", 3, 4)),
        ("plugin.py:7", ("plugin.py", 7, 0)),
        ("recipe.toml", None),
        ("--set a=b:1:2", None),
    ],
)
def test_places_are_read_back(place: str, spot: object) -> None:
    assert Fault("", "", "", place).spot == spot
