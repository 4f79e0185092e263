"""Flipped bits in the files of a run: each is told by the name of its file, or can't change an answer."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
import torch

import seqnlp
from seqnlp.errors import RunError
from seqnlp.run import Run
from seqnlp.run.directory import CARD, META, MODEL, RECIPE, SCORES
from seqnlp.run.events_log import EVENTS

Program = Callable[..., "CompletedProcess[str]"]
SENTENCES = ["The cat sat on the mat.", "Nobody knows 12:30 isn't late!"]


def answers(run: Path) -> Any:
    return [result.to_json() for result in seqnlp.load(run).tag(SENTENCES)]


def flipped(content: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


READS: dict[str, Callable[[Path], Any]] = {
    "answers": answers,
    "resume": lambda run: Run.at(run).check(),
    "scores": lambda run: Run(run).scores(),
    "events": lambda run: Run(run).events(),
    "notes": lambda run: list(Run(run).notes()),
}


def outcome(run: Path, read: Callable[[Path], Any]) -> tuple[Any, str]:
    """What was read, or the refusal."""
    try:
        return read(run), ""
    except RunError as error:
        return None, str(error)


def check(run: Path, name: str, tries: int, expected: dict[str, Any]) -> None:
    """Flip bits of one file, again and again; read all that this file could decide."""
    file, chance = run / name, random.Random(name)
    whole = file.read_bytes()
    predicts = name in (RECIPE, META, MODEL) or name.startswith("codecs/")
    for number in range(tries):
        file.write_bytes(damaged := flipped(whole, chance))
        found = {what: outcome(run, read) for what, read in READS.items()}
        for what, (value, refusal) in found.items():
            case = (name, number, what, refusal)
            assert "\n" not in refusal, case
            if refusal:
                assert refusal.startswith(f"{file}:"), case
            elif what == "notes" and name == CARD:
                assert str(file) in value[0] or damaged == whole, case
            elif what == "events" and name == EVENTS and value != expected[what]:
                assert value == expected[what][:-1], case  # without the end of its last line, as after a kill
            else:
                assert value == expected[what], case
        if damaged != whole:
            assert bool(found["answers"][1]) == predicts, (name, number, found)
            assert bool(found["resume"][1]) == (predicts or name.startswith("state/")), (name, number, found)
    file.write_bytes(whole)


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    shutil.copytree(tiny_run, tmp_path / "run")
    return tmp_path / "run"


def names_of(run: Path) -> list[str]:
    return [
        file.relative_to(run).as_posix() for file in sorted(run.rglob("*")) if file.is_file() and file.stat().st_size
    ]


def expected_of(run: Path) -> dict[str, Any]:
    opened = Run(run)
    return {"answers": answers(run), "resume": None, "scores": opened.scores(), "events": opened.events(), "notes": []}


@pytest.mark.parametrize("tries", [4, pytest.param(300, marks=pytest.mark.faults)])
def test_flipped_bits(run: Path, tries: int) -> None:
    expected = expected_of(run)
    names = names_of(run)
    assert {RECIPE, META, MODEL, SCORES, CARD, EVENTS, "state/last.safetensors"} <= set(names)
    for name in names:
        check(run, name, tries, expected)
    assert expected_of(run) == expected


def test_flipped_bits_are_told_in_one_line(run: Path, seqnlp: Program) -> None:
    for name, place in [(MODEL, 0.5), ("codecs/labels.upos.json", 0.5), (RECIPE, 0.5), (META, 0.5), (META, 0.0)]:
        file = run / name
        whole = file.read_bytes()
        at = int(len(whole) * place)  # a byte within a word still parses, the first brace of a file does not
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        train = ["train", "pos_gru", "--out", run, "--resume", "-q"]
        for words in (["tag", run], ["evaluate", run], train):
            done = seqnlp(*words, stdin="A cat .\n")
            assert done.returncode == 4
            (line,) = done.stderr.splitlines()
            assert line.startswith(f"error: {file}: ")
        file.write_bytes(whole)
    assert seqnlp("tag", run, stdin="A cat .\n").returncode == 0


def test_a_missing_or_added_codec_is_noticed(run: Path) -> None:
    before = answers(run)
    codec = run / "codecs/labels.upos.json"
    shutil.copy(codec, run / "codecs/labels.xpos.json")
    assert answers(run) == before
    assert "labels.xpos" not in Run(run).load_codecs()
    codec.unlink()
    with pytest.raises(RunError, match=r"codecs/labels\.upos\.json: missing"):
        answers(run)


def test_a_file_of_another_run_is_no_part_of_this_one(run: Path, tmp_path: Path) -> None:
    """A recipe with its own right digest, but not of this training."""
    shutil.copytree(run, tmp_path / "other")
    other = Run(tmp_path / "other")
    other.save_recipe(other.recipe_text().replace("size = 16", "size = 24"))
    shutil.copy(other.path / RECIPE, run / RECIPE)
    with pytest.raises(RunError, match=r"recipe\.toml: edited or damaged"):
        answers(run)


def test_an_edited_card_is_noted_and_opens(run: Path, seqnlp: Program) -> None:
    assert seqnlp("runs", "show", run).stderr == ""
    with (run / CARD).open("a") as card:
        card.write("Mine.\n")
    assert answers(run)
    done = seqnlp("runs", "show", run)
    assert done.returncode == 0
    assert done.stderr.startswith(f"note: {run / CARD}: edited or damaged since seqnlp wrote it")


def test_damaged_scores_are_told_and_measured_anew(run: Path, seqnlp: Program) -> None:
    scores = json.loads((run / SCORES).read_text())
    text = (run / SCORES).read_text()
    (run / SCORES).write_text(text.replace('"accuracy": 0.', '"accuracy": 1.', 1))
    done = seqnlp("runs", "show", run)
    assert done.returncode == 4
    assert f"{run / SCORES}: damaged" in done.stderr
    assert "damaged" in seqnlp("runs", "ls", run.parent).stdout
    from tests.e2e.conftest import TINY

    settings = [part for setting in TINY for part in ("-s", setting)]
    done = seqnlp("train", "recipes/pos_gru.toml", "--out", run, *settings, "--resume", "-q")
    assert done.returncode == 0
    assert f"note: {run / SCORES}: damaged" in done.stderr
    assert "measured anew" in done.stderr
    assert Run(run).scores()["test"]["accuracy"] == scores["test"]["accuracy"]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_refused(run: Path, seqnlp: Program, number: float) -> None:
    opened = Run(run)
    weights = opened.load_model()
    name = next(name for name, tensor in weights.items() if tensor.numel() > 3)
    weights = {**weights, name: weights[name].clone()}
    weights[name].view(-1)[2] = number
    opened.save_model(weights)  # with a digest that is right
    done = seqnlp("tag", run, stdin="A cat .\n")
    assert done.returncode == 4
    assert f"{run / MODEL}: damaged: the weights {name!r} are not finite" in done.stderr


def test_a_training_never_saves_weights_that_are_not_finite(seqnlp: Program, tmp_path: Path) -> None:
    settings = ["optimizer.lr=1e39", "training.batch_tokens=100000", "training.precision=fp32", "encoder.size=8"]
    words = [part for setting in settings for part in ("-s", setting)]
    done = seqnlp("train", "pos_gru", "--out", tmp_path / "run", "-q", *words)
    assert done.returncode == 5
    assert "are not finite after step" in done.stderr
    assert "there is no checkpoint yet" in done.stderr
    assert not (tmp_path / "run" / MODEL).exists()
    assert not Run(tmp_path / "run").has_state


def test_weights_of_a_state_are_checked_too(run: Path) -> None:
    opened = Run(run)
    found = opened.load_state()
    assert found is not None
    tensors, progress = found
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values() if tensor.is_floating_point())
    assert progress["step"] > 0


def test_a_finished_run_is_resumed_to_the_same_bytes(run: Path, seqnlp: Program) -> None:
    from tests.e2e.conftest import TINY

    before = {name: (run / name).read_bytes() for name in (MODEL, RECIPE, META, "state/last.safetensors")}
    settings = [part for setting in TINY for part in ("-s", setting)]
    done = seqnlp("train", "recipes/pos_gru.toml", "--out", run, *settings, "--resume", "-q")
    assert done.returncode == 0, done.stderr
    assert {name: (run / name).read_bytes() for name in before} == before
