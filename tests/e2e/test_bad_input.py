"""What a user can get wrong: one clear line on standard error, the right exit code, no traceback, nothing lost."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Program = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
GOOD = "1\tHello\t_\tINTJ\t_\t_\t_\t_\t_\t_\n\n"


def complains(done: "CompletedProcess[str]", code: int, *parts: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: "), done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no sequences in it"),
        (b"1\tHello\t_\tINTJ\n\n", "bad.conllu:1: 4 tab-separated columns; expected 10"),
        (GOOD.replace("1\t", "2\t").encode(), "bad.conllu:1: id '2'"),
        (GOOD.encode() + b"1\t\xff\xfe\t_\tX\t_\t_\t_\t_\t_\t_\n", "bad.conllu:3: byte 0xff"),
        (b"\x00\x01\x02" * 100, "binary file"),
    ],
)
def test_a_bad_corpus(content: bytes, message: str, seqnlp: Program, tmp_path: Path) -> None:
    (tmp_path / "bad.conllu").write_bytes(content)
    out = tmp_path / "run"
    done = seqnlp("train", "pos_gru", "--out", out, "-s", f"data.train={tmp_path}/bad.conllu")
    complains(done, 4, message)
    assert not out.exists(), "a run that never began must not be in the way of the next try"


@pytest.mark.parametrize(
    ("setting", "code", "messages"),
    [
        ("encoder.sise=3", 3, ["encoder.sise", "did you mean `size`?"]),
        ("encoder.size=0.5", 3, ["encoder.size", "expected a whole number"]),
        ("encoder.kind=gruu", 3, ['unknown kind "gruu"', 'did you mean "gru"?']),
        ("optimizer.lr=-1", 3, ["optimizer.lr"]),
        ("encoder.size=999999999", 1, ["not enough memory", "smaller"]),
        ("encoder.size=999999999999999999", 3, ["encoder.size", "at most"]),
        ("data.labels=[]", 3, ["there is no column to predict"]),
        ('data.labels=["upos","upos"]', 3, ["named twice"]),
        ('data.labels=["nope"]', 4, ["no column 'nope'", "upos"]),
        ("data.tokens=sent_id", 4, ["column 'sent_id' holds a text in each row; expected lists of words"]),
        ("data.train=corpora/pos/trian.conllu", 4, ["tried", "did you mean", "train.conllu"]),
        ("data.train=corpora/ewt/nothing.conllu", 4, ["seqnlp corpora get ewt"]),
        ("data.train=corpora/pos", 4, ["directory"]),
    ],
)
def test_a_bad_setting(setting: str, code: int, messages: list[str], seqnlp: Program, tmp_path: Path) -> None:
    out = tmp_path / "run"
    complains(seqnlp("train", "pos_gru", "--out", out, "-s", setting), code, *messages)
    assert not out.exists()


def test_all_faults_of_a_recipe_come_at_once_with_their_places(seqnlp: Program, tmp_path: Path) -> None:
    recipe = tmp_path / "bad.toml"
    text = (ROOT / "recipes/pos_gru.toml").read_text()
    text = text.replace("layers = 1", 'layers = "one"').replace("max_grad_norm", "max_grad_nrom")
    recipe.write_text(text)
    done = seqnlp("train", recipe)
    lines = recipe.read_text().splitlines()
    layers = next(number for number, line in enumerate(lines, 1) if line.startswith("layers"))
    clip = next(number for number, line in enumerate(lines, 1) if line.startswith("max_grad_nrom"))
    complains(done, 3, f"bad.toml:{layers}:1", f"bad.toml:{clip}:1", "did you mean `max_grad_norm`?")


def test_labels_unseen_in_train_are_said_once_and_count_as_wrong(seqnlp: Program, tmp_path: Path) -> None:
    odd = (ROOT / "corpora/pos/test.conllu").read_text().replace("\tDET\t", "\tODD\t")
    (tmp_path / "odd.conllu").write_text(odd)
    small = ["training.epochs=1", "encoder.size=8", "data.train=corpora/pos/dev.conllu"]
    settings = [part for each in (*small, f"data.test={tmp_path}/odd.conllu") for part in ("-s", each)]
    done = seqnlp("train", "pos_gru", "--out", tmp_path / "run", *settings)
    assert done.returncode == 0
    assert done.stderr.count("'ODD'") == 1
    labels = json.loads((tmp_path / "run/scores.json").read_text())["test"]["labels"]
    assert "ODD" not in labels


def test_a_training_that_diverges_says_at_which_step(seqnlp: Program, tmp_path: Path) -> None:
    settings = ["-s", "optimizer.lr=1e30", "-s", "training.precision=fp32", "-s", "encoder.size=8"]
    done = seqnlp("train", "pos_gru", "--out", tmp_path / "run", "-q", *settings)
    complains(done, 5, "not finite at step", "optimizer.lr", "--overwrite")
    assert (tmp_path / "run/state/last.safetensors").exists(), "the last good state is kept"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("rm {}/model.safetensors", "half-written: model.safetensors is missing"),
        ("rm {}/meta.json", "half-written: meta.json is missing"),
        ("truncate -s 900 {}/model.safetensors", "damaged"),
        ('sed -i \'s/"format": 2/"format": 99/\' {}/meta.json', "meta.json: damaged: not as it was written"),
        ("echo '{{' > {}/codecs/embedding.words.json", "damaged"),
        ("echo '{{\"words\": 3}}' > {}/codecs/embedding.words.json", "damaged"),
        ("rm {}/codecs/embedding.words.json", "missing"),
        (
            "sed -i 's/size = 16/size = 24/' {}/recipe.toml",
            "recipe.toml: edited or damaged since the training (encoder.size is 24, was 16; ",
        ),
    ],
)
def test_a_broken_run(damage: str, message: str, tiny_run: Path, seqnlp: Program, tmp_path: Path) -> None:
    broken = tmp_path / "run"
    shutil.copytree(tiny_run, broken)
    subprocess.run(damage.format(broken), shell=True, check=True)
    complains(seqnlp("tag", broken, stdin="A cat .\n"), 4, str(broken), message)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("meta.json", '{"format": 2, "corpus": 3}', "meta.json: damaged: corpus: expected a table, found 3"),
        ("scores.json", '{"test": 3}', "scores.json: damaged: it has lost its digest"),
    ],
)
def test_damaged_metadata(file: str, text: str, message: str, tiny_run: Path, seqnlp: Program, tmp_path: Path) -> None:
    shutil.copytree(tiny_run, tmp_path / "runs/broken")
    shutil.copytree(tiny_run, tmp_path / "runs/whole")
    (tmp_path / "runs/broken" / file).write_text(text)
    complains(seqnlp("runs", "show", tmp_path / "runs/broken"), 4, message)
    listed = seqnlp("runs", "ls", tmp_path / "runs")
    assert listed.returncode == 0, listed.stderr
    assert "damaged" in listed.stdout
    assert "whole" in listed.stdout


def test_closed_standard_input(tiny_run: Path) -> None:
    command = f"{sys.executable} -m seqnlp tag {tiny_run} <&-"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    complains(CompletedProcess(command, done.returncode, done.stdout, done.stderr), 4, "standard input")


def test_evaluating_other_data_tells_of_labels_that_train_did_not_have(
    tiny_run: Path, seqnlp: Program, tmp_path: Path
) -> None:
    odd = (ROOT / "corpora/pos/test.conllu").read_text().replace("\tDET\t", "\tODD\t")
    (tmp_path / "odd.v2.conllu").write_text(odd)
    done = seqnlp("evaluate", tiny_run, "--data", tmp_path / "odd.v2.conllu", "--json")
    assert done.returncode == 0, done.stderr
    assert "'ODD'" in done.stderr
    assert "corpus" not in json.loads(done.stdout)
    complains(seqnlp("tag", tiny_run, tmp_path / "odd.v2.conllu"), 2, "--conllu")
    assert seqnlp("tag", tiny_run, "--conllu", tmp_path / "odd.v2.conllu").stdout.count("\n") == odd.count("\n")


def test_runs_that_are_not_there(tiny_run: Path, seqnlp: Program) -> None:
    complains(seqnlp("tag", tiny_run.parent / "tinny"), 4, "no such run", "did you mean", "tiny")
    complains(seqnlp("evaluate", "README.md"), 4, "found a file")
    complains(seqnlp("evaluate", ROOT), 4, "not a run")


def test_tag_takes_odd_text(tiny_run: Path, seqnlp: Program) -> None:
    text = "日本語 テスト 🙂 العربية a\u0301 \u200b \x00\r\n\ufeff\n" + "word " * 10_000
    done = seqnlp("tag", tiny_run, stdin=b"\xef\xbb\xbf" + text.encode())
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")
    assert lines[0].startswith("日本語/")
    assert len(lines[2].split()) == 10_000


def test_text_that_is_not_utf8_names_the_line(tiny_run: Path, seqnlp: Program) -> None:
    done = seqnlp("tag", tiny_run, stdin=b"fine\nfine\n\xe9t\xe9\n")
    complains(done, 4, "standard input:3", "not UTF-8")


def test_contradictory_options(tiny_run: Path, seqnlp: Program) -> None:
    complains(seqnlp("tag", tiny_run, "--json", "--conllu"), 2, "contradict")
    complains(seqnlp("evaluate", tiny_run, "--split", "tset"), 2, "train, dev or test")


def test_a_reader_that_goes_away_early_is_no_error(tiny_run: Path) -> None:
    command = f"yes 'the cat sat' | head -20000 | {sys.executable} -m seqnlp tag {tiny_run} | head -1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
