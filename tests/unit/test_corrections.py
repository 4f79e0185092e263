"""Corrections: rows in every format that holds them, saved whole or not at all, and recipes that learn from them."""

import json
import shutil
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from seqnlp.errors import DataError, RunError, UsageError
from seqnlp.readers import Columns, Conllu, Csv, Hub, Jsonl, Reader
from seqnlp.recipe import load_recipe
from seqnlp.records.rows import append_row, read_rows, rows_text, suffix_of, writer_for
from seqnlp.run.lock import exclusive
from seqnlp.service import corrections
from seqnlp.tasks.registry import import_tasks

import_tasks()
ROOT = Path(__file__).parents[2]
WORDS = {"form": ["It", "is", "1 000"], "upos": ["PRON", "AUX", "NUM"]}
TEXTS = {"text": 'so "good",\tthey said', "label": "yes"}
READERS: dict[str, tuple[Reader, dict[str, Any], str]] = {
    "conllu": (Conllu(), WORDS, "form"),
    "columns": (Columns(names=["_", "form", "_", "upos"], delimiter="\t"), WORDS, "form"),
    "blanks": (Columns(names=["form", "upos"]), {"form": ["a", "b"], "upos": ["X", "Y"]}, "form"),
    "csv": (Csv(), TEXTS, "text"),
    "quotes": (Csv(quotechar="'", delimiter=";", encoding="cp1252"), {**TEXTS, "text": "naïve; ok"}, "text"),
    "no header": (Csv(names=["label", "_", "text"]), TEXTS, "text"),
    "jsonl": (Jsonl(), {"text": "a\nb", "labels": ["x", "y"]}, "text"),
    "utf-16": (Conllu(encoding="utf-16"), WORDS, "form"),
}


@pytest.mark.parametrize("name", list(READERS))
def test_rows_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    given, row, key = READERS[name]
    reader = writer_for(given, row)
    assert reader is given
    file = tmp_path / f"own{suffix_of(reader, 'train.tsv.gz')}"
    rows = [row, {**row, key: row[key][::-1]}, {**row, key: [*row[key], row[key][0]] if key == "form" else "third"}]
    if key == "form":
        rows[2]["upos"] = [*row["upos"], "X"]
    for number, each in enumerate(rows, 1):
        assert append_row(reader, file, each, key) == (number, False)
    assert [*read_rows(reader, file, list(row))] == rows
    other = "upos" if key == "form" else "label" if "label" in row else "labels"
    changed = {**row, other: row[other][::-1]}
    assert append_row(reader, file, changed, key) == (3, True)
    assert [*read_rows(reader, file, list(row))] == [*rows[1:], changed]
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("reader", "row", "words"),
    [
        (Conllu(), {"form": ["a\tb"], "upos": ["X"]}, "can't be a field"),
        (Conllu(), {"form": ["a"], "upos": [""]}, "can't be a field"),
        (Columns(names=["form", "upos"]), {"form": ["a b"], "upos": ["X"]}, "can't be a field"),
        (Csv(quotechar=""), {"text": "a,b", "label": "x"}, "no quotes"),
        (Csv(encoding="cp1252"), {"text": "→", "label": "x"}, "can't be written in"),
        (Csv(na_values=["-"]), {"text": "-", "label": "x"}, "can't hold"),
    ],
)
def test_what_a_format_cannot_hold_leaves_the_file(
    reader: Any, row: dict[str, Any], words: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.csv"
    key, other = list(row)
    append_row(
        reader,
        file,
        {key: ["z"] if key == "form" else "z", other: row[other] or ["X"]} | ({other: ["X"]} if key == "form" else {}),
        key,
    )
    before = file.read_bytes()
    with pytest.raises(DataError, match=words):
        append_row(reader, file, row, key)
    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["own.csv"]


def test_what_was_written_by_hand_stays(tmp_path: Path) -> None:
    file = tmp_path / "own.conllu"
    file.write_text("# checked twice\n1\ta\t_\tX\t_\t_\t_\t_\t_\t_")
    append_row(Conllu(), file, {"form": ["b"], "upos": ["Y"], "text": "b"}, "form")
    assert file.read_text() == (
        "# checked twice\n1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n\n# text = b\n1\tb\t_\tY\t_\t_\t_\t_\t_\t_\n\n"
    )


def test_other_formats_become_json_lines() -> None:
    assert isinstance(writer_for(Hub(path="owner/name"), TEXTS), Jsonl)
    assert isinstance(writer_for(Csv(), {"text": ["a", "list"]}), Jsonl)
    assert isinstance(writer_for(Columns(names=["form", "pos"]), WORDS), Jsonl)
    assert rows_text(Jsonl(), [{"text": "ä"}], Path("x")) == '{"text": "ä"}\n'


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "corpora").symlink_to(ROOT / "corpora")
    for task in ("tag", "classify"):
        shutil.copytree(ROOT / "tests/data/run_v2" / task, tmp_path / "runs" / task)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_corrected_sentence_is_learned_instead_of_that_of_the_corpus(work: Path) -> None:
    corpus = (work / "corpora/pos/dev.conllu").read_bytes()
    (first,) = [*read_rows(Conllu(), work / "corpora/pos/dev.conllu", ["form", "upos"])][:1]
    row = {"form": first["form"], "upos": ["X"] * len(first["upos"])}
    found = corrections.save("runs/tag", row, "form", "a text")
    assert found == {"file": "corrections/tag.conllu", "count": 1, "replaced": False}
    assert corrections.save("runs/tag", {"form": ["New"], "upos": ["ADJ"]}, "form")["count"] == 2
    learn = corrections.training_recipe("runs/tag", "form")
    assert (learn["recipe"], learn["count"]) == ("recipes/tag_corrected.toml", 2)
    recipe: Any = load_recipe("recipes/tag_corrected.toml")
    rows = [*read_rows(Conllu(), Path(recipe.data.train), ["form", "upos"])]
    assert [each["upos"] for each in rows if each["form"] == row["form"]] == [row["upos"]]
    assert rows[-1] == {"form": ["New"], "upos": ["ADJ"]}
    assert len(rows) == learn["rows"] == 1 + len([*read_rows(Conllu(), work / "corpora/pos/dev.conllu", ["form"])])
    assert Path(recipe.data.dev).is_absolute()
    assert (work / "corpora/pos/dev.conllu").read_bytes() == corpus
    Path("recipes/tag_corrected.toml").write_text("# mine\n")
    assert corrections.training_recipe("runs/tag", "form")["recipe"] == "recipes/tag_corrected_2.toml"
    assert Path("recipes/tag_corrected.toml").read_text() == "# mine\n"


def test_a_corrected_text_keeps_the_delimiter_of_its_corpus(work: Path) -> None:
    found = corrections.save("runs/classify", {"text": "quite, good", "label": "positive"}, "text")
    assert found["file"] == "corrections/classify.tsv"
    assert Path(found["file"]).read_text() == "text\tlabel\nquite, good\tpositive\n"
    learn = corrections.training_recipe("runs/classify", "text")
    assert Path("corrections/train/classify.tsv").read_text().endswith("\nquite, good\tpositive\n")
    assert learn["count"] == 1


@pytest.mark.parametrize("name", ["tag.2", "tag[1]"])
def test_corrections_are_those_of_the_run_alone(work: Path, name: str) -> None:
    shutil.copytree(work / "runs/tag", work / "runs" / name)
    for run, words in (("tag", ["One"]), (name, ["Other", "words"])):
        corrections.save(f"runs/{run}", {"form": words, "upos": ["X"] * len(words)}, "form")
    for run, words in (("tag", ["One"]), (name, ["Other", "words"])):
        learn = corrections.training_recipe(f"runs/{run}", "form")
        recipe: Any = load_recipe(learn["recipe"])
        assert learn["count"] == 1
        assert [*read_rows(Conllu(), Path(recipe.data.train), ["form"])][-1]["form"] == words


def test_another_run_of_the_same_name_has_files_of_its_own(work: Path) -> None:
    """In another folder, or in the same one when its columns are others."""
    shutil.copytree(work / "runs/tag", work / "more/tag")
    assert save("runs/tag", "One") == "corrections/tag.conllu"
    assert save("more/tag", "Other") == "corrections/tag_2.conllu"
    assert save("runs/tag", "Two") == "corrections/tag.conllu"
    assert corrections.training_recipe("more/tag", "form")["name"] == "tag_2_corrected"
    shutil.rmtree(work / "runs/tag")
    shutil.copytree(work / "runs/classify", work / "runs/tag")
    found = corrections.save("runs/tag", {"text": "good", "label": "positive"}, "text")
    assert found["file"] == "corrections/tag_3.tsv"


def test_corrections_stay_with_a_run_that_is_renamed_or_trained_again(work: Path) -> None:
    assert save("runs/tag", "One") == "corrections/tag.conllu"
    Path("runs/tag").rename("runs/tagger")
    assert save("runs/tagger", "Two") == "corrections/tag.conllu"
    shutil.copytree(ROOT / "tests/data/run_v2/tag", work / "runs/tag")  # the old name is free for another run
    assert save("runs/tag", "Three") == "corrections/tag_2.conllu"
    owners = json.loads((work / corrections.OWNERS).read_text())
    assert owners["tag"]["path"] == str(work / "runs/tagger")
    owners["tag"]["sha256"] = "that of an earlier training"
    (work / corrections.OWNERS).write_text(json.dumps(owners))
    assert corrections.training_recipe("runs/tagger", "form")["count"] == 2
    (work / corrections.OWNERS).write_text('{"tag": 1}')
    with pytest.raises(RunError, match=r"corrections/\.runs\.json: damaged"):
        save("runs/tag", "Four")


def save(run: str, word: str) -> str:
    file: str = corrections.save(run, {"form": [word], "upos": ["X"]}, "form")["file"]
    return file


def test_two_applications_that_save_at_once_lose_nothing(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one waits until the first has written what it has read."""
    has_read, append = Event(), append_row

    def halting(*given: Any) -> tuple[int, bool]:
        if not has_read.is_set():
            has_read.set()
            second.start()
            second.join(0.3)
            assert second.is_alive()
        return append(*given)

    second = Thread(target=save, args=("runs/tag", "Two"))
    monkeypatch.setattr(corrections, "append_row", halting)
    save("runs/tag", "One")
    second.join(60)
    rows = [*read_rows(Conllu(), work / "corrections/tag.conllu", ["form"])]
    assert [row["form"] for row in rows] == [["One"], ["Two"]]


def test_a_lock_that_is_never_given_back_is_told(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.run.lock.PATIENCE", 0.1)
    with exclusive(Path("corrections")), pytest.raises(RunError, match="another process has been writing here"):
        save("runs/tag", "One")


def test_what_can_not_be_learned_is_refused(work: Path) -> None:
    with pytest.raises(UsageError, match="nothing was corrected yet"):
        corrections.training_recipe("runs/tag", "form")
    with pytest.raises(UsageError, match="'upos'"):
        corrections.save("runs/tag", {"form": ["a"]}, "form")
