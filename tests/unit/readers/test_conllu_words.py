"""Words of CoNLL-U as rows of text."""

from pathlib import Path

import pytest

from seqnlp.errors import DataError
from seqnlp.readers import ConlluWords

ROWS = [("The", "the"), ("geese", "goose"), ("the", "the"), ("x", "_"), ("geese", "goose"), ("New York", "New York")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "words.conllu"
    lines = [f"{number}\t{form}\t{lemma}" + "\t_" * 7 for number, (form, lemma) in enumerate(ROWS, 1)]
    path.write_text("\n".join(["# text = x", "1-2\tThegeese" + "\t_" * 8, *lines, ""]) + "\n", encoding="utf-8")
    return path


def test_each_pair_is_a_row_once(file: Path) -> None:
    table = ConlluWords().read_columns(file, ["form", "lemma"])
    pairs = list(zip(table["form"], table["lemma"], strict=True))
    assert pairs == [("The", "the"), ("geese", "goose"), ("the", "the"), ("New York", "New York")]


def test_or_as_often_as_it_occurs(file: Path) -> None:
    table = ConlluWords(distinct=False).read_columns(file, ["lemma", "form"])
    assert list(table["form"]) == ["The", "geese", "the", "geese", "New York"]
    assert list(ConlluWords().read_columns(file, ["form"])["form"]) == ["The", "geese", "the", "x", "New York"]


def test_a_column_that_is_none_of_the_nine(file: Path) -> None:
    with pytest.raises(DataError, match="no column 'lema': did you mean 'lemma'"):
        ConlluWords().read_columns(file, ["form", "lema"])
