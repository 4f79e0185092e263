"""Rows of `evaluate --rows`: they add up to the scores, for every task."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from seqnlp import api
from seqnlp.cli.app import app
from seqnlp.cli.row_files import cell_text, check_table, row_writer
from seqnlp.codecs import Column
from seqnlp.errors import DataError, UsageError
from seqnlp.tasks.tag.predictor import as_in_corpus
from seqnlp.tasks.tag.recipe import TagData

FROZEN = Path(__file__).parents[2] / "data" / "run_v2"


def rows_of(run: Path, **settings: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    result = api.evaluate(run, on_row=lambda row: rows.append(dict(row)), **settings)
    return rows, result


def mean(rows: list[dict[str, Any]], key: str) -> float:
    return float(np.mean([row[key] for row in rows]))


def test_words_of_a_tagger() -> None:
    rows, result = rows_of(FROZEN / "tag")
    assert len(rows) == result["items"]
    assert mean(rows, "right") == pytest.approx(result["scores"]["accuracy"])
    unknown = [row for row in rows if not row["known"]]
    assert mean(unknown, "right") == pytest.approx(result["scores"]["accuracy_unknown"])
    assert (rows[0]["row"], rows[0]["token"], rows[0]["word"]) == (1, 1, "You")
    assert all(row["right"] == (row["gold"] == row["predicted"]) for row in rows)
    assert all(0 < row["score"] <= 1 for row in rows)
    assert rows[-1]["row"] == max(row["row"] for row in rows)


def test_texts_of_a_classifier() -> None:
    rows, result = rows_of(FROZEN / "classify")
    assert [row["row"] for row in rows] == list(range(1, 71))
    assert mean(rows, "right") == pytest.approx(result["scores"]["accuracy"])
    assert mean(rows, "log_loss") == pytest.approx(result["scores"]["log_loss"], rel=1e-5)
    assert rows[0]["text"] == "They look great and feel even better. I have already ordered a second pair."


def test_tokens_of_a_language_model() -> None:
    rows, result = rows_of(FROZEN / "lm")
    assert len(rows) == result["items"]
    assert mean(rows, "nats") == pytest.approx(result["scores"]["nats"], rel=1e-5)
    text = Path("corpora/prose/test.txt").read_text(encoding="utf-8")
    known = [row for row in rows if row["gold"] != "\N{REPLACEMENT CHARACTER}"]
    assert all(row["gold"] == text[row["row"] - 1] for row in known)
    assert 0.3 < mean(rows, "right") < 0.4
    assert all(row["right"] == (row["gold"] == row["predicted"]) for row in known)


def test_sentences_of_a_translator() -> None:
    rows, result = rows_of(FROZEN / "translate")
    pairs = [line.split("\t") for line in Path("corpora/reverse/test.tsv").read_text(encoding="utf-8").splitlines()]
    assert [[row["source"], row["gold"]] for row in rows] == pairs
    assert mean(rows, "right") == pytest.approx(result["scores"]["exact_match"])
    lengths = np.array([len(row["gold"]) + 1 for row in rows])  # characters, and the end
    nats = np.array([row["nats"] for row in rows])
    assert (lengths @ nats) / lengths.sum() == pytest.approx(result["scores"]["nats"], rel=1e-5)


def test_recordings_of_a_transcriber() -> None:
    rows, result = rows_of(FROZEN / "transcribe")
    assert [row["row"] for row in rows] == list(range(1, 41))
    assert mean(rows, "right") == pytest.approx(result["scores"]["exact_match"])
    lengths = np.array([len(row["gold"]) for row in rows])
    rates = np.array([row["cer"] for row in rows])
    assert (lengths @ rates) / lengths.sum() == pytest.approx(result["scores"]["cer"])


def test_sentences_of_a_segmenter() -> None:
    rows, result = rows_of(FROZEN / "segment")
    assert [row["row"] for row in rows] == list(range(1, len(rows) + 1))
    lengths = np.array([len(row["gold"].split()) for row in rows])
    shares = np.array([row["tokens_right"] for row in rows])
    recall = result["scores"]["labels"]["tokens"]["recall"]
    assert (lengths @ shares) / lengths.sum() == pytest.approx(recall)
    assert mean(rows, "sentence_right") == pytest.approx(result["scores"]["labels"]["sentences"]["recall"])
    assert all(row["gold"] == row["predicted"] for row in rows if row["right"])
    assert all(row["tokens_right"] == 1 for row in rows if row["right"])


def test_windows_of_a_forecaster() -> None:
    rows, result = rows_of(FROZEN / "forecast")
    assert len(rows) == result["items"]
    assert np.mean(np.abs([row["error"] for row in rows])) == pytest.approx(result["scores"]["mae_units"], rel=1e-5)
    inside = [row["low_80"] <= row["actual"] <= row["high_80"] for row in rows]
    assert np.mean(inside) == pytest.approx(result["scores"]["coverage_80"], abs=2e-3)  # rounding at the ends


SEVERAL = "text,kinds\n" + "".join(f"{a} and {b},{a}|{b}\n{a} alone,{a}\n" for a in "xyz" for b in "xyz" if a < b) * 6


def test_several_labels_and_columns(tmp_path: Path) -> None:
    (tmp_path / "several.csv").write_text(SEVERAL, encoding="utf-8")
    (tmp_path / "several.toml").write_text(
        'task = "classify"\nencoder = { size = 4 }\n[data]\nreader = "csv"\ntrain = "several.csv"\n'
        'dev = "several.csv"\ntest = "several.csv"\nlabel = "kinds"\nmultilabel = true\nseparator = "|"\n'
        "[training]\nepochs = 2\n",
        encoding="utf-8",
    )
    list(api.train(tmp_path / "several.toml", out=tmp_path / "run"))
    rows, result = rows_of(tmp_path / "run")
    assert rows[0]["gold"] == "x|y"
    assert mean(rows, "right") == pytest.approx(result["scores"]["exact_match"])

    lines = "".join(f"{word}\tU{word}\tX{word}\n" for word in "abc") + "\n"
    (tmp_path / "two.conll").write_text(lines * 9, encoding="utf-8")
    (tmp_path / "two.toml").write_text(
        'task = "tag"\nencoder = { size = 4 }\n[data]\nreader = { kind = "columns", names = ["form", "u", "x"] }\n'
        'train = "two.conll"\ndev = "two.conll"\nlabels = ["u", "x"]\n[training]\nepochs = 1\n',
        encoding="utf-8",
    )
    list(api.train(tmp_path / "two.toml", out=tmp_path / "two"))
    rows, result = rows_of(tmp_path / "two", split="dev")
    assert [row["x.gold"] for row in rows[:3]] == ["Xa", "Xb", "Xc"]
    assert mean(rows, "x.right") == pytest.approx(result["scores"]["x.accuracy"])


def test_tags_are_those_of_the_corpus() -> None:
    data = TagData.model_validate(
        {
            "reader": {"kind": "conllu"},
            "train": "a",
            "dev": "b",
            "scheme": "bio",
            "training_scheme": "bioes",
            "labels": ["tag"],
        }
    )
    assert as_in_corpus(Column.from_rows([["S-X", "O", "B-X", "E-X"]]), data) == ["B-X", "O", "B-X", "I-X"]


def test_csv_tsv_and_json_lines_hold_the_same(tmp_path: Path) -> None:
    for ending in ("csv", "tsv", "jsonl"):
        file = tmp_path / f"rows.{ending}"
        result = CliRunner().invoke(app, ["evaluate", str(FROZEN / "classify"), "--rows", str(file)])
        assert result.exit_code == 0, result.output
    objects = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    for ending, delimiter in (("csv", ","), ("tsv", "\t")):
        with (tmp_path / f"rows.{ending}").open(encoding="utf-8", newline="") as lines:
            table = list(csv.DictReader(lines, delimiter=delimiter))
        assert [row["text"] for row in table] == [each["text"] for each in objects]
        assert [row["right"] for row in table] == ["yes" if each["right"] else "no" for each in objects]
        assert [float(row["score"]) for row in table] == pytest.approx([each["score"] for each in objects], rel=1e-5)
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rows.txt", "ends in"),
        ("rows", "ends in"),
        ("nowhere/rows.csv", "no folder"),
        ("rows.cvs", "did you mean '.csv'"),
    ],
)
def test_a_table_that_cannot_be_written_is_refused_before_any_work(name: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        check_table(tmp_path / name)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="this is a folder"):
        check_table(tmp_path / "folder.csv")


def test_the_data_are_no_place_for_their_rows(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text("text,label\nfine,good\n", encoding="utf-8")
    words = ["evaluate", str(FROZEN / "classify"), "--data", str(file), "--rows", str(tmp_path / "./texts.csv")]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, UsageError)
    assert "this is the data itself; name another file" in str(result.exception)
    assert file.read_text(encoding="utf-8") == "text,label\nfine,good\n"


def test_a_failure_leaves_the_old_table(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("old", encoding="utf-8")

    def fail() -> None:
        with row_writer(file) as write:
            write({"a": 1})
            raise DataError("broken")

    with pytest.raises(DataError, match="broken"):
        fail()
    assert file.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_cells() -> None:
    assert [cell_text(value) for value in (None, True, False, 0.123456789, 7, "a")] == [
        "", "yes", "no", "0.123457", "7", "a",
    ]  # fmt: skip
