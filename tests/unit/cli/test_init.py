"""`seqnlp init`: what it makes of small files of all kinds; the recipe passes all checks and trains."""

import io
import json
import random
import shlex
import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from datasets import Dataset
from typer.testing import CliRunner, Result

from seqnlp import api
from seqnlp.cli.app import app
from seqnlp.cli.init import Asker
from seqnlp.errors import DataError, SeqnlpError, UsageError
from seqnlp.events import Done
from seqnlp.readers.local import shipped_folder

HOURS = [
    (datetime(2024, 10, 20, tzinfo=UTC) + timedelta(hours=hour)).astimezone(ZoneInfo("Europe/Berlin"))
    for hour in range(300)
]
WORDS = ["sun", "moon", "star", "cat", "dog", "house", "tree", "river", "stone", "bird", "fish", "book"]
RANDOM = random.Random(1)


def some(count: int = 6) -> str:
    return " ".join(RANDOM.choices(WORDS, k=count))


def tokens(tags: Sequence[str], between: str = " ", sentences: int = 30, more: str = "") -> str:
    block = "".join(f"{{}}{between}{more}{tag}\n" for tag in tags) + "\n"
    return "".join(block.format(*RANDOM.choices(WORDS, k=len(tags))) for _ in range(sentences))


def objects(row: Callable[[int], dict[str, Any]]) -> str:
    return "".join(f"{json.dumps(row(number))}\n" for number in range(40))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["init", *words])


def made(*words: str, name: str = "my.toml") -> dict[str, Any]:
    result = run(*words)
    if result.exception is not None:
        raise result.exception
    assert result.stdout.strip() == name
    assert f"wrote {name}; train it with: seqnlp train {shlex.quote(name)}" in result.stderr
    return tomllib.loads(Path(name).read_text())


def trains(name: str = "my.toml") -> None:
    assert isinstance([*api.train(name, ["training.epochs=1"])][-1], Done)


CASES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "conllu": (
        *("my.conllu", "".join(f"1\tw{n}\t_\tNOUN\t_\t_\t0\troot\t_\t_\n\n" for n in range(12)), "tag"),
        {"reader": "conllu", "tokens": "form", "labels": ["upos"], "dev": 0.1},
    ),
    "xpos alone": (
        *("my.conllu", "".join(f"1\tw{n}\t_\t_\tNN\t_\t0\troot\t_\t_\n\n" for n in range(4)), "tag"),
        {"labels": ["xpos"], "dev": 1},
    ),
    "bio": (
        *("my.conll", tokens(["B-A", "I-A", "O", "B-B"]), "tag"),
        {
            "tokens": "word",
            "labels": ["entity"],
            "scheme": "bio",
            "reader": {"kind": "columns", "names": ["word", "entity"]},
        },
    ),
    "iob1": (*("my.txt", tokens(["I-A", "I-A", "O", "I-B"]), "tag"), {"scheme": "iob1"}),
    "bioes with tabs": (
        *("my.tsv", tokens(["B-A", "E-A", "O", "S-B"], "\t"), "tag"),
        {"scheme": "bioes", "reader": {"kind": "columns", "names": ["word", "entity"], "delimiter": "\t"}},
    ),
    "bilou": (*("my.bio", tokens(["B-A", "I-A", "L-A", "O", "U-B"]), "tag"), {"scheme": "bilou"}),
    "bmes": (*("my.conll", tokens(["B-A", "M-A", "E-A", "O", "S-B"]), "tag"), {"scheme": "bmes"}),
    "spans that break off": (
        *("my.conll", tokens(["B-A", "O", "I-A", "B-A"]), "tag"),
        {"scheme": "bio", "repair": True},
    ),
    "words and tags": (*("my.txt", tokens(["DT", "NN", "VB"], "\t"), "tag"), {"labels": ["tag"]}),
    "four columns": (
        *("my.conll", "-DOCSTART- -X- -X- O\n\n" + tokens(["B-PER", "O", "B-LOC"], more="NN B-NP "), "tag"),
        {"labels": ["entity"], "reader": {"kind": "columns", "names": ["word", "column2", "column3", "entity"]}},
    ),
    "lists": (
        "my.jsonl",
        objects(lambda n: {"tokens": some(3).split(), "ner_tags": ["B-A", "I-A", "O"]}),
        "tag",
        {"reader": "jsonl", "tokens": "tokens", "labels": ["ner_tags"], "scheme": "bio"},
    ),
    "label first, no names": (
        "my.csv",
        "".join(f'{RANDOM.choice(["pos", "neg"])},"{some()}, ""quoted""\n on two lines"\n' for _ in range(30)),
        "classify",
        {"text": "text", "label": "label", "reader": {"kind": "csv", "names": ["label", "text"]}},
    ),
    "several labels": (
        "my.csv",
        "id,labels,comment\n"
        + "".join(f"{n},{'|'.join(RANDOM.sample(['red', 'blue', 'green'], 1 + n % 2))},{some()}\n" for n in range(40)),
        "classify",
        {"reader": "csv", "text": "comment", "label": "labels", "multilabel": True, "separator": "|"},
    ),
    "semicolons": (
        *(
            "my.csv",
            "id;kategorie;beschreibung\n" + "".join(f"{n};{'ab'[n % 2]};{some()}\n" for n in range(40)),
            "classify",
        ),
        {"text": "beschreibung", "label": "kategorie", "reader": {"kind": "csv", "delimiter": ";"}},
    ),
    "numbers as labels": (
        *("my.jsonl", objects(lambda n: {"body": some(), "y": n % 3, "more": {}}), "classify"),
        {"reader": "jsonl", "text": "body", "label": "y"},
    ),
    "lists of labels": (
        *("my.jsonl", objects(lambda n: {"text": some(), "labels": ["ab"[n % 2]]}), "classify"),
        {"label": "labels", "multilabel": True},
    ),
    "two names": (
        *("my.csv", "en,de\n" + "".join(f"{some()},{some().upper()}\n" for _ in range(40)), "translate"),
        {"reader": "csv", "source": "en", "target": "de", "dev": 0.1},
    ),
    "a third column": (
        *("my.tsv", "".join(f"{some()}.\t{some().upper()}.\tCC-BY {n}\n" for n in range(40)), "translate"),
        {"reader": {"kind": "parallel", "names": ["source", "target", "_"]}},
    ),
    "a third column, and quotes as letters": (
        *("my.txt", "".join(f'"{some()}," he\t"{some().upper()}.\t# {n}\n' for n in range(40)), "translate"),
        {"reader": {"kind": "parallel", "names": ["source", "target", "_"]}},
    ),
    "pairs in quotes": (
        *("my.txt", "".join(f'"{some()}."\t"{some()}"\t# {n}\n' for n in range(40)), "translate"),
        {"reader": {"kind": "csv", "delimiter": "\t", "quotechar": '"', "names": ["source", "target", "_"]}},
    ),
    "prose": (*("my.txt", "A small text of some lines.\n" * 30, "lm"), {"reader": "text", "dev": 0.1}),
    "days": (
        "my.csv",
        "date,y\n" + "".join(f"2024-{1 + n // 28:02d}-{1 + n % 28:02d},{n % 7}\n" for n in range(28)),
        "forecast",
        {"reader": "series", "season_length": 7, "calendar": ["weekday", "yearday"], "horizon": 3},
    ),
    "several series of months": (
        "my.csv",
        "month,sales,shop\n"
        + "".join(f"{2000 + n // 12}-{n % 12 + 1:02d}-01,{n % 12},{shop}\n" for shop in "ab" for n in range(60)),
        "forecast",
        {"reader": {"kind": "series", "series": "shop"}, "season_length": 12, "calendar": ["month"], "horizon": 6},
    ),
    "gaps": (
        "my.csv",
        "ds,y\n"
        + "".join(f"2024-01-{1 + n // 24:02d}T{n % 24:02d}:00,{n % 24}\n" for n in range(240) if n not in (9, 99)),
        "forecast",
        {"reader": {"kind": "series", "gaps": "fill"}, "missing": "mask", "season_length": 24},
    ),
}
CASES |= {
    "german series": (
        "my.csv",
        "Zeit;Ort;Wert;Notiz\n"
        + "".join(f"{1 + n % 28:02d}.{1 + n // 28:02d}.2024;Nord;1.{n:03d},5;-\n" for n in range(28)),
        "forecast",
        {
            "reader": {"kind": "series", "delimiter": ";", "decimal": ",", "thousands": ".", "date_format": "%d.%m.%Y"}
            | {"numeric_columns": ["Wert"]}
        },
    ),
    "hours of summer and winter": (
        "my.csv",
        "time,load\n" + "".join(f"{hour.isoformat()},{hour.hour}\n" for hour in HOURS),
        "forecast",
        {"reader": {"kind": "series", "time_zone": "Europe/Berlin"}, "season_length": 24},
    ),
    "seconds since 1970": (
        *("my.csv", "time,load\n" + "".join(f"{1704067200 + 3600 * n},{n % 24}\n" for n in range(240)), "forecast"),
        {"reader": {"kind": "series", "time_unit": "s"}, "season_length": 24},
    ),
    "no names": (
        *("my.csv", "".join(f"12/{n + 1:02d}/2024,{n % 7}\n" for n in range(28)), "forecast"),
        {"reader": {"kind": "series", "names": ["ds", "y"], "date_format": "%m/%d/%Y"}},
    ),
    "signs of missing values": (
        *("my.csv", "ds,y\n" + "".join(f"2024-02-{n + 1:02d},{n if n % 9 else '-'}\n" for n in range(28)), "forecast"),
        {"reader": {"kind": "series", "na_values": ["-"]}, "missing": "mask"},
    ),
    "quotes of one stroke": (
        *("my.csv", "text,label\n" + "".join(f"'{some()}, {some()}',{'ab'[n % 2]}\n" for n in range(30)), "classify"),
        {"reader": {"kind": "csv", "quotechar": "'"}},
    ),
}
TRAINED = (
    "german series",
    "hours of summer and winter",
    "conllu",
    "iob1",
    "label first, no names",
    "several labels",
    "a third column",
    "prose",
    "gaps",
)
"""Cases that are trained, too."""


@pytest.mark.parametrize("case", CASES)
def test_a_file_is_recognised_and_its_recipe_passes_all_checks(case: str) -> None:
    name, text, task, data = CASES[case]
    Path(name).write_text(text)
    recipe = made(name)
    assert recipe["task"] == task
    assert {key: recipe["data"].get(key) for key in data} == data
    assert CliRunner().invoke(app, ["recipes", "check", "my.toml"]).stdout == "my.toml: ok\n"
    assert made(task, name, "--force") == recipe
    if case in TRAINED:
        trains()


def test_two_files_of_lines_are_a_text_and_its_translation() -> None:
    for split, count in (("train", 30), ("valid", 4)):
        Path(f"{split}.en").write_text("".join(f"{some()}\n" for _ in range(count)))
        Path(f"{split}.de").write_text("".join(f"{some()}\n" for _ in range(count)))
    name = f"{Path.cwd().name}.toml"
    recipe = made("train.en", "train.de", name=name)
    assert recipe["data"]["reader"] == {"kind": "parallel", "suffixes": ["en", "de"]}
    assert [recipe["data"][split] for split in ("train", "dev")] == ["train", "valid"]
    trains(name)


SHIPPED: dict[str, tuple[str, dict[str, Any]]] = {
    "pos/train.conllu": ("tag", {"labels": ["upos"]}),
    "entities/train.conll": ("tag", {"scheme": "bio"}),
    "sentiment/train.tsv": ("classify", {"text": "text", "label": "label"}),
    "en_fr/train.tsv": ("translate", {"reader": "parallel"}),
    "reverse/train.tsv": ("translate", {"reader": "parallel"}),
    "prose/train.txt": ("lm", {"reader": "text"}),
    "series/series.csv": ("forecast", {"season_length": 24, "horizon": 24, "lookback": 96}),
    "digits/train.csv": ("transcribe", {"sample_rate": 8000, "text": "text"}),
}


@pytest.mark.parametrize("file", SHIPPED)
def test_corpora_that_ship_are_recognised_with_their_splits(file: str) -> None:
    task, data = SHIPPED[file]
    path = shipped_folder() / file
    recipe = made(str(path), name=f"{path.parent.name}.toml")
    assert recipe["task"] == task
    assert {key: recipe["data"].get(key) for key in data} == data
    if file != "series/series.csv":
        assert recipe["data"]["dev"] == str(path.with_name(path.name.replace("train", "dev")))
        assert recipe["data"]["test"] == str(path.with_name(path.name.replace("train", "test")))
        assert made(str(path.parent), "--force", name=f"{path.parent.name}.toml")["data"] == recipe["data"]


@pytest.mark.slow
@pytest.mark.parametrize("file", SHIPPED)
def test_corpora_that_ship_are_trained(file: str) -> None:
    path = shipped_folder() / file
    made(str(path), name=f"{path.parent.name}.toml")
    trains(f"{path.parent.name}.toml")


def test_scripts_without_blanks_are_read_by_pieces() -> None:
    signs = "我们今天去看电影很好坏不"
    rows = [f"{''.join(RANDOM.choices(signs, k=8))},{'好坏'[n % 2]}\n" for n in range(40)]
    Path("my.csv").write_text("text,label\n" + "".join(rows))
    recipe = made("my.csv")
    assert list(recipe["embedding"]) == ["dropout", "subwords"]
    trains()


def test_columns_can_be_named() -> None:
    Path("my.csv").write_text("a,b,c\n" + "".join(f"{some()},{'xy'[n % 2]},{'zw'[n % 2]}\n" for n in range(40)))
    data = made("classify", "my.csv", "--text", "a", "--label", "c")["data"]
    assert (data["text"], data["label"]) == ("a", "c")
    with pytest.raises(DataError, match="no column 'q': there are a, b, c"):
        made("classify", "my.csv", "--label", "q", "--force")


@pytest.mark.parametrize("name", ["my.parquet", "my.json"])
def test_tables_of_datasets(name: str) -> None:
    rows = [{"text": some(), "label": n % 2} for n in range(40)]
    if name == "my.json":
        Path(name).write_text(json.dumps(rows))
    else:
        Dataset.from_list(rows).to_parquet(name)
    data = made(name)["data"]
    assert (data["reader"], data["train"]) == ({"kind": "hub", "path": name}, "train")
    assert (data["text"], data["label"]) == ("text", "label")


def test_dev_and_test_can_be_given_in_any_order() -> None:
    for name in ("a_test.txt", "a.txt", "a_dev.txt"):
        Path(name).write_text("A small text of some lines.\n" * 30)
    data = made("lm", "a_test.txt", "a.txt", "a_dev.txt", "-o", "my")["data"]
    assert [data[split] for split in ("train", "dev", "test")] == ["a.txt", "a_dev.txt", "a_test.txt"]


def test_a_recipe_is_never_overwritten_without_force() -> None:
    Path("my.txt").write_text("A small text of some lines.\n" * 30)
    Path("my.toml").write_text("mine")
    result = run("my.txt")
    assert isinstance(result.exception, UsageError)
    assert Path("my.toml").read_text() == "mine"
    made("my.txt", "--force")
    assert made("my.txt", "-o", "new/other.toml", name="new/other.toml")["task"] == "lm"


FAULTS: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "no file": ({}, "my.csv", "my.csv: no such file"),
    "no file after a task": ({}, "tag", "init tag: name the file to learn from"),
    "misspelt task": ({"my.csv": "a"}, "tagg my.csv", "tagg: no such file; the tasks are tag, .*did you mean `tag`"),
    "empty": ({"my.csv": ""}, "my.csv", "my.csv: the file is empty"),
    "names alone": ({"my.csv": "text,label\n"}, "my.csv", "my.csv: only one row in it"),
    "one text": ({"my.csv": "text,label\nhello,a\n"}, "my.csv", "my.csv: one of the texts in it"),
    "no labels": ({"my.txt": "one\ntwo\n"}, "classify my.txt", "no column looks like labels"),
    "no tags": ({"my.csv": "text,label\na b,x\nb c,y\n"}, "tag my.csv", "a tagger needs lists of words and of tags"),
    "a spreadsheet": ({"my.xlsx": "x"}, "my.xlsx", "my.xlsx: this is a spreadsheet"),
    "a broken line": ({"my.conll": tokens(["A", "B"]) + "lonely\n"}, "my.conll", "my.conll:91: 1 columns; expected 2"),
    "labels that occur once": (
        {"my.csv": "text,label\n" + "".join(f"some text,l{n}\n" for n in range(20))},
        "my.csv",
        "no 'label' occurs often enough to be drawn",
    ),
    "a short series": (
        {"my.csv": "ds,y\n" + "".join(f"2025-01-0{n},1\n" for n in range(1, 6))},
        "my.csv",
        "series of 5 rows are too short",
    ),
    "two files for dev": (
        {"a.txt": "a", "dev.txt": "b", "valid.txt": "c"},
        "lm a.txt dev.txt valid.txt",
        "both called dev",
    ),
    "four files": (dict.fromkeys("abcd", "x"), "lm a b c d", "4 files; expected train, and maybe dev and test"),
    "no task and three files": (dict.fromkeys("abc", "x"), "ner a b c", "ner: no such file; the tasks are tag"),
    "no text": ({"my.txt": "\n\n"}, "my.txt", "my.txt"),
    "a binary file": ({"my.txt": b"\x00\x01"}, "my.txt", "binary"),
    "a folder without splits": ({"folder/x.txt": b"one"}, "folder", "folder: no files in it are called train"),
    "recordings without texts": ({"folder/x.wav": b"one"}, "folder", "recordings without texts"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_can_not_be_read_is_one_line(case: str) -> None:
    files, words, problem = FAULTS[case]
    for name, content in files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    result = run(*words.split())
    assert isinstance(result.exception, SeqnlpError), result.exception
    with pytest.raises(SeqnlpError, match=problem):
        raise result.exception
    assert "\n" not in str(result.exception)
    assert not list(Path().glob("*.toml"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr("sys.stdin", Terminal(text))


def test_three_questions_are_asked_at_most(answers: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    answers("second\n\nwhat\nTH\nfirst\n")
    told: list[str] = []
    ask = Asker(True, told.append)
    choices = ["first", "second", "third"]
    assert [ask(f"{number}?", choices) for number in range(4)] == ["second", "first", "third", "first"]
    assert told == ["3? Taken: first (second, third would be possible)"]
    assert capsys.readouterr().err.count("[first; second, third]") == 4


def test_the_end_of_the_input_is_the_likeliest_answer(answers: Callable[[str], None]) -> None:
    answers("")
    assert Asker(True, print)("which?", ["a", "b"]) == "a"


def test_what_was_not_asked_is_told() -> None:
    Path("my.csv").write_text("a,b,c\n" + "".join(f"{some()},{'xy'[n % 2]},{'zwv'[n % 3]}\n" for n in range(40)))
    assert "note: Which column holds the labels? Taken: b (c would be possible)" in run("my.csv", "--yes").stderr


def test_odd_names_are_valid_toml() -> None:
    name = 'it\'s "my" \t file é.csv'
    Path(name).write_text('"te""x\tt","la\'bel é"\n' + "".join(f"{some()},{'xy'[n % 2]}\n" for n in range(40)))
    recipe = made("classify", name, "--label", "la'bel é", name="it_s_my_file_é.toml")
    assert recipe["data"]["train"] == name
    assert recipe["data"]["text"] == 'te"x\tt'
