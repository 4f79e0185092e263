"""`train --start` as a user calls it: the table of what was taken over, and what the run says of it later."""

import shutil
from pathlib import Path

import pytest

from seqnlp.run import Run
from tests.e2e.conftest import ROOT, TINY, Program

SETTINGS = [part for setting in [*TINY, "training.epochs=1"] for part in ("-s", setting)]


@pytest.fixture(scope="module")
def first(seqnlp: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("start") / "first"
    few = f"data.train={ROOT}/corpora/pos/dev.conllu[:80]"
    assert seqnlp("train", "pos_gru", "-q", "--out", out, *SETTINGS, "-s", few).returncode == 0
    return out


def test_the_table_of_what_was_taken_over(seqnlp: Program, first: Path, tmp_path: Path) -> None:
    few = f"data.train={ROOT}/corpora/pos/dev.conllu[:99]"
    out = tmp_path / "second"
    ran = seqnlp("train", "pos_gru", "--start", first, "--out", out, *SETTINGS, "-s", few, "-s", "start.scores=true")
    assert ran.returncode == 0, ran.stderr
    lines = ran.stderr.splitlines()
    table = lines.index(next(line for line in lines if line.startswith(f"weights of {first} (start_accuracy 0.")))
    assert lines[table + 1].startswith("  embedding.words  taken: ")
    assert lines[table + 3 : table + 5] == ["  encoder          taken", "  decoder.upos     taken"]
    assert "start_accuracy" in Run(out).scores()["dev"]
    shown = seqnlp("runs", "show", out)
    assert f"started from {first}, digest {Run(first).fingerprint()}:" in shown.stdout
    assert "  encoder          taken" in shown.stdout
    assert f"| start | `{first}` |" in (out / "README.md").read_text()
    shutil.rmtree(first)
    again = seqnlp("evaluate", out)
    assert again.returncode == 0, again.stderr


def test_what_does_not_fit_is_one_line_with_the_place(seqnlp: Program, tmp_path: Path) -> None:
    out, run = tmp_path / "run", tmp_path / "old"
    shutil.copytree(ROOT / "tests" / "data" / "run_v2" / "tag", run)
    ran = seqnlp("train", "pos_gru", "--start", run, "--out", out, "-s", "encoder.size=7")
    assert ran.returncode == 3
    assert "--set encoder.size=7: encoder.size: 7 here, " in ran.stderr
    assert "start.fresh" in ran.stderr
    assert not out.exists()
    ran = seqnlp("train", "pos_gru", "--start", tmp_path / "none", "--out", out)
    assert ran.returncode == 4
    assert f"{tmp_path / 'none'}: start: no such run" in ran.stderr
    shown = seqnlp("recipes", "show", "pos_gru", "--model", "-s", f"start={tmp_path / 'none'}")
    assert "no such run" in shown.stdout + shown.stderr
