"""Columns of large corpora: encoded once a corpus, then mapped from the cache."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, concatenate_datasets

import seqnlp as library
from seqnlp.arrays import Ragged
from seqnlp.codecs import Column, label_columns
from seqnlp.codecs import text as codec_text
from seqnlp.codecs.running_text import CharacterText
from seqnlp.errors import DataError
from seqnlp.notes import notes_to, progress_to
from seqnlp.readers import cache
from seqnlp.tasks import kept_arrays, kept_columns
from seqnlp.tasks.classify.dataset import each_text, split_texts
from seqnlp.tasks.kept_arrays import ArrayFile, map_array

ROWS = [["a", "b", "a"], [], ["é", "b", "x y"], ["a"], ["z" * 40, ""]]
TEXTS = ["One two, two.", "É three", "One two, two.", "four\nfive"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Keep every column, in blocks of a row or two, in a cache of this test; the notes."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(kept_arrays, "LARGE", 1)
    monkeypatch.setattr(codec_text, "BLOCK_BYTES", 40)
    notes: list[str] = []
    with notes_to(notes.append):
        yield notes


def words(rows: list[list[str]] = ROWS) -> Dataset:
    return Dataset.from_dict({"form": rows})


def same(column: Column, other: Column) -> None:
    assert column.distinct == other.distinct
    assert column.codes.values.tolist() == other.codes.values.tolist()
    assert column.codes.offsets.tolist() == other.codes.offsets.tolist()


def test_a_column_is_encoded_once_as_it_is_in_memory(own_cache: list[str]) -> None:
    column = kept_columns.text_column(words(), "form")
    same(column, Column.from_dataset(words(), "form"))
    assert isinstance(column.codes.values, np.memmap)
    assert column.codes.values.dtype == np.int8
    (folder,) = cache.column_folder().iterdir()
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.npy")}
    shares: list[float] = []
    with progress_to(lambda activity, share: shares.append(share)):
        same(kept_columns.text_column(words(), "form"), column)
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("*.npy")} == before
    assert shares == sorted(shares)
    assert shares[-1] == 1
    (note,) = own_cache
    assert note.startswith("column 'form' is encoded once, and kept in the cache (")
    assert [entry.kind for entry in cache.entries(cache.column_folder())] == ["columns"]


def test_chunks_and_selections_of_equal_rows_share_an_entry() -> None:
    kept_columns.text_column(words(), "form")
    parts = concatenate_datasets([words(ROWS[:2]), words(ROWS[2:])])
    chosen = words([["no"], *ROWS]).select(range(1, len(ROWS) + 1))
    scattered = words([ROWS[4], *ROWS[:4]]).select([1, 2, 3, 4, 0])
    for table in (parts, chosen, scattered):
        same(kept_columns.text_column(table, "form"), Column.from_dataset(words(), "form"))
    assert len(list(cache.column_folder().iterdir())) == 1


@pytest.mark.parametrize(
    "rows",
    [
        [["a", "b", "a", ""], *ROWS[2:]],  # the same strings in other rows
        [["ab", "", "a"], *ROWS[1:]],  # the same letters in other strings
        [["a", "b", "b"], *ROWS[1:]],
    ],
)
def test_other_rows_have_an_entry_of_their_own(rows: list[list[str]]) -> None:
    kept_columns.text_column(words(), "form")
    same(kept_columns.text_column(words(rows), "form"), Column.from_dataset(words(rows), "form"))
    assert len(list(cache.column_folder().iterdir())) == 2


def test_texts_are_split_into_words_or_tokens() -> None:
    table = Dataset.from_dict({"text": TEXTS})
    codec = CharacterText.fit(TEXTS[:2], 1)
    kept = [split_texts(table, "text"), split_texts(table, "text", codec)]
    assert all(isinstance(column.codes.values, np.memmap) for column in kept)
    assert list(each_text(table, "text")) == [TEXTS[0], TEXTS[1], TEXTS[3]]
    for column, tokenizer in zip(kept, (None, codec), strict=True):
        expected = split_texts(table, "text", tokenizer, in_memory=True)
        assert not isinstance(expected.codes.values, np.memmap)
        same(column, expected)
    other = CharacterText.fit(TEXTS, 1)
    assert split_texts(table, "text", other).distinct != kept[1].distinct
    assert len(list(cache.column_folder().iterdir())) == 3


def test_labels_that_are_whole_numbers() -> None:
    table = Dataset.from_dict({"label": ["1.0", "2", "1"], "number": [1, 2, 1]})
    for name in ("label", "number"):
        same(kept_columns.label_column(table, name), label_columns.label_column(table, name))
    assert len(list(cache.column_folder().iterdir())) == 1


def test_what_is_no_text_is_told_as_ever() -> None:
    table = Dataset.from_dict({"text": [["a"], ["b", "c"]], "hole": ["a", None], "number": [1.5, 2.5]})
    with pytest.raises(DataError, match="column 'text' holds lists of texts"):
        split_texts(table, "text")
    with pytest.raises(DataError, match="column 'hole' has empty places"):
        kept_columns.text_column(table, "hole")
    with pytest.raises(DataError, match="no column 'none'"):
        kept_columns.text_column(table, "none")
    with pytest.raises(DataError, match="expected text or lists of text"):
        kept_columns.text_column(table, "number")
    assert not list(cache.column_folder().rglob("*.tmp"))


def test_texts_of_a_small_column_are_each_there_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_arrays, "LARGE", 10_000)
    assert list(each_text(Dataset.from_dict({"text": TEXTS}), "text")) == [TEXTS[0], TEXTS[1], TEXTS[3]]


def test_small_columns_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_arrays, "LARGE", 10_000)
    same(kept_columns.text_column(words(), "form"), Column.from_dataset(words(), "form"))
    assert not cache.column_folder().exists()


@pytest.mark.parametrize("name", ["codes", "offsets", "arrays"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-3],
        lambda content: b"",
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[:9] + bytes([content[9] ^ 4]) + content[10:],
        lambda content: b"{}",
    ],
)
def test_a_damaged_entry_is_made_again(name: str, damage: Callable[[bytes], bytes], own_cache: list[str]) -> None:
    kept_columns.text_column(words(), "form")
    (folder,) = cache.column_folder().iterdir()
    whole = {path.name: path.read_bytes() for path in [*folder.glob("*.npy"), folder / "arrays.json"]}
    (file,) = folder.glob(f"{name}*.[nj][ps][yo]*")
    file.write_bytes(damage(file.read_bytes()))
    same(kept_columns.text_column(words(), "form"), Column.from_dataset(words(), "form"))
    assert {path.name: path.read_bytes() for path in [*folder.glob("*.npy"), folder / "arrays.json"]} == whole
    assert own_cache[1] == f"{folder}: damaged; it is encoded anew"
    assert len(own_cache) == 2  # the line about the encoding is that of before


def test_a_missing_array_is_made_again() -> None:
    kept_columns.text_column(words(), "form")
    (folder,) = cache.column_folder().iterdir()
    (file,) = folder.glob("codes-*.npy")
    file.unlink()
    same(kept_columns.text_column(words(), "form"), Column.from_dataset(words(), "form"))
    assert file.exists()


def test_a_cache_that_can_not_be_written_is_told_and_done_without(tmp_path: Path, own_cache: list[str]) -> None:
    (tmp_path / "seqnlp").write_text("no folder")
    same(kept_columns.text_column(words(), "form"), Column.from_dataset(words(), "form"))
    place = cache.column_folder()
    assert own_cache == [
        f"column 'form' is encoded in memory: can't write {place} (Not a directory); XDG_CACHE_HOME names another place"
    ]


def test_processes_that_encode_the_same_do_not_disturb_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process ends while this one is at work: both have written the same files."""
    blocks = codec_text.cell_blocks
    asked = []

    def slow(table: Dataset, name: str) -> Iterator[object]:
        for number, block in enumerate(blocks(table, name)):
            asked.append(number)
            if len(asked) == len(ROWS):
                kept_columns.text_column(words(), "form")
            yield block

    monkeypatch.setattr(kept_columns, "cell_blocks", slow)
    same(kept_columns.text_column(words(), "form"), Column.from_dataset(words(), "form"))
    (folder,) = cache.column_folder().iterdir()
    assert len(list(folder.glob("*.npy"))) == 2
    assert not list(folder.glob("*.tmp"))


def test_the_least_recently_used_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    kept_columns.text_column(words(), "form")
    for entry in cache.entries(cache.column_folder()):
        cache.release(entry.path)
    monkeypatch.setattr(kept_arrays, "MOST_BYTES", 600)
    kept_columns.text_column(words([*ROWS, ["new"]]), "form")
    assert len(list(cache.entries(cache.column_folder()))) == 1


def test_integers_of_a_file_grow_as_wide_as_they_need_to_be(tmp_path: Path) -> None:
    values = [np.arange(5), np.array([-1000, 3]), np.empty(0, np.int64), np.array([2**40])]
    file = ArrayFile(tmp_path, "numbers", np.int8)
    for each in values:
        file.append(each)
    path = file.finish()
    mapped = map_array(path)
    assert mapped.dtype == np.int64
    assert mapped.tolist() == np.concatenate(values).tolist()
    assert os.listdir(tmp_path) == [path.name]


def test_ragged_rows_of_a_mapped_column_are_plain_arrays() -> None:
    codes = kept_columns.text_column(words(), "form").codes
    padded, mask = codes.pad(np.array([2, 0]))
    expected = Ragged.from_rows([[0, 1, 0], [], [2, 1, 3], [0], [4, 5]]).pad(np.array([2, 0]))
    assert type(padded) is np.ndarray
    assert (padded.tolist(), mask.tolist()) == (expected[0].tolist(), expected[1].tolist())


@pytest.mark.skipif(not cache.LOCKS, reason="nobody can tell whether a process is still writing")
def test_files_of_killed_processes_are_removed_and_those_at_work_stay(tmp_path: Path) -> None:
    (tmp_path / "codes.left.tmp").write_bytes(b"half")
    (tmp_path / "other.left.tmp").write_bytes(b"of another array")
    first = ArrayFile(tmp_path, "codes", np.int8)
    second = ArrayFile(tmp_path, "codes", np.int8)
    for file in (first, second):
        file.append(np.arange(3))
    (path,) = {first.finish(), second.finish()}
    assert sorted(os.listdir(tmp_path)) == [path.name, "other.left.tmp"]


def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, own_cache: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: object, header: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(kept_arrays, "write_array_header_1_0", full)
    same(kept_columns.text_column(words(), "form"), Column.from_dataset(words(), "form"))
    assert "No space left on device" in own_cache[0]
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".tmp", ".npy")]


TRAININGS = {
    "pos_gru": ["embedding.words.size=8", "data.train=corpora/pos/dev.conllu"],
    "ner_lstm_crf": ["embedding.words.size=8", "data.train=corpora/entities/dev.conll"],
    "sentiment_lstm": ["embedding.words.size=8", "data.train=corpora/sentiment/dev.tsv"],
    "reverse_words": ["decoder.size=8", "data.train=corpora/reverse/dev.tsv"],
}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", TRAININGS)
def test_weights_are_those_of_a_training_in_memory(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: list[str]
) -> None:
    monkeypatch.setattr(codec_text, "BLOCK_BYTES", 5000)
    settings = [*TRAININGS[recipe], "encoder.size=8", "training.epochs=1", "training.threads=1"]
    root = Path(__file__).parents[3]
    for name, more in (("kept", "data.keep_in_memory=false"), ("memory", "data.keep_in_memory=true")):
        list(library.train(root / "recipes" / f"{recipe}.toml", [*settings, more], out=tmp_path / name))
        assert bool(list(cache.column_folder().rglob("*.npy"))) == (name == "kept")
        cache.clear()
    kept, memory = (tmp_path / name / "model.safetensors" for name in ("kept", "memory"))
    assert kept.read_bytes() == memory.read_bytes()
