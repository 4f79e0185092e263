"""Rows without a value are left out with a note that names the first, whatever the reader."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from datasets import Dataset
from datasets.utils import disable_progress_bars, enable_progress_bars
from hypothesis import given
from hypothesis import strategies as st

from seqnlp.errors import DataError
from seqnlp.notes import notes_to
from seqnlp.readers import Columns, Conllu, Csv, Hub, Jsonl, Reader
from seqnlp.readers.empties import FILLED, Need, blank_texts, is_blank

ROWS = [("good", "p"), ("bad", ""), ("fine", "p"), ("poor", None), ("awful", " \u00a0\t"), ("odd", "\u200b\ufeff")]


def csv_file(folder: Path) -> tuple[Reader, str | Path, str]:
    path = folder / "x.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label or ''}\n" for text, label in ROWS))
    return Csv(), path, f"{path}:3"


def tsv_file(folder: Path) -> tuple[Reader, str | Path, str]:
    path = folder / "x.tsv"
    path.write_text("text\tlabel\n" + "".join(f"{text}\t{(label or '').strip(chr(9))}\n" for text, label in ROWS))
    return Csv(), path, f"{path}:3"


def jsonl_file(folder: Path) -> tuple[Reader, str | Path, str]:
    path = folder / "x.jsonl"
    path.write_text("\n".join(json.dumps({"text": text, "label": label}) for text, label in ROWS))
    return Jsonl(), path, f"{path}:2"


def table() -> Dataset:
    return Dataset.from_dict({"text": [row[0] for row in ROWS], "label": [row[1] for row in ROWS]})


def parquet_file(folder: Path) -> tuple[Reader, str | Path, str]:
    disable_progress_bars()
    table().to_parquet(folder / "x.parquet")
    enable_progress_bars()
    return Hub(path=str(folder / "x.parquet")), "train", f"{folder}/x.parquet (train), row 2"


def saved_folder(folder: Path) -> tuple[Reader, str | Path, str]:
    disable_progress_bars()
    table().save_to_disk(str(folder / "saved"))
    enable_progress_bars()
    return Hub(path=str(folder / "saved")), "train", f"{folder}/saved (train), row 2"


@pytest.mark.parametrize("made", [csv_file, tsv_file, jsonl_file, parquet_file, saved_folder])
def test_rows_without_a_label_are_left_out(tmp_path: Path, made: Callable[..., tuple[Reader, Any, str]]) -> None:
    reader, source, place = made(tmp_path)
    for _ in range(2):  # the second time from the cache
        notes: list[str] = []
        with notes_to(notes.append):
            found = reader.load(source, {"text": FILLED, "label": FILLED})
        assert list(found["text"]) == ["good", "fine"]
        assert notes == [f"{place}: 'label' is empty; left out 4 of 6 rows for that"]


def test_a_sentence_with_an_empty_tag_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    path.write_text("# a\na\tX\n\nb\tY\n# c\nc\t\n\n-DOCSTART-\n\nd\tX\n")
    reader, notes = Columns(names=["word", "tag"], delimiter="\t", comment="# "), list[str]()
    with notes_to(notes.append):
        assert list(reader.load(path, {"word": FILLED, "tag": FILLED})["word"]) == [["a"], ["d"]]
    assert notes == [f"{path}:6: 'tag' is empty; left out 1 of 3 rows for that"]


def test_a_word_of_a_treebank_knows_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.conllu"
    row = "{0}\t{1}\t_\t{2}\t_\t_\t0\t_\t_\t_\n"
    path.write_text(
        "# sent_id = 1\n"
        + row.format(1, "a", "X")
        + "\n"
        + row.format("1-2", "bc", "_")
        + row.format(1, "b", "X")
        + row.format(2, "c", "")
    )
    notes: list[str] = []
    with notes_to(notes.append):
        assert list(Conllu().load(path, {"upos": FILLED})["form"]) == [["a"]]
    assert notes == [f"{path}:6: 'upos' is empty; left out 1 of 2 rows for that"]


def test_rows_of_a_slice_know_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text,label\na,1\nb,2\nc,\nd,4\n")
    notes: list[str] = []
    with notes_to(notes.append):
        assert list(Csv().load(f"{path}[1:]", {"text": FILLED, "label": FILLED})["text"]) == ["b", "d"]
    assert notes == [f"{path}:4: 'label' is empty; left out 1 of 3 rows for that"]


def test_renamed_columns_are_called_as_the_task_calls_them(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(",message,message,klass\n0,x,y,1\n")
    reader = Csv(columns={"label": "klass", "text": "message"})
    assert list(reader.load(path, {"label": FILLED})) == [{"label": "1"}]
    with pytest.raises(DataError, match=r"x\.csv:1: 2 columns are called 'message'; expected one"):
        reader.load(path, {"text": FILLED, "label": FILLED})


def test_a_table_of_empties_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text,label\na,\nb, \n")
    with pytest.raises(DataError, match=r"x\.csv:2: 'label' is empty, as in all 2 rows: nothing is left"):
        Csv().load(path, {"label": FILLED})


def test_what_is_empty_is_the_tasks_to_say(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"a": "", "b": []}\n{"a": "x", "b": ["y"]}\n{"a": null, "b": ["y"]}\n{"a": "x", "b": ["y", " "]}\n'
    )
    assert len(Jsonl().load(path, {"a": Need(blank=True)})) == 3
    assert len(Jsonl().load(path, {"a": FILLED})) == 2
    assert len(Jsonl().load(path, {"b": Need(no_items=True)})) == 3
    assert len(Jsonl().load(path, {"b": FILLED})) == 2


@pytest.mark.parametrize("text", ["", " ", "\u00a0\u2003", "\u200b\u200d", "\ufeff", "\t\r\n", "\x00"])
def test_blank_texts(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}.{text}")


ENCODABLE = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(" \u200b\u00a0x"), max_size=4)


@given(texts=st.lists(ENCODABLE | st.none(), max_size=9), chunk=st.integers(1, 4))
def test_blank_texts_of_a_column_are_those_one_by_one(texts: list[str | None], chunk: int) -> None:
    chunks = [texts[at : at + chunk] for at in range(0, len(texts), chunk)]
    column = pa.chunked_array([pa.array(part, pa.string()) for part in chunks], pa.string())
    assert blank_texts(column).tolist() == [text is not None and is_blank(text) for text in texts]
