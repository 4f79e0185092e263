"""States of frozen networks: computed once a corpus, then mapped from the cache."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from seqnlp.arrays import IntArray, LazyRows, Ragged
from seqnlp.codecs import Column, EncodedText, TextFeatures
from seqnlp.embeddings.base import TextBatch
from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers import cache
from seqnlp.tasks import kept_states
from seqnlp.tasks.kept_states import keep_states


class Numbers(LazyRows):
    """Two numbers for each word: its place in the corpus, and minus that."""

    def __init__(self, lengths: list[int], key: str) -> None:
        self.offsets = np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))])
        self.shape, self._key, self.asked = (2,), key, 0

    @property
    def key(self) -> str:
        return self._key

    def compute(self, rows: IntArray) -> NDArray[np.float16]:
        self.asked += len(rows)
        places, _ = Ragged(np.empty(0), self.offsets).positions(rows)
        return np.stack([places, -places], 1).astype(np.float16)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def kept(numbers: LazyRows) -> Ragged | LazyRows:
    words = Column.from_rows([["a"] * length for length in numbers.lengths.tolist()])
    text = keep_states(EncodedText(words, {"part": TextFeatures(sentences={"states": numbers})}))
    return text.features["part"].sentences["states"]


def test_states_are_computed_once_and_mapped() -> None:
    first, again = Numbers([2, 0, 3], "a"), Numbers([2, 0, 3], "a")
    notes: list[str] = []
    with notes_to(notes.append):
        rows = kept(first)
        assert isinstance(rows, Ragged)
        assert isinstance(rows.values, np.memmap)
        assert rows.values.tolist() == [[0, 0], [1, -1], [2, -2], [3, -3], [4, -4]]
        assert kept(again).pad(np.array([2, 0]))[0].tolist() == first.pad(np.array([2, 0]))[0].tolist()
    assert again.asked == 0
    assert notes == ["part: the states of 5 words are computed once, and kept in the cache (20 B)"]


def test_other_texts_have_states_of_their_own() -> None:
    kept(Numbers([2], "a"))
    other = Numbers([2], "b")
    kept(other)
    assert other.asked == 1
    assert {entry.kind for entry in cache.entries(cache.state_folder())} == {"states"}
    assert len(list(cache.entries())) >= 2


def test_no_words_need_no_file() -> None:
    rows = kept(Numbers([0, 0], "a"))
    assert isinstance(rows, Ragged)
    assert rows.values.shape == (0, 2)
    assert not cache.state_folder().exists()


def test_states_beyond_half_precision_are_refused() -> None:
    with (
        pytest.raises(DataError, match="part: its states are not finite in half precision"),
        np.errstate(over="ignore"),
    ):
        kept(Numbers([70_000], "a"))
    assert not list(cache.state_folder().rglob("*.npy"))


def test_states_beyond_half_precision_are_refused_where_none_are_kept() -> None:
    """As in predictions, which compute states of a text when it comes."""
    numbers = Numbers([2, 70_000], "a")
    words = Column.from_rows([["a"] * length for length in numbers.lengths.tolist()])
    text = EncodedText(words, {"part": TextFeatures(sentences={"states": numbers})})
    assert TextBatch.gather(text, np.array([0])).features["part"].sentences["states"].tolist() == [[[0, 0], [1, -1]]]
    with (
        pytest.raises(DataError, match=r"^embedding\.part: its states are not finite in half precision$"),
        np.errstate(over="ignore"),
    ):
        TextBatch.gather(text, np.array([0, 1]))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-3],
        lambda content: content[:5],
        lambda content: b"",
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    ],
)
def test_a_damaged_file_is_made_again(damage: Callable[[bytes], bytes]) -> None:
    kept(Numbers([2], "a"))
    (file,) = cache.state_folder().rglob("*.npy")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again = Numbers([2], "a")
    notes: list[str] = []
    with notes_to(notes.append):
        kept(again)
    assert again.asked == 1
    assert file.read_bytes() == whole
    assert notes[0] == f"{file}: damaged; the states are computed anew"


def test_trainings_that_compute_the_same_states_do_not_disturb_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process ends while this one is at work: both have written the same file."""

    class Slow(Numbers):
        def compute(self, rows: IntArray) -> NDArray[np.float16]:
            if not self.asked:
                with monkeypatch.context() as patch:
                    patch.setattr("os.getpid", lambda: 1)
                    kept(Numbers([2, 1], "a"))
            return super().compute(rows)

    rows = kept(Slow([2, 1], "a"))
    assert isinstance(rows, Ragged)
    assert rows.values.tolist() == [[0, 0], [1, -1], [2, -2]]
    assert len(list(cache.state_folder().rglob("*.npy"))) == 1
    assert not list(cache.state_folder().rglob("*.tmp"))


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "seqnlp").write_text("no folder")
    with pytest.raises(DataError, match=r"can't keep the states of part: .*; XDG_CACHE_HOME names another place"):
        kept(Numbers([2], "a"))


def test_the_least_recently_used_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    kept(Numbers([20], "a"))
    for entry in cache.entries(cache.state_folder()):
        cache.release(entry.path)
    monkeypatch.setattr(kept_states, "MOST_BYTES", 300)
    kept(Numbers([30], "b"))
    assert len(list(cache.entries(cache.state_folder()))) == 1
