"""What is told of files that are missing, and of rows that are wrong."""

from pathlib import Path

import pytest

from seqnlp.errors import DataError, RunError, error_context
from seqnlp.recipe import load_recipe
from seqnlp.recipe.load import missing_files
from seqnlp.tasks.registry import import_tasks

import_tasks()

ROOT = Path(__file__).parents[3]


def test_a_recipe_whose_files_are_there_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text((ROOT / "recipes/pos_gru.toml").read_text())
    recipe = load_recipe(file)
    file.unlink()
    assert missing_files(recipe, file) == []


def test_a_split_is_named_and_the_advice_is_kept() -> None:
    with pytest.raises(RunError) as caught, error_context("dev.csv"):
        raise RunError("no words in row 3", line=4, hint="leave it out")
    assert str(caught.value) == "dev.csv:4: no words in row 3; leave it out"


def test_an_error_that_names_its_file_goes_on_as_it_is() -> None:
    with pytest.raises(DataError) as caught, error_context("dev.csv"):
        raise DataError("no such file", "x.csv", hint="did you mean y.csv?", tried=["/a/x.csv", "/b/x.csv"])
    assert str(caught.value) == "x.csv: no such file; tried /a/x.csv, /b/x.csv; did you mean y.csv?"
    assert caught.value.brief == "x.csv: no such file; did you mean y.csv?"
    assert caught.value.found == "x.csv: no such file"


def test_the_same_is_said_in_other_words() -> None:
    error = DataError("bad", "x.csv", 3, "fetch it", ["/a/x.csv"])
    assert str(error.replace(path="y.csv")) == "y.csv:3: bad; tried /a/x.csv; fetch it"
    assert str(error.replace(problem="worse")) == "x.csv:3: worse; tried /a/x.csv; fetch it"
    assert str(error.replace(hint="leave it out")) == "x.csv:3: bad; tried /a/x.csv; leave it out"
