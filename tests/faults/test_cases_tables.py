"""Small inputs on which something once went wrong in tables, and what is right; a sample of each kind."""

import gzip
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict
from datasets.utils import disable_progress_bars, enable_progress_bars
from typer.testing import CliRunner, Result

import seqnlp
from seqnlp.cli.app import app
from seqnlp.cli.common import decoded_blocks
from seqnlp.errors import DataError, RecipeError, RunError
from seqnlp.events import Event

CLASSIFY = """
task = "classify"
[data]
reader = "csv"
train = "{file}"
dev = "{file}"
[embedding.words]
size = 4
[encoder]
kind = "gru"
size = 4
[training]
epochs = 1
threads = 1
"""
TRANSLATE = (
    CLASSIFY.replace('"classify"', '"translate"')
    .replace("[embedding.words]", "[embedding]")
    .replace('reader = "csv"', 'tokenizer = "words"')
)


def recipe(folder: Path, text: str, file: Path | str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text.format(file=file))
    return path


def train(path: Path, settings: Iterable[str] = (), **options: Any) -> tuple[Path, list[str], list[Event]]:
    """The run, its notes without advice about so small a corpus, and its events."""
    notes: list[str] = []
    out = path.parent / "run"
    events = list(seqnlp.train(path, list(settings), out, overwrite=not options, notify=notes.append, **options))
    return out, [line for line in notes if "try " not in line], events


def labels(run: Path) -> list[str]:
    found: list[str] = json.loads((run / "codecs" / "labels.json").read_text())["labels"]
    return found


def call(*arguments: str | Path, text: str = "") -> Result:
    """Call a command; the text is what descriptor 0 gives, which the runner leaves alone."""
    before, (read, write) = os.dup(0), os.pipe()
    os.write(write, text.encode())
    os.close(write)
    os.dup2(read, 0)
    try:
        result = CliRunner().invoke(app, [*map(str, arguments)])
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(read)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def reviews(count: int = 6) -> list[dict[str, Any]]:
    return [
        {"text": f"{word} {number}", "label": label}
        for number in range(count)
        for word, label in (("good", "pos"), ("bad", "neg"))
    ]


def csv_text(rows: Iterable[dict[str, Any]]) -> str:
    return "text,label\n" + "".join(f"{row['text']},{row['label']}\n" for row in rows)


@pytest.mark.parametrize("empty", ["", " ", "\t", "\u00a0", "\u200b"])
def test_an_empty_label_is_no_class(tmp_path: Path, empty: str) -> None:
    file = tmp_path / "empties.csv"
    file.write_text(csv_text([*reviews(1), {"text": "unlabelled", "label": empty}, *reviews()]))
    run, notes, _ = train(recipe(tmp_path, CLASSIFY, file))
    assert labels(run) == ["neg", "pos"]
    assert notes == [f"{file}:4: 'label' is empty; left out 1 of 15 rows for that"]


def test_a_nameless_column_that_nobody_reads(tmp_path: Path) -> None:
    file = tmp_path / "pd.csv"
    rows = [f"{number},x,{row['text']},{row['label']},\n" for number, row in enumerate(reviews())]
    file.write_text(",x,text,label,x\n" + "".join(rows))
    run, notes, _ = train(recipe(tmp_path, CLASSIFY, file))
    assert (labels(run), notes) == (["neg", "pos"], [])


def test_nested_keys_that_nobody_reads(tmp_path: Path) -> None:
    file = tmp_path / "meta.jsonl"
    odd: list[Any] = [{"src": "web"}, None, 1, [1, "a"], {}]
    rows = [{**row, "meta": odd[number % 5]} for number, row in enumerate(reviews())]
    file.write_text("\n".join(map(json.dumps, [*rows, {**rows[0], "other": {"a": []}}])))
    run, notes, _ = train(recipe(tmp_path, CLASSIFY, file), ["data.reader=jsonl"])
    assert (labels(run), notes) == (["neg", "pos"], [])


@pytest.mark.parametrize(("pair", "names"), [((1, 0), ["0", "1"]), ((True, False), ["False", "True"])])
def test_labels_that_are_no_text(tmp_path: Path, pair: tuple[Any, Any], names: list[str]) -> None:
    rows = [{**row, "label": pair[row["label"] == "neg"]} for row in reviews()]
    (tmp_path / "int.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "int.csv").write_text(csv_text(rows))
    disable_progress_bars()
    Dataset.from_list(rows).save_to_disk(tmp_path / "int")
    enable_progress_bars()
    hub = ["data.reader.kind=hub", f"data.reader.path={tmp_path / 'int'}", "data.train=train", "data.dev=train"]
    for file, settings in {"int.csv": [], "int.jsonl": ["data.reader=jsonl"], "int": hub}.items():
        run, notes, _ = train(recipe(tmp_path, CLASSIFY, tmp_path / file), settings)
        assert (labels(run), notes) == (names, []), file


def test_a_third_column_of_a_translation(tmp_path: Path) -> None:
    file = tmp_path / "fra.txt"
    file.write_text("".join(f"go {n}\tva {n}\tCC-BY 2.0 #{n}\n" for n in range(20)))
    _, notes, _ = train(recipe(tmp_path, TRANSLATE, file))
    assert notes[0] == f"{file}: 3 columns; the first two are read as source and target (reader.names names them)"
    names = 'data.reader={kind="parallel", names=["source", "target", "_"]}'
    assert train(recipe(tmp_path, TRANSLATE, file), [names])[1][:-1] == notes[1:-1]
    table = tmp_path / "fra.tsv"
    table.write_text("id\ten\tfr\n" + "".join(f"{n}\tgo {n}\tva {n}\n" for n in range(20)))
    settings = ["data.reader=csv", "data.source=en", "data.target=fr"]
    assert train(recipe(tmp_path, TRANSLATE, table), settings)[1][:-1] == notes[1:-1]
    file.write_text("go\tva\tCC\nrun\n")
    with pytest.raises(DataError, match=r"fra\.txt:2: 1 columns; expected 3, as in the lines before"):
        train(recipe(tmp_path, TRANSLATE, file))


def test_several_labels_in_a_text(tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    rows = [("pay", "billing"), ("boot", "tech"), ("pay boot", "billing| tech"), ("hello", ""), ("odd", "tech|")] * 4
    file.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    run, notes, _ = train(recipe(tmp_path, CLASSIFY, file), ["data.multilabel=true", "data.separator=|"])
    assert labels(run) == ["billing", "tech"]
    assert "train: 4 empty 'label': texts without any label" in notes
    assert "train: 'tech|' has an empty part between separators, which is left out" in notes
    _, notes, _ = train(recipe(tmp_path, CLASSIFY, file))
    hint = "data.multilabel = true with data.separator = '|' splits such texts"
    assert f"train: 'billing| tech', 'tech|' look like several labels each; {hint}" in notes
    with pytest.raises(RecipeError, match=r"data\.separator: a text has one label"):
        train(recipe(tmp_path, CLASSIFY, file), ["data.separator=|"])


def test_lists_stay_lists(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    rows = [{"text": "a", "label": ["x|y"]}, {"text": "b", "label": ["z", "x|y"]}, {"text": "c", "label": []}] * 3
    file.write_text("\n".join(map(json.dumps, rows)))
    run, _, _ = train(
        recipe(tmp_path, CLASSIFY, file), ["data.reader=jsonl", "data.multilabel=true", "data.separator=|"]
    )
    assert labels(run) == ["x|y", "z"]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classifier")
    file = folder / "train.csv"
    file.write_text(csv_text(reviews()))
    return train(recipe(folder, CLASSIFY, file))[0]


TICKETS = 'id,text\n1,"good\nfilm"\n2,bad\n3,\n'


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.json", "t", "t.txt", "t.parquet"])
def test_a_record_is_one_text(classifier: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    records = [{"id": 1, "text": "good\nfilm"}, {"id": 2, "text": "bad"}, {"id": 3, "text": None}]
    if name == "t.csv":
        file.write_text(TICKETS)
    elif name == "t.tsv":
        file.write_text("id\ttext\n1\tgood film\n2\tbad\n3\t\n")
    elif name == "t.parquet":
        disable_progress_bars()
        Dataset.from_list(records).to_parquet(file)
        enable_progress_bars()
    else:
        file.write_text(json.dumps(records) if name == "t.json" else "\n".join(map(json.dumps, records)))
    result = call("classify", classifier, file)
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 3
    assert "no class for 1 records without words, the first of them record 3" in result.stderr
    plain = call("classify", classifier, text="good film\nbad\n\n")
    assert result.stdout == plain.stdout


def test_any_file_can_be_taken_as_lines(classifier: Path, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(TICKETS)
    assert len(call("classify", classifier, file, "--reader", "text").stdout.splitlines()) == 5
    assert len(call("classify", classifier, file, "--column", "id").stdout.splitlines()) == 3
    assert len(call("classify", classifier, "--reader", "csv", text=TICKETS).stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("t.xlsx", b"PK\3\4", "t.xlsx: this is a spreadsheet; save it as csv, jsonl or text"),
        ("t", b"PK\3\4", "t: this is a zip archive, such as a spreadsheet"),
        ("t.srt", b"1\n", "t.srt: this is a file of subtitles; save it as csv, jsonl or text; --reader text takes it"),
        ("t", b"<!DOCTYPE html><p>", "t: this is an HTML page"),
        ("t.txt", b"{\\rtf1 a}", "t.txt: this is a document in RTF"),
        ("t", b"PAR1PAR1", "t: this is a parquet file; its name should end in .parquet"),
        ("t.txt", b"%PDF-1.7", "t.txt: this is a PDF"),
        ("t", TICKETS.encode(), "t:1: this looks like a table with a header; --reader csv reads it"),
        ("t.csv", b"id,body\n1,x\n", "t.csv:1: no column 'text': there are id, body; --column names another"),
        ("t.jsonl", b'{"text": 1}\n', "t.jsonl: record 1: 'text' is 1; expected text"),
        ("t.json", b"[1]", "t.json: item 1 is not an object with keys"),
        ("t.conllu", b"1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n", "t.conllu: this has a word on each line"),
    ],
)
def test_what_is_no_text_is_refused_in_one_line(
    classifier: Path, tmp_path: Path, name: str, data: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError) as caught:
        call("classify", classifier, tmp_path / name)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pipe_compressed_with_gzip_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "pipe").write_bytes(gzip.compress(b"good\n"))
    with pytest.raises(DataError, match=r"pipe: this is compressed with gzip; decompress it first, with gzip -dc$"):
        next(decoded_blocks(tmp_path / "pipe"))


def test_standard_input_is_recognised_by_its_first_line(classifier: Path) -> None:
    found = call("classify", classifier, text='{"text": "good"}\n\n{"text": "bad"}\n')
    assert found.stdout == call("classify", classifier, text="good\nbad\n").stdout
    for text in (TICKETS, "# sent_id = 1\n1\ta" + "\t_" * 8 + "\n"):
        with pytest.raises(DataError, match="standard input:1: this looks like"):
            call("classify", classifier, text=text)


def test_the_source_of_parallel_text_is_translated(tmp_path: Path) -> None:
    file = tmp_path / "fra.txt"
    file.write_text("".join(f"go {n}\tva {n}\tCC-BY 2.0 #{n}\n" for n in range(20)))
    run, _, _ = train(recipe(tmp_path, TRANSLATE, file))
    sources = "".join(f"go {n}\n" for n in range(20))
    assert call("translate", run, file).stdout == call("translate", run, text=sources).stdout
    with pytest.raises(DataError, match="standard input:1: this looks like source and target with a tab between"):
        call("translate", run, text=file.read_text())
    read = call("translate", run, "--reader", "parallel", text=file.read_text())
    assert len(read.stdout.splitlines()) == 20


def test_a_changed_dataset_is_noticed_by_resume(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"

    def write(text: str) -> None:
        disable_progress_bars()
        rows = reviews(20)
        splits = {
            "train": Dataset.from_list([*rows, {"text": text, "label": "pos"}]),
            "validation": Dataset.from_list(rows),
        }
        DatasetDict(splits).save_to_disk(folder)
        enable_progress_bars()

    write("first")
    path = recipe(tmp_path, CLASSIFY, "")
    settings = [
        "data.reader.kind=hub",
        f"data.reader.path={folder}",
        "data.train=train",
        "data.dev=validation",
        "training.epochs=3",
    ]
    events = seqnlp.train(path, settings, tmp_path / "run")
    next(event for event in events if type(event).__name__ == "Saved")
    events.close()
    hashes = json.loads((tmp_path / "run" / "meta.json").read_text())["corpus"]
    assert set(hashes) == {"train", "dev"}
    assert all(len(digest) == 64 for digest in hashes.values())
    write("second")
    with pytest.raises(RunError, match=r"the train split \(train\) has changed since the training began"):
        train(path, settings, resume=True)
    write("first")
    train(path, settings, resume=True)


def test_stats_of_datasets_on_disk(tmp_path: Path) -> None:
    disable_progress_bars()
    table = Dataset.from_list(reviews(10))
    DatasetDict({"test": table, "train": table}).save_to_disk(tmp_path / "splits")
    table.save_to_disk(tmp_path / "single")
    table.to_parquet(tmp_path / "files" / "data" / "train-00000-of-00001.parquet")
    enable_progress_bars()
    for name, splits in {"splits": ["train", "test"], "single": ["train"], "files": ["train"]}.items():
        found = json.loads(call("corpora", "stats", tmp_path / name, "--json").stdout)["splits"]
        assert list(found) == splits
        assert all(
            each["sequences"] == 20 and each["labels"] == {"label": {"pos": 10, "neg": 10}} for each in found.values()
        )
