"""Mutated recipes and corpora: the answer is a clear error or a trained model, never a traceback."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

Program = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
RECIPE = (ROOT / "recipes/pos_gru.toml").read_text()
LINES = [line for line in RECIPE.splitlines() if "=" in line and not line.startswith("#")]
SENTENCES = "".join(block + "\n\n" for block in (ROOT / "corpora/pos/dev.conllu").read_text().split("\n\n")[:6])
SMALL = ["training.epochs=1", "training.threads=1", "encoder.size=4"]
pytestmark = pytest.mark.filterwarnings("ignore")

values = st.one_of(
    st.sampled_from(['""', "-1", "0", "1", "1e400", "nan", "true", "[]", "{}", '"lstm"', "2024-01-01", "[[1]]", "'x'"]),
    st.integers(-(2**70), 2**70).map(str),
    st.text(max_size=8),
)
mutations = st.one_of(
    st.tuples(st.just("value"), st.sampled_from(LINES), values),
    st.tuples(st.just("key"), st.sampled_from(LINES), st.text("abcdefgh_.-\"'", max_size=6)),
    st.tuples(st.just("drop"), st.sampled_from(LINES), st.just("")),
    st.tuples(st.just("insert"), st.sampled_from(LINES), st.text(max_size=20)),
)


def mutated(text: str, mutation: tuple[str, str, str]) -> str:
    kind, line, new = mutation
    if kind == "value":
        return text.replace(line, line.split("=")[0] + "= " + new)
    if kind == "key":
        return text.replace(line, new + " =" + line.split("=", 1)[1])
    return text.replace(line, new)


def is_answered(done: "CompletedProcess[str]") -> None:
    assert done.returncode in (0, 2, 3, 4, 5), done.stderr
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert done.stderr.strip()


def few(examples: int) -> settings:
    return settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])


def many(examples: int) -> settings:
    """Other examples at each run, and more of them."""
    return settings(few(examples), derandomize=False, print_blob=True)


changed_lines = st.lists(mutations, min_size=1, max_size=3)


def check_recipe(seqnlp: Program, folder: Path, changes: list[tuple[str, str, str]]) -> None:
    text = RECIPE
    for change in changes:
        text = mutated(text, change)
    (folder / "fuzz.toml").write_text(text, encoding="utf8", errors="replace")
    is_answered(seqnlp("recipes", "check", folder / "fuzz.toml"))


@few(10)
@given(changed_lines)
@example([("value", LINES[0], '""')])
@example([("value", LINES[2], "nan")])
@example([("key", LINES[2], ".'")])
@example([("drop", LINES[2], "")])
@example([("insert", LINES[2], "[[")])
def test_mutated_recipes(seqnlp: Program, tmp_path: Path, changes: list[tuple[str, str, str]]) -> None:
    check_recipe(seqnlp, tmp_path, changes)


@pytest.mark.slow
@many(200)
@given(changed_lines)
def test_many_mutated_recipes(seqnlp: Program, tmp_path: Path, changes: list[tuple[str, str, str]]) -> None:
    check_recipe(seqnlp, tmp_path, changes)


changed_bytes = st.lists(
    st.tuples(st.integers(0, len(SENTENCES.encode()) - 1), st.binary(max_size=4), st.integers(0, 30)),
    min_size=1,
    max_size=4,
)


def check_corpus(seqnlp: Program, folder: Path, changes: list[tuple[int, bytes, int]]) -> int:
    """Train on the corpus; return the exit code."""
    data = SENTENCES.encode()
    for start, new, length in changes:
        data = data[:start] + new + data[start + length :]
    (folder / "fuzz.conllu").write_bytes(data)
    arguments = [part for setting in SMALL for part in ("-s", setting)]
    files = [part for split in ("train", "dev", "test") for part in ("-s", f"data.{split}={folder}/fuzz.conllu")]
    done = seqnlp("train", "pos_gru", "--out", folder / "run", "--overwrite", "-q", *arguments, *files)
    is_answered(done)
    return done.returncode


@few(10)
@given(changed_bytes)
def test_mutated_corpora(seqnlp: Program, tmp_path: Path, changes: list[tuple[int, bytes, int]]) -> None:
    check_corpus(seqnlp, tmp_path, changes)


@pytest.mark.parametrize(
    ("change", "code"),
    [((SENTENCES.index("\t") + 1, b"x", 1), 0), ((SENTENCES.index("\t"), b" ", 1), 4), ((40, b"\xff", 0), 4)],
)
def test_a_mutated_corpus_trains_or_is_refused(
    seqnlp: Program, tmp_path: Path, change: tuple[int, bytes, int], code: int
) -> None:
    assert check_corpus(seqnlp, tmp_path, [change]) == code


@pytest.mark.slow
@many(100)
@given(changed_bytes)
def test_many_mutated_corpora(seqnlp: Program, tmp_path: Path, changes: list[tuple[int, bytes, int]]) -> None:
    check_corpus(seqnlp, tmp_path, changes)


@few(10)
@given(st.binary(max_size=200))
def test_any_bytes_to_tag(seqnlp: Program, tiny_run: Path, data: bytes) -> None:
    is_answered(seqnlp("tag", tiny_run, stdin=data))


def check_lines(seqnlp: Program, run: Path, text: str) -> None:
    data = text.encode(errors="replace")
    done = seqnlp("tag", run, stdin=data)
    assert done.returncode == 0, done.stderr
    lines = data.split(b"\n")
    assert done.stdout.encode().count(b"\n") == len(lines) - (lines[-1] == b"")


@few(10)
@given(st.text(max_size=200))
def test_any_text_is_tagged_line_by_line(seqnlp: Program, tiny_run: Path, text: str) -> None:
    check_lines(seqnlp, tiny_run, text)


@pytest.mark.slow
@many(150)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200)))
def test_much_is_tagged(seqnlp: Program, tiny_run: Path, given_: bytes | str) -> None:
    if isinstance(given_, str):
        check_lines(seqnlp, tiny_run, given_)
    else:
        is_answered(seqnlp("tag", tiny_run, stdin=given_))
