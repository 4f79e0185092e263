"""Kinds of text that were once read wrongly in silence: what is right for each."""

import gzip
import json
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from seqnlp.codecs.splitter import words_of
from seqnlp.errors import DataError
from seqnlp.readers.files import open_text
from tests.e2e.conftest import ROOT, seqnlp

__all__ = ["seqnlp"]

Program = Callable[..., "CompletedProcess[str]"]
SMALL = """
task = "tag"
[data]
train = "train.conll"
dev = "train.conll"
tokens = "word"
labels = ["entity"]
scheme = "{scheme}"
[data.reader]
kind = "columns"
names = ["word", "entity"]
{reader}
[embedding.words]
size = 8
[encoder]
kind = "gru"
size = 8
[optimizer]
kind = "adamw"
lr = 0.05
[training]
epochs = 20
batch_tokens = 20
threads = 1
"""
SENTENCE = "New York\tB-LOC\nis\tO\nin\tO\nthe US\tB-LOC\n\n"


def trained(folder: Path, seqnlp: Program, corpus: str, reader: str = "", scheme: str = "bio") -> Path:
    (folder / "train.conll").write_text(corpus)
    (folder / "recipe.toml").write_text(SMALL.format(reader=reader, scheme=scheme))
    done = seqnlp("train", folder / "recipe.toml", "--out", folder / "run", "-q")
    assert done.returncode == 0, done.stderr
    return folder / "run"


@pytest.fixture(scope="module")
def tabs(tmp_path_factory: pytest.TempPathFactory, seqnlp: Program) -> Path:
    """A tagger of words that hold blanks, and comments."""
    return trained(tmp_path_factory.mktemp("tabs"), seqnlp, SENTENCE * 4, 'delimiter = "\\t"\ncomment = "# "')


@pytest.fixture(scope="module")
def upos(tmp_path_factory: pytest.TempPathFactory, seqnlp: Program) -> Path:
    """A tagger of CoNLL-U."""
    folder = tmp_path_factory.mktemp("upos")
    (folder / "train.conll").write_text("1\tA\t_\tDET\t_\t_\t_\t_\t_\t_\n2\tcat\t_\tNOUN\t_\t_\t_\t_\t_\t_\n\n" * 9)
    recipe = SMALL.replace('"columns"\nnames = ["word", "entity"]', '"conllu"').replace("entity", "upos")
    recipe = recipe.replace('"word"', '"form"').replace('scheme = "{scheme}"', "").format(reader="")
    (folder / "recipe.toml").write_text(recipe)
    done = seqnlp("train", folder / "recipe.toml", "--out", folder / "run", "-q")
    assert done.returncode == 0, done.stderr
    return folder / "run"


def test_a_letter_and_its_marks_are_one_word(seqnlp: Program, upos: Path) -> None:
    lines = ["Le cafe\u0301 nai\u0308f", "Le caf\u00e9 na\u00eff", "हिन्दी विकिपीडिया", "मैं दिल्ली गया"]
    done = seqnlp("tag", upos, "--json", stdin="\n".join(lines) + "\n")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["tokens"] for each in found] == [line.split() for line in lines]
    assert found[0]["tags"] == found[1]["tags"]
    assert found[0]["scores"] == pytest.approx(found[1]["scores"], rel=1e-4)


def test_columns_are_read_as_the_run_reads_them(seqnlp: Program, tabs: Path, tmp_path: Path) -> None:
    text = "# 12\n" + SENTENCE + "\n-DOCSTART-\tO\n\n# 13 of 13\n" + SENTENCE.rstrip("\n")
    (tmp_path / "in.txt").write_text(text)
    done = seqnlp("tag", tabs, tmp_path / "in.txt", "--columns", "word,entity")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == text + "\n"
    assert seqnlp("tag", tabs, "--columns", "word,entity", stdin=text).stdout == done.stdout
    done = seqnlp("tag", tabs, "--columns", "word,entity,_", stdin=text)
    assert done.returncode == 4
    assert done.stderr == "error: standard input:2: 2 columns; expected 3 (word, entity, _)\n"


def test_every_line_of_columns_is_in_the_output(seqnlp: Program, tmp_path: Path) -> None:
    run = trained(tmp_path, seqnlp, "-DOCSTART- O\n\nParis B-LOC\nis O\n\n" * 3)
    text = "-DOCSTART- O\n\n\nParis B-LOC\nis O\n \n-DOCSTART- O\n"
    done = seqnlp("tag", run, "--columns", "word,entity", stdin=text)
    assert [line.split() for line in done.stdout.split("\n")] == [line.split() for line in text.split("\n")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("beginning", ["# sent_id = a-1\n# text = Lunch at noon?\n", ""])
def test_conllu_is_known_by_its_first_lines(
    seqnlp: Program, upos: Path, tmp_path: Path, beginning: str, end: str
) -> None:
    rows = "".join(f"{n}\t{word}\t_\tX\t_\t_\t0\t_\t_\tA=b\n" for n, word in enumerate(["Lunch", "at", "noon"], 1))
    text = f"{beginning}{rows}\n{beginning}{rows}".replace("\n", end)
    done = seqnlp("tag", upos, "--conllu", stdin=text)
    assert done.returncode == 0, done.stderr
    for before, after in zip(text.split(end), done.stdout.split("\n"), strict=True):
        fields, found = before.split("\t"), after.split("\t")
        assert fields[:3] + fields[4:] == found[:3] + found[4:]
    (tmp_path / "same.txt").write_bytes(text.encode())
    assert seqnlp("tag", upos, tmp_path / "same.txt", "--conllu").stdout == done.stdout
    for source in (["-"], [tmp_path / "same.txt"], ["-", "--json"]):
        done = seqnlp("tag", upos, *source, stdin=text)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is CoNLL-U: tag it with --conllu" in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        "# 12\nNew York\tB-LOC\n\n",
        "-DOCSTART- O\n\nParis O\nis O\n",
        "Paris NNP B-NP B-LOC\nis VBZ B-VP O\n\n",
        "Paris\tNNP\nis\tVBZ\n\n",
    ],
)
def test_columns_are_not_tagged_as_sentences(seqnlp: Program, tabs: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "in.txt").write_text(text)
    for source in ("-", tmp_path / "in.txt"):
        done = seqnlp("tag", tabs, source, stdin=text)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert "--columns" in done.stderr


@pytest.mark.parametrize(
    "text", ["Hello world\nGood morning\n", "1\tThe cat sat.\n2\tIt ran.\n", "O\n", "# text\nO K\n"]
)
def test_sentences_are_not_taken_for_columns(seqnlp: Program, tabs: Path, text: str) -> None:
    assert seqnlp("tag", tabs, stdin=text).returncode == 0


@pytest.mark.parametrize(
    ("scheme", "letters"),
    [("bioes", "BILU"), ("bilou", "BILU"), ("bmes", "BMES"), ("bmewo", "BMEW"), ("ioe2", "IIEE"), ("ioe1", "IIII")],
)
def test_letters_of_schemes_are_read_as_what_they_are(
    seqnlp: Program, tmp_path: Path, scheme: str, letters: str
) -> None:
    begin, middle, end, alone = tuple(letters)
    words = ["John", "van", "Dam", "in", "Paris"]
    tags = [f"{begin}-PER", f"{middle}-PER", f"{end}-PER", "O", f"{alone}-LOC"]
    corpus = "".join(f"{word} {tag}\n" for word, tag in zip(words, tags, strict=True)) + "\n"
    run = trained(tmp_path, seqnlp, corpus * 6, scheme=scheme)
    found = json.loads(seqnlp("tag", run, "--json", stdin=" ".join(words) + "\n").stdout)
    written = dict(zip(letters, "BIES" if scheme == "bioes" else letters, strict=True))
    assert found["tags"] == [written.get(tag[0], tag[0]) + tag[1:] for tag in tags]
    assert [(span["label"], span["start"], span["end"]) for span in found["spans"]] == [("PER", 0, 3), ("LOC", 4, 5)]


def test_letters_of_another_scheme_are_refused_and_it_is_named(seqnlp: Program, tmp_path: Path) -> None:
    (tmp_path / "train.conll").write_text("John B-PER\nDam L-PER\n\n")
    (tmp_path / "recipe.toml").write_text(SMALL.format(reader="", scheme="bio"))
    done = seqnlp("train", tmp_path / "recipe.toml", "--out", tmp_path / "run")
    assert done.returncode == 4
    assert "'L-PER' is no tag of the scheme bio" in done.stderr
    assert "all the tags are in the scheme bilou" in done.stderr


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Check that a test takes less than 100 MB."""
    tracemalloc.start()
    yield
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("option", [[], ["--max-line", "5000000"]])
def test_a_long_line_is_one_fault_in_linear_time(
    seqnlp: Program, upos: Path, option: list[str], little_memory: None
) -> None:
    begun = time.process_time()
    done = seqnlp("tag", upos, *option, stdin=b"short\n" + b"word " * 6_000_000 + b"\n")
    assert time.process_time() - begun < 5
    assert done.returncode == 4
    limit = "5,000,000" if option else "1,000,000"
    assert done.stderr.startswith(f"error: standard input:2: a line of more than {limit} bytes; --max-line")
    assert done.stderr.count("\n") == 1


def test_the_limit_is_an_option_and_a_setting(seqnlp: Program, upos: Path, tmp_path: Path) -> None:
    line = "word " * 30_000
    assert seqnlp("tag", upos, stdin=line).returncode == 0
    assert seqnlp("predict", upos, "--max-line", 1000, stdin=line).returncode == 4
    assert seqnlp("tag", upos, "--max-line", len(line), stdin=line).returncode == 0
    assert seqnlp("tag", upos, "--max-line", len(line) - 1, stdin=line).returncode == 4
    (tmp_path / "train.conll").write_text("x" * 2000 + " O\ny B-A\n\n")
    (tmp_path / "recipe.toml").write_text(SMALL.format(reader="", scheme="bio"))
    train = ["train", tmp_path / "recipe.toml", "-q", "--out", tmp_path / "run", "-s"]
    done = seqnlp(*train, "data.reader.max_line=2001")
    assert done.returncode == 4
    assert f"{tmp_path}/train.conll:1: a line of more than 2,001 bytes" in done.stderr
    assert "data.reader.max_line" in done.stderr
    assert seqnlp(*train, "data.reader.max_line=2002").returncode == 0


@pytest.mark.parametrize("piece", [b"\0", b"a"], ids=["nul", "line"])
def test_a_gzip_bomb_is_one_fault(seqnlp: Program, tmp_path: Path, piece: bytes, little_memory: None) -> None:
    bomb = tmp_path / "train.conll"
    with gzip.open(bomb, "wb", compresslevel=1) as file:
        for _ in range(10):
            file.write(piece * 10_000_000)
    (tmp_path / "recipe.toml").write_text(SMALL.format(reader="", scheme="bio"))
    done = seqnlp("train", tmp_path / "recipe.toml", "--out", tmp_path / "run")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"error: {bomb}:1: ")


def test_a_gzip_bomb_of_short_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqnlp.readers.files.LEAST", 100_000)
    bomb, fine = tmp_path / "bomb.txt", tmp_path / "fine.txt"
    bomb.write_bytes(gzip.compress(b"a\n" * 1_000_000))
    with pytest.raises(DataError, match=r"a gzip file of [\d,]+ bytes that holds more than 200 times as many"):
        deque(open_text(bomb), maxlen=0)
    fine.write_bytes(gzip.compress(b"a\n" * 40_000))
    assert sum(1 for _ in open_text(fine)) == 40_000


def test_a_run_of_blanks_takes_linear_time(seqnlp: Program, tmp_path: Path) -> None:
    corpus = "the table is round\n" * 60
    (tmp_path / "train.txt").write_text(corpus)
    settings = ["data.train=train.txt", "data.dev=train.txt", "data.test=train.txt", "training.epochs=1"]
    settings += ["data.tokenizer.min_count=1", "encoder.size=8", "embedding.size=8", "training.threads=1"]
    folder = tmp_path / "run"
    done = seqnlp(
        "train", ROOT / "recipes/word_lstm.toml", "--out", folder, "-q", *(p for s in settings for p in ("-s", s)),
        folder=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    begun = time.process_time()
    done = seqnlp("score", folder, stdin="the table" + "\t" * 100_000 + "x\n")
    assert done.returncode == 0, done.stderr
    assert time.process_time() - begun < 30
    assert len(done.stdout.splitlines()) > 100_000


def test_no_mark_begins_a_word() -> None:
    text = "the co\u00adoperate می\u200cخواهم 👩\u200d⚕\ufe0f 👍🏽 🇩🇪🇫🇷 1\ufe0f\u20e3 \u200d \u00ad x"
    assert len(words_of(text)) == 9
