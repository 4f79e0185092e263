"""Mutated corpora of every format: one line that names the file, or a table that can be learned from."""

import gzip
import random
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import seqnlp
from seqnlp.errors import Diverged, SeqnlpError, error_context
from seqnlp.events import Stepped
from seqnlp.recipe import load_recipe
from seqnlp.recipe.load import path_resolver
from seqnlp.tasks.base import TaskRecipe, task_class
from seqnlp.tasks.loading import encode
from seqnlp.tasks.registry import import_tasks
from tests.faults import small_corpora
from tests.faults.harness import Tally, guarded, one_line

MODEL = {
    "tag": '[embedding.words]\nsize = 3\n[embedding.chars]\nsize = 3\n[encoder]\nkind = "gru"\nsize = 3\n',
    "classify": '[embedding.words]\nsize = 3\n[encoder]\nkind = "gru"\nsize = 3\n',
    "lm": '[embedding]\nsize = 3\n[encoder]\nkind = "gru"\nsize = 3\nbidirectional = false\n',
    "translate": '[embedding]\nsize = 3\n[encoder]\nkind = "gru"\nsize = 4\n[decoder]\nsize = 4\nembedding_size = 3\n',
    "forecast": '[encoder]\nkind = "gru"\nsize = 3\nbidirectional = false\n[decoder]\nkind = "direct"\n',
}


@dataclass(frozen=True)
class Format:
    """A format of files, and a recipe that reads it."""

    task: str
    data: str
    """Section `[data]` of the recipe, without the splits."""
    suffix: str
    text: Callable[[Path], str]
    """Content of a right file, from a folder with `corpora`."""
    split: str = "{file}"
    encoding: str = "utf-8"


def first(name: str, lines: int = 60) -> Callable[[Path], str]:
    return lambda folder: "".join(
        line + "\n" for line in (folder / "corpora" / name).read_text(encoding="utf-8").split("\n")[:lines]
    )


def json_lines(name: str, change: Callable[[list[str]], str], lines: int = 30) -> Callable[[Path], str]:
    def text(folder: Path) -> str:
        rows = (row.split("\t") for row in first(name, lines)(folder).splitlines() if "\t" in row)
        return "".join(change(row) + "\n" for row in rows)

    return text


def _json(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def tokens(row: list[str]) -> str:
    words = row[-1].split()
    cells = ", ".join(map(_json, words))
    tags = ", ".join('"B-X"' if number % 3 == 0 else '"O"' for number in range(len(words)))
    return f'{{"words": [{cells}], "tags": [{tags}]}}'


def long_form(folder: Path) -> str:
    rows = first("series/series.csv", 80)(folder).splitlines()[1:]
    cells = [row.split(",") for row in rows]
    found = [f"{name},{cell[0]},{cell[place]}" for place, name in ((1, "a"), (2, "b")) for cell in cells]
    return "unique_id,ds,y\n" + "\n".join(found) + "\n"


def vectors_of_series(folder: Path) -> str:
    return first("series/series.csv", 90)(folder)


SERIES = "lookback = 6\nhorizon = 3\nseason_length = 4\n"
FORMATS = {
    "conllu": Format(
        "tag", 'reader = "conllu"\ntokens = "form"\nlabels = ["upos"]', ".conllu", first("pos/dev.conllu")
    ),
    "conllu features": Format(
        "tag",
        'reader = "conllu"\ntokens = "form"\nlabels = ["feats", "xpos"]\nby_feature = ["feats"]',
        ".conllu",
        first("ewt/en_ewt-ud-dev.conllu"),
    ),
    "columns": Format(
        "tag",
        'tokens = "word"\nlabels = ["tag"]\nscheme = "bio"\ntraining_scheme = "bioes"\n'
        'reader = { kind = "columns", names = ["word", "tag"] }',
        ".conll",
        first("entities/dev.conll"),
    ),
    "columns with tabs": Format(
        "tag",
        'tokens = "word"\nlabels = ["tag"]\nreader = { kind = "columns", names = ["word", "tag"], delimiter = "\\t" }',
        ".conll",
        first("wnut17/wnut17train.conll"),
    ),
    "tsv": Format("classify", 'reader = "csv"\ntext = "text"\nlabel = "label"', ".tsv", first("sentiment/dev.tsv", 30)),
    "csv": Format(
        "classify",
        'reader = "csv"\ntext = "text"\nlabel = "label"',
        ".csv",
        lambda folder: "".join(
            ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in line.split("\t")) + "\n"
            for line in first("sentiment/dev.tsv", 30)(folder).splitlines()
        ),
    ),
    "csv without a header": Format(
        "classify",
        'text = "text"\nlabel = "label"\nreader = { kind = "csv", names = ["text", "label"] }',
        ".tsv",
        first("sst2/dev.tsv", 30),
    ),
    "jsonl": Format(
        "classify",
        'reader = "jsonl"\ntext = "text"\nlabel = "label"',
        ".jsonl",
        json_lines("sentiment/dev.tsv", lambda row: f'{{"text": {_json(row[-1])}, "label": {_json(row[0])}}}'),
    ),
    "jsonl of lists": Format(
        "tag",
        'reader = "jsonl"\ntokens = "words"\nlabels = ["tags"]',
        ".jsonl",
        json_lines("sentiment/dev.tsv", tokens),
    ),
    "several labels": Format(
        "classify",
        'reader = "jsonl"\ntext = "text"\nlabel = "labels"\nmultilabel = true',
        ".jsonl",
        json_lines("sentiment/dev.tsv", lambda row: f'{{"text": {_json(row[-1])}, "labels": [{_json(row[0])}, "x"]}}'),
    ),
    "text": Format("lm", 'reader = "text"\ntokenizer = "characters"', ".txt", first("prose/dev.txt", 40)),
    "text in words": Format("lm", 'reader = "text"\ntokenizer = "words"', ".txt", first("prose/dev.txt", 40)),
    "text in subwords": Format(
        "lm", 'reader = "text"\ntokenizer = { kind = "subwords", vocab_size = 300 }', ".txt", first("prose/dev.txt", 40)
    ),
    "parallel": Format("translate", 'reader = "parallel"\ntokenizer = "words"', ".tsv", first("en_fr/dev.tsv", 30)),
    "parallel characters": Format(
        "translate",
        'reader = "parallel"\ntokenizer = "characters"\njoint_vocabulary = true\nunicode_normalization = "nfc"',
        ".tsv",
        first("reverse/dev.tsv", 30),
    ),
    "parallel jsonl": Format(
        "translate",
        'reader = "jsonl"\nsource = "a"\ntarget = "b"\ntokenizer = "characters"',
        ".jsonl",
        json_lines("en_fr/dev.tsv", lambda row: f'{{"a": {_json(row[0])}, "b": {_json(row[1])}}}'),
    ),
    "series": Format("forecast", f'reader = "series"\n{SERIES}', ".csv", vectors_of_series),
    "series with gaps": Format(
        "forecast",
        f'reader = {{ kind = "series", gaps = "fill" }}\nmissing = "mask"\n{SERIES}',
        ".csv",
        vectors_of_series,
    ),
    "series with a calendar": Format(
        "forecast",
        f'reader = "series"\ncalendar = ["hour", "weekday", "yearday"]\nchannels = "joint"\n{SERIES}',
        ".csv",
        vectors_of_series,
    ),
    "series below each other": Format("forecast", f'reader = "series"\n{SERIES}', ".csv", long_form),
}
TRAINING = {"lm": "bptt = 8\nbatch_tokens = 64\n", "forecast": "batch_tokens = 60\n"}


def flip(draw: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.choice([1, 1, 3, 20])):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def splice(draw: random.Random, data: bytes) -> bytes:
    at = draw.randrange(len(data) + 1)
    return data[:at] + draw.choice(JUNK) + data[at + draw.choice([0, 0, 1, 5, 50]) :]


JUNK = [
    b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\n", b"\n\n", b"\t", b"\t\t", b" ",
    b",", b'"', b"'", b'""', b"\\", b"|", b"#", b"# x\n", b"-DOCSTART- O\n", b"1-2\tx\n", b"\xe2\x80\xa8", b"\x1c",
    b"\x85", b"\xc2\x85", b"\x0b", b"\x0c", b"nan", b"inf", b"-", b"1e999", b"9" * 400, b"null", b"{}", b"[", b"]",
    b"{", b"}", b'{"text": 3}\n', b"[1]\n", b"2024-13-45", b"2024-01-01 00:00", b"O", b"B-", b"I-X", b"_",
    b"__label__", "\u202e".encode(), "e\u0301".encode(), "\U0001f600".encode(), b"\\ud800", b"\\u0000",
    b"a" * 100_000, b"x\n" * 50, b"\x1b[31m", b"unique_id", b"<unk>", b"\x1a",
]  # fmt: skip


def lines_of(change: Callable[[random.Random, list[bytes]], None]) -> Callable[[random.Random, bytes], bytes]:
    def edit(draw: random.Random, data: bytes) -> bytes:
        lines = data.split(b"\n")
        change(draw, lines)
        return b"\n".join(lines)

    return edit


def _drop(draw: random.Random, lines: list[bytes]) -> None:
    for _ in range(draw.choice([1, 1, 5])):
        del lines[draw.randrange(len(lines))]
        lines.extend([b""] * (not lines))


def _double(draw: random.Random, lines: list[bytes]) -> None:
    lines.insert(draw.randrange(len(lines)), draw.choice(lines))


def _cells(draw: random.Random, lines: list[bytes]) -> None:
    """Drop, double, empty or change a cell."""
    at = draw.randrange(len(lines))
    cells = re.split(rb"([\t,| ])", lines[at])
    place = draw.randrange(len(cells))
    edit = draw.randrange(4)
    if edit == 0:
        del cells[place]
    elif edit == 1:
        cells.insert(place, cells[place])
    else:
        cells[place] = b"" if edit == 2 else draw.choice(JUNK)
    lines[at] = b"".join(cells)


def _swap(draw: random.Random, lines: list[bytes]) -> None:
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


def _blank(draw: random.Random, lines: list[bytes]) -> None:
    for _ in range(draw.choice([1, 3, 30])):
        lines[draw.randrange(len(lines))] = draw.choice([b"", b" ", b"\t", b"\r"])


def delimiters(draw: random.Random, data: bytes) -> bytes:
    old, new = (
        draw.choice([b"\t", b",", b" ", b"\n", b'"', b":"]),
        draw.choice([b"\t", b",", b";", b" ", b"|", b"\n", b"", b"\r\n"]),
    )
    return data.replace(old, new, draw.choice([-1, -1, 1, 10]))


def whole(draw: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    return draw.choice(
        [
            lambda: b"",
            lambda: b"\n",
            lambda: b"\0" * 100,
            lambda: b"\xef\xbb\xbf" + data,
            lambda: data.replace(b"\n", b"\r\n"),
            lambda: data.replace(b"\n", b"\r"),
            lambda: text.encode("utf-16"),
            lambda: text.encode("utf-16-le"),
            lambda: text.encode("latin-1", "replace"),
            lambda: data[: draw.randrange(len(data) + 1)],
            lambda: data[: data.index(b"\n") + 1] if b"\n" in data else b"x",
            lambda: gzip.compress(data),
            lambda: gzip.compress(data)[: draw.randrange(5, 60)],
            lambda: draw.randbytes(300),
            lambda: data * 3,
            lambda: data.upper(),
            lambda: b"\n" * 50 + data,
            lambda: data.replace(b"\n", b"\n\n"),
            lambda: re.sub(rb"\d", b"", data),
            lambda: re.sub(rb"[a-z]+", b"a", data),
        ]
    )()


Edit = Callable[[random.Random, bytes], bytes]
EDITS: list[Edit] = [flip, flip, splice, splice, splice, lines_of(_drop), lines_of(_double), lines_of(_cells)]
EDITS += [lines_of(_cells), lines_of(_swap), lines_of(_blank), delimiters, whole]


def mutated(draw: random.Random, data: bytes) -> bytes:
    for _ in range(draw.choice([1, 1, 1, 2, 3, 6])):
        data = draw.choice(EDITS)(draw, data or b"x")
    return data


def recipe_text(kind: Format, files: dict[str, str]) -> str:
    splits = "".join(f"{split} = '{name}'\n" for split, name in files.items())
    training = TRAINING.get(kind.task, "batch_tokens = 200\n")
    head = f'task = "{kind.task}"\n[data]\n{splits}{kind.data}\n{MODEL[kind.task]}'
    return f"{head}[training]\nepochs = 1\nthreads = 1\nprecision = 'fp32'\n{training}"


def learned(file: Path) -> None:
    """Read, fit and encode, as a training does."""
    recipe = load_recipe(file)
    assert isinstance(recipe, TaskRecipe)
    find = path_resolver(file)
    corpus = recipe.corpus(find)
    with error_context("train"):
        task = task_class(recipe).fit(recipe, corpus.splits["train"], find)
    for name, split in corpus.splits.items():
        examples = encode(task, recipe, name, split)
        task.notices(examples)
        examples.plan(1, 0)
    for codec in task.codecs().values():
        type(codec).from_json(codec.to_json())
    task.build()


def trained(file: Path, out: Path, texts: dict[str, str], name: str) -> None:
    """Train to the end, and predict for the lines of the corpus."""
    shutil.rmtree(out, ignore_errors=True)
    events = seqnlp.train(file, out=out)
    steps = 0
    for event in events:
        steps += isinstance(event, Stepped)
        if steps > 30:
            events.close()
            return
    predictor: Any = seqnlp.load(out)
    if FORMATS[name].task not in ("forecast", "lm"):
        for _ in predictor.predict(texts["train"].split("\n")[:8]):
            pass


def fuzz(first_: int, count: int, trainings: int, folder: Path, log: Path | None = None) -> None:
    """Try `count` corpora; train on one in so many of those that are accepted, `trainings` at most."""
    import_tasks()
    small_corpora.make(folder)
    right = {name: kind.text(folder).encode() for name, kind in FORMATS.items()}
    tables, runs = Tally("corpora"), Tally("trainings on accepted corpora")
    seed = first_
    while tables.tried < count:
        seed += 1
        draw = random.Random(seed)
        name = draw.choice(sorted(FORMATS))
        kind = FORMATS[name]
        changed = draw.choice([["train"], ["train"], ["dev"], ["train", "dev"]])
        content = {split: mutated(draw, right[name]) if split in changed else right[name] for split in ("train", "dev")}
        if content["train"] == content["dev"] == right[name] or not tables.is_new(
            name.encode() + repr(content).encode()
        ):
            continue
        suffix = kind.suffix + (".gz" if draw.random() < 0.04 else "")
        files = {split: f"fuzz_{split}{suffix}" for split in content}
        for split, data in content.items():
            packed = gzip.compress(data) if suffix.endswith(".gz") and draw.random() < 0.5 else data
            (folder / files[split]).write_bytes(
                packed[: draw.randrange(len(packed)) + 1] if draw.random() < 0.02 else packed
            )
        file = folder / "fuzz.toml"
        file.write_text(recipe_text(kind, files), encoding="utf-8")

        crash, error = guarded(partial(learned, file))
        problem = crash or ("" if error is None else told(error))
        tables.add(f"{seed} ({name})", problem, error is None and not crash)
        if not problem and error is None and runs.tried < trainings and seed % max(count // (2 * trainings), 1) == 0:
            texts = {split: data.decode("utf-8", "replace") for split, data in content.items()}
            crash, error = guarded(partial(trained, file, folder / "run", texts, name))
            problem = crash or ("" if error is None or isinstance(error, Diverged) else told(error))
            runs.add(f"{seed} ({name})", problem, error is None and not crash)
    problems = [tables.report(log), runs.report(log and log.with_suffix(".trained"))]
    assert not any(problems), "\n".join(problems)


def told(error: SeqnlpError) -> str:
    return one_line(error, ["fuzz_train", "fuzz_dev", "train", "dev"])


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_some_mutated_corpora(tmp_path: Path) -> None:
    fuzz(0, 60, 4, tmp_path)


@pytest.mark.faults
def test_mutated_corpora(tmp_path: Path) -> None:
    fuzz(10_000, 3000, 200, tmp_path)
