import hashlib
from pathlib import Path

import pytest
from datasets import Dataset, concatenate_datasets

from seqnlp.errors import DataError
from seqnlp.readers import Csv, Hub, Parallel, Reader, Text, read_corpus
from seqnlp.readers.base import content_hash
from seqnlp.recipe import Data


def data_of(reader: Reader, train: str = "train.csv", dev: str = "dev.csv", test: str | None = None) -> Data:
    return Data(reader=reader, train=train, dev=dev, test=test)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_splits_are_found_read_and_hashed(tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.csv").write_text(f"a\n{split}\n")
    corpus = read_corpus(data_of(Csv(columns={"b": "a"}), test="test.csv"), tmp_path.joinpath)
    assert {name: table["b"] for name, table in corpus.splits.items()} == {
        "train": ["train"],
        "dev": ["dev"],
        "test": ["test"],
    }
    assert corpus.hashes == {name: digest(f"a\n{name}\n") for name in ("train", "dev", "test")}
    assert list(read_corpus(data_of(Csv()), tmp_path.joinpath).splits) == ["train", "dev"]


def test_both_files_of_a_split_are_hashed(tmp_path: Path) -> None:
    for name, text in {"t.en": "a\n", "t.fr": "b\n"}.items():
        (tmp_path / name).write_text(text)
    corpus = read_corpus(data_of(Parallel(suffixes=["en", "fr"]), "t", "t"), tmp_path.joinpath)
    assert corpus.hashes == {"train": digest("a\nb\n"), "dev": digest("a\nb\n")}


def test_rows_of_expressions_are_hashed(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("a\nb\n")
    (tmp_path / "y.txt").write_text("b\n")
    corpus = read_corpus(data_of(Hub(path=str(tmp_path / "x.txt")), "train[:1]", "train[1:]"), tmp_path.joinpath)
    assert corpus.splits["dev"]["text"] == ["b"]
    other = read_corpus(data_of(Hub(path=str(tmp_path / "y.txt")), "train", "train"), tmp_path.joinpath)
    assert corpus.hashes["train"] != corpus.hashes["dev"] == other.hashes["dev"]


def test_the_hash_of_rows_depends_on_them_and_their_names_alone(tmp_path: Path) -> None:
    texts = [f"text {number}" if number % 3 else None for number in range(25_000)]
    whole = Dataset.from_dict({"text": texts})
    parts = concatenate_datasets([whole.select(range(7)), whole.select(range(7, 25_000))])
    assert content_hash(parts) == content_hash(whole) == content_hash(whole.select(list(range(25_000))))
    changed = Dataset.from_dict({"text": [*texts[:-1], "another"]})
    others = [changed, whole.select(range(24_999)), whole.rename_column("text", "label")]
    assert len({content_hash(table) for table in [whole, *others]}) == 4


def test_splits_with_other_columns_are_refused(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,b\n1,2\n")
    (tmp_path / "dev.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"dev\.csv: dev has no column 'b'"):
        read_corpus(data_of(Csv()), tmp_path.joinpath)
    (tmp_path / "dev.csv").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(DataError, match=r"dev\.csv: dev has a column that train lacks: 'c'"):
        read_corpus(data_of(Csv()), tmp_path.joinpath)


def test_nothing_is_read_if_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("not read")

    def find(name: str) -> Path:
        if not (tmp_path / name).exists():
            raise DataError("no such file anywhere", name)
        return tmp_path / name

    with pytest.raises(DataError, match=r"dev\.csv: no such file anywhere"):
        read_corpus(data_of(Text()), find)
