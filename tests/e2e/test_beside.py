"""Predictions beside the data: --out and --beside of the commands that take text."""

import csv
import gc
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pandas as pd
import pytest

import seqnlp as library
from seqnlp.cli import beside as module
from seqnlp.cli.beside import Destination, write_beside
from seqnlp.errors import DataError, Interrupted
from seqnlp.readers import Csv
from seqnlp.records import Added, ArrowRecords, CsvRecords

Program = Callable[..., "CompletedProcess[str]"]
RUNS = Path(__file__).parents[1] / "data/run_v2"
TABLE = 'id,"te""xt",text\r\n1,"x\ny","A ""fine"" room,\nand quiet"\r\n2,,\r\n\r\n3,q,slow'


@pytest.fixture
def call(seqnlp: Program, tmp_path: Path) -> Program:
    def run(verb: str, *arguments: object, stdin: str | bytes = "", code: int = 0) -> "CompletedProcess[str]":
        task = {"score": "lm"}.get(verb, verb)
        done = seqnlp(verb, RUNS / task, *arguments, stdin=stdin, folder=tmp_path)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done

    return run


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_csv_comes_back_with_label_and_score(call: Program, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(TABLE.encode())
    done = call("classify", "in.csv", "--out", "out.csv")
    assert done.stdout == ""
    assert "note: no prediction for 1 record without words, record 2\n" in done.stderr
    assert "out.csv: 3 records, with label, score\n" in done.stderr
    text = (tmp_path / "out.csv").read_bytes().decode()
    classifier = library.load(RUNS / "classify")
    results = classifier.classify(['A "fine" room,\nand quiet', "slow"])
    first, last = (f",{result.label},{float(f'{result.scores[result.label]:.6g}')}" for result in results)
    expected = TABLE.replace('"te""xt",text', '"te""xt",text,label,score').replace('quiet"', f'quiet"{first}')
    assert text == expected.replace("2,,", "2,,,,") + last
    assert call("classify", "in.csv", "--beside").stdout == text.replace("\r\n", "\n")  # as the test reads it
    piped = call("classify", "--reader", "csv", "--beside", stdin=TABLE)
    assert piped.stdout == text.replace("\r\n", "\n")


def test_scores_of_every_class_and_contributions(call: Program) -> None:
    done = call("classify", "--reader", "csv", "--beside", "--scores", "--explain", stdin="text\nfine\n")
    (row,) = rows(done.stdout)
    assert list(row) == ["text", "label", "score", "scores.negative", "scores.positive", "tokens", "contributions"]
    assert float(row["scores.negative"]) + float(row["scores.positive"]) == pytest.approx(1, abs=1e-4)
    assert row["tokens"] == "fine"
    assert len(json.loads(row["contributions"])) == 1


def test_json_lines_out_of_any_input(call: Program, tmp_path: Path) -> None:
    texts = ["fine", "slow and loud"]
    frame = pd.DataFrame({"n": [1, 2], "text": texts})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    frame.to_json(tmp_path / "a.json", orient="records")
    frame.to_parquet(tmp_path / "a.parquet")
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        frame.to_csv(file, index=False)
    (tmp_path / "a.txt").write_text("\n".join(texts))
    labels = [result.label for result in library.load(RUNS / "classify").classify(texts)]
    for name in ("a.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet", "a.csv.gz", "a.txt"):
        call("classify", name, "--out", f"{name}.jsonl")
        found = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        assert [row["text"] for row in found] == texts, name
        assert [row["label"] for row in found] == labels
        assert name == "a.txt" or [int(row["n"]) for row in found] == [1, 2]
        if name != "a.txt":
            same = tmp_path / f"same_{name}"
            call("classify", name, "--out", same)
            read: dict[str, Callable[[Path], Any]] = {
                ".csv": pd.read_csv,
                ".gz": pd.read_csv,
                ".tsv": lambda path: pd.read_csv(path, sep="\t"),
                ".jsonl": lambda path: pd.read_json(path, lines=True),
                ".json": pd.read_json,
                ".parquet": pd.read_parquet,
            }
            table = read[same.suffix](same)
            assert list(table.columns) == ["n", "text", "label", "score"]
            assert table["n"].tolist() == [1, 2]
            assert table["label"].tolist() == labels


def test_lines_of_text_become_a_table(call: Program, tmp_path: Path) -> None:
    call("classify", "--out", "out.csv", stdin="fine, I say\n\nslow\n")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "text,label,score"
    assert lines[1].startswith('"fine, I say",')
    assert lines[2] == ",,"
    told = call("classify", "--beside", stdin="fine\n", code=2).stderr
    assert "lines of text, which have no columns: --json" in told


def test_other_readers_of_streams(call: Program) -> None:
    found = call("classify", "--reader", "tsv", "--beside", stdin='text\tn\n"fine\t1\n').stdout.splitlines()
    assert found[0] == "text\tn\tlabel\tscore"
    assert found[1].startswith('"fine\t1\t')
    reader = '{kind="csv", delimiter=";", names=["_", "text"]}'
    assert call("classify", "--reader", reader, "--beside", stdin="1;fine\n").stdout.startswith("1;fine;")
    found = call("classify", "--column", "body", "--beside", stdin='{"body": "fine", "x": 1e5}\n').stdout.splitlines()
    assert found[0].startswith('{"body": "fine", "x": 1e5, "label": "')
    assert call("classify", "--beside", stdin='[{"text": "fine"}]').stdout.startswith('[{"text": "fine", "label": ')
    told = call("classify", "--beside", stdin="id,text\n1,fine\n", code=4).stderr
    assert "looks like a table with a header; --reader csv reads it" in told


def test_names_that_are_taken(call: Program, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("label,text\ngood,fine\n")
    told = call("classify", "in.csv", "--out", "out.csv", code=4).stderr
    hint = "--column-prefix predicted_ calls the new one predicted_label"
    assert told == f"error: in.csv:1: there is a column 'label' already; {hint}\n"
    assert not (tmp_path / "out.csv").exists()
    call("classify", "in.csv", "--out", "out.csv", "--column-prefix", "predicted_")
    assert (tmp_path / "out.csv").read_text().startswith("label,text,predicted_label,predicted_score\ngood,fine,")


def test_a_fault_in_a_late_row_names_it_and_leaves_no_file(call: Program, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "fine"}\n' * 3000 + '{"text": 3}\n')
    (tmp_path / "out.jsonl").write_text("old")
    told = call("classify", "in.jsonl", "--out", "out.jsonl", "--force", code=4).stderr
    assert told.startswith("error: in.jsonl:3001: 'text' is 3; expected text")
    assert (tmp_path / "out.jsonl").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_file_that_is_there(call: Program, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\nfine\n")
    (tmp_path / "out.csv").write_text("old")
    assert "overwrite it with --force" in call("classify", "in.csv", "--out", "out.csv", code=2).stderr
    assert "this is the input itself" in call("classify", "in.csv", "--out", "in.csv", "--force", code=2).stderr
    assert "this is a folder" in call("classify", "in.csv", "--out", ".", code=2).stderr
    assert "no such file" in call("classify", "in.csv", "--out", "nowhere/out.csv", code=4).stderr.lower()
    (tmp_path / "link.csv").symlink_to("out.csv")
    call("classify", "in.csv", "--out", "link.csv", "--force")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "out.csv").read_text().startswith("text,label,score\nfine,")
    assert call("classify", "in.csv", "--out", "/dev/null").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "x.csv", "--beside"], "--out and --beside contradict each other: choose one"),
        (["--out", "x.csv", "--json"], "--out FILE.jsonl writes JSON lines"),
        (["--out", "x.xlsx"], "--out x.xlsx: this is a spreadsheet; expected .csv, .tsv"),
        (["--out", "x.conllu"], "expected .csv, .tsv"),
        (["--out", "x.parquet"], "csv cannot be written as parquet; expected .csv, .tsv, .jsonl"),
        (["--force"], "--force goes with --out"),
        (["--column-prefix", "p"], "--column-prefix goes with --out or --beside"),
        (["--scores"], "--scores goes with --out or --beside"),
    ],
)
def test_options_that_make_no_sense(call: Program, tmp_path: Path, arguments: list[str], told: str) -> None:
    (tmp_path / "in.csv").write_text("text\nfine\n")
    assert told in call("classify", "in.csv", *arguments, code=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_parquet_is_no_text(call: Program, tmp_path: Path) -> None:
    pd.DataFrame({"text": ["fine"]}).to_parquet(tmp_path / "in.parquet")
    told = call("classify", "in.parquet", "--beside", code=2).stderr
    assert "in.parquet is parquet, which is no text: name a file with --out, or add --json" in told


def test_translations(call: Program, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"n": 1.0, "source": "abc"}\n{"source": ""}\n')
    done = call("translate", "in.jsonl", "--beside", "--align", "--best", "2")
    first, second = map(json.loads, done.stdout.splitlines())
    best = library.load(RUNS / "translate").translate("abc", best=2, attention=True)
    assert list(first) == ["n", "source", "translation", "score", "alignment", "alternatives"]
    assert first["translation"] == best.text
    assert [each["translation"] for each in first["alternatives"]] == [each.text for each in best.alternatives]
    assert first["alignment"] == [list(pair) for pair in best.alignment]
    assert second == {"source": "", **dict.fromkeys(list(first)[2:])}
    (row,) = rows(call("translate", "--reader", "csv", "--beside", "--align", stdin="source\nabc\n").stdout)
    assert row["alignment"] == " ".join(f"{a}-{b}" for a, b in best.alignment)
    pairs = call("translate", "--reader", "parallel", "--beside", stdin='abc\t"x\t1\n').stdout
    assert pairs.startswith(f'abc\t"x\t1\t{best.text}\t')
    assert "--attention draws" in call("translate", "in.jsonl", "--beside", "--attention", code=2).stderr


def test_each_text_is_scored_by_itself(call: Program) -> None:
    texts = ["The cat sat.", "", "x", "The harbour was quiet. " * 100]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    done = call("score", "--beside", stdin=lines)
    generator = library.load(RUNS / "lm")
    for text, line in zip(texts, done.stdout.splitlines(), strict=True):
        found = json.loads(line)
        if not text:
            assert found == {"text": "", "logprob": None, "num_tokens": None, "bits_per_character": None}
            continue
        tokens = list(generator.score(text + "\n"))
        assert found["num_tokens"] == len(tokens)
        assert found["logprob"] == pytest.approx(sum(token.logprob for token in tokens), rel=1e-4)
        assert found["bits_per_character"] == pytest.approx(-found["logprob"] / 0.693147 / (len(text) + 1), rel=1e-4)
    assert "nats a token" in done.stderr


CONLLU = (
    "# sent_id = 1\n1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_\n1\tde\t_\tX\t_\t_\t_\t_\t_\tA=b\n"
    "2\tle\t_\t_\t_\t_\t_\t_\t_\t_\r\n2.1\tx\t_\t_\t_\t_\t_\t_\t_\t_\n\n1\tYes\t_\tX\t_\t_\t_\t_\t_\t_"
)


@pytest.mark.parametrize("order", ["le", "be"])
def test_the_byte_order_of_a_file_stays(call: Program, tmp_path: Path, order: str) -> None:
    given = "\ufefftext,id\r\nwhat a fine night,1\r\n"
    (tmp_path / "in.csv").write_bytes(given.encode(f"utf-16-{order}"))
    call("classify", "in.csv", "--reader", '{kind="csv", encoding="utf-16"}', "--out", "out.csv")
    written = (tmp_path / "out.csv").read_bytes().decode(f"utf-16-{order}")
    assert written.startswith("\ufefftext,id,label,score\r\nwhat a fine night,1,")
    (tmp_path / "in.conll").write_bytes("\ufeffDogs X\n".encode(f"utf-16-{order}"))
    reader = '{kind="columns", names=["form", "_"], encoding="utf-16"}'
    call("tag", "in.conll", "--reader", reader, "--out", "out.conll")
    assert (tmp_path / "out.conll").read_bytes().decode(f"utf-16-{order}").startswith("\ufeffDogs X ")


def test_conllu_is_filled_in(call: Program, tmp_path: Path) -> None:
    (tmp_path / "in.conllu").write_bytes(CONLLU.encode())
    call("tag", "in.conllu", "--out", "out.conllu")
    tags = [tag for tagging in library.load(RUNS / "tag").tag([["de", "le"], ["Yes"]]) for tag in tagging.tags]
    expected = CONLLU.replace("de\t_\tX", f"de\t_\t{tags[0]}").replace("le\t_\t_", f"le\t_\t{tags[1]}")
    expected = expected.replace("Yes\t_\tX", f"Yes\t_\t{tags[2]}")
    assert (tmp_path / "out.conllu").read_bytes().decode() == expected
    for reader in ([], ["--reader", "conllu"]):
        assert call("tag", *reader, "--beside", stdin=CONLLU).stdout == expected.replace("\r\n", "\n")
    found = [json.loads(line) for line in call("tag", "in.conllu", "--beside", "--json").stdout.splitlines()]
    assert [row.get("sent_id") for row in found] == ["1", None]
    assert [tag for row in found for tag in row["tags"]] == tags
    told = call("classify", "in.conllu", "--beside", code=4).stderr
    assert "this has a word on each line; `seqnlp tag` reads such files" in told
    assert "expected .conllu, .jsonl" in call("tag", "in.conllu", "--out", "out.csv", code=2).stderr


def test_columns_are_filled_in_or_added(call: Program, tmp_path: Path) -> None:
    given = "Dogs  N \r\nbark V\n\n Yes\tX"
    (tmp_path / "in.conll").write_bytes(given.encode())
    tags = [tag for tagging in library.load(RUNS / "tag").tag([["Dogs", "bark"], ["Yes"]]) for tag in tagging.tags]
    added = call("tag", "in.conll", "--columns", "form,_", "--beside")
    assert added.stdout == "Dogs  N  {} \nbark V {}\n\n Yes\tX\t{}".format(*tags)
    assert not added.stderr
    filled = call("tag", "in.conll", "--columns", "form,upos", "--beside")
    assert filled.stdout == "Dogs  {} \nbark {}\n\n Yes\t{}".format(*tags)
    assert "note: upos of in.conll replaced by predictions; --columns form,_ keeps it" in filled.stderr
    reader = '{kind="columns", names=["form", "_"]}'
    assert call("tag", "in.conll", "--reader", reader, "--beside").stdout == added.stdout
    call("tag", "in.conll", "--columns", "form,_", "--out", "out.jsonl")
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [tag for row in found for tag in row["tags"]] == tags


def test_tags_beside_texts_and_words(call: Program, tmp_path: Path) -> None:
    tagger = library.load(RUNS / "tag")
    (row,) = rows(
        call("tag", "--reader", "csv", "--column", "text", "--beside", stdin='text\n"It rains,\nhard."\n').stdout
    )
    tagging = tagger.tag("It rains,\nhard.")
    assert row["tokens"].split() == tagging.tokens
    assert row["tags"].split() == tagging.tags
    done = call("tag", "--column", "tokens", "--beside", stdin='{"tokens": ["It\'s", "fine"]}\n')
    assert json.loads(done.stdout) == {"tokens": ["It's", "fine"], "tags": tagger.tag([["It's", "fine"]])[0].tags}
    call("tag", "--out", "new.conllu", stdin="It rains.\n")
    assert (tmp_path / "new.conllu").read_text() == call("tag", "--conllu", stdin="It rains.\n").stdout


def test_ctrl_c_leaves_no_file(tmp_path: Path) -> None:
    def predict(texts: list[Any]) -> Any:
        if "stop" in texts:
            raise KeyboardInterrupt
        return [{"label": "x"} for _ in texts]

    records = CsvRecords(iter([["text\n", "a\n"], ["stop\n"]]), "in.csv", Csv(), "text")
    destination = Destination(tmp_path / "out.csv", False, "", False, False)
    with pytest.raises(Interrupted, match=r"interrupted after 1 record of in.csv; .*out.csv was not written"):
        write_beside(records, destination, lambda words: [Added("label", "text")], predict, "classify")
    assert not list(tmp_path.iterdir())


def test_ctrl_c_in_a_parquet_file_is_one_line(tmp_path: Path) -> None:
    """A writer of parquet that is not closed would tell of the closed file later, as a traceback."""

    def predict(texts: list[Any]) -> Any:
        if "stop" in texts:
            raise KeyboardInterrupt
        return [{"label": "x"} for _ in texts]

    pd.DataFrame({"text": ["a", "stop"]}).to_parquet(tmp_path / "in.parquet", row_group_size=1)
    records = ArrowRecords(tmp_path / "in.parquet", "text")
    destination = Destination(tmp_path / "out.parquet", False, "", False, False)
    with pytest.raises(Interrupted, match=r"interrupted after 1 record of .*; .*out.parquet was not written"):
        write_beside(records, destination, lambda words: [Added("label", "text")], predict, "classify")
    del records
    gc.collect()  # an exception in a destructor is an error in these tests
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_a_full_disk_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, block: Any, values: Any) -> None:
            raise OSError(28, "No space left on device")

        def abandon(self) -> None:
            pass

    monkeypatch.setattr(module, "writer_of", lambda *_: Full())
    records = CsvRecords(iter([["text\n", "a\n"]]), "in.csv", Csv(), "text")
    destination = Destination(tmp_path / "out.csv", False, "", False, False)
    with pytest.raises(DataError, match="no space left while saving"):
        write_beside(records, destination, lambda words: [], lambda texts: [None for _ in texts], "classify")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("verb", ["tag", "classify", "translate"])
def test_an_empty_input_is_noted(call: Program, tmp_path: Path, verb: str) -> None:
    (tmp_path / "in.txt").touch()
    assert call(verb, "in.txt").stderr == f"note: in.txt has no lines: nothing to {verb}\n"
    assert call(verb).stderr == f"note: standard input has no lines: nothing to {verb}\n"
    assert f"note: in.txt has no lines: nothing to {verb}\n" in call(verb, "in.txt", "--beside", "--json").stderr


@pytest.mark.parametrize(
    "page", ["<!DOCTYPE html>\n<p>", "\ufeff\n <HTML>\n", "<?xml version='1.0'?>\n", "{\\rtf1 x}\n"]
)
def test_markup_on_standard_input_is_refused(call: Program, page: str) -> None:
    for options in ([], ["--beside", "--json"]):
        told = call("classify", *options, stdin=page, code=4).stderr
        assert told.startswith("error: standard input: this is ")
        assert "--reader text takes it as lines" in told
    assert call("classify", "--reader", "text", stdin=page).stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "jsonl", "conllu"])
def test_memory_is_flat(tmp_path: Path, kind: str) -> None:
    """A stream twenty times as long takes no more memory."""
    row = {
        "csv": f'7,"{"a fine room " * 15}\n",more\n',
        "jsonl": json.dumps({"n": 7, "text": "a fine room " * 15}) + "\n",
        "conllu": "1\tdogs\t_\t_\t_\t_\t_\t_\t_\tA=b\n" * 8 + "\n",
    }[kind]
    if kind == "conllu":
        row = "".join(f"{n}\tdogs\t_\t_\t_\t_\t_\t_\t_\tA=b\n" for n in range(1, 9)) + "\n"
    command = ["tag", RUNS / "tag"] if kind == "conllu" else ["classify", RUNS / "classify"]
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    peaks = []
    for count in (5_000, 100_000):
        with (tmp_path / "in").open("w") as file:
            file.write("id,text,x\n" if kind == "csv" else "")
            for _ in range(count // 1000):
                file.write(row * 1000)
        words = [sys.executable, "-m", "seqnlp", *map(str, command), "--reader", kind, "--beside"]
        with (tmp_path / "in").open("rb") as given:
            done = subprocess.run([sys.executable, "-c", code, *words], stdin=given, capture_output=True, check=True)
        peaks.append(int(done.stdout) * (1 if sys.platform != "darwin" else 1 / 1024))
    assert peaks[1] - peaks[0] < 25_000, peaks  # kB; kept records would take 80,000 and more


def test_predict_writes_what_the_command_of_the_task_does(seqnlp: Program, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\nfine\n")
    for task, verb in (("classify", "classify"), ("lm", "score"), ("translate", "translate"), ("tag", "tag")):
        options = ["in.csv", "--column", "text", "--beside"]
        done = seqnlp("predict", RUNS / task, *options, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout == seqnlp(verb, RUNS / task, *options, folder=tmp_path).stdout
    told = seqnlp("predict", RUNS / "forecast", RUNS / "series.csv", "--beside")
    assert told.returncode == 2
    assert "whose predictions are no columns beside a table" in told.stderr
    assert seqnlp("predict", RUNS / "classify", "--reader", "csv").returncode == 2


def test_forecasts_in_a_file(call: Program, tmp_path: Path) -> None:
    printed = call("forecast", RUNS / "series.csv").stdout
    for name in ("out.csv", "out.jsonl", "out.parquet"):
        assert call("forecast", RUNS / "series.csv", "--out", name).stdout == ""
    assert (tmp_path / "out.csv").read_text() == printed
    assert (tmp_path / "out.jsonl").read_text() == call("forecast", RUNS / "series.csv", "--json").stdout
    table, expected = pd.read_parquet(tmp_path / "out.parquet"), pd.read_csv(tmp_path / "out.csv")
    assert list(table.columns) == list(expected.columns)
    assert table["forecast"].tolist() == pytest.approx(expected["forecast"].tolist(), rel=1e-4)
    assert "overwrite it with --force" in call("forecast", RUNS / "series.csv", "--out", "out.csv", code=2).stderr
    assert "expected .csv, .jsonl, .parquet" in call("forecast", "x.csv", "--out", "x.txt", code=2).stderr
