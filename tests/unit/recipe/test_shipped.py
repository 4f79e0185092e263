from pathlib import Path

import pytest

from seqnlp.errors import DataError
from seqnlp.recipe import find_file, find_recipe, known_recipes, shipped, shipped_recipes, shipped_root


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with two recipes and a corpus; the working directory is an empty project."""
    root = tmp_path / "site" / "seqnlp" / "shipped"
    write(root / "recipes" / "pos_gru.toml")
    write(root / "recipes" / "chunk_lstm.toml")
    write(root / "corpora" / "pos" / "train.conllu")
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setattr(shipped, "_PACKAGE", root.parent)
    return root


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("task = 'tag'\n", encoding="utf-8")
    return path


def test_what_ships_lies_in_the_package_or_beside_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shipped_root() == root
    assert shipped_recipes() == {name: root / "recipes" / f"{name}.toml" for name in ("chunk_lstm", "pos_gru")}
    checkout = root.parents[2] / "checkout"
    write(checkout / "recipes" / "x.toml")
    monkeypatch.setattr(shipped, "_PACKAGE", checkout / "seqnlp")
    assert shipped_root() == checkout
    assert list(shipped_recipes()) == ["x"]


def test_a_recipe_is_found_by_path_or_by_name(root: Path) -> None:
    assert find_recipe("pos_gru") == root / "recipes" / "pos_gru.toml"
    assert find_recipe("pos_gru.toml") == root / "recipes" / "pos_gru.toml"
    own = write(Path("recipes/pos_gru.toml"))
    assert find_recipe("pos_gru") == own
    assert find_recipe(str(own.absolute())) == own.absolute()
    Path("chunk_lstm").mkdir()
    assert find_recipe("chunk_lstm") == root / "recipes" / "chunk_lstm.toml"
    assert find_recipe(Path("recipes")) == Path("recipes")
    here = write(Path("pos_gru"))
    assert find_recipe("pos_gru") == here
    assert list(known_recipes()) == ["chunk_lstm", "pos_gru"]


def test_no_name_at_all_is_the_working_directory() -> None:
    assert find_recipe("").is_dir()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("pos_gur", "did you mean `pos_gru`?"),
        ("recipes/pos_gru.toml", "did you mean `pos_gru`?"),
        ("zzz", "`seqnlp recipes ls` lists those that ship"),
    ],
)
def test_a_recipe_that_is_not_there(name: str, hint: str) -> None:
    with pytest.raises(DataError) as caught:
        find_recipe(name)
    assert str(caught.value) == f"{name}: there is no such recipe; {hint}"


def test_a_file_is_looked_up_nearby_first(root: Path) -> None:
    recipe = write(Path("mine/recipes/r.toml"))
    source = "corpora/pos/train.conllu"
    assert find_file(source) == root / source
    assert find_file(source, recipe) == root / source
    for folder in ("mine", "mine/recipes", "."):
        nearest = write(Path(folder) / source)
        assert find_file(source, recipe).resolve() == nearest.resolve()
    assert find_file(str(nearest.absolute())) == nearest.absolute()


def test_a_file_that_is_not_there_is_told_with_every_place_tried(root: Path) -> None:
    recipe = write(Path("mine/recipes/r.toml"))
    with pytest.raises(DataError) as caught:
        find_file("corpora/pos/trian.conllu", recipe)
    message = str(caught.value)
    assert message.startswith("corpora/pos/trian.conllu: no such file; tried ")
    for folder in (Path.cwd(), Path.cwd() / "mine/recipes", Path.cwd() / "mine", root):
        assert str(folder / "corpora/pos/trian.conllu") in message
    near = f"did you mean {root / 'corpora/pos/train.conllu'}?"
    assert message.endswith(near)
    assert caught.value.brief == f"corpora/pos/trian.conllu: no such file; {near}"


def test_a_folder_is_no_file(root: Path) -> None:
    with pytest.raises(DataError, match="this is a directory; expected a file"):
        find_file("corpora/pos")


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + "/y", "~nobody/x", "a\0b", "a\0/b", "**/x"])
def test_names_that_no_file_can_have(name: str) -> None:
    with pytest.raises(DataError, match="no such file; tried"):
        find_file(name)


def test_the_caller_may_know_what_to_do() -> None:
    with pytest.raises(DataError, match=r"; fetch it with: get ewt$"):
        find_file("corpora/ewt/x", advice=lambda source: f"fetch it with: get {source.split('/')[1]}")
    with pytest.raises(DataError) as caught:
        find_file("/nowhere/at/all")
    assert str(caught.value) == "/nowhere/at/all: no such file; tried /nowhere/at/all"


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("")
    with pytest.raises(DataError, match="model: this is a file; expected a folder"):
        find_file(f"{tmp_path}/model/")
