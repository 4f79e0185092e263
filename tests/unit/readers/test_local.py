from pathlib import Path

import pytest

from seqnlp.errors import DataError
from seqnlp.readers import Columns, Conllu, Csv, Hub, Jsonl, Parallel, Reader, Text
from seqnlp.readers.catalogue import CATALOGUE
from seqnlp.readers.local import is_fetched, open_corpus, reader_of, shipped_corpora, summary


@pytest.mark.parametrize(
    ("names", "reader"),
    [
        (["a.conllu"], Conllu()),
        (["a.conllu.gz"], Conllu()),
        (["a.tsv"], Csv()),
        (["a.jsonl"], Jsonl()),
        (["a.txt"], Text()),
        (["a.conll"], Columns(names=["token", "column2", "column3"])),
        (["t.de", "t.en"], Parallel(suffixes=[".de", ".en"])),
    ],
)
def test_files_tell_how_they_are_read(tmp_path: Path, names: list[str], reader: Reader) -> None:
    for name in names:
        (tmp_path / name).write_text("\na b c\n")
    assert reader_of([tmp_path / name for name in names]) == reader


def test_files_that_do_not_tell(tmp_path: Path) -> None:
    assert reader_of([tmp_path / "a.parquet"]) == Hub(path=str(tmp_path / "a.parquet"))
    with pytest.raises(DataError, match=r"can't guess a reader for files that end in \.xyz; name it with --reader"):
        reader_of([tmp_path / "a.xyz"])


def test_a_folder_has_splits(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("README.md", "mine-test.txt", "mine_train.txt", "VALID.txt", "constraints.txt"):
        (folder / name).write_text("x\n")
    corpus = open_corpus("mine", tmp_path)
    assert corpus.reader == Text()
    assert corpus.splits == {
        "train": folder / "mine_train.txt",
        "dev": folder / "VALID.txt",
        "test": folder / "mine-test.txt",
    }
    assert list(corpus.splits) == ["train", "dev", "test"]
    assert open_corpus(str(folder), Path("corpora"), Text(sample_by="document")).reader == Text(sample_by="document")


def test_a_folder_of_translations(tmp_path: Path) -> None:
    for name in ("train.en", "train.fr", "test.en", "test.fr"):
        (tmp_path / name).write_text("x\n")
    corpus = open_corpus(str(tmp_path), tmp_path)
    assert corpus.reader == Parallel(suffixes=[".en", ".fr"])
    assert corpus.splits == {"train": tmp_path / "train", "test": tmp_path / "test"}
    assert corpus.reader.load(corpus.splits["test"])[0] == {"source": "x", "target": "x"}


def test_folders_that_cannot_be_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no files in it are called train, dev or test"):
        open_corpus(str(tmp_path), tmp_path)
    for name in ("train.txt", "train-2.txt"):
        (tmp_path / name).write_text("x\n")
    with pytest.raises(DataError, match=r"several files for train: train-2\.txt, train\.txt"):
        open_corpus(str(tmp_path), tmp_path)


def test_a_file_is_a_corpus_of_one_split(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n")
    assert open_corpus(str(path), Path("corpora")).splits == {"a.csv": path}


def test_names_that_are_not_here(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ewt has not been fetched; run `seqnlp corpora get ewt`"):
        open_corpus("ewt", tmp_path)
    with pytest.raises(DataError, match=r"no file or corpus is called 'wnut': did you mean 'wnut17'\?"):
        open_corpus("wnut", tmp_path)


def test_a_fetched_corpus_is_read_as_the_catalogue_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "wnut17"
    folder.mkdir()
    assert not is_fetched("wnut17", tmp_path)
    for file in CATALOGUE["wnut17"].files:
        (folder / file.name).write_bytes(b" " * file.size)
    assert is_fetched("wnut17", tmp_path)
    corpus = open_corpus("wnut17", tmp_path)
    assert corpus.reader == Columns(names=["word", "entity"], delimiter="\t")
    assert corpus.splits["test"] == folder / "emerging.test.annotated"
    (folder / "emerging.dev.conll").write_bytes(b"")
    assert not is_fetched("wnut17", tmp_path)


def test_a_corpus_says_what_it_is_in_its_readme(tmp_path: Path) -> None:
    assert summary(tmp_path) == ""
    (tmp_path / "README.md").write_text("# Tags\n\nSentences with tags.\nMore.\n")
    assert summary(tmp_path) == "Sentences with tags."


def test_what_ships_can_be_opened() -> None:
    shipped = shipped_corpora()
    assert shipped
    for name, folder in shipped.items():
        assert next(iter(open_corpus(name, Path("nowhere")).splits)) == "train", folder
