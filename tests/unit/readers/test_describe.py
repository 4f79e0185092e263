import pytest
from datasets import Dataset, Features, List, Value

from seqnlp.errors import DataError
from seqnlp.readers.describe import Span, describe


def test_words_labels_and_what_train_lacks() -> None:
    train = Dataset.from_dict(
        {"form": [["a", "b"], ["a"], ["c", "a", "b"]], "upos": [["X", "Y"], ["X"], ["X", "X", "Y"]]}
    )
    dev = Dataset.from_dict({"form": [["a", "z"], ["y", "y"]], "upos": [["X", "X"], ["X", "X"]]})
    found = describe({"dev": dev, "train": train})
    assert list(found) == ["dev", "train"]
    assert (found["train"].sequences, found["train"].tokens, found["train"].types) == (3, 6, 3)
    assert found["train"].unseen is None
    assert found["dev"].unseen == 0.75
    lengths = found["train"].lengths
    assert lengths is not None
    assert (lengths.minimum, lengths.median, lengths.mean, lengths.maximum) == (1, 2.0, 2.0, 3)
    assert lengths.p95 == pytest.approx(2.9)
    assert lengths.histogram == {1: 1, 2: 2}


def test_histogram_counts_by_powers_of_two() -> None:
    rows = [["x"] * length for length in (0, 1, 2, 3, 4, 7, 8, 1023, 1024)]
    lengths = describe({"train": Dataset.from_dict({"tokens": rows})})["train"].lengths
    assert lengths is not None
    assert lengths.histogram == {0: 1, 1: 1, 2: 2, 4: 2, 8: 1, 512: 1, 1024: 1}


def test_labels_are_few_and_frequent() -> None:
    columns = {
        "text": [f"word{n} x" for n in range(10)],
        "label": ["good", "bad"] * 5,
        "grade": [n % 2 for n in range(10)],
        "name": [f"n{n}" for n in range(10)],
        "head": ["0"] * 10,
        "empty": ["_"] * 10,
        "rare": ["a", "b", "c"] + [None] * 7,
    }
    found = describe({"train": Dataset.from_dict(columns)})["train"]
    assert found.column == "text"
    assert (found.tokens, found.types) == (20, 11)
    assert found.labels == {"label": {"good": 5, "bad": 5}, "grade": {"0": 5, "1": 5}}


def test_the_most_frequent_label_is_first() -> None:
    found = describe({"train": Dataset.from_dict({"tags": [["A"] * 3 + ["B"] * 9]})}, "tags")["train"]
    assert found.labels == {}
    table = Dataset.from_dict({"words": [["w"] * 12], "tags": [["A"] * 3 + ["B"] * 9]})
    assert list(describe({"train": table})["train"].labels["tags"].items()) == [("B", 9), ("A", 3)]


def test_numbers_have_a_span_and_a_series_no_words() -> None:
    features = Features({"y": Value("float64"), "s": List(Value("float64"))})
    table = Dataset.from_dict({"y": [1.0, 4.0, None], "s": [[1.0], [2.0], []]}, features=features)
    found = describe({"train": table})["train"]
    assert (found.column, found.tokens, found.lengths, found.unseen) == (None, 0, None, None)
    assert found.numbers == {"y": Span(1.0, 2.5, 4.0)}


def test_parts_of_tables_are_what_they_show() -> None:
    table = Dataset.from_dict({"tokens": [["a"], ["b", "b"], ["c"]]}).select([1])
    found = describe({"train": table})["train"]
    assert (found.sequences, found.tokens, found.types) == (1, 2, 1)


def test_another_column_can_be_counted() -> None:
    table = Dataset.from_dict({"source": ["a b"], "target": ["a b c"], "n": [1]})
    assert describe({"train": table})["train"].tokens == 2
    assert describe({"train": table}, "target")["train"].tokens == 3
    with pytest.raises(DataError, match="no column 'targte': did you mean 'target'"):
        describe({"train": table}, "targte")
    with pytest.raises(DataError, match="the column 'n' holds no text"):
        describe({"train": table}, "n")
