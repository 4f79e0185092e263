"""What a worker says of a recipe is what `seqnlp recipes check` says."""

from pathlib import Path

import pytest

from seqnlp.api import train
from seqnlp.errors import DataError, Fault
from seqnlp.readers.hub import Hub
from seqnlp.service.handlers import Models, answer
from seqnlp.service.protocol import Request

ROOT = Path(__file__).parents[3]


def check(recipe: Path | str, *overrides: str) -> list[dict[str, object]]:
    request = Request(1, "check", "", {"recipe": str(recipe), "overrides": list(overrides)})
    (found,) = answer(request, Models()).items
    faults: list[dict[str, object]] = found["faults"]
    return faults


@pytest.mark.parametrize("name", ["pos_gru", "char_lstm"])
def test_recipes_that_ship_are_right(name: str) -> None:
    assert check(ROOT / f"recipes/{name}.toml") == []


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe in a project without corpora."""
    monkeypatch.chdir(tmp_path)
    recipe = tmp_path / "recipes/mine.toml"
    recipe.parent.mkdir()
    recipe.write_text((ROOT / "recipes/pos_gru.toml").read_text())
    return recipe


def test_a_corpus_that_was_not_fetched_is_a_fault_in_the_words_of_train(mine: Path) -> None:
    mine.write_text(
        'task = "lm"\n[data]\nreader = "text"\n'
        'train = "corpora/tinyshakespeare/input.txt[:99.5%]"\ndev = "corpora/tinyshakespeare/input.txt[99.5%:]"\n'
    )
    (found,) = check(mine)  # one file, one fault
    assert (found["key"], found["spot"]) == ("data.train", (str(mine), 4, 1))
    assert found["hint"] == "fetch it with `seqnlp corpora get tinyshakespeare`"
    with pytest.raises(DataError) as caught:
        next(train(mine, out=mine.parent / "run"))
    assert caught.value.brief == f"{found['problem']}; {found['hint']}"
    text = mine.parents[1] / "corpora/tinyshakespeare/input.txt"
    text.parent.mkdir(parents=True)
    text.touch()
    assert check(mine) == []


def test_each_file_that_is_not_there_is_a_fault(mine: Path) -> None:
    overrides = ["data.test=corpora/pos/tets.conllu", "embedding.vectors.file=glove.txt", "data.dev=dev.conllu[:9%]"]
    faults = {fault["key"]: fault for fault in check(mine, *overrides)}
    assert faults.keys() == {"data.dev", "data.test", "embedding.vectors.file"}
    assert faults["data.test"]["hint"] == f"did you mean {ROOT / 'corpora/pos/test.conllu'}?"
    assert faults["embedding.vectors.file"]["place"] == "--set embedding.vectors.file=glove.txt"


def test_a_folder_in_the_place_of_a_file_is_named(mine: Path) -> None:
    faults = {fault["key"]: fault["problem"] for fault in check(mine, "data.train=recipes")}
    assert faults == {"data.train": "recipes: this is a directory; expected a file"}


def test_both_files_of_a_translation_are_looked_for(mine: Path) -> None:
    text = (ROOT / "recipes/multi30k_en_de.toml").read_text()
    mine.write_text(text)
    assert [fault["hint"] for fault in check(mine)] == ["fetch it with `seqnlp corpora get multi30k`"] * 3


def test_nothing_is_fetched_from_the_hub(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Hub, "read", fetch)
    monkeypatch.setattr(Hub, "builder", fetch)
    hub = "data.reader={kind='hub', path='no/such'}"
    assert check(mine, hub, "data.train=train", "data.dev=train[:9%]", "data.test=test") == []


def test_faults_of_the_recipe_go_before_its_files(mine: Path) -> None:
    (found,) = check(mine, "encoder.siez=3", "data.test=corpora/pos/tets.conllu")
    assert found["problem"] == "unknown key"


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
    request = Request(1, "check", "", {"recipe": str(tmp_path / "none.toml"), "overrides": []})
    begun = answer(request, Models())  # it is looked for when the answer's turn comes
    with pytest.raises(DataError, match="no such recipe"):
        next(begun.items)


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
