"""The way of a user: train, evaluate, tag, look at the run."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import seqnlp as library
from seqnlp.readers.conll import parse_conllu
from seqnlp.readers.files import open_text
from seqnlp.results import Tagging

Program = Callable[..., "CompletedProcess[str]"]
ROOT = Path(__file__).parents[2]
TEST = ROOT / "corpora/pos/test.conllu"


def test_a_run_holds_what_the_design_says(tiny_run: Path) -> None:
    for name in (
        "recipe.toml",
        "meta.json",
        "model.safetensors",
        "state/last.safetensors",
        "events.jsonl",
        "README.md",
    ):
        assert (tiny_run / name).stat().st_size > 0
    scores = json.loads((tiny_run / "scores.json").read_text())
    assert 0 < scores["test"]["accuracy"] <= 1
    assert scores["test"]["labels"]["NOUN"]["support"] > 100
    assert scores["training"]["seconds"] > 0
    assert scores["training"]["tokens_per_second"] > 100
    assert not list(tiny_run.rglob("*.pkl")) + list(tiny_run.rglob("*.pt"))


def test_evaluate_gives_one_object_that_equals_the_scores_of_the_run(tiny_run: Path, seqnlp: Program) -> None:
    done = seqnlp("evaluate", tiny_run, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {"run", "task", "split", "scores", "items", "seconds"} <= set(result)
    assert (result["task"], result["split"], result["items"]) == ("tag", "test", 1900)
    kept = json.loads((tiny_run / "scores.json").read_text())["test"]
    assert result["scores"]["accuracy"] == pytest.approx(kept["accuracy"], abs=2e-3)
    assert result["scores"]["accuracy_unknown"] == pytest.approx(kept["accuracy_unknown"], abs=1e-2)


def test_evaluate_takes_another_file(tiny_run: Path, seqnlp: Program) -> None:
    done = seqnlp("evaluate", tiny_run, "--data", "corpora/pos/dev.conllu", "--json")
    assert json.loads(done.stdout)["items"] == 1867
    table = seqnlp("evaluate", tiny_run)
    assert "accuracy" in table.stdout
    assert "NOUN" in table.stdout


def test_text_is_tagged_a_line_at_a_time(tiny_run: Path, seqnlp: Program) -> None:
    done = seqnlp("tag", tiny_run, stdin="The cat sat.\n\nIt doesn't rain .\n")
    lines = done.stdout.split("\n")
    assert len(lines) == 4
    assert lines[1] == lines[3] == ""
    assert [piece.rsplit("/", 1)[0] for piece in lines[0].split()] == ["The", "cat", "sat", "."]
    assert [piece.rsplit("/", 1)[0] for piece in lines[2].split()] == ["It", "does", "n't", "rain", "."]


def test_pretokenized_text_is_split_at_blanks_only(tiny_run: Path, seqnlp: Program) -> None:
    done = seqnlp("tag", tiny_run, "--pretokenized", "--json", stdin="don't stop,now\n")
    assert json.loads(done.stdout)["tokens"] == ["don't", "stop,now"]


def test_json_has_tokens_tags_and_scores(tiny_run: Path, seqnlp: Program) -> None:
    result = json.loads(seqnlp("tag", tiny_run, "--json", stdin="A dog barks\n").stdout)
    assert result["tokens"] == ["A", "dog", "barks"]
    assert len(result["tags"]) == len(result["scores"]) == 3
    assert all(0 < score <= 1 for score in result["scores"])


def test_a_conllu_file_comes_back_with_only_the_tags_changed(tiny_run: Path, seqnlp: Program, tmp_path: Path) -> None:
    done = seqnlp("tag", tiny_run, "--conllu", TEST)
    before = TEST.read_text().splitlines()
    after = done.stdout.splitlines()
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        left, right = old.split("\t"), new.split("\t")
        assert [field for place, field in enumerate(left) if place != 3] == [
            field for place, field in enumerate(right) if place != 3
        ]
    predicted = [line.split("\t")[3] for line in after if line.partition("\t")[0].isdigit()]
    gold = [line.split("\t")[3] for line in before if line.partition("\t")[0].isdigit()]
    share = sum(a == b for a, b in zip(predicted, gold, strict=True)) / len(gold)
    kept = json.loads((tiny_run / "scores.json").read_text())["test"]["accuracy"]
    assert share == pytest.approx(kept, abs=5e-3)


def test_text_becomes_valid_conllu(tiny_run: Path, seqnlp: Program, tmp_path: Path) -> None:
    file = tmp_path / "out.conllu"
    file.write_text(seqnlp("tag", tiny_run, "--conllu", stdin="It  isn't late.\n\nGo!\n").stdout)
    first, second = parse_conllu(open_text(file))
    assert first["form"] == ["It", "is", "n't", "late", "."]
    assert first["text"] == "It isn't late."
    assert first["misc"] == ["_", "SpaceAfter=No", "_", "SpaceAfter=No", "_"]
    assert second["form"] == ["Go", "!"]


def test_predict_is_tag_for_a_tagger(tiny_run: Path, seqnlp: Program) -> None:
    line = "The boat left early.\n"
    assert seqnlp("predict", tiny_run, stdin=line).stdout == seqnlp("tag", tiny_run, stdin=line).stdout


def test_the_library_tags_a_sentence_a_list_and_a_stream(tiny_run: Path) -> None:
    tagger = library.load(tiny_run)
    one = tagger.tag("The cat sat.")
    assert isinstance(one, Tagging)
    assert one.tokens == ["The", "cat", "sat", "."]
    several = tagger.tag(["The cat sat.", "", "Yes"])
    assert [each.tokens for each in several] == [one.tokens, [], ["Yes"]]
    assert several[0].tags == one.tags
    endless = (f"cat number {n}" for n in iter(int, 1))
    stream = tagger.tag(endless)
    assert next(stream).tokens == ["cat", "number", "0"]
    assert next(stream).tokens == ["cat", "number", "0"]
    assert tagger.tag([["don't", "split"]])[0].tokens == ["don't", "split"]


def test_the_run_is_listed_shown_drawn_and_compared(tiny_run: Path, seqnlp: Program) -> None:
    assert "tiny" in seqnlp("runs", "ls", tiny_run.parent).stdout
    assert "accuracy" in seqnlp("runs", "show", tiny_run).stdout
    assert seqnlp("runs", "plot", tiny_run).returncode == 0
    assert "tiny" in seqnlp("runs", "compare", tiny_run, tiny_run).stdout


def test_a_run_that_is_there_is_not_overwritten(tiny_run: Path, seqnlp: Program) -> None:
    done = seqnlp("train", "recipes/pos_gru.toml", "--out", tiny_run)
    assert done.returncode == 2
    assert "--resume" in done.stderr
    assert "--overwrite" in done.stderr


def test_resuming_with_another_recipe_names_what_changed(tiny_run: Path, seqnlp: Program) -> None:
    done = seqnlp("train", "recipes/pos_gru.toml", "--out", tiny_run, "--resume")
    assert done.returncode == 2
    assert "encoder.size was 16, is 96" in done.stderr
