import pytest
from datasets import Dataset

from seqnlp.errors import DataError
from seqnlp.tasks.translate.corpus import CHUNK, Pairs, texts_of


def test_a_side_is_a_column_or_a_language() -> None:
    rows = [{"de": "ja", "en": "yes"}, {"de": "nein", "en": "no"}]
    table = Dataset.from_dict({"id": ["1", "2"], "translation": rows})
    assert list(texts_of(table, "de")) == [["ja", "nein"]]
    pairs = Pairs(table, "en", "id")
    assert list(pairs.sources()) == [["yes", "no"]]
    assert list(pairs.targets()) == [["1", "2"]]
    assert len(pairs) == 2


def test_long_columns_come_in_chunks_and_selected_rows_in_their_order() -> None:
    texts = [str(number) for number in range(CHUNK + 3)]
    table = Dataset.from_dict({"source": texts})
    assert [len(part) for part in texts_of(table, "source")] == [CHUNK, 3]
    assert list(texts_of(table.select([3, 1]), "source")) == [["3", "1"]]


@pytest.mark.parametrize(
    ("columns", "name", "problem"),
    [
        ({"en": ["a"]}, "fr", r"no column 'fr'; its columns are en$"),
        ({"translation": [{"de": "ja"}]}, "fr", r"no column 'fr'.*languages of `translation` de$"),
        ({"en": [1]}, "en", r"'en' holds int64; expected text"),
        ({"en": ["a", None]}, "en", r"'en': row 2 is empty"),
    ],
)
def test_pairs_refuse_columns_without_text(columns: dict[str, list[object]], name: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        list(texts_of(Dataset.from_dict(columns), name))
