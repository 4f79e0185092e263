"""`seqnlp translate` from training to pictures, and what a user can get wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from torch import Tensor, nn

from seqnlp import load
from seqnlp.nn.initial import weights_are_drawn

Program = Callable[..., "CompletedProcess[str]"]
TINY = ["training.epochs=1", "training.threads=1", "encoder.size=16", "decoder.size=32", "search.beam=2"]
FILES = [
    "data.train=corpora/reverse/dev.tsv",
    "data.dev='corpora/reverse/dev.tsv[:40]'",
    "data.test='corpora/reverse/test.tsv[:40]'",
]
SETTINGS = [part for setting in [*TINY, *FILES] for part in ("-s", setting)]


def complains(done: "CompletedProcess[str]", code: int, *parts: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: "), done.stderr
    assert done.stderr.count("\n") == 1
    for part in parts:
        assert part in done.stderr


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, seqnlp: Program) -> Path:
    """Trained for a moment: what it writes is nonsense, but always the same."""
    out = tmp_path_factory.mktemp("runs") / "reverse"
    done = seqnlp("train", "reverse_words", "--out", out, *SETTINGS)
    assert done.returncode == 0, done.stderr
    return out


def test_a_line_gives_a_line(run: Path, seqnlp: Program) -> None:
    done = seqnlp("translate", run, stdin="abc\n\nstressed\n")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.split("\n")
    assert len(lines) == 4
    assert lines[1] == ""
    assert seqnlp("predict", run, stdin="abc\n\nstressed\n").stdout == done.stdout


def test_opening_a_run_draws_no_weights(run: Path, seqnlp: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Tensor] = []
    draw = nn.init.orthogonal_

    def watched(tensor: Tensor) -> Tensor:
        drawn.append(tensor)
        return draw(tensor)

    monkeypatch.setattr(nn.init, "orthogonal_", watched)
    translator = load(run)
    assert [tensor for tensor in drawn if not tensor.is_meta] == []  # each takes as long as many sentences
    assert weights_are_drawn()
    assert [result.text for result in translator.translate(["abc", "stressed"])] == (
        seqnlp("translate", run, stdin="abc\nstressed\n").stdout.splitlines()
    )


def test_files_are_read_too(run: Path, seqnlp: Program, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("abc\nab\n")
    assert seqnlp("translate", run, tmp_path / "words.txt").stdout == seqnlp("translate", run, stdin="abc\nab").stdout


def test_translate_draws_no_picture_of_nothing(run: Path, seqnlp: Program, tmp_path: Path) -> None:
    done = seqnlp("translate", run, "--svg", tmp_path / "x.svg", stdin="\n")
    assert (done.returncode, done.stderr) == (0, "note: no image, as there is nothing to draw\n")
    assert not (tmp_path / "x.svg").exists()


def test_several_translations_have_the_number_of_their_line(run: Path, seqnlp: Program) -> None:
    done = seqnlp("translate", run, "--beam", 3, "--best", 3, "--align", stdin="abc\n\nab\n")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == ["1", "1", "1", "2", "3", "3", "3"]
    assert all(len(row) == 4 for row in rows)
    scores = [float(row[1]) for row in rows[:3]]
    assert scores == sorted(scores, reverse=True)


def test_json_has_what_was_asked_for(run: Path, seqnlp: Program) -> None:
    plain, looked = (
        json.loads(seqnlp("translate", run, "--json", *more, stdin="abc\n").stdout) for more in ([], ["--attention"])
    )
    assert "attention" not in plain
    assert plain["source_tokens"] == ["a", "b", "c"]
    assert len(looked["attention"]) == len(looked["tokens"])
    assert looked["text"] == plain["text"]


def test_pictures(run: Path, seqnlp: Program, tmp_path: Path) -> None:
    drawn = ("translate", run, "--prefix", "cb", "--plot", tmp_path / "a.svg")  # without it a beginner writes nothing
    done = seqnlp(*drawn, "--attention", stdin="abc\n\n")
    assert done.returncode == 0, done.stderr
    assert "  a b c" in done.stdout or " a b c" in done.stdout
    assert (tmp_path / "a.svg").read_text().startswith("<svg")
    many = seqnlp(*drawn, stdin="ab\n" * 60)
    assert "shows the first 50 of 60 sentences" in many.stderr
    complains(seqnlp("translate", run, "--plot", tmp_path / "no/a.svg", stdin="ab\n"), 4, "there is no folder")
    complains(seqnlp("translate", run, "--plot", "a.jpg", stdin="ab\n"), 2, "ends in .svg or .png")


def test_runs_decide_together(run: Path, seqnlp: Program, tmp_path: Path) -> None:
    alone = seqnlp("translate", run, stdin="abc\n")
    assert seqnlp("translate", run, "--with", run, stdin="abc\n").stdout == alone.stdout
    other = tmp_path / "other"
    done = seqnlp("train", "reverse_words", "--out", other, *SETTINGS, "-s", "data.lowercase=true")
    assert done.returncode == 0, done.stderr
    complains(seqnlp("translate", run, "--with", other, stdin="abc\n"), 2, str(other), "not those of the first")


def test_evaluate_prints_signatures(run: Path, seqnlp: Program) -> None:
    done = seqnlp("evaluate", run)
    assert "chrf: nrefs:1|case:mixed" in done.stdout


def test_options_that_make_no_sense(run: Path, tiny_run: Path, seqnlp: Program) -> None:
    complains(seqnlp("translate", run, "--prefix", "aé", stdin="ab\n"), 2, "'aé'", "é")
    complains(seqnlp("translate", run, "--beam", 0, stdin="ab\n"), 2, "beam 0")
    complains(seqnlp("translate", run, "--beam", 2, "--best", 3, stdin="ab\n"), 2, "beam of 2")
    complains(seqnlp("translate", run, "--beam", 3, "--best", 2, "--attention", stdin="ab\n"), 2, "--best")
    complains(seqnlp("translate", tiny_run, stdin="ab\n"), 2, "this run is a tagger; use `seqnlp tag ")
    complains(seqnlp("tag", run, stdin="ab\n"), 2, "this run is a translator; use `seqnlp translate ")
    complains(seqnlp("translate", run, stdin=b"ab\n\xe9\n"), 4, "standard input:2", "not UTF-8")
    assert seqnlp("translate", run, "--length-penalty", "long", stdin="ab\n").returncode == 2


def test_translate_takes_odd_text(run: Path, seqnlp: Program) -> None:
    text = "日本語 🙂 a\u0301 \x00\u2028\r\n\ufeff\nab\n" + "long " * 3000
    done = seqnlp("translate", run, "--beam", 40, "--no-repeat", 3, stdin=text)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 4
    assert "note: line 4 is too long: its last" in done.stderr


def test_files_of_different_lengths(seqnlp: Program, tmp_path: Path) -> None:
    (tmp_path / "x.en").write_text("a\nb\n")
    (tmp_path / "x.fr").write_text("A\n")
    reader = 'data.reader={kind="parallel", suffixes=["en", "fr"]}'
    out = tmp_path / "run"
    files = [f"data.{split}={tmp_path}/x" for split in ("train", "dev", "test")]
    done = seqnlp("train", "reverse_words", "--out", out, *(part for each in (reader, *files) for part in ("-s", each)))
    complains(done, 4, f"{tmp_path}/x.en:2: no partner for this line")
    assert not out.exists()


def test_pairs_that_are_left_out_are_counted(seqnlp: Program, tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text("ab\tba\nabc\t\nabcdefgh\thgfedcba\n" + "cd\tdc\n" * 9)
    settings = [*SETTINGS, "-s", f"data.train={tmp_path}/x.tsv", "-s", "data.max_length=5"]
    done = seqnlp("train", "reverse_words", "--out", tmp_path / "run", *settings)
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/x.tsv:2: 'target' is empty; left out 1 of 12 rows for that" in done.stderr
    assert "train: 1 of 11 pairs are left out: 1 longer than 5 tokens" in done.stderr
    short = seqnlp("train", "reverse_words", "--out", tmp_path / "none", *settings, "-s", "data.min_length=5")
    assert short.returncode == 4
    assert "error: train: 11 of 11 pairs are left out" in short.stderr


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        (["shared_embedding=true", "data.joint_vocabulary=false"], 3, "data.joint_vocabulary = true"),
        (["decoder.attention=dot", "decoder.size=100"], 3, "decoder.size"),
        (["data.target=source"], 3, "data.target"),
        (["data.source=englisch"], 4, "no column 'englisch': there are source, target"),
        (["data.tokenizer=word"], 3, 'did you mean "words"?'),
        (["data.min_length=9", "data.max_length=3"], 3, "data.min_length"),
    ],
)
def test_recipes_that_make_no_sense(
    settings: list[str], code: int, message: str, seqnlp: Program, tmp_path: Path
) -> None:
    changed = [part for setting in settings for part in ("-s", setting)]
    done = seqnlp("train", "reverse_words", "--out", tmp_path / "run", *changed)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_training_that_was_stopped_and_goes_on_ends_with_the_same_bytes(
    run: Path, seqnlp: Program, tmp_path: Path
) -> None:
    import seqnlp as library

    settings = [*TINY, *FILES, "training.epochs=2", "training.threads=2"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for _ in library.train("reverse_words", settings, whole):
        pass
    stopped = library.train("reverse_words", settings, parts)
    for event in stopped:
        if event.step == 3:
            stopped.close()
            break
    for _ in library.train("reverse_words", settings, parts, resume=True):
        pass
    assert (whole / "model.safetensors").read_bytes() == (parts / "model.safetensors").read_bytes()


def test_a_damaged_codec(run: Path, seqnlp: Program, tmp_path: Path) -> None:
    broken = tmp_path / "run"
    shutil.copytree(run, broken)
    (broken / "codecs/tokens.json").write_text('{"tokenizer": "characters"}')
    complains(seqnlp("translate", broken, stdin="ab\n"), 4, str(broken), "damaged")
