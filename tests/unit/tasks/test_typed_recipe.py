"""`seqnlp.Recipe`: recipes in Python with types, the faults of a file, and a file for each."""

import subprocess
import sys
from pathlib import Path

import pytest

import seqnlp
from seqnlp.encoders import Gru
from seqnlp.errors import DataError, RecipeError
from seqnlp.pages.typed import FILE, write_types
from seqnlp.readers import Memory
from seqnlp.recipe import Recipe, load_recipe
from seqnlp.tasks.registry import known_tasks


def test_the_types_are_those_of_the_specs() -> None:
    assert FILE.read_text("utf8") == write_types(), "python -m seqnlp.pages writes it anew"


def test_each_task_has_a_recipe() -> None:
    assert [name for name in known_tasks() if name.module and not callable(getattr(seqnlp.Recipe, name.name))] == []


def test_sections_are_dictionaries_names_or_specs() -> None:
    recipes = [
        seqnlp.Recipe.classify(data={"text": "review"}, encoder={"kind": "gru", "size": 8}, seed=3, ngrams=None),
        seqnlp.Recipe.classify(data={"text": "review"}, encoder=Gru(size=8), seed=3),
        seqnlp.Recipe(
            {"task": "classify", "data": {"text": "review"}, "encoder": {"kind": "gru", "size": 8}, "seed": 3}
        ),
    ]
    assert recipes[0] == recipes[1] == recipes[2]
    assert recipes[0]["encoder"] == {"kind": "gru", "size": 8}
    assert seqnlp.Recipe.tag(encoder="lstm", optimizer="sgd")["encoder"] == "lstm"


def test_its_file_is_the_same_recipe(tmp_path: Path) -> None:
    recipe = seqnlp.Recipe.tag(
        data={"tokens": "tokens", "labels": ["ner"], "scheme": "bio"}, embedding={"words": {"size": 4}}, decoder="crf"
    )
    recipe.save(tmp_path / "ner.toml")
    found = load_recipe(tmp_path / "ner.toml")
    assert isinstance(found, Recipe)
    assert isinstance(found.data.reader, Memory)
    assert found.data.train == "memory:train"
    assert recipe.to_toml().startswith('task = "tag"\n')
    assert eval(repr(recipe), {"Recipe": seqnlp.Recipe}) == recipe
    with pytest.raises(DataError, match="can't be written: No such file or directory"):
        recipe.save(tmp_path / "nowhere" / "ner.toml")


def test_a_checker_of_types_finds_what_is_wrong_and_so_does_the_recipe() -> None:
    with pytest.raises(RecipeError, match=r"encoder.szie: unknown key \(did you mean `size`\?\)"):
        seqnlp.Recipe.tag(encoder={"kind": "gru", "szie": 3})  # type: ignore[arg-type]
    with pytest.raises(RecipeError, match=r"encodr: unknown key \(did you mean `encoder`\?\)"):
        seqnlp.Recipe.tag(encodr="gru")  # type: ignore[call-arg]
    with pytest.raises(RecipeError, match=r'encoder\.size: expected a whole number, found the string "x"'):
        seqnlp.Recipe.tag(encoder={"kind": "gru", "size": "x"})  # type: ignore[arg-type]


def test_the_package_is_imported_without_it() -> None:
    code = "import sys, seqnlp; print([name for name in ('torch', 'pydantic', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
